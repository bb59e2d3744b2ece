//! The server's end of a session.
//!
//! The session reads commands and checks what the grammar and the order of commands say; the
//! application hears [`Event`]s and answers them with replies, whose codes decide what happens
//! next. Whatever is wrong by RFC 5321 alone, the session answers itself.
mod answer;
mod auth;
mod body;
mod chunk;
mod command;
mod config;
mod event;
mod message;
mod session;
mod state;

pub use config::{Config, Limits, LongLines};
pub use event::{Event, Refusal};
pub use session::Session;

pub use crate::{Error, Misuse};

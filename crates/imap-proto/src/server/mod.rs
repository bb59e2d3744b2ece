//! The server's end of a session.
//!
//! ```text
//!  Connected ──▶ not authenticated ──▶ authenticated ◀──▶ selected
//!  respond:        Auth: finish(OK)      Command(SELECT): finish(OK)
//!  OK, PREAUTH,    StartTls              Idle … IdleEnd, Compress
//!  BYE             LOGOUT ──▶ Closed     Command(APPEND), Part, Octets … End
//! ```
//!
//! The session reads commands and checks what the grammar, the order of commands and the offered
//! capabilities say; the application hears [`Event`]s and answers them with untagged responses and
//! with how the command ended, which decides what happens next: OK to SELECT selects. Whatever is
//! wrong by RFC 9051 alone, the session answers itself, and so it does CAPABILITY, ID and LOGOUT.
//! What commands mean is an [`Engine`](crate::engine::Engine)'s to know, or yours.
mod answer;
mod auth;
mod bringing;
mod capability;
mod command;
mod config;
mod error;
mod event;
mod session;
mod state;

pub use config::{Config, Limits};
pub use error::{Error, Misuse};
pub use event::Event;
pub use session::Session;

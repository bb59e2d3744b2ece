#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
pub mod blocking;
mod capability;
pub mod client;
pub mod command;
#[cfg(feature = "std")]
mod common;
mod cursor;
mod date;
mod diagnostic;
pub mod engine;
mod error;
mod flag;
pub mod frame;
mod limits;
mod line;
mod mailbox;
mod not_empty;
mod number;
mod octets;
mod raw;
mod reader;
mod response;
mod section;
mod seq_set;
pub mod server;
mod string;
#[cfg(feature = "tokio")]
pub mod tokio;
mod uid_set;
mod utf7;
mod writer;

pub use capability::Capability;
pub use date::{Date, DateTime};
pub use diagnostic::{Diagnostic, Quirk};
pub use error::{ParseError, ParseErrorKind};
pub use flag::{Flag, Flags, Keyword};
pub use limits::Limits;
pub use line::Line;
pub use mailbox::{ListMailbox, Mailbox};
pub use number::Number64;
#[doc(no_inline)]
pub use proto_core;
#[doc(no_inline)]
pub use proto_core::{Secret, Text};
pub use raw::Raw;
pub use reader::{ReadError, ReadEvent, Reader, ReaderLimits};
pub use response::*;
pub use section::{FieldNames, Section, SectionText};
pub use seq_set::{Range, SeqNumber, SeqSet};
pub use string::{Atom, IString, Tag};
pub use uid_set::{PartialRange, UidRange, UidSet};
pub use writer::{Dialect, Gap, Literals};

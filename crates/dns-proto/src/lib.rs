#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;
#[cfg(any(test, feature = "tokio"))]
extern crate std;

pub mod authority;
mod cache;
mod edns;
mod error;
mod exchange;
mod header;
mod key;
mod limits;
mod message;
mod name;
mod name_text;
mod number;
mod query;
mod random;
mod rdata;
mod rdata_field;
mod reader;
mod record;
pub mod recursive;
pub mod stub;
#[cfg(feature = "tokio")]
pub mod tokio;
mod update;
mod writer;
mod zone;

pub use authority::{Authority, Outcome};
pub use edns::{Edns, Options};
pub use error::{Error, Misuse, ParseError, ParseErrorKind};
pub use header::Header;
pub use limits::MessageLimits;
pub use message::{Message, MessageBuf, Question, RecordRef, Records, Section};
pub use name::{Labels, Name, NameRef};
pub use number::{Class, Opcode, Rcode, RecordType};
#[doc(no_inline)]
pub use proto_core;
pub use query::{Query, UDP_PAYLOAD};
pub use rdata::{Opaque, Rdata};
pub use rdata_field::CharStrings;
pub use record::Record;
pub use update::Update;
pub use writer::{Mark, Writer};
pub use zone::Zone;

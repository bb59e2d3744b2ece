#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;

mod address;
mod address_reader;
mod builder;
mod charset;
mod content_type;
mod date;
mod decode;
mod defect;
mod encode;
mod encoded_word;
mod encoding;
mod error;
mod field;
mod field_name;
mod fold;
mod lex;
mod limits;
mod media_type;
mod message;
mod message_id;
mod parser;
mod part;
pub mod report;
mod scan;
mod text;

pub use address::{AddrSpec, Address, AddressList, Group, Mailbox};
pub use builder::Builder;
pub use content_type::{ContentType, Disposition};
pub use date::DateTime;
pub use decode::Decoder;
pub use defect::{Defect, DefectKind, Span};
pub use encoding::Encoding;
pub use error::{Misuse, ParseError, ParseErrorKind};
pub use field::Field;
pub use field_name::FieldName;
pub use limits::Limits;
pub use media_type::MediaType;
pub use message::{Message, PartKind};
pub use message_id::MessageId;
pub use parser::{Event, Parser};
pub use part::{Content, Part, Path};
pub use text::Text;

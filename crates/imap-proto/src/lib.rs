#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;

mod error;
pub mod frame;
mod seq_set;

pub use error::{ParseError, ParseErrorKind};
#[doc(no_inline)]
pub use proto_core;
pub use seq_set::{Range, SeqNumber, SeqSet};

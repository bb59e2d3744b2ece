//! The text of master files: words, and what record data are made of (RFC 1035 §5.1).
pub(crate) mod codec;
mod words;

pub(crate) use words::{Word, Words, closing_quote, put_name, unescape};

#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(feature = "delivery")]
pub use delivery;
#[cfg(feature = "dns")]
pub use dns_proto as dns;
#[cfg(feature = "imap")]
pub use imap_proto as imap;
#[cfg(feature = "mime")]
pub use mime;
#[cfg(feature = "pop3")]
pub use pop3_proto as pop3;
pub use proto_core;
#[cfg(feature = "sasl")]
pub use sasl;
#[cfg(feature = "smtp")]
pub use smtp_proto as smtp;

#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

mod access;
pub mod authority;
#[cfg(feature = "std")]
pub mod blocking;
#[cfg_attr(
    not(feature = "dnssec"),
    allow(dead_code, reason = "what is proven is of use to checks")
)]
mod cache;
mod catalog;
mod compress;
#[cfg(feature = "dnssec")]
pub mod dnssec;
mod edns;
mod error;
mod exchange;
mod fold;
mod header;
mod journal;
mod key;
mod limits;
mod mend;
mod message;
mod name;
mod notify;
mod number;
mod query;
mod random;
mod rate_limit;
mod rdata;
mod reader;
mod record;
#[cfg_attr(
    not(feature = "dnssec"),
    allow(dead_code, reason = "what is proven is of use to checks")
)]
pub mod recursive;
pub mod secondary;
pub mod stub;
#[cfg(feature = "std")]
mod system;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
#[cfg(feature = "tokio")]
pub mod tokio;
pub mod transfer;
pub mod tsig;
mod update;
mod way;
mod writer;
mod zone;
pub mod zone_file;

pub use access::{Access, Action, Rule, Who};
pub use authority::{Authority, Outcome};
pub use catalog::{Catalog, CatalogChange, CatalogError, Member};
pub use edns::{
    ClientSubnet, Cookie, CookieSecret, Edns, EdnsOption, Options, OptionsBuf, ZoneVersion,
};
pub use error::{Error, Misuse, ParseError, ParseErrorKind};
pub use header::Header;
pub use journal::Journal;
pub use limits::MessageLimits;
pub use message::{Message, MessageBuf, Question, RecordRef, Records, Section};
pub use name::{Labels, Name, NameRef};
pub use notify::{Notification, Notifier, NotifyLimits};
pub use number::{
    CertType, Class, DnssecAlgorithm, DsyncScheme, ExtendedError, Opcode, OptionCode, Rcode,
    RecordType, SvcKey,
};
#[doc(no_inline)]
pub use proto_core;
pub use query::{Query, UDP_PAYLOAD};
pub use rate_limit::{RateLimiter, RateLimits, Verdict};
pub use rdata::{
    AddressPart, AtmAddress, Base64, CharString, CharStrings, Counted, Eui48, Eui64, Gateway,
    Hashed, Hex, Hints, HostIdentity, Location, Locator64, NameList, Nsap, NxtBits, Opaque, Ports,
    Prefix, Prefixes, Protocol, Rdata, Relay, Salt, SvcKeys, SvcParam, SvcParams, Text, Time48,
    Timestamp, Tunnel, TypeBitmap,
};
pub use record::Record;
pub use update::Update;
pub use writer::{Mark, Writer};
pub use zone::{Zone, ZoneBuilder, ZoneDelta};

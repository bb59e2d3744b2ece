//! Queries as they are built.
use bytes::{Bytes, BytesMut};

use crate::edns::Edns;
use crate::header::Header;
use crate::message::Question;
use crate::name::Name;
use crate::number::{Class, RecordType};
use crate::writer::Writer;

/// The UDP payload that fits everywhere without fragments: the default of BIND, Knot, NSD and
/// Unbound since the DNS Flag Day of 2020.
pub const UDP_PAYLOAD: u16 = 1232;

/// Builds a query (RFC 1035 §4.1.2): one question, EDNS unless it is turned off.
///
/// ```
/// use dns_proto::{Message, Name, Query, RecordType};
///
/// let name: Name = "www.hamburger.edu".parse()?;
/// let octets = Query::new(&name, RecordType::A).id(7).recursion(true).write();
/// let message = Message::parse(&octets)?;
/// assert!(message.header().recursion_desired);
/// assert_eq!(message.edns().map(|edns| edns.payload), Some(1232));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Query<'n> {
    header: Header,
    name: &'n Name,
    rtype: RecordType,
    payload: Option<u16>,
}

impl<'n> Query<'n> {
    /// Asks about a name of the Internet.
    pub fn new(name: &'n Name, rtype: RecordType) -> Self {
        Self { header: Header::default(), name, rtype, payload: Some(UDP_PAYLOAD) }
    }

    /// Sets the id. Draw it at random: with the port it is what a forger must guess (RFC 5452).
    pub const fn id(mut self, id: u16) -> Self {
        self.header.id = id;
        self
    }

    /// Asks for recursion, or not.
    pub const fn recursion(mut self, desired: bool) -> Self {
        self.header.recursion_desired = desired;
        self
    }

    /// Says by EDNS how large a UDP answer may be, or leaves EDNS out.
    pub const fn payload(mut self, payload: Option<u16>) -> Self {
        self.payload = payload;
        self
    }

    /// Writes the message.
    #[must_use]
    pub fn write(&self) -> Bytes {
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out, self.header, usize::from(u16::MAX));
        let question = Question { name: self.name.view(), rtype: self.rtype, class: Class::IN };
        writer.question(question).expect("a question has at most 259 octets");
        if let Some(payload) = self.payload {
            writer.edns(&Edns::new(payload)).expect("an empty OPT record has 11 octets");
        }
        writer.finish();
        out.freeze()
    }
}

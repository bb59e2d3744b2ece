//! The aliases in an answer.
use crate::message::{Message, RecordRef};
use crate::name::NameRef;
use crate::number::{Class, RecordType};
use crate::stub::Limits;

/// What an answer says of a name, along its aliases (RFC 1034 §3.6.2).
///
/// Only the records at the end of the chain count: whatever else is in the answer section was not
/// asked for.
///
/// ```
/// use dns_proto::stub::{Chain, Limits};
/// # use dns_proto::{Header, Message, Name, Rdata, Record, RecordType, Section, Writer};
/// # let (alias, host): (Name, Name) = ("www.poly.edu".parse()?, "web.poly.edu".parse()?);
/// # let mut out = bytes::BytesMut::new();
/// # let mut writer = Writer::new(&mut out, Header::default(), 512);
/// # writer.section(Section::Answer)?;
/// # writer.record(&Record::new(alias.clone(), 60, Rdata::Cname { target: host.view() }))?;
/// # writer.record(&Record::address(host.clone(), 60, [192, 0, 2, 1].into()))?;
/// # writer.finish();
/// # let message = Message::parse(&out)?;
/// // The message says: www.poly.edu CNAME web.poly.edu, web.poly.edu A 192.0.2.1.
/// let chain = Chain::follow(&message, alias.view(), RecordType::A, &Limits::default());
/// let chain = chain.expect("one alias");
/// assert_eq!(chain.canonical().to_string(), "web.poly.edu.");
/// assert_eq!(chain.records().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Chain<'m> {
    message: Message<'m>,
    canonical: NameRef<'m>,
    rtype: RecordType,
}

impl<'m> Chain<'m> {
    /// Follows the aliases of a name in an answer to a question of a type; `None` if they are more
    /// than [`Limits::aliases`], or go round.
    #[must_use]
    pub fn follow(
        message: &Message<'m>,
        name: NameRef<'m>,
        rtype: RecordType,
        limits: &Limits,
    ) -> Option<Self> {
        let mut canonical = name;
        for _ in 0..=limits.aliases {
            let chain = Self { message: *message, canonical, rtype };
            let Some(target) = chain.alias() else { return Some(chain) };
            canonical = target;
        }
        None
    }

    /// Returns the name at the end.
    #[must_use]
    pub const fn canonical(&self) -> NameRef<'m> {
        self.canonical
    }

    /// Iterates over the records of the type that was asked for, at the end.
    pub fn records(self) -> impl Iterator<Item = RecordRef<'m>> {
        self.of(self.rtype)
    }

    fn of(self, rtype: RecordType) -> impl Iterator<Item = RecordRef<'m>> {
        let own = move |record: &RecordRef<'_>| {
            (record.rtype() == rtype || rtype == RecordType::ANY)
                && record.class() == Class::IN
                && record.owner() == self.canonical
        };
        self.message.answers().filter(own)
    }

    /// Returns whose alias the name at the end is, if that is what was asked.
    fn alias(self) -> Option<NameRef<'m>> {
        if matches!(self.rtype, RecordType::CNAME | RecordType::ANY) {
            return None;
        }
        match self.of(RecordType::CNAME).next()?.data() {
            crate::rdata::Rdata::Cname { target } => Some(target),
            _ => None,
        }
    }
}

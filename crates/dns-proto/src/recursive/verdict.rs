//! What a server's answer means, and how much of it is to be believed.
use alloc::vec::Vec;

use crate::message::{Message, RecordRef, Records};
use crate::name::{Name, NameRef};
use crate::number::{Class, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::Record;
use crate::recursive::config::Limits;

/// What an answer comes to.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// The links of a chain of aliases, from the name that was asked for.
    pub(crate) links: Vec<Record>,
    /// Where the chain ends.
    pub(crate) name: Name,
    pub(crate) end: End,
}

/// What is at the end of the chain.
#[derive(Debug)]
pub(crate) enum End {
    /// The records asked for.
    Data(Vec<Record>),
    /// This server does not know: begin again with that name.
    Elsewhere,
    /// The name has no such records; the SOA says for how long.
    NoData(Option<Record>),
    /// The name does not exist.
    NxDomain(Option<Record>),
    /// Ask the servers of a zone further down.
    Referral(Referral),
    /// Nothing that helps.
    Useless,
}

/// A delegation: a zone's NS records and the addresses beside them.
#[derive(Debug)]
pub(crate) struct Referral {
    pub(crate) zone: Name,
    pub(crate) servers: Vec<Record>,
    pub(crate) glue: Vec<Record>,
}

/// Reads the answer of a server of `zone`. It is believed only about names in that zone: whatever
/// else it says may be poison, and is not looked at.
pub(crate) fn judge(
    message: &Message<'_>,
    zone: NameRef<'_>,
    name: &Name,
    rtype: RecordType,
    limits: &Limits,
) -> Verdict {
    let (links, name) = chain(message, zone, name, rtype, limits);
    let end = end(message, zone, name.view(), rtype, links.is_empty(), limits);
    Verdict { links, name, end }
}

/// Follows the aliases in the answer section.
fn chain(
    message: &Message<'_>,
    zone: NameRef<'_>,
    asked: &Name,
    rtype: RecordType,
    limits: &Limits,
) -> (Vec<Record>, Name) {
    let (mut links, mut name) = (Vec::new(), asked.clone());
    if matches!(rtype, RecordType::CNAME | RecordType::ANY) {
        return (links, name);
    }
    // One link more than allowed is enough for the caller to see that it is too many.
    for _ in 0..=limits.cnames {
        let mut own = believed(message.answers(), zone).filter(|record| name == record.owner());
        let Some(alias) = own.find(|record| record.rtype() == RecordType::CNAME) else { break };
        let Rdata::Cname { target } = alias.data() else { break };
        links.push(Record::from(alias));
        name = target.to_name();
    }
    (links, name)
}

fn end(
    message: &Message<'_>,
    zone: NameRef<'_>,
    name: NameRef<'_>,
    rtype: RecordType,
    direct: bool,
    limits: &Limits,
) -> End {
    let rcode = message.rcode();
    if !matches!(rcode, Rcode::NOERROR | Rcode::NXDOMAIN) {
        return End::Useless;
    }
    let asked = |record: &RecordRef<'_>| {
        record.owner() == name && (record.rtype() == rtype || rtype == RecordType::ANY)
    };
    let data: Vec<_> = believed(message.answers(), zone).filter(asked).map(Record::from).collect();
    if !data.is_empty() {
        return End::Data(data);
    }
    if !name.is_within(zone) {
        return End::Elsewhere;
    }
    let soa = believed(message.authorities(), zone)
        .find(|record| record.rtype() == RecordType::SOA && name.is_within(record.owner()))
        .map(Record::from);
    let authoritative = message.header().authoritative;
    match (rcode, soa) {
        (Rcode::NXDOMAIN, soa) if soa.is_some() || authoritative => End::NxDomain(soa),
        (Rcode::NOERROR, Some(soa)) => End::NoData(Some(soa)),
        (Rcode::NOERROR, None) => match referral(message, zone, name, limits) {
            Some(_) if !direct => End::Elsewhere,
            Some(referral) => End::Referral(referral),
            None if !direct => End::Elsewhere,
            None if authoritative => End::NoData(None),
            None => End::Useless,
        },
        _ => End::Useless,
    }
}

/// Finds a delegation strictly below the zone that was asked, and above the name.
fn referral(
    message: &Message<'_>,
    zone: NameRef<'_>,
    name: NameRef<'_>,
    limits: &Limits,
) -> Option<Referral> {
    let mut servers =
        believed(message.authorities(), zone).filter(|record| record.rtype() == RecordType::NS);
    let first = servers.find(|record| zone != record.owner() && name.is_within(record.owner()))?;
    let child = first.owner();
    let rest = servers.filter(|record| record.owner() == child);
    let servers: Vec<_> =
        core::iter::once(first).chain(rest).take(limits.servers).map(Record::from).collect();
    let named = |host: NameRef<'_>| {
        servers.iter().any(|record| matches!(record.data(), Rdata::Ns { server } if server == host))
    };
    // The parent's word for addresses is taken inside the parent only.
    let glue = believed(message.additionals(), zone)
        .filter(|record| matches!(record.rtype(), RecordType::A | RecordType::AAAA))
        .filter(|record| named(record.owner()))
        .map(Record::from)
        .collect();
    Some(Referral { zone: child.to_name(), servers, glue })
}

/// The records of the zone itself.
fn believed<'a>(records: Records<'a>, zone: NameRef<'_>) -> impl Iterator<Item = RecordRef<'a>> {
    records.filter(move |record| record.class() == Class::IN && record.owner().is_within(zone))
}

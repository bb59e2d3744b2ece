//! What a server's message says, less what is not for it to say (RFC 5452 §6).
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use proto_core::Instant;

use crate::cache::{Rank, RrSet, Security};
use crate::message::{Message, RecordRef, Section};
use crate::name::{Name, NameRef};
use crate::number::{Class, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::Data;
use crate::recursive::config::Config;

/// The RRsets of a message that are believed.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) rcode: Rcode,
    pub(crate) authoritative: bool,
    pub(crate) recursion_available: bool,
    /// The aliases from the name that was asked for, each after a DNAME that makes it, and what
    /// was found at their end.
    pub(crate) answers: Vec<RrSet>,
    pub(crate) authorities: Vec<RrSet>,
    pub(crate) additionals: Vec<RrSet>,
    /// The name at the end of the aliases.
    pub(crate) name: Name,
    /// Whether the answers end with what was asked for.
    pub(crate) found: bool,
    /// Whether it refers to servers of zones that it cannot refer to.
    pub(crate) astray: bool,
    /// Whether an alias cannot be made, for the name would be too long (RFC 6672 §2.2).
    pub(crate) too_long: bool,
}

/// What a question was, and of whom.
pub(crate) struct Asked<'a> {
    pub(crate) name: &'a Name,
    pub(crate) rtype: RecordType,
    /// The zone whose server it is: about others it has no say.
    pub(crate) zone: NameRef<'a>,
}

impl Said {
    /// Reads a message and drops what is out of place.
    pub(crate) fn read(
        now: Instant,
        message: &Message<'_>,
        asked: &Asked<'_>,
        config: &Config,
    ) -> Self {
        let header = message.header();
        let [answers, authorities, additionals] = sort(now, message, asked, config);
        let mut said = Self {
            rcode: message.rcode(),
            authoritative: header.authoritative,
            recursion_available: header.recursion_available,
            answers: Vec::new(),
            authorities,
            additionals,
            name: asked.name.clone(),
            found: false,
            astray: false,
            too_long: false,
        };
        said.follow(now, answers, asked.rtype, config);
        said.find_digest(asked);
        said.trim_authorities(asked, config);
        let kinds = [RecordType::NS, RecordType::SOA];
        said.astray = said.answers.is_empty()
            && message.authorities().any(|it| it.rtype() == RecordType::NS)
            && !said.authorities.iter().any(|set| kinds.contains(&set.rtype));
        said.trim_additionals(config);
        said
    }

    /// Keeps of the answers what leads from the name to the data.
    fn follow(&mut self, now: Instant, mut sets: Vec<RrSet>, rtype: RecordType, config: &Config) {
        if rtype == RecordType::ANY {
            self.answers.extend(sets.extract_if(.., |set| set.owner == self.name));
            self.found = !self.answers.is_empty();
            return;
        }
        let wants_alias = rtype == RecordType::CNAME;
        // One link more than allowed is enough for the caller to see that there are too many.
        for _ in 0..=config.limits.cnames {
            let name = self.name.clone();
            // An alias that a DNAME makes is nothing without it.
            let made = wants_alias && sets.iter().any(|set| is_above(set, &name));
            if !made
                && let Some(set) = take(&mut sets, |set| set.rtype == rtype && set.owner == name)
            {
                self.answers.push(set);
                self.found = true;
                return;
            }
            let Some(link) = self.link(now, &mut sets) else { return };
            let Some(target) = link.alias() else { return };
            self.answers.push(link);
            if wants_alias {
                self.found = true;
                return;
            }
            self.name = target;
        }
    }

    /// Takes the alias of the name, and before it the DNAME that makes it.
    fn link(&mut self, now: Instant, sets: &mut Vec<RrSet>) -> Option<RrSet> {
        let name = self.name.clone();
        let dname = take(sets, |set| is_above(set, &name));
        let given = take(sets, |set| set.rtype == RecordType::CNAME && set.owner == name);
        let Some(dname) = dname else { return given };
        let made = synthesize(now, &dname, &name);
        self.answers.push(dname);
        self.too_long = made.is_none();
        let made = made?;
        Some(given.filter(|given| given.alias() == made.alias()).unwrap_or(made))
    }

    /// A parent asked for the digest of its child's key may show it beside the delegation.
    fn find_digest(&mut self, asked: &Asked<'_>) {
        let own = |set: &RrSet| set.rtype == RecordType::DS && set.owner == *asked.name;
        if asked.rtype == RecordType::DS && self.answers.is_empty() {
            let at = self.authorities.iter().position(own);
            self.answers.extend(at.map(|at| self.authorities.remove(at)));
            self.found |= at.is_some();
        }
    }

    /// Keeps of the authority section what can belong there.
    fn trim_authorities(&mut self, asked: &Asked<'_>, config: &Config) {
        let soa = self.authorities.iter().any(|set| set.rtype == RecordType::SOA);
        let denied = self.rcode == Rcode::NXDOMAIN || self.answers.is_empty() && soa;
        let positive = !self.answers.is_empty();
        let (first, last) = (asked.name, self.name.clone());
        let mut servers = 0;
        self.authorities.retain_mut(|set| match set.rtype {
            RecordType::NS => {
                let above = first.is_within(set.owner.view()) || last.is_within(set.owner.view());
                let dropped = denied || positive && !config.answer_with_servers;
                // One delegation, and no more servers than can be of use (NXNSAttack).
                servers += 1;
                set.data.truncate(config.limits.servers);
                above && !dropped && servers == 1
            }
            RecordType::SOA => {
                first.is_within(set.owner.view()) || last.is_within(set.owner.view())
            }
            RecordType::DS => first.is_within(set.owner.view()),
            RecordType::NSEC | RecordType::NSEC3 => true,
            _ => false,
        });
    }

    /// Keeps of the additional section addresses of hosts that the other sections name.
    fn trim_additionals(&mut self, config: &Config) {
        let said = self.answers.iter().chain(&self.authorities);
        let named: BTreeSet<Name> =
            said.flat_map(|set| set.data.iter().filter_map(target)).collect();
        self.additionals.retain(|set| {
            matches!(set.rtype, RecordType::A | RecordType::AAAA) && named.contains(&set.owner)
        });
        self.additionals.truncate(config.limits.additionals);
    }
}

/// Takes one set out.
fn take(sets: &mut Vec<RrSet>, wanted: impl Fn(&RrSet) -> bool) -> Option<RrSet> {
    let at = sets.iter().position(wanted)?;
    Some(sets.remove(at))
}

/// Whether a set is a DNAME above a name.
fn is_above(set: &RrSet, name: &Name) -> bool {
    set.rtype == RecordType::DNAME && set.owner != *name && name.is_within(set.owner.view())
}

/// Returns the host that a record names, whose addresses may stand beside it.
fn target(data: &Data) -> Option<Name> {
    match data.view() {
        Rdata::Ns { server } => Some(server.to_name()),
        Rdata::Mx { exchange, .. } => Some(exchange.to_name()),
        Rdata::Srv { target, .. } => Some(target.to_name()),
        _ => None,
    }
}

/// Makes the alias that a DNAME stands for (RFC 6672 §3.1); `None` if it is too long.
fn synthesize(now: Instant, dname: &RrSet, name: &Name) -> Option<RrSet> {
    let Rdata::Dname { target } = dname.data.first()?.view() else { return None };
    let labels = name.labels().count().saturating_sub(dname.owner.labels().count());
    let alias = Name::from_labels(name.labels().take(labels).chain(target.labels())).ok()?;
    let data = Vec::from([Data::new(&Rdata::Cname { target: alias.view() })]);
    let (owner, rtype, signatures) = (name.clone(), RecordType::CNAME, Vec::new());
    let mut set = RrSet { owner, rtype, data, signatures, ..dname.clone() };
    set.keep_for(now, dname.left(now));
    Some(set)
}

/// Makes the alias of a name under a DNAME that is known.
pub(crate) fn alias_of(now: Instant, dname: &RrSet, name: &Name) -> Option<RrSet> {
    synthesize(now, dname, name)
}

/// Gathers the records of a message that are in the zone into RRsets, with their signatures.
fn sort(
    now: Instant,
    message: &Message<'_>,
    asked: &Asked<'_>,
    config: &Config,
) -> [Vec<RrSet>; 3] {
    let mut sorter = Sorter::default();
    let all = [Section::Answer, Section::Authority, Section::Additional];
    let mut signatures = Vec::new();
    for (at, section) in all.into_iter().enumerate() {
        for record in message.section(section) {
            let inside = record.class() == Class::IN && record.owner().is_within(asked.zone);
            if !inside || record.rtype().is_meta() || reaches_out(&record, asked.zone) {
                continue;
            }
            match record.data() {
                // RFC 4034 §4.1.1: the next name is one of the zone's. This one would pass over
                // names of others.
                Rdata::Nsec { next, .. } if !next.is_within(asked.zone) => {}
                // Who asks for signatures gets them as they are; others are with what they sign.
                Rdata::Rrsig { covered, .. } if at > 0 || asked.rtype != RecordType::RRSIG => {
                    signatures.push((covered, record));
                }
                _ => sorter.add(at, &record),
            }
        }
    }
    for (covered, record) in signatures {
        if let Some(set) = sorter.find(covered, record.owner()) {
            let data = Data::new(&record.data());
            set.ttl = set.ttl.min(record.ttl());
            // As many as an RRset can sensibly have; the validator tries fewer (KeyTrap).
            if set.signatures.len() < config.limits.signatures && !set.signatures.contains(&data) {
                set.signatures.push(data);
            }
        }
    }
    let authoritative = message.header().authoritative;
    let mut sections = sorter.sections;
    for (at, section) in sections.iter_mut().enumerate() {
        section.retain_mut(|set| {
            distinct(&mut set.data);
            set.rank = rank(at, authoritative);
            let ttl = config.ttl_of(set, at == 1);
            set.keep_for(now, ttl);
            set.rtype != RecordType::A && set.rtype != RecordType::AAAA || config.is_public(set)
        });
    }
    sections
}

/// Whether a record would prove something of another zone's names (RFC 4034 §4.1.1: the next name
/// is in the zone too).
fn reaches_out(record: &RecordRef<'_>, zone: NameRef<'_>) -> bool {
    matches!(record.data(), Rdata::Nsec { next, .. } if !next.is_within(zone))
}

fn rank(section: usize, authoritative: bool) -> Rank {
    match (section, authoritative) {
        (0, true) => Rank::Authoritative,
        (0, false) => Rank::Answer,
        (1, true) => Rank::Authority,
        (1, false) => Rank::Referral,
        (_, true) => Rank::Beside,
        _ => Rank::Additional,
    }
}

/// RRsets by section, and where each is: a message may have thousands (CVE-2024-1737).
#[derive(Default)]
struct Sorter<'m> {
    sections: [Vec<RrSet>; 3],
    places: BTreeMap<(RecordType, NameRef<'m>), (usize, usize)>,
}

impl<'m> Sorter<'m> {
    fn find(&mut self, rtype: RecordType, owner: NameRef<'m>) -> Option<&mut RrSet> {
        let &(section, at) = self.places.get(&(rtype, owner))?;
        self.sections.get_mut(section)?.get_mut(at)
    }

    fn add(&mut self, section: usize, record: &RecordRef<'m>) {
        let data = Data::new(&record.data());
        if let Some(set) = self.find(record.rtype(), record.owner()) {
            // RFC 2181 §5.2: if the TTLs differ, the least holds.
            set.ttl = set.ttl.min(record.ttl());
            set.data.push(data);
            return;
        }
        let Some(sets) = self.sections.get_mut(section) else { return };
        self.places.insert((record.rtype(), record.owner()), (section, sets.len()));
        sets.push(RrSet {
            owner: record.owner().to_name(),
            rtype: record.rtype(),
            data: Vec::from([data]),
            signatures: Vec::new(),
            ttl: record.ttl(),
            expires: Instant::ORIGIN,
            rank: Rank::Additional,
            security: Security::Unchecked,
        });
    }
}

/// RFC 2181 §5: there are no duplicates.
fn distinct(data: &mut Vec<Data>) {
    if data.len() > 32 {
        let mut seen = BTreeSet::new();
        let old = core::mem::take(data);
        data.extend(old.iter().filter(|it| seen.insert(it.octets())).cloned());
        return;
    }
    let mut at = 0;
    while let Some(own) = data.get(at) {
        match data.iter().take(at).any(|earlier| earlier == own) {
            true => drop(data.remove(at)),
            false => at += 1,
        }
    }
}

//! RRsets with what is known of them, and answers made of them.
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use proto_core::Instant;

use crate::name::Name;
use crate::number::{Class, ExtendedError, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::{Data, Record};

/// How much data are to be believed (RFC 2181 §5.4.1); better replaces worse.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Rank {
    /// Beside a referral: good for reaching servers, never for an answer.
    Additional,
    /// The authority section of who is no authority: a parent's word for its child's servers.
    Referral,
    /// Beside what an authority says.
    Beside,
    /// An answer of somebody who is no authority.
    Answer,
    /// The authority section of an authority.
    Authority,
    /// An answer of an authority.
    Authoritative,
}

/// What DNSSEC says of data.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Security {
    /// Nobody has looked.
    #[default]
    Unchecked,
    /// Not signed, and need not be.
    Insecure,
    /// To be withheld.
    Bogus,
    /// A chain of signatures leads here.
    Secure,
}

/// The records of one name and type, and their signatures.
#[derive(Clone, Debug)]
pub(crate) struct RrSet {
    pub(crate) owner: Name,
    pub(crate) rtype: RecordType,
    pub(crate) data: Vec<Data>,
    pub(crate) signatures: Vec<Data>,
    /// Seconds it may be kept, counted from when it came.
    pub(crate) ttl: u32,
    pub(crate) expires: Instant,
    pub(crate) rank: Rank,
    pub(crate) security: Security,
}

impl RrSet {
    /// Whether it may still be used; with a TTL of zero in the instant it came, for those who
    /// asked together (RFC 2181 §8).
    pub(crate) fn is_fresh(&self, now: Instant) -> bool {
        self.expires > now || self.ttl == 0 && self.expires == now
    }

    /// Returns the seconds that are left.
    pub(crate) fn left(&self, now: Instant) -> u32 {
        u32::try_from((self.expires - now).as_secs()).unwrap_or(u32::MAX)
    }

    /// Sets how long it may be kept from now on.
    pub(crate) fn keep_for(&mut self, now: Instant, ttl: u32) {
        self.ttl = ttl;
        self.expires = now + Duration::from_secs(u64::from(ttl));
    }

    /// Whether the data are the same, in whatever order.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let all = |own: &[Data], others: &[Data]| {
            // Hundreds are compared as they stand, or the time would be their square.
            let order = own.len() > 100;
            own == others
                || own.len() == others.len() && !order && own.iter().all(|it| others.contains(it))
        };
        all(&self.data, &other.data) && all(&self.signatures, &other.signatures)
    }

    /// Returns the records.
    pub(crate) fn records(&self, ttl: u32) -> impl Iterator<Item = Record> {
        self.data.iter().map(move |it| self.record(it, ttl))
    }

    /// Returns the signatures.
    pub(crate) fn signature_records(&self, ttl: u32) -> impl Iterator<Item = Record> {
        self.signatures.iter().map(move |it| self.record(it, ttl))
    }

    fn record(&self, data: &Data, ttl: u32) -> Record {
        data.clone().with_owner(self.owner.view(), Class::IN, ttl)
    }

    /// Returns the names of servers, if these are NS records.
    pub(crate) fn servers(&self) -> impl Iterator<Item = Name> {
        self.data.iter().filter_map(|it| match it.view() {
            Rdata::Ns { server } => Some(server.to_name()),
            _ => None,
        })
    }

    /// Returns where an alias leads, if this is one.
    pub(crate) fn alias(&self) -> Option<Name> {
        match self.data.first()?.view() {
            Rdata::Cname { target } if self.rtype == RecordType::CNAME => Some(target.to_name()),
            _ => None,
        }
    }
}

/// What is known about a question: the answer's sections.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) rcode: Rcode,
    pub(crate) answers: Vec<Arc<RrSet>>,
    pub(crate) authorities: Vec<Arc<RrSet>>,
    pub(crate) additionals: Vec<Arc<RrSet>>,
    /// How long it may be kept, and how long that was at first.
    pub(crate) expires: Instant,
    pub(crate) ttl: u32,
    pub(crate) security: Security,
    /// Who said so, if one server did.
    pub(crate) source: Option<SocketAddr>,
    /// What is to be told about it (RFC 8914).
    pub(crate) reason: Option<ExtendedError>,
    /// Whether it may be kept.
    pub(crate) cached: bool,
}

impl Answer {
    /// An answer without data.
    pub(crate) const fn bare(rcode: Rcode) -> Self {
        Self {
            rcode,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            expires: Instant::ORIGIN,
            ttl: 0,
            security: Security::Unchecked,
            source: None,
            reason: None,
            cached: true,
        }
    }

    /// That it could not be found out, and why.
    pub(crate) fn failure(reason: ExtendedError) -> Self {
        Self { reason: Some(reason), ..Self::bare(Rcode::SERVFAIL) }
    }

    pub(crate) fn is_failure(&self) -> bool {
        !matches!(self.rcode, Rcode::NOERROR | Rcode::NXDOMAIN | Rcode::YXDOMAIN)
    }

    /// Whether it is not for clients: there is none, or it is withheld.
    pub(crate) fn is_useless(&self) -> bool {
        self.is_failure() || self.security == Security::Bogus
    }

    pub(crate) fn is_fresh(&self, now: Instant) -> bool {
        self.expires > now || self.ttl == 0 && self.expires == now
    }

    /// Takes the least time that any part may be kept.
    pub(crate) fn age(&mut self, now: Instant) {
        let sets = self.answers.iter().chain(&self.authorities).chain(&self.additionals);
        self.expires = sets.map(|set| set.expires).min().unwrap_or(now);
        self.ttl = u32::try_from((self.expires - now).as_secs()).unwrap_or(u32::MAX);
    }

    /// Whether a tenth of its time, or less, is left.
    pub(crate) fn is_old(&self, now: Instant) -> bool {
        let left = (self.expires - now).as_secs();
        left.saturating_mul(10) <= u64::from(self.ttl)
    }
}

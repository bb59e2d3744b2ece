//! What is being found out, for whom, and how far it has come.
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use proto_core::{Instant, Transport};

use crate::cache::{Answer, RrSet};
use crate::edns::Edns;
use crate::header::Header;
use crate::message::Message;
use crate::name::Name;
use crate::number::{Class, ExtendedError, OptionCode, RecordType};
use crate::recursive::ClientId;

/// Names a job. A name is never used again.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct JobId(pub(crate) u64);

/// What kind of work a job is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    /// Asking servers.
    Walk,
    /// Finding out what DNSSEC says of what a walk has found.
    Check,
}

/// What is being found out.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) asked: (Name, RecordType),
    pub(crate) askers: Vec<Asker>,
    /// On whose account the messages go.
    pub(crate) account: JobId,
    /// The jobs whose end is awaited.
    pub(crate) waits: BTreeSet<JobId>,
    pub(crate) work: Work,
}

/// How far a job has come.
#[derive(Debug)]
pub(crate) enum Work {
    Walk(alloc::boxed::Box<Walk>),
    Check(alloc::boxed::Box<Check>),
}

impl Work {
    pub(crate) const fn kind(&self) -> Kind {
        match self {
            Self::Walk(_) => Kind::Walk,
            Self::Check(_) => Kind::Check,
        }
    }
}

/// The way down from the root to an answer.
#[derive(Debug)]
pub(crate) struct Walk {
    /// The aliases so far, and what the last of them stands for.
    pub(crate) links: Vec<Arc<RrSet>>,
    pub(crate) name: Name,
    /// The servers being asked; none until the cache has been asked.
    pub(crate) cut: Option<Cut>,
    /// Whether a message is out.
    pub(crate) asking: bool,
    pub(crate) sends: u32,
    pub(crate) restarts: u32,
    pub(crate) missing_targets: u32,
    /// How many labels below the cut have been asked for, in how many steps (RFC 9156 §2.3).
    pub(crate) shown: Shown,
    /// An answer to fall back on.
    pub(crate) doubtful: Option<(Answer, bool)>,
    /// Zones whose parents have been asked again.
    pub(crate) refetched: Vec<Name>,
    /// Whether what the cache has is not good enough: it is to be renewed.
    pub(crate) fresh: bool,
    /// How much time may be left of what is renewed on the way.
    pub(crate) leeway: Duration,
    /// Proofs that came with the aliases.
    pub(crate) proofs: Vec<Arc<RrSet>>,
    /// Whether the root's servers have been asked for.
    pub(crate) primed: bool,
    /// Who has been asked as a server of which zone.
    pub(crate) tried: BTreeSet<(Name, SocketAddr)>,
    /// Servers that have spoilt an answer before, asked only if there are no others.
    pub(crate) avoid: Vec<SocketAddr>,
    pub(crate) reason: Option<ExtendedError>,
}

/// How much of a name the servers have been shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Shown {
    pub(crate) labels: usize,
    pub(crate) steps: usize,
    /// All of it, henceforth.
    pub(crate) whole: bool,
}

impl Walk {
    pub(crate) const fn new(name: Name, fresh: bool) -> Self {
        Self {
            links: Vec::new(),
            name,
            cut: None,
            asking: false,
            sends: 0,
            restarts: 0,
            missing_targets: 0,
            shown: Shown { labels: 0, steps: 0, whole: false },
            doubtful: None,
            refetched: Vec::new(),
            fresh,
            leeway: Duration::ZERO,
            proofs: Vec::new(),
            primed: false,
            tried: BTreeSet::new(),
            avoid: Vec::new(),
            reason: None,
        }
    }
}

/// The validation of an answer.
#[derive(Debug)]
pub(crate) struct Check {
    pub(crate) fresh: bool,
    pub(crate) answer: Option<Arc<Answer>>,
    #[cfg(feature = "dnssec")]
    pub(crate) validator: Option<crate::dnssec::Validator>,
    /// Whether its zone was known to be bogus before.
    pub(crate) remembered: bool,
    /// The DS or DNSKEY records that are being asked for.
    pub(crate) need: Option<(Name, RecordType)>,
    /// How often it was done over, to ask servers that were not asked.
    pub(crate) turns: u32,
    /// Who has said what is checked, and who has spoilt it before.
    pub(crate) sources: Vec<SocketAddr>,
    pub(crate) blamed: Vec<SocketAddr>,
}

/// Who wants to know.
#[derive(Debug)]
pub(crate) enum Asker {
    Client(Client),
    /// A job that needs it to go on.
    Job(JobId),
    /// Trust anchors that follow the keys that are asked for.
    #[cfg(feature = "dnssec")]
    Anchors,
}

/// A client's query, as far as the reply needs it: however long it was, this is small.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: ClientId,
    /// Where it is, if that is known.
    pub(crate) from: Option<IpAddr>,
    pub(crate) header: Header,
    /// The question comes back in the case it was written in.
    pub(crate) question: Option<(Name, RecordType, Class)>,
    /// The UDP payload offered by EDNS, if the client speaks it.
    pub(crate) payload: Option<u16>,
    pub(crate) dnssec_ok: bool,
    /// Whether it asks which server this is (RFC 5001).
    pub(crate) nsid: bool,
    pub(crate) via: Transport,
    /// When it came.
    pub(crate) since: Instant,
    /// When it is given what is stale, if there is any.
    pub(crate) patience: Option<Instant>,
}

impl Client {
    pub(crate) fn new(now: Instant, id: ClientId, query: &Message<'_>, via: Transport) -> Self {
        let question =
            query.question().map(|asked| (asked.name.to_name(), asked.rtype, asked.class));
        let edns = query.edns();
        let payload = edns.as_ref().map(|edns| edns.payload);
        let dnssec_ok = edns.as_ref().is_some_and(|edns| edns.dnssec_ok);
        let asks = |edns: Edns<'_>| edns.options.iter().any(|(code, _)| code == OptionCode::NSID);
        let nsid = edns.is_some_and(asks);
        let (header, since, patience) = (query.header(), now, None);
        Self { id, from: None, header, question, payload, dnssec_ok, nsid, via, since, patience }
    }
}

/// A zone and how its servers are reached.
#[derive(Clone, Debug)]
pub(crate) struct Cut {
    pub(crate) zone: Name,
    /// How the servers are to be asked.
    pub(crate) kind: CutKind,
    pub(crate) addresses: Vec<Place>,
    /// Servers whose addresses are not known.
    pub(crate) unknown: Vec<(Name, RecordType)>,
    pub(crate) targets: u32,
    /// Whether what the parent says has been added.
    pub(crate) parental: bool,
    /// Whether it is the parent who has just said so.
    pub(crate) referred: bool,
    /// Whether the servers are asked by TCP at once.
    pub(crate) tcp: bool,
    /// Whether what they say is kept.
    pub(crate) cached: bool,
}

/// Whose servers they are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum CutKind {
    /// Authorities that were found.
    Found,
    /// Authorities that were configured.
    Stub,
    /// Resolvers that are to do the work.
    Forward,
    /// The same, and if they cannot, it is done here.
    ForwardFirst,
}

impl CutKind {
    pub(crate) const fn is_forward(self) -> bool {
        matches!(self, Self::Forward | Self::ForwardFirst)
    }
}

/// Where a server is, and how often it has been tried.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    pub(crate) tries: u32,
}

impl Cut {
    pub(crate) fn new(zone: Name, kind: CutKind) -> Self {
        let (addresses, unknown) = (Vec::new(), Vec::new());
        let (parental, referred, tcp, cached) = (false, false, false, true);
        Self { zone, kind, addresses, unknown, targets: 0, parental, referred, tcp, cached }
    }

    pub(crate) fn drop_address(&mut self, address: SocketAddr) {
        self.addresses.retain(|own| own.address != address);
    }

    /// Adds an address, unless it is there already; says whether it was not.
    pub(crate) fn add_address(&mut self, address: SocketAddr) -> bool {
        let new = !self.addresses.iter().any(|own| own.address == address);
        if new {
            self.addresses.push(Place { address, tries: 0 });
        }
        new
    }
}

/// What is left of what one client's query may cost.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) queries: u32,
    pub(crate) targets: u32,
    /// Jobs that draw on it.
    pub(crate) jobs: usize,
}

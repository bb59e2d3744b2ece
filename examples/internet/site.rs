//! A site: a mail server with its queue, a resolver, an authoritative server, and a disk.
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use homing::delivery::{Config, LinkId, Queue, Report, Transport};
use homing::dns::{
    Authority, Journal, RecordType,
    recursive::{self, Resolver},
};

use crate::clock::{Micros, instant, unix};
use crate::disk::Disk;
use crate::faults::Mood;
use crate::names::{self, SERVERS, Size};
use crate::net::ConnId;
use crate::random::Random;
use crate::world::{
    veil::{Attack, Trouble},
    zones::Zones,
};

/// The most that a resolver remembers. Most records are for ten minutes, so more of them would only be
/// stale ones; and this is a limit that is met.
pub(crate) const CACHE: usize = 300;

/// What a site has, up or down.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) number: u32,
    pub(crate) disk: Disk,
    /// Zones are on disk too, and how they have changed.
    pub(crate) authority: Authority,
    pub(crate) journals: BTreeMap<u32, Journal>,
    /// Domains whose zones may be newer at their primaries.
    pub(crate) follows: BTreeSet<u32>,
    /// How often it was started.
    pub(crate) life: u32,
    pub(crate) running: Option<Running>,
    pub(crate) mood: Mood,
    /// Faults under way.
    pub(crate) loss: u64,
    pub(crate) cut: u32,
    pub(crate) forged: bool,
    pub(crate) spoofed: bool,
    pub(crate) trouble: Option<Trouble>,
    /// Who sits in the middle of its connections.
    pub(crate) attack: Option<Attack>,
    /// Connections with an end here.
    pub(crate) conns: BTreeSet<ConnId>,
    pub(crate) wake: Micros,
    pub(crate) starts: u32,
}

/// What is lost when a machine dies.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) queue: Queue,
    pub(crate) resolver: Resolver,
    pub(crate) zones: Zones,
    /// Look-ups that the resolver works on, by the client that it knows.
    pub(crate) asked: BTreeMap<u64, (LinkId, RecordType)>,
    pub(crate) next: u64,
    pub(crate) links: BTreeMap<LinkId, ConnId>,
    /// When a client that was told to come back may.
    pub(crate) greylist: BTreeMap<(String, String), Micros>,
    /// Reports that the disk had no room for.
    pub(crate) reports: VecDeque<Report>,
    pub(crate) counted: (u64, u64, u64),
}

impl Site {
    pub(crate) fn new(size: Size, number: u32) -> Self {
        let mut authority = Authority::default();
        let own = |domain: &u32| size.site_of_domain(*domain) == number;
        let second = |domain: &u32| size.second(size.site_of_domain(*domain)) == number;
        for domain in (0..size.domains).filter(|it| own(it) || second(it)) {
            authority.insert(names::zone(size, domain, 2));
        }
        Self {
            number,
            disk: Disk::default(),
            authority,
            journals: BTreeMap::new(),
            follows: BTreeSet::new(),
            life: 0,
            running: None,
            mood: Mood::Fair,
            loss: 0,
            cut: 0,
            forged: false,
            spoofed: false,
            trouble: None,
            attack: None,
            conns: BTreeSet::new(),
            wake: Micros::MAX,
            starts: 0,
        }
    }

    /// Starts the machine, from what is on its disk. `trusting`: its resolver believes what is not
    /// signed, whatever should be.
    pub(crate) fn start(&mut self, size: Size, now: Micros, random: &mut Random, trusting: bool) {
        self.life += 1;
        self.starts += 1;
        self.wake = Micros::MAX;
        let mut config = Config::new(names::name(&names::site(self.number)));
        config.ipv6 = false;
        config.addresses = (0..2).map(|which| names::address(self.number, which)).collect();
        (config.sts, config.dane) = (true, size.signed);
        let local = (0..size.domains).filter(|it| size.site_of_domain(*it) == self.number);
        config.transports = local.map(|it| (names::domain(it), Transport::Local)).collect();
        let queue =
            Queue::replay(config, random.draw(), instant(now), unix(now), self.disk.records());
        self.disk.messages.retain(|message, _| queue.holds(*message));
        let roots = ["a.root", "b.root"].into_iter().zip(SERVERS);
        let mut config = recursive::Config::new(roots.map(|(host, at)| (names::name(host), at)));
        config.ipv6 = false;
        config.limits.cache = CACHE;
        let mut resolver = Resolver::new(config, random.seed());
        if size.signed && !trusting {
            resolver.validate(names::trust(), instant(now), unix(now));
        }
        self.running = Some(Running {
            queue,
            resolver,
            zones: Zones::default(),
            asked: BTreeMap::new(),
            next: 0,
            links: BTreeMap::new(),
            greylist: BTreeMap::new(),
            reports: VecDeque::new(),
            counted: (0, 0, 0),
        });
    }

    pub(crate) const fn is_cut(&self) -> bool {
        self.cut > 0
    }
}

//! What a recursive resolver is told, what it may be made to do, and what it has done.
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::cache::RrSet;
use crate::name::Name;
use crate::number::RecordType;
use crate::query::UDP_PAYLOAD;
use crate::rdata::Rdata;
use crate::recursive::local::local_zones;

/// What a resolver is, and where it begins.
///
/// ```
/// use dns_proto::recursive::{Config, root_hints};
///
/// let config = Config::new(root_hints());
/// assert_eq!(config.upstream_port, 53);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The root hints: names and addresses of servers of the root.
    pub roots: Vec<(Name, IpAddr)>,
    /// The port of every server that is found: 53, but on a test rig.
    pub upstream_port: u16,
    /// Zones that are asked of certain servers.
    pub upstreams: Vec<Upstream>,
    /// Whether servers on loopback addresses may be asked. Off: a zone could point the resolver
    /// at services of its own host (CVE-2026-50251). On for test rigs. Unspecified, multicast and
    /// broadcast addresses are never asked.
    pub allow_loopback: bool,
    /// Whether servers are looked for and asked at IPv6 addresses too.
    pub ipv6: bool,
    /// What clients are told who ask which of many servers this is (NSID, RFC 5001); nothing if it
    /// is empty, and no more than 255 octets.
    pub identity: Vec<u8>,
    /// How long clients' connections are kept when nothing is asked on them, which they are told who
    /// speak EDNS by TCP or TLS (RFC 7828); it must be what the driver does. Without, they are told
    /// nothing.
    pub keepalive: Option<Duration>,
    /// The UDP payload offered to servers, and sent to clients at most.
    pub payload: u16,
    /// How long an address that is not known yet is waited for at first; later attempts wait twice
    /// as long each. 800 ms: a round trip across the world is 300.
    pub timeout: Duration,
    /// How long any address is waited for, however fast it has been. 150 ms: whoever answers in one
    /// may for once take a hundred.
    pub least_timeout: Duration,
    /// Whether servers are shown no more of a name than they need (RFC 9156).
    pub minimise: bool,
    /// Whether the letters of names are written large and small at random, which a forger has to
    /// guess too (0x20). A server that does not keep them is asked again by TCP.
    pub mixed_case: bool,
    /// Whether clients get only what they asked for, without servers and their addresses.
    pub minimal: bool,
    /// Whether servers named beside an answer are kept. Off: the delegation says who they are, and
    /// what is said beside it unasked may be poison (CVE-2025-11411).
    pub answer_with_servers: bool,
    /// Whether answers that are asked for when a tenth of their time is left are renewed.
    pub prefetch: bool,
    /// Whether and how answers whose time is over are given rather than none (RFC 8767).
    pub stale: Option<Stale>,
    /// Whether NSEC records that have been verified answer for names nobody asked for (RFC 8198).
    pub aggressive: bool,
    /// Whether clients who want no recursion are told what is in the cache. Off: what others have
    /// asked is not their business (cache snooping).
    pub snoop: bool,
    /// Zones that are answered here, as nobody elsewhere knows better: [`local_zones`]. Those at or
    /// above an upstream that is configured are not.
    ///
    /// [`local_zones`]: crate::recursive::local_zones
    pub local: Vec<Name>,
    /// Networks whose addresses strangers' zones must not name: DNS rebinding.
    pub private: Vec<(IpAddr, u8)>,
    /// Zones that may name them nevertheless.
    pub private_zones: Vec<Name>,
    /// What others may make it do.
    pub limits: Limits,
}

/// A zone whose servers are configured.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upstream {
    /// The zone; everything below it too.
    pub zone: Name,
    /// The servers.
    pub servers: Vec<SocketAddr>,
    /// What they are.
    pub role: Role,
    /// Whether, when none of them answers, it is done without them.
    pub first: bool,
    /// Whether they are asked by TCP at once.
    pub tcp: bool,
    /// Names of more servers, whose addresses are looked up when the zone is first asked for.
    pub hosts: Vec<Name>,
    /// Whether what they say is kept.
    pub cached: bool,
}

impl Upstream {
    /// Makes one with the defaults: UDP, nobody instead of them, and what they say is kept.
    ///
    /// ```
    /// use dns_proto::recursive::{Role, Upstream};
    ///
    /// let server = "192.0.2.53:53".parse().unwrap();
    /// let forwarder = Upstream::new("corp.example".parse()?, [server], Role::Forwarder);
    /// assert!(forwarder.cached && !forwarder.first);
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn new(zone: Name, servers: impl IntoIterator<Item = SocketAddr>, role: Role) -> Self {
        let (first, tcp, cached) = (false, false, true);
        let servers = servers.into_iter().collect();
        Self { zone, servers, role, first, tcp, hosts: Vec::new(), cached }
    }
}

/// What servers that are configured are.
///
/// They serve the zone or they do not: exhaustive.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Resolvers, which are asked to do all the work.
    Forwarder,
    /// Authorities of the zone.
    Authority,
}

/// How answers are given whose time is over (RFC 8767).
///
/// ```
/// use dns_proto::recursive::Stale;
///
/// assert_eq!(Stale::default().ttl, 30);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stale {
    /// How long clients wait for a new answer before they get the old one. 1.8 s (RFC 8767 §5);
    /// with zero they do not wait.
    pub patience: Duration,
    /// The TTL they are given. 30 s (RFC 8767 §4).
    pub ttl: u32,
    /// For how many seconds after its time an answer is given. A day (RFC 8767 §5: one to three).
    pub most: u32,
}

impl Default for Stale {
    fn default() -> Self {
        Self { patience: Duration::from_millis(1800), ttl: 30, most: 86_400 }
    }
}

impl Config {
    /// Makes a configuration with these root hints and the defaults.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = (Name, IpAddr)>) -> Self {
        Self {
            roots: roots.into_iter().collect(),
            upstream_port: 53,
            upstreams: Vec::new(),
            allow_loopback: false,
            ipv6: true,
            identity: Vec::new(),
            keepalive: None,
            payload: UDP_PAYLOAD,
            timeout: Duration::from_millis(800),
            least_timeout: Duration::from_millis(150),
            minimise: true,
            mixed_case: true,
            minimal: true,
            answer_with_servers: false,
            prefetch: true,
            stale: None,
            aggressive: true,
            snoop: false,
            local: local_zones(),
            private: Vec::new(),
            private_zones: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Whether an address that a zone names may be asked.
    pub(crate) fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let broadcast = address == IpAddr::V4(core::net::Ipv4Addr::BROADCAST);
        let nobody = address.is_unspecified() || address.is_multicast() || broadcast;
        !nobody
            && (self.allow_loopback || !address.is_loopback())
            && (self.ipv6 || address.is_ipv4())
    }

    /// Takes the addresses out of a set that strangers must not name; says whether any are left.
    pub(crate) fn is_public(&self, set: &mut RrSet) -> bool {
        let own = |zone: &Name| set.owner.is_within(zone.view());
        if !self.private.is_empty() && !self.private_zones.iter().any(own) {
            set.data.retain(|it| {
                let address = it.view().address();
                !self.private.iter().any(|net| address.is_some_and(|it| is_inside(it, *net)))
            });
        }
        !set.data.is_empty()
    }

    /// Returns how long an RRset may be kept; an SOA record that says that something is not there,
    /// no longer than it says itself (RFC 2308 §5).
    pub(crate) fn ttl_of(&self, set: &RrSet, authority: bool) -> u32 {
        let limits = &self.limits;
        match set.data.first().map(|it| it.view()) {
            Some(Rdata::Soa { minimum, .. }) if authority && set.rtype == RecordType::SOA => {
                let own = set.ttl.min(minimum).max(limits.least_negative_ttl.max(limits.least_ttl));
                own.min(limits.negative_ttl)
            }
            _ => set.ttl.max(limits.least_ttl).min(limits.ttl),
        }
    }
}

/// Whether an address is in a network.
fn is_inside(address: IpAddr, (net, length): (IpAddr, u8)) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let ((own, size), (other, other_size)) = (bits(address), bits(net));
    let shift = 128 - u32::from(length).min(128);
    size == other_size && (own ^ other).checked_shr(shift).unwrap_or(0) == 0
}

/// What clients and servers may make a resolver do. An exceeded limit is answered SERVFAIL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Messages sent upstream for one client's query, sub-queries and validation included. 200, as
    /// Unbound's global quota: stops chained amplification (CAMP, TsuKing) and loops of
    /// delegations (tsuNAME).
    pub queries: u32,
    /// Messages sent upstream for one name and type without its sub-queries. 32, as Unbound's
    /// `MAX_SENT_COUNT`.
    pub sends: u32,
    /// Attempts at one address of one zone. 2.
    pub attempts: u32,
    /// Links of a chain of aliases. 11, as Unbound's `MAX_RESTART_COUNT`: stops endless chains,
    /// one message each.
    pub cnames: u32,
    /// Servers kept of one delegation. 20, as Unbound's `iter-scrub-ns`: NXNSAttack
    /// (CVE-2020-12662) names many, NRDelegation (CVE-2022-3204) thousands.
    pub servers: usize,
    /// RRsets kept of an additional section. 40: two for each server.
    pub additionals: usize,
    /// Signatures kept of one RRset. 8: as many as are tried (KeyTrap).
    pub signatures: usize,
    /// Server names looked up for one delegation. 16 (Unbound's `MAX_DP_TARGET_COUNT`).
    pub targets: u32,
    /// Server names looked up for one client's query. 64 (Unbound's `MAX_TARGET_COUNT`).
    pub all_targets: u32,
    /// Server names that may turn out not to exist, for one name and type. 5 (Unbound's
    /// `MAX_TARGET_NX`).
    pub missing_targets: u32,
    /// Zones whose parents are asked again, for one name and type, when none of their servers has
    /// helped. 8: names have few zones, and what is configured first may be one more.
    pub climbs: usize,
    /// Messages in which the servers of one zone are shown a name piece by piece, before all of it
    /// (MAX_MINIMISE_COUNT of RFC 9156 §2.3). 10: names of ip6.arpa have 32 labels more than their
    /// zone.
    pub pieces: usize,
    /// Of these, the first that show one label more (MINIMISE_ONE_LAB of RFC 9156 §2.3). 4: most
    /// cuts are there.
    pub single_pieces: usize,
    /// Clients that wait at once. 10,000: some kilobytes for each. What is in the cache is answered
    /// however many wait.
    pub clients: usize,
    /// Clients of one address, or of one IPv6 network of 64 bits, that wait at once; more are
    /// treated as when there is no place. 500: half of what a `tokio::Server` works on, so that
    /// nobody has all, and nobody has thousands of answers on their way (DNSBomb).
    pub clients_per_address: usize,
    /// How long the later half of those who wait have their places when others want them. 200 ms, as Unbound:
    /// most questions are answered by then, and what an attacker has asked is not.
    pub jostle: Duration,
    /// How old a UDP client's query may be when it is answered; whoever asks in another's name and
    /// gathers the answers for one moment has gathered no more than this (DNSBomb,
    /// CVE-2024-33655). 1.9 s, as Unbound.
    pub discard: Duration,
    /// RRsets kept, and as many answers. 100,000: some tens of megabytes.
    pub cache: usize,
    /// Seconds that data are kept at most. A day, as Unbound.
    pub ttl: u32,
    /// Seconds that data are kept at least. None: whoever publishes them knows.
    pub least_ttl: u32,
    /// Seconds that absences are kept at most. An hour, as Unbound (RFC 2308 §5: one to three).
    pub negative_ttl: u32,
    /// Seconds that absences are kept at least. None.
    pub least_negative_ttl: u32,
    /// Seconds that a failure is remembered (RFC 9520 §3.2: one at least). 5, as Unbound.
    pub failure_ttl: u32,
    /// Seconds that a bogus answer is remembered. 60, as Unbound.
    pub bogus_ttl: u32,
    /// How often a bogus answer is asked for again, of other servers. 5, as Unbound.
    pub bogus_turns: u32,
    /// Servers whose speed is remembered. 10,000, as Unbound.
    pub known_servers: usize,
    /// Server addresses that are counted in [`Statistics::servers`]. 1,000.
    pub counted: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queries: 200,
            sends: 32,
            attempts: 2,
            cnames: 11,
            servers: 20,
            additionals: 40,
            signatures: 8,
            targets: 16,
            all_targets: 64,
            missing_targets: 5,
            climbs: 8,
            pieces: 10,
            single_pieces: 4,
            clients: 10_000,
            clients_per_address: 500,
            jostle: Duration::from_millis(200),
            discard: Duration::from_millis(1900),
            cache: 100_000,
            ttl: 86_400,
            least_ttl: 0,
            negative_ttl: 3_600,
            least_negative_ttl: 0,
            failure_ttl: 5,
            bogus_ttl: 60,
            bogus_turns: 5,
            known_servers: 10_000,
            counted: 1_000,
        }
    }
}

/// What a resolver has done so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Statistics {
    /// Client queries answered without asking anybody.
    pub hits: u64,
    /// Client queries that were not.
    pub misses: u64,
    /// Messages sent to servers.
    pub upstream: u64,
    /// The same by address, for the first addresses met.
    pub servers: BTreeMap<IpAddr, u64>,
}

impl Statistics {
    pub(crate) fn sent(&mut self, to: IpAddr, limits: &Limits) {
        self.upstream += 1;
        if self.servers.len() < limits.counted || self.servers.contains_key(&to) {
            *self.servers.entry(to).or_default() += 1;
        }
    }
}

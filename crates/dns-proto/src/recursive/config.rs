//! What a recursive resolver is told, what it may be made to do, and what it has done.
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use crate::name::Name;
use crate::query::UDP_PAYLOAD;

/// What a resolver is, and where it begins.
///
/// ```
/// use dns_proto::recursive::Config;
///
/// let root = ("a.root-servers.net".parse()?, [198, 41, 0, 4].into());
/// let config = Config::new([root]);
/// assert_eq!(config.upstream_port, 53);
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The root hints: names and addresses of servers of the root.
    pub roots: Vec<(Name, IpAddr)>,
    /// The port of every server that is asked: 53, but on a test rig.
    pub upstream_port: u16,
    /// Whether servers on loopback addresses may be asked. Off: a zone could point the resolver
    /// at services of its own host (CVE-2026-50251). On for test rigs.
    pub allow_loopback: bool,
    /// Whether servers are looked for and asked at IPv6 addresses too.
    pub ipv6: bool,
    /// The UDP payload offered to servers, and sent to clients at most.
    pub payload: u16,
    /// How long the first attempt at an address waits; every later one waits twice as long.
    /// 800 ms: a round trip across the world is 300.
    pub timeout: Duration,
    /// What others may make it do.
    pub limits: Limits,
}

impl Config {
    /// Makes a configuration with these root hints and the defaults.
    #[must_use]
    pub fn new(roots: impl IntoIterator<Item = (Name, IpAddr)>) -> Self {
        Self {
            roots: roots.into_iter().collect(),
            upstream_port: 53,
            allow_loopback: false,
            ipv6: true,
            payload: UDP_PAYLOAD,
            timeout: Duration::from_millis(800),
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
}

/// What clients and servers may make a resolver do. An exceeded limit is answered SERVFAIL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Messages sent upstream for one client's query, sub-queries included. 200, as Unbound's
    /// global quota: stops chained amplification (CAMP, TsuKing).
    pub queries: u32,
    /// Messages sent upstream for one name and type without its sub-queries. 32, as Unbound's
    /// `MAX_SENT_COUNT`.
    pub sends: u32,
    /// Attempts at one address of one zone. 2.
    pub attempts: u32,
    /// Links of a chain of aliases. 11, as Unbound's `MAX_RESTART_COUNT`.
    pub cnames: u32,
    /// Servers kept of one delegation. 20, as Unbound's `iter-scrub-ns`: NXNSAttack
    /// (CVE-2020-12662) names many.
    pub servers: usize,
    /// Server names looked up for one delegation. 16 (Unbound's `MAX_DP_TARGET_COUNT`).
    pub targets: u32,
    /// Server names looked up for one client's query. 64 (Unbound's `MAX_TARGET_COUNT`).
    pub all_targets: u32,
    /// Server names that may turn out not to exist, for one name and type. 5 (Unbound's
    /// `MAX_TARGET_NX`).
    pub missing_targets: u32,
    /// Clients that wait at once. 10,000: some kilobytes for each (DNSBomb, CVE-2024-33655).
    pub clients: usize,
    /// RRsets and absences kept. 100,000: some tens of megabytes.
    pub cache: usize,
    /// Seconds that data are kept at most. A day, as Unbound.
    pub ttl: u32,
    /// Seconds that absences are kept at most. An hour, as Unbound (RFC 2308 §5: one to three).
    pub negative_ttl: u32,
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
            targets: 16,
            all_targets: 64,
            missing_targets: 5,
            clients: 10_000,
            cache: 100_000,
            ttl: 86_400,
            negative_ttl: 3_600,
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

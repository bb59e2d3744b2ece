//! What others can make a stub keep and do.
use core::time::Duration;

/// What servers, answers and files can make a stub keep and do.
///
/// ```
/// use dns_proto::stub::Limits;
///
/// let limits = Limits { targets: 4, ..Limits::default() };
/// assert_eq!(limits.aliases, 11);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// For how long a server that did not answer is asked last; twice as long each time, up to
    /// `penalty_most`. 5 s. When the time is over, one query tries it, and the others wait for
    /// what comes of that.
    pub penalty: Duration,
    /// The longest penalty. 60 s: a server that is back has work again within a minute.
    pub penalty_most: Duration,
    /// For how long a server that does not understand EDNS is asked without. 15 min.
    pub plain: Duration,
    /// Queries on one connection at once; for more, another is made. 100, as many as Unbound
    /// sends on a stream of its own.
    pub pipelined: usize,
    /// How long a connection is kept when nothing is asked on it. 10 s, as servers' own patience
    /// (RFC 7766 §6.2.3).
    pub idle: Duration,
    /// The longest that a server can have a connection kept (RFC 7828). 120 s: it is a socket of
    /// ours too.
    pub idle_most: Duration,
    /// Name servers of `/etc/resolv.conf`. 3: MAXNS of resolv.conf(5).
    pub nameservers: usize,
    /// Domains of its search list. 32, as Kubernetes writes them; glibc up to 2.25 took 6, and has
    /// no bound since. Each costs every short name a round trip.
    pub domains: usize,
    /// Octets of the search list, spaces included. 2,048, as Kubernetes; glibc up to 2.25 took
    /// 256.
    pub domains_octets: usize,
    /// Names of `/etc/hosts`, counted as often as they are said. 1,000,000: block lists have some
    /// hundred thousand.
    pub hosts: usize,
    /// Aliases that are followed in an answer. 11, as many as BIND and Unbound put into one.
    pub aliases: usize,
    /// Targets of MX, SRV, SVCB or HTTPS records that are returned, the most preferred; each costs
    /// two queries for its addresses. 16: nobody tries more, and an answer has room for thousands.
    pub targets: usize,
    /// Records in alias mode that are followed from answer to answer (RFC 9460 §3). 8: that
    /// section wants a bound for loops, and real chains have one or two.
    pub service_aliases: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            penalty: Duration::from_secs(5),
            penalty_most: Duration::from_secs(60),
            plain: Duration::from_secs(900),
            pipelined: 100,
            idle: Duration::from_secs(10),
            idle_most: Duration::from_secs(120),
            nameservers: 3,
            domains: 32,
            domains_octets: 2_048,
            hosts: 1_000_000,
            aliases: 11,
            targets: 16,
            service_aliases: 8,
        }
    }
}

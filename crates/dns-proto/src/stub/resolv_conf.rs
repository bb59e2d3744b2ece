//! The text of `/etc/resolv.conf`: resolv.conf(5) of glibc.
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};
use core::str;
use core::time::Duration;

use crate::error::{ParseError, ParseErrorKind};
use crate::name::Name;
use crate::stub::{Config, Limits, Search};

/// What `/etc/resolv.conf` says.
///
/// Nothing in it is an error: as every resolver does, what cannot be understood is passed over. It
/// is told in [`problems`](Self::problems).
///
/// ```
/// use dns_proto::stub::ResolvConf;
///
/// let conf = ResolvConf::parse(b"nameserver fe80::1%eth0\nsearch poly.edu\noptions use-vc\n");
/// let config = conf.config(|interface| (interface == "eth0").then_some(2));
/// assert_eq!(config.servers, [dns_proto::stub::Server::Plain("[fe80::1%2]:53".parse()?)]);
/// assert!(config.tcp && conf.problems.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ResolvConf {
    /// The name servers, in order. If there are none, that of this host is meant.
    pub nameservers: Vec<Nameserver>,
    /// How short names are completed.
    pub search: Search,
    /// What is said of options.
    pub options: ResolvOptions,
    /// What was passed over, and where.
    pub problems: Vec<ParseError>,
}

/// A name server of `/etc/resolv.conf`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Nameserver {
    /// Its address.
    pub address: IpAddr,
    /// The interface behind which a link-local address is: a name or a number (RFC 4007 §11).
    pub scope: Option<String>,
}

/// The options of `/etc/resolv.conf` that have an effect here.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ResolvOptions {
    /// `timeout:n`, at most 30 seconds.
    pub timeout: Option<Duration>,
    /// `attempts:n`, at most 5.
    pub attempts: Option<u8>,
    /// `rotate`: the servers share the work.
    pub rotate: bool,
    /// `use-vc`: TCP at once.
    pub use_vc: bool,
    /// `trust-ad`: AD is asked for and believed.
    pub trust_ad: bool,
    /// `no-aaaa`: IPv6 addresses are not looked up.
    pub no_aaaa: bool,
}

/// resolv.conf(5): the numbers that are "silently capped".
const MOST_DOTS: u8 = 15;
const MOST_SECONDS: u8 = 30;
const MOST_ATTEMPTS: u8 = 5;

/// Options that change nothing here: EDNS is always spoken, each query has a socket of its own and
/// IPv6 addresses are never disguised, names are not checked, and nobody reads the file again.
const WITHOUT_EFFECT: [&str; 11] = [
    "debug",
    "edns0",
    "inet6",
    "ip6-bytestring",
    "ip6-dotint",
    "no-check-names",
    "no-ip6-dotint",
    "no-reload",
    "no-tld-query",
    "single-request",
    "single-request-reopen",
];

impl ResolvConf {
    /// Reads the text.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self::parse_with(text, &Limits::default())
    }

    /// Reads the text, within limits of one's own.
    #[must_use]
    pub fn parse_with(text: &[u8], limits: &Limits) -> Self {
        let mut conf = Self::default();
        for line in text.split_inclusive(|octet| *octet == b'\n') {
            let at = offset(text, line);
            match str::from_utf8(line) {
                Ok(line) => conf.line(line, at, limits),
                Err(_) => conf.problem("text in UTF-8", at),
            }
        }
        conf
    }

    /// Makes a stub's configuration of it. `scope` says the number of a network interface by its
    /// name, for link-local addresses; without one that server is left out.
    #[must_use]
    pub fn config(&self, scope: impl Fn(&str) -> Option<u32>) -> Config {
        let mut servers: Vec<SocketAddr> =
            self.nameservers.iter().filter_map(|server| server.socket(&scope)).collect();
        if self.nameservers.is_empty() {
            servers.push((Ipv4Addr::LOCALHOST, 53).into());
        }
        let config = Config::new(servers);
        let options = &self.options;
        Config {
            timeout: options.timeout.unwrap_or(config.timeout),
            rounds: options.attempts.unwrap_or(config.rounds),
            rotate: options.rotate,
            tcp: options.use_vc,
            authentic: options.trust_ad,
            ..config
        }
    }

    fn line(&mut self, line: &str, at: usize, limits: &Limits) {
        // "Lines that contain a semicolon (;) or hash character (#) in the first column are
        // treated as comments"; we stop at any word that begins so: no domain is called that.
        let words = line.split_ascii_whitespace().take_while(|word| !word.starts_with([';', '#']));
        let mut words = words.map(|word| (word, at + offset(line.as_bytes(), word.as_bytes())));
        let Some((keyword, place)) = words.next() else { return };
        // "The keyword must start the line."
        match keyword {
            _ if place != at => self.problem("a keyword at the start of the line", place),
            "nameserver" => self.nameserver(words.next().unwrap_or(("", place)), limits),
            "search" => self.domains(words, limits),
            "domain" => self.domains(words.take(1), limits),
            "options" => words.for_each(|word| self.option(word)),
            // It sorts what gethostbyname(3) returns; getaddrinfo(3) has RFC 6724.
            "sortlist" => {}
            _ => self.problem("a keyword", place),
        }
    }

    fn nameserver(&mut self, (word, at): (&str, usize), limits: &Limits) {
        match Nameserver::parse(word) {
            _ if self.nameservers.len() >= limits.nameservers => {
                self.problem("no more name servers", at);
            }
            Some(server) => self.nameservers.push(server),
            None => self.problem("an address", at),
        }
    }

    /// "If there are multiple search directives, only the search list from the last instance is
    /// used."
    fn domains<'w>(&mut self, words: impl Iterator<Item = (&'w str, usize)>, limits: &Limits) {
        self.search.domains.clear();
        let mut octets = 0;
        for (word, at) in words {
            octets += word.len() + 1;
            if self.search.domains.len() >= limits.domains || octets > limits.domains_octets + 1 {
                return self.problem("no more domains", at);
            }
            match word.parse::<Name>() {
                Ok(domain) => self.search.domains.push(domain),
                Err(error) => self.problems.push(ParseError::new(error.kind(), at)),
            }
        }
    }

    fn option(&mut self, (word, at): (&str, usize)) {
        let options = &mut self.options;
        let (name, value) = word.split_once(':').unwrap_or((word, ""));
        match (name, number(value)) {
            ("ndots", Some(dots)) => self.search.dots = dots.min(MOST_DOTS),
            ("timeout", Some(seconds)) => {
                let seconds = seconds.clamp(1, MOST_SECONDS);
                options.timeout = Some(Duration::from_secs(seconds.into()));
            }
            ("attempts", Some(times)) => options.attempts = Some(times.clamp(1, MOST_ATTEMPTS)),
            ("rotate", _) => options.rotate = true,
            ("use-vc", _) => options.use_vc = true,
            ("trust-ad", _) => options.trust_ad = true,
            ("no-aaaa", _) => options.no_aaaa = true,
            _ if WITHOUT_EFFECT.contains(&name) => {}
            _ => self.problem("an option", at),
        }
    }

    fn problem(&mut self, expected: &'static str, at: usize) {
        self.problems.push(ParseError::new(ParseErrorKind::Expected(expected), at));
    }
}

impl Nameserver {
    fn parse(word: &str) -> Option<Self> {
        let (address, scope) = match word.split_once('%') {
            Some((_, "")) => return None,
            Some((address, scope)) => (address, Some(scope)),
            None => (word, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let scope = scope.map(String::from);
        (address.is_ipv6() || scope.is_none()).then_some(Self { address, scope })
    }

    fn socket(&self, number_of: impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
        Some(match (self.address, &self.scope) {
            (IpAddr::V6(address), Some(scope)) => {
                let scope = scope.parse().ok().or_else(|| number_of(scope))?;
                SocketAddrV6::new(address, 53, 0, scope).into()
            }
            (address, _) => (address, 53).into(),
        })
    }
}

/// As atoi(3) does, but without signs: a number that is too large for any cap is one.
fn number(text: &str) -> Option<u8> {
    let digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u8::MAX))
}

/// Returns where a part of a text begins in it.
fn offset(whole: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(whole.as_ptr().addr())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::Server;
    use alloc::string::ToString;

    fn problems(conf: &ResolvConf) -> Vec<(String, usize)> {
        conf.problems.iter().map(|it| (it.kind().to_string(), it.offset())).collect()
    }

    #[test]
    fn everything_that_the_manual_names_is_read() {
        let text = b"# a comment\n; another\n\ndomain cs.poly.edu\n\
            search cis.poly.edu\tpoly.edu. # ours\nnameserver 192.0.2.1\n\
            nameserver 2001:db8::1\nnameserver\tfe80::1%eth0\nsortlist 130.155.160.0\n\
            options ndots:2 timeout:3 attempts:4 rotate use-vc\n\
            options trust-ad no-aaaa edns0 inet6 single-request debug";
        let conf = ResolvConf::parse(text);
        let servers = conf.nameservers.iter().map(|it| (it.address.to_string(), it.scope.clone()));
        let expected = [("192.0.2.1", None), ("2001:db8::1", None), ("fe80::1", Some("eth0"))];
        let expected = expected.map(|(at, scope)| (at.to_string(), scope.map(String::from)));
        assert!(servers.eq(expected));
        let domains: Vec<_> = conf.search.domains.iter().map(Name::to_string).collect();
        assert_eq!((conf.search.dots, domains.join(" ")), (2, "cis.poly.edu. poly.edu.".into()));
        let options = ResolvOptions {
            timeout: Some(Duration::from_secs(3)),
            attempts: Some(4),
            rotate: true,
            use_vc: true,
            trust_ad: true,
            no_aaaa: true,
        };
        assert_eq!((conf.options, conf.problems), (options, Vec::new()));
    }

    #[test]
    fn what_is_wrong_is_passed_over_and_told() {
        let table: [(&[u8], &str, usize); 10] = [
            (b"nameserver", "expected an address", 0),
            (b"nameserver localhost", "expected an address", 11),
            (b"nameserver 192.0.2.1%eth0", "expected an address", 11),
            (b"nameserver fe80::1%", "expected an address", 11),
            (b"search a..b", "label is empty or longer than 63 octets", 7),
            (b"\n server 192.0.2.1", "expected a keyword at the start of the line", 2),
            (b"\nserver 192.0.2.1", "expected a keyword", 1),
            (b"options ndots:many", "expected an option", 8),
            (b"options rotate ndots:-1", "expected an option", 15),
            (b"\xff", "expected text in UTF-8", 0),
        ];
        for (text, problem, at) in table {
            let text = [text, b"\nnameserver 192.0.2.9"].concat();
            let conf = ResolvConf::parse(&text);
            assert_eq!(problems(&conf), [(problem.into(), at)]);
            assert_eq!(conf.nameservers.len(), 1);
        }
    }

    #[test]
    fn numbers_are_capped() {
        for (text, dots, seconds, attempts) in [
            ("ndots:0 timeout:0 attempts:0", 0, 1, 1),
            ("ndots:15 timeout:30 attempts:5", 15, 30, 5),
            ("ndots:16 timeout:31 attempts:6", 15, 30, 5),
            ("ndots:99999 timeout:99999 attempts:99999", 15, 30, 5),
        ] {
            let conf = ResolvConf::parse(["options ", text].concat().as_bytes());
            let config = conf.config(|_| None);
            assert_eq!(conf.search.dots, dots);
            assert_eq!((config.timeout.as_secs(), config.rounds), (seconds, attempts));
        }
    }

    #[test]
    fn servers_and_domains_are_counted() {
        let limits =
            Limits { nameservers: 3, domains: 6, domains_octets: 256, ..Limits::default() };
        for (count, problems) in [(3, 0), (4, 1)] {
            let conf = ResolvConf::parse_with(&b"nameserver ::1\n".repeat(count), &limits);
            assert_eq!((conf.nameservers.len(), conf.problems.len()), (3, problems));
        }
        for (count, problems) in [(6, 0), (7, 1)] {
            let text = [b"search".to_vec(), b" edu".repeat(count)].concat();
            let conf = ResolvConf::parse_with(&text, &limits);
            assert_eq!((conf.search.domains.len(), conf.problems.len()), (6, problems));
        }
        for (last, problems) in [(1, 0), (2, 1)] {
            // Four times 63 octets and a space, and one or two more octets: 257 with a last space.
            let text = [" ", &"x".repeat(63)].concat().repeat(3);
            let text = ["search", &text, " ", &"x".repeat(62), " ", &"y".repeat(last)].concat();
            let conf = ResolvConf::parse_with(text.as_bytes(), &limits);
            assert_eq!(conf.problems.len(), problems);
        }
    }

    #[test]
    fn without_servers_this_host_is_asked() {
        let local = Server::Plain(([127, 0, 0, 1], 53).into());
        assert_eq!(ResolvConf::parse(b"").config(|_| None).servers, [local]);
    }

    #[test]
    fn scopes_are_numbers_or_what_the_embedder_makes_of_them() {
        let conf = ResolvConf::parse(b"nameserver fe80::1%7\nnameserver fe80::1%wlan0\n");
        let scopes = |config: Config| -> Vec<_> {
            config.servers.iter().map(|it| it.address().to_string()).collect()
        };
        assert_eq!(scopes(conf.config(|_| None)), ["[fe80::1%7]:53"]);
        assert_eq!(scopes(conf.config(|_| Some(3))), ["[fe80::1%7]:53", "[fe80::1%3]:53"]);
    }
}

//! What a script's configuration comes to.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use super::script::Script;
use crate::dnssec::{Config as Checking, Provider, PublicKey, Rollover, Trust};
use crate::name::Name;
use crate::number::DnssecAlgorithm;
use crate::recursive::{Config, Role, Stale, Upstream};

/// What a resolver is to be.
pub(super) struct Setup {
    pub(super) config: Config,
    pub(super) trust: Option<Trust>,
    /// Seconds since 1970 that signatures are judged by.
    pub(super) clock: Option<u64>,
}

/// Features whose scripts are not run.
const OUT_OF_SCOPE: [(&str, &str); 12] = [
    ("rpz:", "rpz"),
    ("local-zone:", "local-zone"),
    ("local-data:", "local-zone"),
    ("local-zone-tag:", "local-zone"),
    ("dns64-prefix:", "dns64"),
    ("nat64-prefix:", "dns64"),
    ("response-ip:", "respip"),
    ("response-ip-data:", "respip"),
    ("view:", "views"),
    ("access-control-view:", "views"),
    // Signatures that are there are not hidden from who asks for them.
    ("disable-edns-do:", "disable-edns-do"),
    // An option of Unbound's own, with a number for experiments.
    ("edns-client-string:", "edns-client-string"),
];

/// Splits a configuration into words; quotes hold together.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for line in text.lines() {
        let (mut token, mut quoted, mut some) = (String::new(), None, false);
        for letter in line.chars() {
            match (letter, quoted) {
                ('#', None) if !some => break,
                (';', None) if !some => break,
                ('"' | '\'', None) => (quoted, some) = (Some(letter), true),
                (_, Some(mark)) if letter == mark => quoted = None,
                (_, None) if letter.is_whitespace() => {
                    if core::mem::take(&mut some) {
                        tokens.push(core::mem::take(&mut token));
                    }
                }
                _ => {
                    token.push(letter);
                    some = true;
                }
            }
        }
        if some {
            tokens.push(token);
        }
    }
    tokens
}

/// Returns the feature that a script of this configuration is about, if it is not done here.
pub(super) fn feature(config: &str) -> Option<&'static str> {
    out_of_scope(&tokens(own(config)))
}

/// Returns a configuration without the files behind it.
fn own(config: &str) -> &str {
    let text = config.split("TEMPFILE_NAME").next().unwrap_or(config);
    text.split("AUTOTRUST_FILE").next().unwrap_or(text)
}

/// Reads a configuration; what is wrong with it is told.
pub(super) fn read(script: &Script) -> Result<Setup, String> {
    let mut reader = Reader::default();
    let mut words = tokens(own(&script.config)).into_iter().peekable();
    while let Some(key) = words.next() {
        if matches!(key.as_str(), "server:" | "stub-zone:" | "forward-zone:" | "remote-control:") {
            reader.stanza(&key);
        } else if key.ends_with(':') {
            // Words that follow the first are more of a list.
            let Some(value) = words.next() else { break };
            let snoop = words.next_if(|it| it == "allow_snoop").is_some();
            reader.config.snoop |= key == "access-control:" && snoop;
            reader.option(&key, value)?;
        }
    }
    reader.end(script)
}

/// Returns the feature that a script is about, if it is not done here.
fn out_of_scope(tokens: &[String]) -> Option<&'static str> {
    let all = tokens.iter().enumerate();
    let found = all.filter_map(|(at, token)| {
        let (key, feature) = OUT_OF_SCOPE.into_iter().find(|(key, _)| token == key)?;
        let is = |place: usize, word: &str| tokens.get(at + place).is_some_and(|it| it == word);
        // `local-zone: NAME nodefault` has it asked for elsewhere.
        let nothing = is(1, "no") || key == "local-zone:" && is(2, "nodefault");
        (!nothing).then_some(feature)
    });
    // A resolver that keeps whatever stands beside an answer is not made here.
    let unknown = |pair: &[String]| matches!(pair, [key, value] if key == "harden-unknown-additional:" && value == "no");
    if tokens.windows(2).any(unknown) {
        return Some("harden-unknown-additional: no");
    }
    // Whom to answer is decided before a resolver is asked.
    let whom = |triple: &[String]| matches!(triple, [key, _, what] if key == "access-control:" && (what == "deny" || what == "refuse"));
    if tokens.windows(3).any(whom) {
        return Some("access-control");
    }
    let modules = ["dns64", "respip"].into_iter();
    let mut modules = modules.filter(|module| {
        let named = |pair: &[String]| {
            matches!(pair, [key, value] if key == "module-config:" && value.contains(module))
        };
        tokens.windows(2).any(named)
    });
    found.into_iter().next().or_else(|| modules.next())
}

/// A configuration as far as it has been read.
struct Reader {
    config: Config,
    anchors: Vec<String>,
    insecure: Vec<String>,
    fake: bool,
    every_algorithm: bool,
    clock: Option<u64>,
    any_date: bool,
    validator: bool,
    stale: bool,
    terms: Stale,
    /// The zone whose stanza is being read.
    upstream: Option<Upstream>,
}

impl Default for Reader {
    fn default() -> Self {
        let mut config = Config::new([]);
        // Nobody is asked again unless the script says that time is over.
        let never = Duration::from_secs(1 << 30);
        (config.timeout, config.least_timeout) = (never, never);
        config.limits.attempts = 5;
        (config.mixed_case, config.prefetch) = (false, false);
        config.allow_loopback = true;
        Self {
            config,
            anchors: Vec::new(),
            insecure: Vec::new(),
            fake: false,
            every_algorithm: false,
            clock: None,
            any_date: false,
            validator: true,
            stale: false,
            terms: Stale { most: 86_400, patience: Duration::from_millis(1800), ttl: 30 },
            upstream: None,
        }
    }
}

impl Reader {
    /// Begins a stanza, and ends the one before.
    fn stanza(&mut self, key: &str) {
        if let Some(upstream) = self.upstream.take() {
            if upstream.zone.is_root() && upstream.role == Role::Authority {
                let servers = upstream.servers.iter();
                self.config.roots.extend(servers.map(|it| (Name::ROOT, it.ip())));
            } else if !upstream.servers.is_empty() {
                self.config.upstreams.push(upstream);
            }
        }
        let role = if key == "stub-zone:" { Role::Authority } else { Role::Forwarder };
        let upstream = Upstream::new(Name::ROOT, [], role);
        self.upstream = (key != "server:").then_some(upstream);
    }

    fn option(&mut self, key: &str, value: String) -> Result<(), String> {
        match &mut self.upstream {
            Some(upstream) => zone_option(upstream, key, &value)?,
            None => {
                if !self.limit(key, &value) && !self.checking(key, &value) {
                    self.manner(key, &value);
                }
            }
        }
        Ok(())
    }

    /// Takes an option that sets a bound; says whether it is one.
    fn limit(&mut self, key: &str, value: &str) -> bool {
        let number = value.parse::<u32>().unwrap_or_default();
        let time = Duration::from_millis(number.into());
        let limits = &mut self.config.limits;
        match key {
            "iter-scrub-ns:" => limits.servers = usize::try_from(number).unwrap_or(usize::MAX),
            "num-queries-per-thread:" => {
                limits.clients = usize::try_from(number).unwrap_or(usize::MAX);
            }
            "cache-max-ttl:" => limits.ttl = number,
            "cache-min-ttl:" => limits.least_ttl = number,
            "cache-max-negative-ttl:" => limits.negative_ttl = number,
            "cache-min-negative-ttl:" => limits.least_negative_ttl = number,
            "discard-timeout:" if time.is_zero() => limits.discard = Duration::MAX,
            "discard-timeout:" => limits.discard = time,
            "serve-expired-ttl:" => self.terms.most = if number == 0 { u32::MAX } else { number },
            "serve-expired-reply-ttl:" => self.terms.ttl = number,
            "serve-expired-client-timeout:" => self.terms.patience = time,
            _ => return false,
        }
        true
    }

    /// Takes an option of validation; says whether it is one.
    fn checking(&mut self, key: &str, value: &str) -> bool {
        match key {
            "module-config:" => self.validator = value.contains("validator"),
            "trust-anchor:" => self.anchors.push(value.to_string()),
            "domain-insecure:" => self.insecure.push(value.to_string()),
            "fake-sha1:" => self.fake = value == "yes",
            "harden-algo-downgrade:" => self.every_algorithm = value == "yes",
            // Without a date, one that suits every signature.
            "val-override-date:" if value == "-1" => self.any_date = true,
            "val-override-date:" => self.clock = Some(date(value)),
            _ => return false,
        }
        true
    }

    /// Takes an option of how things are done.
    fn manner(&mut self, key: &str, value: &str) {
        let yes = value == "yes";
        let config = &mut self.config;
        match key {
            "qname-minimisation:" => config.minimise = yes,
            "minimal-responses:" => config.minimal = yes,
            "iter-scrub-promiscuous:" => config.answer_with_servers = !yes,
            "do-ip6:" => config.ipv6 = yes,
            "edns-tcp-keepalive-timeout:" => {
                config.keepalive = value.parse().ok().map(Duration::from_millis);
            }
            "nsid:" => {
                let text = value.strip_prefix("ascii_").unwrap_or_default();
                config.identity = text.as_bytes().to_vec();
            }
            "prefetch:" => config.prefetch = yes,
            "aggressive-nsec:" => config.aggressive = yes,
            "serve-expired:" => self.stale = yes,
            "private-address:" => {
                let (address, length) = value.split_once('/').unwrap_or((value, "128"));
                if let (Ok(address), Ok(length)) = (address.parse(), length.parse()) {
                    config.private.push((address, length));
                }
            }
            // With `nodefault`, as others are not run.
            "local-zone:" => config.local.retain(|zone| Ok(zone) != value.parse().as_ref()),
            "private-domain:" => config.private_zones.extend(value.parse::<Name>().ok()),
            _ => {}
        }
    }

    fn end(mut self, script: &Script) -> Result<Setup, String> {
        self.stanza("server:");
        let config = &mut self.config;
        config.stale = self.stale.then(|| self.terms.clone());
        if config.limits.discard < Duration::from_secs(10) && config.stale.is_some() {
            config.limits.discard = Duration::from_secs(10);
        }
        let followed = script.files.iter().map(|file| Rollover::parse(&file.name, &file.text));
        let followed: Result<Vec<_>, _> = followed.collect();
        let followed = followed.map_err(|error| error.to_string())?;
        let any = !self.anchors.is_empty() || !followed.is_empty();
        let trust = (self.validator && any).then(|| {
            let mut trust = self.trust();
            followed.into_iter().for_each(|anchors| trust.follow(anchors));
            trust
        });
        let clock = if self.any_date { script.signed() } else { self.clock };
        Ok(Setup { config: self.config, trust, clock })
    }

    /// Makes what is trusted of what was configured.
    fn trust(&self) -> Trust {
        let mut checking = Checking::default();
        checking.policy.every_algorithm = self.every_algorithm;
        if self.fake {
            checking.policy.provider = Provider { supports: pretended, verify: pretend };
        }
        let mut trust = Trust::new(checking);
        for anchor in &self.anchors {
            let _ = trust.add_anchors("anchor", format!("$TTL 3600\n{anchor}\n").as_bytes());
        }
        let insecure = self.insecure.iter().filter_map(|name| name.parse().ok());
        insecure.for_each(|name| trust.add_negative_anchor(name));
        trust
    }
}

/// Takes an option of a zone whose servers are configured.
fn zone_option(upstream: &mut Upstream, key: &str, value: &str) -> Result<(), String> {
    let yes = value == "yes";
    match key {
        "name:" => upstream.zone = value.parse().map_err(|_| format!("zone {value}"))?,
        "stub-addr:" | "forward-addr:" => {
            let address = value.split(['@', '#']).next().unwrap_or_default();
            let address: IpAddr = address.parse().map_err(|_| value.to_string())?;
            upstream.servers.push(SocketAddr::new(address, 53));
        }
        "stub-host:" | "forward-host:" => upstream.hosts.extend(value.parse::<Name>().ok()),
        "stub-no-cache:" | "forward-no-cache:" => upstream.cached = !yes,
        "stub-first:" | "forward-first:" => upstream.first = yes,
        "forward-tcp-upstream:" | "stub-tcp-upstream:" => upstream.tcp = yes,
        _ => {}
    }
    Ok(())
}

/// Algorithms whose signatures count in scripts as if they were right.
fn is_fake(algorithm: DnssecAlgorithm) -> bool {
    matches!(
        algorithm,
        DnssecAlgorithm::DSA
            | DnssecAlgorithm::RSASHA1
            | DnssecAlgorithm::DSA_NSEC3_SHA1
            | DnssecAlgorithm::RSASHA1_NSEC3_SHA1
    )
}

fn pretended(algorithm: DnssecAlgorithm) -> bool {
    is_fake(algorithm) || PublicKey::supports(algorithm)
}

fn pretend(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let fake = is_fake(key.algorithm()) && !signature.is_empty();
    fake || key.verify(message, signature)
}

/// Reads YYYYMMDDHHMMSS, or seconds since 1970.
fn date(text: &str) -> u64 {
    let part = |from: usize, to: usize| {
        text.get(from..to).and_then(|it| it.parse::<u64>().ok()).unwrap_or_default()
    };
    if text.len() != 14 {
        return text.parse().unwrap_or_default();
    }
    let (year, month, day) = (part(0, 4), part(4, 6), part(6, 8));
    // Days from civil: years begin in March.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    (days - 719_468) * 86_400 + part(8, 10) * 3600 + part(10, 12) * 60 + part(12, 14)
}

//! What a script's configuration comes to.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use crate::dnssec::{Config as Checking, Policy, Provider, PublicKey, Trust};
use crate::name::Name;
use crate::number::DnssecAlgorithm;
use crate::recursive::{Config, Role, Stale, Upstream};

/// A resolver's configuration, and the reasons for not running a script.
pub(super) struct Setup {
    pub(super) config: Config,
    pub(super) trust: Option<Trust>,
    /// Seconds since 1970 that signatures are judged by.
    pub(super) clock: Option<u64>,
}

/// Features whose scripts are not run.
const OUT_OF_SCOPE: [(&str, &str); 10] = [
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

/// Reads a configuration; what is wrong with it is told, or why it is skipped.
pub(super) fn read(text: &str) -> Result<Setup, Result<String, String>> {
    let text = text.split("TEMPFILE_NAME").next().unwrap_or(text);
    let text = text.split("AUTOTRUST_FILE").next().unwrap_or(text);
    let tokens = tokens(text);
    for (key, feature) in OUT_OF_SCOPE {
        // `local-zone: NAME nodefault` has it asked for elsewhere.
        let used = |at: usize| {
            tokens.get(at + 2).is_none_or(|it| key != "local-zone:" || it != "nodefault")
        };
        if tokens.iter().enumerate().any(|(at, token)| token == key && used(at)) {
            return Err(Ok(feature.to_string()));
        }
    }
    let mut config = Config::new([]);
    config.timeout = Duration::from_secs(1 << 30);
    config.limits.attempts = 5;
    (config.mixed_case, config.prefetch) = (false, false);
    (config.allow_loopback, config.aggressive) = (true, false);
    let (mut anchors, mut fake, mut clock) = (Vec::new(), false, None);
    let (mut insecure, mut validator) = (Vec::new(), true);
    let mut stale: Option<bool> = None;
    let mut terms = Stale { most: 86_400, patience: Duration::from_millis(1800), ttl: 30 };
    let mut upstream: Option<Upstream> = None;
    let mut words = tokens.into_iter().peekable();
    let mut done = Vec::new();
    while let Some(key) = words.next() {
        if matches!(key.as_str(), "server:" | "stub-zone:" | "forward-zone:" | "remote-control:") {
            done.extend(upstream.take());
            let role = match key.as_str() {
                "stub-zone:" => Role::Authority,
                _ => Role::Forwarder,
            };
            upstream = (key != "server:").then(|| Upstream {
                zone: Name::ROOT,
                servers: Vec::new(),
                role,
                first: false,
                tcp: false,
            });
            continue;
        }
        if !key.ends_with(':') {
            // A second value, of a list.
            continue;
        }
        let Some(value) = words.next() else { break };
        let yes = value == "yes";
        let number = || value.parse::<u32>().unwrap_or_default();
        if let Some(upstream) = &mut upstream {
            match key.as_str() {
                "name:" => {
                    upstream.zone = value.parse().map_err(|_| Err(format!("zone {value}")))?;
                }
                "stub-addr:" | "forward-addr:" => {
                    let address = value.split(['@', '#']).next().unwrap_or_default();
                    let address: IpAddr = address.parse().map_err(|_| Err(value.clone()))?;
                    upstream.servers.push(SocketAddr::new(address, 53));
                }
                "stub-first:" | "forward-first:" => upstream.first = yes,
                "forward-tcp-upstream:" | "stub-tcp-upstream:" => upstream.tcp = yes,
                _ => {}
            }
            continue;
        }
        match key.as_str() {
            "module-config:" => {
                if value.contains("dns64") || value.contains("respip") {
                    let feature = if value.contains("dns64") { "dns64" } else { "respip" };
                    return Err(Ok(feature.to_string()));
                }
                validator = value.contains("validator");
            }
            "qname-minimisation:" => config.minimise = yes,
            "minimal-responses:" => config.minimal = yes,
            "iter-scrub-promiscuous:" => config.answer_with_servers = !yes,
            "iter-scrub-ns:" => {
                config.limits.servers = usize::try_from(number()).unwrap_or(usize::MAX)
            }
            "do-ip6:" => config.ipv6 = yes,
            "prefetch:" => config.prefetch = yes,
            "aggressive-nsec:" => config.aggressive = yes,
            "serve-expired:" => stale = Some(yes),
            "serve-expired-ttl:" => terms.most = if number() == 0 { u32::MAX } else { number() },
            "serve-expired-reply-ttl:" => terms.ttl = number(),
            "serve-expired-client-timeout:" => {
                terms.patience = Duration::from_millis(number().into());
            }
            "cache-max-ttl:" => config.limits.ttl = number(),
            "cache-min-ttl:" => config.limits.least_ttl = number(),
            "cache-max-negative-ttl:" => config.limits.negative_ttl = number(),
            "cache-min-negative-ttl:" => config.limits.least_negative_ttl = number(),
            "access-control:" => {
                config.snoop |= words.next_if(|it| it == "allow_snoop").is_some();
            }
            "discard-timeout:" => {
                config.limits.discard = Duration::from_millis(number().into());
            }
            "trust-anchor:" => anchors.push(value),
            // With `nodefault`, as others are not run.
            "local-zone:" => config.local.retain(|zone| Ok(zone) != value.parse().as_ref()),
            "domain-insecure:" => insecure.push(value),
            "fake-sha1:" => fake = yes,
            "val-override-date:" => clock = Some(date(&value)),
            "private-address:" => {
                let (address, length) = value.split_once('/').unwrap_or((&value, "128"));
                if let (Ok(address), Ok(length)) = (address.parse(), length.parse()) {
                    config.private.push((address, length));
                }
            }
            "private-domain:" => config.private_zones.extend(value.parse::<Name>().ok()),
            "tcp-upstream:" => {}
            _ => {}
        }
    }
    done.extend(upstream);
    config.stale = stale.unwrap_or(false).then_some(terms);
    if config.limits.discard < Duration::from_secs(10) && config.stale.is_some() {
        config.limits.discard = Duration::from_secs(10);
    }
    for upstream in done {
        if upstream.zone.is_root() && upstream.role == Role::Authority {
            config.roots.extend(upstream.servers.iter().map(|it| (Name::ROOT, it.ip())));
        } else if !upstream.servers.is_empty() {
            config.upstreams.push(upstream);
        }
    }
    let trust = (validator && !anchors.is_empty()).then(|| trust(&anchors, &insecure, fake));
    Ok(Setup { config, trust, clock })
}

fn trust(anchors: &[String], insecure: &[String], fake: bool) -> Trust {
    let mut checking = Checking::default();
    if fake {
        let policy = Policy::default();
        let provider = Provider { supports: pretended, verify: pretend };
        checking.policy = Policy { provider, ..policy };
    }
    let mut trust = Trust::new(checking);
    for anchor in anchors {
        let _ = trust.add_anchors("anchor", format!("$TTL 3600\n{anchor}\n").as_bytes());
    }
    for name in insecure {
        if let Ok(name) = name.parse() {
            trust.add_negative_anchor(name);
        }
    }
    trust
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
    is_fake(key.algorithm()) || key.verify(message, signature)
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

//! Any text is an `/etc/resolv.conf` and an `/etc/hosts`, within the limits; what was understood of
//! the first is understood again, and in the second names and addresses know each other.
#![no_main]
use homing::dns::Name;
use homing::dns::stub::{Hosts, Limits, ResolvConf};
use libfuzzer_sys::fuzz_target;

/// Writes what was understood, in an order of its own.
fn print(conf: &ResolvConf) -> String {
    let mut text = String::new();
    for server in &conf.nameservers {
        let scope = server.scope.iter().map(|scope| format!("%{scope}"));
        text += &format!("nameserver {}{}\n", server.address, scope.collect::<String>());
    }
    let domains = conf.search.domains.iter().map(|domain| format!(" {domain}"));
    text += &format!("search{}\n", domains.collect::<String>());
    let options = &conf.options;
    text += &format!("options ndots:{}", conf.search.dots);
    for (is, word) in [
        (options.rotate, "rotate"),
        (options.use_vc, "use-vc"),
        (options.trust_ad, "trust-ad"),
        (options.no_aaaa, "no-aaaa"),
    ] {
        text += &if is { format!(" {word}") } else { String::new() };
    }
    let timeout = options.timeout.iter().map(|it| format!(" timeout:{}", it.as_secs()));
    let attempts = options.attempts.iter().map(|it| format!(" attempts:{it}"));
    text + &timeout.chain(attempts).collect::<String>() + "\n"
}

fn resolv_conf(text: &[u8]) {
    let limits = Limits { nameservers: 2, domains: 4, domains_octets: 100, ..Limits::default() };
    let conf = ResolvConf::parse_with(text, &limits);
    assert!(conf.nameservers.len() <= 2 && conf.search.domains.len() <= 4);
    assert!(conf.problems.iter().all(|problem| problem.offset() < text.len()));
    let config = conf.config(|_| None);
    assert!(config.servers.len() <= 2 && (1..=5).contains(&config.rounds));
    // A domain that begins as a comment does is written as one.
    let comments = |domain: &Name| domain.to_string().starts_with([';', '#']);
    if !conf.search.domains.iter().any(comments) {
        // A dot more each may be more than the limit has.
        let limits = Limits { domains_octets: 1000, ..limits };
        let again = ResolvConf::parse_with(print(&conf).as_bytes(), &limits);
        assert_eq!(ResolvConf { problems: Vec::new(), ..conf }, again);
    }
}

fn hosts(text: &[u8]) {
    let hosts = Hosts::parse_with(text, &Limits { hosts: 8, ..Limits::default() });
    assert!(hosts.problems().iter().all(|problem| problem.offset() < text.len()));
    let mut known = 0;
    let words = text.split(|octet| octet.is_ascii_whitespace() || *octet == b'#');
    let names: std::collections::BTreeSet<Name> =
        words.filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok()).collect();
    for name in &names {
        let addresses = hosts.addresses(name);
        known += addresses.len();
        assert!(addresses.iter().all(|address| hosts.names(*address).contains(name)));
    }
    assert!(known <= 8);
}

fuzz_target!(|text: &[u8]| {
    resolv_conf(text);
    hosts(text);
});

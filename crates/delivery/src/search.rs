//! The search for a server that takes mail for a domain: what to look up, whom to connect to, in
//! which order (RFC 5321 §5.1).
use alloc::{collections::VecDeque, sync::Arc, vec::Vec};
use core::net::{IpAddr, SocketAddr};

use dns_proto::{Name, Rdata, RecordType};

use crate::cause::{own, status, words};
use crate::{Answer, Cause, Config, Hop, NoRoute, Policy, Security, Target, Tlsa, route};

/// What a search wants next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Want {
    LookUp(Name, RecordType),
    /// The MTA-STS policy of this domain, which its TXT record calls this; it may be cached.
    Policy(Name, Option<Vec<u8>>),
    Connect(Hop),
    /// What was asked for before.
    Nothing,
    /// There is nobody, for now or for good.
    Failed {
        cause: Cause,
        for_good: bool,
    },
}

/// How servers are spoken to.
#[derive(Clone, Debug)]
pub(crate) struct Manner {
    pub(crate) port: u16,
    pub(crate) lmtp: bool,
    pub(crate) security: Security,
    /// The message has REQUIRETLS (RFC 8689).
    pub(crate) requires_tls: bool,
}

#[derive(Debug)]
pub(crate) struct Search {
    manner: Manner,
    /// By whose MX records the hosts are found.
    domain: Option<Name>,
    stage: Stage,
    /// What is to be asked, and what is asked and not answered.
    asks: VecDeque<(Name, RecordType)>,
    open: Vec<RecordType>,
    hosts: VecDeque<(u16, Name)>,
    /// DNSSEC vouches for the hosts.
    validated: bool,
    policy: Option<Arc<Policy>>,
    host: Option<Host>,
    hosts_left: usize,
    addresses_left: usize,
    /// The host last connected to, as it is to be tried again if there is no agreeing on TLS.
    clear: Option<Hop>,
    last: Option<Cause>,
    /// Another time may be better.
    passing: bool,
}

#[derive(Debug)]
struct Host {
    name: Option<Name>,
    /// The host that this name is an alias of, if it is one.
    alias: Option<Name>,
    preference: u16,
    addresses: VecDeque<IpAddr>,
    validated: bool,
    tlsa: Option<Vec<Tlsa>>,
    /// The names whose TLSA records may count, and whose do (RFC 7672 §2.2.3).
    bases: VecDeque<Name>,
    base: Option<Name>,
}

impl Host {
    fn new(name: Option<Name>, preference: u16, addresses: VecDeque<IpAddr>) -> Self {
        Self {
            alias: None,
            // Each address query can only take it away.
            validated: name.is_some(),
            name,
            preference,
            addresses,
            tlsa: None,
            bases: VecDeque::new(),
            base: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Mx,
    Sts,
    Policy,
    Hosts,
    Addresses,
    Tlsa,
    Connect,
    Connecting,
    /// There was no agreeing on TLS.
    Clear,
    Over,
}

impl Search {
    /// For the hosts of a domain's MX records.
    pub(crate) fn mx(domain: Name, manner: Manner, config: &Config) -> Self {
        let mut search = Self::new(manner, config, Stage::Mx);
        search.ask(domain.clone(), RecordType::MX);
        search.domain = Some(domain);
        search
    }

    /// For one host.
    pub(crate) fn host(target: &Target, manner: Manner, config: &Config) -> Self {
        let mut search = Self::new(manner, config, Stage::Hosts);
        match target {
            Target::Host(name) => {
                search.hosts.push_back((0, name.clone()));
                // RFC 7672 §2.2.2: the operator vouches for it; but a cable's other end has no keys.
                search.validated = search.manner.security != Security::Plain;
            }
            Target::Address(address) => {
                search.stage = Stage::Connect;
                search.host = Some(Host::new(None, 0, [*address].into()));
            }
        }
        search
    }

    fn new(manner: Manner, config: &Config, stage: Stage) -> Self {
        Self {
            manner,
            domain: None,
            stage,
            asks: VecDeque::new(),
            open: Vec::new(),
            hosts: VecDeque::new(),
            validated: false,
            policy: None,
            host: None,
            hosts_left: config.limits.hosts.max(1),
            addresses_left: config.limits.addresses.max(1),
            clear: None,
            last: None,
            passing: false,
        }
    }

    /// Says what to do next, until `Nothing`.
    pub(crate) fn next(&mut self, config: &Config) -> Want {
        loop {
            if let Some((name, rtype)) = self.asks.pop_front() {
                self.open.push(rtype);
                return Want::LookUp(name, rtype);
            }
            if !self.open.is_empty() {
                return Want::Nothing;
            }
            match self.stage {
                Stage::Hosts => self.next_host(config),
                Stage::Addresses => self.judge_addresses(config),
                Stage::Connect => {
                    if let Some(want) = self.next_address(config) {
                        return want;
                    }
                }
                Stage::Clear => {
                    self.stage = Stage::Connect;
                    if let Some(hop) = self.clear.take() {
                        self.stage = Stage::Connecting;
                        return Want::Connect(hop);
                    }
                }
                Stage::Over => return self.failure(),
                Stage::Mx | Stage::Sts | Stage::Policy | Stage::Tlsa | Stage::Connecting => {
                    return Want::Nothing;
                }
            }
        }
    }

    /// Takes what DNS said; what was not asked is ignored.
    pub(crate) fn found(
        &mut self,
        config: &Config,
        rtype: RecordType,
        answer: Answer,
        random: u64,
    ) -> Option<Want> {
        let asked = self.open.iter().position(|it| *it == rtype)?;
        self.open.swap_remove(asked);
        match rtype {
            RecordType::MX => self.found_mx(config, answer, random),
            RecordType::TXT => return self.found_txt(&answer),
            RecordType::CNAME => self.found_alias(&answer),
            RecordType::TLSA => self.found_tlsa(answer),
            _ => self.found_address(answer),
        }
        None
    }

    /// Takes the domain's policy, if it has one.
    pub(crate) fn policy(&mut self, policy: Option<Arc<Policy>>) {
        if self.stage == Stage::Policy {
            self.policy = policy;
            self.stage = Stage::Hosts;
        }
    }

    /// Notes that the host last connected to will not do.
    pub(crate) fn refused(&mut self, cause: Cause) {
        if self.stage == Stage::Connecting {
            self.fail_for_now(cause);
            self.stage = Stage::Connect;
        }
    }

    /// Notes that there was no agreeing on TLS with the host last connected to.
    pub(crate) fn tls_failed(&mut self, cause: Cause) {
        if self.stage == Stage::Connecting {
            self.fail_for_now(cause);
            self.stage = Stage::Clear;
        }
    }

    fn ask(&mut self, name: Name, rtype: RecordType) {
        self.asks.push_back((name, rtype));
    }

    fn fail_for_now(&mut self, cause: Cause) {
        (self.last, self.passing) = (Some(cause), true);
    }

    fn found_mx(&mut self, config: &Config, answer: Answer, random: u64) {
        self.stage = Stage::Over;
        let Some(domain) = self.domain.clone() else { return };
        let (records, validated) = match answer {
            Answer::Records(records, validated) => (records, validated),
            Answer::NoSuchName => {
                self.last = Some(own(status(5, 1, 2), "no such domain"));
                return;
            }
            // RFC 5321 §5.1: to try the domain's address now would be wrong.
            Answer::Failed => {
                return self.fail_for_now(own(status(4, 4, 3), "the domain was not found now"));
            }
        };
        let mx = records.iter().filter_map(|record| match record.data() {
            Rdata::Mx { preference, exchange } => Some((preference, exchange.to_name())),
            _ => None,
        });
        self.validated = validated;
        match route(&domain, mx.collect(), &config.own, random) {
            Ok(hosts) => self.hosts = hosts.into(),
            Err(error) => {
                self.last = Some(Cause::new(no_route(error), words(&error)));
                return;
            }
        }
        self.stage = Stage::Hosts;
        if config.sts
            && let Some(name) = below("_mta-sts", &domain)
        {
            self.stage = Stage::Sts;
            self.ask(name, RecordType::TXT);
        }
    }

    fn found_txt(&mut self, answer: &Answer) -> Option<Want> {
        let domain = self.domain.clone()?;
        self.stage = Stage::Policy;
        let id = match answer {
            Answer::Records(records, _) => crate::sts::id(records),
            _ => None,
        };
        Some(Want::Policy(domain, id))
    }

    fn next_host(&mut self, config: &Config) {
        let Some((preference, name)) = self.hosts.pop_front().filter(|_| self.hosts_left > 0)
        else {
            self.stage = Stage::Over;
            return;
        };
        // RFC 8461 §4.1: the policy names the hosts that may have the mail.
        if self.enforced().is_some_and(|policy| !policy.matches(&name)) {
            let cause = own(status(4, 7, 0), "the domain's MTA-STS policy does not name this host");
            return self.fail_for_now(cause);
        }
        self.hosts_left -= 1;
        self.stage = Stage::Addresses;
        if config.ipv6 {
            self.ask(name.clone(), RecordType::AAAA);
        }
        if config.ipv4 {
            self.ask(name.clone(), RecordType::A);
        }
        self.host = Some(Host::new(Some(name), preference, VecDeque::new()));
    }

    fn found_address(&mut self, answer: Answer) {
        let Some(host) = &mut self.host else { return };
        match answer {
            Answer::Records(records, validated) => {
                let found = records.iter().filter_map(|record| record.data().address());
                host.addresses.extend(found);
                host.validated &= validated;
                if let Some(name) = &host.name {
                    host.alias = end_of_chain(name, &records).or_else(|| host.alias.take());
                }
            }
            Answer::NoSuchName => host.validated = false,
            Answer::Failed => {
                host.validated = false;
                self.fail_for_now(own(status(4, 4, 3), "the host was not found now"));
            }
        }
    }

    /// Both families are answered.
    fn judge_addresses(&mut self, config: &Config) {
        let Some(host) = &self.host else { return };
        if host.addresses.iter().any(|address| config.addresses.contains(address)) {
            return self.meet_ourselves();
        }
        self.stage = Stage::Connect;
        if host.addresses.is_empty() {
            if self.last.is_none() {
                self.last = Some(own(status(5, 4, 4), "the host has no address"));
            }
            return;
        }
        if config.dane && self.validated {
            self.find_bases();
        }
    }

    /// RFC 7672 §2.2.2: whose TLSA records may count, behind validated MX records.
    fn find_bases(&mut self) {
        let Some(host) = &mut self.host else { return };
        let Some(name) = host.name.clone() else { return };
        match (host.alias.clone(), host.validated) {
            (alias, true) => {
                host.bases = alias.into_iter().chain([name]).collect();
                self.next_base();
            }
            // Where the alias leads to is not validated, but the alias itself may be.
            (Some(_), false) => {
                self.stage = Stage::Tlsa;
                self.ask(name, RecordType::CNAME);
            }
            (None, false) => {}
        }
    }

    fn found_alias(&mut self, answer: &Answer) {
        let Some(host) = &mut self.host else { return };
        match answer {
            Answer::Records(_, true) => host.bases.extend(host.name.clone()),
            Answer::Failed => return self.hide(),
            _ => {}
        }
        self.next_base();
    }

    /// Asks for the TLSA records of the next name; without one, connects.
    fn next_base(&mut self) {
        self.stage = Stage::Connect;
        let Some(host) = &mut self.host else { return };
        host.base = host.bases.pop_front();
        let Some(base) = &host.base else { return };
        if let Some(name) = below(&alloc::format!("_{}._tcp", self.manner.port), base) {
            self.stage = Stage::Tlsa;
            self.ask(name, RecordType::TLSA);
        }
    }

    /// RFC 7672 §2.1.3: who cannot be asked may be hidden by somebody.
    fn hide(&mut self) {
        self.stage = Stage::Connect;
        if let Some(host) = &mut self.host {
            host.addresses.clear();
        }
        self.fail_for_now(own(status(4, 7, 0), "the host's TLSA records were not found now"));
    }

    /// RFC 5321 §5.1: we, and all who are no better than we, are left out.
    fn meet_ourselves(&mut self) {
        let ours = self.host.take().map_or(0, |host| host.preference);
        self.hosts.retain(|(preference, _)| *preference < ours);
        if self.last.is_none() {
            self.last = Some(Cause::new(no_route(NoRoute::Loop), words(&NoRoute::Loop)));
        }
        self.stage = Stage::Hosts;
    }

    fn found_tlsa(&mut self, answer: Answer) {
        match answer {
            Answer::Records(records, true) if records.iter().any(is_tlsa) => {
                self.stage = Stage::Connect;
                if let Some(host) = &mut self.host {
                    host.tlsa = Some(records.iter().filter_map(Tlsa::of).collect());
                }
            }
            Answer::Failed => self.hide(),
            _ => self.next_base(),
        }
    }

    /// The next address to connect to; else goes on to the next host.
    fn next_address(&mut self, config: &Config) -> Option<Want> {
        let address = self.host.as_mut().and_then(|host| host.addresses.pop_front());
        let Some((address, host)) = address.zip(self.host.as_ref()) else {
            self.stage = Stage::Hosts;
            return None;
        };
        let Some(security) = self.protection(host) else {
            self.host = None;
            if self.last.is_none() {
                self.last = Some(own(
                    status(5, 7, 30),
                    "the host cannot be known for sure, as REQUIRETLS wants",
                ));
            }
            return None;
        };
        if self.addresses_left == 0 {
            self.stage = Stage::Over;
            return None;
        }
        self.addresses_left -= 1;
        self.stage = Stage::Connecting;
        // RFC 7672 §3.2.2, §8.1: the name whose keys count is the one that is asked for, before
        // all others.
        let mut names: Vec<Name> = host.base.iter().chain(&host.name).cloned().collect();
        names.dedup();
        names.extend(self.domain.clone());
        let hop = Hop {
            host: host.name.clone(),
            address: SocketAddr::new(address, self.manner.port),
            names,
            lmtp: self.manner.lmtp,
            security,
            policy: self.policy.clone(),
        };
        let good_enough = config.in_clear && hop.security == Security::Opportunistic;
        self.clear = good_enough.then(|| Hop { security: Security::Plain, ..hop.clone() });
        Some(Want::Connect(hop))
    }

    /// How a host is spoken to; `None` if a message with REQUIRETLS must not go there.
    fn protection(&self, host: &Host) -> Option<Security> {
        let floor = self.manner.security.clone();
        let found = match (&host.tlsa, self.enforced()) {
            // RFC 7672 §2.2: keys of no kind that we know still promise TLS.
            (Some(keys), _) if keys.is_empty() => Security::Encrypted,
            // RFC 8461 §2: DANE goes before MTA-STS.
            (Some(keys), _) => Security::Dane(keys.clone()),
            (None, Some(_)) => Security::Verified,
            (None, None) => Security::Plain,
        };
        if !self.manner.requires_tls {
            return Some(floor.and(found));
        }
        // RFC 8689 §4.2.1: both the way to the host and the host are sure.
        let fixed = self.domain.is_none();
        let sure = fixed || self.validated || self.enforced().is_some();
        sure.then(|| floor.and(found).and(Security::Verified))
    }

    fn enforced(&self) -> Option<&Arc<Policy>> {
        self.policy.as_ref().filter(|policy| policy.is_enforced())
    }

    fn failure(&self) -> Want {
        let last = self.last.clone();
        let cause = last.unwrap_or_else(|| own(status(5, 4, 4), "there is no host to send to"));
        Want::Failed { cause, for_good: !self.passing }
    }
}

fn is_tlsa(record: &dns_proto::Record) -> bool {
    record.rtype() == RecordType::TLSA
}

/// The name that an alias stands for in the end, if it is one. A chain in a circle has no end that
/// counts.
fn end_of_chain(name: &Name, records: &[dns_proto::Record]) -> Option<Name> {
    let target = |of: &Name| {
        records.iter().filter(|record| record.owner() == of).find_map(|it| match it.data() {
            Rdata::Cname { target } => Some(target.to_name()),
            _ => None,
        })
    };
    let mut end = target(name)?;
    for _ in records {
        match target(&end) {
            Some(next) => end = next,
            None => return Some(end),
        }
    }
    None
}

fn no_route(error: NoRoute) -> mime::report::StatusCode {
    match error {
        // RFC 7505 §4.2.
        NoRoute::NullMx => status(5, 1, 10),
        NoRoute::Loop => status(5, 4, 6),
    }
}

/// A name below another; `None` if that would be too long.
fn below(labels: &str, name: &Name) -> Option<Name> {
    let labels = labels.split('.').map(str::as_bytes);
    Name::from_labels(labels.chain(name.labels())).ok()
}

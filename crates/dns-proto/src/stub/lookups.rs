//! What applications look up, written once for all who can ask.
use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::message::MessageBuf;
use crate::name::{Name, NameRef};
use crate::number::{Rcode, RecordType};
use crate::random::Random;
use crate::rdata::Rdata;
use crate::stub::targets::{Target, shuffle};
use crate::stub::{
    Chain, Host, Hosts, Limits, MailExchange, Search, Service, ServiceHost, reverse_name,
};

/// The answers to some questions, in their order.
pub(crate) type Answers = Vec<Result<MessageBuf, Error>>;

/// Who can ask: a handle of a stub.
pub(crate) trait Ask {
    /// Asks all questions at once.
    fn ask(&self, questions: Vec<(Name, RecordType)>) -> impl Future<Output = Answers>;

    /// What is known without asking.
    fn local(&self) -> &Local;
}

/// What a host knows without asking.
#[derive(Debug)]
pub(crate) struct Local {
    pub(crate) search: Search,
    pub(crate) hosts: Hosts,
    /// Whether IPv6 addresses are of no use.
    pub(crate) no_aaaa: bool,
    pub(crate) limits: Limits,
    random: Mutex<Random>,
}

impl Local {
    pub(crate) fn new(limits: Limits, random: Random) -> Self {
        let (search, hosts, random) = (Search::default(), Hosts::default(), Mutex::new(random));
        Self { search, hosts, no_aaaa: false, limits, random }
    }

    /// Copies it; the copy draws other numbers.
    pub(crate) fn copy(&self) -> Self {
        let (search, hosts, limits) =
            (self.search.clone(), self.hosts.clone(), self.limits.clone());
        let random = Mutex::new(self.draw(Random::fork));
        Self { search, hosts, no_aaaa: self.no_aaaa, limits, random }
    }

    fn draw<T>(&self, what: impl FnOnce(&mut Random) -> T) -> T {
        what(&mut self.random.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns what need not be asked: an address that was said instead of a name, or one of this
    /// host (RFC 6761 §6.3), or what the hosts file says.
    fn addresses(&self, host: &Host) -> Option<Vec<IpAddr>> {
        if let Some(address) = host.address() {
            return Some(vec![address]);
        }
        let known = self.hosts.addresses(host.name());
        if !known.is_empty() {
            let mut known = known.to_vec();
            known.retain(|address| address.is_ipv4() || !self.no_aaaa);
            known.sort_by_key(IpAddr::is_ipv4);
            return Some(known);
        }
        let top = host.name().labels().last()?;
        let six = Some(IpAddr::from(Ipv6Addr::LOCALHOST)).filter(|_| !self.no_aaaa);
        let four = Some(IpAddr::from(Ipv4Addr::LOCALHOST));
        top.eq_ignore_ascii_case(b"localhost").then(|| six.into_iter().chain(four).collect())
    }
}

/// Finds the addresses of a host.
pub(crate) async fn addresses(ask: &impl Ask, host: &Host) -> Result<Vec<IpAddr>, Error> {
    let local = ask.local();
    if let Some(known) = local.addresses(host) {
        return Ok(known);
    }
    for name in local.search.candidates(host) {
        let found = addresses_of(ask, &[name]).await.pop().unwrap_or(Ok(Vec::new()))?;
        if !found.is_empty() {
            return Ok(found);
        }
    }
    Ok(Vec::new())
}

/// Asks for the addresses of names, all at once; IPv6 ones first.
async fn addresses_of(ask: &impl Ask, names: &[Name]) -> Vec<Result<Vec<IpAddr>, Error>> {
    let types: &[_] = match ask.local().no_aaaa {
        true => &[RecordType::A],
        false => &[RecordType::AAAA, RecordType::A],
    };
    let questions = names.iter().flat_map(|name| types.iter().map(|&it| (name.clone(), it)));
    let answers = ask.ask(questions.collect()).await;
    let limits = &ask.local().limits;
    answers.chunks(types.len()).map(|answers| both(answers, limits)).collect()
}

/// Puts the addresses of both families together. Those of one are worth something without the
/// other's, but that there are none must be said by both.
fn both(answers: &[Result<MessageBuf, Error>], limits: &Limits) -> Result<Vec<IpAddr>, Error> {
    let (mut found, mut failure) = (Vec::new(), None);
    for answer in answers {
        let read = answer.as_ref().map_err(|error| *error);
        match read.and_then(|answer| read_records(answer, limits, |_, data| data.address())) {
            Ok(addresses) => found.extend(addresses),
            Err(error) => failure = Some(error),
        }
    }
    match failure {
        Some(error) if found.is_empty() => Err(error),
        _ => Ok(found),
    }
}

/// Asks for records of a type at what a host may mean, until there are some. Without, returns the
/// answer for the name as it was said, if that was the first; or one that there are other types; or
/// the first (h_errno of res_search(3)).
pub(crate) async fn records(
    ask: &impl Ask,
    host: &Host,
    rtype: RecordType,
) -> Result<MessageBuf, Error> {
    let local = ask.local();
    let mut negative: Option<(MessageBuf, bool)> = None;
    for name in local.search.candidates(host) {
        let literal = name == *host.name();
        let answer = ask.ask(vec![(name, rtype)]).await.pop();
        let answer = answer.unwrap_or(Err(Error::Unanswered))?;
        if read_records(&answer, &local.limits, |_, _| Some(()))?.next().is_some() {
            return Ok(answer);
        }
        let better = answer.view().rcode() == Rcode::NOERROR;
        match &negative {
            None => negative = Some((answer, literal)),
            Some((_, false)) if better => negative = Some((answer, true)),
            Some(_) => {}
        }
    }
    negative.map(|(answer, _)| answer).ok_or(Error::Unanswered)
}

/// Finds who takes mail for a domain.
pub(crate) async fn mx(ask: &impl Ask, domain: &Host) -> Result<Vec<MailExchange>, Error> {
    let (local, answer) = (ask.local(), records(ask, domain, RecordType::MX).await?);
    let read = |_: &Name, data: Rdata<'_>| MailExchange::read(data);
    let mut list: Vec<_> = read_records(&answer, &local.limits, read)?.collect();
    local.draw(|random| MailExchange::sort(&mut list, random));
    fill(ask, &mut list).await;
    Ok(list)
}

/// Finds who offers a service.
pub(crate) async fn srv(ask: &impl Ask, service: &Host) -> Result<Vec<ServiceHost>, Error> {
    let (local, answer) = (ask.local(), records(ask, service, RecordType::SRV).await?);
    let read = |_: &Name, data: Rdata<'_>| ServiceHost::read(data);
    let mut list: Vec<_> = read_records(&answer, &local.limits, read)?.collect();
    local.draw(|random| ServiceHost::sort(&mut list, random));
    fill(ask, &mut list).await;
    Ok(list)
}

/// Finds the endpoints of a service, along its aliases (RFC 9460 §3).
pub(crate) async fn services(
    ask: &impl Ask,
    service: &Host,
    rtype: RecordType,
) -> Result<Vec<Service>, Error> {
    let (local, mut host, mut end) = (ask.local(), service.clone(), None);
    for _ in 0..=local.limits.service_aliases {
        let answer = records(ask, &host, rtype).await?;
        let read = |_: &Name, data: Rdata<'_>| Some(Service::alias(data));
        let aliases: Vec<_> = read_records(&answer, &local.limits, read)?.collect();
        // RFC 9460 §2.2: if one is malformed, all are rejected, and it is done without.
        let whole = aliases.iter().all(Option::is_some);
        let mut aliases: Vec<_> =
            aliases.into_iter().flatten().flatten().filter(|_| whole).collect();
        local.draw(|random| shuffle(&mut aliases, random));
        match aliases.pop() {
            // RFC 9460 §2.5.1: the service is not available.
            Some(target) if target.is_root() => return Ok(Vec::new()),
            // RFC 9460 §2.4.1: beside one in alias mode, records in service mode are ignored.
            Some(target) => {
                host = target.clone().into();
                end = Some(target);
            }
            None => {
                let list = read_records(&answer, &local.limits, Service::read)?;
                let mut list: Vec<_> = list.filter(|_| whole).collect();
                local.draw(|random| Service::sort(&mut list, random));
                list.truncate(local.limits.targets.saturating_sub(usize::from(end.is_some())));
                list.extend(end.map(Service::end));
                fill(ask, &mut list).await;
                return Ok(list);
            }
        }
    }
    Err(Error::Useless)
}

/// Finds the texts at a name; the strings of each are joined.
pub(crate) async fn txt(ask: &impl Ask, name: &Host) -> Result<Vec<Vec<u8>>, Error> {
    let answer = records(ask, name, RecordType::TXT).await?;
    let text = |_: &Name, data: Rdata<'_>| match data {
        Rdata::Txt { strings } => Some(strings.iter().flatten().copied().collect()),
        _ => None,
    };
    Ok(read_records(&answer, &ask.local().limits, text)?.collect())
}

/// Finds the names of an address.
pub(crate) async fn reverse(ask: &impl Ask, address: IpAddr) -> Result<Vec<Name>, Error> {
    let known = ask.local().hosts.names(address);
    if !known.is_empty() {
        return Ok(known.to_vec());
    }
    let answer = records(ask, &reverse_name(address).into(), RecordType::PTR).await?;
    let name = |_: &Name, data: Rdata<'_>| match data {
        Rdata::Ptr { target } => Some(target.to_name()),
        _ => None,
    };
    Ok(read_records(&answer, &ask.local().limits, name)?.collect())
}

/// Looks up the addresses of all targets at once; of those that there are not too many.
async fn fill<T: Target>(ask: &impl Ask, list: &mut Vec<T>) {
    list.truncate(ask.local().limits.targets);
    let mut wanted: Vec<Name> = Vec::new();
    for target in list.iter_mut() {
        let host = target.name().clone().into();
        match ask.local().addresses(&host) {
            Some(known) => *target.addresses() = Ok(known),
            None if target.name().is_root() || wanted.contains(target.name()) => {}
            None => wanted.push(target.name().clone()),
        }
    }
    let found = addresses_of(ask, &wanted).await;
    for (name, addresses) in wanted.iter().zip(found) {
        for target in list.iter_mut().filter(|target| target.name() == name) {
            target.addresses().clone_from(&addresses);
        }
    }
}

/// Reads the records that an answer has for its question, at the end of its aliases.
fn read_records<T>(
    answer: &MessageBuf,
    limits: &Limits,
    read: impl Fn(&Name, Rdata<'_>) -> Option<T>,
) -> Result<impl Iterator<Item = T>, Error> {
    let message = answer.view();
    let question = message.question().ok_or(Error::Useless)?;
    let chain = Chain::follow(&message, question.name, question.rtype, limits);
    let chain = chain.ok_or(Error::Useless)?;
    let name = NameRef::to_name(chain.canonical());
    let list: Vec<T> = chain.records().filter_map(|record| read(&name, record.data())).collect();
    Ok(list.into_iter())
}

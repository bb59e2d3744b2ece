//! Runs a script.
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use bytes::Bytes;
use proto_core::{Agent, Flow, Instant, Transmit, Transport};

use super::entry::Entry;
use super::expression::Variables;
use super::script::{File, Script, Step};
use super::{setup, skip};
use crate::dnssec::Rollover;
use crate::message::Message;
use crate::name::Name;
use crate::number::Rcode;
use crate::recursive::{ClientId, Event, Resolver};

/// How a script ended.
///
/// It passed, it did not, or it was not run: exhaustive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Everything was as the script says.
    Pass,
    /// Something was not: what, and at which step.
    Fail(String),
    /// It is about something that is not done here.
    Skip(String),
}

/// Runs a script, and tells `explain` line by line what is said.
///
/// ```
/// use dns_proto::testing::{Outcome, run};
///
/// let script = "
/// stub-zone:
///     name: \".\"
///     stub-addr: 192.0.2.1
/// CONFIG_END
/// SCENARIO_BEGIN a question to the root
/// RANGE_BEGIN 0 100
/// ENTRY_BEGIN
/// MATCH opcode qtype qname
/// ADJUST copy_id
/// REPLY QR AA NOERROR
/// SECTION QUESTION
/// . IN NS
/// SECTION ANSWER
/// . IN NS a.root.
/// ENTRY_END
/// RANGE_END
/// STEP 1 QUERY
/// ENTRY_BEGIN
/// REPLY RD
/// SECTION QUESTION
/// . IN NS
/// ENTRY_END
/// STEP 2 CHECK_ANSWER
/// ENTRY_BEGIN
/// MATCH all
/// REPLY QR RD RA NOERROR
/// SECTION QUESTION
/// . IN NS
/// SECTION ANSWER
/// . IN NS a.root.
/// ENTRY_END
/// SCENARIO_END
/// ";
/// assert_eq!(run(script, |_| ()), Outcome::Pass);
/// ```
pub fn run(text: &str, explain: impl FnMut(&str)) -> Outcome {
    let config = text.split("CONFIG_END").next().unwrap_or_default();
    if let Some(feature) = setup::feature(config) {
        return Outcome::Skip(feature.to_string());
    }
    let script = match Script::parse(text) {
        Ok(script) => script,
        Err(reason) => return Outcome::Fail(reason),
    };
    if let Some(reason) = skip::reason(&script) {
        return Outcome::Skip(reason);
    }
    match setup::read(&script) {
        Err(reason) => Outcome::Fail(reason),
        Ok(setup) => {
            let mut resolver = Resolver::new(setup.config, [1; 32]);
            let start = Instant::ORIGIN + Duration::from_secs(1 << 20);
            if let Some(trust) = setup.trust {
                resolver.validate(trust, start, setup.clock.unwrap_or_default());
            }
            let mut stage = Stage {
                resolver,
                start,
                now: start,
                pin: setup.clock,
                pending: Vec::new(),
                answers: VecDeque::new(),
                clients: BTreeMap::new(),
                files: script.files.clone(),
                variables: Variables::default(),
                explain,
            };
            match stage.play(&script) {
                Ok(()) => Outcome::Pass,
                Err(reason) => Outcome::Fail(reason),
            }
        }
    }
}

/// A query that waits for a server's answer.
struct Pending {
    flow: Flow,
    to: SocketAddr,
    via: Transport,
    message: Bytes,
}

struct Stage<E> {
    resolver: Resolver,
    start: Instant,
    now: Instant,
    /// The time by which signatures are judged, which stands still.
    pin: Option<u64>,
    pending: Vec<Pending>,
    answers: VecDeque<(Transport, Bytes)>,
    /// By what each client has asked.
    clients: BTreeMap<u64, Transport>,
    /// What the resolver has us keep.
    files: Vec<File>,
    variables: Variables,
    explain: E,
}

/// Rounds after which a script is taken to go on for ever.
const ROUNDS: usize = 20_000;

impl<E: FnMut(&str)> Stage<E> {
    fn play(&mut self, script: &Script) -> Result<(), String> {
        let mut steps = script.steps.iter().peekable();
        for _ in 0..ROUNDS {
            self.gather();
            let Some(step) = steps.peek() else { break };
            let at = |reason: String| format!("step {}: {reason}", step.number);
            let out = step.what == "CHECK_OUT_QUERY";
            if let Some(place) = self.pending.iter().position(|it| out && matches(step, it)) {
                self.answer_from(step, place);
                steps.next();
                continue;
            }
            if step.what == "CHECK_ANSWER" && self.is_answered(step) {
                self.check(step).map_err(at)?;
                steps.next();
                continue;
            }
            if self.serve(script, step.number) {
                continue;
            }
            match step.what.as_str() {
                // Whatever nobody answers is a failure, so that the order of questions is free.
                "CHECK_ANSWER" if !self.pending.is_empty() => self.refuse(0),
                "CHECK_ANSWER" => return Err(at("no answer".to_string())),
                "CHECK_OUT_QUERY" => return Err(at("no such query".to_string())),
                _ => {
                    self.execute(step).map_err(at)?;
                    steps.next();
                }
            }
        }
        for _ in 0..ROUNDS {
            self.gather();
            let last = script.steps.last().map_or(0, |step| step.number);
            if self.pending.is_empty() {
                break;
            }
            if !self.serve(script, last) {
                self.refuse(0);
            }
        }
        match (steps.next(), self.answers.len()) {
            (Some(step), _) => Err(format!("step {}: goes on for ever", step.number)),
            (None, 0) => Ok(()),
            (None, left) => Err(format!("{left} answers are left")),
        }
    }

    /// Takes what the resolver has to say.
    fn gather(&mut self) {
        loop {
            let mut idle = true;
            while let Some(transmit) = self.resolver.transmit() {
                idle = false;
                match transmit {
                    Transmit::Send { flow, to, via, message } => {
                        self.say(&format!("-> {} {}", to.ip(), question(&message)));
                        self.pending.push(Pending { flow, to, via, message });
                    }
                    Transmit::Close(flow) => self.pending.retain(|it| it.flow != flow),
                    _ => {}
                }
            }
            while let Some(event) = self.resolver.poll() {
                idle = false;
                match event {
                    Event::Reply { client: ClientId(client), message } => {
                        self.say(&format!("answer {}", print(&message)));
                        let via = self.clients.get(&client).copied().unwrap_or(Transport::Udp);
                        self.answers.push_back((via, message));
                    }
                    Event::Anchors { zone, state } => self.keep(&zone, state),
                    Event::Discarded { .. } => {}
                }
            }
            if idle {
                return;
            }
        }
    }

    fn say(&mut self, line: &str) {
        (self.explain)(line);
    }

    /// Has a server answer one query, if one can.
    fn serve(&mut self, script: &Script, step: u32) -> bool {
        let alive = script.ranges.iter().filter(|it| (it.first..=it.last).contains(&step));
        let mut found = None;
        'all: for (at, pending) in self.pending.iter().enumerate() {
            let Ok(message) = Message::parse(&pending.message) else { continue };
            for range in alive.clone() {
                let here = range.addresses.is_empty() || range.addresses.contains(&pending.to.ip());
                let entries = range.entries.iter().filter(|_| here);
                for entry in entries {
                    if entry.mismatch(&message, pending.via).is_none() {
                        found = Some((at, entry.write(Some(&message))));
                        break 'all;
                    }
                }
            }
        }
        let Some((at, reply)) = found else { return false };
        self.deliver(at, &reply);
        true
    }

    /// Answers a query that a step has been waiting for, if the step says how.
    fn answer_from(&mut self, step: &Step, place: usize) {
        let Some(entry) = step.entry.as_ref().filter(|it| it.copies_id()) else { return };
        let Some(pending) = self.pending.get(place) else { return };
        let reply = entry.write(Message::parse(&pending.message).ok().as_ref());
        self.deliver(place, &reply);
    }

    fn deliver(&mut self, at: usize, reply: &[u8]) {
        let pending = self.pending.remove(at);
        self.say(&format!("<- {} {}", pending.to.ip(), print(reply)));
        self.resolver.receive(self.now, pending.flow, reply);
        // What the resolver does not take as the answer leaves it waiting, in vain.
        self.resolver.fail(self.now, pending.flow);
    }

    /// Answers a query SERVFAIL.
    fn refuse(&mut self, at: usize) {
        let Some(pending) = self.pending.get(at) else { return };
        let Ok(message) = Message::parse(&pending.message) else { return };
        let mut entry = bare(&message);
        entry.rcode = Rcode::SERVFAIL;
        let reply = entry.write(Some(&message));
        self.deliver(at, &reply);
    }

    /// Whether there is the answer that a step is about, or nothing but others.
    fn is_answered(&self, step: &Step) -> bool {
        let own = self.answers.iter().any(|(_, answer)| step.asks(answer));
        own || (self.pending.is_empty() && !self.answers.is_empty())
    }

    fn check(&mut self, step: &Step) -> Result<(), String> {
        let Some(entry) = &step.entry else { return Ok(()) };
        // Several clients are answered in any order.
        let own = |(_, answer): &(Transport, Bytes)| step.asks(answer);
        let at = self.answers.iter().position(own).unwrap_or_default();
        let Some((via, answer)) = self.answers.remove(at) else { return Ok(()) };
        let message = Message::parse(&answer).map_err(|error| error.to_string())?;
        entry.mismatch(&message, via).map_or(Ok(()), Err)
    }

    fn execute(&mut self, step: &Step) -> Result<(), String> {
        self.say(&format!("step {} {} {:?}", step.number, step.what, step.arguments));
        match (step.what.as_str(), &step.entry) {
            ("QUERY", Some(entry)) => {
                let octets = entry.write(None);
                let via = if entry.has("TCP") { Transport::Tcp } else { Transport::Udp };
                let message = Message::parse(&octets).map_err(|error| error.to_string())?;
                let client = self.clients.len() as u64;
                self.clients.insert(client, via);
                let client = ClientId(client);
                let _ = self.resolver.resolve(self.now, client, &message, via);
            }
            ("REPLY", Some(entry)) => {
                let at = self.pending.len().checked_sub(1).ok_or("no query is pending")?;
                let query = self.pending.get(at).map(|it| it.message.clone()).unwrap_or_default();
                let message = Message::parse(&query).map_err(|error| error.to_string())?;
                let reply = entry.write(Some(&message));
                self.deliver(at, &reply);
            }
            ("TIMEOUT" | "ERROR", _) => {
                let pending = self.pending.pop().ok_or("no query is pending")?;
                self.resolver.fail(self.now, pending.flow);
            }
            ("TIME_PASSES", _) => self.pass(&step.arguments)?,
            ("ASSIGN", _) => self.assign(&step.arguments.join(" "))?,
            ("CHECK_AUTOTRUST", _) => self.check_file(step)?,
            ("NOTHING" | "TRAFFIC" | "INFRA_RTT", _) => {}
            ("FLUSH_MESSAGE", _) => {
                let mut words = step.arguments.iter();
                let name = words.next().and_then(|it| it.parse().ok()).ok_or("name")?;
                let rtype = words.next().and_then(|it| it.parse().ok()).ok_or("type")?;
                self.resolver.forget(&name, rtype);
            }
            (other, _) => return Err(format!("{other} is not known")),
        }
        Ok(())
    }

    fn pass(&mut self, arguments: &[String]) -> Result<(), String> {
        let (_, seconds) = arguments.split_first().ok_or("how long?")?;
        let seconds = self.expand(&seconds.join(" "))?;
        let seconds = seconds.parse::<f64>().map_err(|_| format!("{seconds} is no number"))?;
        self.now += Duration::from_secs_f64(seconds);
        if let Some(unix) = self.pin {
            self.resolver.set_clock(self.now, unix);
        }
        while self.resolver.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.resolver.expire(self.now);
        }
        Ok(())
    }

    fn assign(&mut self, text: &str) -> Result<(), String> {
        let (name, value) = text.split_once('=').ok_or("no value")?;
        let value = self.expand(value)?;
        let number = value.trim().parse().map_err(|_| format!("{value} is no number"))?;
        self.variables.set(name.trim(), number);
        Ok(())
    }

    /// Writes values where expressions stand.
    fn expand(&mut self, text: &str) -> Result<String, String> {
        self.variables.set("time", (self.now - self.start).as_secs());
        let deadline = self.resolver.deadline().unwrap_or(self.now);
        self.variables.set("timeout", (deadline - self.now).as_secs());
        self.variables.expand(text)
    }

    /// Keeps what is known of a zone's keys, in the file that began with that zone.
    fn keep(&mut self, zone: &Name, state: String) {
        let own = |file: &&mut File| {
            Rollover::parse(&file.name, &file.text).is_ok_and(|it| it.zone() == zone)
        };
        if let Some(file) = self.files.iter_mut().find(own) {
            file.text = state;
        }
    }

    fn check_file(&mut self, step: &Step) -> Result<(), String> {
        let own = |file: &&File| Some(&file.name) == step.arguments.first();
        let kept = self.files.iter().find(own).ok_or("no such file")?.text.clone();
        let wanted = self.expand(step.file.as_deref().unwrap_or_default())?;
        // The keys are in any order.
        let (kept, wanted) = (sorted(&kept), sorted(&wanted));
        let missing: Vec<_> = wanted.iter().filter(|it| !kept.contains(it)).collect();
        let extra: Vec<_> = kept.iter().filter(|it| !wanted.contains(it)).collect();
        let difference = || format!("file: missing {missing:?}, extra {extra:?}");
        if kept == wanted { Ok(()) } else { Err(difference()) }
    }
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.trim().lines().map(str::trim_end).collect();
    lines.sort_unstable();
    lines
}

impl Step {
    /// Whether a message has the question that the step is about.
    fn asks(&self, octets: &[u8]) -> bool {
        let message = Message::parse(octets).ok();
        self.entry.as_ref().zip(message).is_some_and(|(entry, message)| entry.asks(&message))
    }
}

fn matches(step: &Step, pending: &Pending) -> bool {
    let message = Message::parse(&pending.message).ok();
    step.entry
        .as_ref()
        .zip(message)
        .is_some_and(|(entry, message)| entry.mismatch(&message, pending.via).is_none())
}

/// An answer to a query that says nothing yet.
fn bare(query: &Message<'_>) -> Entry {
    Entry {
        adjust: Vec::from(["copy_id".to_string(), "copy_query".to_string()]),
        edns: query.edns().is_some(),
        ..Entry::new(query.header().answer())
    }
}

fn question(octets: &[u8]) -> String {
    let message = Message::parse(octets).ok();
    let question = message.and_then(|message| message.question());
    question.map_or_else(String::new, |it| format!("{} {}", it.name, it.rtype))
}

fn print(octets: &[u8]) -> String {
    let Ok(message) = Message::parse(octets) else { return "garbage".to_string() };
    let mut text = format!("{} {}", question(octets), message.rcode());
    for error in super::entry::errors(&message) {
        text = format!("{text} ede={error}");
    }
    for (mark, records) in
        [('=', message.answers()), ('?', message.authorities()), ('+', message.additionals())]
    {
        for record in records.filter(|it| it.rtype() != crate::number::RecordType::OPT) {
            text = format!("{text}\n     {mark} {record}");
        }
    }
    text
}

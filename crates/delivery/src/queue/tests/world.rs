//! An application of the queue: DNS is a table, and servers are functions.
use alloc::{
    collections::BTreeMap,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;

use dns_proto::{Name, RecordType};
use proto_core::{Instant, Text};
use smtp_proto::{
    Mailbox, Reply, ReversePath, Stage,
    client::{Delivery, Outcome, Reason},
};

use crate::{
    Action, Answer, Cause, Config, Handover, LinkId, MessageId, Peer, Queue, Record, Report,
    Submission, Verdict,
};

/// What a server says of one recipient's message.
pub(super) type Server = fn(&Mailbox) -> Delivery;

pub(super) struct World {
    pub(super) queue: Queue,
    pub(super) now: Instant,
    pub(super) at: u64,
    /// What DNS has, by name and type; of what is not here there are no records.
    pub(super) dns: BTreeMap<(Name, RecordType), Answer>,
    pub(super) server: Server,
    pub(super) peer: Peer,
    /// Hosts that do not report, whatever the others do.
    pub(super) plain: Vec<String>,
    /// Addresses nobody can be reached at.
    pub(super) down: Vec<String>,
    /// What happened, a line each.
    pub(super) log: Vec<String>,
    pub(super) journal: Vec<Record>,
    pub(super) reports: Vec<Report>,
    /// What was said of the message last sent.
    pub(super) said: String,
    /// And of its last recipient.
    pub(super) asked: String,
    /// Octets that are stored, by message.
    pub(super) stored: Vec<MessageId>,
}

pub(super) fn config() -> Config {
    let mut config = Config::new("crepes.fr".parse().unwrap());
    config.ipv6 = false;
    config
}

pub(super) fn alice() -> ReversePath {
    ReversePath::Mailbox("alice@crepes.fr".parse().unwrap())
}

pub(super) fn to(list: &[&str]) -> Submission {
    Submission::new(alice(), list.iter().map(|to| to.parse().unwrap()))
}

pub(super) fn refused(code: u16, text: &str) -> Delivery {
    Delivery::Refused(Stage::Rcpt, Reply::new(code, text).unwrap())
}

pub(super) fn accepted() -> Delivery {
    Delivery::Accepted(Reply::new(250, "2.0.0 ok").unwrap())
}

pub(super) fn take_all(_: &Mailbox) -> Delivery {
    accepted()
}

pub(super) fn greylist(_: &Mailbox) -> Delivery {
    refused(451, "4.7.1 come back")
}

/// Who says no to bob, comes back for carol, and takes all others.
pub(super) fn moody(to: &Mailbox) -> Delivery {
    match to.local_part() {
        "bob" => refused(550, "5.1.1 who?"),
        "carol" => refused(451, "4.7.1 come back"),
        _ => accepted(),
    }
}

impl World {
    pub(super) fn new(config: Config, server: Server) -> Self {
        Self::of(Queue::new(config, 0), server)
    }

    pub(super) fn of(queue: Queue, server: Server) -> Self {
        Self {
            queue,
            now: Instant::ORIGIN,
            at: 1_700_000_000,
            dns: BTreeMap::new(),
            server,
            peer: Peer::default(),
            plain: Vec::new(),
            down: Vec::new(),
            log: Vec::new(),
            journal: Vec::new(),
            reports: Vec::new(),
            said: String::new(),
            asked: String::new(),
            stored: Vec::new(),
        }
    }

    /// Adds records in the notation of a master file's rest: `("x.org", "MX 10 mx.x.org")`.
    pub(super) fn record(&mut self, owner: &str, data: &str) {
        let line = alloc::format!("{owner}. 60 IN {data}\n");
        let records =
            dns_proto::zone_file::read("x", line.as_bytes(), Name::ROOT, |_| None).unwrap();
        let record = records.into_iter().next().unwrap();
        let key = (record.owner().clone(), record.rtype());
        match self.dns.entry(key).or_insert(Answer::Records(Vec::new(), false)) {
            Answer::Records(records, _) => records.push(record),
            other => *other = Answer::Records([record].into(), false),
        }
    }

    pub(super) fn submit(&mut self, submission: Submission) -> MessageId {
        let message = self.queue.submit(self.now, self.at, submission).unwrap();
        self.stored.push(message);
        message
    }

    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.at += time.as_secs();
        self.queue.expire(self.now, self.at);
    }

    /// Lets time pass until the queue is empty, or for so long.
    pub(super) fn run(&mut self, limit: Duration) {
        let end = self.now + limit;
        loop {
            self.work();
            match self.queue.deadline() {
                Some(due) if due <= end => self.pass(due - self.now),
                _ if self.now < end => self.pass(end - self.now),
                _ => return,
            }
        }
    }

    /// Does all there is to do now.
    pub(super) fn work(&mut self) {
        while self.step() {}
    }

    /// Does the next thing; false if there is none.
    pub(super) fn step(&mut self) -> bool {
        let Some(action) = self.queue.poll() else { return false };
        let (now, at) = (self.now, self.at);
        match action {
            Action::Write(record) => self.journal.push(record),
            Action::LookUp { link, name, rtype } => {
                self.log.push(alloc::format!("{rtype} {name}"));
                let answer = self.dns.get(&(name.clone(), rtype)).cloned();
                let answer = answer.unwrap_or_else(|| usual(&name, rtype));
                self.queue.found(now, at, link, rtype, answer);
            }
            Action::Fetch { link, .. } => self.queue.fetched(now, at, link, None),
            Action::Connect { link, hop } => {
                let address = hop.address.to_string();
                self.log.push(alloc::format!("connect {address} {}", hop.label()));
                if self.down.contains(&address) {
                    let words = Text::from_static("nobody answers");
                    let why = Cause::new("4.4.1".parse().unwrap(), words);
                    self.queue.unreachable(now, at, link, why);
                } else {
                    let mut peer = self.peer;
                    peer.dsn &= !self.plain.contains(&hop.label());
                    self.queue.ready(now, at, link, peer);
                }
            }
            Action::Send { link, envelope, .. } => self.send(link, &envelope),
            Action::Keep { link, envelope, .. } => {
                let recipients = envelope.recipients.iter().filter_map(|it| it.to.mailbox());
                let verdicts: Vec<_> = recipients
                    .map(|to| {
                        self.log.push(alloc::format!("keep {to}"));
                        Verdict::of(&(self.server)(to), "here", Handover::Delivered)
                    })
                    .collect();
                self.queue.kept(now, at, link, &verdicts);
            }
            Action::Close { .. } => self.log.push("close".into()),
            Action::Report(report) => {
                let message = report.message;
                self.reports.push(report);
                self.queue.reported(now, at, message);
            }
            Action::Forget(message) => self.stored.retain(|it| *it != message),
        }
        true
    }

    fn send(&mut self, link: LinkId, envelope: &smtp_proto::client::Envelope) {
        let names: Vec<_> = envelope.recipients.iter().filter_map(|it| it.to.mailbox()).collect();
        let names: Vec<_> = names.iter().map(ToString::to_string).collect();
        let from = envelope.from.mailbox().map_or("nobody ", |_| "");
        self.log.push(alloc::format!("send {from}{}", names.join(" ")));
        self.said = envelope.parameters.to_string();
        let last = envelope.recipients.last().map(|it| it.parameters.to_string());
        self.asked = last.unwrap_or_default();
        let recipients = envelope.recipients.iter().map(|it| {
            let delivery = it.to.mailbox().map_or_else(accepted, self.server);
            (it.to.clone(), delivery)
        });
        let outcome = outcome(recipients.collect());
        let ended = outcome.recipients.iter().any(|(_, delivery)| {
            matches!(delivery, Delivery::Unknown | Delivery::Unsent(Reason::Interrupted))
        });
        self.queue.sent(self.now, self.at, link, &outcome);
        if ended {
            self.queue.closed(self.now, self.at, link);
        }
    }

    pub(super) fn log(&self, word: &str) -> Vec<&str> {
        self.log.iter().filter_map(|line| line.strip_prefix(word)).map(str::trim).collect()
    }
}

/// An outcome cannot be made by itself: one of a session's is filled.
pub(super) fn outcome(recipients: Vec<(smtp_proto::ForwardPath, Delivery)>) -> Outcome {
    use proto_core::{Machine, Step};
    let config = smtp_proto::client::Config::new("crepes.fr".parse().unwrap());
    let mut session = smtp_proto::client::Session::new(Instant::ORIGIN, config);
    session.receive(Instant::ORIGIN, b"220 a\r\n250 a\r\n550 no\r\n");
    let _ = session.poll();
    let anybody = smtp_proto::ForwardPath::Mailbox("a@b".parse().unwrap());
    let envelope = smtp_proto::client::Envelope::new(ReversePath::Null, [anybody].into());
    session.send(envelope).unwrap();
    loop {
        match session.poll().unwrap() {
            Step::Event(smtp_proto::client::Event::Sent(mut outcome)) => {
                outcome.recipients = recipients;
                return outcome;
            }
            Step::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// No MX records, and an address for everybody.
fn usual(name: &Name, rtype: RecordType) -> Answer {
    let address = dns_proto::Record::address(name.clone(), 60, [192, 0, 2, 1].into());
    let records = if rtype == RecordType::A { [address].into() } else { Vec::new() };
    Answer::Records(records, false)
}

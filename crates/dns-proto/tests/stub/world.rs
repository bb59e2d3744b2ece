//! A stub and what it sends, one message at a time.
use bytes::{Bytes, BytesMut};
use core::time::Duration;
use dns_proto::stub::{Config, Event, QueryId, Stub};
use dns_proto::{
    Edns, EdnsOption, Header, Message, OptionsBuf, Rcode, Record, RecordType, Section, Writer,
};
use proto_core::{Agent, Flow, Instant, Transmit, Transport};
use std::collections::BTreeSet;

use crate::common::name;

/// A message that the stub has sent.
pub(crate) struct Sent {
    pub(crate) flow: Flow,
    pub(crate) to: u8,
    pub(crate) via: Transport,
    pub(crate) message: Bytes,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) stub: Stub,
    /// Sockets that are open.
    pub(crate) open: BTreeSet<Flow>,
}

/// What a server says beside the question.
#[derive(Default)]
pub(crate) struct Said {
    pub(crate) rcode: Option<Rcode>,
    pub(crate) plain: bool,
    pub(crate) authentic: bool,
    pub(crate) options: OptionsBuf,
}

impl Said {
    pub(crate) fn rcode(rcode: Rcode) -> Self {
        Self { rcode: Some(rcode), ..Self::default() }
    }

    pub(crate) fn option(option: &EdnsOption<'_>) -> Self {
        let mut said = Self::default();
        assert!(said.options.push(option));
        said
    }
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let stub = Stub::new(config, [7; 32]).unwrap();
        Self { now: Instant::ORIGIN, stub, open: BTreeSet::new() }
    }

    pub(crate) fn query(&mut self, asked: &str) -> QueryId {
        self.stub.query(self.now, name(asked), RecordType::A)
    }

    /// Returns what the stub sends.
    pub(crate) fn sent(&mut self) -> Vec<Sent> {
        let mut sent = Vec::new();
        while let Some(transmit) = self.stub.transmit() {
            match transmit {
                Transmit::Send { flow, to, via, message } => {
                    self.open.insert(flow);
                    let std::net::IpAddr::V4(address) = to.ip() else { panic!("IPv4 alone") };
                    sent.push(Sent { flow, to: address.octets()[3], via, message });
                }
                Transmit::Close(flow) => assert!(self.open.remove(&flow), "closed twice"),
                _ => panic!("neither"),
            }
        }
        sent
    }

    /// Returns the one message that the stub sends.
    pub(crate) fn one(&mut self) -> Sent {
        let mut sent = self.sent();
        assert_eq!(sent.len(), 1);
        sent.pop().unwrap()
    }

    pub(crate) fn answer(&mut self, sent: &Sent, said: &Said) {
        let answer = answer(&sent.message, said);
        self.stub.receive(self.now, sent.flow, &answer);
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        while self.stub.deadline().is_some_and(|deadline| deadline <= self.now) {
            self.stub.expire(self.now);
        }
    }

    /// Asks something, has it answered at once, and returns who did.
    pub(crate) fn asked(&mut self) -> u8 {
        self.query("z");
        let sent = self.one();
        self.answer(&sent, &Said::default());
        assert!(matches!(self.stub.poll(), Some(Event::Answer { .. })));
        assert!(self.sent().is_empty());
        sent.to
    }
}

/// Answers a query with an address, or with a failure.
pub(crate) fn answer(query: &[u8], said: &Said) -> Bytes {
    let query = Message::parse(query).unwrap();
    let rcode = said.rcode.unwrap_or(Rcode::NOERROR);
    let header = Header { rcode, authentic_data: said.authentic, ..query.header().answer() };
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, header, 65_535);
    let question = query.question().unwrap();
    writer.question(question).unwrap();
    if rcode == Rcode::NOERROR {
        writer.section(Section::Answer).unwrap();
        let owner = question.name.to_name();
        writer.record(&Record::address(owner, 60, [192, 0, 2, 1].into())).unwrap();
    }
    if query.edns().is_some() && !said.plain {
        writer.edns(&Edns { options: said.options.view(), ..Edns::new(1232) }).unwrap();
    }
    writer.finish();
    out.freeze()
}

pub(crate) fn edns(sent: &Sent) -> Option<Edns<'_>> {
    Message::parse(&sent.message).unwrap().edns()
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);

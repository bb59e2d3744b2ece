//! A network in memory and virtual time: servers are functions.
use std::collections::BTreeMap;
use std::net::IpAddr;

use bytes::{Bytes, BytesMut};
use dns_proto::{
    Authority, Class, Header, Message, Name, Question, Rdata, Record, RecordType, Section, Writer,
};
use proto_core::{Agent, Instant, Transmit, Transport};

/// What a server sends back for one message: any number of messages.
pub(crate) type Server = Box<dyn Fn(&Message<'_>, Transport) -> Vec<Bytes>>;

/// Servers by address, and a log of what they were asked.
#[derive(Default)]
pub(crate) struct Net {
    pub(crate) now: Instant,
    pub(crate) servers: BTreeMap<IpAddr, Server>,
    pub(crate) log: Vec<String>,
}

impl Net {
    pub(crate) fn serve(&mut self, address: &str, server: Server) {
        self.servers.insert(address.parse().unwrap(), server);
    }

    /// Puts an authority at an address.
    pub(crate) fn authority(&mut self, address: &str, zones: &[&str]) {
        let authority = super::authority(zones);
        self.serve(address, answering(authority));
    }

    /// Carries messages to and fro until nothing is out.
    pub(crate) fn run<A: Agent>(&mut self, agent: &mut A) -> Vec<A::Event> {
        let mut events = Vec::new();
        loop {
            while let Some(transmit) = agent.transmit() {
                self.carry(agent, transmit);
            }
            events.extend(std::iter::from_fn(|| agent.poll()));
            let Some(deadline) = agent.deadline() else { return events };
            self.now = self.now.max(deadline);
            agent.expire(self.now);
            assert!(agent.deadline() != Some(deadline), "the deadline moves");
        }
    }

    fn carry<A: Agent>(&mut self, agent: &mut A, transmit: Transmit) {
        let Transmit::Send { flow, to, via, message } = transmit else { return };
        let message = Message::parse(&message).unwrap();
        let question = message.question().unwrap();
        let tcp = if via == Transport::Tcp { " tcp" } else { "" };
        let asked = question.name.to_string().to_lowercase();
        self.log.push(format!("{} {asked} {}{tcp}", to.ip(), question.rtype));
        match self.servers.get(&to.ip()) {
            Some(server) => {
                for answer in server(&message, via) {
                    agent.receive(self.now, flow, &answer);
                }
            }
            None => agent.fail(self.now, flow),
        }
    }
}

pub(crate) fn answering(authority: Authority) -> Server {
    Box::new(move |query, via| {
        let mut out = BytesMut::new();
        let _ = authority.answer(query, via, &mut out);
        vec![out.freeze()]
    })
}

/// A server that never answers.
pub(crate) fn silent() -> Server {
    Box::new(|_, _| Vec::new())
}

/// An answer of given sections, whatever the query.
pub(crate) fn answer(query: &Message<'_>, sections: &[(Section, Record)]) -> Bytes {
    let mut out = BytesMut::new();
    let header = Header { authoritative: true, ..query.header().answer() };
    let mut writer = Writer::new(&mut out, header, 65_535);
    writer.question(query.question().unwrap()).unwrap();
    for (section, record) in sections {
        writer.section(*section).unwrap();
        writer.record(record).unwrap();
    }
    writer.finish();
    out.freeze()
}

/// A query as a client sends it.
pub(crate) fn query(asked: &Name, rtype: RecordType) -> Bytes {
    let mut out = BytesMut::new();
    let header = Header { id: 77, recursion_desired: true, ..Header::default() };
    let mut writer = Writer::new(&mut out, header, 512);
    writer.question(Question { name: asked.view(), rtype, class: Class::IN }).unwrap();
    writer.finish();
    out.freeze()
}

pub(crate) fn ns(owner: &str, server: &str) -> Record {
    Record::new(super::name(owner), 300, Rdata::Ns { server: super::name(server).view() })
}

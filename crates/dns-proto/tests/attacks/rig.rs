//! A small internet with one hostile zone in it.
use bytes::Bytes;
use core::time::Duration;
use dns_proto::recursive::{ClientId, Config, Event, Limits, Resolver, Role, Upstream};
use dns_proto::{Message, MessageBuf, Name, Rcode, Record, RecordType, Section};
use proto_core::{Instant, Transport};

use crate::common::name;
use crate::common::net::{Net, answer, query};

const ROOT: &str = "
    . SOA 1
    . NS a.root
    a.root A 127.0.0.1
    com NS a.com
    a.com A 127.0.0.2
";
pub(crate) const COM: &str = "
    com SOA 1
    com NS a.com
    a.com A 127.0.0.2
    evil.com NS ns.evil.com
    ns.evil.com A 127.0.0.6
    victim.com NS ns.victim.com
    ns.victim.com A 127.0.0.7
";
const VICTIM: &str = "
    victim.com SOA 1
    victim.com NS ns.victim.com
    ns.victim.com A 127.0.0.7
    www.victim.com A 127.0.0.8
    mail.victim.com A 127.0.0.9
";

/// Where the hostile zone's server is.
pub(crate) const EVIL: &str = "127.0.0.6";

/// A network, and a resolver in it.
pub(crate) struct Rig {
    pub(crate) net: Net,
    pub(crate) resolver: Resolver,
}

pub(crate) fn config(limits: Limits) -> Config {
    let root = Upstream::new(Name::ROOT, ["127.0.0.1:53".parse().unwrap()], Role::Authority);
    let config =
        Config { allow_loopback: true, minimise: false, prefetch: false, ..Config::new([]) };
    Config { upstreams: vec![root], limits, ..config }
}

impl Rig {
    pub(crate) fn new(limits: Limits) -> Self {
        Self::with(config(limits))
    }

    pub(crate) fn with(config: Config) -> Self {
        let mut net = Net::default();
        net.authority("127.0.0.1", &[ROOT]);
        net.authority("127.0.0.2", &[COM]);
        net.authority("127.0.0.7", &[VICTIM]);
        Self { net, resolver: Resolver::new(config, [7; 32]) }
    }

    /// Has the hostile zone answer every query with the records that `said` makes of its name.
    pub(crate) fn evil(mut self, said: impl Fn(&Name) -> Vec<(Section, Record)> + 'static) -> Self {
        self.net.serve(
            EVIL,
            Box::new(move |query, _| {
                let asked = query.question().unwrap().name.to_name().to_lowercase();
                vec![answer(query, &said(&asked))]
            }),
        );
        self
    }

    /// Has it answer with messages of its own making.
    pub(crate) fn liar(mut self, said: impl Fn(&Message<'_>) -> Vec<Bytes> + 'static) -> Self {
        self.net.serve(EVIL, Box::new(move |query, _| said(query)));
        self
    }

    pub(crate) fn ask(&mut self, asked: &str, rtype: RecordType) -> MessageBuf {
        let events = self.events(asked, rtype, Transport::Tcp);
        let [Event::Reply { message, .. }] = &events[..] else { panic!("{events:?}") };
        MessageBuf::parse(message.clone()).unwrap()
    }

    pub(crate) fn events(&mut self, asked: &str, rtype: RecordType, via: Transport) -> Vec<Event> {
        let octets = query(&name(asked), rtype);
        let query = Message::parse(&octets).unwrap();
        self.resolver.resolve(self.net.now, ClientId(1), &query, via).unwrap();
        self.net.run(&mut self.resolver)
    }

    pub(crate) fn rcode(&mut self, asked: &str) -> Rcode {
        self.ask(asked, RecordType::A).view().rcode()
    }

    /// Asks for an address, and returns the rcode and how many messages that took.
    pub(crate) fn cost(&mut self, asked: &str) -> (Rcode, usize) {
        let before = self.net.log.len();
        let rcode = self.rcode(asked);
        (rcode, self.net.log.len() - before)
    }

    /// How many messages a server has got.
    pub(crate) fn hits(&self, address: &str) -> usize {
        let own = format!("{address} ");
        self.net.log.iter().filter(|line| line.starts_with(&own)).count()
    }

    pub(crate) fn wait(&mut self, seconds: u64) {
        self.net.now += Duration::from_secs(seconds);
    }

    /// Returns the seconds since the beginning.
    pub(crate) fn clock(&self) -> u64 {
        (self.net.now - Instant::ORIGIN).as_secs()
    }
}

/// The first label of a name.
pub(crate) fn first(asked: &Name) -> String {
    String::from_utf8_lossy(asked.labels().next().unwrap_or_default()).into_owned()
}

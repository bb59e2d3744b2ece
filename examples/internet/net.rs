//! The network: what is on its way, connections, and who waits for when.
use std::collections::BTreeMap;

use bytes::Bytes;
use homing::delivery::LinkId;
use homing::proto_core::{Flow, Transport};

use crate::clock::Micros;
use crate::world::veil::Attack;
use crate::{imap, mail::Client, mail::Server, pop};

pub(crate) type ConnId = u64;

/// One end of a connection: 0 is who made it.
pub(crate) type Side = usize;

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// A DNS query arrives at an address.
    Query {
        to: std::net::IpAddr,
        from: Asker,
        message: Bytes,
        via: Transport,
    },
    /// A DNS answer arrives.
    Answer {
        to: Asker,
        message: Bytes,
    },
    /// A flow of a resolver is refused.
    FlowFailed(Asker),
    /// A connection is to be made.
    Open(ConnId),
    /// It was not.
    NotOpened(ConnId),
    /// Octets of a stream arrive at this end.
    Segment(ConnId, Side, Bytes),
    /// The other end has closed.
    Fin(ConnId, Side),
    Reset(ConnId, Side),
    /// A session's time may be over.
    WakeEnd(ConnId, Side),
    /// A queue's or a resolver's time may have come.
    WakeSite(u32),
    Restart(u32),
    /// A policy was fetched, or was not, for a site in one of its lives.
    Fetched {
        site: u32,
        life: u32,
        link: LinkId,
        policy: Option<String>,
    },
    /// A user writes a letter; or tries again to hand it in.
    Write,
    Submit(u32),
    /// A user reads mail.
    Read(u32),
    FaultBegins(usize),
    FaultEnds(usize),
    Sample,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Resolver,
    /// Of a domain's zone.
    Secondary(u32),
    Notifier(u32),
}

/// A flow of one who asks at a site, in one of the site's lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    pub(crate) site: u32,
    pub(crate) life: u32,
    pub(crate) flow: Flow,
    pub(crate) who: Who,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Conn {
    pub(crate) ends: [End; 2],
    /// The sites at both ends; a user is at home behind the site.
    pub(crate) sites: [u32; 2],
    /// When what was sent last arrives, so that nothing overtakes.
    pub(crate) last: [Micros; 2],
    /// When each end is woken next.
    pub(crate) wake: [Micros; 2],
    pub(crate) latency: Micros,
    /// Something on the way was lost for good, and nothing more comes through.
    pub(crate) silent: bool,
    pub(crate) made: Micros,
    /// Who sits in the middle.
    pub(crate) attack: Option<Attack>,
    /// What was said, if somebody wants to know.
    pub(crate) trace: Option<Vec<(Micros, String)>>,
    pub(crate) traced: bool,
}

/// Who is at an end.
#[derive(Debug)]
pub(crate) enum End {
    Client(Box<Client>),
    Server(Box<Server>),
    Reader(Box<pop::Reader>),
    Keeper(Box<pop::Keeper>),
    ImapReader(Box<imap::Reader>),
    ImapKeeper(Box<imap::Keeper>),
    /// A listener that has not been reached yet.
    Smtp,
    Pop,
    Imap,
    /// Nobody.
    Gone,
}

/// What will happen, in order.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    events: BTreeMap<(Micros, u64), Event>,
    next: u64,
}

impl Agenda {
    pub(crate) fn add(&mut self, at: Micros, event: Event) {
        self.next += 1;
        self.events.insert((at, self.next), event);
    }

    pub(crate) fn next(&mut self) -> Option<(Micros, Event)> {
        self.events.pop_first().map(|((at, _), event)| (at, event))
    }
}

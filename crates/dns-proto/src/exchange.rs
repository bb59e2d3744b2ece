//! Queries that are out, each on a flow of its own, and which answers belong to them.
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{Flow, Instant, Transmit, Transport};

use crate::edns::{Edns, EdnsOption, OptionsBuf};
use crate::header::Header;
use crate::mend::mend;
use crate::message::{Message, MessageBuf, Question};
use crate::name::Name;
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::random::Random;
use crate::writer::Writer;

/// One query to one server.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) to: SocketAddr,
    pub(crate) via: Transport,
    pub(crate) name: Name,
    pub(crate) rtype: RecordType,
    pub(crate) recursion: bool,
    /// The UDP payload offered by EDNS, if that is spoken.
    pub(crate) payload: Option<u16>,
    /// Whether signatures are wanted too, unchecked.
    pub(crate) dnssec: bool,
    /// Whether the server is to say what it has validated (RFC 6840 §5.7).
    pub(crate) authentic: bool,
    /// Whether the letters of the name are written large and small at random.
    pub(crate) mixed: bool,
    pub(crate) wait: Duration,
    /// Whether something came with its id that cannot be read, or not all of it.
    pub(crate) garbled: bool,
}

/// What goes out beside the question.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// Options, if EDNS is spoken.
    pub(crate) options: OptionsBuf,
    /// Whether the asked shall leave the checking to us.
    pub(crate) unchecked: bool,
    /// Whether octets of nothing shall hide the length (RFC 8467).
    pub(crate) padded: bool,
}

/// A query as it went out.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) ask: Ask,
    pub(crate) id: u16,
    /// The name, which differs in the case of letters.
    spelling: Name,
}

/// RFC 8467 §4.1: queries are padded to a multiple of 128 octets.
const BLOCK: usize = 128;
/// AD in the fourth octet of a message (RFC 4035 §3.2.3).
const AUTHENTIC: u8 = 0x20;
/// Octets of an option's code and length.
const OPTION: usize = 4;

impl Sent {
    pub(crate) fn new(ask: Ask, id: u16, random: &mut Random) -> Self {
        let spelling = if ask.mixed { random.spell(&ask.name) } else { ask.name.clone() };
        Self { ask, id, spelling }
    }

    /// Writes the query.
    pub(crate) fn write(&self, mut extras: Extras) -> Bytes {
        let header = Header {
            id: self.id,
            recursion_desired: self.ask.recursion,
            checking_disabled: extras.unchecked,
            authentic_data: self.ask.authentic,
            ..Header::default()
        };
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out, header, usize::from(u16::MAX));
        let name = self.spelling.view();
        let question = Question { name, rtype: self.ask.rtype, class: Class::IN };
        writer.question(question).expect("a question has at most 259 octets");
        if let Some(payload) = self.ask.payload {
            let options = &mut extras.options;
            if extras.padded {
                let bare = Edns { options: options.view(), ..Edns::new(payload) };
                let length = writer.len() + bare.wire_len() + OPTION;
                let nothing = length.next_multiple_of(BLOCK) - length;
                options.push(&EdnsOption::Padding(u16::try_from(nothing).unwrap_or_default()));
            }
            let dnssec_ok = self.ask.dnssec;
            let edns = Edns { dnssec_ok, options: options.view(), ..Edns::new(payload) };
            writer.edns(&edns).expect("our own options are few");
        }
        writer.finish();
        out.freeze()
    }

    /// Reads what may be the answer; what is not is worth nothing, whoever sent it. Records that
    /// are malformed may be overlooked (`mends`), and AD be left in it (`authentic`) or not.
    pub(crate) fn hear(&mut self, octets: &[u8], mends: bool, authentic: bool) -> Option<Heard> {
        // The cheapest test first: forgers send many.
        if octets.first_chunk() != Some(&self.id.to_be_bytes()) {
            return None;
        }
        let mended;
        let message = match Message::parse(octets) {
            Err(_) if mends => {
                self.ask.garbled = true;
                mended = mend(octets).unwrap_or_default();
                Message::parse(&mended)
            }
            parsed => parsed,
        };
        let Ok(message) = message else {
            self.ask.garbled = true;
            return None;
        };
        let is_answer = self.is_answer(&message);
        is_answer.then(|| match self.is_spelt(&message) {
            true => Heard::Answer(self.respelt(&message, authentic)),
            false => Heard::Misspelt,
        })
    }
}

/// What has come on a flow.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The answer.
    Answer(MessageBuf),
    /// What could be the answer, but for the case of the letters: from a server that does not keep
    /// it, or a forger.
    Misspelt,
}

/// All queries that are out; `K` says on whose behalf.
#[derive(Debug)]
pub(crate) struct Exchanges<K> {
    pub(crate) random: Random,
    /// Whether a record that is malformed is overlooked, instead of the message.
    pub(crate) mends: bool,
    next: u64,
    open: BTreeMap<Flow, Open<K>>,
    deadlines: BTreeSet<(Instant, Flow)>,
    outbox: VecDeque<Transmit>,
}

#[derive(Debug)]
struct Open<K> {
    key: K,
    sent: Sent,
    since: Instant,
    deadline: Instant,
}

impl<K> Exchanges<K> {
    pub(crate) fn new(random: Random) -> Self {
        let (open, deadlines) = (BTreeMap::new(), BTreeSet::new());
        Self { random, mends: false, next: 0, open, deadlines, outbox: VecDeque::new() }
    }

    /// Sends a query, from a fresh port and with a fresh id.
    pub(crate) fn send(&mut self, now: Instant, key: K, ask: Ask) {
        let (flow, id) = (Flow::new(self.next), self.random.id());
        self.next += 1;
        let deadline = now + ask.wait;
        let (to, via, unchecked) = (ask.to, ask.via, ask.dnssec && ask.recursion);
        let sent = Sent::new(ask, id, &mut self.random);
        let message = sent.write(Extras { unchecked, ..Extras::default() });
        self.outbox.push_back(Transmit::Send { flow, to, via, message });
        self.deadlines.insert((deadline, flow));
        self.open.insert(flow, Open { key, sent, since: now, deadline });
    }

    /// Takes a message and returns whose answer it is, and how long it took. What is not the
    /// answer to the query on that flow is ignored and changes nothing: it may be forged, and the
    /// true one yet to come.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        flow: Flow,
        octets: &[u8],
    ) -> Option<(K, Ask, Heard, Duration)> {
        let open = self.open.get_mut(&flow)?;
        let heard = open.sent.hear(octets, self.mends, true)?;
        let took = now - open.since;
        let (key, ask) = self.close(flow)?;
        Some((key, ask, heard, took))
    }

    /// Forgets a flow, and has its socket closed.
    pub(crate) fn close(&mut self, flow: Flow) -> Option<(K, Ask)> {
        let open = self.open.remove(&flow)?;
        self.deadlines.remove(&(open.deadline, flow));
        self.outbox.push_back(Transmit::Close(flow));
        Some((open.key, open.sent.ask))
    }

    /// Closes all flows of somebody.
    pub(crate) fn cancel(&mut self, whose: impl Fn(&K) -> bool) {
        let flows = self.open.iter().filter(|(_, open)| whose(&open.key));
        let flows: Vec<Flow> = flows.map(|(&flow, _)| flow).collect();
        flows.into_iter().for_each(|flow| drop(self.close(flow)));
    }

    /// Returns the next query whose time is over.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<(K, Ask)> {
        let &(deadline, flow) = self.deadlines.first()?;
        if deadline > now {
            return None;
        }
        self.close(flow)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(deadline, _)| deadline)
    }

    pub(crate) fn transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }
}

impl Sent {
    /// RFC 5452 §9.1: the same question comes back. Who does not understand the query may leave it
    /// out (RFC 1035 §4.1.1: FORMERR).
    fn is_answer(&self, message: &Message<'_>) -> bool {
        let header = message.header();
        let same = message.question().is_some_and(|question| {
            self.ask.name == question.name
                && self.ask.rtype == question.rtype
                && question.class == Class::IN
        });
        let lost = message.questions().next().is_none()
            && matches!(header.rcode, Rcode::FORMERR | Rcode::NOTIMP);
        header.response && header.opcode == Opcode::QUERY && (same || lost)
    }

    /// Copies the message with the name as it was asked for: other names point into it, and what
    /// only a forger has to guess is nobody else's business.
    fn respelt(&self, message: &Message<'_>, authentic: bool) -> MessageBuf {
        let mut octets = BytesMut::from(message.octets());
        let end = crate::reader::HEADER + self.ask.name.wire().len();
        if let Some(place) = octets.get_mut(crate::reader::HEADER..end)
            && place.eq_ignore_ascii_case(self.ask.name.wire())
        {
            place.copy_from_slice(self.ask.name.wire());
        }
        if let Some(flags) = octets.get_mut(3)
            && !authentic
        {
            *flags &= !AUTHENTIC;
        }
        MessageBuf::parse(octets.freeze()).unwrap_or_else(|_| message.to_buf())
    }

    /// Whether the name comes back letter by letter as it was sent.
    fn is_spelt(&self, message: &Message<'_>) -> bool {
        let labels = |question: Question<'_>| {
            question.name.labels().zip(self.spelling.labels()).all(|(own, other)| own == other)
        };
        self.ask.via != Transport::Udp || message.question().is_none_or(labels)
    }
}

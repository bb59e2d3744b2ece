//! Telling that a zone has changed (RFC 1996): the message, who is told, and how one is heard.
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::Instant;

use crate::authority::Outcome;
use crate::header::Header;
use crate::message::{Message, Question, Section};
use crate::name::Name;
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::record::Record;
use crate::tsig::{Key, Transaction};
use crate::writer::Writer;
use crate::zone::Zone;

/// How hard a [`Notifier`] tries.
///
/// ```
/// use dns_proto::NotifyLimits;
///
/// assert_eq!(NotifyLimits { attempts: 1, ..NotifyLimits::default() }.wait.as_secs(), 5);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotifyLimits {
    /// How long the first attempt waits for an answer; each further one twice as long as the one
    /// before. 5 s: RFC 1996 §3.6 has it begin at 60 s, and in practice servers retry sooner.
    pub wait: Duration,
    /// Attempts at one server. Five (RFC 1996 §3.6).
    pub attempts: u32,
}

impl Default for NotifyLimits {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5), attempts: 5 }
    }
}

/// Tells servers of a zone's new version, until they have answered or five attempts were in vain.
///
/// It sends nothing itself: [`transmit`](Self::transmit) says what is due to whom, and
/// [`deadline`](Self::deadline) when to ask again.
///
/// ```
/// use dns_proto::{Name, Notifier, Rdata, Record, Zone};
/// use proto_core::Instant;
///
/// # let apex: Name = "crepes.fr".parse()?;
/// # let soa = Rdata::Soa {
/// #     primary: apex.view(), mailbox: apex.view(),
/// #     serial: 7, refresh: 3600, retry: 600, expire: 86400, minimum: 60,
/// # };
/// let zone = Zone::new([Record::new(apex.clone(), 3600, soa)])?;
/// let secondary = ([192, 0, 2, 1], 53).into();
/// let mut notifier = Notifier::new(&zone, [(secondary, 4711)]);
/// let (to, message) = notifier.transmit(Instant::ORIGIN).expect("one is to be told");
/// assert_eq!(to, secondary);
/// // An answer is whatever has the id, comes from there and is one.
/// let mut answer = message.to_vec();
/// answer[2] |= 0x80;
/// assert!(notifier.receive(Instant::ORIGIN, secondary, &answer));
/// assert!(notifier.is_done());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Notifier {
    apex: Name,
    soa: Option<Record>,
    targets: Vec<Target>,
    limits: NotifyLimits,
    /// Seconds since 1970 at an instant.
    clock: (Instant, u64),
}

#[derive(Clone, Debug)]
struct Target {
    address: SocketAddr,
    id: u16,
    due: Instant,
    attempts: u32,
    key: Option<Key>,
    /// Verifies the answer to what was sent last.
    signer: Option<Transaction>,
}

impl Notifier {
    /// Begins to tell servers about this version; beside each, an id that nobody can guess.
    pub fn new(zone: &Zone, targets: impl IntoIterator<Item = (SocketAddr, u16)>) -> Self {
        let (due, attempts, key, signer) = (Instant::ORIGIN, 0, None, None);
        let new = Target { address: ([0; 4], 0).into(), id: 0, due, attempts, key, signer };
        let target = |(address, id)| Target { address, id, ..new.clone() };
        let targets = targets.into_iter().map(target).collect();
        let soa = zone.apex_node().into_iter().flat_map(|node| zone.of_node(node));
        let soa = soa.into_iter().find(|record| record.rtype() == RecordType::SOA);
        let (limits, clock) = (NotifyLimits::default(), (Instant::ORIGIN, 0));
        Self { apex: zone.apex().clone(), soa, targets, limits, clock }
    }

    /// Signs what goes to a server (RFC 8945), and believes none but signed answers from there.
    #[must_use]
    pub fn with_key(mut self, server: SocketAddr, key: &Key) -> Self {
        let targets = self.targets.iter_mut().filter(|target| target.address == server);
        targets.for_each(|target| target.key = Some(key.clone()));
        self
    }

    /// Says what the wall clock shows at an instant, in seconds since 1970: signatures need it.
    pub const fn set_clock(&mut self, now: Instant, seconds: u64) {
        self.clock = (now, seconds);
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(self, limits: NotifyLimits) -> Self {
        Self { limits, ..self }
    }

    /// Returns the next message that is due, and to whom.
    pub fn transmit(&mut self, now: Instant) -> Option<(SocketAddr, Bytes)> {
        let NotifyLimits { wait, attempts } = self.limits;
        self.targets.retain(|target| target.attempts < attempts || target.due > now);
        let seconds = self.seconds(now);
        let place = self.targets.iter().position(|target| target.due <= now)?;
        let (address, id) = self.targets.get(place).map(|target| (target.address, target.id))?;
        let mut message = self.write(id);
        let target = self.targets.get_mut(place)?;
        // By default after 5, 10, 20, 40, 80 seconds.
        target.due =
            now + wait.saturating_mul(1_u32.checked_shl(target.attempts).unwrap_or(u32::MAX));
        target.attempts += 1;
        // There is room: a notification has less than 1,100 octets.
        let key = target.key.clone();
        target.signer = key.and_then(|key| key.request(&mut message, seconds).ok());
        Some((address, message.freeze()))
    }

    /// Takes an answer in, and says whether it was one: whatever it says, that server knows
    /// (RFC 1996 §4.8).
    pub fn receive(&mut self, now: Instant, from: SocketAddr, octets: &[u8]) -> bool {
        let Ok(message) = Message::parse(octets) else { return false };
        let (header, seconds) = (message.header(), self.seconds(now));
        let before = self.targets.len();
        if header.response && header.opcode == Opcode::NOTIFY {
            self.targets.retain_mut(|target| {
                let own = target.address == from && target.id == header.id;
                !(own && target.believes(octets, seconds))
            });
        }
        self.targets.len() < before
    }

    /// Returns when to [`transmit`](Self::transmit) next.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.targets.iter().map(|target| target.due).min()
    }

    /// Whether everybody has answered or been given up.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.targets.is_empty()
    }

    fn seconds(&self, now: Instant) -> u64 {
        let (at, seconds) = self.clock;
        let since = now.since_origin().saturating_sub(at.since_origin());
        seconds.saturating_add(since.as_secs())
    }

    fn write(&self, id: u16) -> BytesMut {
        let mut out = BytesMut::new();
        let header =
            Header { id, opcode: Opcode::NOTIFY, authoritative: true, ..Header::default() };
        let mut writer = Writer::new(&mut out, header, usize::from(u16::MAX));
        let class = self.soa.as_ref().map_or(Class::IN, Record::class);
        let question = Question { name: self.apex.view(), rtype: RecordType::SOA, class };
        writer.question(question).expect("a question has at most 259 octets");
        if let Some(soa) = &self.soa {
            writer.section(Section::Answer).expect("it is the first");
            writer.record(soa).expect("a SOA record has at most 800 octets");
        }
        writer.finish();
        out
    }
}

impl Target {
    /// Whether an answer is signed as it must be.
    fn believes(&mut self, octets: &[u8], seconds: u64) -> bool {
        match (&self.key, &mut self.signer) {
            (None, _) => true,
            (Some(_), Some(signer)) => matches!(signer.verify(octets, seconds), Ok(true)),
            (Some(_), None) => false,
        }
    }
}

/// What a notification says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notification {
    /// The zone that has changed.
    pub zone: Name,
    /// The serial it has, if that is told: a hint, and no more (RFC 1996 §3.7).
    pub serial: Option<u32>,
}

impl Notification {
    /// Reads a notification. Who sent it may be asked for the zone's SOA then, if it is one of the
    /// zone's primaries ([`Action::Notify`](crate::Action)).
    ///
    /// ```
    /// use dns_proto::{Message, Notification, Query, RecordType};
    ///
    /// let mut octets = Query::new(&"crepes.fr".parse()?, RecordType::SOA).write().to_vec();
    /// octets[2] = 4 << 3;
    /// let notification = Notification::parse(&Message::parse(&octets)?);
    /// assert_eq!(notification.expect("it is one").zone.to_string(), "crepes.fr.");
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn parse(message: &Message<'_>) -> Option<Self> {
        let header = message.header();
        let question = message.question().filter(|it| it.rtype == RecordType::SOA)?;
        if header.response || header.opcode != Opcode::NOTIFY {
            return None;
        }
        let serial = message.answers().find_map(|record| match record.data() {
            Rdata::Soa { serial, .. } if record.owner() == question.name => Some(serial),
            _ => None,
        });
        Some(Self { zone: question.name.to_name(), serial })
    }

    /// Appends the answer to a notification: NOERROR, or why it is of no use (RFC 1996 §4.7).
    pub fn answer(message: &Message<'_>, rcode: Rcode, out: &mut BytesMut) -> Outcome {
        if message.header().response {
            return Outcome::Ignored;
        }
        let header = Header { authoritative: true, rcode, ..message.header().answer() };
        let mut writer = Writer::new(out, header, usize::from(u16::MAX));
        if let Some(question) = message.question() {
            writer.question(question).expect("a question has at most 259 octets");
        }
        writer.finish();
        if rcode == Rcode::NOERROR { Outcome::Answer } else { Outcome::Failed(rcode) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::tsig::{Algorithm, Keyring};

    fn notifier() -> Notifier {
        let apex: Name = "z".parse().unwrap();
        let soa = Rdata::Soa {
            primary: apex.view(),
            mailbox: apex.view(),
            serial: 7,
            refresh: 1,
            retry: 1,
            expire: 1,
            minimum: 1,
        };
        let zone = Zone::new([Record::new(apex.clone(), 60, soa)]).unwrap();
        Notifier::new(&zone, [(([192, 0, 2, 1], 53).into(), 1), (([192, 0, 2, 2], 53).into(), 2)])
    }

    #[test]
    fn both_sides_agree() {
        let mut notifier = notifier();
        let mut told = vec![];
        while let Some((to, message)) = notifier.transmit(Instant::ORIGIN) {
            let message = Message::parse(&message).unwrap();
            let heard = Notification::parse(&message).unwrap();
            assert_eq!((heard.zone.to_string().as_str(), heard.serial), ("z.", Some(7)));
            let mut answer = BytesMut::new();
            Notification::answer(&message, Rcode::NOERROR, &mut answer);
            told.push((to, answer));
        }
        let (one, other) = (&told[0], &told[1]);
        assert!(
            !notifier.receive(Instant::ORIGIN, one.0, &other.1),
            "another's answer is no answer"
        );
        assert!(notifier.receive(Instant::ORIGIN, one.0, &one.1) && !notifier.is_done());
        assert!(notifier.receive(Instant::ORIGIN, other.0, &other.1) && notifier.is_done());
    }

    #[test]
    fn signed_notifications_want_signed_answers() {
        let secret = b"a secret of some octets".to_vec();
        let key = Key::new("key".parse().unwrap(), Algorithm::HmacSha256, secret);
        let server = ([192, 0, 2, 1], 53).into();
        let mut notifier = notifier().with_key(server, &key);
        notifier.set_clock(Instant::ORIGIN, 1_800_000_000);
        let (to, message) = notifier.transmit(Instant::ORIGIN).unwrap();
        assert_eq!(to, server);
        let keys: Keyring = [key].into_iter().collect();
        let mut signer = keys.verify(&message, 1_800_000_000).unwrap().expect("it is signed");
        let mut answer = BytesMut::new();
        Notification::answer(&Message::parse(&message).unwrap(), Rcode::NOERROR, &mut answer);
        assert!(!notifier.receive(Instant::ORIGIN, server, &answer), "it is not signed");
        signer.sign(&mut answer, 0, 1_800_000_000).unwrap();
        assert!(notifier.receive(Instant::ORIGIN, server, &answer));
        // The other server has no key.
        let (_, message) = notifier.transmit(Instant::ORIGIN).unwrap();
        assert!(Message::parse(&message).unwrap().tsig().is_none());
    }

    #[test]
    fn who_does_not_answer_is_asked_as_often_as_the_limit_says() {
        for limits in [NotifyLimits::default(), NotifyLimits { attempts: 6, ..Default::default() }]
        {
            let (mut notifier, mut sent) = (notifier().with_limits(limits), 0);
            while let Some(now) = notifier.deadline() {
                sent += core::iter::from_fn(|| notifier.transmit(now)).count();
            }
            assert!(notifier.is_done());
            assert_eq!(sent, usize::try_from(2 * limits.attempts).unwrap());
        }
    }

    use alloc::string::ToString;
}

//! A zone that is kept like its primaries': when to ask, whom, and when to give up (RFC 1034
//! §4.3.5).
use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;
use core::net::SocketAddr;
use core::time::Duration;

use bytes::{Bytes, BytesMut};
use proto_core::{Agent, Flow, Instant, Transmit, Transport};

use crate::error::{Error, Misuse};
use crate::message::Message;
use crate::name::Name;
use crate::number::{Rcode, RecordType};
use crate::query::Query;
use crate::random::Random;
use crate::rdata::Rdata;
use crate::transfer::{self, Incoming, Progress};
use crate::tsig::{Key, Transaction};
use crate::update::newer;
use crate::zone::Zone;

/// Who has the zone.
#[derive(Clone, Debug)]
pub struct Primary {
    /// Where it is.
    pub address: SocketAddr,
    /// What its messages and ours are signed with.
    pub key: Option<Key>,
    /// The name that its certificate must be for, if it is spoken with by TLS alone (RFC 9103).
    pub tls: Option<Name>,
}

/// What a [`Secondary`] is told to keep to, whatever the zone's SOA says.
///
/// ```
/// use dns_proto::secondary::Limits;
///
/// assert_eq!(Limits::default().wait.as_secs(), 5);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The shortest and the longest time between two checks when all is well. 30 s to 14 days: who
    /// writes 1 into his SOA does not get a flood, and who writes ten years is looked after.
    pub refresh: (Duration, Duration),
    /// The same when no primary could be asked. 10 s to a day.
    pub retry: (Duration, Duration),
    /// The longest time that a zone is served without a primary. 90 days, as in no server: theirs
    /// is what the SOA says.
    pub expire: Duration,
    /// How long one SOA query waits for its answer. 5 s.
    pub wait: Duration,
    /// How long a transfer may be silent. 60 s, as in NSD's `tcp-timeout` for transfers.
    pub silence: Duration,
    /// What a transfer may cost.
    pub transfer: transfer::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            refresh: (secs(30), secs(14 * 86_400)),
            retry: (secs(10), secs(86_400)),
            expire: secs(90 * 86_400),
            wait: secs(5),
            silence: secs(60),
            transfer: transfer::Limits::default(),
        }
    }
}

/// What a secondary has to say.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A primary has this new version: put it into service.
    Zone(Zone),
    /// The zone is as new as this primary's.
    Current(SocketAddr),
    /// A primary could not be asked, or its transfer failed; another is tried, or the same later.
    Failed {
        /// Which.
        primary: SocketAddr,
        /// Why.
        error: Error,
    },
    /// No primary could be asked for so long that the zone must not be served any more
    /// ([`Authority::suspend`](crate::Authority::suspend)).
    Expired,
}

/// Keeps a zone like its primaries'.
///
/// It is an [`Agent`]: a driver carries messages. By UDP it asks for the SOA when the zone's timers
/// say so or a [notification](Self::notify) comes, by TCP for what is new, for the whole zone if
/// there is none or the steps do not fit, and goes from primary to primary until one has answered.
///
/// ```
/// use dns_proto::secondary::{Primary, Secondary};
/// use proto_core::{Agent, Instant, Transmit, Transport};
///
/// let primary = Primary { address: ([192, 0, 2, 1], 53).into(), key: None, tls: None };
/// let seed = [7; 32]; // From the operating system, in earnest.
/// let mut secondary = Secondary::new("crepes.fr".parse()?, [primary], seed)?;
/// secondary.expire(Instant::ORIGIN);
/// // Without a zone there is nothing to compare: it is fetched whole.
/// let Some(Transmit::Send { via, .. }) = secondary.transmit() else { panic!("nothing sent") };
/// assert_eq!(via, Transport::Tcp);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Secondary {
    apex: Name,
    primaries: Vec<Primary>,
    limits: Limits,
    random: Random,
    /// Seconds since 1970 at an instant.
    clock: (Instant, u64),
    zone: Option<Zone>,
    /// When a primary has last said that the zone is current, unless it has expired since.
    checked: Option<Instant>,
    /// When to ask next, if nothing is asked.
    due: Instant,
    /// Rounds in which no primary could be asked, one after another.
    failures: u32,
    /// Whether a notification has come while something was asked.
    again: bool,
    work: Work,
    next: u64,
    outbox: VecDeque<Transmit>,
    events: VecDeque<Event>,
}

/// What is being asked, of which primary, until when.
#[derive(Debug)]
enum Work {
    Idle,
    Asking { turn: Turn, id: u16, signer: Option<Transaction> },
    Fetching { turn: Turn, incoming: Box<Incoming>, whole: bool },
}

#[derive(Clone, Copy, Debug)]
struct Turn {
    primary: usize,
    /// Primaries that have been asked in this round, this one too.
    asked: usize,
    flow: Flow,
    via: Transport,
    deadline: Instant,
}

impl Secondary {
    /// Keeps the zone with this apex, and has none. The seed must be secret and never used again.
    ///
    /// # Errors
    ///
    /// [`Misuse::NoServers`].
    pub fn new(
        apex: Name,
        primaries: impl IntoIterator<Item = Primary>,
        seed: [u8; 32],
    ) -> Result<Self, Misuse> {
        let primaries: Vec<_> = primaries.into_iter().collect();
        if primaries.is_empty() {
            return Err(Misuse::NoServers);
        }
        Ok(Self {
            apex,
            primaries,
            limits: Limits::default(),
            random: Random::new(seed),
            clock: (Instant::ORIGIN, 0),
            zone: None,
            checked: None,
            due: Instant::ORIGIN,
            failures: 0,
            again: false,
            work: Work::Idle,
            next: 0,
            outbox: VecDeque::new(),
            events: VecDeque::new(),
        })
    }

    /// Begins with a version that was kept; it is checked at once, and expires as if it had been
    /// checked at the time's origin.
    #[must_use]
    pub fn with_zone(self, zone: Zone) -> Self {
        Self { zone: Some(zone), checked: Some(Instant::ORIGIN), ..self }
    }

    /// Sets the limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Says what the wall clock shows at an instant, in seconds since 1970: signatures need it.
    pub const fn set_clock(&mut self, now: Instant, seconds: u64) {
        self.clock = (now, seconds);
    }

    /// Returns the zone's name.
    #[must_use]
    pub const fn apex(&self) -> &Name {
        &self.apex
    }

    /// Returns who has the zone.
    #[must_use]
    pub fn primaries(&self) -> &[Primary] {
        &self.primaries
    }

    /// Returns the version that it has.
    #[must_use]
    pub const fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// Notes that somebody who may has said that the zone has changed (RFC 1996 §3.11): it is asked
    /// for soon, if the serial is not known to be an old one.
    pub fn notify(&mut self, now: Instant, serial: Option<u32>) {
        let known = match (&self.zone, serial) {
            (Some(zone), Some(serial)) => !newer(serial, zone.serial()),
            _ => false,
        };
        if known {
            return;
        }
        match self.work {
            Work::Idle => self.due = self.due.min(now),
            _ => self.again = true,
        }
    }

    /// Begins a round at the first primary.
    fn begin(&mut self, now: Instant) {
        self.again = false;
        self.ask(now, 0, 1, Transport::Udp);
    }

    /// Asks a primary for its SOA, or for the zone if there is none to compare.
    fn ask(&mut self, now: Instant, primary: usize, asked: usize, via: Transport) {
        if self.zone.is_none() {
            return self.fetch(now, primary, asked, true);
        }
        let Some(Primary { address, key, tls }) = self.primaries.get(primary).cloned() else {
            return;
        };
        let via = if tls.is_some() { Transport::Tls } else { via };
        let (id, seconds) = (self.random.id(), self.seconds(now));
        let query = Query::new(&self.apex, RecordType::SOA).id(id).payload(None).write();
        let mut query = BytesMut::from(&query[..]);
        let signer = match key.map(|key| key.request(&mut query, seconds)).transpose() {
            Ok(signer) => signer,
            Err(error) => return self.failed(now, primary, asked, error),
        };
        let wait = self.limits.wait;
        let turn = self.open(now, (primary, asked), (address, via, wait), query.freeze());
        self.work = Work::Asking { turn, id, signer };
    }

    /// Asks a primary for what is new, or for the whole zone.
    fn fetch(&mut self, now: Instant, primary: usize, asked: usize, whole: bool) {
        let Some(Primary { address, key, tls }) = self.primaries.get(primary).cloned() else {
            return;
        };
        let via = if tls.is_some() { Transport::Tls } else { Transport::Tcp };
        let (id, seconds) = (self.random.id(), self.seconds(now));
        let zone = self.zone.as_ref().filter(|_| !whole);
        let begun = match zone {
            Some(zone) => Incoming::since(zone, id, key, seconds),
            None => Incoming::whole(&self.apex, id, key, seconds),
        };
        let (incoming, query) = match begun {
            Ok(begun) => begun,
            Err(error) => return self.failed(now, primary, asked, error),
        };
        let whole = zone.is_none();
        let incoming = Box::new(incoming.with_limits(self.limits.transfer.clone()));
        let silence = self.limits.silence;
        let turn = self.open(now, (primary, asked), (address, via, silence), query);
        self.work = Work::Fetching { turn, incoming, whole };
    }

    fn open(
        &mut self,
        now: Instant,
        (primary, asked): (usize, usize),
        (to, via, wait): (SocketAddr, Transport, Duration),
        message: Bytes,
    ) -> Turn {
        self.close();
        let flow = Flow::new(self.next);
        self.next += 1;
        self.outbox.push_back(Transmit::Send { flow, to, via, message });
        Turn { primary, asked, flow, via, deadline: now + wait }
    }

    /// Ends what is being asked.
    fn close(&mut self) {
        if let Some(turn) = self.work.turn() {
            self.outbox.push_back(Transmit::Close(turn.flow));
        }
        self.work = Work::Idle;
    }

    /// Goes on to the next primary, or waits for the next round if that was the last.
    fn failed(&mut self, now: Instant, primary: usize, asked: usize, error: Error) {
        self.close();
        if let Some(Primary { address, .. }) = self.primaries.get(primary) {
            self.events.push_back(Event::Failed { primary: *address, error });
        }
        if asked < self.primaries.len() {
            let next = (primary + 1) % self.primaries.len();
            return self.ask(now, next, asked + 1, Transport::Udp);
        }
        self.failures = self.failures.saturating_add(1);
        let (least, most) = self.limits.retry;
        // Without a zone, or when retries do not help, less and less often.
        let own = self.soa_timer(|timers| timers.retry).unwrap_or(least);
        let doubled = own.saturating_mul(1 << (self.failures - 1).min(16));
        let wait = if self.zone.is_some() { own } else { doubled };
        self.rest(now, wait.clamp(least, most.max(least)));
    }

    /// The version that it has is the newest; if it had expired, it is good again.
    fn current(&mut self, primary: SocketAddr) {
        let revived = self.zone.clone().filter(|_| self.checked.is_none());
        self.events.push_back(revived.map_or(Event::Current(primary), Event::Zone));
    }

    /// A primary has what we have, or we have what it has.
    fn succeeded(&mut self, now: Instant) {
        self.close();
        (self.checked, self.failures) = (Some(now), 0);
        let (least, most) = self.limits.refresh;
        let own = self.soa_timer(|timers| timers.refresh).unwrap_or(least);
        self.rest(now, own.clamp(least, most.max(least)));
    }

    /// Waits, up to a tenth less, so that the secondaries of one primary do not come together.
    fn rest(&mut self, now: Instant, wait: Duration) {
        let tenth = usize::try_from(wait.as_millis() / 10).unwrap_or(usize::MAX);
        let less = u64::try_from(self.random.below(tenth)).unwrap_or_default();
        let again = mem::take(&mut self.again);
        let wait = wait.saturating_sub(Duration::from_millis(less));
        self.due = if again { now } else { now + wait };
    }

    fn soa_timer(&self, pick: impl Fn(&Timers) -> u32) -> Option<Duration> {
        let timers = self.zone.as_ref().and_then(Timers::of)?;
        Some(Duration::from_secs(pick(&timers).into()))
    }

    fn expiry(&self) -> Option<Instant> {
        let expire = self.soa_timer(|timers| timers.expire)?;
        Some(self.checked? + expire.min(self.limits.expire))
    }

    fn seconds(&self, now: Instant) -> u64 {
        let (at, seconds) = self.clock;
        let since = now.since_origin().saturating_sub(at.since_origin());
        seconds.saturating_add(since.as_secs())
    }

    /// Looks at the SOA that a primary has.
    fn heard(&mut self, now: Instant, octets: &[u8], turn: Turn) {
        let Ok(message) = Message::parse(octets) else { return };
        let Some(address) = self.primaries.get(turn.primary).map(|it| it.address) else { return };
        match serial(&self.apex, &message) {
            _ if message.header().truncated && turn.via == Transport::Udp => {
                self.ask(now, turn.primary, turn.asked, Transport::Tcp);
            }
            Some(serial) if self.zone.as_ref().is_none_or(|own| newer(serial, own.serial())) => {
                self.fetch(now, turn.primary, turn.asked, false);
            }
            Some(_) => {
                self.current(address);
                self.succeeded(now);
            }
            None => {
                let error = match message.rcode() {
                    Rcode::NOERROR => Error::Useless,
                    rcode => Error::Refused(rcode),
                };
                self.failed(now, turn.primary, turn.asked, error);
            }
        }
    }

    /// Takes the next message of a transfer.
    fn fetched(&mut self, now: Instant, progress: Result<Progress, Error>, whole: bool) {
        let Work::Fetching { turn, .. } = &mut self.work else { return };
        turn.deadline = now + self.limits.silence;
        let turn = *turn;
        match progress {
            Ok(Progress::More) => {}
            Ok(Progress::UpToDate) => {
                let address = self.primaries.get(turn.primary).map(|primary| primary.address);
                address.into_iter().for_each(|address| self.current(address));
                self.succeeded(now);
            }
            Ok(Progress::Done(zone)) => {
                self.zone = Some(zone.clone());
                self.events.push_back(Event::Zone(zone));
                self.succeeded(now);
            }
            // RFC 1995 §4: who has no steps is asked for all of it.
            Err(_) if !whole => self.fetch(now, turn.primary, turn.asked, true),
            Err(error) => self.failed(now, turn.primary, turn.asked, error),
        }
    }
}

impl Work {
    const fn turn(&self) -> Option<Turn> {
        match self {
            Self::Idle => None,
            Self::Asking { turn, .. } | Self::Fetching { turn, .. } => Some(*turn),
        }
    }
}

impl Agent for Secondary {
    type Event = Event;

    fn receive(&mut self, now: Instant, flow: Flow, message: &[u8]) {
        if self.work.turn().is_none_or(|turn| turn.flow != flow) {
            return;
        }
        let seconds = self.seconds(now);
        match &mut self.work {
            Work::Idle => {}
            Work::Asking { turn, id, signer } => {
                let turn = *turn;
                // What is not the answer changes nothing: the true one may be yet to come.
                let own = message.first_chunk() == Some(&id.to_be_bytes());
                let believed = signer
                    .as_mut()
                    .is_none_or(|signer| matches!(signer.verify(message, seconds), Ok(true)));
                if own && believed {
                    self.heard(now, message, turn);
                }
            }
            Work::Fetching { incoming, whole, .. } => {
                let (progress, whole) = (incoming.receive(message, seconds), *whole);
                self.fetched(now, progress, whole);
            }
        }
    }

    fn fail(&mut self, now: Instant, flow: Flow) {
        let Some(turn) = self.work.turn().filter(|turn| turn.flow == flow) else { return };
        match &self.work {
            // Where datagrams do not come through, streams may.
            Work::Asking { .. } if turn.via == Transport::Udp => {
                self.ask(now, turn.primary, turn.asked, Transport::Tcp);
            }
            _ => self.failed(now, turn.primary, turn.asked, Error::Unanswered),
        }
    }

    fn transmit(&mut self) -> Option<Transmit> {
        self.outbox.pop_front()
    }

    fn poll(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn deadline(&self) -> Option<Instant> {
        let work = self.work.turn().map_or(self.due, |turn| turn.deadline);
        Some(self.expiry().map_or(work, |expiry| work.min(expiry)))
    }

    fn expire(&mut self, now: Instant) {
        if self.expiry().is_some_and(|expiry| expiry <= now) {
            self.checked = None;
            self.events.push_back(Event::Expired);
        }
        match self.work.turn() {
            None if self.due <= now => self.begin(now),
            Some(turn) if turn.deadline <= now => self.fail(now, turn.flow),
            _ => {}
        }
    }
}

/// The times of an SOA record, in seconds.
struct Timers {
    refresh: u32,
    retry: u32,
    expire: u32,
}

impl Timers {
    fn of(zone: &Zone) -> Option<Self> {
        match zone.soa().first()? {
            Rdata::Soa { refresh, retry, expire, .. } => Some(Self { refresh, retry, expire }),
            _ => None,
        }
    }
}

/// Returns the serial that a good answer to a query for the SOA has.
fn serial(apex: &Name, message: &Message<'_>) -> Option<u32> {
    let header = message.header();
    if !header.response || !header.authoritative || message.rcode() != Rcode::NOERROR {
        return None;
    }
    message.answers().find_map(|record| match record.data() {
        Rdata::Soa { serial, .. } if *apex == record.owner() => Some(serial),
        _ => None,
    })
}

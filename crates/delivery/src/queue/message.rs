//! A message in the queue.
use alloc::{boxed::Box, vec::Vec};
use core::time::Duration;

use smtp_proto::{DeliverBy, Hold, Late, Mailbox, Notify, Parameters, ReversePath};

use crate::{Cause, Handover, Submission, Told};

/// Responsibility for a message: whom it is for, and what has become of it for each.
#[derive(Debug)]
pub(super) struct Entry {
    /// When, in seconds since 1970.
    pub(super) accepted: u64,
    pub(super) from: ReversePath,
    pub(super) parameters: Parameters,
    pub(super) recipients: Box<[Slot]>,
    /// Jobs that wait in lanes or are under way: those that are not put off.
    pub(super) active: u32,
    /// The sender was told that it is late.
    pub(super) warned: bool,
    /// What the sender is being told.
    pub(super) telling: Option<Box<Told>>,
}

/// One recipient.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) to: Mailbox,
    pub(super) parameters: Parameters,
    pub(super) fate: Fate,
    /// The sender knows, or need not.
    pub(super) told: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// And why it waits, once that is known.
    Waiting(Option<Box<Cause>>),
    Handed(Handover),
    Failed(Box<Cause>),
}

impl Entry {
    pub(super) fn new(accepted: u64, submission: Submission) -> Self {
        let Submission { from, parameters, recipients } = submission;
        let slots = recipients.into_iter().map(|it| Slot {
            to: it.to,
            parameters: it.parameters,
            fate: if it.expanded { Fate::Handed(Handover::Expanded) } else { Fate::Waiting(None) },
            told: false,
        });
        let recipients = slots.collect();
        let (active, warned, telling) = (0, false, None);
        Self { accepted, from, parameters, recipients, active, warned, telling }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.recipients.iter().all(|slot| !matches!(slot.fate, Fate::Waiting(_)))
    }

    /// Whether nobody is told what becomes of it.
    pub(super) const fn is_bounce(&self) -> bool {
        matches!(self.from, ReversePath::Null)
    }

    pub(super) fn priority(&self) -> i8 {
        self.parameters.priority().unwrap_or_default().value()
    }

    pub(super) fn meet(&mut self, place: u32, fate: Fate) {
        if let Some(slot) = self.slot_mut(place) {
            slot.fate = fate;
        }
    }

    pub(super) fn slot(&self, place: u32) -> Option<&Slot> {
        self.recipients.get(usize::try_from(place).ok()?)
    }

    fn slot_mut(&mut self, place: u32) -> Option<&mut Slot> {
        self.recipients.get_mut(usize::try_from(place).ok()?)
    }

    pub(super) fn note_told(&mut self, told: &Told) {
        self.warned |= told.delay;
        for place in &told.recipients {
            if let Some(slot) = self.slot_mut(*place) {
                slot.told = true;
            }
        }
    }

    /// When it goes out, in seconds since 1970: it may be held (RFC 4865).
    pub(super) fn released(&self) -> u64 {
        match self.parameters.hold() {
            Some(Hold::For(seconds)) => self.accepted.saturating_add(u64::from(seconds)),
            Some(Hold::Until(time)) => {
                let until = u64::try_from(time.unix_seconds()).unwrap_or_default();
                until.max(self.accepted)
            }
            None => self.accepted,
        }
    }

    /// How long it has been tried.
    pub(super) fn age(&self, at: u64) -> Duration {
        Duration::from_secs(at.saturating_sub(self.released()))
    }

    /// By when it is to be delivered, in seconds since 1970, and what if not (RFC 2852).
    pub(super) fn deliver_by(&self) -> Option<(u64, Late)> {
        let by = self.parameters.deliver_by()?;
        let until = self.accepted.saturating_add_signed(i64::from(by.seconds()));
        Some((until, by.late()))
    }

    /// Whether a server that cannot be told by when is to be told of delay instead (RFC 2852
    /// §4.1.4.2).
    pub(super) fn is_untimed(&self, at: u64) -> bool {
        matches!(self.deliver_by(), Some((until, Late::Notify)) if at < until)
    }

    /// What is said of it to the next server: it is not held again, and less time is left.
    pub(super) fn outgoing(&self, at: u64) -> Parameters {
        let parameters = self.parameters.clone().without("HOLDFOR").without("HOLDUNTIL");
        let (Some(by), Some((until, late))) = (parameters.deliver_by(), self.deliver_by()) else {
            return parameters;
        };
        let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        let left = i32::try_from(signed(until).saturating_sub(signed(at)));
        let left = DeliverBy::new(left.unwrap_or(-999_999_999).max(-999_999_999), late);
        match left {
            Some(left) if by.is_traced() => parameters.with_deliver_by(left.traced()),
            Some(left) => parameters.with_deliver_by(left),
            None => parameters,
        }
    }
}

impl Slot {
    /// Of what the sender wants to be told (RFC 3461 §4.1): if nothing is said, of failure, and of
    /// delay if we will.
    fn wishes(&self) -> Notify {
        self.parameters.notify().unwrap_or(Notify::FAILURE.and(Notify::DELAY))
    }

    /// What the next server is told of the recipient; `delay`: that the sender wants to hear of
    /// delay.
    pub(super) fn outgoing(&self, delay: bool) -> Parameters {
        let parameters = self.parameters.clone();
        if !delay || self.is_silent() {
            return parameters;
        }
        let wishes = self.parameters.notify().unwrap_or(Notify::FAILURE);
        parameters.with_notify(wishes.and(Notify::DELAY))
    }

    /// Whether the sender wants to be told nothing at all.
    pub(super) fn is_silent(&self) -> bool {
        self.parameters.notify() == Some(Notify::NEVER)
    }

    pub(super) fn wants_delay(&self) -> bool {
        matches!(self.fate, Fate::Waiting(_)) && self.wishes().has(Notify::DELAY)
    }

    /// Whether the sender is still to be told of its fate. `traced`: by DELIVERBY, every server
    /// on the way is to tell.
    pub(super) fn wants_report(&self, traced: bool) -> bool {
        let wanted = match &self.fate {
            Fate::Waiting(_) => false,
            // RFC 2852 §4.1.4: but not who wants to hear nothing.
            Fate::Handed(Handover::Untimed) => !self.is_silent(),
            Fate::Handed(_) if traced && !self.is_silent() => true,
            Fate::Handed(Handover::Passed) => false,
            Fate::Handed(_) => self.wishes().has(Notify::SUCCESS),
            Fate::Failed(_) => self.wishes().has(Notify::FAILURE),
        };
        wanted && !self.told
    }
}

/// The places of recipients that are still to be delivered to.
pub(super) fn waiting(entry: &Entry) -> Vec<u32> {
    let places = (0..).zip(entry.recipients.iter());
    places
        .filter(|(_, slot)| matches!(slot.fate, Fate::Waiting(_)))
        .map(|(place, _)| place)
        .collect()
}

//! What a queue remembers, and how it is built again.
use alloc::vec::Vec;

use proto_core::Instant;

use super::{
    Queue,
    message::{Entry, Fate},
};
use crate::{Action, Config, MessageId, Recipient, Record, Submission, Told};

impl Queue {
    /// Rebuilds a queue from its journal: what was not done is due.
    #[must_use]
    pub fn replay(
        config: Config,
        seed: u64,
        now: Instant,
        at: u64,
        records: impl IntoIterator<Item = Record>,
    ) -> Self {
        let mut queue = Self::new(config, seed);
        queue.tell(now, at);
        for record in records {
            queue.apply(record);
        }
        for message in queue.messages.keys().copied().collect::<Vec<_>>() {
            queue.begin(message);
            queue.review(message);
        }
        queue
    }

    /// The records that make the queue what it is: write them in place of a journal that has
    /// grown, all of them durably before the old one goes.
    pub fn snapshot(&self) -> impl Iterator<Item = Record> {
        // So that no number is given twice.
        let last =
            self.next.checked_sub(1).map(|last| Record::Removed { message: MessageId(last) });
        let last = last.filter(|record| record.message().is_some_and(|last| !self.holds(last)));
        let policies = self.policies.held(self.at).cloned().map(Record::Policy);
        let messages = self.messages.iter();
        let messages = messages.flat_map(|(message, entry)| entry.records(*message));
        last.into_iter().chain(policies).chain(messages)
    }

    pub(super) fn accept(&mut self, submission: Submission, tells: Option<Told>) -> MessageId {
        let message = MessageId(self.next);
        let submission = submission.compact().unwrap_or(submission);
        let told = tells.as_ref().map(|told| told.message);
        self.statistics.accepted += 1;
        self.record(Record::Accepted { message, at: self.at, submission, tells });
        self.begin(message);
        self.review(message);
        if let Some(told) = told {
            self.review(told);
        }
        message
    }

    /// Does what a record says, and has it written.
    pub(super) fn record(&mut self, record: Record) {
        self.apply(record.clone());
        self.actions.push_back(Action::Write(record));
    }

    fn apply(&mut self, record: Record) {
        if let Some(MessageId(message)) = record.message() {
            self.next = self.next.max(message.saturating_add(1));
        }
        match record {
            Record::Accepted { message, at, submission, tells } => {
                self.messages.insert(message, Entry::new(at, submission));
                if let Some(told) = tells {
                    self.note_told(&told);
                }
            }
            Record::Delivered { message, recipient, how } => {
                self.meet(message, recipient, Fate::Handed(how));
            }
            Record::Failed { message, recipient, why } => {
                self.meet(message, recipient, Fate::Failed(why.into()));
            }
            Record::Told(told) => self.note_told(&told),
            Record::Removed { message } => {
                self.messages.remove(&message);
            }
            Record::Policy(held) => self.policies.hold(held, self.at),
        }
    }

    pub(super) fn meet(&mut self, message: MessageId, place: u32, fate: Fate) {
        if let Some(entry) = self.messages.get_mut(&message) {
            entry.meet(place, fate);
        }
    }

    fn note_told(&mut self, told: &Told) {
        if let Some(entry) = self.messages.get_mut(&told.message) {
            entry.note_told(told);
        }
    }
}

impl Entry {
    fn records(&self, message: MessageId) -> Vec<Record> {
        let recipients = self.recipients.iter().map(|slot| Recipient {
            to: slot.to.clone(),
            parameters: slot.parameters.clone(),
            expanded: matches!(slot.fate, Fate::Handed(crate::Handover::Expanded)),
        });
        let submission = Submission {
            from: self.from.clone(),
            parameters: self.parameters.clone(),
            recipients: recipients.collect(),
        };
        let at = self.accepted;
        let mut records = Vec::from([Record::Accepted { message, at, submission, tells: None }]);
        for (recipient, slot) in (0..).zip(&self.recipients) {
            match &slot.fate {
                Fate::Handed(how) => {
                    records.push(Record::Delivered { message, recipient, how: *how });
                }
                Fate::Failed(why) => {
                    records.push(Record::Failed { message, recipient, why: (**why).clone() });
                }
                Fate::Waiting(_) => {}
            }
        }
        let told = (0..).zip(&self.recipients).filter(|(_, slot)| slot.told);
        let recipients: Vec<_> = told.map(|(place, _)| place).collect();
        if self.warned || !recipients.is_empty() {
            records.push(Record::Told(Told { message, delay: self.warned, recipients }));
        }
        records
    }
}

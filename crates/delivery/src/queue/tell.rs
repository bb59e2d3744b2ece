//! Whom to tell, and of what (RFC 3461 §5).
use alloc::{boxed::Box, vec::Vec};

use mime::report::DeliveryAction;
use smtp_proto::{Late, Notify, Parameters, Return, ReversePath};

use super::{
    Queue,
    message::{Entry, Fate, Slot},
};
use crate::{
    Action, Handover, MessageId, Recipient, Record, Report, ReportedRecipient, Submission, Told,
};

impl Queue {
    /// If nothing is under way for a message, tells its sender what is to be told, or is done.
    pub(super) fn review(&mut self, message: MessageId) {
        let Some(entry) = self.messages.get(&message) else { return };
        if entry.active > 0 || entry.telling.is_some() {
            return;
        }
        if let Some(report) = self.report(message, entry) {
            let told = Told {
                message,
                delay: report.recipients.iter().any(|it| it.action == DeliveryAction::Delayed),
                recipients: report.settled().collect(),
            };
            self.statistics.reports += 1;
            if let Some(entry) = self.messages.get_mut(&message) {
                entry.telling = Some(Box::new(told));
            }
            self.actions.push_back(Action::Report(report));
        } else if entry.is_settled() {
            self.remove(message);
        }
    }

    pub(super) fn take_report(
        &mut self,
        message: MessageId,
        parameters: Parameters,
    ) -> Option<MessageId> {
        let entry = self.messages.get_mut(&message)?;
        let ReversePath::Mailbox(to) = entry.from.clone() else { return None };
        let told = entry.telling.take()?;
        // RFC 8689 §5: it has the header of what others must not read.
        let parameters = match entry.parameters.requires_tls() {
            true => parameters.with_required_tls(),
            false => parameters,
        };
        let mut recipient = Recipient::from(to);
        // RFC 3461 §6.1: nobody is told what becomes of a report.
        recipient.parameters = Parameters::default().with_notify(Notify::NEVER);
        let recipients = Vec::from([recipient]);
        let submission = Submission { from: ReversePath::Null, parameters, recipients };
        Some(self.accept(submission, Some(*told)))
    }

    pub(super) fn finish_report(&mut self, message: MessageId) {
        let entry = self.messages.get_mut(&message);
        if let Some(told) = entry.and_then(|entry| entry.telling.take()) {
            self.record(Record::Told(*told));
            self.review(message);
        }
    }

    fn report(&self, message: MessageId, entry: &Entry) -> Option<Report> {
        // RFC 5321 §6.1: nobody is told that a bounce did not arrive.
        let ReversePath::Mailbox(to) = &entry.from else { return None };
        let traced = entry.parameters.deliver_by().is_some_and(|by| by.is_traced());
        let late = self.is_to_be_warned(entry);
        let reported = (0..)
            .zip(&entry.recipients)
            .filter(|(_, slot)| slot.wants_report(traced) || late && slot.wants_delay());
        let recipients: Vec<_> =
            reported.map(|(place, slot)| self.of_slot(place, slot, entry)).collect();
        if recipients.is_empty() {
            return None;
        }
        let arrived = entry.accepted;
        let envelope_id = entry.parameters.envelope_id();
        let secret = entry.parameters.requires_tls();
        let returned =
            entry.parameters.returned().map(|it| if secret { Return::Headers } else { it });
        Some(Report { message, to: to.clone(), arrived, returned, envelope_id, recipients })
    }

    /// Whether it is time to say that the message is late.
    fn is_to_be_warned(&self, entry: &Entry) -> bool {
        let by = matches!(entry.deliver_by(), Some((until, Late::Notify)) if self.at >= until);
        let warn = self.config.schedule.warn;
        !entry.warned && (by || warn.is_some_and(|warn| entry.age(self.at) >= warn))
    }

    fn of_slot(&self, place: u32, slot: &Slot, entry: &Entry) -> ReportedRecipient {
        let (action, why) = match &slot.fate {
            Fate::Waiting(why) => (DeliveryAction::Delayed, why.as_deref()),
            Fate::Failed(why) => (DeliveryAction::Failed, Some(&**why)),
            Fate::Handed(Handover::Delivered) => (DeliveryAction::Delivered, None),
            Fate::Handed(Handover::Expanded) => (DeliveryAction::Expanded, None),
            Fate::Handed(Handover::Passed | Handover::Relayed | Handover::Untimed) => {
                (DeliveryAction::Relayed, None)
            }
        };
        let give_up = entry.released().saturating_add(self.config.schedule.give_up.as_secs());
        ReportedRecipient {
            place,
            to: slot.to.clone(),
            original: slot.parameters.original_recipient(),
            action,
            why: why.cloned(),
            until: (action == DeliveryAction::Delayed).then_some(give_up),
        }
    }
}

//! SORT: messages in an order (RFC 5256, RFC 5957).
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::num::NonZeroU32;

use mime::Message;

use super::answer::{Answer, bad, no, ok};
use super::candidate::header;
use super::casemap::fold;
use super::{Details, Engine, Failure, Limits, Mailbox, Selected, Store};
use crate::command::{Sort, SortCriterion, SortKey};
use crate::{Code, Response, Sort as Sorted, Tag};

/// By what messages are compared.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Key {
    Number(i64),
    Text(String),
}

impl<S: Store> Engine<S> {
    pub(super) fn sort(&mut self, tag: &Tag, sort: &Sort) -> Answer {
        if sort.order.iter().any(|it| !is_supported(&it.key)) {
            return Err(bad("an order that is not supported"));
        }
        let mut found = self.find(sort.numbering, Some(&sort.charset), &sort.criteria)?;
        self.check_sortable(found.uids.len())?;
        let limits = self.limits;
        let order = self.selected_mut()?.in_order(&found.uids, &sort.order, &limits)?;
        found.reorder(order);
        match &sort.returns {
            Some(returns) => self.tell_found(tag, sort.numbering, returns, &found)?,
            None => {
                let numbers = self.numbers(sort.numbering, &found.uids).collect();
                self.tell(Response::Sort(Sorted { numbers, mod_seq: found.mod_seq() }));
            }
        }
        Ok(ok("done"))
    }

    pub(super) fn check_sortable(&self, count: usize) -> Answer<()> {
        if count > self.limits.sorted {
            return Err(no(Code::Limit, "too many messages to put in order"));
        }
        Ok(())
    }
}

impl<M: Mailbox> Selected<M> {
    fn in_order(
        &mut self,
        uids: &[NonZeroU32],
        order: &[SortCriterion],
        limits: &Limits,
    ) -> Result<Vec<NonZeroU32>, Failure> {
        let mut all = Vec::with_capacity(uids.len());
        for batch in uids.chunks(limits.batch.max(1)) {
            for details in self.mailbox.details(batch)? {
                match self.keys(&details, order, limits) {
                    Ok(keys) => all.push((keys, details.uid)),
                    Err(Failure::MessageGone) => {}
                    Err(failure) => return Err(failure),
                }
            }
        }
        let compare = |(one, _): &(Vec<Key>, _), (other, _): &(Vec<Key>, _)| {
            let keys = order.iter().zip(one.iter().zip(other));
            keys.fold(Ordering::Equal, |so_far, (criterion, (one, other))| {
                let here = one.cmp(other);
                so_far.then(if criterion.reverse { here.reverse() } else { here })
            })
        };
        // RFC 5256 §3: where nothing else tells them apart, the sequence number does.
        all.sort_by(|one, other| compare(one, other).then(one.1.cmp(&other.1)));
        Ok(all.into_iter().map(|(_, uid)| uid).collect())
    }

    fn keys(
        &mut self,
        details: &Details,
        order: &[SortCriterion],
        limits: &Limits,
    ) -> Result<Vec<Key>, Failure> {
        let in_details = |key: &SortKey| matches!(key, SortKey::Arrival | SortKey::Size);
        let octets = if order.iter().all(|it| in_details(&it.key)) {
            bytes::Bytes::new()
        } else {
            header(&mut self.mailbox, details.uid, details.size, limits)?
        };
        let message = Message::parse(&octets);
        let number = |number: u64| Key::Number(i64::try_from(number).unwrap_or(i64::MAX));
        let keys = order.iter().map(|it| match &it.key {
            SortKey::Arrival => Key::Number(details.received.to_unix()),
            SortKey::Size => number(details.size),
            SortKey::Date => Key::Number(sent(&message, details)),
            SortKey::Subject => {
                let subject = message.subject().unwrap_or_default();
                Key::Text(text(mime::BaseSubject::new(&subject).as_str(), limits))
            }
            SortKey::From => Key::Text(address(&message, "from", false, limits)),
            SortKey::To => Key::Text(address(&message, "to", false, limits)),
            SortKey::Cc => Key::Text(address(&message, "cc", false, limits)),
            SortKey::DisplayFrom => Key::Text(address(&message, "from", true, limits)),
            SortKey::DisplayTo => Key::Text(address(&message, "to", true, limits)),
            // The rest has been refused.
            _ => Key::Number(0),
        });
        Ok(keys.collect())
    }
}

const fn is_supported(key: &SortKey) -> bool {
    !matches!(key, SortKey::Relevancy | SortKey::Annotation(..))
}

/// RFC 5256 §2.2: when a message was sent, in UTC; when it came, if that is not said.
pub(super) fn sent(message: &Message<'_>, details: &Details) -> i64 {
    message.date().map_or_else(|| details.received.to_unix(), |date| date.unix_seconds())
}

/// The first address of a field: its mailbox, or what is shown of it (RFC 5957 §3).
fn address(message: &Message<'_>, field: &str, display: bool, limits: &Limits) -> String {
    let Some(list) = message.field(field).map(|field| field.addresses()) else {
        return String::new();
    };
    let Some(first) = list.mailboxes().next() else { return String::new() };
    let address = first.address();
    match first.name().filter(|name| display && !name.is_empty()) {
        Some(name) => text(name, limits),
        None if display => {
            text(&alloc::format!("{}@{}", address.local(), address.domain()), limits)
        }
        None => text(address.local(), limits),
    }
}

/// Text as it is compared, no longer than the limit.
pub(super) fn text(whole: &str, limits: &Limits) -> String {
    let mut end = whole.len().min(limits.sort_key);
    while !whole.is_char_boundary(end) {
        end -= 1;
    }
    fold(whole.get(..end).unwrap_or_default())
}

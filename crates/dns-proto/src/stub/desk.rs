//! Which queries belong together, on behalf of whom.
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

use proto_core::Instant;

use crate::error::Error;
use crate::name::Name;
use crate::number::RecordType;
use crate::stub::lookups::Answers;
use crate::stub::{Event, QueryId, Stub};

/// Lookups of some questions each; `R` is where the answers go.
#[derive(Debug)]
pub(crate) struct Desk<R> {
    lookups: BTreeMap<u64, Lookup<R>>,
    /// Each query's lookup, and its place among the questions.
    queries: BTreeMap<QueryId, (u64, usize)>,
}

#[derive(Debug)]
struct Lookup<R> {
    reply: R,
    answers: Answers,
    left: usize,
}

impl<R> Default for Desk<R> {
    fn default() -> Self {
        Self { lookups: BTreeMap::new(), queries: BTreeMap::new() }
    }
}

impl<R> Desk<R> {
    /// Asks some questions under a number that was not used before.
    pub(crate) fn ask(
        &mut self,
        (now, stub): (Instant, &mut Stub),
        number: u64,
        questions: Vec<(Name, RecordType)>,
        reply: R,
    ) {
        let left = questions.len();
        for (place, (name, rtype)) in questions.into_iter().enumerate() {
            self.queries.insert(stub.query(now, name, rtype), (number, place));
        }
        let answers = vec![Err(Error::Unanswered); left];
        self.lookups.insert(number, Lookup { reply, answers, left });
    }

    /// Takes what a stub says; returns the answers, if it was the last of a lookup.
    pub(crate) fn hear(&mut self, event: Event) -> Option<(R, Answers)> {
        let (id, answer) = match event {
            Event::Answer { id, message } => (id, Ok(message)),
            Event::Failed { id, error, .. } => (id, Err(error)),
        };
        let (number, place) = self.queries.remove(&id)?;
        let lookup = self.lookups.get_mut(&number)?;
        if let Some(space) = lookup.answers.get_mut(place) {
            *space = answer;
        }
        lookup.left -= 1;
        if lookup.left > 0 {
            return None;
        }
        self.lookups.remove(&number).map(|lookup| (lookup.reply, lookup.answers))
    }

    /// Forgets a lookup, if it has not ended. Only a future can be dropped before it ends.
    #[cfg(feature = "tokio")]
    pub(crate) fn cancel(&mut self, now: Instant, stub: &mut Stub, number: u64) {
        if self.lookups.remove(&number).is_none() {
            return;
        }
        self.queries.retain(|&id, (own, _)| {
            let other = *own != number;
            if !other {
                stub.cancel(now, id);
            }
            other
        });
    }
}

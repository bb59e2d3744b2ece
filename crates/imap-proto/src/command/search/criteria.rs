//! What a search looks for: keys joined by NOT, OR and parentheses.
use alloc::{vec, vec::Vec};

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Limits, Line, ParseError};

use super::SearchKey;

/// What a search looks for (RFC 9051 §9, `search-key *(SP search-key)`): one [`Term`] after
/// another, each operator before what it works on.
///
/// The terms lie in one piece, however they are nested: a hundred thousand keys are one
/// allocation, and no depth of OR and NOT exhausts a stack.
///
/// ```
/// use imap_proto::command::{Criteria, SearchKey, Term};
///
/// let either = Criteria::from(SearchKey::Flagged).or(SearchKey::Recent.into());
/// let criteria = Criteria::from(SearchKey::Unseen).and(either.negated());
/// assert_eq!(criteria, Criteria::parse(b"UNSEEN NOT OR FLAGGED RECENT")?);
/// assert_eq!(criteria.terms()[1], Term::Not);
/// assert!(criteria.matches(|key| *key == SearchKey::Unseen));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Criteria {
    /// In prefix order: whole keys one after another, at least one.
    terms: Vec<Term>,
}

/// A piece of [`Criteria`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Term {
    /// A key.
    Key(SearchKey),
    /// Not what follows.
    Not,
    /// One of the two that follow.
    Or,
    /// All of as many as follow, at least one: what is in parentheses.
    All(u32),
    /// What follows, or something like it (RFC 6203).
    Fuzzy,
}

impl From<SearchKey> for Criteria {
    fn from(key: SearchKey) -> Self {
        Self { terms: vec![Term::Key(key)] }
    }
}

impl Criteria {
    /// Returns the terms in prefix order, for readers that do more than to ask whether a message
    /// [matches](Self::matches).
    #[must_use]
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// Wants both.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.terms.extend(other.terms);
        self
    }

    /// Wants one of both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut terms = vec![Term::Or];
        self.append_as_one(&mut terms);
        other.append_as_one(&mut terms);
        Self { terms }
    }

    /// Wants the contrary.
    #[must_use]
    pub fn negated(self) -> Self {
        self.under(Term::Not)
    }

    /// Wants this, or something like it (RFC 6203).
    #[must_use]
    pub fn fuzzy(self) -> Self {
        self.under(Term::Fuzzy)
    }

    /// Wants one of many, in time that grows with their number; `None` for none.
    ///
    /// ```
    /// use imap_proto::command::{Criteria, SearchKey};
    ///
    /// let keys = [SearchKey::Seen, SearchKey::Draft, SearchKey::Deleted];
    /// let any = Criteria::any(keys.map(Criteria::from)).expect("there are three");
    /// assert_eq!(any, Criteria::parse(b"OR SEEN OR DRAFT DELETED")?);
    /// # Ok::<_, imap_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn any(criteria: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut criteria = criteria.into_iter();
        let (mut terms, mut last) = (Vec::new(), criteria.next()?);
        for next in criteria {
            terms.push(Term::Or);
            core::mem::replace(&mut last, next).append_as_one(&mut terms);
        }
        last.append_as_one(&mut terms);
        Some(Self { terms })
    }

    /// Wants all of many, in time that grows with their number; `None` for none.
    #[must_use]
    pub fn all(criteria: impl IntoIterator<Item = Self>) -> Option<Self> {
        criteria.into_iter().reduce(Self::and)
    }

    /// Says whether a message has what is looked for, by a function that says whether it has
    /// what one key looks for. Keys are asked from left to right, and no more than needed.
    ///
    /// A fuzzy key is asked like any other; who can do better reads the [terms](Self::terms).
    pub fn matches(&self, mut has: impl FnMut(&SearchKey) -> bool) -> bool {
        self.matches_at(|_, key| has(key))
    }

    /// As [`matches`](Self::matches), where the function is also told which term the key is.
    pub(crate) fn matches_at(&self, mut has: impl FnMut(usize, &SearchKey) -> bool) -> bool {
        let mut open = Vec::new();
        let mut terms = self.terms.iter();
        while let Some(term) = terms.next() {
            match term {
                Term::Key(key) => {
                    let at = self.terms.len() - terms.as_slice().len() - 1;
                    let value = settle(has(at, key), &mut open, &mut terms);
                    if value == Some(false) {
                        return false;
                    }
                }
                Term::Not => open.push(Open::Not),
                Term::Or => open.push(Open::First),
                Term::All(count) => open.push(Open::All(*count)),
                Term::Fuzzy => {}
            }
        }
        true
    }

    /// Says whether a message has what is looked for, as far as a function knows; none if what it
    /// does not know decides.
    pub(crate) fn decide(
        &self,
        mut has: impl FnMut(usize, &SearchKey) -> Option<bool>,
    ) -> Option<bool> {
        let or = |one: Option<bool>, other: Option<bool>| match (one, other) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        let and = |one: Option<bool>, other: Option<bool>| match (one, other) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        // From the last term to the first, so that what an operator works on is known before it.
        let mut values = Vec::new();
        for (at, term) in self.terms.iter().enumerate().rev() {
            let value = match term {
                Term::Key(key) => has(at, key),
                Term::Fuzzy => continue,
                Term::Not => values.pop().flatten().map(|it: bool| !it),
                Term::Or => or(values.pop().flatten(), values.pop().flatten()),
                Term::All(count) => {
                    let mut all = Some(true);
                    (0..*count).for_each(|_| all = and(all, values.pop().flatten()));
                    all
                }
            };
            values.push(value);
        }
        values.into_iter().fold(Some(true), and)
    }

    /// Reads keys, and nothing else.
    ///
    /// # Errors
    /// The octets are no search keys, or parentheses are nested more than 100 deep.
    pub fn parse(octets: &[u8]) -> Result<Self, ParseError> {
        let line = Line::new(bytes::Bytes::copy_from_slice(octets));
        let mut cursor = crate::command::cursor(&line, Limits::default())?;
        let criteria = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(criteria)
    }

    /// Reads keys up to the end of the command.
    pub(in crate::command) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut reading = Reading { terms: Vec::new(), groups: Vec::new(), awaited: 1 };
        loop {
            reading.key(cursor)?;
            if reading.is_over(cursor)? {
                return Ok(Self { terms: reading.terms });
            }
        }
    }

    pub(in crate::command) fn write(&self, out: &mut Writer<'_>) {
        let mut groups = Vec::new();
        let (mut awaited, mut is_first) = (1_u32, true);
        for term in &self.terms {
            if !core::mem::take(&mut is_first) {
                out.put(" ");
            }
            match term {
                Term::Key(key) => key.write(out),
                Term::Not => out.put("NOT"),
                Term::Fuzzy => out.put("FUZZY"),
                Term::Or => {
                    out.put("OR");
                    awaited += 1;
                }
                Term::All(count) => {
                    out.put("(");
                    groups.push((*count, awaited - 1));
                    (awaited, is_first) = (1, true);
                }
            }
            if matches!(term, Term::Key(_)) {
                awaited -= 1;
                close(&mut groups, &mut awaited, out);
            }
        }
    }

    fn under(self, operator: Term) -> Self {
        let mut terms = vec![operator];
        self.append_as_one(&mut terms);
        Self { terms }
    }

    /// Appends the keys as a single one: in parentheses, unless there is one only.
    fn append_as_one(self, terms: &mut Vec<Term>) {
        let mut rest = self.terms.iter();
        let mut count = 0;
        while !rest.as_slice().is_empty() {
            skip(&mut rest);
            count += 1;
        }
        if count > 1 {
            terms.push(Term::All(count));
        }
        terms.extend(self.terms);
    }
}

/// An operator whose value is not known yet.
enum Open {
    Not,
    /// OR before its first key.
    First,
    /// OR whose first key was not there.
    Second,
    /// Parentheses with as many keys to come.
    All(u32),
}

/// Tells operators what a key's value is, from the innermost outwards, until one needs more: then
/// there is none yet. What need not be asked is skipped.
fn settle(
    mut value: bool,
    open: &mut Vec<Open>,
    rest: &mut core::slice::Iter<'_, Term>,
) -> Option<bool> {
    while let Some(operator) = open.pop() {
        match operator {
            Open::Not => value = !value,
            Open::First if value => skip(rest),
            Open::First => {
                open.push(Open::Second);
                return None;
            }
            Open::Second | Open::All(..=1) => {}
            Open::All(count) if value => {
                open.push(Open::All(count - 1));
                return None;
            }
            Open::All(count) => (1..count).for_each(|_| skip(rest)),
        }
    }
    Some(value)
}

/// Passes over one key, with all that it is made of.
fn skip(terms: &mut core::slice::Iter<'_, Term>) {
    let mut awaited = 1_u64;
    while awaited > 0 {
        match terms.next() {
            None => return,
            Some(Term::Key(_)) => awaited -= 1,
            Some(Term::Not | Term::Fuzzy) => {}
            Some(Term::Or) => awaited += 1,
            Some(Term::All(count)) => awaited = awaited - 1 + u64::from(*count),
        }
    }
}

/// Writes the parentheses that end after a key: each has keys to come, and outside of it as many
/// are awaited.
fn close(groups: &mut Vec<(u32, u32)>, awaited: &mut u32, out: &mut Writer<'_>) {
    while *awaited == 0 {
        match groups.pop() {
            Some((1, outside)) => {
                out.put(")");
                *awaited = outside;
            }
            Some((count, outside)) => {
                groups.push((count - 1, outside));
                *awaited = 1;
            }
            None => *awaited = 1,
        }
    }
}

/// Keys being read. An operator only changes how many are awaited, so that chains of OR and NOT
/// cost no depth; parentheses do, and are limited.
struct Reading {
    terms: Vec<Term>,
    groups: Vec<Group>,
    awaited: u32,
}

struct Group {
    /// Where its term is.
    at: usize,
    /// How many keys are awaited outside of it, after it.
    awaited: u32,
}

impl Reading {
    /// Reads the next key, with the operators before it.
    fn key(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        loop {
            cursor.count()?;
            if cursor.peek() == Some(b'(') {
                cursor.enter()?;
                cursor.skip(1);
                self.groups.push(Group { at: self.terms.len(), awaited: self.awaited - 1 });
                self.terms.push(Term::All(1));
                self.awaited = 1;
                continue;
            }
            let term = SearchKey::read_term(cursor)?;
            let is_key = matches!(term, Term::Key(_));
            match term {
                Term::Key(_) => self.awaited -= 1,
                // Not more than there are octets, of which a line has far less.
                Term::Or => self.awaited = self.awaited.saturating_add(1),
                _ => {}
            }
            self.terms.push(term);
            if is_key {
                return Ok(());
            }
            cursor.space()?;
        }
    }

    /// Passes over what stands between keys; or there are no more.
    fn is_over(&mut self, cursor: &mut Cursor<'_>) -> Parsed<bool> {
        while self.awaited == 0 {
            let Some(group) = self.groups.last() else {
                self.awaited = 1;
                if cursor.is_at_end() {
                    return Ok(true);
                }
                break;
            };
            if cursor.eat(b')') {
                cursor.leave();
                self.awaited = group.awaited;
                self.groups.pop();
            } else {
                if let Some(Term::All(count)) = self.terms.get_mut(group.at) {
                    *count = count.saturating_add(1);
                }
                self.awaited = 1;
                break;
            }
        }
        cursor.space()?;
        Ok(false)
    }
}

//! What is said beside the criteria.
use alloc::vec::Vec;
use core::fmt;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{IString, ParseErrorKind, PartialRange};

use crate::command::FetchItem;
use crate::command::grammar::{Word, list, once, option, words};

/// What to tell of messages that are found (RFC 4731 §3.1, RFC 5182, RFC 5267, RFC 6203,
/// RFC 9394).
///
/// ```
/// use imap_proto::command::SearchReturns;
///
/// // RETURN () asks for all, as RETURN (ALL) does.
/// assert!(SearchReturns::default().wants_all());
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct SearchReturns {
    /// The least number.
    pub min: bool,
    /// The largest number.
    pub max: bool,
    /// All numbers.
    pub all: bool,
    /// How many there are.
    pub count: bool,
    /// Nothing, but remember them as `$`.
    pub save: bool,
    /// How well each is what is looked for, in percent.
    pub relevancy: bool,
    /// A hint that the same will be asked again.
    pub context: bool,
    /// Changes of the result from here on; with what of each message that comes to it
    /// (RFC 5465 §4), perhaps nothing.
    pub update: Option<Vec<FetchItem>>,
    /// A page of the numbers.
    pub partial: Option<PartialRange>,
}

impl SearchReturns {
    /// Whether all numbers are wanted: they are said to be, or nothing is said (RFC 4731 §3.1).
    #[must_use]
    pub fn wants_all(&self) -> bool {
        self.all || *self == Self::default()
    }

    pub(in crate::command) fn read_optional(cursor: &mut Cursor<'_>) -> Parsed<Option<Self>> {
        if !cursor.eat_word(" RETURN ") {
            return Ok(None);
        }
        let mut all = Self::default();
        cursor.list(|cursor| all.read_one(cursor))?;
        Ok(Some(all))
    }

    fn read_one(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let word = Word::take(cursor);
        match word.as_slice() {
            b"MIN" => self.min = true,
            b"MAX" => self.max = true,
            b"ALL" => self.all = true,
            b"COUNT" => self.count = true,
            b"SAVE" => self.save = true,
            b"RELEVANCY" => self.relevancy = true,
            b"CONTEXT" => self.context = true,
            b"UPDATE" => once(&mut self.update, read_update(cursor)?, &word)?,
            b"PARTIAL" => {
                cursor.space()?;
                once(&mut self.partial, PartialRange::read(cursor)?, &word)?;
            }
            _ => return Err(word.unknown()),
        }
        Ok(())
    }

    pub(in crate::command) fn write_optional(returns: Option<&Self>, out: &mut Writer<'_>) {
        if let Some(returns) = returns {
            out.put(" RETURN (");
            returns.write(out);
            out.put(")");
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        let flags = [
            (self.min, "MIN"),
            (self.max, "MAX"),
            (self.all, "ALL"),
            (self.count, "COUNT"),
            (self.save, "SAVE"),
            (self.relevancy, "RELEVANCY"),
            (self.context, "CONTEXT"),
        ];
        let mut is_first = words(&flags, out);
        if let Some(items) = &self.update {
            option(&mut is_first, "UPDATE", out);
            if !items.is_empty() {
                out.put(" ");
                out.list(items.iter(), |out, item| item.write(out));
            }
        }
        if let Some(partial) = self.partial {
            option(&mut is_first, "PARTIAL ", out);
            partial.write(out);
        }
    }
}

/// RFC 5465 §8 leaves the space before the list away, its examples do not: both are taken.
fn read_update(cursor: &mut Cursor<'_>) -> Parsed<Vec<FetchItem>> {
    if cursor.rest().starts_with(b" (") {
        cursor.skip(1);
    }
    if cursor.peek() != Some(b'(') {
        return Ok(Vec::new());
    }
    Ok(list(cursor, FetchItem::read)?.into())
}

/// What text is in (RFC 9051 §9, `charset`), by its registered name, in any case.
///
/// ```
/// use imap_proto::command::Charset;
///
/// assert_eq!(Charset::new("utf-8"), Some(Charset::UTF_8));
/// assert_eq!(Charset::new("two words"), None);
/// ```
#[derive(Clone)]
pub struct Charset(IString);

impl Charset {
    /// UTF-8.
    pub const UTF_8: Self = Self(IString::from_static("UTF-8"));
    /// US-ASCII.
    pub const US_ASCII: Self = Self(IString::from_static("US-ASCII"));

    /// Makes a name; `None` of what can be none (RFC 2978 §2.3).
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        Self::check(IString::new(name.as_bytes().to_vec())?)
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.0.as_bytes()).unwrap_or_default()
    }

    fn check(name: IString) -> Option<Self> {
        let is_char =
            |octet: &u8| octet.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]*.|".contains(octet);
        (!name.is_empty() && name.as_bytes().iter().all(is_char)).then_some(Self(name))
    }

    pub(in crate::command) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let error = cursor.error(ParseErrorKind::Word);
        if cursor.is_at_literal() {
            return Err(error);
        }
        Self::check(cursor.astring()?).ok_or(error)
    }

    pub(in crate::command) fn write(&self, out: &mut Writer<'_>) {
        out.astring(&self.0);
    }
}

impl PartialEq for Charset {
    fn eq(&self, other: &Self) -> bool {
        self.0.is(other.as_str())
    }
}

impl Eq for Charset {}

impl fmt::Debug for Charset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

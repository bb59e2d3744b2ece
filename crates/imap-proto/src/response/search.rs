//! What was found.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use super::NotEmpty;
use crate::{
    IString, Mailbox, Number64, ParseErrorKind, PartialRange, Quirk, Raw, UidSet,
    cursor::{Cursor, Parsed},
    octets::same_word,
    writer::Writer,
};

/// Messages found (RFC 3501 §7.2.5), as ranges: 200,000 neighbours cost what one costs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Search {
    /// Their sequence numbers or UIDs.
    pub numbers: Option<UidSet>,
    /// The highest mod-sequence among them (RFC 7162 §3.1.5).
    pub mod_seq: Option<Number64>,
}

/// Messages in an order (RFC 5256 §4).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Sort {
    /// Their sequence numbers or UIDs.
    pub numbers: Vec<NonZeroU32>,
    /// The highest mod-sequence among them (RFC 7162 §3.1.6).
    pub mod_seq: Option<Number64>,
}

impl Search {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(Self { numbers: UidSet::read_spaced(cursor)?, mod_seq: mod_seq(cursor)? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        if let Some(numbers) = &self.numbers {
            numbers.write_spaced(writer);
        }
        write_mod_seq(self.mod_seq, writer);
    }
}

impl Sort {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut numbers = Vec::new();
        while let [b' ', b'0'..=b'9', ..] = cursor.rest() {
            cursor.skip(1);
            numbers.push(cursor.nz_number()?);
        }
        Ok(Self { numbers, mod_seq: mod_seq(cursor)? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        for number in &self.numbers {
            writer.put(b" ");
            writer.number(number.get());
        }
        write_mod_seq(self.mod_seq, writer);
    }
}

fn mod_seq(cursor: &mut Cursor<'_>) -> Parsed<Option<Number64>> {
    if !cursor.eat_word(" (MODSEQ ") {
        return Ok(None);
    }
    let number = cursor.number64()?;
    cursor.expect(b')')?;
    Ok(Some(number))
}

fn write_mod_seq(number: Option<Number64>, writer: &mut Writer<'_>) {
    if let Some(number) = number {
        writer.put(" (MODSEQ ");
        writer.number64(number);
        writer.put(")");
    }
}

/// What was found, as was asked for (RFC 9051 §7.3.4, RFC 4731).
///
/// ```
/// use imap_proto::{Dialect, Esearch, IString, Response, SearchData};
///
/// let tag = Some(IString::from_static("A1"));
/// let found = Esearch { tag, uid: true, data: vec![SearchData::Count(3)], ..Esearch::default() };
/// let mut out = bytes::BytesMut::new();
/// Response::Esearch(found).write(&mut out, Dialect::SERVER);
/// assert_eq!(out, "* ESEARCH (TAG \"A1\") UID COUNT 3\r\n");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Esearch {
    /// The tag of the command that searched.
    pub tag: Option<IString>,
    /// The mailbox and its validity of UIDs, if many were searched (RFC 7377 §2.1).
    pub mailbox: Option<(Mailbox, NonZeroU32)>,
    /// Whether numbers are UIDs.
    pub uid: bool,
    /// The results.
    pub data: Vec<SearchData>,
}

/// A result of a search.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SearchData {
    /// The smallest number.
    Min(NonZeroU32),
    /// The largest number.
    Max(NonZeroU32),
    /// All numbers; where nothing is found there is no such result.
    All(UidSet),
    /// How many messages.
    Count(u32),
    /// The highest mod-sequence among them (RFC 7162 §3.1.10).
    ModSeq(Number64),
    /// Those results that were asked for (RFC 9394 §3.1, RFC 5267 §4.4).
    Partial(PartialRange, Option<UidSet>),
    /// Messages that have come into the result (RFC 5267 §4.3.2).
    AddTo(NotEmpty<Placed>),
    /// Messages that have gone out of the result (RFC 5267 §4.3.2).
    RemoveFrom(NotEmpty<Placed>),
    /// How well each message matches, from 1 to 100 (RFC 6203 §4).
    Relevancy(Vec<u8>),
    /// Another: its name and its value.
    Raw(Raw),
}

/// Messages, and where they stand in a result: 0 for no order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Placed {
    /// Where the first of them stands, from 1.
    pub position: u32,
    /// Which.
    pub numbers: UidSet,
}

impl Esearch {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut all = Self::default();
        if cursor.rest().starts_with(b" (") {
            cursor.skip(1);
            all.read_correlator(cursor)?;
        }
        all.uid = cursor.eat_word(" UID") && matches!(cursor.peek(), None | Some(b' '));
        while !cursor.is_at_end() {
            cursor.count()?;
            cursor.gap()?;
            if cursor.is_lenient() && cursor.is_at_end() {
                cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Trailing)?;
                break;
            }
            all.data.push(SearchData::read(cursor)?);
        }
        Ok(all)
    }

    fn read_correlator(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let (mut mailbox, mut validity) = (None, None);
        cursor.list1(|cursor| {
            if cursor.eat_word("TAG ") {
                self.tag = Some(cursor.astring()?);
            } else if cursor.eat_word("MAILBOX ") {
                mailbox = Some(Mailbox::read(cursor)?);
            } else {
                cursor.expect_word("UIDVALIDITY ")?;
                validity = Some(cursor.nz_number()?);
            }
            Ok(())
        })?;
        // RFC 7377 §2.1: the two come together.
        if mailbox.is_some() != validity.is_some() {
            return Err(cursor.error(ParseErrorKind::Word));
        }
        self.mailbox = mailbox.zip(validity);
        Ok(())
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        if self.tag.is_some() || self.mailbox.is_some() {
            writer.put(" (");
            if let Some(tag) = &self.tag {
                writer.put("TAG ");
                writer.string(tag);
            }
            if let Some((mailbox, validity)) = &self.mailbox {
                writer.put(if self.tag.is_some() { " MAILBOX " } else { "MAILBOX " });
                mailbox.write(writer);
                writer.put(" UIDVALIDITY ");
                writer.number(validity.get());
            }
            writer.put(")");
        }
        writer.put(if self.uid { " UID" } else { "" });
        for data in &self.data {
            writer.put(" ");
            data.write(writer);
        }
    }
}

impl SearchData {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mark = cursor.mark();
        let word = cursor.word()?;
        let is = |name: &str| same_word(word, name);
        cursor.gap()?;
        Ok(if is("ALL") {
            Self::All(UidSet::read(cursor)?)
        } else if is("COUNT") {
            Self::Count(cursor.number()?)
        } else if is("MIN") {
            Self::Min(cursor.nz_number()?)
        } else if is("MAX") {
            Self::Max(cursor.nz_number()?)
        } else if is("MODSEQ") {
            Self::ModSeq(cursor.number64()?)
        } else if is("PARTIAL") {
            partial(cursor)?
        } else if is("ADDTO") {
            Self::AddTo(NotEmpty::read_list(cursor, Placed::read)?)
        } else if is("REMOVEFROM") {
            Self::RemoveFrom(NotEmpty::read_list(cursor, Placed::read)?)
        } else if is("RELEVANCY") {
            relevancy(cursor)?
        } else {
            cursor.back(mark);
            Self::Raw(cursor.raw_pair()?)
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Min(number) => put_number(writer, "MIN ", number.get().into()),
            Self::Max(number) => put_number(writer, "MAX ", number.get().into()),
            Self::Count(count) => put_number(writer, "COUNT ", (*count).into()),
            Self::ModSeq(number) => put_number(writer, "MODSEQ ", number.get()),
            Self::All(set) => {
                writer.put("ALL ");
                set.write(writer);
            }
            Self::Partial(range, numbers) => {
                writer.put("PARTIAL (");
                range.write(writer);
                writer.put(" ");
                match numbers {
                    Some(numbers) => numbers.write(writer),
                    None => writer.put("NIL"),
                }
                writer.put(")");
            }
            Self::AddTo(all) => {
                writer.put("ADDTO ");
                writer.list(all.as_slice(), |writer, placed| placed.write(writer));
            }
            Self::RemoveFrom(all) => {
                writer.put("REMOVEFROM ");
                writer.list(all.as_slice(), |writer, placed| placed.write(writer));
            }
            Self::Relevancy(scores) => {
                writer.put("RELEVANCY ");
                writer.list(scores, |writer, score| writer.number(*score));
            }
            Self::Raw(raw) => writer.put(raw.as_bytes()),
        }
    }
}

fn put_number(writer: &mut Writer<'_>, name: &str, number: u64) {
    writer.put(name);
    writer.number(number);
}

fn partial(cursor: &mut Cursor<'_>) -> Parsed<SearchData> {
    cursor.expect(b'(')?;
    let range = PartialRange::read(cursor)?;
    cursor.gap()?;
    let numbers = if cursor.eat_atom("NIL") { None } else { Some(UidSet::read(cursor)?) };
    cursor.expect(b')')?;
    Ok(SearchData::Partial(range, numbers))
}

fn relevancy(cursor: &mut Cursor<'_>) -> Parsed<SearchData> {
    let mut scores = Vec::new();
    cursor.list(|cursor| {
        let score = u8::try_from(cursor.number()?).ok();
        scores.push(score.ok_or_else(|| cursor.error(ParseErrorKind::Number))?);
        Ok(())
    })?;
    Ok(SearchData::Relevancy(scores))
}

impl Placed {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let position = cursor.number()?;
        cursor.gap()?;
        Ok(Self { position, numbers: UidSet::read(cursor)? })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.number(self.position);
        writer.put(" ");
        self.numbers.write(writer);
    }
}

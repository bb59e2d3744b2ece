//! What a message may have that is looked for.
use alloc::boxed::Box;
use core::num::NonZeroU32;

use crate::cursor::{Cursor, Parsed};
use crate::octets::NOT_DIGIT;
use crate::writer::Writer;
use crate::{Date, IString, Keyword, Number64, ObjectId, ParseErrorKind};

use super::Term;
use crate::command::grammar::Word;
use crate::command::{AnnotationKey, MessageSet};

/// Something that is looked for in a message (RFC 9051 §6.4.4).
///
/// The words for flags are the ones of the RFC. What is compared with text is text in the search's
/// [charset](super::Charset).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SearchKey {
    /// Any message.
    All,
    /// `\Answered`.
    Answered,
    /// In the Bcc field.
    Bcc(IString),
    /// Came before this day.
    Before(Date),
    /// In the body.
    Body(IString),
    /// In the Cc field.
    Cc(IString),
    /// `\Deleted`.
    Deleted,
    /// `\Draft`.
    Draft,
    /// `\Flagged`.
    Flagged,
    /// In the From field.
    From(IString),
    /// In a field of the header; any value, if it is empty.
    Header(Box<(IString, IString)>),
    /// This keyword.
    Keyword(Keyword),
    /// Of more than so many octets.
    Larger(Number64),
    /// `\Recent` and not `\Seen` (RFC 3501).
    New,
    /// Not `\Recent` (RFC 3501).
    Old,
    /// Came on this day.
    On(Date),
    /// `\Recent` (RFC 3501).
    Recent,
    /// `\Seen`.
    Seen,
    /// Dated before this day.
    SentBefore(Date),
    /// Dated this day.
    SentOn(Date),
    /// Dated this day or later.
    SentSince(Date),
    /// Came on this day or later.
    Since(Date),
    /// Of less than so many octets.
    Smaller(Number64),
    /// In the Subject field.
    Subject(IString),
    /// Anywhere in the message.
    Text(IString),
    /// In the To field.
    To(IString),
    /// One of these, by unique identifier.
    Uid(MessageSet),
    /// Not `\Answered`.
    Unanswered,
    /// Not `\Deleted`.
    Undeleted,
    /// Not `\Draft`.
    Undraft,
    /// Not `\Flagged`.
    Unflagged,
    /// Not this keyword.
    Unkeyword(Keyword),
    /// Not `\Seen`.
    Unseen,
    /// One of these, by sequence number.
    Numbers(MessageSet),
    /// Changed, with this mod-sequence or later (RFC 7162).
    ModSeq(Box<ModSeqKey>),
    /// Came more than so many seconds ago (RFC 5032).
    Older(NonZeroU32),
    /// Came at most so many seconds ago (RFC 5032).
    Younger(NonZeroU32),
    /// With this content (RFC 8474).
    EmailId(ObjectId),
    /// In this thread (RFC 8474).
    ThreadId(ObjectId),
    /// Saved before this day (RFC 8514).
    SavedBefore(Date),
    /// Saved on this day (RFC 8514).
    SavedOn(Date),
    /// Saved on this day or later (RFC 8514).
    SavedSince(Date),
    /// In a mailbox that knows when messages were saved (RFC 8514).
    SaveDateSupported,
    /// With this in a note (RFC 5257).
    Annotation(Box<AnnotationKey>),
    /// As Gmail's own search finds.
    GmailRaw(IString),
    /// With this number at Gmail.
    GmailMessageId(u64),
    /// In the thread with this number at Gmail.
    GmailThreadId(u64),
    /// With this label at Gmail.
    GmailLabel(IString),
}

/// What changed, and when (RFC 7162 §3.1.5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ModSeqKey {
    /// Only this flag, and whose.
    pub entry: Option<(IString, EntryType)>,
    /// The least mod-sequence.
    pub least: Number64,
}

/// Whose flags (RFC 7162 §7, `entry-type-req`).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum EntryType {
    /// The user's own.
    Private,
    /// Everybody's.
    Shared,
    /// Both.
    All,
}

impl EntryType {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = Word::take(cursor);
        match word.as_slice() {
            b"PRIV" => Ok(Self::Private),
            b"SHARED" => Ok(Self::Shared),
            b"ALL" => Ok(Self::All),
            _ => Err(word.unknown()),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Private => "priv",
            Self::Shared => "shared",
            Self::All => "all",
        }
    }
}

impl ModSeqKey {
    /// RFC 7162 §7: `"MODSEQ" [SP entry-name SP entry-type-req] SP mod-sequence-valzer`.
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut entry = None;
        if !cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
            let name = cursor.string()?;
            cursor.space()?;
            entry = Some((name, EntryType::read(cursor)?));
            cursor.space()?;
        }
        Ok(Self { entry, least: cursor.number64()? })
    }

    fn write(&self, out: &mut Writer<'_>) {
        if let Some((name, of)) = &self.entry {
            out.string(name);
            out.put(" ");
            out.put(of.word());
            out.put(" ");
        }
        out.number64(self.least);
    }
}

impl SearchKey {
    /// Reads a key or an operator: not a parenthesis.
    #[inline]
    pub(in crate::command) fn read_term(cursor: &mut Cursor<'_>) -> Parsed<Term> {
        if matches!(cursor.peek(), Some(b'0'..=b'9' | b'*' | b'$')) {
            return Ok(Term::Key(Self::Numbers(MessageSet::read(cursor)?)));
        }
        let word = Word::take(cursor);
        Ok(match word.as_slice() {
            b"OR" => Term::Or,
            b"NOT" => Term::Not,
            b"FUZZY" => Term::Fuzzy,
            name => Term::Key(match Self::of_flags(name) {
                Some(key) => key,
                None => Self::with_argument(&word, cursor)?,
            }),
        })
    }

    /// The keys without an argument.
    fn of_flags(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"ALL" => Self::All,
            b"NEW" => Self::New,
            b"OLD" => Self::Old,
            b"SEEN" => Self::Seen,
            b"DRAFT" => Self::Draft,
            b"RECENT" => Self::Recent,
            b"UNSEEN" => Self::Unseen,
            b"DELETED" => Self::Deleted,
            b"FLAGGED" => Self::Flagged,
            b"UNDRAFT" => Self::Undraft,
            b"ANSWERED" => Self::Answered,
            b"UNDELETED" => Self::Undeleted,
            b"UNFLAGGED" => Self::Unflagged,
            b"UNANSWERED" => Self::Unanswered,
            b"SAVEDATESUPPORTED" => Self::SaveDateSupported,
            _ => return None,
        })
    }

    fn with_argument(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        // The word is known before what follows it is looked at, so that the word is blamed.
        if let Some(key) = Self::of_text(word.as_slice()) {
            cursor.space()?;
            return cursor.astring().map(key);
        }
        if let Some(key) = Self::of_date(word.as_slice()) {
            cursor.space()?;
            return Date::read(cursor).map(key);
        }
        Self::of_other(word, cursor)
    }

    fn of_text(name: &[u8]) -> Option<fn(IString) -> Self> {
        Some(match name {
            b"TO" => Self::To,
            b"CC" => Self::Cc,
            b"BCC" => Self::Bcc,
            b"BODY" => Self::Body,
            b"FROM" => Self::From,
            b"TEXT" => Self::Text,
            b"SUBJECT" => Self::Subject,
            b"X-GM-RAW" => Self::GmailRaw,
            b"X-GM-LABELS" => Self::GmailLabel,
            _ => return None,
        })
    }

    fn of_date(name: &[u8]) -> Option<fn(Date) -> Self> {
        Some(match name {
            b"ON" => Self::On,
            b"SINCE" => Self::Since,
            b"BEFORE" => Self::Before,
            b"SENTON" => Self::SentOn,
            b"SENTSINCE" => Self::SentSince,
            b"SENTBEFORE" => Self::SentBefore,
            b"SAVEDON" => Self::SavedOn,
            b"SAVEDSINCE" => Self::SavedSince,
            b"SAVEDBEFORE" => Self::SavedBefore,
            _ => return None,
        })
    }

    fn of_other(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        fn after_space<'a, T>(
            cursor: &mut Cursor<'a>,
            read: impl FnOnce(&mut Cursor<'a>) -> Parsed<T>,
        ) -> Parsed<T> {
            cursor.space()?;
            read(cursor)
        }
        Ok(match word.as_slice() {
            b"UID" => Self::Uid(after_space(cursor, MessageSet::read)?),
            b"KEYWORD" => Self::Keyword(after_space(cursor, Keyword::read)?),
            b"UNKEYWORD" => Self::Unkeyword(after_space(cursor, Keyword::read)?),
            b"LARGER" => Self::Larger(after_space(cursor, Cursor::number64)?),
            b"SMALLER" => Self::Smaller(after_space(cursor, Cursor::number64)?),
            b"OLDER" => Self::Older(after_space(cursor, Cursor::nz_number)?),
            b"YOUNGER" => Self::Younger(after_space(cursor, Cursor::nz_number)?),
            b"HEADER" => {
                let field = after_space(cursor, Cursor::astring)?;
                Self::Header(Box::new((field, after_space(cursor, Cursor::astring)?)))
            }
            b"MODSEQ" => Self::ModSeq(Box::new(after_space(cursor, ModSeqKey::read)?)),
            b"EMAILID" => Self::EmailId(after_space(cursor, object_id)?),
            b"THREADID" => Self::ThreadId(after_space(cursor, object_id)?),
            b"ANNOTATION" => Self::Annotation(Box::new(after_space(cursor, AnnotationKey::read)?)),
            b"X-GM-MSGID" => Self::GmailMessageId(after_space(cursor, number_of_gmail)?),
            b"X-GM-THRID" => Self::GmailThreadId(after_space(cursor, number_of_gmail)?),
            _ => return Err(word.unknown()),
        })
    }

    pub(in crate::command) fn write(&self, out: &mut Writer<'_>) {
        let mut text = |word: &str, text: &IString| {
            out.put(word);
            out.astring(text);
        };
        match self {
            Self::Bcc(value) => text("BCC ", value),
            Self::Body(value) => text("BODY ", value),
            Self::Cc(value) => text("CC ", value),
            Self::From(value) => text("FROM ", value),
            Self::Subject(value) => text("SUBJECT ", value),
            Self::Text(value) => text("TEXT ", value),
            Self::To(value) => text("TO ", value),
            Self::GmailRaw(value) => text("X-GM-RAW ", value),
            Self::GmailLabel(value) => text("X-GM-LABELS ", value),
            _ => self.write_date(out),
        }
    }

    fn write_date(&self, out: &mut Writer<'_>) {
        let mut date = |word: &str, date: &Date| {
            out.put(word);
            date.write(out);
        };
        match self {
            Self::Before(day) => date("BEFORE ", day),
            Self::On(day) => date("ON ", day),
            Self::Since(day) => date("SINCE ", day),
            Self::SentBefore(day) => date("SENTBEFORE ", day),
            Self::SentOn(day) => date("SENTON ", day),
            Self::SentSince(day) => date("SENTSINCE ", day),
            Self::SavedBefore(day) => date("SAVEDBEFORE ", day),
            Self::SavedOn(day) => date("SAVEDON ", day),
            Self::SavedSince(day) => date("SAVEDSINCE ", day),
            _ => self.write_other(out),
        }
    }

    fn write_other(&self, out: &mut Writer<'_>) {
        match self {
            Self::Header(field) => {
                out.put("HEADER ");
                out.astring(&field.0);
                out.put(" ");
                out.astring(&field.1);
            }
            Self::Keyword(keyword) => {
                out.put("KEYWORD ");
                out.put(keyword.as_bytes());
            }
            Self::Unkeyword(keyword) => {
                out.put("UNKEYWORD ");
                out.put(keyword.as_bytes());
            }
            Self::Larger(size) => {
                out.put("LARGER ");
                out.number64(*size);
            }
            Self::Smaller(size) => {
                out.put("SMALLER ");
                out.number64(*size);
            }
            Self::Uid(set) => {
                out.put("UID ");
                set.write(out);
            }
            Self::Numbers(set) => set.write(out),
            Self::ModSeq(key) => {
                out.put("MODSEQ ");
                key.write(out);
            }
            Self::Older(seconds) => {
                out.put("OLDER ");
                out.number(seconds.get());
            }
            Self::Younger(seconds) => {
                out.put("YOUNGER ");
                out.number(seconds.get());
            }
            Self::EmailId(id) => {
                out.put("EMAILID ");
                out.put(id.as_bytes());
            }
            Self::ThreadId(id) => {
                out.put("THREADID ");
                out.put(id.as_bytes());
            }
            Self::Annotation(key) => {
                out.put("ANNOTATION ");
                key.write(out);
            }
            Self::GmailMessageId(number) => {
                out.put("X-GM-MSGID ");
                out.number(*number);
            }
            Self::GmailThreadId(number) => {
                out.put("X-GM-THRID ");
                out.number(*number);
            }
            _ => out.put(self.word()),
        }
    }

    /// The keys without an argument.
    fn word(&self) -> &'static str {
        match self {
            Self::Answered => "ANSWERED",
            Self::Deleted => "DELETED",
            Self::Draft => "DRAFT",
            Self::Flagged => "FLAGGED",
            Self::New => "NEW",
            Self::Old => "OLD",
            Self::Recent => "RECENT",
            Self::Seen => "SEEN",
            Self::Unanswered => "UNANSWERED",
            Self::Undeleted => "UNDELETED",
            Self::Undraft => "UNDRAFT",
            Self::Unflagged => "UNFLAGGED",
            Self::Unseen => "UNSEEN",
            Self::SaveDateSupported => "SAVEDATESUPPORTED",
            // The others are written with their arguments.
            _ => "ALL",
        }
    }
}

fn object_id(cursor: &mut Cursor<'_>) -> Parsed<ObjectId> {
    let error = cursor.error(ParseErrorKind::Atom);
    ObjectId::new(cursor.atom()?).ok_or(error)
}

/// Gmail's numbers have 64 bits.
fn number_of_gmail(cursor: &mut Cursor<'_>) -> Parsed<u64> {
    let error = cursor.error(ParseErrorKind::Number);
    let digits = cursor.while_outside(NOT_DIGIT);
    let number = core::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
    number.ok_or(error)
}

//! FETCH: what is wanted of messages.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::cursor::{Cursor, Parsed};
use crate::section::{read_binary, write_binary};
use crate::writer::Writer;
use crate::{NotEmpty, Number64, ParseErrorKind, PartialRange, Section};

use super::grammar::{Word, list, once, option};
use super::{AnnotationQuery, MessageSet, Numbering};

/// FETCH, or UID FETCH: asks for data of messages (RFC 9051 §6.4.5).
///
/// ```
/// use imap_proto::command::{Command, FetchItem, FetchItems};
///
/// let command = Command::parse("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)".into())?;
/// let Command::Fetch(fetch) = command else { panic!("it is FETCH") };
/// assert_eq!(fetch.items, FetchItems::from(FetchItem::Flags));
/// assert!(fetch.modifiers.changed_since.is_some_and(|changed| changed.vanished));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetch {
    /// What the numbers are.
    pub numbering: Numbering,
    /// Which messages.
    pub messages: MessageSet,
    /// What of them.
    pub items: FetchItems,
    /// Which of them after all.
    pub modifiers: FetchModifiers,
}

/// What is wanted of messages, one by one or by a word for several.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FetchItems {
    /// FLAGS, INTERNALDATE, RFC822.SIZE and ENVELOPE.
    All,
    /// FLAGS, INTERNALDATE and RFC822.SIZE.
    Fast,
    /// FLAGS, INTERNALDATE, RFC822.SIZE, ENVELOPE and BODY.
    Full,
    /// These.
    These(NotEmpty<FetchItem>),
}

/// Something that is wanted of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FetchItem {
    /// The header's main fields, taken apart.
    Envelope,
    /// The flags.
    Flags,
    /// When the message came.
    InternalDate,
    /// How large it is.
    Rfc822Size,
    /// All of it; sets `\Seen` (RFC 3501).
    Rfc822,
    /// Its header (RFC 3501).
    Rfc822Header,
    /// Its body; sets `\Seen` (RFC 3501).
    Rfc822Text,
    /// Its structure, without what came later than 1996.
    Body,
    /// Its structure.
    BodyStructure,
    /// A piece of it.
    BodySection {
        /// Whether `\Seen` stays as it is.
        peek: bool,
        /// Which piece.
        section: Section,
        /// Which octets of the piece.
        partial: Option<Partial>,
    },
    /// A part of it without its transfer encoding (RFC 3516).
    Binary {
        /// Whether `\Seen` stays as it is.
        peek: bool,
        /// Which part; empty for the message.
        part: Vec<NonZeroU32>,
        /// Which octets of the part.
        partial: Option<Partial>,
    },
    /// How large a part is without its transfer encoding (RFC 3516).
    BinarySize(Vec<NonZeroU32>),
    /// Its unique identifier.
    Uid,
    /// When it was changed last, as a mod-sequence (RFC 7162).
    ModSeq,
    /// The name that the message's content has everywhere (RFC 8474).
    EmailId,
    /// The name of the thread that it is in (RFC 8474).
    ThreadId,
    /// When it came into this mailbox (RFC 8514).
    SaveDate,
    /// The beginning of its text (RFC 8970).
    Preview {
        /// Only if the server has it at hand.
        lazy: bool,
    },
    /// What is noted on it (RFC 5257).
    Annotation(AnnotationQuery),
    /// Gmail's number of the message.
    GmailMessageId,
    /// Gmail's number of its thread.
    GmailThreadId,
    /// Gmail's labels.
    GmailLabels,
}

/// Which octets of a piece (RFC 9051 §9, `partial`): at most so many, from an offset on.
///
/// ```
/// use imap_proto::{Number64, command::Partial};
///
/// let partial = Partial::new(Number64::default(), Number64::from(2048)).unwrap();
/// assert_eq!(partial.count(), Number64::from(2048));
/// assert_eq!(Partial::new(Number64::default(), Number64::default()), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Partial {
    start: Number64,
    count: Number64,
}

impl Partial {
    /// Makes a range; `None` for no octets.
    #[must_use]
    pub fn new(start: Number64, count: Number64) -> Option<Self> {
        (count.get() > 0).then_some(Self { start, count })
    }

    /// Returns how many octets are left out at the beginning.
    #[must_use]
    pub const fn start(self) -> Number64 {
        self.start
    }

    /// Returns how many octets are wanted at most.
    #[must_use]
    pub const fn count(self) -> Number64 {
        self.count
    }

    fn read_optional(cursor: &mut Cursor<'_>) -> Parsed<Option<Self>> {
        if !cursor.eat(b'<') {
            return Ok(None);
        }
        let start = cursor.number64()?;
        cursor.expect(b'.')?;
        let error = cursor.error(ParseErrorKind::Number);
        let partial = Self::new(start, cursor.number64()?).ok_or(error)?;
        cursor.expect(b'>')?;
        Ok(Some(partial))
    }

    fn write(self, out: &mut Writer<'_>) {
        out.put("<");
        out.number64(self.start);
        out.put(".");
        out.number64(self.count);
        out.put(">");
    }
}

/// Which of the messages are wanted after all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct FetchModifiers {
    /// Those that changed (RFC 7162).
    pub changed_since: Option<ChangedSince>,
    /// The first or last of them (RFC 9394).
    pub partial: Option<PartialRange>,
}

/// Messages that changed after a mod-sequence (RFC 7162 §3.1.4).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ChangedSince {
    /// The mod-sequence. The RFC has none of 0, yet clients that know nothing ask so.
    pub mod_seq: Number64,
    /// Whether to tell of those that are gone, too; with UIDs only (RFC 7162 §3.2.6).
    pub vanished: bool,
}

impl From<FetchItem> for FetchItems {
    fn from(item: FetchItem) -> Self {
        Self::These(item.into())
    }
}

impl Fetch {
    pub(super) fn read(numbering: Numbering, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let messages = MessageSet::read(cursor)?;
        cursor.space()?;
        let items = FetchItems::read(cursor)?;
        let modifiers = FetchModifiers::read(cursor)?;
        Ok(Self { numbering, messages, items, modifiers })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.numbering.write(out);
        out.put("FETCH ");
        self.messages.write(out);
        out.put(" ");
        self.items.write(out);
        self.modifiers.write(out);
    }
}

impl FetchItems {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.peek() == Some(b'(') {
            return list(cursor, FetchItem::read).map(Self::These);
        }
        let name = Word::take(cursor);
        match name.as_slice() {
            b"ALL" => Ok(Self::All),
            b"FAST" => Ok(Self::Fast),
            b"FULL" => Ok(Self::Full),
            _ => FetchItem::named(&name, cursor).map(Self::from),
        }
    }

    fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::All => out.put("ALL"),
            Self::Fast => out.put("FAST"),
            Self::Full => out.put("FULL"),
            Self::These(items) => out.list(items.iter(), |out, item| item.write(out)),
        }
    }
}

impl FetchItem {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let name = Word::take(cursor);
        Self::named(&name, cursor)
    }

    fn named(name: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(match name.as_slice() {
            b"FLAGS" => Self::Flags,
            b"UID" => Self::Uid,
            b"ENVELOPE" => Self::Envelope,
            b"INTERNALDATE" => Self::InternalDate,
            b"BODY" if cursor.peek() == Some(b'[') => Self::section(false, cursor)?,
            b"BODY.PEEK" => Self::section(true, cursor)?,
            b"BODY" => Self::Body,
            b"BODYSTRUCTURE" => Self::BodyStructure,
            b"RFC822.SIZE" => Self::Rfc822Size,
            b"RFC822" => Self::Rfc822,
            b"RFC822.HEADER" => Self::Rfc822Header,
            b"RFC822.TEXT" => Self::Rfc822Text,
            b"MODSEQ" => Self::ModSeq,
            b"BINARY" => Self::binary(false, cursor)?,
            b"BINARY.PEEK" => Self::binary(true, cursor)?,
            b"BINARY.SIZE" => Self::BinarySize(read_binary(cursor)?),
            b"EMAILID" => Self::EmailId,
            b"THREADID" => Self::ThreadId,
            b"SAVEDATE" => Self::SaveDate,
            b"PREVIEW" => Self::preview(cursor)?,
            b"ANNOTATION" => {
                cursor.space()?;
                Self::Annotation(AnnotationQuery::read(cursor)?)
            }
            b"X-GM-MSGID" => Self::GmailMessageId,
            b"X-GM-THRID" => Self::GmailThreadId,
            b"X-GM-LABELS" => Self::GmailLabels,
            _ => return Err(name.unknown()),
        })
    }

    fn section(peek: bool, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let section = Section::read(cursor)?;
        Ok(Self::BodySection { peek, section, partial: Partial::read_optional(cursor)? })
    }

    fn binary(peek: bool, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let part = read_binary(cursor)?;
        Ok(Self::Binary { peek, part, partial: Partial::read_optional(cursor)? })
    }

    /// RFC 8970 §6: `"PREVIEW" [SP "(" preview-mod *(SP preview-mod) ")"]`. What follows in
    /// parentheses may also be the command's modifiers.
    fn preview(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let lazy = cursor.eat_word(" (LAZY");
        if lazy {
            while cursor.eat_word(" LAZY") {}
            cursor.expect(b')')?;
        }
        Ok(Self::Preview { lazy })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::Envelope => out.put("ENVELOPE"),
            Self::Flags => out.put("FLAGS"),
            Self::InternalDate => out.put("INTERNALDATE"),
            Self::Rfc822Size => out.put("RFC822.SIZE"),
            Self::Rfc822 => out.put("RFC822"),
            Self::Rfc822Header => out.put("RFC822.HEADER"),
            Self::Rfc822Text => out.put("RFC822.TEXT"),
            Self::Body => out.put("BODY"),
            Self::BodyStructure => out.put("BODYSTRUCTURE"),
            Self::BodySection { peek, section, partial } => {
                out.put(if *peek { "BODY.PEEK" } else { "BODY" });
                section.write(out);
                write_partial(partial.as_ref(), out);
            }
            Self::Binary { peek, part, partial } => {
                out.put(if *peek { "BINARY.PEEK" } else { "BINARY" });
                write_binary(part, out);
                write_partial(partial.as_ref(), out);
            }
            Self::BinarySize(part) => {
                out.put("BINARY.SIZE");
                write_binary(part, out);
            }
            Self::Uid => out.put("UID"),
            Self::ModSeq => out.put("MODSEQ"),
            Self::EmailId => out.put("EMAILID"),
            Self::ThreadId => out.put("THREADID"),
            Self::SaveDate => out.put("SAVEDATE"),
            Self::Preview { lazy: false } => out.put("PREVIEW"),
            Self::Preview { lazy: true } => out.put("PREVIEW (LAZY)"),
            Self::Annotation(query) => {
                out.put("ANNOTATION ");
                query.write(out);
            }
            Self::GmailMessageId => out.put("X-GM-MSGID"),
            Self::GmailThreadId => out.put("X-GM-THRID"),
            Self::GmailLabels => out.put("X-GM-LABELS"),
        }
    }
}

fn write_partial(partial: Option<&Partial>, out: &mut Writer<'_>) {
    if let Some(partial) = partial {
        partial.write(out);
    }
}

impl FetchModifiers {
    /// Whether nothing is asked.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// RFC 4466 §3: `SP "(" fetch-modifier *(SP fetch-modifier) ")"`, or nothing.
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut all = Self::default();
        if cursor.is_at_end() {
            return Ok(all);
        }
        cursor.space()?;
        let error = cursor.error(ParseErrorKind::Word);
        let (mut mod_seq, mut vanished) = (None, None);
        cursor.list1(|cursor| {
            let word = Word::take(cursor);
            match word.as_slice() {
                b"CHANGEDSINCE" => {
                    cursor.space()?;
                    once(&mut mod_seq, cursor.number64()?, &word)
                }
                b"PARTIAL" => {
                    cursor.space()?;
                    once(&mut all.partial, PartialRange::read(cursor)?, &word)
                }
                b"VANISHED" => once(&mut vanished, (), &word),
                _ => Err(word.unknown()),
            }
        })?;
        let vanished = vanished.is_some();
        // RFC 7162 §3.2.6: VANISHED without CHANGEDSINCE is BAD.
        if vanished && mod_seq.is_none() {
            return Err(error);
        }
        all.changed_since = mod_seq.map(|mod_seq| ChangedSince { mod_seq, vanished });
        Ok(all)
    }

    fn write(&self, out: &mut Writer<'_>) {
        if self.is_empty() {
            return;
        }
        out.put(" (");
        let mut is_first = true;
        if let Some(changed) = self.changed_since {
            option(&mut is_first, "CHANGEDSINCE ", out);
            out.number64(changed.mod_seq);
            out.put(if changed.vanished { " VANISHED" } else { "" });
        }
        if let Some(partial) = self.partial {
            option(&mut is_first, "PARTIAL ", out);
            partial.write(out);
        }
        out.put(")");
    }
}

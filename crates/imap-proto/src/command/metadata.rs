//! GETMETADATA and SETMETADATA: notes on mailboxes and the server (RFC 5464).
use bytes::Bytes;

use crate::cursor::{Cursor, Parsed, Token};
use crate::writer::Writer;
use crate::{IString, Mailbox, NotEmpty, ParseErrorKind};

use super::grammar::{Word, list, list_or_one, once, option};

/// The name of a note on a mailbox or the server: `/private/comment` (RFC 5464 §3). Without `*`
/// and `%`, and without regard to case where it is ASCII.
///
/// ```
/// use imap_proto::command::Entry;
///
/// assert!(Entry::new("/shared/comment").is_some());
/// assert!(Entry::new("/shared/*").is_none());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Entry(IString);

/// GETMETADATA: asks for notes.
///
/// ```
/// use imap_proto::command::{Command, Depth};
///
/// let line = r#"GETMETADATA (DEPTH 1) "INBOX" (/private/filters/values)"#;
/// let Command::GetMetadata(get) = Command::parse(line.into())? else { panic!("it is that") };
/// assert_eq!(get.depth, Some(Depth::One));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GetMetadata {
    /// Of which mailbox; the server's own if the name is empty.
    pub mailbox: Mailbox,
    /// Which.
    pub entries: NotEmpty<Entry>,
    /// Only those with no more octets.
    pub max_size: Option<u32>,
    /// How far below.
    pub depth: Option<Depth>,
}

/// How far below a name (RFC 5464 §4.2.2).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Depth {
    /// Not at all, which is the default.
    Zero,
    /// What is right below, as well.
    One,
    /// All that is below, as well.
    Infinity,
}

/// SETMETADATA: writes notes, or takes them away.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetMetadata {
    /// Of which mailbox; the server's own if the name is empty.
    pub mailbox: Mailbox,
    /// Which, and what they are; none takes one away.
    pub values: NotEmpty<(Entry, Option<Bytes>)>,
}

impl Entry {
    /// Makes a name; `None` of what is none.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        Self::check(IString::new(name.as_bytes().to_vec())?)
    }

    /// Returns the name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn check(name: IString) -> Option<Self> {
        let is_entry = |name: &[u8]| {
            name.first() == Some(&b'/') && !name.iter().any(|octet| matches!(octet, b'*' | b'%'))
        };
        is_entry(name.as_bytes()).then_some(Self(name))
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let error = cursor.error(ParseErrorKind::String);
        Self::check(cursor.astring()?).ok_or(error)
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.astring(&self.0);
    }
}

impl GetMetadata {
    /// RFC 5464 §5 has the options before the mailbox, most of its examples after it: both are
    /// taken, the grammar's is written.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut options = Options::default();
        cursor.space()?;
        if cursor.peek() == Some(b'(') {
            options.read(cursor)?;
            cursor.space()?;
        }
        let mailbox = Mailbox::read(cursor)?;
        cursor.space()?;
        if !options.is_said && Options::are_next(cursor) {
            options.read(cursor)?;
            cursor.space()?;
        }
        let entries = list_or_one(cursor, Entry::read)?;
        let Options { max_size, depth, .. } = options;
        Ok(Self { mailbox, entries, max_size, depth })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("GETMETADATA ");
        if self.max_size.is_some() || self.depth.is_some() {
            out.put("(");
            let mut is_first = true;
            if let Some(size) = self.max_size {
                option(&mut is_first, "MAXSIZE ", out);
                out.number(size);
            }
            if let Some(depth) = self.depth {
                option(&mut is_first, "DEPTH ", out);
                depth.write(out);
            }
            out.put(") ");
        }
        self.mailbox.write(out);
        out.put(" ");
        out.list(self.entries.iter(), |out, item| item.write(out));
    }
}

#[derive(Default)]
struct Options {
    is_said: bool,
    max_size: Option<u32>,
    depth: Option<Depth>,
}

impl Options {
    /// Whether options come here, and not entries: those begin with a slash.
    fn are_next(cursor: &Cursor<'_>) -> bool {
        matches!(cursor.rest(), [b'(', b'm' | b'M' | b'd' | b'D', ..])
    }

    fn read(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        self.is_said = true;
        cursor.list1(|cursor| {
            let word = Word::take(cursor);
            cursor.space()?;
            match word.as_slice() {
                b"MAXSIZE" => once(&mut self.max_size, cursor.number()?, &word),
                b"DEPTH" => once(&mut self.depth, Depth::read(cursor)?, &word),
                _ => Err(word.unknown()),
            }
        })
    }
}

impl Depth {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = Word::take(cursor);
        match word.as_slice() {
            b"0" => Ok(Self::Zero),
            b"1" => Ok(Self::One),
            b"INFINITY" => Ok(Self::Infinity),
            _ => Err(word.unknown()),
        }
    }

    fn write(self, out: &mut Writer<'_>) {
        out.put(match self {
            Self::Zero => "0",
            Self::One => "1",
            Self::Infinity => "infinity",
        });
    }
}

impl SetMetadata {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let mailbox = Mailbox::read(cursor)?;
        cursor.space()?;
        let values = list(cursor, |cursor| {
            let entry = Entry::read(cursor)?;
            cursor.space()?;
            Ok((entry, nstring8(cursor)?))
        })?;
        Ok(Self { mailbox, values })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("SETMETADATA ");
        self.mailbox.write(out);
        out.put(" ");
        out.list(self.values.iter(), |out, (entry, value)| {
            entry.write(out);
            out.put(" ");
            write_nstring8(value.as_ref(), out);
        });
    }
}

/// RFC 5464 §5, `value`: `nstring / literal8`, so that NUL may be in it.
pub(super) fn nstring8(cursor: &mut Cursor<'_>) -> Parsed<Option<Bytes>> {
    if !cursor.is_at_literal() {
        return Ok(cursor.nstring()?.map(IString::into_bytes));
    }
    let error = cursor.error(ParseErrorKind::Literal);
    match cursor.token()? {
        Token::Octets { octets, binary } if binary || !octets.contains(&0) => Ok(Some(octets)),
        _ => Err(error),
    }
}

pub(super) fn write_nstring8(value: Option<&Bytes>, out: &mut Writer<'_>) {
    match value.map(|value| IString::new(value.clone()).ok_or(value)) {
        None => out.put("NIL"),
        Some(Ok(string)) => out.string(&string),
        Some(Err(binary)) => out.literal(binary, true),
    }
}

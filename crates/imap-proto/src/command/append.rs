//! APPEND and REPLACE: messages for a mailbox.
//!
//! Messages are of any size, so they are no part of a command's value: the command says where
//! they go, and then come the pieces of each, in order.
use alloc::vec::Vec;

use bytes::BytesMut;

use crate::cursor::{Cursor, Parsed, Token};
use crate::frame::Literal;
use crate::writer::Writer;
use crate::{DateTime, Dialect, Flags, IString, Mailbox, ParseErrorKind, SeqNumber};

use super::grammar::Word;
use super::{Annotation, Command, Numbering};

/// REPLACE, or UID REPLACE: puts a message in the place of another (RFC 8508). The message
/// follows, as for APPEND.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Replace {
    /// What the number is.
    pub numbering: Numbering,
    /// Which message goes.
    pub number: SeqNumber,
    /// Which mailbox the new one comes to.
    pub mailbox: Mailbox,
}

/// A piece of what APPEND or REPLACE brings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AppendPart {
    /// A message begins.
    Message(MessageStart),
    /// What this URL names, at this place in the message (RFC 4469).
    Url(IString),
    /// These octets, at this place in the message, whose octets follow.
    Text(Literal),
}

/// What is said of a message that is appended.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MessageStart {
    /// Its flags. `\Recent` and `\*` are not written, for no client may set them.
    pub flags: Flags,
    /// When it came, if not now.
    pub date: Option<DateTime>,
    /// Its notes (RFC 5257).
    pub annotations: Vec<Annotation>,
    /// What it is made of.
    pub form: MessageForm,
}

/// What a message that is appended is made of.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum MessageForm {
    /// One literal.
    #[default]
    Plain,
    /// One literal, with UTF-8 in its header (RFC 6855 §4).
    Utf8,
    /// URLs and literals, one at least (RFC 4469).
    Catenate,
}

impl Replace {
    pub(super) fn read(numbering: Numbering, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let number = SeqNumber::read(cursor)?;
        cursor.space()?;
        Ok(Self { numbering, number, mailbox: Mailbox::read(cursor)? })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        self.numbering.write(out);
        out.put("REPLACE ");
        self.number.put(out);
        out.put(" ");
        self.mailbox.write(out);
    }
}

/// Where reading messages stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Appending {
    at: At,
    /// REPLACE brings one message.
    is_single: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum At {
    /// Before a message; the first has to come.
    First,
    /// After a message.
    Next,
    /// Before the literal of a message.
    Plain,
    /// Before the literal of a message in parentheses.
    Utf8,
    /// After it.
    Close,
    /// In the list of CATENATE, with nothing in it yet.
    Catenate,
    /// In it.
    Catenated,
}

impl Appending {
    /// Starts after the head of a command that brings messages.
    pub(super) const fn after(command: &Command) -> Option<Self> {
        match command {
            Command::Append(_) => Some(Self { at: At::First, is_single: false }),
            Command::Replace(_) => Some(Self { at: At::First, is_single: true }),
            _ => None,
        }
    }

    /// Reads the next piece; `None` at the end.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Parsed<Option<AppendPart>> {
        loop {
            match self.at {
                At::Next if cursor.is_at_end() => return Ok(None),
                At::Next if self.is_single => return Err(cursor.error(ParseErrorKind::Trailing)),
                At::First | At::Next => {
                    let start = MessageStart::read(cursor)?;
                    self.at = At::in_message(start.form);
                    return Ok(Some(AppendPart::Message(start)));
                }
                At::Plain => {
                    self.at = At::Next;
                    return read_literal(cursor).map(Some);
                }
                At::Utf8 => {
                    self.at = At::Close;
                    return read_literal8(cursor).map(Some);
                }
                At::Close => {
                    cursor.expect(b')')?;
                    self.at = At::Next;
                }
                At::Catenated if cursor.eat(b')') => self.at = At::Next,
                At::Catenate | At::Catenated => {
                    if self.at == At::Catenated {
                        cursor.space()?;
                    }
                    self.at = At::Catenated;
                    return read_part(cursor).map(Some);
                }
            }
        }
    }
}

impl At {
    const fn in_message(form: MessageForm) -> Self {
        match form {
            MessageForm::Plain => Self::Plain,
            MessageForm::Utf8 => Self::Utf8,
            MessageForm::Catenate => Self::Catenate,
        }
    }
}

/// Writes what APPEND or REPLACE brings, after the head that
/// [`Tagged::write`](super::Tagged::write) writes.
///
/// ```
/// use bytes::BytesMut;
/// use imap_proto::command::{AppendPart, AppendWriter, Command, MessageStart, Tagged};
/// use imap_proto::{Dialect, Literals, Mailbox, Tag, frame::Literal};
///
/// let command = Command::Append(Mailbox::new("Sent").unwrap());
/// let mut out = BytesMut::new();
/// let dialect = Dialect { literals: Literals::Plus, ..Dialect::CLIENT };
/// let mut writer = AppendWriter::new(&command, dialect).expect("it brings messages");
/// Tagged { tag: Tag::new("A1").unwrap(), command }.write(dialect, &mut out);
/// writer.part(&AppendPart::Message(MessageStart::default()), &mut out);
/// let text = Literal { size: 5, synchronizing: false, binary: false };
/// writer.part(&AppendPart::Text(text), &mut out);
/// out.extend_from_slice(b"Hello");
/// assert!(writer.end(&mut out));
/// assert_eq!(out, "A1 APPEND Sent {5+}\r\nHello\r\n");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct AppendWriter {
    dialect: Dialect,
    appending: Appending,
}

impl AppendWriter {
    /// Starts after the head of a command; `None` if it brings no messages.
    #[must_use]
    pub const fn new(command: &Command, dialect: Dialect) -> Option<Self> {
        match Appending::after(command) {
            Some(appending) => Some(Self { dialect, appending }),
            None => None,
        }
    }

    /// Writes a piece, and returns where to wait, as
    /// [`Tagged::write`](super::Tagged::write) does; `None`, and nothing written, if it cannot
    /// come here. After [`AppendPart::Text`] come exactly as many octets as
    /// it announces; whether they wait is the dialect's to say, not the piece's.
    #[must_use = "it says where to wait"]
    pub fn part(&mut self, part: &AppendPart, out: &mut BytesMut) -> Option<Vec<usize>> {
        let mut writer = Writer::new(out, self.dialect);
        match (self.appending.at, part) {
            (At::Next | At::Close | At::Catenated, AppendPart::Message(_))
                if self.appending.is_single =>
            {
                return None;
            }
            (At::First | At::Next | At::Close | At::Catenated, AppendPart::Message(start)) => {
                self.close(&mut writer);
                start.write(&mut writer);
                self.appending.at = At::in_message(start.form);
            }
            (At::Plain | At::Utf8, AppendPart::Text(literal)) => {
                let is_utf8 = self.appending.at == At::Utf8;
                // RFC 6855 §4: what UTF8 has in its parentheses is a literal8.
                writer.announce(literal.size, literal.binary || is_utf8);
                self.appending.at = if is_utf8 { At::Close } else { At::Next };
            }
            (At::Catenate | At::Catenated, AppendPart::Text(_) | AppendPart::Url(_)) => {
                if self.appending.at == At::Catenated {
                    writer.put(" ");
                }
                write_part(part, &mut writer);
                self.appending.at = At::Catenated;
            }
            _ => return None,
        }
        Some(writer.finish())
    }

    /// Ends the command; false, and nothing written, if a message is missing or not whole.
    #[must_use = "it says whether the command is whole"]
    pub fn end(&mut self, out: &mut BytesMut) -> bool {
        let is_whole = matches!(self.appending.at, At::Next | At::Close | At::Catenated);
        if is_whole {
            let mut writer = Writer::new(out, self.dialect);
            self.close(&mut writer);
            writer.put("\r\n");
        }
        is_whole
    }

    fn close(&self, out: &mut Writer<'_>) {
        if matches!(self.appending.at, At::Close | At::Catenated) {
            out.put(")");
        }
    }
}

fn write_part(part: &AppendPart, out: &mut Writer<'_>) {
    match part {
        AppendPart::Url(url) => {
            out.put("URL ");
            out.astring(url);
        }
        AppendPart::Text(literal) => {
            out.put("TEXT ");
            out.announce(literal.size, literal.binary);
        }
        AppendPart::Message(_) => {}
    }
}

/// RFC 4469 §5: `cat-part = text-literal / url`.
fn read_part(cursor: &mut Cursor<'_>) -> Parsed<AppendPart> {
    cursor.count()?;
    let word = Word::take(cursor);
    match word.as_slice() {
        b"URL" => {
            cursor.space()?;
            cursor.astring().map(AppendPart::Url)
        }
        b"TEXT" => {
            cursor.space()?;
            read_literal(cursor)
        }
        _ => Err(word.unknown()),
    }
}

/// Reads the announcement of a literal that streams. It may be a literal8 anywhere: whether the
/// server knows BINARY is a matter of the session.
fn read_literal(cursor: &mut Cursor<'_>) -> Parsed<AppendPart> {
    let error = cursor.error(ParseErrorKind::Literal);
    match cursor.token()? {
        Token::Streamed { size, binary } => {
            Ok(AppendPart::Text(Literal { size, synchronizing: true, binary }))
        }
        Token::Octets { .. } => Err(error),
    }
}

/// RFC 6855 §4: `"UTF8" SP "(" literal8 ")"`.
fn read_literal8(cursor: &mut Cursor<'_>) -> Parsed<AppendPart> {
    let error = cursor.error(ParseErrorKind::Expected('~'));
    match read_literal(cursor)? {
        AppendPart::Text(literal) if !literal.binary => Err(error),
        part => Ok(part),
    }
}

impl MessageStart {
    /// RFC 4466 §6: `[SP flag-list] [SP date-time] *(SP append-ext) SP append-data`, up to the
    /// data.
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut start = Self::default();
        cursor.space()?;
        if cursor.peek() == Some(b'(') {
            start.flags = super::read_flags(cursor)?;
            cursor.space()?;
        }
        if cursor.peek() == Some(b'"') {
            start.date = Some(DateTime::read(cursor)?);
            cursor.space()?;
        }
        while !cursor.is_at_literal() {
            let word = Word::take(cursor);
            match word.as_slice() {
                b"ANNOTATION" if start.annotations.is_empty() => {
                    cursor.space()?;
                    start.annotations = super::grammar::list(cursor, Annotation::read)?.into();
                    cursor.space()?;
                    continue;
                }
                b"UTF8" => start.form = MessageForm::Utf8,
                b"CATENATE" => start.form = MessageForm::Catenate,
                _ => return Err(word.unknown()),
            }
            cursor.space()?;
            cursor.expect(b'(')?;
            break;
        }
        Ok(start)
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        let flags = || self.flags.iter().filter(|flag| super::may_set(flag));
        if flags().next().is_some() {
            out.put(" ");
            out.list(flags(), |out, flag| flag.write(out));
        }
        if let Some(date) = self.date {
            out.put(" ");
            date.write(out);
        }
        if !self.annotations.is_empty() {
            out.put(" ANNOTATION ");
            out.list(self.annotations.iter(), |out, item| item.write(out));
        }
        out.put(match self.form {
            MessageForm::Plain => " ",
            MessageForm::Utf8 => " UTF8 (",
            MessageForm::Catenate => " CATENATE (",
        });
    }
}

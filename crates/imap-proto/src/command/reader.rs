//! A server's side: commands as they arrive.
use alloc::collections::VecDeque;

use bytes::Bytes;
use proto_core::{Input, LineError};

use crate::cursor::{Cursor, Parsed};
use crate::frame::{self, Frame, FrameError, Framer, Literal};
use crate::line::Collected;
use crate::{Limits, Line, ParseError, ParseErrorKind, Tag};

use super::append::Appending;
use super::{AppendPart, Tagged};

/// Takes commands from what a client sends.
///
/// A command is told when it is here whole, with the literals that are its arguments. Messages
/// stream: APPEND and REPLACE are told as soon as their first message is announced, and then what
/// they bring, piece by piece, until [`Event::End`].
///
/// ```
/// use imap_proto::command::{AppendPart, Event, Reader};
/// use proto_core::Input;
///
/// let (mut input, mut reader) = (Input::default(), Reader::default());
/// input.push(b"A1 APPEND saved-messages (\\Seen) {5}\r\n");
/// assert!(matches!(reader.next(&mut input), Ok(Some(Event::Command(_)))));
/// assert!(matches!(reader.next(&mut input), Ok(Some(Event::Part(AppendPart::Message(_))))));
/// assert!(matches!(reader.next(&mut input), Ok(Some(Event::Part(AppendPart::Text(_))))));
/// reader.accept(); // and "+ go ahead" is written, for the literal synchronizes
/// input.push(b"Hello\r\n");
/// assert_eq!(reader.next(&mut input), Ok(Some(Event::Octets("Hello".into()))));
/// assert_eq!(reader.next(&mut input), Ok(Some(Event::End)));
/// ```
#[derive(Debug)]
pub struct Reader {
    limits: ReaderLimits,
    framer: Framer,
    /// What has come of the command, or of what follows the last message's literal.
    line: Line,
    /// The tag of a command that has been told, and brings messages.
    tag: Option<Tag>,
    /// The literal that is being taken, and whether it is a message's.
    literal: Option<(Literal, bool)>,
    argument: Collected,
    /// Octets of arguments so far.
    arguments: u64,
    /// Where an APPEND stands, once it has been told.
    appending: Option<Appending>,
    told: VecDeque<Event>,
}

/// What a reader tells.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// A command is here.
    Command(Tagged),
    /// A literal that is an argument is wanted: write a continuation request.
    Continue,
    /// A piece of what the command brings. A literal waits for [`Reader::accept`] or
    /// [`Reader::refuse`].
    Part(AppendPart),
    /// Octets of a message's literal, as many as arrived at once. They share the input's buffer.
    Octets(Bytes),
    /// All that the command brings is here.
    End,
}

/// What a client may cost a reader.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReaderLimits {
    /// The limits of framing; among them the largest message.
    pub frame: frame::Limits,
    /// The limits of the grammar.
    pub line: Limits,
    /// The limits of what is kept.
    pub arguments: ArgumentLimits,
}

/// How much of a command's arguments is kept until it is whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ArgumentLimits {
    /// The most octets in literals that are arguments, of one command together: 128 KiB. The
    /// largest are METADATA's values, of which servers take 64 KiB or less.
    pub octets: u64,
    /// The most such literals: 100, so that a command that is all literals is read a hundred
    /// times at most.
    pub literals: usize,
}

impl Default for ArgumentLimits {
    fn default() -> Self {
        Self { octets: 128 * 1024, literals: 100 }
    }
}

/// A command that is none: answer BAD, with its tag if there is one. What it announced has been
/// seen to, and the next command can be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("bad command")]
pub struct Bad {
    /// The command's tag, if it was read.
    pub tag: Option<Tag>,
    /// What is wrong.
    #[source]
    pub kind: BadKind,
}

/// What is wrong with a command.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadKind {
    /// It is not what the grammar says. The offset counts from the command's first octet, or from
    /// the end of the last message that it brought.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// It is beyond the limits of framing; after [`FrameError::EndlessLine`] the connection is to
    /// be closed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// Its arguments are beyond the limits.
    #[error("arguments are too large")]
    Arguments,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new(ReaderLimits::default())
    }
}

impl Reader {
    /// Starts before a command.
    #[must_use]
    pub fn new(limits: ReaderLimits) -> Self {
        Self {
            limits,
            framer: Framer::new(limits.frame),
            line: Line::default(),
            tag: None,
            literal: None,
            argument: Collected::default(),
            arguments: 0,
            appending: None,
            told: VecDeque::new(),
        }
    }

    /// Changes the limits, from what is read next on: before LOGIN, a client needs little.
    pub const fn set_limits(&mut self, limits: ReaderLimits) {
        self.limits = limits;
        self.framer.set_limits(limits.frame);
    }

    /// Takes the next piece; `None` until more arrives, or while a literal waits for its answer.
    ///
    /// # Errors
    /// A command is bad and has been passed over; go on with the next one.
    pub fn next(&mut self, input: &mut Input) -> Result<Option<Event>, Bad> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Ok(Some(event));
            }
            let frame = match self.framer.next(input) {
                Ok(Some(frame)) => frame,
                Ok(None) => return Ok(None),
                Err(error) => return Err(self.bad(error.into())),
            };
            match frame {
                Frame::Text(text) => self.text(text),
                Frame::Literal(literal) => self.announced(literal)?,
                Frame::Octets(octets) => {
                    if let Some((_, true)) = self.literal {
                        return Ok(Some(Event::Octets(octets)));
                    }
                    self.argument.push(octets);
                }
                Frame::End => {
                    if let Some(tagged) = self.end()? {
                        return Ok(Some(Event::Command(tagged)));
                    }
                }
            }
        }
    }

    /// Lets a message's literal come. If it synchronizes, write a continuation request.
    pub fn accept(&mut self) {
        self.framer.accept();
    }

    /// Gives up the command whose literal waits: answer NO. If the literal does not synchronize,
    /// it comes all the same, and is passed over.
    pub fn refuse(&mut self) {
        self.framer.refuse();
        self.reset();
    }

    /// Returns how many octets of a refused literal are still to come, and to be thrown away: who
    /// does not want to read them closes the connection.
    #[must_use]
    pub const fn skipping(&self) -> u64 {
        self.framer.skipping()
    }

    /// Whether nothing of a command has been taken that has not been told.
    #[must_use]
    pub fn is_between_commands(&self) -> bool {
        self.framer.is_at_start() && self.told.is_empty()
    }

    /// Takes a line that is no command, without its CRLF: `DONE` after IDLE, or a message of a
    /// SASL exchange. Ask for it only between commands.
    ///
    /// # Errors
    /// The line is bad and has been passed over.
    pub fn line(&mut self, input: &mut Input) -> Result<Option<Bytes>, LineError> {
        input.line(self.limits.frame.text)
    }

    fn text(&mut self, text: Bytes) {
        match self.literal.take() {
            Some((literal, false)) => {
                self.line.add(literal, Some(self.argument.take()), text);
            }
            Some((_, true)) | None => self.line = Line::new(text),
        }
    }

    /// Reads what there is, to know what the literal is: a message's if the grammar has one at
    /// this place, an argument if it has a string.
    fn announced(&mut self, literal: Literal) -> Result<(), Bad> {
        let at = self.line.len();
        let mut line = self.line.clone();
        line.add(literal, None, Bytes::new());
        match self.read(&line) {
            Ok(()) => {
                if let Some(Event::Part(AppendPart::Text(announced))) = self.told.back_mut() {
                    *announced = literal;
                }
                self.literal = Some((literal, true));
                Ok(())
            }
            Err(error) if error.kind() == ParseErrorKind::Literal && error.offset() == at => {
                self.take_argument(literal)
            }
            Err(error) => {
                self.framer.refuse();
                Err(self.bad(error.into()))
            }
        }
    }

    fn take_argument(&mut self, literal: Literal) -> Result<(), Bad> {
        let limits = self.limits.arguments;
        self.arguments = self.arguments.saturating_add(literal.size);
        if self.arguments > limits.octets || self.line.literals() >= limits.literals {
            self.framer.refuse();
            return Err(self.bad(BadKind::Arguments));
        }
        self.literal = Some((literal, false));
        self.framer.accept();
        if literal.synchronizing {
            self.told.push_back(Event::Continue);
        }
        Ok(())
    }

    /// Reads what is here whole: a command, or the end of one that has been told.
    fn end(&mut self) -> Result<Option<Tagged>, Bad> {
        let line = core::mem::take(&mut self.line);
        match self.read_whole(&line) {
            Ok(tagged) => {
                self.reset();
                Ok(tagged)
            }
            Err(error) => {
                self.line = line;
                Err(self.bad(error.into()))
            }
        }
    }

    fn read_whole(&mut self, line: &Line) -> Parsed<Option<Tagged>> {
        if self.appending.is_none() {
            let mut cursor = super::cursor(line, self.limits.line)?;
            let tagged = Tagged::read(&mut cursor)?;
            if !tagged.command.brings_messages() {
                cursor.end()?;
                return Ok(Some(tagged));
            }
        }
        self.read(line)?;
        Ok(None)
    }

    /// Reads a command, or what it brings up to a literal or the end, and tells it; if that
    /// fails, nothing.
    fn read(&mut self, line: &Line) -> Parsed<()> {
        let mut cursor = super::cursor(line, self.limits.line)?;
        let (mut appending, before) = (self.appending, self.told.len());
        let read = self.tell(&mut cursor, &mut appending);
        match read {
            Ok(()) => self.appending = appending,
            Err(_) => self.told.truncate(before),
        }
        read
    }

    fn tell(&mut self, cursor: &mut Cursor<'_>, appending: &mut Option<Appending>) -> Parsed<()> {
        if appending.is_none() {
            let tagged = Tagged::read(cursor)?;
            *appending = Appending::after(&tagged.command);
            self.tag = Some(tagged.tag.clone());
            self.told.push_back(Event::Command(tagged));
        }
        let Some(appending) = appending else { return cursor.end() };
        while let Some(part) = appending.read(cursor)? {
            let is_text = matches!(part, AppendPart::Text(_));
            self.told.push_back(Event::Part(part));
            if is_text {
                return Ok(());
            }
        }
        self.told.push_back(Event::End);
        Ok(())
    }

    #[cold]
    fn bad(&mut self, kind: BadKind) -> Bad {
        let tag = self.tag.take().or_else(|| {
            let text = self.line.text();
            let end = text.iter().position(|octet| *octet == b' ').unwrap_or(text.len());
            Tag::new(text.slice(..end))
        });
        self.reset();
        self.argument = Collected::default();
        self.told.clear();
        Bad { tag, kind }
    }

    /// Forgets the command.
    fn reset(&mut self) {
        (self.line, self.tag, self.literal) = (Line::default(), None, None);
        self.arguments = 0;
        self.appending = None;
    }
}

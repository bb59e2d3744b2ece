//! The one machine that finds the structure of a message.
//!
//! A [`Scanner`] looks at a window of octets that starts where it stands and names the next token.
//! Tokens tile the message: every octet belongs to exactly one, so that nothing is lost and
//! whoever holds the octets (a slice, a buffer) can cut them by length alone. What a token is
//! never depends on how much more of the message the window shows.
mod body;
mod header;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use memchr::memmem;

use crate::delimiter::{Match, is_prefix, match_boundary};
use crate::encoding::Encoding;
use crate::header::Known;
use crate::{Defect, DefectKind, Limits, PartKind, Span};

/// A piece of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Token {
    /// A part begins: the so-manieth child of the part that is open.
    Begin(u32),
    /// A header field with its line end.
    Field(Name),
    /// Octets that are not part of the structure.
    Skipped,
    /// The blank line, or nothing where it is missing.
    HeaderEnd(Head),
    Preamble,
    Body,
    Delimiter,
    Epilogue,
    /// The part that is open ends.
    End,
    Defect(Defect),
}

/// The name of a field: its length, and which one it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Name {
    pub(crate) len: usize,
    pub(crate) known: Known,
}

/// What a header says about its part.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    pub(crate) kind: PartKind,
    /// A multipart whose parts are messages unless they say otherwise.
    pub(crate) digest: bool,
    pub(crate) encoding: Encoding,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Start,
    Header,
    /// Inside a field that is over the limit.
    LongField,
    /// A part must begin.
    Child,
    Body(Place),
    /// Over the limit of parts.
    Rest,
    Done,
}

/// Where in a body the window starts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    /// At the start of a line, where a delimiter needs no line end before it.
    Line,
    Middle,
    /// Before what looks like a delimiter and is none; this has been said.
    False,
}

/// A part that is open.
#[derive(Clone, Debug)]
struct Level {
    kind: PartKind,
    start: u64,
    /// Where its boundary begins in [`Scanner::boundaries`]; it ends where the next level's does.
    boundary: usize,
    /// This is a multipart whose delimiters count.
    open: bool,
    digest: bool,
    closed: bool,
    children: u32,
}

/// What has been read of the header at hand, as far as it is about structure.
#[derive(Clone, Debug, Default)]
struct Header {
    started: bool,
    seen: [bool; 4],
    encoding: Encoding,
    kind: PartKind,
    digest: bool,
    boundary_too_long: bool,
    /// The `Content-Type` field, or the start of the header.
    span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    limits: Limits,
    state: State,
    levels: Vec<Level>,
    /// The boundaries of all levels, one after the other; the last may be that of the header.
    boundaries: Vec<u8>,
    /// How many levels are open multiparts.
    open: usize,
    header: Header,
    queue: VecDeque<Token>,
    /// Searches for a line that may be a delimiter; made when first needed.
    finder: Option<memmem::Finder<'static>>,
    /// Offset of the window in the message.
    offset: u64,
    /// Octets of the window that hold no end of the present field.
    scanned: usize,
    /// Up to here in the message headers need no closer look; from here on that is not known.
    plain: u64,
    /// Up to here they need one.
    odd: u64,
    parts: usize,
    fields: usize,
    defects: usize,
    /// Bits of the kinds of defects that are reported once.
    once: u64,
}

impl Scanner {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Start,
            levels: Vec::new(),
            boundaries: Vec::new(),
            open: 0,
            header: Header::default(),
            queue: VecDeque::new(),
            finder: None,
            offset: 0,
            scanned: 0,
            plain: 0,
            odd: 0,
            parts: 0,
            fields: 0,
            defects: 0,
            once: 0,
        }
    }

    pub(crate) const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Goes back to the start of a message, keeping its memory.
    pub(crate) fn restart(&mut self) {
        self.levels.clear();
        self.boundaries.clear();
        self.queue.clear();
        (self.state, self.open, self.offset, self.scanned) = (State::Start, 0, 0, 0);
        (self.plain, self.odd) = (0, 0);
        (self.parts, self.fields, self.defects, self.once) = (0, 0, 0, 0);
    }

    /// Names the next token and its length. `None`: show more octets, or with `eof`, the end.
    pub(crate) fn next(&mut self, window: &[u8], eof: bool) -> Option<(Token, usize)> {
        if !self.queue.is_empty() {
            return self.queue.pop_front().map(|token| (token, 0));
        }
        let (token, len) = match self.state {
            State::Header => self.header(window, eof),
            State::Start | State::Child => Some((self.begin(), 0)),
            State::LongField => self.long_field(window, eof),
            State::Body(place) => self.body(window, eof, place),
            State::Rest if !window.is_empty() => Some((Token::Skipped, window.len())),
            State::Rest if eof => Some((self.end(), 0)),
            State::Rest | State::Done => None,
        }?;
        if len > 0 {
            self.offset += len as u64;
            self.scanned = 0;
        }
        Some((token, len))
    }

    fn begin(&mut self) -> Token {
        let (mut number, mut digest) = (1, false);
        if let Some(parent) = self.levels.last_mut() {
            parent.children = parent.children.saturating_add(1);
            (number, digest) = (parent.children, parent.digest);
        }
        self.parts += 1;
        let kind = if digest { PartKind::Message } else { PartKind::Leaf };
        self.header = Header { kind, span: self.span(0, 0), ..Header::default() };
        self.levels.push(Level {
            kind: PartKind::Leaf,
            start: self.offset,
            boundary: self.boundaries.len(),
            open: false,
            digest: false,
            closed: false,
            children: 0,
        });
        self.state = State::Header;
        Token::Begin(number)
    }

    /// Iterates over the boundaries that count, the innermost first, with their levels.
    fn open_boundaries<'s>(
        &'s self,
        levels: &'s [Level],
        end: usize,
    ) -> impl Iterator<Item = (usize, &'s [u8])> {
        let mut end = end;
        levels.iter().enumerate().rev().filter_map(move |(at, level)| {
            let boundary = self.boundaries.get(level.boundary..end).unwrap_or_default();
            end = level.boundary;
            level.open.then_some((at, boundary))
        })
    }

    /// Compares what follows `--` with the boundaries that count, the innermost first.
    fn delimiter(&self, rest: &[u8], eof: bool) -> Delimiter {
        let mut found = Delimiter::Not;
        for (level, boundary) in self.open_boundaries(&self.levels, self.boundaries.len()) {
            match match_boundary(rest, boundary, self.limits.padding, eof) {
                Match::Not if is_prefix(rest, boundary) => found = Delimiter::False,
                Match::Not => {}
                Match::Undecided => return Delimiter::Undecided,
                Match::Hit { close, len, text } => {
                    return Delimiter::Hit(Hit { level, close, len, text });
                }
            }
        }
        found
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: self.offset + start as u64, end: self.offset + end as u64 }
    }

    fn once(&mut self, kind: DefectKind, start: usize, end: usize) {
        let bit = 1 << kind as u32;
        if self.once & bit == 0 {
            self.once |= bit;
            self.defect(kind, start, end);
        }
    }

    fn defect(&mut self, kind: DefectKind, start: usize, end: usize) {
        self.report(kind, self.span(start, end));
    }

    fn report(&mut self, kind: DefectKind, span: Span) {
        self.defects += 1;
        let over = self.defects.saturating_sub(self.limits.defects);
        let kind = if over == 0 { kind } else { DefectKind::TooManyDefects };
        if over <= 1 {
            self.queue.push_back(Token::Defect(Defect { kind, span }));
        }
        self.defects = self.defects.min(self.limits.defects.saturating_add(1));
    }
}

enum Delimiter {
    Not,
    /// A boundary with something after it: none, but worth a word.
    False,
    Undecided,
    Hit(Hit),
}

/// A delimiter of the multipart that is open at this level.
struct Hit {
    level: usize,
    close: bool,
    len: usize,
    text: bool,
}

pub(crate) fn after(window: &[u8], at: usize) -> &[u8] {
    window.get(at..).unwrap_or_default()
}

pub(crate) fn before(window: &[u8], at: usize) -> &[u8] {
    window.get(..at).unwrap_or_default()
}

//! The one machine that finds the structure of a message.
//!
//! A [`Scanner`] looks at a window of octets that starts where it stands and names the next token.
//! Tokens tile the message: every octet belongs to exactly one, so that nothing is lost and
//! whoever holds the octets (a slice, a buffer) can cut them by length alone. What a token is
//! never depends on how much more of the message the window shows.
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use memchr::{memchr, memmem};

use crate::content_type::ContentType;
use crate::delimiter::{Match, held_back, is_prefix, match_boundary};
use crate::encoding::Encoding;
use crate::header::{Known, is_plain, is_postmark, split_field};
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

    fn header(&mut self, window: &[u8], eof: bool) -> Option<(Token, usize)> {
        match window {
            [] | [b'\r'] | [b'-'] if !eof => return None,
            [] => return Some((self.header_end(), 0)),
            [b'\n', rest @ ..] => return self.blank_line(1, rest, eof),
            [b'\r', b'\n', rest @ ..] => return self.blank_line(2, rest, eof),
            [b'-', b'-', rest @ ..] => match self.delimiter(rest, eof) {
                Delimiter::Undecided => return None,
                Delimiter::Hit(_) => return Some((self.header_end(), 0)),
                Delimiter::Not | Delimiter::False => {}
            },
            _ => {}
        }
        let limit = self.limits.field_octets.max(1);
        let end = self.field_end(window, eof);
        if end.is_none() && window.len() <= limit {
            return None;
        }
        if !self.header.started {
            let first = before(window, end.unwrap_or(limit).min(limit));
            if split_field(first).is_none() && !is_postmark(first) {
                // There is no header: the octets are more use as a body.
                self.defect(DefectKind::NotAField, 0, first.len());
                return Some((self.header_end(), 0));
            }
            self.header.started = true;
        }
        match end {
            Some(end) if end <= limit => {
                let field = before(window, end);
                if !self.is_plain(window, end) {
                    self.check_octets(field);
                }
                Some((self.field(field, eof), end))
            }
            _ => {
                self.state = State::LongField;
                self.check_octets(before(window, limit));
                let token = self.field(before(window, limit), false);
                self.defect(DefectKind::FieldTooLong, 0, limit);
                Some((token, limit))
            }
        }
    }

    /// Ends the header with its blank line, unless that is the line end of a delimiter: a part may
    /// be a header and no more (RFC 2046 §5.1.1 `body-part`).
    fn blank_line(&mut self, len: usize, rest: &[u8], eof: bool) -> Option<(Token, usize)> {
        match rest {
            [] | [b'-'] if self.open > 0 && !eof => return None,
            [b'-', b'-', rest @ ..] => match self.delimiter(rest, eof) {
                Delimiter::Undecided => return None,
                Delimiter::Hit(_) => return Some((self.header_end(), 0)),
                Delimiter::Not | Delimiter::False => {}
            },
            _ => {}
        }
        if len == 1 {
            self.once(DefectKind::BareLf, 0, len);
        }
        Some((self.header_end(), len))
    }

    /// Finds the line end that no blank follows (RFC 5322 §2.2.3).
    fn field_end(&mut self, window: &[u8], eof: bool) -> Option<usize> {
        while let Some(at) = memchr(b'\n', after(window, self.scanned)) {
            let end = self.scanned + at + 1;
            match window.get(end) {
                None if !eof => {
                    self.scanned = end - 1;
                    return None;
                }
                Some(b' ' | b'\t') => self.scanned = end,
                _ => return Some(end),
            }
        }
        self.scanned = window.len();
        eof.then_some(window.len())
    }

    fn field(&mut self, field: &[u8], eof: bool) -> Token {
        let len = field.len();
        if eof && !field.ends_with(b"\n") {
            self.defect(DefectKind::TruncatedHeader, 0, len);
        }
        let Some((name, value)) = split_field(field) else {
            self.defect(DefectKind::NotAField, 0, len);
            return Token::Skipped;
        };
        if self.fields >= self.limits.fields {
            self.once(DefectKind::TooManyFields, 0, len);
            return Token::Skipped;
        }
        self.fields += 1;
        let known = Known::of(name);
        if known != Known::Other {
            self.known_field(known, value, len);
        }
        Token::Field(Name { len: name.len(), known })
    }

    /// Tells whether the field that ends here needs no closer look. Looks at many at once, where
    /// the window shows them.
    fn is_plain(&mut self, window: &[u8], end: usize) -> bool {
        const STRETCH: usize = 512;
        let field_end = self.offset + end as u64;
        if field_end <= self.plain {
            return true;
        }
        if self.offset >= self.odd && window.len() > end {
            let stretch = before(window, STRETCH.min(window.len()).max(end));
            let stretch = stretch.strip_suffix(b"\r").unwrap_or(stretch);
            let stretch_end = self.offset + stretch.len() as u64;
            if is_plain(stretch) {
                self.plain = stretch_end;
                return true;
            }
            self.odd = stretch_end;
        }
        is_plain(before(window, end))
    }

    /// Names what is wrong with the octets of a field, where something is.
    #[cold]
    fn check_octets(&mut self, field: &[u8]) {
        let len = field.len();
        let mut lf = memchr::memchr_iter(b'\n', field).map(|at| before(field, at));
        if lf.any(|line| !line.ends_with(b"\r")) {
            self.once(DefectKind::BareLf, 0, len);
        }
        let mut cr = memchr::memchr_iter(b'\r', field);
        if cr.any(|at| field.get(at + 1).is_some_and(|next| *next != b'\n')) {
            self.once(DefectKind::BareCr, 0, len);
        }
        if memchr(0, field).is_some() {
            self.once(DefectKind::NulInHeader, 0, len);
        }
        if core::str::from_utf8(field).is_err() {
            self.defect(DefectKind::EightBitHeader, 0, len);
        }
    }

    /// Reads a field that decides about structure. Of each the first one counts.
    fn known_field(&mut self, known: Known, value: &[u8], len: usize) {
        if let Some(seen) = self.header.seen.get_mut(known as usize)
            && core::mem::replace(seen, true)
        {
            return self.defect(DefectKind::RepeatedField, 0, len);
        }
        match known {
            Known::Type => {
                self.header.span = self.span(0, len);
                self.content_type(ContentType::new(value));
            }
            Known::Encoding => {
                self.header.encoding = Encoding::from_field(value);
                if self.header.encoding == Encoding::Unknown {
                    self.defect(DefectKind::UnknownEncoding, 0, len);
                }
            }
            Known::Disposition | Known::Version | Known::Other => {}
        }
    }

    fn content_type(&mut self, value: ContentType<'_>) {
        self.header.kind = value.part_kind();
        if self.header.kind != PartKind::Multipart {
            return;
        }
        self.header.digest = value.subtype().eq_ignore_ascii_case("digest");
        let start = self.boundaries.len();
        value.append_parameter("boundary", &mut self.boundaries);
        let boundary = after(&self.boundaries, start);
        // RFC 2046 §5.1.1: a boundary does not end in a blank.
        let blanks = boundary.iter().rev().take_while(|it| matches!(it, b' ' | b'\t')).count();
        let len = boundary.len() - blanks;
        self.header.boundary_too_long = len > self.limits.boundary;
        let unusable =
            self.header.boundary_too_long || boundary.iter().any(|it| b"\r\n".contains(it));
        self.boundaries.truncate(if unusable { start } else { start + len });
    }

    fn header_end(&mut self) -> Token {
        let header = core::mem::take(&mut self.header);
        let (kind, defect) = self.kind(&header);
        if let Some(defect) = defect {
            self.report(defect, header.span);
        }
        let digest = kind == PartKind::Multipart && header.digest;
        let end = self.boundaries.len();
        if let Some(level) = self.levels.last_mut() {
            (level.kind, level.digest) = (kind, digest);
            level.open = kind == PartKind::Multipart;
            if level.open {
                self.open += 1;
            } else {
                self.boundaries.truncate(level.boundary);
            }
        }
        if kind == PartKind::Multipart && self.is_repeated(end) {
            self.report(DefectKind::RepeatedBoundary, header.span);
        }
        self.state = match kind {
            PartKind::Message => State::Child,
            PartKind::Leaf | PartKind::Multipart => State::Body(Place::Line),
        };
        Token::HeaderEnd(Head { kind, digest, encoding: header.encoding })
    }

    /// Decides what the part is whose header has ended, and what is wrong with that.
    fn kind(&self, header: &Header) -> (PartKind, Option<DefectKind>) {
        let deep = self.levels.len() >= self.limits.depth;
        let encoded = !header.encoding.is_identity();
        let start = self.levels.last().map_or(0, |level| level.boundary);
        match header.kind {
            PartKind::Leaf => (PartKind::Leaf, None),
            // An encoded message must be decoded before it can be read: it is a leaf here.
            PartKind::Message if encoded => (PartKind::Leaf, None),
            PartKind::Multipart if header.boundary_too_long => {
                (PartKind::Leaf, Some(DefectKind::BoundaryTooLong))
            }
            PartKind::Multipart if self.boundaries.len() == start => {
                (PartKind::Leaf, Some(DefectKind::MissingBoundary))
            }
            _ if deep => (PartKind::Leaf, Some(DefectKind::TooDeep)),
            PartKind::Message if self.parts >= self.limits.parts => {
                (PartKind::Leaf, Some(DefectKind::TooManyParts))
            }
            PartKind::Multipart if encoded => {
                (PartKind::Multipart, Some(DefectKind::EncodedMultipart))
            }
            kind => (kind, None),
        }
    }

    /// Tells whether the innermost boundary is that of a multipart around it too.
    fn is_repeated(&self, end: usize) -> bool {
        let Some((level, outer)) = self.levels.split_last() else { return false };
        let boundary = self.boundaries.get(level.boundary..end).unwrap_or_default();
        self.open > 1 && self.open_boundaries(outer, level.boundary).any(|(_, it)| it == boundary)
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

    fn long_field(&mut self, window: &[u8], eof: bool) -> Option<(Token, usize)> {
        let len = match self.field_end(window, eof) {
            Some(end) => {
                self.state = State::Header;
                end
            }
            // A line end stays in the window until the octet after it is known.
            None => self.scanned,
        };
        match len {
            0 if eof => self.next(window, eof),
            0 => None,
            len => Some((Token::Skipped, len)),
        }
    }

    /// Cuts the body before the next delimiter, which is all that is looked for.
    fn body(&mut self, window: &[u8], eof: bool, place: Place) -> Option<(Token, usize)> {
        if window.is_empty() {
            return eof.then(|| (self.end(), 0));
        }
        if self.open == 0 {
            return self.body_piece(window.len());
        }
        if place == Place::Line {
            match window {
                [b'-'] if !eof => return None,
                [b'-', b'-', rest @ ..] => match self.delimiter(rest, eof) {
                    Delimiter::Undecided => return None,
                    Delimiter::Hit(hit) => return Some(self.cross(&hit, hit.len + 2)),
                    Delimiter::False => return self.false_delimiter(window, eof, 2),
                    Delimiter::Not => {}
                },
                _ => {}
            }
        }
        // Past a false delimiter that begins the window: CR, LF and two hyphens, or less.
        let mut from = if place == Place::False { 2 } else { 0 };
        while let Some(at) = self.find(after(window, from)) {
            let lf = from + at;
            let cr = before(window, lf).ends_with(b"\r");
            let start = if cr { lf - 1 } else { lf };
            match self.delimiter(after(window, lf + 3), eof) {
                Delimiter::Not => from = lf + 1,
                Delimiter::Hit(hit) if start == 0 => {
                    return Some(self.cross(&hit, lf + 3 + hit.len));
                }
                Delimiter::False if start == 0 => return self.false_delimiter(window, eof, lf + 3),
                Delimiter::Undecided | Delimiter::Hit(_) | Delimiter::False => {
                    return self.body_piece(start);
                }
            }
        }
        let held = if eof { 0 } else { held_back(window) };
        self.body_piece(window.len() - held)
    }

    /// Finds LF and two hyphens.
    fn find(&mut self, window: &[u8]) -> Option<usize> {
        // What is encoded has hyphens in delimiters only, and one octet is searched for faster
        // than three; text has many.
        let mut from = 0;
        for _ in 0..16 {
            let hyphen = from + memchr(b'-', after(window, from))?;
            if before(window, hyphen).ends_with(b"\n") && after(window, hyphen).starts_with(b"--") {
                return hyphen.checked_sub(1);
            }
            from = hyphen + 1;
        }
        let finder = self.finder.get_or_insert_with(|| memmem::Finder::new(b"\n--"));
        finder.find(after(window, from)).map(|at| from + at)
    }

    /// Reports what begins like a delimiter line but goes on.
    fn false_delimiter(&mut self, window: &[u8], eof: bool, len: usize) -> Option<(Token, usize)> {
        self.state = State::Body(Place::False);
        self.defect(DefectKind::FalseDelimiter, 0, len);
        match self.queue.pop_front() {
            Some(defect) => Some((defect, 0)),
            // Over the limit of defects. No deeper: past a false delimiter is none at the start.
            None => self.body(window, eof, Place::False),
        }
    }

    fn body_piece(&mut self, len: usize) -> Option<(Token, usize)> {
        let level = self.levels.last()?;
        let token = match (level.kind, level.closed) {
            (PartKind::Multipart, true) => Token::Epilogue,
            (PartKind::Multipart, false) => Token::Preamble,
            _ => Token::Body,
        };
        if len > 0 {
            self.state = State::Body(Place::Middle);
        }
        (len > 0).then_some((token, len))
    }

    /// Goes over a delimiter, ending the parts inside first.
    fn cross(&mut self, hit: &Hit, len: usize) -> (Token, usize) {
        if self.levels.len() > hit.level + 1 {
            return (self.end(), 0);
        }
        if hit.text {
            self.defect(DefectKind::TextAfterDelimiter, 0, len);
        }
        let full = self.parts >= self.limits.parts;
        let Some(open) = self.levels.last_mut() else { return (Token::Delimiter, len) };
        if hit.close {
            (open.open, open.closed) = (false, true);
            self.open -= 1;
            self.boundaries.truncate(open.boundary);
            if open.children == 0 {
                let span = Span { start: open.start, end: self.offset };
                self.report(DefectKind::NoParts, span);
            }
            self.state = State::Body(Place::Middle);
        } else if full {
            self.state = State::Rest;
            self.defect(DefectKind::TooManyParts, 0, len);
        } else {
            self.state = State::Child;
        }
        (Token::Delimiter, len)
    }

    /// Ends the innermost part.
    fn end(&mut self) -> Token {
        let level = self.levels.pop();
        if let Some(level) = &level {
            self.boundaries.truncate(level.boundary);
            self.open -= usize::from(level.open);
        }
        let cut_off = self.state == State::Rest;
        if self.levels.is_empty() {
            self.state = State::Done;
        }
        if let Some(level) = level
            && level.kind == PartKind::Multipart
            && !level.closed
            && !cut_off
        {
            let span = Span { start: level.start, end: self.offset };
            let none = level.children == 0;
            self.report(if none { DefectKind::NoParts } else { DefectKind::MissingClose }, span);
        }
        // Defects come before the end of the part they are about.
        if self.queue.is_empty() {
            return Token::End;
        }
        self.queue.push_back(Token::End);
        self.queue.pop_front().unwrap_or(Token::End)
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

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
use crate::encoding::Encoding;
use crate::{Defect, DefectKind, Limits, PartKind, Span};

/// A piece of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Token {
    /// A part begins: the so-manieth child of the part that is open.
    Begin(u32),
    /// A header field with its line end.
    Field,
    /// Octets that are not part of the structure.
    Skipped,
    /// The blank line, or nothing where it is missing.
    HeaderEnd(PartKind),
    Preamble,
    Body,
    Delimiter,
    Epilogue,
    /// The part that is open ends.
    End,
    Defect(Defect),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Start,
    Header,
    /// Inside a field that is over the limit.
    LongField,
    /// A part must begin.
    Child,
    /// `true`: at the start of a line, where a delimiter needs no line end before it.
    Body(bool),
    /// Over the limit of parts.
    Rest,
    Done,
}

/// A part that is open.
#[derive(Clone, Debug, Default)]
struct Level {
    kind: PartKind,
    start: u64,
    /// Empty unless this is a multipart whose delimiters count.
    boundary: Vec<u8>,
    digest: bool,
    closed: bool,
    children: u32,
    header: Header,
}

/// What a part's header says about its structure.
#[derive(Clone, Debug, Default)]
struct Header {
    seen_type: bool,
    seen_encoding: bool,
    encoding: Encoding,
    kind: PartKind,
    digest: bool,
    boundary: Vec<u8>,
    boundary_too_long: bool,
    span: Span,
}

#[derive(Clone, Debug)]
pub(crate) struct Scanner {
    limits: Limits,
    state: State,
    levels: Vec<Level>,
    queue: VecDeque<Token>,
    /// Offset of the window in the message.
    offset: u64,
    /// Octets of the window that hold no end of the present field.
    scanned: usize,
    parts: usize,
    fields: usize,
    defects: usize,
    once: Vec<DefectKind>,
}

impl Scanner {
    pub(crate) const fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Start,
            levels: Vec::new(),
            queue: VecDeque::new(),
            offset: 0,
            scanned: 0,
            parts: 0,
            fields: 0,
            defects: 0,
            once: Vec::new(),
        }
    }

    /// Names the next token and its length. `None`: show more octets, or with `eof`, the end.
    pub(crate) fn next(&mut self, window: &[u8], eof: bool) -> Option<(Token, usize)> {
        if let Some(token) = self.queue.pop_front() {
            return Some((token, 0));
        }
        let (token, len) = match self.state {
            State::Start | State::Child => Some((self.begin(), 0)),
            State::Header => self.header(window, eof),
            State::LongField => self.long_field(window, eof),
            State::Body(line_start) => self.body(window, eof, line_start),
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
        let parent = self.levels.last_mut();
        let number = parent.map_or(1, |parent| {
            parent.children = parent.children.saturating_add(1);
            parent.children
        });
        let digest = self.levels.last().is_some_and(|parent| parent.digest);
        self.parts += 1;
        let kind = if digest { PartKind::Message } else { PartKind::Leaf };
        let header = Header { kind, span: self.span(0, 0), ..Header::default() };
        self.levels.push(Level { header, start: self.offset, ..Level::default() });
        self.state = State::Header;
        Token::Begin(number)
    }

    fn header(&mut self, window: &[u8], eof: bool) -> Option<(Token, usize)> {
        match window {
            [] | [b'\r'] | [b'-'] if !eof => return None,
            [] => return Some((self.header_end(), 0)),
            [b'\n', ..] => {
                self.once(DefectKind::BareLf, 0, 1);
                return Some((self.header_end(), 1));
            }
            [b'\r', b'\n', ..] => return Some((self.header_end(), 2)),
            [b'-', b'-', rest @ ..] => match self.delimiter(rest, eof) {
                Delimiter::Undecided => return None,
                Delimiter::Hit { .. } => return Some((self.header_end(), 0)),
                Delimiter::Not => {}
            },
            _ => {}
        }
        let limit = self.limits.field_octets.max(1);
        match self.field_end(window, eof) {
            Some(end) if end <= limit => Some((self.field(before(window, end), eof), end)),
            None if window.len() <= limit => None,
            _ => {
                self.state = State::LongField;
                let token = self.field(before(window, limit), false);
                self.defect(DefectKind::FieldTooLong, 0, limit);
                Some((token, limit))
            }
        }
    }

    /// Finds the line end that no blank follows (RFC 5322 §2.2.3).
    fn field_end(&mut self, window: &[u8], eof: bool) -> Option<usize> {
        while let Some(at) = memchr(b'\n', after(window, self.scanned)) {
            let end = self.scanned + at + 1;
            match window.get(end) {
                Some(b' ' | b'\t') => self.scanned = end,
                None if !eof => {
                    self.scanned = end - 1;
                    return None;
                }
                _ => return Some(end),
            }
        }
        self.scanned = window.len();
        eof.then_some(window.len())
    }

    fn field(&mut self, field: &[u8], eof: bool) -> Token {
        let len = field.len();
        self.check_octets(field);
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
        if name.eq_ignore_ascii_case(b"content-type") {
            self.content_type(value, len);
        } else if name.eq_ignore_ascii_case(b"content-transfer-encoding") {
            self.transfer_encoding(value, len);
        }
        Token::Field
    }

    fn check_octets(&mut self, field: &[u8]) {
        let len = field.len();
        let lf = memchr::memchr_iter(b'\n', field);
        if lf.map(|at| at.checked_sub(1)).any(|at| at.and_then(|at| field.get(at)) != Some(&b'\r'))
        {
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

    fn content_type(&mut self, value: &[u8], len: usize) {
        let span = self.span(0, len);
        let longest = self.limits.boundary;
        let Some(level) = self.levels.last_mut() else { return };
        let header = &mut level.header;
        if header.seen_type {
            return self.defect(DefectKind::RepeatedField, 0, len);
        }
        (header.seen_type, header.span) = (true, span);
        let value = ContentType::new(value);
        header.kind = value.part_kind();
        if header.kind == PartKind::Multipart {
            header.digest = value.subtype().eq_ignore_ascii_case("digest");
            let boundary = value.parameter("boundary").unwrap_or_default();
            // RFC 2046 §5.1.1: a boundary does not end in a blank.
            let boundary = boundary.trim_end_matches([' ', '\t']);
            header.boundary_too_long = boundary.len() > longest;
            if !header.boundary_too_long && !boundary.contains(['\r', '\n']) {
                header.boundary = boundary.as_bytes().to_vec();
            }
        }
    }

    fn transfer_encoding(&mut self, value: &[u8], len: usize) {
        let Some(level) = self.levels.last_mut() else { return };
        if level.header.seen_encoding {
            return self.defect(DefectKind::RepeatedField, 0, len);
        }
        level.header.seen_encoding = true;
        level.header.encoding = Encoding::from_field(value);
        if level.header.encoding == Encoding::Unknown {
            self.defect(DefectKind::UnknownEncoding, 0, len);
        }
    }

    fn header_end(&mut self) -> Token {
        let depth = self.levels.len();
        let room = (depth < self.limits.depth, self.parts < self.limits.parts);
        let Some(level) = self.levels.last_mut() else { return Token::HeaderEnd(PartKind::Leaf) };
        let header = core::mem::take(&mut level.header);
        let encoded = !header.encoding.is_identity();
        let (kind, defect) = match header.kind {
            PartKind::Leaf => (PartKind::Leaf, None),
            // An encoded message must be decoded before it can be read: it is a leaf here.
            PartKind::Message if encoded => (PartKind::Leaf, None),
            PartKind::Multipart if header.boundary_too_long => {
                (PartKind::Leaf, Some(DefectKind::BoundaryTooLong))
            }
            PartKind::Multipart if header.boundary.is_empty() => {
                (PartKind::Leaf, Some(DefectKind::MissingBoundary))
            }
            _ if !room.0 => (PartKind::Leaf, Some(DefectKind::TooDeep)),
            PartKind::Message if !room.1 => (PartKind::Leaf, Some(DefectKind::TooManyParts)),
            PartKind::Multipart if encoded => {
                (PartKind::Multipart, Some(DefectKind::EncodedMultipart))
            }
            kind => (kind, None),
        };
        level.kind = kind;
        if kind == PartKind::Multipart {
            (level.boundary, level.digest) = (header.boundary, header.digest);
        }
        self.state = if kind == PartKind::Message { State::Child } else { State::Body(true) };
        if let Some(defect) = defect {
            self.report(defect, header.span);
        }
        Token::HeaderEnd(kind)
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
    fn body(&mut self, window: &[u8], eof: bool, line_start: bool) -> Option<(Token, usize)> {
        if window.is_empty() {
            return eof.then(|| (self.end(), 0));
        }
        if self.levels.iter().all(|level| level.boundary.is_empty()) {
            return self.body_piece(window.len());
        }
        if line_start {
            match window {
                [b'-'] if !eof => return None,
                [b'-', b'-', rest @ ..] => match self.delimiter(rest, eof) {
                    Delimiter::Undecided => return None,
                    Delimiter::Hit { level, close, len } => {
                        return Some(self.cross(level, close, len + 2));
                    }
                    Delimiter::Not => {}
                },
                _ => {}
            }
        }
        let mut from = 0;
        while let Some(at) = memmem::find(after(window, from), b"\n--") {
            let lf = from + at;
            let cr = lf.checked_sub(1).and_then(|at| window.get(at)) == Some(&b'\r');
            let start = if cr { lf - 1 } else { lf };
            match self.delimiter(after(window, lf + 3), eof) {
                Delimiter::Not => from = lf + 1,
                Delimiter::Hit { level, close, len } if start == 0 => {
                    return Some(self.cross(level, close, lf + 3 + len));
                }
                Delimiter::Undecided | Delimiter::Hit { .. } => return self.body_piece(start),
            }
        }
        let held = if eof { 0 } else { held_back(window) };
        self.body_piece(window.len() - held)
    }

    fn body_piece(&mut self, len: usize) -> Option<(Token, usize)> {
        let level = self.levels.last()?;
        let token = match (level.kind, level.closed) {
            (PartKind::Multipart, true) => Token::Epilogue,
            (PartKind::Multipart, false) => Token::Preamble,
            _ => Token::Body,
        };
        if len > 0 {
            self.state = State::Body(false);
        }
        (len > 0).then_some((token, len))
    }

    /// Goes over a delimiter, ending the parts inside first.
    fn cross(&mut self, level: usize, close: bool, len: usize) -> (Token, usize) {
        if self.levels.len() > level + 1 {
            return (self.end(), 0);
        }
        let full = self.parts >= self.limits.parts;
        let Some(open) = self.levels.last_mut() else { return (Token::Delimiter, len) };
        if close {
            open.closed = true;
            open.boundary = Vec::new();
            if open.children == 0 {
                let span = Span { start: open.start, end: self.offset };
                self.report(DefectKind::NoParts, span);
            }
            self.state = State::Body(false);
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
        if let Some(level) = self.levels.pop()
            && level.kind == PartKind::Multipart
            && !level.closed
            && self.state != State::Rest
        {
            let span = Span { start: level.start, end: self.offset };
            let none = level.children == 0;
            self.report(if none { DefectKind::NoParts } else { DefectKind::MissingClose }, span);
        }
        if self.levels.is_empty() {
            self.state = State::Done;
        }
        // Defects come before the end of the part they are about.
        self.queue.push_back(Token::End);
        self.queue.pop_front().unwrap_or(Token::End)
    }

    /// Compares what follows `--` with the boundaries that count, the innermost first.
    fn delimiter(&self, rest: &[u8], eof: bool) -> Delimiter {
        for (level, open) in self.levels.iter().enumerate().rev() {
            if open.boundary.is_empty() {
                continue;
            }
            match match_boundary(rest, &open.boundary, self.limits.padding, eof) {
                Match::Not => {}
                Match::Undecided => return Delimiter::Undecided,
                Match::Hit { close, len } => return Delimiter::Hit { level, close, len },
            }
        }
        Delimiter::Not
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span { start: self.offset + start as u64, end: self.offset + end as u64 }
    }

    fn once(&mut self, kind: DefectKind, start: usize, end: usize) {
        if !self.once.contains(&kind) {
            self.once.push(kind);
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
    Undecided,
    Hit { level: usize, close: bool, len: usize },
}

enum Match {
    Not,
    Undecided,
    Hit { close: bool, len: usize },
}

/// RFC 2046 §5.1.1: `boundary ["--"] transport-padding` and the end of the line. An opening
/// delimiter owns that line end; after a closing one it belongs to the epilogue.
fn match_boundary(rest: &[u8], boundary: &[u8], padding: usize, eof: bool) -> Match {
    let Some(tail) = rest.strip_prefix(boundary) else {
        return if !eof && boundary.starts_with(rest) { Match::Undecided } else { Match::Not };
    };
    if tail == b"-" && !eof {
        return Match::Undecided;
    }
    let (close, tail) = match tail {
        [b'-', b'-', tail @ ..] => (true, tail),
        tail => (false, tail),
    };
    let blanks =
        tail.iter().take(padding).take_while(|octet| matches!(octet, b' ' | b'\t')).count();
    let line_end = match after(tail, blanks) {
        [] | [b'\r'] if !eof => return Match::Undecided,
        [] => 0,
        [b'\r'] => 1,
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => return Match::Not,
    };
    let len = boundary.len() + blanks + if close { 2 } else { line_end };
    Match::Hit { close, len }
}

/// Counts the octets at the end of a window that may begin a delimiter.
fn held_back(window: &[u8]) -> usize {
    [&b"\r\n-"[..], b"\n-", b"\r\n", b"\n", b"\r"]
        .into_iter()
        .find(|start| window.ends_with(start))
        .map_or(0, <[u8]>::len)
}

/// Splits a field into its name and what follows the colon (RFC 5322 §2.2; blanks before the
/// colon as §4.5 tolerates them).
pub(crate) fn split_field(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let len = field.iter().position(|octet| !matches!(octet, 33..=57 | 59..=126))?;
    let (name, rest) = field.split_at_checked(len)?;
    let rest = rest.trim_ascii_start();
    let [b':', value @ ..] = rest else { return None };
    let blanks = field.len() - name.len() - rest.len();
    let plain = field.iter().skip(len).take(blanks).all(|octet| matches!(octet, b' ' | b'\t'));
    (len > 0 && plain).then_some((name, value))
}

pub(crate) fn after(window: &[u8], at: usize) -> &[u8] {
    window.get(at..).unwrap_or_default()
}

fn before(window: &[u8], at: usize) -> &[u8] {
    window.get(..at).unwrap_or_default()
}

//! Headers: their fields, and what they say about structure.
use memchr::memchr;

use super::{Delimiter, Head, Header, Name, Place, Scanner, State, Token, after, before};
use crate::content_type::ContentType;
use crate::encoding::Encoding;
use crate::header::{Known, PLAIN_CHUNK, is_plain, is_postmark, split_field};
use crate::limits::FieldLimits;
use crate::{DefectKind, PartKind};

impl Scanner {
    pub(super) fn header(&mut self, window: &[u8], eof: bool) -> Option<(Token, usize)> {
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
        const STRETCH: usize = 2 * PLAIN_CHUNK;
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
                self.content_type(ContentType::within(value, FieldLimits::from(&self.limits)));
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

    pub(super) fn header_end(&mut self) -> Token {
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

    pub(super) fn long_field(&mut self, window: &[u8], eof: bool) -> Option<(Token, usize)> {
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
}

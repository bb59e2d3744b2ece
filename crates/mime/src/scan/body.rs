//! Bodies: what lies between delimiters, and where parts end.
use memchr::{memchr, memmem};

use super::{Delimiter, Hit, Place, Scanner, State, Token, after, before};
use crate::delimiter::held_back;
use crate::{DefectKind, PartKind, Span};

impl Scanner {
    /// Cuts the body before the next delimiter, which is all that is looked for.
    pub(super) fn body(
        &mut self,
        window: &[u8],
        eof: bool,
        place: Place,
    ) -> Option<(Token, usize)> {
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
    pub(super) fn end(&mut self) -> Token {
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
}

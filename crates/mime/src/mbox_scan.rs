//! The one machine that reads mailbox files, over a window of octets as [`crate::scan`] does.
use memchr::memchr;

use crate::MboxDialect;

/// A piece of a mailbox file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MboxToken {
    /// A `From ` line: a message begins.
    From,
    Body,
    /// Octets that are the file's and of no message.
    Skipped,
    /// The message ends.
    End,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Before the first message, or `true`, at the start of a line there.
    Outside(bool),
    /// In the line that begins a message.
    From,
    /// At the start of a line; the line before was empty, or none.
    Line { after_blank: bool },
    /// Inside a line.
    Rest,
    /// Inside a body whose length is known.
    Counted(u64),
}

#[derive(Clone, Debug)]
pub(crate) struct MboxScanner {
    dialect: MboxDialect,
    limit: usize,
    state: State,
    open: bool,
    header: bool,
    /// What `Content-Length` says.
    length: Option<u64>,
}

type Found = Option<(MboxToken, usize)>;

const FROM: &[u8] = b"From ";

impl MboxScanner {
    pub(crate) const fn new(dialect: MboxDialect, limit: usize) -> Self {
        let state = State::Outside(true);
        Self { dialect, limit, state, open: false, header: false, length: None }
    }

    /// Names the next token and its length. `None`: show more octets, or with `eof`, the end.
    pub(crate) fn next(&mut self, window: &[u8], eof: bool) -> Found {
        if window.is_empty() {
            return (eof && core::mem::take(&mut self.open)).then_some((MboxToken::End, 0));
        }
        match self.state {
            State::Outside(start) => self.outside(window, eof, start),
            State::From => self.from(window, eof),
            State::Line { after_blank } => self.line(window, eof, after_blank),
            State::Rest => Some(self.body(window, 0)),
            State::Counted(left) => {
                let len = usize::try_from(left).unwrap_or(usize::MAX).min(window.len());
                let left = left - len as u64;
                self.state = match left {
                    0 => State::Line { after_blank: true },
                    left => State::Counted(left),
                };
                Some((MboxToken::Body, len))
            }
        }
    }

    fn outside(&mut self, window: &[u8], eof: bool, start: bool) -> Found {
        if start {
            match begins(window, FROM, eof)? {
                true => return self.from(window, eof),
                false => self.state = State::Outside(false),
            }
        }
        match memchr(b'\n', window) {
            Some(at) => {
                self.state = State::Outside(true);
                Some((MboxToken::Skipped, at + 1))
            }
            None => Some((MboxToken::Skipped, window.len())),
        }
    }

    /// Takes a whole `From ` line; one over the limit is cut, and its rest skipped.
    fn from(&mut self, window: &[u8], eof: bool) -> Found {
        if !self.open {
            let (len, complete) = match memchr(b'\n', window) {
                Some(at) if at < self.limit.max(FROM.len()) => (at + 1, true),
                None if window.len() <= self.limit.max(FROM.len()) && !eof => return None,
                _ => (window.len().min(self.limit.max(FROM.len())), false),
            };
            self.state = if complete { State::Line { after_blank: false } } else { State::From };
            (self.open, self.header, self.length) = (true, true, None);
            return Some((MboxToken::From, len));
        }
        match memchr(b'\n', window) {
            Some(at) => {
                self.state = State::Line { after_blank: false };
                Some((MboxToken::Skipped, at + 1))
            }
            None => Some((MboxToken::Skipped, window.len())),
        }
    }

    fn line(&mut self, window: &[u8], eof: bool, after_blank: bool) -> Found {
        if after_blank && begins(window, FROM, eof)? {
            return self.end();
        }
        let blank = match window {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            [b'\r'] if !eof => return None,
            _ => 0,
        };
        if blank > 0 {
            return self.blank(window, eof, blank);
        }
        if self.header {
            return self.header_line(window, eof);
        }
        match self.marks(window, eof)? {
            true => {
                self.state = State::Rest;
                Some((MboxToken::Skipped, 1))
            }
            false => Some(self.body(window, 1)),
        }
    }

    fn end(&mut self) -> Found {
        (self.open, self.state) = (false, State::From);
        Some((MboxToken::End, 0))
    }

    /// Takes an empty line: a message's, unless the next message or nothing follows.
    fn blank(&mut self, window: &[u8], eof: bool, len: usize) -> Found {
        let after_header = core::mem::take(&mut self.header);
        if after_header && let Some(length) = self.length {
            self.state = match length {
                0 => State::Line { after_blank: true },
                length => State::Counted(length),
            };
            return Some((MboxToken::Body, len));
        }
        let rest = window.get(len..).unwrap_or_default();
        let last = if rest.is_empty() && eof { Some(true) } else { begins(rest, FROM, eof) };
        let Some(last) = last else {
            self.header = after_header;
            return None;
        };
        self.state = State::Line { after_blank: true };
        Some((if last && !after_header { MboxToken::Skipped } else { MboxToken::Body }, len))
    }

    /// Takes a line of a header, and looks for `Content-Length` where it counts.
    fn header_line(&mut self, window: &[u8], eof: bool) -> Found {
        let counts = matches!(self.dialect, MboxDialect::Cl | MboxDialect::Cl2);
        const NAME: &[u8] = b"content-length:";
        if !counts || self.length.is_some() || !begins(window, NAME, eof)? {
            let end = memchr(b'\n', window);
            self.state = match end {
                Some(_) => State::Line { after_blank: false },
                None => State::Rest,
            };
            return Some((MboxToken::Body, end.map_or(window.len(), |at| at + 1)));
        }
        let (len, complete) = match memchr(b'\n', window) {
            Some(at) if at < self.limit => (at + 1, true),
            None if window.len() <= self.limit && !eof => return None,
            _ => (window.len().min(self.limit.max(1)), false),
        };
        if complete {
            let value = window.get(NAME.len()..len).unwrap_or_default().trim_ascii();
            self.length = core::str::from_utf8(value).ok().and_then(|it| it.parse().ok());
        }
        self.state = if complete { State::Line { after_blank: false } } else { State::Rest };
        Some((MboxToken::Body, len))
    }

    /// Tells whether the line was marked with a `>` that its writer put there.
    fn marks(&self, window: &[u8], eof: bool) -> Option<bool> {
        let most = match self.dialect {
            MboxDialect::Cl2 => return Some(false),
            MboxDialect::O | MboxDialect::Cl => 1,
            MboxDialect::Rd => self.limit,
        };
        let marks = window.iter().take(most).take_while(|octet| **octet == b'>').count();
        if marks == 0 {
            return Some(false);
        }
        let rest = window.get(marks..).unwrap_or_default();
        if rest.is_empty() && marks < most && !eof {
            return None;
        }
        begins(rest, FROM, eof)
    }

    /// Takes octets up to the next line that must be looked at, which is not before `from`.
    fn body(&mut self, window: &[u8], from: usize) -> (MboxToken, usize) {
        let mut at = from;
        while let Some(end) = window.get(at..).and_then(|rest| memchr(b'\n', rest)) {
            at += end + 1;
            // In a header every line is looked at.
            if self.header || matches!(window.get(at), None | Some(b'\n' | b'\r' | b'>')) {
                self.state = State::Line { after_blank: false };
                return (MboxToken::Body, at);
            }
        }
        self.state = State::Rest;
        (MboxToken::Body, window.len())
    }
}

/// Tells whether the window begins so, in any case of letters but for `From `, which has one.
fn begins(window: &[u8], start: &[u8], eof: bool) -> Option<bool> {
    let exact = start == FROM;
    let same = |(one, two): (&u8, &u8)| one == two || !exact && one.eq_ignore_ascii_case(two);
    let len = window.len().min(start.len());
    if !window.iter().zip(start).all(same) {
        return Some(false);
    }
    if len == start.len() {
        Some(true)
    } else if eof {
        Some(false)
    } else {
        None
    }
}

//! Messages in one file (RFC 4155 and the three dialects beside its own).
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::mbox_scan::{MboxScanner, MboxToken};
use crate::unfold::clean;
use crate::{AddrSpec, DateTime, Limits, Span};

/// How a mailbox file keeps lines of messages apart from the `From ` lines between messages.
/// Closed: there are four.
///
/// A file does not say which it is. `Rd` reads files of `O` as their writers meant, but for lines
/// that had several marks; `Cl2` must be known.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum MboxDialect {
    /// mboxo: `From ` at the start of a line gets a `>`, and `>From ` does not.
    O,
    /// mboxrd: both do, so that nothing is lost. The default.
    #[default]
    Rd,
    /// mboxcl: as mboxo, and `Content-Length` says where a message ends.
    Cl,
    /// mboxcl2: `Content-Length` alone says where a message ends.
    Cl2,
}

/// The messages of a mailbox file in memory.
///
/// What precedes the first `From ` line is gone over. The empty line before each `From ` line, and
/// at the end, belongs to the file and not to a message.
///
/// ```
/// use mime::{Mbox, MboxDialect};
///
/// let file = b"From alice@crepes.fr Sat Nov 22 08:26:40 2025\nSubject: Hi\n\n>From here on\n\n\
///              From bob@hamburger.edu Sat Nov 22 08:26:41 2025\n\nHello\n";
/// let messages: Vec<_> = Mbox::new(file, MboxDialect::Rd).collect();
/// assert_eq!(messages[0].octets(), b"Subject: Hi\n\nFrom here on\n");
/// assert_eq!(messages[1].octets(), b"\nHello\n");
/// assert_eq!(messages[1].from().sender().unwrap().to_string(), "bob@hamburger.edu");
/// ```
#[derive(Clone, Debug)]
pub struct Mbox<'a> {
    scanner: MboxScanner,
    octets: &'a [u8],
    at: usize,
}

/// A message of a [`Mbox`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MboxMessage<'a> {
    from: MboxFrom<'a>,
    octets: Cow<'a, [u8]>,
    span: Span,
}

/// The line before a message: from whom and when it came, for the mail program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MboxFrom<'a> {
    line: &'a [u8],
}

impl<'a> Mbox<'a> {
    /// Reads a file under the default [`Limits`].
    #[must_use]
    pub fn new(octets: &'a [u8], dialect: MboxDialect) -> Self {
        Self::with_limits(octets, dialect, &Limits::default())
    }

    /// Reads a file.
    #[must_use]
    pub const fn with_limits(octets: &'a [u8], dialect: MboxDialect, limits: &Limits) -> Self {
        Self { scanner: MboxScanner::new(dialect, limits.from_line), octets, at: 0 }
    }
}

impl<'a> Iterator for Mbox<'a> {
    type Item = MboxMessage<'a>;
    fn next(&mut self) -> Option<MboxMessage<'a>> {
        let mut open: Option<MboxMessage<'a>> = None;
        loop {
            let window = self.octets.get(self.at..).unwrap_or_default();
            let Some((token, len)) = self.scanner.next(window, true) else { return open };
            let piece = window.get(..len).unwrap_or_default();
            let start = self.at as u64;
            self.at += len;
            match token {
                MboxToken::From => {
                    let from = MboxFrom { line: piece };
                    let span = Span { start, end: start + len as u64 };
                    open = Some(MboxMessage { from, octets: Cow::Borrowed(&[]), span });
                }
                MboxToken::Body => open.iter_mut().for_each(|it| it.add(piece, self.octets, start)),
                MboxToken::Skipped => {}
                MboxToken::End => return open,
            }
        }
    }
}

impl<'a> MboxMessage<'a> {
    /// Returns the line before it.
    #[must_use]
    pub const fn from(&self) -> MboxFrom<'a> {
        self.from
    }

    /// Returns the message, its marks removed; borrowed from the file where there are none.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Returns the message as [`octets`](Self::octets), to be kept.
    #[must_use]
    pub fn into_octets(self) -> Cow<'a, [u8]> {
        self.octets
    }

    /// Returns where it lies in the file, from its `From ` line on.
    #[must_use]
    pub const fn span(&self) -> Span {
        self.span
    }

    fn add(&mut self, piece: &'a [u8], file: &'a [u8], start: u64) {
        let end = start + piece.len() as u64;
        match &mut self.octets {
            octets if octets.is_empty() => *octets = Cow::Borrowed(piece),
            // Two pieces of the file side by side are one.
            Cow::Borrowed(octets) if self.span.end == start => {
                let whole = Span { start: start - octets.len() as u64, end };
                *octets = whole.of(file);
            }
            octets => octets.to_mut().extend_from_slice(piece),
        }
        self.span.end = end;
    }
}

impl<'a> MboxFrom<'a> {
    /// Reads a `From ` line, as [`MboxEvent::Begin`](crate::MboxEvent::Begin) has it.
    #[must_use]
    pub const fn new(line: &'a [u8]) -> Self {
        Self { line }
    }

    /// Returns the whole line, line end included.
    #[must_use]
    pub const fn line(&self) -> &'a [u8] {
        self.line
    }

    /// Returns where bounces go, if that is an address: `MAILER-DAEMON` is none.
    #[must_use]
    pub fn sender(&self) -> Option<AddrSpec> {
        let text = self.text();
        text.split_whitespace().next()?.parse().ok()
    }

    /// Returns when it arrived, as C's `asctime` writes it; UTC where it has no zone (RFC 4155).
    #[must_use]
    pub fn date(&self) -> Option<DateTime> {
        let text = self.text();
        let words: Vec<_> = text.split_whitespace().take(64).collect();
        // `Sat Nov 22 08:26:40 [zone] 2025 [zone]`, after a sender that may have blanks in it.
        let clock = words.iter().position(|it| it.contains(':') && !it.contains('@'))?;
        let day = words.get(clock.checked_sub(1)?)?;
        let month = words.get(clock.checked_sub(2)?)?;
        let time = words.get(clock)?;
        let after = words.get(clock + 1..)?;
        let is_year = |it: &&&str| it.len() == 4 && it.bytes().all(|it| it.is_ascii_digit());
        let year = after.iter().find(is_year)?;
        let zone = after.iter().find(|it| !is_year(it)).unwrap_or(&"");
        alloc::format!("{day} {month} {year} {time} {zone}").parse().ok()
    }

    fn text(&self) -> String {
        clean(self.line.strip_prefix(b"From ").unwrap_or(self.line))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn from_lines_of_many_writers_are_read() {
        for (line, sender, seconds) in [
            ("From a@b Sat Nov 22 08:26:40 2025\n", Some("a@b"), Some(1_763_800_000)),
            ("From a@b Sat Nov 22 08:26:40 2025 +0100\r\n", Some("a@b"), Some(1_763_796_400)),
            ("From a@b  Sat Nov  1 08:26:40 PST 2025", Some("a@b"), Some(1_762_014_400)),
            ("From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n", None, Some(0)),
            ("From a@b Sat Nov 22 08:26 2025\n", Some("a@b"), Some(1_763_799_960)),
            ("From a@b\n", Some("a@b"), None),
            ("From \n", None, None),
        ] {
            let from = MboxFrom::new(line.as_bytes());
            let found = from.sender().map(|it| it.to_string());
            let date = from.date().map(|it| it.unix_seconds());
            assert_eq!((found.as_deref(), date), (sender, seconds), "{line}");
        }
    }
}

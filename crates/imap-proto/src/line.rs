//! A command or a response, whole: text with its literals attached.
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::{
    ParseError, ParseErrorKind,
    frame::{self, Literal},
};

/// A logical line: text, and where a literal stood, the literal.
///
/// What is parsed shares these buffers: nothing is copied, and a word of a line keeps the whole
/// line alive.
///
/// ```
/// use imap_proto::Line;
///
/// let line = Line::parse("A1 LOGIN {3}\r\nbob hungry\r\n".into())?;
/// assert_eq!(line.text(), "A1 LOGIN ");
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Line {
    text: Bytes,
    holes: Vec<Hole>,
}

/// A literal, and the text after it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Hole {
    pub(crate) literal: Literal,
    /// `None` for a literal that went by as a stream.
    pub(crate) octets: Option<Bytes>,
    pub(crate) text: Bytes,
}

impl Line {
    /// Starts with the text before the first literal.
    #[must_use]
    pub const fn new(text: Bytes) -> Self {
        Self { text, holes: Vec::new() }
    }

    /// Takes a line apart that is here whole, with its CRLF and its literals' octets.
    ///
    /// # Errors
    /// It does not end where its CRLF is.
    pub fn parse(octets: Bytes) -> Result<Self, ParseError> {
        let mut line = Self::default();
        let (mut rest, mut literal) = (octets.clone(), None);
        loop {
            let error = |kind| ParseError::new(kind, octets.len() - rest.len());
            let end = memchr::memmem::find(&rest, b"\r\n")
                .ok_or_else(|| error(ParseErrorKind::Expected('\r')))?;
            let text = rest.split_to(end + 2).slice(..end);
            let announced = frame::announced(&text);
            let text = announced.map_or(text.clone(), |(end, _)| text.slice(..end));
            match literal.take() {
                None => line.text = text,
                Some((literal, octets)) => line.add(literal, Some(octets), text),
            }
            let error = |kind| ParseError::new(kind, octets.len() - rest.len());
            let Some((_, announced)) = announced else {
                return if rest.is_empty() {
                    Ok(line)
                } else {
                    Err(error(ParseErrorKind::Trailing))
                };
            };
            let size = usize::try_from(announced.size).ok().filter(|size| *size <= rest.len());
            let size = size.ok_or_else(|| error(ParseErrorKind::Literal))?;
            literal = Some((announced, rest.split_to(size)));
        }
    }

    /// Adds a literal and the text that followed it; without octets, the literal went by as a
    /// stream.
    pub fn add(&mut self, literal: Literal, octets: Option<Bytes>, text: Bytes) {
        self.holes.push(Hole { literal, octets, text });
    }

    /// Returns the text before the first literal.
    #[must_use]
    pub const fn text(&self) -> &Bytes {
        &self.text
    }

    /// Returns how many literals there are.
    pub(crate) fn literals(&self) -> usize {
        self.holes.len()
    }

    /// Returns how many octets there are, as offsets count them: without announcements.
    pub(crate) fn len(&self) -> usize {
        let octets = |hole: &Hole| hole.octets.as_ref().map_or(0, Bytes::len) + hole.text.len();
        self.text.len() + self.holes.iter().map(octets).sum::<usize>()
    }

    pub(crate) fn holes(&self) -> &[Hole] {
        &self.holes
    }
}

/// Collects the octets of a literal that is to be attached: shared if they came at once, copied
/// together if not.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    first: Bytes,
    more: BytesMut,
}

impl Collected {
    pub(crate) fn push(&mut self, octets: Bytes) {
        if self.first.is_empty() && self.more.is_empty() {
            self.first = octets;
            return;
        }
        if self.more.is_empty() {
            self.more.extend_from_slice(&core::mem::take(&mut self.first));
        }
        self.more.extend_from_slice(&octets);
    }

    pub(crate) fn take(&mut self) -> Bytes {
        if self.more.is_empty() {
            core::mem::take(&mut self.first)
        } else {
            self.more.split().freeze()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_apart_at_its_literals() {
        let line = Line::parse("a {2}\r\nb\n ~{1+}\r\nc d\r\n".into()).unwrap();
        assert_eq!(line.text(), "a ");
        let [one, two] = line.holes() else { panic!("two literals") };
        assert_eq!((one.octets.as_deref(), &one.text[..]), (Some(&b"b\n"[..]), &b" "[..]));
        assert_eq!((two.octets.as_deref(), &two.text[..]), (Some(&b"c"[..]), &b" d"[..]));
        assert!(two.literal.binary && !two.literal.synchronizing);
    }

    #[test]
    fn a_line_that_is_not_whole_is_none() {
        use ParseErrorKind as Kind;
        for (octets, kind, offset) in [
            ("a", Kind::Expected('\r'), 0),
            ("a {2}\r\nb", Kind::Literal, 7),
            ("a {1}\r\nb", Kind::Expected('\r'), 8),
            ("a\r\nb\r\n", Kind::Trailing, 3),
        ] {
            assert_eq!(Line::parse(octets.into()), Err(ParseError::new(kind, offset)), "{octets}");
        }
    }

    #[test]
    fn collected_octets_are_shared_if_they_came_at_once() {
        let mut collected = Collected::default();
        let octets = Bytes::from_static(b"abc");
        collected.push(octets.clone());
        assert_eq!(collected.take().as_ptr(), octets.as_ptr());
        for piece in ["a", "b", "c"] {
            collected.push(piece.into());
        }
        assert_eq!(collected.take(), "abc");
        assert_eq!(collected.take(), "");
    }
}

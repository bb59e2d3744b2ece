//! Where an entry ends: at the first new line outside of parentheses.
use crate::error::{ParseError, ParseErrorKind};

/// How far an entry has been looked at.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame {
    /// Octets of the entry that have been looked at: whole lines of it.
    at: usize,
    /// Where in the lines so far nothing new needs to be searched for a line's end.
    searched: usize,
    depth: usize,
    /// Lines the entry has had.
    pub(super) lines: u64,
}

impl Frame {
    /// Looks for the end in `text`, which begins where the entry does and only grows between
    /// calls. The entry's length includes the new line, if there is one.
    pub(super) fn find(&mut self, text: &[u8], ended: bool) -> Result<Option<usize>, ParseError> {
        loop {
            let from = self.at.max(self.searched);
            let unseen = text.get(from..).unwrap_or_default();
            let end = match memchr::memchr(b'\n', unseen) {
                Some(length) => from + length + 1,
                None if ended && text.len() > self.at => text.len(),
                None if ended && self.depth > 0 => {
                    return Err(error("a closing parenthesis", text.len()));
                }
                None => {
                    self.searched = text.len();
                    return Ok(None);
                }
            };
            let line = text.get(self.at..end).unwrap_or_default();
            if self.depth > 0 || memchr::memchr3(b'(', b')', b'"', line).is_some() {
                self.depth = depth(line, self.depth)
                    .map_err(|(expected, offset)| error(expected, self.at + offset))?;
            }
            (self.at, self.lines) = (end, self.lines + 1);
            if self.depth == 0 {
                return Ok(Some(end));
            }
        }
    }
}

fn error(expected: &'static str, at: usize) -> ParseError {
    ParseError::new(ParseErrorKind::Expected(expected), at)
}

/// Counts parentheses of a line, but not those in quotes and comments.
fn depth(line: &[u8], mut depth: usize) -> Result<usize, (&'static str, usize)> {
    let mut octets = line.iter().enumerate();
    let mut quote = None;
    while let Some((at, octet)) = octets.next() {
        match (octet, quote) {
            (b'\\', _) => drop(octets.next()),
            (b'"', None) => quote = Some(at),
            (b'"', Some(_)) => quote = None,
            (_, Some(_)) => {}
            (b';', None) => break,
            (b'(', None) => depth += 1,
            (b')', None) => {
                depth = depth.checked_sub(1).ok_or(("an opening parenthesis before", at))?;
            }
            _ => {}
        }
    }
    quote.map_or(Ok(depth), |at| Err(("a closing quote on the same line", at)))
}

//! Where an entry ends: at the first new line outside of parentheses.
use crate::error::{ParseError, ParseErrorKind};
use crate::text::closing_quote;

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
    let mut at = 0;
    while let Some(octet) = line.get(at) {
        match octet {
            b'\\' => at += 1,
            b'"' => {
                let quoted = line.get(at + 1..).unwrap_or_default();
                let end = closing_quote(quoted);
                if end == quoted.len() {
                    return Err(("a closing quote on the same line", at));
                }
                at += end + 1;
            }
            b';' => break,
            b'(' => depth += 1,
            b')' => {
                depth = depth.checked_sub(1).ok_or(("an opening parenthesis before", at))?;
            }
            _ => {}
        }
        at += 1;
    }
    Ok(depth)
}

//! What a script wants to be written next.
use alloc::vec::Vec;

/// One line as it goes over the wire, with its CRLF.
pub(super) type Line = Vec<u8>;

/// What a script wants the session to write next.
#[derive(Debug)]
pub struct Expected<'a> {
    lines: &'a [Line],
}

impl<'a> Expected<'a> {
    /// Skips what is written: whole lines of `wire` octets in all.
    pub(super) fn after(lines: &'a [Line], wire: usize) -> Self {
        let mut end = 0;
        let written = lines.iter().take_while(|line| {
            end += line.len();
            end <= wire
        });
        let written = written.count();
        Self { lines: lines.get(written..).unwrap_or_default() }
    }

    /// Looks at the next line, without its CRLF.
    #[must_use]
    pub fn peek(&self) -> Option<&'a [u8]> {
        self.lines.first().map(|line| line.strip_suffix(b"\r\n").unwrap_or(line))
    }
}

/// The lines in order, without their CRLF.
impl<'a> Iterator for Expected<'a> {
    type Item = &'a [u8];
    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.peek()?;
        self.lines = self.lines.get(1..).unwrap_or_default();
        Some(line)
    }
}

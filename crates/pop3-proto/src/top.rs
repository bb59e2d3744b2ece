//! How much of a message TOP shows.
use memchr::memchr_iter;

/// Counts lines: the header, the blank line after it, and so many lines of the body
/// (RFC 1939 §7).
#[derive(Clone, Debug)]
pub(crate) struct Top {
    in_header: bool,
    /// The current line holds nothing but, perhaps, a CR.
    blank: bool,
    lines: u64,
    done: bool,
}

impl Top {
    pub(crate) const fn new(lines: u64) -> Self {
        Self { in_header: true, blank: true, lines, done: false }
    }

    /// Returns how much of the next piece of the message is shown.
    pub(crate) fn take<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.done {
            return &[];
        }
        let mut from = 0;
        for end in memchr_iter(b'\n', piece) {
            let line = piece.get(from..end).unwrap_or_default();
            from = end + 1;
            let blank = core::mem::replace(&mut self.blank, true) && is_blank(line);
            if self.in_header {
                self.in_header = !blank;
            } else {
                self.lines -= 1;
            }
            if !self.in_header && self.lines == 0 {
                self.done = true;
                return piece.get(..from).unwrap_or_default();
            }
        }
        self.blank &= is_blank(piece.get(from..).unwrap_or_default());
        piece
    }

    /// Whether everything that is shown has been taken.
    pub(crate) const fn is_done(&self) -> bool {
        self.done
    }
}

fn is_blank(line: &[u8]) -> bool {
    matches!(line, [] | [b'\r'])
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn top_counts_the_lines_of_the_body() {
        let message = b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\nfour";
        let table: [(u64, &[u8]); 6] = [
            (0, b"A: 1\r\nB: 2\r\n\r\n"),
            (1, b"A: 1\r\nB: 2\r\n\r\none\r\n"),
            (2, b"A: 1\r\nB: 2\r\n\r\none\r\n\r\n"),
            (3, b"A: 1\r\nB: 2\r\n\r\none\r\n\r\nthree\r\n"),
            (4, message),
            (u64::MAX, message),
        ];
        for (lines, shown) in table {
            for size in 1..message.len() {
                let mut top = Top::new(lines);
                let taken: Vec<_> =
                    message.chunks(size).flat_map(|chunk| top.take(chunk)).copied().collect();
                assert_eq!(taken, shown, "{lines} lines, {size} octets at a time");
                assert_eq!(top.is_done(), lines < 4);
            }
        }
    }

    #[test]
    fn a_message_without_a_header_or_without_a_body_is_shown_too() {
        assert_eq!(Top::new(1).take(b"\none\ntwo\n"), b"\none\n");
        assert_eq!(Top::new(0).take(b"A: 1\n"), b"A: 1\n");
    }
}

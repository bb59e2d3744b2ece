//! Delimiter lines between the parts of a multipart (RFC 2046 §5.1.1).
use crate::scan::after;

/// What stands where a delimiter may.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Match {
    Not,
    /// More octets would tell.
    Undecided,
    Hit {
        close: bool,
        len: usize,
        /// Something but blanks follows on the line.
        text: bool,
    },
}

/// Compares what follows `--` with `boundary ["--"] transport-padding` and the end of the line. An
/// opening delimiter owns that line end; after a closing one it belongs to the epilogue.
pub(crate) fn match_boundary(rest: &[u8], boundary: &[u8], padding: usize, eof: bool) -> Match {
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
    // "It is sufficient that the boundary appear in its entirety following the CRLF", says RFC 2046;
    // but boundaries that go on where another one ends are seen. A blank tells them apart.
    let line = tail.get(..padding).unwrap_or(tail);
    let text = match after(tail, blanks) {
        [] | [b'\r'] | [b'\n', ..] | [b'\r', b'\n', ..] => false,
        _ => blanks > 0,
    };
    let skipped = match (text, memchr::memchr(b'\n', line)) {
        (false, _) => blanks,
        (true, Some(end)) => {
            line.get(..end).map_or(0, |line| line.strip_suffix(b"\r").unwrap_or(line).len())
        }
        (true, None) if tail.len() >= padding => return Match::Not,
        (true, None) if !eof => return Match::Undecided,
        (true, None) => tail.len(),
    };
    let line_end = match after(tail, skipped) {
        [] | [b'\r'] if !eof => return Match::Undecided,
        [] => 0,
        [b'\r'] => 1,
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => return Match::Not,
    };
    let len = boundary.len() + skipped + if close { 2 } else { line_end };
    Match::Hit { close, len, text }
}

/// Tells whether a boundary begins a line that is no delimiter: something else follows it. Asked
/// only where [`match_boundary`] said that it is none.
pub(crate) fn is_prefix(rest: &[u8], boundary: &[u8]) -> bool {
    rest.starts_with(boundary)
}

/// Counts the octets at the end of a window that may begin a delimiter.
pub(crate) fn held_back(window: &[u8]) -> usize {
    match window {
        [.., b'\r', b'\n', b'-'] => 3,
        [.., b'\n', b'-'] | [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => 0,
    }
}

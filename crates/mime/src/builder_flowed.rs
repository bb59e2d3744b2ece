//! Writing `format=flowed` (RFC 3676 §4).
use bytes::{BufMut, Bytes, BytesMut};

/// RFC 3676 §4.2: lines of 66 characters or less are recommended, 78 the most.
const LINE: usize = 72;

/// Breaks each line of a text into lines that a reader can join again: all but its last end in a
/// blank. Lines that begin with `>` are quoted; all lines of one have its marks.
pub(crate) fn flow(text: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(text.len() + text.len() / 16);
    let text = core::str::from_utf8(text).unwrap_or_default();
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    let mut rest = Some(text);
    while let Some(text) = rest {
        let (line, tail) = match text.split_once(['\r', '\n']) {
            Some((line, tail))
                if text.get(line.len()..).is_some_and(|it| it.starts_with("\r\n")) =>
            {
                (line, tail.strip_prefix('\n'))
            }
            Some((line, tail)) => (line, Some(tail)),
            None => (text, None),
        };
        paragraph(line, &mut out);
        rest = tail;
    }
    out.freeze()
}

fn paragraph(line: &str, out: &mut BytesMut) {
    let words = line.trim_start_matches('>');
    let (marks, words) = line.split_at_checked(line.len() - words.len()).unwrap_or(("", line));
    // The blank that people write after the marks is the stuffing of RFC 3676 §4.4.
    let words = if marks.is_empty() { words } else { words.strip_prefix(' ').unwrap_or(words) };
    // RFC 3676 §4.3: the line before a signature has a blank at its end that means nothing.
    let signature = words == "-- ";
    let words = if signature { words } else { words.trim_end_matches(' ') };
    let mut rest = words;
    while let Some((piece, tail)) =
        split(rest, LINE.saturating_sub(marks.len() + 1)).filter(|_| !signature)
    {
        put(marks, piece, out);
        rest = tail;
    }
    put(marks, rest, out);
}

/// Cuts a line after the last blanks that fit, or the first if none do; `None` if it fits whole
/// or has no place to cut.
fn split(text: &str, room: usize) -> Option<(&str, &str)> {
    // A line of blanks only would be a paragraph of its own.
    let indent = text.len() - text.trim_start_matches(' ').len();
    let mut place = None;
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count >= room && place.is_some() {
            return place.and_then(|place| text.split_at_checked(place));
        }
        let blank_after = text.get(at + 1..).is_some_and(|it| it.starts_with(' '));
        if c == ' ' && at > indent && !blank_after {
            place = Some(at + 1);
        }
    }
    let long = text.chars().nth(room).is_some();
    place.filter(|_| long).and_then(|place| text.split_at_checked(place))
}

/// Writes a line, stuffed where its start would mean something (RFC 3676 §4.4).
fn put(marks: &str, line: &str, out: &mut BytesMut) {
    out.put_slice(marks.as_bytes());
    let stuffed = !marks.is_empty() && !line.is_empty()
        || line.starts_with([' ', '>'])
        || line.starts_with("From ");
    if stuffed {
        out.put_u8(b' ');
    }
    out.put_slice(line.as_bytes());
    out.put_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    fn flowed(text: &str) -> String {
        String::from_utf8(flow(text.as_bytes()).to_vec()).unwrap()
    }

    #[test]
    fn lines_are_broken_after_blanks_and_stuffed() {
        for (text, expected) in [
            ("", "\r\n"),
            ("short\n", "short\r\n"),
            ("a\n\nb", "a\r\n\r\nb\r\n"),
            ("a\r\nb\rc\n", "a\r\nb\r\nc\r\n"),
            ("trailing   \n", "trailing\r\n"),
            ("-- \nme", "-- \r\nme\r\n"),
            (" indented", "  indented\r\n"),
            ("From here", " From here\r\n"),
            (">quoted", "> quoted\r\n"),
            (">> quoted", ">> quoted\r\n"),
            (">", ">\r\n"),
        ] {
            assert_eq!(flowed(text), expected, "{text:?}");
        }
        let long =
            flowed(&">".repeat(3).chars().chain("word ".repeat(40).chars()).collect::<String>());
        for line in long.lines() {
            assert!(line.starts_with(">>> word") && line.len() <= LINE + 3, "{line}");
        }
        let unbroken = "x".repeat(300);
        assert_eq!(flowed(&unbroken), unbroken.clone() + "\r\n");
    }
}

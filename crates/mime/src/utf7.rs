//! UTF-7 (RFC 2152), which old mail is still written in.
use alloc::string::String;
use alloc::vec::Vec;

/// Decodes UTF-7; returns the text, and whether something in it was wrong (it is U+FFFD there).
pub(crate) fn decode(octets: &[u8]) -> (String, bool) {
    let (mut out, mut wrong, mut rest) = (String::new(), false, octets);
    while let Some((first, more)) = rest.split_first() {
        rest = more;
        match (first, more) {
            (b'+', [b'-', more @ ..]) => {
                out.push('+');
                rest = more;
            }
            (b'+', _) => {
                let (units, more, sound) = shifted(more);
                rest = more;
                wrong |= !sound;
                for unit in char::decode_utf16(units) {
                    wrong |= unit.is_err();
                    out.push(unit.unwrap_or(char::REPLACEMENT_CHARACTER));
                }
            }
            (octet, _) if octet.is_ascii() => out.push(char::from(*octet)),
            _ => {
                wrong = true;
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
    (out, wrong)
}

/// Reads base64 up to what is none, and the `-` that may close it, as UTF-16.
fn shifted(octets: &[u8]) -> (Vec<u16>, &[u8], bool) {
    let (mut units, mut rest) = (Vec::new(), octets);
    let (mut bits, mut count) = (0_u32, 0);
    while let Some((first, more)) = rest.split_first()
        && let Some(value) = value(*first)
    {
        (bits, count, rest) = (bits << 6 | u32::from(value), count + 6, more);
        if count >= 16 {
            count -= 16;
            let [high, low, ..] = (bits << (16 - count)).to_be_bytes();
            units.push(u16::from_be_bytes([high, low]));
            bits &= (1 << count) - 1;
        }
    }
    // RFC 2152: what is left are fewer than six bits, all zero.
    let sound = count < 6 && bits == 0 && !units.is_empty();
    (units, rest.strip_prefix(b"-").unwrap_or(rest), sound)
}

const fn value(octet: u8) -> Option<u8> {
    match octet {
        b'A'..=b'Z' => Some(octet - b'A'),
        b'a'..=b'z' => Some(octet - b'a' + 26),
        b'0'..=b'9' => Some(octet - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    /// The examples of RFC 2152, and what is wrong.
    #[test]
    fn utf_7_is_read() {
        for (octets, text, wrong) in [
            (&b"A+ImIDkQ."[..], "A\u{2262}\u{391}.", false),
            (b"Hi Mom -+Jjo--!", "Hi Mom -\u{263a}-!", false),
            (b"+ZeVnLIqe-", "\u{65e5}\u{672c}\u{8a9e}", false),
            (b"Item 3 is +AKM-1.", "Item 3 is \u{a3}1.", false),
            (b"1 +- 1", "1 + 1", false),
            (b"+2D3eAA-", "\u{1f600}", false),
            (b"+2D0-", "\u{fffd}", true),
            (b"+", "", true),
            (b"a\xe9", "a\u{fffd}", true),
        ] {
            assert_eq!(decode(octets), (text.into(), wrong), "{}", octets.escape_ascii());
        }
    }
}

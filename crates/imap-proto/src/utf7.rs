//! Modified UTF-7 (RFC 9051 §A.1, RFC 3501 §5.1.3).
use alloc::{string::String, vec::Vec};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/// Encodes: printable ASCII stands for itself, `&-` for `&`, the rest is UTF-16 in base64.
pub(crate) fn encode(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let plain = rest.find(|c| !is_plain(c)).unwrap_or(rest.len());
        let shifted = rest.find(is_plain).unwrap_or(rest.len());
        let run = if is_plain(first) { plain } else { shifted };
        let (run, more) = rest.split_at_checked(run).unwrap_or((rest, ""));
        rest = more;
        if is_plain(first) {
            run.bytes().for_each(|octet| match octet {
                b'&' => out.extend_from_slice(b"&-"),
                octet => out.push(octet),
            });
        } else {
            out.push(b'&');
            encode_run(run, &mut out);
            out.push(b'-');
        }
    }
    out
}

const fn is_plain(c: char) -> bool {
    matches!(c, ' '..='~')
}

fn encode_run(run: &str, out: &mut Vec<u8>) {
    let (mut held, mut bits) = (0_u32, 0);
    for unit in run.encode_utf16() {
        held = (held << 16) | u32::from(unit);
        bits += 16;
        while bits >= 6 {
            bits -= 6;
            out.push(digit(held >> bits));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        out.push(digit(held << (6 - bits)));
    }
}

fn digit(value: u32) -> u8 {
    let index = usize::try_from(value & 63).unwrap_or_default();
    ALPHABET.get(index).copied().unwrap_or_default()
}

/// Decodes; `None` for what is not modified UTF-7. What could have been written otherwise, as a
/// letter in base64, is taken: mailboxes are called so.
pub(crate) fn decode(octets: &[u8]) -> Option<String> {
    let mut out = String::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((octet, more)) = rest.split_first() {
        rest = more;
        match octet {
            b'&' => {
                let end = memchr::memchr(b'-', rest)?;
                let (run, after) = rest.split_at_checked(end)?;
                rest = after.get(1..)?;
                if run.is_empty() { out.push('&') } else { decode_run(run, &mut out)? }
            }
            b' '..=b'~' => out.push(char::from(*octet)),
            _ => return None,
        }
    }
    Some(out)
}

fn decode_run(run: &[u8], out: &mut String) -> Option<()> {
    let mut units = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for octet in run {
        let value = ALPHABET.iter().position(|digit| digit == octet)?;
        held = (held << 6) | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 16 {
            bits -= 16;
            units.push(u16::try_from(held >> bits).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    // What is left over is less than a digit, and zero.
    if bits >= 6 || held != 0 {
        return None;
    }
    for unit in char::decode_utf16(units) {
        out.push(unit.ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_as_in_the_rfc() {
        // RFC 3501 §5.1.3.
        for (text, name) in [
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("a&b", "a&-b"),
            ("😀", "&2D3eAA-"),
            ("\t", "&AAk-"),
            ("", ""),
        ] {
            assert_eq!(encode(text), name.as_bytes());
            assert_eq!(decode(name.as_bytes()).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_not_modified_utf7_has_no_name() {
        for bad in ["&", "&U", "&U,BTFw", "ü", "&2D0-", "&A-", "&AGFh-", "&AB/-", "&AAB-"] {
            assert_eq!(decode(bad.as_bytes()), None, "{bad}");
        }
        // "Superfluous", but mailboxes are called so.
        assert_eq!(decode(b"&AGE-").as_deref(), Some("a"));
        assert_eq!(decode(b"&U,BTFw-&ZeVnLIqe-").as_deref(), Some("台北日本語"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(text in any::<String>()) {
            let name = encode(&text);
            prop_assert!(name.iter().all(|octet| (b' '..=b'~').contains(octet)));
            prop_assert_eq!(decode(&name), Some(text));
        }
    }
}

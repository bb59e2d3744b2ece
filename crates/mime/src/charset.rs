//! Octets of a named character set as text.
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use encoding_rs::Encoding;

use crate::utf7;

/// Decodes octets; what is wrong in them becomes U+FFFD.
///
/// Valid UTF-8 is taken for UTF-8 if no character set is named, or ASCII is, or an unknown one:
/// that is what those senders meant.
pub(crate) fn decode<'a>(charset: &[u8], octets: &'a [u8]) -> Cow<'a, str> {
    checked(charset, octets).0
}

/// Decodes octets as [`decode`] does, and tells whether something in them was wrong.
pub(crate) fn checked<'a>(charset: &[u8], octets: &'a [u8]) -> (Cow<'a, str>, bool) {
    let charset = charset.trim_ascii();
    // By far the most, and what every octet of ASCII is as well.
    if is_utf8(charset) {
        return utf8(octets);
    }
    let ascii = charset.is_empty() || charset.eq_ignore_ascii_case(b"us-ascii");
    match Encoding::for_label(charset) {
        Some(encoding) if !ascii => {
            let (text, wrong) = encoding.decode_without_bom_handling(octets);
            (text, wrong)
        }
        _ if is_utf7(charset) => {
            let (text, wrong) = utf7::decode(octets);
            (Cow::Owned(text), wrong)
        }
        found => match core::str::from_utf8(octets) {
            Ok(text) => (Cow::Borrowed(text), false),
            // A label that is known is windows-1252 here, the superset that senders use.
            Err(_) if found.is_some() => {
                (encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0, true)
            }
            Err(_) => (String::from_utf8_lossy(octets), true),
        },
    }
}

/// Decodes octets that are ours to keep.
pub(crate) fn checked_vec(charset: &[u8], octets: Vec<u8>) -> (String, bool) {
    if is_utf8(charset) {
        return match String::from_utf8(octets) {
            Ok(text) => (text, false),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
        };
    }
    let (text, wrong) = checked(charset, &octets);
    match text {
        Cow::Owned(text) => (text, wrong),
        // It was borrowed, so the octets are the text.
        Cow::Borrowed(_) => match String::from_utf8(octets) {
            Ok(text) => (text, wrong),
            Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
        },
    }
}

/// Tells whether the name is that of a character set that can be read.
pub(crate) fn is_known(charset: &[u8]) -> bool {
    Encoding::for_label(charset.trim_ascii()).is_some() || is_utf7(charset.trim_ascii())
}

const fn is_utf8(charset: &[u8]) -> bool {
    charset.eq_ignore_ascii_case(b"utf-8")
}

fn utf8(octets: &[u8]) -> (Cow<'_, str>, bool) {
    match core::str::from_utf8(octets) {
        Ok(text) => (Cow::Borrowed(text), false),
        Err(_) => (String::from_utf8_lossy(octets), true),
    }
}

fn is_utf7(charset: &[u8]) -> bool {
    let names = [&b"utf-7"[..], b"unicode-1-1-utf-7", b"utf7"];
    names.iter().any(|name| charset.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_named_in_any_case() {
        assert_eq!(decode(b"ISO-8859-1", b"\xe9"), "é");
        assert_eq!(decode(b"utf-8", "é".as_bytes()), "é");
        assert_eq!(decode(b"us-ascii", "é".as_bytes()), "é");
        assert_eq!(decode(b"us-ascii", b"\xe9"), "é");
        assert_eq!(decode(b"", b"\xe9"), "\u{fffd}");
        assert_eq!(decode(b"x-none", b"plain"), "plain");
        assert_eq!(decode(b"UTF-7", b"caf+AOk-"), "café");
    }

    #[test]
    fn what_is_no_text_is_told() {
        for (charset, octets, wrong) in [
            (&b"utf-8"[..], &b"\xc3\xa9"[..], false),
            (b"utf-8", b"\xc3", true),
            (b"us-ascii", b"\xe9", true),
            (b"", b"\xe9", true),
            (b"iso-2022-jp", b"\x1b$B\x80", true),
            (b"utf-7", b"+", true),
        ] {
            assert_eq!(checked(charset, octets).1, wrong, "{}", octets.escape_ascii());
            assert_eq!(checked_vec(charset, octets.to_vec()).0, decode(charset, octets));
        }
    }
}

//! Octets of a named character set as text.
use alloc::borrow::Cow;

use encoding_rs::Encoding;

/// Decodes octets; what is wrong in them becomes U+FFFD.
///
/// Valid UTF-8 is taken for UTF-8 if no character set is named, or ASCII is, or an unknown one:
/// that is what those senders meant.
pub(crate) fn decode<'a>(charset: &[u8], octets: &'a [u8]) -> Cow<'a, str> {
    let charset = charset.trim_ascii();
    let ascii = charset.is_empty() || charset.eq_ignore_ascii_case(b"us-ascii");
    match Encoding::for_label(charset) {
        Some(encoding) if !ascii => encoding.decode_without_bom_handling(octets).0,
        found => match core::str::from_utf8(octets) {
            Ok(text) => Cow::Borrowed(text),
            // A label that is known is windows-1252 here, the superset that senders use.
            Err(_) if found.is_some() => {
                encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0
            }
            Err(_) => alloc::string::String::from_utf8_lossy(octets),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn charsets_are_named_in_any_case() {
        assert_eq!(decode(b"ISO-8859-1", b"\xe9"), "é");
        assert_eq!(decode(b"utf-8", "é".as_bytes()), "é");
        assert_eq!(decode(b"us-ascii", "é".as_bytes()), "é");
        assert_eq!(decode(b"us-ascii", b"\xe9"), "é");
        assert_eq!(decode(b"", b"\xe9"), "\u{fffd}");
        assert_eq!(decode(b"x-none", b"plain"), "plain");
    }
}

//! Base64 as SASL profiles want it: canonical, padded, and nothing besides.
use alloc::vec;

use ::base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{BufMut, BytesMut};
use proto_core::Secret;

use crate::{ParseError, ParseErrorKind};

/// Reads base64. The result may be a password: it does not print itself.
///
/// ```
/// assert_eq!(sasl::base64::parse(b"aHVuZ3J5")?.expose(), b"hungry");
/// assert!(sasl::base64::parse(b"aHVu Z3J5").is_err());
/// # Ok::<_, sasl::ParseError>(())
/// ```
///
/// # Errors
/// There is a character outside of the alphabet, or padding is missing or misplaced: RFC 4954 §4
/// wants these rejected, not ignored.
pub fn parse(text: &[u8]) -> Result<Secret, ParseError> {
    use ::base64::DecodeError as E;
    STANDARD.decode(text).map(Secret::from).map_err(|error| {
        let offset = match error {
            E::InvalidByte(offset, _) | E::InvalidLastSymbol(offset, _) => offset,
            E::InvalidLength(_) | E::InvalidPadding => text.len(),
        };
        ParseError::new(ParseErrorKind::Base64, offset)
    })
}

/// Appends octets as base64.
///
/// ```
/// let mut out = bytes::BytesMut::new();
/// sasl::base64::write(b"hungry", &mut out);
/// assert_eq!(out, "aHVuZ3J5");
/// ```
pub fn write(octets: &[u8], out: &mut BytesMut) {
    let mut text = vec![0; octets.len().div_ceil(3).saturating_mul(4)];
    let length = STANDARD.encode_slice(octets, &mut text).expect("four for every three is enough");
    out.put_slice(text.get(..length).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_canonical_is_refused() {
        for text in
            ["=AAA", "AAA=BBB", "A", "AA", "AA=", "AAA", "AB==x", "AA==AA==", "AB==", "A\n=="]
        {
            assert_eq!(
                parse(text.as_bytes()).unwrap_err().kind(),
                ParseErrorKind::Base64,
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(octets: Vec<u8>) {
            let mut out = BytesMut::new();
            write(&octets, &mut out);
            prop_assert_eq!(parse(&out).unwrap(), Secret::from(octets));
        }

        #[test]
        fn what_is_read_is_written(text in "[A-Za-c0-2+/=]{0,12}") {
            if let Ok(octets) = parse(text.as_bytes()) {
                let mut out = BytesMut::new();
                write(octets.expose(), &mut out);
                prop_assert_eq!(out, text);
            }
        }
    }
}

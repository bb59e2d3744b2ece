//! RFC 3461 §4: text in which `+`, `=` and what is not printable is `+` and two digits.
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;

/// Reads xtext; `None` if it is none. Only capital digits are.
pub(crate) fn parse(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let all = octets(text).try_for_each(|octet| octet.map(|octet| out.push(octet)));
    all.map(|()| out)
}

/// Reads xtext one octet after the other; `None` where it is none.
pub(crate) fn octets(text: &str) -> impl Iterator<Item = Option<u8>> {
    let mut octets = text.bytes();
    core::iter::from_fn(move || match octets.next()? {
        b'+' => Some(
            octets
                .next()
                .and_then(digit)
                .zip(octets.next().and_then(digit))
                .map(|(high, low)| high << 4 | low),
        ),
        b'=' => Some(None),
        octet if octet.is_ascii_graphic() || !octet.is_ascii() => Some(Some(octet)),
        _ => Some(None),
    })
}

/// Writes octets as xtext.
pub(crate) fn write(octets: &[u8]) -> String {
    let mut out = String::with_capacity(octets.len());
    for &octet in octets {
        if octet.is_ascii_graphic() && !matches!(octet, b'+' | b'=') {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "+{octet:02X}");
        }
    }
    out
}

fn digit(octet: u8) -> Option<u8> {
    match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_xtext_is_refused() {
        for bad in ["=", "+", "+4", "+4g", "+3d", " ", "\r"] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
        assert_eq!(parse("e+3Dmc2").as_deref(), Some(&b"e=mc2"[..]));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(octets: Vec<u8>) {
            prop_assert_eq!(parse(&write(&octets)), Some(octets));
        }
    }
}

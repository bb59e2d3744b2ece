//! The octets of one header field, as far as the structure of a message asks.

/// The fields that decide about structure, or are asked for by every reader of parts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Known {
    Type,
    Encoding,
    Disposition,
    Version,
    Other,
}

impl Known {
    pub(crate) const fn of(name: &[u8]) -> Self {
        match name {
            // The lengths first: names are compared where they may be one of these only.
            [b'c' | b'C', b'o' | b'O', ..] => match name.len() {
                12 if name.eq_ignore_ascii_case(b"content-type") => Self::Type,
                19 if name.eq_ignore_ascii_case(b"content-disposition") => Self::Disposition,
                25 if name.eq_ignore_ascii_case(b"content-transfer-encoding") => Self::Encoding,
                _ => Self::Other,
            },
            [b'm' | b'M', ..] if name.eq_ignore_ascii_case(b"mime-version") => Self::Version,
            _ => Self::Other,
        }
    }
}

/// Splits a field into its name and what follows the colon (RFC 5322 §2.2; blanks before the
/// colon as §4.5 tolerates them).
pub(crate) fn split_field(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let is_name = |octet: &u8| NAME.get(usize::from(*octet)) == Some(&true);
    let len = field.iter().position(|octet| !is_name(octet))?;
    let (name, rest) = field.split_at_checked(len)?;
    let value = match rest {
        [b':', value @ ..] => value,
        rest => {
            let blanks = rest.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
            rest.get(blanks..)?.strip_prefix(b":")?
        }
    };
    (len > 0).then_some((name, value))
}

/// Counts the octets that are not ASCII, or control characters other than TAB. A sound field has
/// two a line: its CR and LF.
pub(crate) fn odd_octets(field: &[u8]) -> usize {
    // As a signed number, what is not ASCII is below the space as well.
    let odd = |octet: &u8| u8::from(octet.cast_signed() < 0x20 && *octet != b'\t');
    // No more at once than a small counter can count: the compiler uses vectors of those.
    field.chunks(240).map(|piece| usize::from(piece.iter().map(odd).sum::<u8>())).sum()
}

/// The octets of a field name (RFC 5322 §3.6.8 `ftext`).
const NAME: [bool; 256] = {
    let mut table = [false; 256];
    let (mut rest, mut octet) = (table.as_mut_slice(), 0_u8);
    while let [first, more @ ..] = rest {
        *first = matches!(octet, 33..=57 | 59..=126);
        octet = octet.wrapping_add(1);
        rest = more;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_octets_are_counted() {
        let mut field = b"a\t~".repeat(1000);
        assert_eq!(odd_octets(&field), 0);
        for (at, octet) in [(0, 0), (1, 0x80), (1000, b'\r'), (1001, b'\n'), (2999, 0xff)] {
            field[at] = octet;
        }
        assert_eq!(odd_octets(&field), 5);
        assert_eq!(odd_octets(&[0; 1000]), 1000);
    }

    #[test]
    fn names_end_at_the_colon() {
        for (field, expected) in [
            (&b"A: b"[..], Some((&b"A"[..], &b" b"[..]))),
            (b"A \t: b", Some((b"A", b" b"))),
            (b"A:", Some((b"A", b""))),
            (b": b", None),
            (b"A b: c", None),
            (b"A\r\n : b", None),
            (b"\xc3\xa9: b", None),
            (b"A", None),
        ] {
            assert_eq!(split_field(field), expected, "{field:?}");
        }
        assert_eq!(Known::of(b"MIME-version"), Known::Version);
        assert_eq!(Known::of(b"content-Type"), Known::Type);
        assert_eq!(Known::of(b"Content-Typo"), Known::Other);
    }
}

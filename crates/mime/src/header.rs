//! The octets of one header field, as far as the structure of a message asks.
use crate::scan::after;

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
        // The lengths first: names are compared where they may be one of these only.
        match name.len() {
            12 if name.eq_ignore_ascii_case(b"content-type") => Self::Type,
            12 if name.eq_ignore_ascii_case(b"mime-version") => Self::Version,
            19 if name.eq_ignore_ascii_case(b"content-disposition") => Self::Disposition,
            25 if name.eq_ignore_ascii_case(b"content-transfer-encoding") => Self::Encoding,
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

/// Tells whether this is the line before a message in an mbox, or what became of one.
pub(crate) fn is_postmark(line: &[u8]) -> bool {
    line.starts_with(b"From ") || line.starts_with(b">From ")
}

/// How many octets [`is_plain`] looks at at once: what a small counter can count, as the compiler
/// uses vectors of those.
pub(crate) const PLAIN_CHUNK: usize = 240;

/// Tells whether there is nothing to look at more closely: all octets are ASCII, and the only
/// control characters are TAB, and CR and LF in pairs.
pub(crate) fn is_plain(octets: &[u8]) -> bool {
    // As a signed number, what is not ASCII is below the space as well.
    let is_odd = |octet: u8| u8::from(octet.cast_signed() < 0x20 && octet != b'\t');
    let (mut odd, mut pairs) = (octets.first().map_or(0, |it| usize::from(is_odd(*it))), 0);
    let (before, after) = (octets.split_last().map_or(&[][..], |it| it.1), after(octets, 1));
    for (before, after) in before.chunks(PLAIN_CHUNK).zip(after.chunks(PLAIN_CHUNK)) {
        let (mut some_odd, mut some_pairs) = (0_u8, 0_u8);
        for (before, octet) in before.iter().zip(after) {
            some_odd += is_odd(*octet);
            some_pairs += u8::from(*before == b'\r') & u8::from(*octet == b'\n');
        }
        odd += usize::from(some_odd);
        pairs += usize::from(some_pairs);
    }
    odd == 2 * pairs
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
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn odd_octets_are_seen_wherever_they_stand() {
        for len in [1, 2, 15, 16, 17, 239, 240, 241, 242, 700] {
            let field: Vec<u8> = b"a\t~\r\n ".iter().copied().cycle().take(len).collect();
            assert_eq!(is_plain(&field), !field.ends_with(b"\r"), "{len}");
            for at in 0..len {
                for octet in [0, 0x1f, 0x80, 0xff, b'\r', b'\n'] {
                    let mut field = alloc::vec![b'x'; len];
                    field[at] = octet;
                    assert!(!is_plain(&field), "{octet} at {at} of {len}");
                }
            }
        }
        assert!(is_plain(b"") && !is_plain(b"\n\r") && !is_plain(b"a\r\r\n"));
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

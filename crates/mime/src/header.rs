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
    let len = field.iter().position(|octet| !matches!(octet, 33..=57 | 59..=126))?;
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

/// Tells whether there is nothing to look at more closely: all octets are ASCII, none is NUL, and
/// no CR or LF stands alone. A CR at the end may be completed yet.
pub(crate) fn is_plain(field: &[u8]) -> bool {
    let plain = |octet: &u8| octet.is_ascii() && *octet != 0;
    if field.first() == Some(&b'\n') || !field.last().is_none_or(plain) {
        return false;
    }
    let Some(last) = field.last_chunk::<17>() else {
        let mut pairs = field.iter().zip(field.iter().skip(1));
        return pairs.all(|(one, two)| plain(one) && (*one == b'\r') == (*two == b'\n'));
    };
    // Blocks of a fixed size, so that the compiler uses vectors; the last one may overlap.
    let mut odd = [0; 16];
    for block in field.windows(17).step_by(16) {
        if let Some(block) = block.first_chunk() {
            note_odd(block, &mut odd);
        }
    }
    note_odd(last, &mut odd);
    odd == [0; 16]
}

#[inline(always)]
fn note_odd(block: &[u8; 17], odd: &mut [u8; 16]) {
    for ((one, two), odd) in block.iter().zip(block.iter().skip(1)).zip(odd) {
        let alone = (*one == b'\r') != (*two == b'\n');
        *odd |= (one & 0x80) | u8::from(*one == 0) | u8::from(alone);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn odd_octets_are_seen_wherever_they_stand() {
        for len in 1..70 {
            let field: Vec<u8> = b"a\r\n ".iter().copied().cycle().take(len).collect();
            assert!(is_plain(&field), "{len}");
            for at in 0..len {
                for octet in [0, 0x80, b'\r', b'\n'] {
                    let mut field = alloc::vec![b'x'; len];
                    field[at] = octet;
                    let end = octet == b'\r' && at + 1 == len;
                    assert_eq!(is_plain(&field), end, "{octet} at {at} of {len}");
                }
            }
        }
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

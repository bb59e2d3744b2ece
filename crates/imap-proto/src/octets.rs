//! Which octets may stand where (RFC 9051 §9), as one table.

/// Not an `ATOM-CHAR`.
pub(crate) const NOT_ATOM: u8 = 1;
/// Not an `ASTRING-CHAR`.
pub(crate) const NOT_ASTRING: u8 = 2;
/// Not a `list-char`.
pub(crate) const NOT_LIST: u8 = 4;
/// Needs a backslash in a quoted string.
pub(crate) const ESCAPED: u8 = 8;
/// Cannot stand in a quoted string: CR, LF, NUL.
pub(crate) const NOT_QUOTED: u8 = 16;
/// Not ASCII.
pub(crate) const EIGHT_BIT: u8 = 32;
/// Not an octet of a tag.
pub(crate) const NOT_TAG: u8 = 64;
/// Not a digit.
pub(crate) const NOT_DIGIT: u8 = 128;

static CLASSES: [u8; 256] = {
    let mut table = [0; 256];
    let mut rest: &mut [u8] = &mut table;
    let mut octet = 0_u8;
    while let Some((entry, more)) = rest.split_first_mut() {
        *entry = classify(octet);
        rest = more;
        octet = octet.wrapping_add(1);
    }
    table
};

const fn classify(octet: u8) -> u8 {
    let mut class = 0;
    let special = matches!(octet, b'(' | b')' | b'{' | b' ' | b'"' | b'\\');
    if special || octet < b' ' || octet >= 0x7F {
        class |= NOT_ATOM | NOT_ASTRING | NOT_LIST | NOT_TAG;
    }
    match octet {
        b'%' | b'*' => class |= NOT_ATOM | NOT_ASTRING | NOT_TAG,
        b']' => class |= NOT_ATOM,
        b'+' => class |= NOT_TAG,
        b'"' | b'\\' => class |= ESCAPED,
        b'\r' | b'\n' | 0 => class |= NOT_QUOTED,
        0x80.. => class |= EIGHT_BIT,
        _ => {}
    }
    if !octet.is_ascii_digit() {
        class |= NOT_DIGIT;
    }
    class
}

/// Returns the classes an octet is in.
#[inline]
pub(crate) fn class(octet: u8) -> u8 {
    CLASSES.get(usize::from(octet)).copied().unwrap_or(0)
}

/// Returns the classes that any of these octets is in.
#[inline]
pub(crate) fn classes(octets: &[u8]) -> u8 {
    octets.iter().fold(0, |all, octet| all | class(*octet))
}

/// Whether there is something here, and all of it is outside a class.
pub(crate) fn all_outside(octets: &[u8], mask: u8) -> bool {
    !octets.is_empty() && classes(octets) & mask == 0
}

/// Whether this is that word, in any case: most often in the same.
#[inline]
pub(crate) fn same_word(octets: &[u8], word: &str) -> bool {
    let word = word.as_bytes();
    octets.len() == word.len() && (octets == word || octets.eq_ignore_ascii_case(word))
}

/// How many octets of a quoted string come before its end, its first backslash or its first
/// control character: eight are looked at at once.
#[inline]
pub(crate) fn plain_run(octets: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (mut rest, mut run) = (octets, 0);
    while let Some((eight, more)) = rest.split_first_chunk() {
        let eight = u64::from_le_bytes(*eight);
        // The lowest mark is right: a borrow reaches only what comes after it.
        let below = |octets: u64, limit: u64| octets.wrapping_sub(ONES * limit) & !octets & HIGH;
        let quote = below(eight ^ (ONES * 0x22), 1);
        let backslash = below(eight ^ (ONES * 0x5C), 1);
        let marks = quote | backslash | below(eight, 0x20);
        if marks != 0 {
            return run + usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0);
        }
        (rest, run) = (more, run + 8);
    }
    let ends = |octet: &u8| matches!(octet, b'"' | b'\\' | ..b' ');
    run + rest.iter().position(ends).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_run_ends_where_it_should_wherever_that_is() {
        for length in 0..40 {
            let plain =
                "x \u{7F}~!#[]ü".chars().cycle().take(length).collect::<alloc::string::String>();
            for end in ["\"", "\\", "\0", "\r", "\t", "\u{1F}"] {
                for after in ["", "\"\"\"\"\"\"\"\"", " 123456789"] {
                    let text = format!("{plain}{end}{after}");
                    assert_eq!(plain_run(text.as_bytes()), plain.len(), "{text:?}");
                }
            }
            assert_eq!(plain_run(plain.as_bytes()), plain.len());
        }
    }
}

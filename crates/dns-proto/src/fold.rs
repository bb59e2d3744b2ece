//! Octets compared without the case of ASCII letters, eight at a time (RFC 4343).
use core::cmp::Ordering;

/// Makes the capital letters among eight octets small.
pub(crate) const fn lower(word: u64) -> u64 {
    const fn all(octet: u8) -> u64 {
        u64::from_ne_bytes([octet; 8])
    }
    let low = word & all(0x7f);
    let from_a = low + all(0x80 - b'A');
    let past_z = low + all(0x7f - b'Z');
    let capital = (from_a ^ past_z) & !word & all(0x80);
    word | (capital >> 2)
}

/// Whether two slices are equal without case.
pub(crate) fn equal(one: &[u8], other: &[u8]) -> bool {
    let load = |octets: [u8; 8]| lower(u64::from_ne_bytes(octets));
    if one.len() != other.len() {
        return false;
    }
    let ((ones, one_rest), (others, other_rest)) = (one.as_chunks(), other.as_chunks());
    if !ones.iter().zip(others).all(|(&one, &other)| load(one) == load(other)) {
        return false;
    }
    // The last eight once more, rather than up to seven singly.
    match (one.last_chunk(), other.last_chunk()) {
        (Some(&one), Some(&other)) => load(one) == load(other),
        _ => one_rest.eq_ignore_ascii_case(other_rest),
    }
}

/// Compares two slices octet by octet, without case.
pub(crate) fn compare(one: &[u8], other: &[u8]) -> Ordering {
    let load = |octets: [u8; 8]| lower(u64::from_be_bytes(octets));
    let ((ones, one_rest), (others, other_rest)) = (one.as_chunks(), other.as_chunks());
    for (&own, &others) in ones.iter().zip(others) {
        let order = load(own).cmp(&load(others));
        if order.is_ne() {
            return order;
        }
    }
    let tail = |octets: usize| -> (&[u8], &[u8]) {
        (one.get(octets..).unwrap_or_default(), other.get(octets..).unwrap_or_default())
    };
    let (one, other) = match ones.len().min(others.len()) {
        _ if ones.len() == others.len() => (one_rest, other_rest),
        words => tail(words * 8),
    };
    let lower = |octet: &u8| octet.to_ascii_lowercase();
    one.iter().map(lower).cmp(other.iter().map(lower))
}

/// Copies `from` over the beginning of `to`, in small letters.
pub(crate) fn copy(to: &mut [u8], from: &[u8]) {
    for (place, octet) in to.iter_mut().zip(from) {
        *place = octet.to_ascii_lowercase();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_ascii_capitals_have_two_cases() {
        for octet in 0..=u8::MAX {
            let word = lower(u64::from_ne_bytes([octet; 8]));
            assert_eq!(word, u64::from_ne_bytes([octet.to_ascii_lowercase(); 8]), "{octet}");
        }
    }

    proptest! {
        #[test]
        fn words_compare_as_octets_do(one in "[aAbB\\[@é]{0,20}", other in "[aAbB\\[@é]{0,20}") {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            prop_assert_eq!(equal(one, other), one.eq_ignore_ascii_case(other));
            let order = one.to_ascii_lowercase().cmp(&other.to_ascii_lowercase());
            prop_assert_eq!(compare(one, other), order);
        }
    }
}

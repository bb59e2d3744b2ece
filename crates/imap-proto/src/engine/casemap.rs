//! `i;unicode-casemap` (RFC 5051): text in a form in which it is compared without regard to case.
use alloc::string::String;

use unicode_normalization::char::decompose_compatible;

/// Folds text: each character in its upper case, and taken apart, so that neither case, nor
/// whether accents are letters of their own, nor widths make a difference.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match upper(c) {
            c if c.is_ascii() => out.push(c),
            // RFC 5051 §2 knows the decompositions of the table only, which has no Hangul.
            c @ '\u{AC00}'..='\u{D7A3}' => out.push(c),
            c => decompose_compatible(c, |part| out.push(upper(part))),
        }
    }
    out
}

/// The upper case of a character, if that is one character.
fn upper(c: char) -> char {
    let mut upper = c.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None) => upper,
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_in_case_or_composition_is_the_same() {
        for (one, other) in [
            ("Crêpes", "CRE\u{302}PES"),
            ("straße", "STRAßE"),
            ("ﬁn", "FIN"),
            ("ｗｉｄｅ", "wide"),
            ("ΣΑΣ", "σας"),
            ("ǆ", "Ǆ"),
            ("각", "각"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert_ne!(fold("가"), fold("각"));
        assert!(!fold("각").contains(&fold("가")));
    }
}

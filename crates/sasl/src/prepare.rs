//! SASLprep: RFC 4013.
mod tables;

use alloc::borrow::Cow;
use alloc::string::String;

use unicode_normalization::UnicodeNormalization;

use tables::{LEFT_TO_RIGHT, NOTHING, PROHIBITED, RIGHT_TO_LEFT, SPACES, Table};

/// Why a text cannot be prepared.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// A character that no name or password may hold: a control character, one for private use.
    #[error("prohibited character U+{:04X}", u32::from(*.0))]
    Prohibited(char),
    /// Left-to-right and right-to-left characters are mixed so that nobody could read them back
    /// (RFC 3454 §6).
    #[error("mixed directions of writing")]
    Bidirectional,
    /// Nothing is left of it.
    #[error("nothing is left of the text")]
    Empty,
}

/// Prepares a user's name or a password by SASLprep (RFC 4013), so that what looks the same
/// compares the same, however a keyboard enters it. What Unicode 3.2 did not know is let through,
/// as in queries (RFC 3454 §7).
///
/// SCRAM does this by itself. An application that compares names and passwords from PLAIN and
/// LOGIN prepares both sides (RFC 4616 §2).
///
/// ```
/// use sasl::{PrepareError, prepare};
///
/// assert_eq!(prepare("I\u{AD}X")?, "IX"); // a soft hyphen
/// assert_eq!(prepare("\u{2168}")?, "IX"); // the Roman numeral
/// assert_eq!(prepare("a\u{7}"), Err(PrepareError::Prohibited('\u{7}')));
/// # Ok::<_, PrepareError>(())
/// ```
///
/// # Errors
/// The text holds a prohibited character, mixes directions, or is empty afterwards.
pub fn prepare(text: &str) -> Result<Cow<'_, str>, PrepareError> {
    let prepared = if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
        // Most are, and nothing happens to them.
        Cow::Borrowed(text)
    } else {
        Cow::Owned(map(text).nfkc().collect::<String>())
    };
    if let Some(found) = prepared.chars().find(|found| is_prohibited(*found)) {
        return Err(PrepareError::Prohibited(found));
    }
    check_directions(&prepared)?;
    if prepared.is_empty() { Err(PrepareError::Empty) } else { Ok(prepared) }
}

/// RFC 4013 §2.1.
fn map(text: &str) -> impl Iterator<Item = char> {
    let seen = text.chars().filter(|found| !is_in(NOTHING, *found));
    seen.map(|found| if is_in(SPACES, found) { ' ' } else { found })
}

/// RFC 4013 §2.3. Normalisation can bring spaces back.
fn is_prohibited(found: char) -> bool {
    is_in(PROHIBITED, found) || is_in(SPACES, found)
}

/// RFC 3454 §6.
fn check_directions(text: &str) -> Result<(), PrepareError> {
    let is_right_to_left = |found: char| is_in(RIGHT_TO_LEFT, found);
    if text.is_ascii() || !text.chars().any(is_right_to_left) {
        return Ok(());
    }
    let framed = text.starts_with(is_right_to_left) && text.ends_with(is_right_to_left);
    if framed && !text.chars().any(|found| is_in(LEFT_TO_RIGHT, found)) {
        Ok(())
    } else {
        Err(PrepareError::Bidirectional)
    }
}

fn is_in(table: &Table, found: char) -> bool {
    let place = table.partition_point(|(_, last)| *last < found);
    table.get(place).is_some_and(|(first, _)| *first <= found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 4013 §3.
    #[test]
    fn the_rfcs_examples_hold() {
        use PrepareError as E;
        for (text, prepared) in [
            ("I\u{AD}X", Ok("IX")),
            ("user", Ok("user")),
            ("USER", Ok("USER")),
            ("\u{AA}", Ok("a")),
            ("\u{2168}", Ok("IX")),
            ("\u{7}", Err(E::Prohibited('\u{7}'))),
            ("\u{627}1", Err(E::Bidirectional)),
        ] {
            assert_eq!(prepare(text).as_deref(), prepared.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn others_hold_too() {
        use PrepareError as E;
        for (text, prepared) in [
            ("", Err(E::Empty)),
            ("\u{AD}", Err(E::Empty)),
            ("a\u{A0}b", Ok("a b")),
            ("e\u{301}", Ok("\u{E9}")),
            ("\u{627}1\u{628}", Ok("\u{627}1\u{628}")),
            ("\u{627}a\u{628}", Err(E::Bidirectional)),
            ("\u{E000}", Err(E::Prohibited('\u{E000}'))),
            ("\u{FFFD}", Err(E::Prohibited('\u{FFFD}'))),
            ("\u{1F600}", Ok("\u{1F600}")),
        ] {
            assert_eq!(prepare(text).as_deref(), prepared.as_ref().copied(), "{text:?}");
        }
    }

    #[test]
    fn the_tables_are_in_order() {
        for table in [NOTHING, SPACES, PROHIBITED, RIGHT_TO_LEFT, LEFT_TO_RIGHT] {
            assert!(table.iter().all(|(first, last)| first <= last));
            assert!(table.windows(2).all(|pair| pair[0].1 < pair[1].0));
        }
    }

    proptest! {
        #[test]
        fn what_is_prepared_stays_as_it_is(text: String) {
            if let Ok(prepared) = prepare(&text) {
                prop_assert_eq!(prepare(&prepared), Ok(prepared.clone()));
            }
        }
    }
}

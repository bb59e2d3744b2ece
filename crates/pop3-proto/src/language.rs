//! Languages of a server's words (RFC 6856 §3).
use alloc::string::String;

use crate::{ParseError, ParseErrorKind};

/// A language tag (RFC 5646), `i-default`, or `*` for the server's choice.
///
/// ```
/// use pop3_proto::LanguageTag;
///
/// let english = LanguageTag::parse(b"en-GB")?;
/// assert!(english.is_part_of("EN"));
/// # Ok::<_, pop3_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Reads a tag.
    ///
    /// # Errors
    /// It is empty, longer than 64 octets, or has other octets than letters, digits and hyphens.
    pub fn parse(tag: &[u8]) -> Result<Self, ParseError> {
        let plain = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
        let good = tag == b"*" || ((1..=64).contains(&tag.len()) && tag.iter().all(plain));
        let text = core::str::from_utf8(tag).ok().filter(|_| good);
        text.map(|tag| Self(tag.into())).ok_or(ParseError::new(ParseErrorKind::Language, 0))
    }

    /// Returns the tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it names a language, or a kind of it: `en-GB` is English.
    #[must_use]
    pub fn is_part_of(&self, language: &str) -> bool {
        let (head, rest) = self.0.split_at_checked(language.len()).unwrap_or((&self.0, ""));
        head.eq_ignore_ascii_case(language) && (rest.is_empty() || rest.starts_with('-'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_at_the_limit_are_read_and_one_octet_more_is_not() {
        assert!(LanguageTag::parse(&[b'a'; 64]).is_ok());
        assert!(LanguageTag::parse(&[b'a'; 65]).is_err());
        for bad in ["", "e n", "en\r", "**", "\u{fc}"] {
            assert!(LanguageTag::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_kind_of_a_language_is_that_language() {
        let english = |tag: &[u8]| LanguageTag::parse(tag).unwrap().is_part_of("en");
        assert!(english(b"en") && english(b"EN-gb") && !english(b"enm") && !english(b"e"));
    }
}

//! Strings.
use bytes::Bytes;
use core::fmt;

use crate::ParseErrorKind;
use crate::cursor::{Cursor, Parsed};

/// A `string`, `astring` or, as an `Option`, an `nstring` (RFC 9051 §4.3, §9): octets other than
/// NUL, in no charset in particular.
///
/// Whether it travels as an atom, quoted or as a literal is decided when it is written, by what
/// it holds and what the peer can read.
///
/// ```
/// use imap_proto::IString;
///
/// assert_eq!(IString::new("two\r\nlines").map(|text| text.len()), Some(10));
/// assert_eq!(IString::new("\0"), None);
/// ```
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct IString(Bytes);

impl IString {
    /// Makes a string; `None` if NUL is in it, which only a literal8 may hold.
    #[must_use]
    pub fn new(octets: impl Into<Bytes>) -> Option<Self> {
        let octets = octets.into();
        memchr::memchr(0, &octets).is_none().then_some(Self(octets))
    }

    /// Takes octets without NUL.
    pub(crate) const fn trusted(octets: Bytes) -> Self {
        Self(octets)
    }

    /// Makes a string of words known when the program is written.
    ///
    /// # Panics
    /// NUL is in it.
    #[must_use]
    pub const fn from_static(text: &'static str) -> Self {
        let mut rest = text.as_bytes();
        while let Some((octet, tail)) = rest.split_first() {
            assert!(*octet != 0, "a string has no NUL");
            rest = tail;
        }
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the octets' buffer, which they share with the line they came in.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// Returns how many octets it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it is this word, in any case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        crate::octets::same_word(&self.0, word)
    }
}

impl fmt::Debug for IString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// An atom (RFC 9051 §9): the word of an extension, in the case it was written in.
///
/// ```
/// use imap_proto::Atom;
///
/// assert!(Atom::new("X-COLOUR").is_some_and(|atom| atom.is("x-colour")));
/// assert_eq!(Atom::new("two words"), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Atom(Bytes);

impl Atom {
    /// Makes an atom; `None` if it is empty, or if one of its octets needs quotes.
    #[must_use]
    pub fn new(octets: impl Into<Bytes>) -> Option<Self> {
        let octets = octets.into();
        crate::octets::all_outside(&octets, crate::octets::NOT_ATOM).then_some(Self(octets))
    }

    /// Takes what has been read as an atom.
    pub(crate) const fn trusted(octets: Bytes) -> Self {
        Self(octets)
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is this word, in any case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        crate::octets::same_word(&self.0, word)
    }
}

/// A tag (RFC 9051 §2.2.1): what joins a command and its response.
///
/// ```
/// use imap_proto::Tag;
///
/// assert_eq!(Tag::new("A1").map(|tag| tag.as_bytes().to_vec()), Some(b"A1".to_vec()));
/// assert_eq!(Tag::new("+"), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Tag(Bytes);

impl Tag {
    /// Makes a tag; `None` if it is empty or not of a tag's octets.
    #[must_use]
    pub fn new(octets: impl Into<Bytes>) -> Option<Self> {
        let octets = octets.into();
        crate::octets::all_outside(&octets, crate::octets::NOT_TAG).then_some(Self(octets))
    }

    /// Takes a tag.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match cursor.while_outside(crate::octets::NOT_TAG) {
            [] => Err(cursor.error(ParseErrorKind::Tag)),
            tag => Ok(Self(cursor.share(tag))),
        }
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

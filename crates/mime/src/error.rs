//! Whose fault it is.

/// Octets that are not what they should be. Only strict readings (`str::parse`) return it:
/// reading a message never fails.
///
/// ```
/// use mime::{AddrSpec, ParseErrorKind};
///
/// let error = "alice@@crepes.fr".parse::<AddrSpec>().unwrap_err();
/// assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Domain, 6));
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind} at octet {offset}")]
#[non_exhaustive]
pub struct ParseError {
    kind: ParseErrorKind,
    offset: usize,
}

impl ParseError {
    pub(crate) const fn new(kind: ParseErrorKind, offset: usize) -> Self {
        Self { kind, offset }
    }

    /// Returns what is wrong.
    #[must_use]
    pub const fn kind(&self) -> ParseErrorKind {
        self.kind
    }

    /// Returns where it is wrong, in octets from the start.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

/// The kinds of [`ParseError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// An address has no `@`, or nothing or control characters before it.
    #[error("not a local part")]
    LocalPart,
    /// What follows the `@` is neither a domain nor a domain literal.
    #[error("not a domain")]
    Domain,
    /// A mailbox is neither `address` nor `name <address>`.
    #[error("not a mailbox")]
    Mailbox,
    /// A message identifier is empty, or has blanks, controls or angle brackets.
    #[error("not a message identifier")]
    MessageId,
    /// A media type is not `type/subtype` of RFC 2045 tokens.
    #[error("not a media type")]
    MediaType,
    /// A date is not an RFC 5322 date.
    #[error("not a date")]
    Date,
    /// A field name is empty, over 76 octets, has octets that no name has, or decides the
    /// structure.
    #[error("not a name for a field")]
    FieldName,
    /// The value of a field has a line that is blank, too long or no continuation, or controls.
    #[error("not the value of a field")]
    FieldValue,
    /// A URI has octets that must be escaped in one, or is too long for a line.
    #[error("not a URI")]
    Uri,
    /// What identifies a mailing list has octets that no domain has.
    #[error("not the identifier of a list")]
    ListId,
    /// A value of the form `type; value` has no type, or a word too long for a line.
    #[error("not a typed value")]
    Typed,
    /// A status is not of the form `class.subject.detail`.
    #[error("not a status")]
    Status,
}

/// A value that we must not write: the caller's mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// A moment outside the years 1900 to 9999, which `Date:` cannot say (RFC 5322 §3.3).
    #[error("year out of range")]
    Year,
    /// An offset from UTC of 100 hours or more (RFC 5322 §3.3).
    #[error("offset from UTC out of range")]
    Offset,
    /// A part of one message for the editor of another one.
    #[error("part of another message")]
    ForeignPart,
    /// A part where only a multipart, or a part right inside one, can be edited so.
    #[error("not in a multipart")]
    NotMultipart,
    /// A multipart would be left without parts (RFC 2046 §5.1.1).
    #[error("only part of a multipart")]
    OnlyPart,
    /// A header field of a new part looks like a delimiter of the multipart around it.
    #[error("field like a delimiter")]
    Boundary,
}

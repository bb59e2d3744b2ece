//! What is wrong with a message, and where.
use core::fmt;

/// Octets of a message, from `start` up to but not including `end`.
///
/// 64 bits wide, because a push parser may walk a message larger than memory.
///
/// ```
/// use mime::Span;
///
/// let span = Span { start: 2, end: 4 };
/// assert_eq!(span.of(b"abcdef"), b"cd");
/// assert_eq!(span.to_string(), "2..4");
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Span {
    /// The offset of the first octet.
    pub start: u64,
    /// The offset after the last octet.
    pub end: u64,
}

impl Span {
    /// Returns these octets of the message; none if the span lies outside it.
    #[must_use]
    pub fn of(self, message: &[u8]) -> &[u8] {
        let range = usize::try_from(self.start).ok().zip(usize::try_from(self.end).ok());
        range.and_then(|(start, end)| message.get(start..end)).unwrap_or_default()
    }

    /// Returns the number of octets.
    #[must_use]
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Tells whether there are no octets.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

/// Something wrong with a message, and where.
///
/// Parsing goes on after every defect; strict readers refuse messages that have any.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Defect {
    /// What is wrong.
    pub kind: DefectKind,
    /// The octets it is about.
    pub span: Span,
}

/// The kinds of [`Defect`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum DefectKind {
    /// A header line ends in LF without CR (RFC 5322 §2.2). Reported once a message; bodies are
    /// not searched.
    BareLf,
    /// A header has CR without LF (RFC 5322 §2.2). Reported once a message.
    BareCr,
    /// A header has a NUL (RFC 5322 §4). Reported once a message.
    NulInHeader,
    /// A header field has octets that are neither ASCII nor UTF-8 (RFC 6532 §3.2).
    EightBitHeader,
    /// A line in a header is not a field, nor the continuation of one (RFC 5322 §2.2). Where it is
    /// the first, there is no header and the body begins with it.
    NotAField,
    /// A header's last line has no line end: the message was cut there.
    TruncatedHeader,
    /// A second field that may be there once and decides the structure; the first one counts.
    RepeatedField,
    /// A multipart does not say its boundary, or says none at all (RFC 2046 §5.1.1). It is read
    /// as one opaque part.
    MissingBoundary,
    /// A multipart's boundary never appears: it has no parts.
    NoParts,
    /// A multipart ends without its closing delimiter: it may have been cut.
    MissingClose,
    /// A multipart uses the boundary of one that it lies in: its delimiters end it, and the outer
    /// one's cannot be told from them (RFC 2046 §5.1.2).
    RepeatedBoundary,
    /// A line begins with a delimiter and goes on, as no body may have it (RFC 2046 §5.1.1). It is
    /// no delimiter.
    FalseDelimiter,
    /// A delimiter has something but blanks after it on its line; it counts (RFC 2046 §5.1.1).
    TextAfterDelimiter,
    /// A multipart claims to be encoded (RFC 2045 §6.4). The claim is ignored.
    EncodedMultipart,
    /// A part's transfer encoding is unknown (RFC 2045 §6.4). Its octets are taken as they are.
    UnknownEncoding,
    /// More parts inside parts than [`Limits::depth`](crate::Limits::depth); this part is opaque.
    TooDeep,
    /// More parts than [`Limits::parts`](crate::Limits::parts); everything from here is skipped.
    TooManyParts,
    /// More fields than [`Limits::fields`](crate::Limits::fields); fields from here are skipped.
    TooManyFields,
    /// A field over [`Limits::field_octets`](crate::Limits::field_octets); its rest is skipped.
    FieldTooLong,
    /// A boundary over [`Limits::boundary`](crate::Limits::boundary); the multipart is opaque.
    BoundaryTooLong,
    /// A comment in a structured field does not end (RFC 5322 §3.2.2); it takes all that follows.
    /// This and the next ones are told by [`Message::problems`](crate::Message::problems).
    UnterminatedComment,
    /// A quoted string in a structured field does not end (RFC 5322 §3.2.4); it takes all that
    /// follows.
    UnterminatedString,
    /// An encoded word does not end, has a character set that is unknown, or octets that are not of
    /// its encoding or its character set (RFC 2047 §6.3).
    BadEncodedWord,
    /// A body has octets that its transfer encoding does not have (RFC 2045 §6.7, §6.8).
    BadEncoding,
    /// A text has octets that its character set does not have, or that set is unknown.
    BadText,
    /// More parameters than [`Limits::parameters`](crate::Limits::parameters); those beyond are
    /// not seen.
    TooManyParameters,
    /// More addresses than [`Limits::addresses`](crate::Limits::addresses); those beyond are not
    /// read.
    TooManyAddresses,
    /// More encoded words than [`Limits::encoded_words`](crate::Limits::encoded_words); those
    /// beyond stay as they are.
    TooManyEncodedWords,
    /// More defects than [`Limits::defects`](crate::Limits::defects); no more are reported.
    TooManyDefects,
}

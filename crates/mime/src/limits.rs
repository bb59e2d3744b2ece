//! What a message may cost us.

/// How much structure a parser records and how far it looks ahead.
///
/// A message beyond a limit is still a message: what lies beyond is kept as octets, and a
/// [`Defect`](crate::Defect) says where that began. The defaults are safe for mail from strangers.
///
/// ```
/// use mime::{DefectKind, Limits, Message};
///
/// let limits = Limits { fields: 1, ..Limits::default() };
/// let message = Message::parse_with(b"To: a@b\r\nCc: c@d\r\n\r\n", &limits);
/// assert_eq!(message.root().fields().count(), 1);
/// assert_eq!(message.defects()[0].kind, DefectKind::TooManyFields);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Parts inside parts, the message itself being at depth 1. Default 64: real mail stays under
    /// 10, and every delimiter line is compared with one boundary a level.
    pub depth: usize,
    /// Parts of a message, itself included. Default 10 000: what large digests reach, and what
    /// mail-parser takes.
    pub parts: usize,
    /// Header fields of a message, those of its parts included. Default 65 536: six for each part
    /// that [`parts`](Self::parts) admits.
    pub fields: usize,
    /// Octets of one header field with its folds and its last line end. Default 102 400, Postfix's
    /// `header_size_limit`. A push parser holds one whole field.
    pub field_octets: usize,
    /// Octets of a boundary. Default 998, what a line can hold (RFC 5322 §2.1.1); RFC 2046 §5.1.1
    /// says 70, and some senders pass it by far.
    pub boundary: usize,
    /// Blanks after a boundary, which gateways may add (RFC 2046 §5.1.1). Default 256.
    pub padding: usize,
    /// Parameters of one field, each piece of a continuation (RFC 2231 §3) being one. Default
    /// 1 000: a file name of 255 characters in pieces takes under a hundred.
    pub parameters: usize,
    /// Addresses of one field, those in groups and the groups themselves included. Default 10 000:
    /// ten times what mail servers take as recipients of a message (RFC 5321 §4.5.3.1.8 asks for
    /// 100). An address in memory takes many times its shortest form.
    pub addresses: usize,
    /// Encoded words of one field that are decoded (RFC 2047). Default 5 000: what a header field
    /// of the longest size can hold in words of twenty octets.
    pub encoded_words: usize,
    /// Defects reported. Default 1 000, so that a message made of mistakes cannot fill a log.
    pub defects: usize,
    /// Levels of quotation, and of lists, by which [`html_to_text`](crate::html_to_text) indents a
    /// line. Default 8: more cannot be read, and deep nesting would make the text many times as
    /// long as the page.
    pub indent: usize,
    /// Octets of an mbox file that decide what a line is: its `From ` line, and in a `>From `
    /// line the marks. Default 998, what a line can hold (RFC 5322 §2.1.1). A push reader holds
    /// as much.
    pub from_line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 64,
            parts: 10_000,
            fields: 65_536,
            field_octets: 102_400,
            boundary: 998,
            padding: 256,
            parameters: 1_000,
            addresses: 10_000,
            encoded_words: 5_000,
            defects: 1_000,
            indent: 8,
            from_line: 998,
        }
    }
}

/// What one field may cost: the part of [`Limits`] that fields take with them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FieldLimits {
    pub(crate) parameters: usize,
    pub(crate) addresses: usize,
    pub(crate) encoded_words: usize,
}

impl From<&Limits> for FieldLimits {
    fn from(limits: &Limits) -> Self {
        let &Limits { parameters, addresses, encoded_words, .. } = limits;
        Self { parameters, addresses, encoded_words }
    }
}

impl Default for FieldLimits {
    fn default() -> Self {
        Self::from(&Limits::default())
    }
}

//! Header fields, read when asked for.
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::encoded_word::Words;
use crate::header::split_field;
use crate::index::FieldEntry;
use crate::limits::FieldLimits;
use crate::scan::after;
use crate::{AddressList, ContentType, DateTime, Disposition, Limits, MessageId};

/// A header field: a name, and octets that are decoded on access.
///
/// ```
/// use mime::Field;
///
/// let field = Field::new(b"Subject: =?utf-8?Q?P=C3=A2t=C3=A9?=\r\n and wine\r\n").unwrap();
/// assert!(field.is("subject"));
/// assert_eq!(field.text(), "Pâté and wine");
/// ```
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Field<'a> {
    raw: &'a [u8],
    name: &'a str,
    value: &'a [u8],
    limits: FieldLimits,
}

impl<'a> Field<'a> {
    /// Reads one field with its folds; `None` if it has no name and colon. What it may cost is
    /// bounded by the default [`Limits`]; the fields of a [`Message`](crate::Message) have its
    /// limits.
    #[must_use]
    pub fn new(raw: &'a [u8]) -> Option<Self> {
        let (name, value) = split_field(raw)?;
        Some(Self {
            raw,
            name: core::str::from_utf8(name).ok()?,
            value: without_line_end(value),
            limits: FieldLimits::default(),
        })
    }

    /// Replaces what it may cost: its parameters, addresses and encoded words.
    ///
    /// ```
    /// use mime::{Field, Limits};
    ///
    /// let limits = Limits { addresses: 1, ..Limits::default() };
    /// let list = Field::new(b"To: a@b, c@d\r\n").unwrap().with_limits(&limits).addresses();
    /// assert!(list.is_truncated() && list.mailboxes().count() == 1);
    /// ```
    #[must_use]
    pub fn with_limits(mut self, limits: &Limits) -> Self {
        self.limits = FieldLimits::from(limits);
        self
    }

    pub(crate) const fn limits(&self) -> FieldLimits {
        self.limits
    }

    /// Returns the encoded words that it may have.
    pub(crate) const fn words(&self) -> Words {
        Words::new(self.limits.encoded_words)
    }

    /// Cuts a field that is in the index out of its message.
    pub(crate) fn indexed(entry: &FieldEntry, octets: &'a [u8], limits: FieldLimits) -> Self {
        let raw = entry.span().of(octets);
        let (name, rest) = raw.split_at_checked(entry.name).unwrap_or((raw, &[]));
        // Blanks before the colon are obsolete, and rare.
        let colon = rest.iter().position(|octet| *octet == b':').map_or(0, |at| at + 1);
        let name = core::str::from_utf8(name).unwrap_or_default();
        Self { raw, name, value: without_line_end(after(rest, colon)), limits }
    }

    /// Returns the name as it is spelled.
    #[must_use]
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Tells whether this is the name, in any case of letters.
    #[must_use]
    pub const fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns all its octets, line end included.
    #[must_use]
    pub const fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// Returns the octets between the colon and the last line end, folds included.
    #[must_use]
    pub const fn value(&self) -> &'a [u8] {
        self.value
    }

    /// Reads the value as unstructured text (RFC 5322 §2.2.1): unfolded, encoded words decoded, but
    /// for those beyond [`Limits::encoded_words`].
    #[must_use]
    pub fn text(&self) -> String {
        self.words().decode(self.value.trim_ascii())
    }

    /// Reads the value as addresses (RFC 5322 §3.4).
    #[must_use]
    pub fn addresses(&self) -> AddressList {
        AddressList::within(self.value, self.limits)
    }

    /// Reads the value as a date (RFC 5322 §3.3, obsolete forms included).
    #[must_use]
    pub fn date(&self) -> Option<DateTime> {
        DateTime::read(self.value)
    }

    /// Reads the value as message identifiers (RFC 5322 §3.6.4), going over all that is none.
    #[must_use]
    pub fn message_ids(&self) -> Vec<MessageId> {
        MessageId::read_all(self.value)
    }

    /// Reads the value as a content type (RFC 2045 §5).
    #[must_use]
    pub fn content_type(&self) -> ContentType<'a> {
        ContentType::within(self.value, self.limits)
    }

    /// Reads the value as a content disposition (RFC 2183).
    #[must_use]
    pub fn disposition(&self) -> Disposition<'a> {
        Disposition::within(self.value, self.limits)
    }
}

fn without_line_end(value: &[u8]) -> &[u8] {
    let value = value.strip_suffix(b"\n").unwrap_or(value);
    value.strip_suffix(b"\r").unwrap_or(value)
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:?}", self.name, self.text())
    }
}

//! Names in Unicode, at the edge (RFC 5890, UTS #46); feature `idna`.
use alloc::string::{String, ToString};

use super::{Name, NameRef};
use crate::error::{ParseError, ParseErrorKind};

impl Name {
    /// Reads a name as people write it: labels beyond ASCII become A-labels (`xn--…`).
    ///
    /// Only for what people type. There are no escapes here, and underscores are allowed.
    ///
    /// ```
    /// use dns_proto::Name;
    ///
    /// let name = Name::from_unicode("Bücher.example")?;
    /// assert_eq!(name.to_string(), "xn--bcher-kva.example.");
    /// assert_eq!(name.view().to_unicode(), "bücher.example.");
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When a label has no A-label, or the name is too long.
    pub fn from_unicode(text: &str) -> Result<Self, ParseError> {
        let ascii = ::idna::domain_to_ascii(text);
        ascii.map_err(|_| ParseError::new(ParseErrorKind::Idna, 0))?.parse()
    }
}

impl NameRef<'_> {
    /// Returns the name for people to read: A-labels become Unicode if they are sound, and stay as
    /// they are if not.
    #[must_use]
    pub fn to_unicode(self) -> String {
        let ascii = self.to_string();
        match ::idna::domain_to_unicode(&ascii) {
            (unicode, Ok(())) => unicode,
            _ => ascii,
        }
    }
}

//! Text for people in headers.
use alloc::string::String;
use core::fmt;

use smol_str::SmolStr;

/// Text that cannot break a header: it holds no control characters.
///
/// Every text becomes one: each control character, CR and LF first of all, becomes a space.
///
/// ```
/// use mime::Text;
///
/// assert_eq!(Text::from("Hi\r\nBcc: eve@example.org").as_str(), "Hi  Bcc: eve@example.org");
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Text(SmolStr);

impl Text {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        if !has_controls(text) {
            return Self(SmolStr::new(text));
        }
        Self(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if has_controls(&text) { Self::from(text.as_str()) } else { Self(text.into()) }
    }
}

/// Tells whether there are control characters, at one look at the octets: those that are not
/// ASCII are U+0080 to U+009F, which no other octet than 0xC2 begins.
pub(crate) fn has_controls(text: &str) -> bool {
    let found = |found, octet: u8| found | octet.is_ascii_control() | (octet == 0xc2);
    text.bytes().fold(false, found) && text.contains(char::is_control)
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

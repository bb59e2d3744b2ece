//! Text for people in headers.
use alloc::string::String;
use core::fmt;

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
pub struct Text(String);

impl Text {
    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect())
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        if text.contains(char::is_control) { Self::from(text.as_str()) } else { Self(text) }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

//! How a body was put into lines (RFC 2045 §6).
use core::fmt;

use crate::lex::{Lexer, is_token};

/// A content transfer encoding (RFC 2045 §6).
///
/// ```
/// use mime::Encoding;
///
/// assert_eq!(Encoding::from_field(b" Base64\r\n"), Encoding::Base64);
/// assert!(Encoding::default().is_identity());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Encoding {
    /// Short lines of ASCII, as they are. The default.
    #[default]
    SevenBit,
    /// Short lines of any octets, as they are.
    EightBit,
    /// Any octets, as they are.
    Binary,
    /// RFC 2045 §6.7.
    QuotedPrintable,
    /// RFC 2045 §6.8.
    Base64,
    /// A name that is none of these: the octets are taken as they are.
    Unknown,
}

impl Encoding {
    /// Reads the value of a `Content-Transfer-Encoding` field: what follows the colon.
    #[must_use]
    pub fn from_field(value: &[u8]) -> Self {
        let mut lexer = Lexer::new(value);
        lexer.skip_cfws();
        let name = lexer.take_while(is_token);
        let all =
            [Self::SevenBit, Self::EightBit, Self::Binary, Self::QuotedPrintable, Self::Base64];
        let found = all.into_iter().find(|it| name.eq_ignore_ascii_case(it.name().as_bytes()));
        found.unwrap_or(Self::Unknown)
    }

    /// Tells whether the octets stand for themselves.
    #[must_use]
    pub const fn is_identity(self) -> bool {
        !matches!(self, Self::QuotedPrintable | Self::Base64)
    }

    /// Returns the name, as RFC 2045 §6.1 has it; `unknown` for [`Unknown`](Self::Unknown).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Binary => "binary",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

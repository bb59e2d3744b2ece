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
    /// `x-uuencode`, seen where mail came from Unix in the past: POSIX has the format.
    Uuencode,
    /// `x-yenc`, seen in what came from Usenet.
    Yenc,
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
        let names: [(&[u8], Self); 10] = [
            (b"7bit", Self::SevenBit),
            (b"base64", Self::Base64),
            (b"quoted-printable", Self::QuotedPrintable),
            (b"8bit", Self::EightBit),
            (b"binary", Self::Binary),
            (b"x-uuencode", Self::Uuencode),
            (b"x-uue", Self::Uuencode),
            (b"uuencode", Self::Uuencode),
            (b"x-yenc", Self::Yenc),
            (b"yenc", Self::Yenc),
        ];
        let found = names.into_iter().find(|(it, _)| name.eq_ignore_ascii_case(it));
        found.map_or(Self::Unknown, |(_, encoding)| encoding)
    }

    /// Tells whether the octets stand for themselves.
    #[must_use]
    pub const fn is_identity(self) -> bool {
        !matches!(self, Self::QuotedPrintable | Self::Base64 | Self::Uuencode | Self::Yenc)
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
            Self::Uuencode => "x-uuencode",
            Self::Yenc => "x-yenc",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

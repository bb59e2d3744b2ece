//! What the way of a message can carry.

/// What a message is written for: the transports on its way.
///
/// Anything arrives by [`SEVEN_BIT`](Self::SEVEN_BIT), which every transport is. A client that
/// speaks with a server knows more from its greeting: `8BITMIME` (RFC 6152), `BINARYMIME`
/// (RFC 3030), `SMTPUTF8` (RFC 6531).
///
/// ```
/// use mime::Target;
///
/// let offered = ["8BITMIME", "SMTPUTF8"];
/// let mut target = Target::SEVEN_BIT;
/// if offered.contains(&"8BITMIME") { target = Target::EIGHT_BIT_MIME }
/// if offered.contains(&"SMTPUTF8") { target = target.smtputf8() }
/// assert!(target.carries_eight_bit() && target.carries_utf8() && !target.carries_binary());
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub struct Target {
    body: Body,
    utf8: bool,
}

#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Body {
    #[default]
    Seven,
    Eight,
    Binary,
}

impl Target {
    /// Lines of ASCII: what every transport carries. The default.
    pub const SEVEN_BIT: Self = Self { body: Body::Seven, utf8: false };
    /// Lines of any octets (RFC 6152).
    pub const EIGHT_BIT_MIME: Self = Self { body: Body::Eight, utf8: false };
    /// Any octets (RFC 3030).
    pub const BINARY_MIME: Self = Self { body: Body::Binary, utf8: false };

    /// Allows UTF-8 in headers (RFC 6531).
    #[must_use]
    pub const fn smtputf8(self) -> Self {
        Self { utf8: true, ..self }
    }

    /// Tells whether lines may have any octets but NUL.
    #[must_use]
    pub const fn carries_eight_bit(self) -> bool {
        !matches!(self.body, Body::Seven)
    }

    /// Tells whether a body may have any octets.
    #[must_use]
    pub const fn carries_binary(self) -> bool {
        matches!(self.body, Body::Binary)
    }

    /// Tells whether headers may have UTF-8.
    #[must_use]
    pub const fn carries_utf8(self) -> bool {
        self.utf8
    }
}

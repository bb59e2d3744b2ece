//! Reading `Content-Type` and `Content-Disposition` (RFC 2045 §5, RFC 2183).
use alloc::string::String;
use alloc::vec::Vec;

use crate::lex::{Lexer, is_token};
use crate::limits::FieldLimits;
use crate::parameter::{Parameters, Plain};
use crate::{Parameter, PartKind};

/// What a part says its body is (RFC 2045 §5).
///
/// Parameters are decoded on access. What cannot be read is `text/plain`, as RFC 2045 §5.2 wants.
///
/// ```
/// use mime::ContentType;
///
/// let html = ContentType::new(b" Text/HTML; charset=\"utf-8\" (not ascii)\r\n");
/// assert!(html.is("text", "html"));
/// assert_eq!(html.parameter("charset").as_deref(), Some("utf-8"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ContentType<'a> {
    top: &'a str,
    subtype: &'a str,
    parameters: Parameters<'a>,
}

impl<'a> ContentType<'a> {
    /// Reads the value of a `Content-Type` field, what follows the colon, under the default
    /// [`Limits`](crate::Limits).
    #[must_use]
    pub fn new(value: &'a [u8]) -> Self {
        Self::within(value, FieldLimits::default())
    }

    pub(crate) fn within(value: &'a [u8], limits: FieldLimits) -> Self {
        let mut lexer = Lexer::new(value);
        let top = token(&mut lexer);
        lexer.skip_cfws();
        let subtype = if lexer.eat(b'/') { token(&mut lexer) } else { "" };
        let (top, subtype) = match (top, subtype) {
            ("", _) => ("text", "plain"),
            (top, "") if top.eq_ignore_ascii_case("text") => (top, "plain"),
            (top, "") if top.eq_ignore_ascii_case("multipart") => (top, "mixed"),
            (_, "") => ("text", "plain"),
            both => both,
        };
        Self { top, subtype, parameters: Parameters::new(lexer, limits) }
    }

    /// Returns the top-level type as it is spelled: `text` of `text/plain`.
    #[must_use]
    pub const fn top(&self) -> &'a str {
        self.top
    }

    /// Returns the subtype as it is spelled: `plain` of `text/plain`.
    #[must_use]
    pub const fn subtype(&self) -> &'a str {
        self.subtype
    }

    /// Tells whether this is `top/subtype`, in any case of letters.
    #[must_use]
    pub const fn is(&self, top: &str, subtype: &str) -> bool {
        self.top.eq_ignore_ascii_case(top) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// Returns a parameter, decoded (RFC 2231; also encoded words, which some senders put there).
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.find(name)
    }

    /// Returns all parameters, decoded, in the order in which their names first appear.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        self.parameters.read()
    }

    /// Appends a parameter to octets as [`parameter`](Self::parameter) reads it, but for the
    /// character set: without memory of its own in all but odd cases.
    pub(crate) fn append_parameter(&self, name: &str, out: &mut Vec<u8>) {
        match self.parameters.plain(name) {
            Plain::Found(value) => value.append(out),
            Plain::Missing => {}
            Plain::Elsewhere => {
                out.extend_from_slice(self.parameter(name).unwrap_or_default().as_bytes());
            }
        }
    }

    /// Returns the parameters as they are written.
    pub(crate) const fn written(&self) -> Parameters<'a> {
        self.parameters
    }

    pub(crate) fn part_kind(&self) -> PartKind {
        if self.top.eq_ignore_ascii_case("multipart") {
            PartKind::Multipart
        } else if self.is("message", "rfc822") || self.is("message", "global") {
            PartKind::Message
        } else {
            PartKind::Leaf
        }
    }
}

/// What a part says should become of it (RFC 2183).
///
/// ```
/// use mime::Disposition;
///
/// let picture = Disposition::new(b" attachment; filename*=utf-8''%C3%A9t%C3%A9.jpg\r\n");
/// assert!(picture.is("attachment"));
/// assert_eq!(picture.parameter("filename").as_deref(), Some("été.jpg"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Disposition<'a> {
    kind: &'a str,
    parameters: Parameters<'a>,
}

impl<'a> Disposition<'a> {
    /// Reads the value of a `Content-Disposition` field, what follows the colon, under the default
    /// [`Limits`](crate::Limits).
    #[must_use]
    pub fn new(value: &'a [u8]) -> Self {
        Self::within(value, FieldLimits::default())
    }

    pub(crate) fn within(value: &'a [u8], limits: FieldLimits) -> Self {
        let mut lexer = Lexer::new(value);
        let kind = token(&mut lexer);
        Self { kind, parameters: Parameters::new(lexer, limits) }
    }

    /// Returns the disposition as it is spelled; empty if there is none.
    #[must_use]
    pub const fn kind(&self) -> &'a str {
        self.kind
    }

    /// Tells whether this is the disposition, in any case of letters.
    #[must_use]
    pub const fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Returns a parameter, decoded as [`ContentType::parameter`] does.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.find(name)
    }

    /// Returns the parameters as they are written.
    pub(crate) const fn written(&self) -> Parameters<'a> {
        self.parameters
    }

    /// Returns all parameters, as [`ContentType::parameters`] does.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        self.parameters.read()
    }
}

/// Reads a token between comments and blanks; empty if there is none.
fn token<'a>(lexer: &mut Lexer<'a>) -> &'a str {
    lexer.skip_cfws();
    core::str::from_utf8(lexer.take_while(is_token)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_plain_text() {
        for (value, expected) in [
            ("", ("text", "plain")),
            ("text", ("text", "plain")),
            ("multipart", ("multipart", "mixed")),
            ("image/", ("text", "plain")),
            ("(c) image (d) / (e) png", ("image", "png")),
        ] {
            let read = ContentType::new(value.as_bytes());
            assert_eq!((read.top(), read.subtype()), expected, "{value}");
        }
    }
}

//! What a server says first: `+OK` or `-ERR`, perhaps a code, and words.
use bytes::{BufMut, Bytes, BytesMut};
use proto_core::Text;

use crate::{Misuse, ParseError, ParseErrorKind};

/// A response (RFC 1939 §3, RFC 2449 §8).
///
/// ```
/// use pop3_proto::{Response, ResponseCode, Text};
///
/// let busy = Response::err(Text::from_static("another session has it"))
///     .with_code(ResponseCode::InUse);
/// let mut line = bytes::BytesMut::new();
/// busy.write(&mut line);
/// assert_eq!(line, "-ERR [IN-USE] another session has it\r\n");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Response {
    ok: bool,
    code: Option<ResponseCode>,
    text: Text,
}

/// Why, in a form for programs (RFC 2449 §8, RFC 3206).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ResponseCode {
    /// The maildrop is in use by another session (RFC 2449 §8.1.2).
    InUse,
    /// It is too soon after the last login (RFC 2449 §8.1.1).
    LoginDelay,
    /// The server has a problem that will pass (RFC 3206 §4).
    SysTemp,
    /// The server has a problem that somebody must mend (RFC 3206 §4).
    SysPerm,
    /// The user's credentials are wrong (RFC 3206 §5).
    Auth,
    /// The message cannot be shown without UTF-8 (RFC 6856 §2.1).
    Utf8,
    /// Any other.
    Other(OtherCode),
}

/// A code that this crate has no name for, without its brackets: see [`ResponseCode::new`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtherCode(Text);

impl OtherCode {
    /// Returns the code's octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Response {
    /// Makes a `+OK`. Words that begin with something in brackets begin with a code: that is how
    /// the client reads them (RFC 2449 §8).
    #[must_use]
    pub fn ok(text: Text) -> Self {
        Self::new(true, text)
    }

    /// Makes an `-ERR`. Words that begin with something in brackets begin with a code.
    #[must_use]
    pub fn err(text: Text) -> Self {
        Self::new(false, text)
    }

    fn new(ok: bool, text: Text) -> Self {
        let parts = bracketed(text.as_bytes()).map(|(code, rest)| {
            let part = |octets| Text::parse(Bytes::copy_from_slice(octets));
            (part(code), part(rest))
        });
        match parts {
            Some((Ok(code), Ok(text))) => Self { ok, code: Some(ResponseCode::named(code)), text },
            // A part of a text is a text.
            _ => Self { ok, code: None, text },
        }
    }

    /// Adds a code, or replaces the one that is there.
    #[must_use]
    pub fn with_code(mut self, code: ResponseCode) -> Self {
        self.code = Some(code);
        self
    }

    /// Whether it is a `+OK`.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        self.ok
    }

    /// Returns the code.
    #[must_use]
    pub const fn code(&self) -> Option<&ResponseCode> {
        self.code.as_ref()
    }

    /// Returns the words.
    #[must_use]
    pub const fn text(&self) -> &Text {
        &self.text
    }

    /// Reads a line, without its CRLF. Control characters in the words are an error; so a
    /// server's words can be printed.
    ///
    /// # Errors
    /// The line is no response.
    pub fn parse(line: &Bytes) -> Result<Self, ParseError> {
        let ok = match line.iter().position(|octet| *octet == b' ').unwrap_or(line.len()) {
            3 if line.get(..3).is_some_and(|word| word.eq_ignore_ascii_case(b"+OK")) => true,
            4 if line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"-ERR")) => false,
            _ => return Err(ParseError::new(ParseErrorKind::Status, 0)),
        };
        let start = if ok { 4 } else { 5 }.min(line.len());
        let words = line.slice(start..);
        let words = Text::parse(words)
            .map_err(|error| ParseError::new(ParseErrorKind::Control, start + error.offset))?;
        Ok(Self::new(ok, words))
    }

    /// Appends the line, with its CRLF.
    pub fn write(&self, out: &mut BytesMut) {
        out.put_slice(if self.ok { b"+OK" } else { b"-ERR" });
        if let Some(code) = &self.code {
            out.put_slice(b" [");
            out.put_slice(code.as_bytes());
            out.put_u8(b']');
        }
        if !self.text.as_bytes().is_empty() {
            out.put_u8(b' ');
            self.text.write(out);
        }
        out.put_slice(b"\r\n");
    }
}

impl ResponseCode {
    /// Makes a code of its name, without brackets.
    ///
    /// ```
    /// use pop3_proto::{ResponseCode, Text};
    ///
    /// assert_eq!(ResponseCode::new(Text::from_static("auth")), Ok(ResponseCode::Auth));
    /// assert!(ResponseCode::new(Text::from_static("A] +OK [B")).is_err());
    /// ```
    ///
    /// # Errors
    /// It holds a closing bracket.
    pub fn new(name: Text) -> Result<Self, Misuse> {
        if name.as_bytes().contains(&b']') { Err(Misuse::Word) } else { Ok(Self::named(name)) }
    }

    /// A name without a closing bracket.
    fn named(name: Text) -> Self {
        let known =
            [Self::InUse, Self::LoginDelay, Self::SysTemp, Self::SysPerm, Self::Auth, Self::Utf8];
        let same = |code: &Self| code.as_bytes().eq_ignore_ascii_case(name.as_bytes());
        known.into_iter().find(same).unwrap_or(Self::Other(OtherCode(name)))
    }

    fn as_bytes(&self) -> &[u8] {
        match self {
            Self::InUse => b"IN-USE",
            Self::LoginDelay => b"LOGIN-DELAY",
            Self::SysTemp => b"SYS/TEMP",
            Self::SysPerm => b"SYS/PERM",
            Self::Auth => b"AUTH",
            Self::Utf8 => b"UTF8",
            Self::Other(name) => name.as_bytes(),
        }
    }
}

/// Splits `[CODE] words` into the code and the words.
fn bracketed(words: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = words.strip_prefix(b"[")?;
    let end = inner.iter().position(|octet| *octet == b']')?;
    let (code, rest) = inner.split_at_checked(end)?;
    let rest = rest.get(1..)?;
    Some((code, rest.strip_prefix(b" ").unwrap_or(rest)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn responses_are_read_and_written() {
        let text = |text| Text::new(text).unwrap();
        let table = [
            ("+OK", Response::ok(text(""))),
            ("+OK POP3 server ready", Response::ok(text("POP3 server ready"))),
            ("-ERR", Response::err(text(""))),
            (
                "-ERR [IN-USE] Do you have another POP session running?",
                Response::err(text("Do you have another POP session running?"))
                    .with_code(ResponseCode::InUse),
            ),
            ("-ERR [SYS/TEMP] full", Response::err(text("full")).with_code(ResponseCode::SysTemp)),
            (
                "+OK [X-NEW/THING]",
                Response::ok(text("")).with_code(ResponseCode::new(text("X-NEW/THING")).unwrap()),
            ),
            ("-ERR [AUTH] [B] c", Response::err(text("[auth] [B] c"))),
            ("-ERR [AUTH] c", Response::err(text("[B] c")).with_code(ResponseCode::Auth)),
            ("+OK [not a code", Response::ok(text("[not a code"))),
        ];
        for (line, response) in table {
            assert_eq!(Response::parse(&line.into()), Ok(response.clone()), "{line}");
            let mut out = BytesMut::new();
            response.write(&mut out);
            assert_eq!(out.strip_suffix(b"\r\n").unwrap(), line.as_bytes());
        }
    }

    #[test]
    fn other_lines_are_no_responses() {
        for line in ["", "OK", "+OKAY", "+OK\tx", "- ERR", "* OK"] {
            let error = Response::parse(&line.into()).unwrap_err();
            assert_eq!(error.kind(), ParseErrorKind::Status, "{line}");
        }
        let error = Response::parse(&"+OK a\x1B[2J".into()).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Control, 5));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            ok in any::<bool>(),
            words in "[ \\[\\]aA]{0,6}",
            code in proptest::option::of("[ \\[\\]aA]{0,3}"),
        ) {
            let text = Text::new(&words).unwrap();
            let mut response = if ok { Response::ok(text) } else { Response::err(text) };
            let code = code.and_then(|code| ResponseCode::new(Text::new(&code).unwrap()).ok());
            if let Some(code) = code {
                response = response.with_code(code);
            }
            let mut line = BytesMut::new();
            response.write(&mut line);
            let line = line.freeze();
            prop_assert_eq!(Response::parse(&line.slice(..line.len() - 2)), Ok(response));
        }
    }
}

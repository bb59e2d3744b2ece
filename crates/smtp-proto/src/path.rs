//! Paths: who a message is from, and whom it is for.
use core::fmt;

use bytes::{BufMut, BytesMut};

use crate::grammar::{self, Cursor};
use crate::{Leniency, Mailbox, ParseError, ParseErrorKind};

/// Where to tell of failure (RFC 5321 §4.1.2).
///
/// ```
/// use smtp_proto::ReversePath;
///
/// let alice = ReversePath::Mailbox("alice@crepes.fr".parse()?);
/// assert_eq!(alice.to_string(), "<alice@crepes.fr>");
/// assert_eq!(ReversePath::Null.to_string(), "<>");
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum ReversePath {
    /// `<>`: nowhere. Bounces have it, or they would cause bounces.
    Null,
    /// This mailbox.
    Mailbox(Mailbox),
}

/// Where a message goes (RFC 5321 §4.1.1.3).
///
/// ```
/// use smtp_proto::ForwardPath;
///
/// let bob = ForwardPath::Mailbox("bob@hamburger.edu".parse()?);
/// assert_eq!(bob.to_string(), "<bob@hamburger.edu>");
/// assert_eq!(ForwardPath::Postmaster.to_string(), "<Postmaster>");
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum ForwardPath {
    /// `<Postmaster>`: whoever looks after this host (RFC 5321 §4.5.1).
    Postmaster,
    /// This mailbox.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// Whether it can be sent to a server without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.mailbox().is_none_or(Mailbox::is_ascii)
    }

    /// Returns the mailbox, if it is not null.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>, leniency: Leniency) -> Result<Self, ParseError> {
        if cursor.eat(b"<>") {
            return Ok(Self::Null);
        }
        mailbox(cursor, leniency).map(Self::Mailbox)
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        match self {
            Self::Null => out.put_slice(b"<>"),
            Self::Mailbox(mailbox) => write_mailbox(mailbox, out),
        }
    }
}

impl ForwardPath {
    /// Whether it can be sent to a server without SMTPUTF8.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.mailbox().is_none_or(Mailbox::is_ascii)
    }

    /// Returns the mailbox, if it has a domain.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Postmaster => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>, leniency: Leniency) -> Result<Self, ParseError> {
        if cursor.eat(b"<Postmaster>") {
            return Ok(Self::Postmaster);
        }
        mailbox(cursor, leniency).map(Self::Mailbox)
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        match self {
            Self::Postmaster => out.put_slice(b"<Postmaster>"),
            Self::Mailbox(mailbox) => write_mailbox(mailbox, out),
        }
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("<Postmaster>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

fn write_mailbox(mailbox: &Mailbox, out: &mut BytesMut) {
    out.put_u8(b'<');
    mailbox.write(out);
    out.put_u8(b'>');
}

/// `"<" [ A-d-l ":" ] Mailbox ">"`.
fn mailbox(cursor: &mut Cursor<'_>, leniency: Leniency) -> Result<Mailbox, ParseError> {
    let bracket = cursor.eat_octet(b'<');
    if !bracket && !leniency.missing_brackets {
        return Err(cursor.error(ParseErrorKind::Path));
    }
    if bracket {
        drop_route(cursor)?;
    }
    let mailbox = Mailbox::parse_prefix(cursor.line(), cursor.position())?;
    cursor.skip(mailbox.len());
    if bracket && !cursor.eat_octet(b'>') {
        return Err(cursor.error(ParseErrorKind::Path));
    }
    Ok(mailbox)
}

/// RFC 5321 §4.1.1.3: source routes MUST be accepted, and SHOULD be ignored.
fn drop_route(cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let mut found = false;
    while cursor.eat_octet(b'@') {
        found = true;
        match grammar::host(cursor.rest()) {
            0 => return Err(cursor.error(ParseErrorKind::Path)),
            length => cursor.skip(length),
        }
        if !cursor.eat_octet(b',') {
            break;
        }
    }
    if found && !cursor.eat_octet(b':') {
        return Err(cursor.error(ParseErrorKind::Path));
    }
    Ok(())
}

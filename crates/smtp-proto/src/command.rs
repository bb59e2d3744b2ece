//! What clients say.
use core::fmt::Write;

use bytes::{BufMut, Bytes, BytesMut};
use proto_core::Secret;
use sasl::Mechanism;

use crate::extension::Of;
use crate::grammar::Cursor;
use crate::{
    AttributeName, Attributes, ForwardPath, Host, Parameters, ParseError, ParseErrorKind,
    ReversePath, Text,
};

/// A command (RFC 5321 §4.1.1), with arguments that are what they should be.
///
/// ```
/// use bytes::BytesMut;
/// use smtp_proto::{Command, Leniency, ReversePath};
///
/// let line = "mail from: <alice@crepes.fr> SIZE=120".into();
/// let command = Command::parse(&line, Leniency::default())?;
/// let Command::Mail { from, parameters } = &command else { panic!("it is MAIL") };
/// assert_eq!(from.to_string(), "<alice@crepes.fr>");
/// assert_eq!(parameters.size(), Some(120));
///
/// let mut out = BytesMut::new();
/// command.write(&mut out);
/// assert_eq!(out, "MAIL FROM:<alice@crepes.fr> SIZE=120\r\n");
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// The client names itself, and asks for extensions.
    Ehlo(Host),
    /// The client names itself, as before there were extensions.
    Helo(Host),
    /// The client names itself, and asks for extensions, in LMTP: RFC 2033.
    Lhlo(Host),
    /// A transaction begins.
    Mail {
        /// Where to tell of failure.
        from: ReversePath,
        /// What else is said of the message.
        parameters: Parameters,
    },
    /// A recipient is added.
    Rcpt {
        /// Who it is.
        to: ForwardPath,
        /// What else is said of the recipient.
        parameters: Parameters,
    },
    /// The message follows.
    Data,
    /// The transaction is forgotten.
    Rset,
    /// Nothing; an argument is dropped.
    Noop,
    /// The session ends.
    Quit,
    /// Is this a user or a mailbox? It may be followed by `SMTPUTF8` (RFC 6531 §3.7.4.2), which
    /// stays with the words.
    Vrfy(Text),
    /// Who is on this list? The same is true of it.
    Expn(Text),
    /// What can be said, or what does it mean?
    Help(Option<Text>),
    /// TLS follows: RFC 3207.
    StartTls,
    /// The client proves who it is: RFC 4954.
    Auth {
        /// How.
        mechanism: Mechanism,
        /// Its first words; empty is not none.
        initial: Option<Secret>,
    },
    /// A chunk of the message follows at once: RFC 3030.
    Bdat {
        /// How many octets it has.
        size: u64,
        /// Whether it is the last one.
        last: bool,
    },
    /// A part of the message is to be fetched: RFC 4468.
    Burl {
        /// From where: an absolute URI, which is not looked into here.
        url: Text,
        /// Whether it is the last one.
        last: bool,
    },
    /// A queue is to be run: RFC 1985.
    Etrn(Queue),
    /// A trusted client says for whom it speaks.
    XClient(Attributes),
    /// A trusted client says from whom the message came.
    XForward(Attributes),
}

/// What ETRN asks for (RFC 1985 §5.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Queue {
    /// Mail for a host.
    Host(Host),
    /// Mail for a domain and all below it: `@`.
    Domain(Host),
    /// A queue by a name that means something to the server: `#`.
    Named(Text),
}

/// What is taken from clients that do not keep to the grammar.
///
/// ```
/// use smtp_proto::{Command, Leniency};
///
/// let line = "RCPT TO: <bob@hamburger.edu>".into();
/// assert!(Command::parse(&line, Leniency::default()).is_ok());
/// assert!(Command::parse(&line, Leniency::STRICT).is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Leniency {
    /// Spaces after the colon of `MAIL FROM:` and `RCPT TO:`. On by default: much mail comes
    /// so, and they can mean nothing else.
    pub space_after_colon: bool,
    /// Paths without angle brackets. Off by default: Postfix refuses them at need
    /// (`strict_rfc821_envelopes`), and only hand-typed sessions have them.
    pub missing_brackets: bool,
    /// Any printable word as the argument of EHLO and HELO. On by default: host names with `_`
    /// are common, and RFC 5321 §4.1.4 lets nobody refuse mail for the name.
    pub any_hello: bool,
}

impl Leniency {
    /// Nothing beyond the grammar.
    pub const STRICT: Self =
        Self { space_after_colon: false, missing_brackets: false, any_hello: false };
}

impl Default for Leniency {
    fn default() -> Self {
        Self { space_after_colon: true, missing_brackets: false, any_hello: true }
    }
}

/// The first word.
fn verb(line: &[u8]) -> &[u8] {
    match line.split_at_checked(4) {
        Some((verb, [] | [b' ', ..])) if !verb.contains(&b' ') => verb,
        _ => line.split(|octet| *octet == b' ').next().unwrap_or_default(),
    }
}

/// Finds a command by its name, in any case. Those that take an argument check it themselves.
fn parser(verb: &[u8]) -> Option<Parser> {
    if let Ok(verb) = verb.try_into() {
        return short_parser(verb);
    }
    Some(match verb {
        _ if verb.eq_ignore_ascii_case(b"STARTTLS") => |cursor, _| alone(cursor, Command::StartTls),
        _ if verb.eq_ignore_ascii_case(b"XCLIENT") => {
            |cursor, _| Attributes::parse(cursor, &AttributeName::XCLIENT).map(Command::XClient)
        }
        _ if verb.eq_ignore_ascii_case(b"XFORWARD") => {
            |cursor, _| Attributes::parse(cursor, &AttributeName::XFORWARD).map(Command::XForward)
        }
        _ => return None,
    })
}

/// Those of four letters, which are nearly all: they are compared as one number.
fn short_parser(mut verb: [u8; 4]) -> Option<Parser> {
    verb.make_ascii_uppercase();
    Some(match &verb {
        b"MAIL" => mail,
        b"RCPT" => rcpt,
        b"DATA" => |cursor, _| alone(cursor, Command::Data),
        b"BDAT" => |cursor, _| bdat(cursor),
        b"RSET" => |cursor, _| alone(cursor, Command::Rset),
        b"EHLO" => |cursor, leniency| hello(cursor, leniency).map(Command::Ehlo),
        b"HELO" => |cursor, leniency| hello(cursor, leniency).map(Command::Helo),
        b"LHLO" => |cursor, leniency| hello(cursor, leniency).map(Command::Lhlo),
        b"NOOP" => |cursor, _| words(cursor).map(|_| Command::Noop),
        b"QUIT" => |cursor, _| alone(cursor, Command::Quit),
        b"VRFY" => |cursor, _| required(cursor).map(Command::Vrfy),
        b"EXPN" => |cursor, _| required(cursor).map(Command::Expn),
        b"HELP" => |cursor, _| words(cursor).map(Command::Help),
        b"AUTH" => |cursor, _| auth(cursor),
        b"BURL" => |cursor, _| burl(cursor),
        b"ETRN" => |cursor, _| etrn(cursor).map(Command::Etrn),
        _ => return None,
    })
}

type Parser = fn(&mut Cursor<'_>, Leniency) -> Result<Command, ParseError>;

impl Command {
    /// Reads a line without its CRLF. The command shares the line's buffer.
    ///
    /// Octets beyond ASCII are taken where RFC 6531 has them; whether the peer may send them is
    /// a matter of the session.
    ///
    /// # Errors
    /// The command is not known, or its arguments are not what it takes.
    pub fn parse(line: &Bytes, leniency: Leniency) -> Result<Self, ParseError> {
        // RFC 5321 §4.1.1: white space at the end is tolerated.
        if let spaces @ 1.. = trailing_space(line) {
            return Self::parse(&line.slice(..line.len() - spaces), leniency);
        }
        let verb = verb(line);
        let parser = parser(verb).ok_or(ParseError::new(ParseErrorKind::UnknownCommand, 0))?;
        let mut cursor = Cursor::new(line)?;
        cursor.skip(verb.len());
        parser(&mut cursor, leniency)
    }

    /// Appends the line, with its CRLF.
    pub fn write(&self, out: &mut BytesMut) {
        let words = |verb: &[u8], text: &Text, out: &mut BytesMut| {
            out.put_slice(verb);
            text.write(out);
        };
        let hello = |verb: &[u8], host: &Host, out: &mut BytesMut| {
            out.put_slice(verb);
            host.write(out);
        };
        match self {
            Self::Ehlo(host) => hello(b"EHLO ", host, out),
            Self::Helo(host) => hello(b"HELO ", host, out),
            Self::Lhlo(host) => hello(b"LHLO ", host, out),
            Self::Mail { from, parameters } => {
                out.put_slice(b"MAIL FROM:");
                from.write(out);
                parameters.write(out);
            }
            Self::Rcpt { to, parameters } => {
                out.put_slice(b"RCPT TO:");
                to.write(out);
                parameters.write(out);
            }
            Self::Data => out.put_slice(b"DATA"),
            Self::Rset => out.put_slice(b"RSET"),
            Self::Noop => out.put_slice(b"NOOP"),
            Self::Quit => out.put_slice(b"QUIT"),
            Self::Vrfy(text) => words(b"VRFY ", text, out),
            Self::Expn(text) => words(b"EXPN ", text, out),
            Self::Help(Some(text)) => words(b"HELP ", text, out),
            Self::Help(None) => out.put_slice(b"HELP"),
            Self::StartTls => out.put_slice(b"STARTTLS"),
            Self::Auth { mechanism, initial } => write_auth(*mechanism, initial.as_ref(), out),
            Self::Bdat { size, last } => {
                let _ = write!(out, "BDAT {size}{}", if *last { " LAST" } else { "" });
            }
            Self::Burl { url, last } => {
                words(b"BURL ", url, out);
                out.put_slice(if *last { b" LAST" } else { b"" });
            }
            Self::Etrn(Queue::Host(host)) => hello(b"ETRN ", host, out),
            Self::Etrn(Queue::Domain(host)) => hello(b"ETRN @", host, out),
            Self::Etrn(Queue::Named(name)) => words(b"ETRN #", name, out),
            Self::XClient(attributes) => {
                out.put_slice(b"XCLIENT");
                attributes.write(out);
            }
            Self::XForward(attributes) => {
                out.put_slice(b"XFORWARD");
                attributes.write(out);
            }
        }
        out.put_slice(b"\r\n");
    }
}

fn write_auth(mechanism: Mechanism, initial: Option<&Secret>, out: &mut BytesMut) {
    out.put_slice(b"AUTH ");
    out.put_slice(mechanism.as_str().as_bytes());
    match initial.map(Secret::expose) {
        None => {}
        // RFC 4954 §4: this is how an empty one is told from none.
        Some([]) => out.put_slice(b" ="),
        Some(initial) => {
            out.put_u8(b' ');
            sasl::base64::write(initial, out);
        }
    }
}

fn trailing_space(line: &[u8]) -> usize {
    line.iter().rev().take_while(|octet| matches!(octet, b' ' | b'\t')).count()
}

fn alone(cursor: &Cursor<'_>, command: Command) -> Result<Command, ParseError> {
    if cursor.is_at_end() {
        Ok(command)
    } else {
        Err(cursor.error(ParseErrorKind::UnexpectedArgument))
    }
}

fn words(cursor: &mut Cursor<'_>) -> Result<Option<Text>, ParseError> {
    cursor.eat_spaces();
    let offset = cursor.position();
    let rest = cursor.take_rest();
    match Text::parse(rest) {
        Ok(text) => Ok((!text.as_bytes().is_empty()).then_some(text)),
        Err(error) => Err(ParseError::new(ParseErrorKind::Control, offset + error.offset)),
    }
}

fn required(cursor: &mut Cursor<'_>) -> Result<Text, ParseError> {
    words(cursor)?.ok_or(cursor.error(ParseErrorKind::MissingArgument))
}

fn hello(cursor: &mut Cursor<'_>, leniency: Leniency) -> Result<Host, ParseError> {
    cursor.eat_spaces();
    if cursor.is_at_end() {
        return Err(cursor.error(ParseErrorKind::MissingArgument));
    }
    let offset = cursor.position();
    let word = cursor.take_rest();
    let host =
        if leniency.any_hello { Host::parse_any_word(word) } else { Host::parse_bytes(word) };
    host.map_err(|error| ParseError::new(error.kind(), offset + error.offset()))
}

fn mail(cursor: &mut Cursor<'_>, leniency: Leniency) -> Result<Command, ParseError> {
    introduction(cursor, b"FROM:", leniency)?;
    let from = ReversePath::parse(cursor, leniency)?;
    let parameters = Parameters::parse(cursor, Of::Mail)?;
    Ok(Command::Mail { from, parameters })
}

fn rcpt(cursor: &mut Cursor<'_>, leniency: Leniency) -> Result<Command, ParseError> {
    introduction(cursor, b"TO:", leniency)?;
    let to = ForwardPath::parse(cursor, leniency)?;
    let parameters = Parameters::parse(cursor, Of::Rcpt)?;
    Ok(Command::Rcpt { to, parameters })
}

fn introduction(
    cursor: &mut Cursor<'_>,
    words: &[u8],
    leniency: Leniency,
) -> Result<(), ParseError> {
    cursor.eat_spaces();
    if !cursor.eat(words) {
        return Err(cursor.error(ParseErrorKind::MissingArgument));
    }
    if leniency.space_after_colon {
        cursor.eat_spaces();
    }
    Ok(())
}

/// RFC 4954 §4: `AUTH mechanism [initial-response]`.
fn auth(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.eat_spaces();
    if cursor.is_at_end() {
        return Err(cursor.error(ParseErrorKind::MissingArgument));
    }
    let length = cursor.rest().iter().take_while(|octet| **octet != b' ').count();
    let malformed = cursor.error(ParseErrorKind::Mechanism);
    let mechanism = Mechanism::parse(&cursor.take(length)).map_err(|_| malformed)?;
    cursor.eat_spaces();
    let malformed = cursor.error(ParseErrorKind::Base64);
    let initial = match &*cursor.take_rest() {
        [] => None,
        b"=" => Some(Secret::default()),
        text => Some(sasl::base64::parse(text).map_err(|_| malformed)?),
    };
    Ok(Command::Auth { mechanism, initial })
}

/// RFC 3030 §2: `BDAT size [LAST]`. Any mistake is one of the size.
fn bdat(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.eat_spaces();
    let malformed = cursor.error(ParseErrorKind::Chunk);
    let digits = cursor.rest().iter().take_while(|octet| octet.is_ascii_digit()).count();
    let digits = cursor.take(digits);
    let size = core::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
    let last = end_marker(cursor).ok_or(malformed)?;
    Ok(Command::Bdat { size: size.ok_or(malformed)?, last })
}

/// Nothing, or `LAST`.
fn end_marker(cursor: &mut Cursor<'_>) -> Option<bool> {
    if cursor.is_at_end() {
        return Some(false);
    }
    (cursor.eat_spaces() > 0 && cursor.eat(b"LAST") && cursor.is_at_end()).then_some(true)
}

/// RFC 4468 §3.5: `BURL absolute-URI [LAST]`.
fn burl(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.eat_spaces();
    let malformed = cursor.error(ParseErrorKind::UnexpectedArgument);
    let length = cursor.rest().iter().take_while(|octet| **octet != b' ').count();
    let url = Text::parse(cursor.take(length)).map_err(|_| malformed)?;
    if url.as_bytes().is_empty() {
        return Err(cursor.error(ParseErrorKind::MissingArgument));
    }
    let last = end_marker(cursor).ok_or(malformed)?;
    Ok(Command::Burl { url, last })
}

fn etrn(cursor: &mut Cursor<'_>) -> Result<Queue, ParseError> {
    cursor.eat_spaces();
    if cursor.eat_octet(b'#') {
        return required(cursor).map(Queue::Named);
    }
    let domain = cursor.eat_octet(b'@');
    let offset = cursor.position();
    let host = Host::parse_bytes(cursor.take_rest())
        .map_err(|error| ParseError::new(error.kind(), offset + error.offset()))?;
    Ok(if domain { Queue::Domain(host) } else { Queue::Host(host) })
}

#[cfg(test)]
mod tests;

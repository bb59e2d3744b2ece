//! What a client says.
use core::num::NonZeroU32;

use bytes::{BufMut, Bytes, BytesMut};
use proto_core::{Secret, Text};
use sasl::{Mechanism, base64};

use crate::{ApopDigest, LanguageTag, Misuse, ParseError, ParseErrorKind};

/// The number of a message in a maildrop: they count from 1 (RFC 1939 §5), so that there is
/// no message 0 to be confused with the first.
pub type MessageNumber = NonZeroU32;

/// A command (RFC 1939, 2449, 2595, 5034).
///
/// ```
/// use pop3_proto::{Command, MessageNumber};
///
/// let one = MessageNumber::MIN;
/// assert_eq!(Command::parse("retr 1".into())?, Command::Retr(one));
/// assert!(Command::parse("RETR 0".into()).is_err());
/// # Ok::<_, pop3_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Asks what the server can do.
    Capa,
    /// Names the user; the rest of the line, spaces and all.
    User(Text),
    /// Gives the password; the rest of the line, spaces and all.
    Pass(Password),
    /// Names the user, and proves who it is.
    Apop {
        /// The name.
        user: Text,
        /// The proof.
        digest: ApopDigest,
    },
    /// Switches to UTF-8 (RFC 6856 §2).
    Utf8,
    /// Asks for the languages of the server's words, or for one of them (RFC 6856 §3).
    Lang(Option<LanguageTag>),
    /// Begins a SASL exchange.
    Auth {
        /// How.
        mechanism: Mechanism,
        /// The initial response, which is written in base64; `=` stands for an empty one.
        initial: Option<Secret>,
    },
    /// Asks for TLS.
    Stls,
    /// Asks how many messages there are, and how large they are together.
    Stat,
    /// Asks how large messages are: one, or all.
    List(Option<MessageNumber>),
    /// Asks for unique ids: one message's, or all.
    Uidl(Option<MessageNumber>),
    /// Asks for a message.
    Retr(MessageNumber),
    /// Asks for a message's header and the first lines of its body.
    Top {
        /// Which.
        message: MessageNumber,
        /// How many lines.
        lines: u64,
    },
    /// Marks a message as deleted.
    Dele(MessageNumber),
    /// Takes all marks away.
    Rset,
    /// Asks for nothing.
    Noop,
    /// Ends the session, and deletes what is marked.
    Quit,
}

/// A password as PASS can carry it: without CR, LF and NUL (RFC 1939 §3), so that what is sent
/// is one line.
///
/// ```
/// use pop3_proto::{Misuse, Password};
///
/// assert!(Password::new("hungry".into()).is_ok());
/// assert_eq!(Password::new("x\r\nDELE 1".into()), Err(Misuse::Word));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Password(Secret);

impl Password {
    /// Checks a password.
    ///
    /// # Errors
    /// It holds CR, LF or NUL.
    pub fn new(password: Secret) -> Result<Self, Misuse> {
        let bad = |octet: &u8| matches!(octet, 0 | b'\r' | b'\n');
        if password.expose().iter().any(bad) { Err(Misuse::Word) } else { Ok(Self(password)) }
    }

    /// Returns the password itself.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }
}

impl Command {
    /// Reads a line, without its CRLF.
    ///
    /// # Errors
    /// The line is no command, or its arguments are not what the command takes.
    pub fn parse(line: Bytes) -> Result<Self, ParseError> {
        let end = line.iter().position(|octet| *octet == b' ').unwrap_or(line.len());
        let mut keyword = [0; 4];
        for (to, from) in keyword.iter_mut().zip(line.iter().take(end.min(4))) {
            *to = from.to_ascii_uppercase();
        }
        if !(3..=4).contains(&end) {
            return Err(ParseError::new(ParseErrorKind::Keyword, 0));
        }
        let args = Arguments { offset: (end + 1).min(line.len()), spaced: end < line.len(), line };
        match &keyword {
            b"CAPA" => args.none(Self::Capa),
            b"USER" => args.text().map(Self::User),
            b"PASS" => args.password().map(Self::Pass),
            b"APOP" => args.apop(),
            b"UTF8" => args.none(Self::Utf8),
            b"LANG" => args.language().map(Self::Lang),
            b"AUTH" => args.auth(),
            b"STLS" => args.none(Self::Stls),
            b"STAT" => args.none(Self::Stat),
            b"LIST" => args.optional_message().map(Self::List),
            b"UIDL" => args.optional_message().map(Self::Uidl),
            b"RETR" => args.message().map(Self::Retr),
            b"TOP\0" => args.top(),
            b"DELE" => args.message().map(Self::Dele),
            b"RSET" => args.none(Self::Rset),
            b"NOOP" => args.none(Self::Noop),
            b"QUIT" => args.none(Self::Quit),
            _ => Err(ParseError::new(ParseErrorKind::Keyword, 0)),
        }
    }

    /// Appends the line, with its CRLF.
    pub fn write(&self, out: &mut BytesMut) {
        let mut say = |words: &[&[u8]]| words.iter().for_each(|word| out.put_slice(word));
        let number = |n: u64| Bytes::from(alloc::format!("{n}"));
        let optional = |n: Option<MessageNumber>| match n {
            Some(n) => Bytes::from(alloc::format!(" {n}")),
            None => Bytes::new(),
        };
        match self {
            Self::Capa => say(&[b"CAPA"]),
            Self::User(name) => say(&[b"USER ", name.as_bytes()]),
            Self::Pass(password) => say(&[b"PASS ", password.secret().expose()]),
            Self::Apop { user, digest } => {
                let mut digits = BytesMut::new();
                digest.write(&mut digits);
                say(&[b"APOP ", user.as_bytes(), b" ", &digits]);
            }
            Self::Utf8 => say(&[b"UTF8"]),
            Self::Lang(None) => say(&[b"LANG"]),
            Self::Lang(Some(tag)) => say(&[b"LANG ", tag.as_str().as_bytes()]),
            Self::Auth { mechanism, initial: None } => {
                say(&[b"AUTH ", mechanism.as_str().as_bytes()]);
            }
            Self::Auth { mechanism, initial: Some(initial) } => {
                let mut text = BytesMut::new();
                base64::write(initial.expose(), &mut text);
                // RFC 5034 §4: a single "=" stands for an empty initial response.
                let text = if text.is_empty() { &b"="[..] } else { &text };
                say(&[b"AUTH ", mechanism.as_str().as_bytes(), b" ", text]);
            }
            Self::Stls => say(&[b"STLS"]),
            Self::Stat => say(&[b"STAT"]),
            Self::List(message) => say(&[b"LIST", &optional(*message)]),
            Self::Uidl(message) => say(&[b"UIDL", &optional(*message)]),
            Self::Retr(message) => say(&[b"RETR ", &number(message.get().into())]),
            Self::Top { message, lines } => {
                say(&[b"TOP ", &number(message.get().into()), b" ", &number(*lines)]);
            }
            Self::Dele(message) => say(&[b"DELE ", &number(message.get().into())]),
            Self::Rset => say(&[b"RSET"]),
            Self::Noop => say(&[b"NOOP"]),
            Self::Quit => say(&[b"QUIT"]),
        }
        say(&[b"\r\n"]);
    }
}

/// What follows the keyword.
struct Arguments {
    line: Bytes,
    offset: usize,
    /// There is a space after the keyword: what follows it is an argument, if an empty one.
    spaced: bool,
}

impl Arguments {
    fn rest(&self) -> &[u8] {
        self.line.get(self.offset..).unwrap_or_default()
    }

    fn error<T>(&self, kind: ParseErrorKind) -> Result<T, ParseError> {
        Err(ParseError::new(kind, self.offset))
    }

    /// Trailing spaces are let pass: some clients leave one.
    fn none(&self, command: Command) -> Result<Command, ParseError> {
        match self.rest().trim_ascii() {
            [] => Ok(command),
            _ => self.error(ParseErrorKind::Arguments),
        }
    }

    fn text(&self) -> Result<Text, ParseError> {
        if !self.spaced {
            return self.error(ParseErrorKind::Arguments);
        }
        let text = Text::parse(Bytes::copy_from_slice(self.rest()));
        text.map_err(|error| ParseError::new(ParseErrorKind::Control, self.offset + error.offset))
    }

    fn password(&self) -> Result<Password, ParseError> {
        if !self.spaced {
            return self.error(ParseErrorKind::Arguments);
        }
        Password::new(Secret::from(self.rest().to_vec()))
            .or_else(|_| self.error(ParseErrorKind::Control))
    }

    fn auth(&self) -> Result<Command, ParseError> {
        let (name, initial) = match split(self.rest()) {
            ([], _) => return self.error(ParseErrorKind::Arguments),
            (name, None | Some([])) => (name, None),
            (name, Some(b"=")) => (name, Some(Ok(Secret::default()))),
            (name, Some(initial)) => (name, Some(base64::parse(initial))),
        };
        let Ok(mechanism) = Mechanism::parse(name) else {
            return self.error(ParseErrorKind::Mechanism);
        };
        match initial.transpose() {
            Ok(initial) => Ok(Command::Auth { mechanism, initial }),
            Err(error) => {
                let at = self.offset + name.len() + 1 + error.offset();
                Err(ParseError::new(ParseErrorKind::Base64, at))
            }
        }
    }

    /// The digest is the last word, so that a name may have spaces.
    fn apop(&self) -> Result<Command, ParseError> {
        let Some(at) = self.rest().iter().rposition(|octet| *octet == b' ').filter(|at| *at > 0)
        else {
            return self.error(ParseErrorKind::Arguments);
        };
        let (name, digest) = self.rest().split_at_checked(at).unwrap_or_default();
        let user = Text::parse(Bytes::copy_from_slice(name)).map_err(|error| {
            ParseError::new(ParseErrorKind::Control, self.offset + error.offset)
        })?;
        let digest = ApopDigest::parse(digest.get(1..).unwrap_or_default())
            .map_err(|error| ParseError::new(error.kind(), self.offset + at + 1))?;
        Ok(Command::Apop { user, digest })
    }

    fn language(&self) -> Result<Option<LanguageTag>, ParseError> {
        match self.rest().trim_ascii() {
            [] => Ok(None),
            tag => LanguageTag::parse(tag)
                .map(Some)
                .map_err(|error| ParseError::new(error.kind(), self.offset)),
        }
    }

    fn message(&self) -> Result<MessageNumber, ParseError> {
        match self.optional_message()? {
            Some(number) => Ok(number),
            None => self.error(ParseErrorKind::Arguments),
        }
    }

    fn optional_message(&self) -> Result<Option<MessageNumber>, ParseError> {
        match self.rest().trim_ascii() {
            [] => Ok(None),
            digits => match message_number(digits) {
                Some(number) => Ok(Some(number)),
                None => self.error(ParseErrorKind::MessageNumber),
            },
        }
    }

    fn top(&self) -> Result<Command, ParseError> {
        let (message, Some(lines)) = split(self.rest()) else {
            return self.error(ParseErrorKind::Arguments);
        };
        let Some(message) = message_number(message) else {
            return self.error(ParseErrorKind::MessageNumber);
        };
        match number(lines.trim_ascii()) {
            Some(lines) => Ok(Command::Top { message, lines }),
            None => self.error(ParseErrorKind::Number),
        }
    }
}

fn split(args: &[u8]) -> (&[u8], Option<&[u8]>) {
    match args.iter().position(|octet| *octet == b' ').and_then(|at| args.split_at_checked(at)) {
        Some((first, rest)) => (first, rest.get(1..)),
        None => (args, None),
    }
}

/// Reads digits and nothing else: no sign, no space.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

pub(crate) fn message_number(digits: &[u8]) -> Option<MessageNumber> {
    MessageNumber::new(u32::try_from(number(digits)?).ok()?)
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_are_read() {
        let n = |n| MessageNumber::new(n).unwrap();
        let user = |name| Command::User(Text::new(name).unwrap());
        let password = |text: &str| Command::Pass(Password::new(text.into()).unwrap());
        let plain = |initial: Option<&str>| Command::Auth {
            mechanism: Mechanism::PLAIN,
            initial: initial.map(Secret::from),
        };
        let table = [
            ("user bob", user("bob")),
            ("USER bob the builder", user("bob the builder")),
            ("USER ", user("")),
            ("pass  two spaces ", password(" two spaces ")),
            ("PASS ", password("")),
            ("stat", Command::Stat),
            ("NOOP ", Command::Noop),
            ("LIST", Command::List(None)),
            ("LIST ", Command::List(None)),
            ("LIST 4294967295", Command::List(Some(MessageNumber::MAX))),
            ("uidl 2", Command::Uidl(Some(n(2)))),
            ("RETR 007", Command::Retr(n(7))),
            ("TOP 1 0", Command::Top { message: n(1), lines: 0 }),
            ("top 10 18446744073709551615", Command::Top { message: n(10), lines: u64::MAX }),
            ("AUTH PLAIN", plain(None)),
            ("AUTH PLAIN ", plain(None)),
            ("AUTH PLAIN =", plain(Some(""))),
            ("auth plain dGVzdAB0ZXN0AHRlc3Q=", plain(Some("test\0test\0test"))),
        ];
        for (line, command) in table {
            assert_eq!(Command::parse(line.into()), Ok(command), "{line}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        use ParseErrorKind as Kind;
        let table = [
            ("", Kind::Keyword, 0),
            ("XYZZY", Kind::Keyword, 0),
            ("RE", Kind::Keyword, 0),
            ("TOPS 1 1", Kind::Keyword, 0),
            ("TOP", Kind::Arguments, 3),
            ("TOP 1", Kind::Arguments, 4),
            ("TOP 1 -1", Kind::Number, 4),
            ("TOP 1 18446744073709551616", Kind::Number, 4),
            ("TOP 0 1", Kind::MessageNumber, 4),
            ("RETR", Kind::Arguments, 4),
            ("RETR 0", Kind::MessageNumber, 5),
            ("RETR 4294967296", Kind::MessageNumber, 5),
            ("RETR 18446744073709551617", Kind::MessageNumber, 5),
            ("RETR 1 2", Kind::MessageNumber, 5),
            ("RETR +1", Kind::MessageNumber, 5),
            ("DELE one", Kind::MessageNumber, 5),
            ("QUIT now", Kind::Arguments, 5),
            ("USER", Kind::Arguments, 4),
            ("USER a\0b", Kind::Control, 6),
            ("PASS a\0b", Kind::Control, 5),
            ("AUTH", Kind::Arguments, 4),
            ("AUTH PL/IN", Kind::Mechanism, 5),
            ("AUTH PLAIN dGVz\rdA=", Kind::Base64, 15),
            ("PASS", Kind::Arguments, 4),
        ];
        for (line, kind, offset) in table {
            let error = Command::parse(line.into()).unwrap_err();
            assert_eq!((error.kind(), error.offset()), (kind, offset), "{line:?}");
        }
    }

    fn octets() -> impl Strategy<Value = vec::Vec<u8>> {
        proptest::collection::vec(any::<u8>(), 0..40)
    }

    fn command() -> impl Strategy<Value = Command> {
        let message = || (1..=u32::MAX).prop_map(|n| MessageNumber::new(n).unwrap());
        prop_oneof![
            Just(Command::Capa),
            ".{0,40}".prop_filter_map("no text", |s| Some(Command::User(Text::new(&s).ok()?))),
            octets().prop_filter_map("no password", |octets| {
                Some(Command::Pass(Password::new(octets.into()).ok()?))
            }),
            proptest::option::of(octets()).prop_map(|initial| Command::Auth {
                mechanism: Mechanism::LOGIN,
                initial: initial.map(Secret::from),
            }),
            ("[!-~]([ -~]{0,20}[!-~])?", any::<[u8; 16]>()).prop_map(|(user, digest)| {
                let digits: String =
                    digest.iter().map(|octet| alloc::format!("{octet:02x}")).collect();
                let digest = ApopDigest::parse(digits.as_bytes()).unwrap();
                Command::Apop { user: Text::new(&user).unwrap(), digest }
            }),
            Just(Command::Utf8),
            proptest::option::of("[a-zA-Z0-9-]{1,20}").prop_map(|tag| {
                Command::Lang(tag.map(|tag| LanguageTag::parse(tag.as_bytes()).unwrap()))
            }),
            Just(Command::Stat),
            proptest::option::of(message()).prop_map(Command::List),
            proptest::option::of(message()).prop_map(Command::Uidl),
            message().prop_map(Command::Retr),
            (message(), any::<u64>()).prop_map(|(message, lines)| Command::Top { message, lines }),
            message().prop_map(Command::Dele),
            Just(Command::Quit),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(command in command()) {
            let mut line = BytesMut::new();
            command.write(&mut line);
            let line = line.freeze();
            let content = line.strip_suffix(b"\r\n").unwrap();
            prop_assert!(!content.contains(&b'\r') && !content.contains(&b'\n'));
            prop_assert_eq!(Command::parse(line.slice(..content.len())), Ok(command));
        }

        #[test]
        fn any_line_is_a_command_or_a_mistake(line in ".{0,40}") {
            let _ = Command::parse(Bytes::from(String::into_bytes(line)));
        }
    }
}

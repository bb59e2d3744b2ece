//! LOGIN and AUTHENTICATE: who the client is.
use bytes::Bytes;
use proto_core::Secret;
use sasl::{Mechanism, base64};

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{IString, ParseError, ParseErrorKind};

/// LOGIN: says who the client is, in clear (RFC 9051 §6.2.3).
///
/// ```
/// use imap_proto::command::Command;
///
/// let Command::Login(login) = Command::parse("LOGIN SMITH SESAME".into())? else { panic!() };
/// assert_eq!(login.user.as_bytes(), b"SMITH");
/// assert_eq!(format!("{:?}", login.password), "Password(…)");
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// The name.
    pub user: IString,
    /// The password.
    pub password: Password,
}

/// A password as LOGIN can carry it: without NUL.
///
/// ```
/// use imap_proto::command::Password;
///
/// assert!(Password::new("hungry".into()).is_some());
/// assert!(Password::new("a\0b".into()).is_none());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Password(Secret);

impl Password {
    /// Takes a password; `None` if NUL is in it.
    #[must_use]
    pub fn new(password: Secret) -> Option<Self> {
        (!password.expose().contains(&0)).then_some(Self(password))
    }

    /// Returns the password itself.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.0
    }
}

/// AUTHENTICATE: begins a SASL exchange (RFC 9051 §6.2.2).
///
/// ```
/// use imap_proto::command::Command;
///
/// let line = "AUTHENTICATE PLAIN dGVzdAB0ZXN0AHRlc3Q=";
/// let Command::Authenticate(auth) = Command::parse(line.into())? else { panic!("it is that") };
/// assert_eq!(auth.initial.unwrap().expose(), b"test\0test\0test");
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authenticate {
    /// How.
    pub mechanism: Mechanism,
    /// The client's first message, if it is sent along (RFC 4959); empty is not none.
    pub initial: Option<Secret>,
}

impl Login {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let user = cursor.astring()?;
        cursor.space()?;
        let password = Password(Secret::from(cursor.astring()?.into_bytes()));
        Ok(Self { user, password })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("LOGIN ");
        out.astring(&self.user);
        out.put(" ");
        out.astring(&IString::trusted(Bytes::copy_from_slice(self.password.0.expose())));
    }
}

impl Authenticate {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let error = cursor.error(ParseErrorKind::Atom);
        let mechanism = Mechanism::parse(cursor.word()?).map_err(|_| error)?;
        if cursor.is_at_end() {
            return Ok(Self { mechanism, initial: None });
        }
        cursor.space()?;
        let offset = cursor.offset();
        let initial = match cursor.take(cursor.rest().len()) {
            b"=" => Secret::default(),
            [] => return Err(ParseError::new(ParseErrorKind::Base64, offset)),
            text => base64::parse(text).map_err(|error| {
                ParseError::new(ParseErrorKind::Base64, offset + error.offset())
            })?,
        };
        Ok(Self { mechanism, initial: Some(initial) })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("AUTHENTICATE ");
        out.put(self.mechanism.as_str());
        match self.initial.as_ref().map(Secret::expose) {
            None => {}
            // RFC 4959 §3: this is how an empty one is told from none.
            Some([]) => out.put(" ="),
            Some(initial) => {
                out.put(" ");
                base64::write(initial, out.out);
            }
        }
    }
}

//! What a client claims.
use alloc::boxed::Box;

use crate::{Cram, Credentials, Token};

/// Who a client says it is, and what it says for it. The application decides.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Claim {
    /// A name and a password, by PLAIN or LOGIN: is it the user's?
    Password(Credentials),
    /// A name and a digest, by CRAM-MD5: [is it of](Cram::is_of) the user's password?
    Cram(Cram),
    /// A token, by XOAUTH2 or OAUTHBEARER: is it valid, and for this user and server?
    Token(Token),
    /// By SCRAM: the client has proved that it knows the password. Is it let in, and may it act
    /// as the one it wants to be?
    Proved {
        /// Whose password it is, as the client wrote the name; the lookup had it prepared.
        authcid: Box<str>,
        /// Whom to act as, if that is somebody else.
        authzid: Option<Box<str>>,
    },
    /// By EXTERNAL: whoever the client's certificate names, if it named somebody.
    External {
        /// Whom to act as, if not the one whom the certificate names.
        authzid: Option<Box<str>>,
    },
    /// By ANONYMOUS: nobody in particular.
    Anonymous {
        /// A mail address or another trace, which proves nothing. May be empty.
        trace: Box<str>,
    },
}

impl Claim {
    /// Returns who the client says it is; `None` where the name is elsewhere: in a token, in a
    /// certificate, or nowhere.
    #[must_use]
    pub fn authcid(&self) -> Option<&str> {
        match self {
            Self::Password(credentials) => Some(credentials.authcid()),
            Self::Cram(cram) => Some(cram.authcid()),
            Self::Proved { authcid, .. } => Some(authcid),
            Self::Token(_) | Self::External { .. } | Self::Anonymous { .. } => None,
        }
    }

    /// Returns whom the client wants to act as, if it says so.
    #[must_use]
    pub fn authzid(&self) -> Option<&str> {
        match self {
            Self::Password(credentials) => credentials.authzid(),
            Self::Token(token) => token.authzid(),
            Self::Proved { authzid, .. } | Self::External { authzid } => authzid.as_deref(),
            Self::Cram(_) | Self::Anonymous { .. } => None,
        }
    }
}

//! Who somebody claims to be, and the proof.
use alloc::boxed::Box;

use proto_core::Secret;

use crate::Misuse;

/// An identity with its password: what PLAIN and LOGIN carry.
///
/// None of the parts holds a NUL, and only the authorization identity may be missing.
///
/// ```
/// use sasl::Credentials;
///
/// let bob = Credentials::new("bob", "hungry".into())?;
/// assert_eq!((bob.authcid(), bob.authzid()), ("bob", None));
/// assert!(bob.password().matches(b"hungry"));
/// let admin = bob.acting_as("postmaster")?;
/// assert_eq!(admin.authzid(), Some("postmaster"));
/// # Ok::<_, sasl::Misuse>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credentials {
    authzid: Option<Box<str>>,
    authcid: Box<str>,
    password: Secret,
}

impl Credentials {
    /// Makes credentials of a user name and a password.
    ///
    /// # Errors
    /// One of them is empty or holds a NUL: no mechanism carries that.
    pub fn new(authcid: &str, password: Secret) -> Result<Self, Misuse> {
        check(authcid.as_bytes())?;
        check(password.expose())?;
        Ok(Self { authzid: None, authcid: authcid.into(), password })
    }

    /// Asks to act as somebody else: the authorization identity (RFC 4422 §3.4.1).
    ///
    /// # Errors
    /// It is empty or holds a NUL.
    pub fn acting_as(mut self, authzid: &str) -> Result<Self, Misuse> {
        check(authzid.as_bytes())?;
        self.authzid = Some(authzid.into());
        Ok(self)
    }

    /// Returns whose password it is: the authentication identity.
    #[must_use]
    pub fn authcid(&self) -> &str {
        &self.authcid
    }

    /// Returns whom to act as, if that is not the one whose password it is. Whether that is
    /// allowed is the application's to say.
    #[must_use]
    pub fn authzid(&self) -> Option<&str> {
        self.authzid.as_deref()
    }

    /// Returns the password.
    #[must_use]
    pub fn password(&self) -> &Secret {
        &self.password
    }
}

/// Whether a part can be carried.
pub(crate) fn check(part: &[u8]) -> Result<(), Misuse> {
    match part {
        [] => Err(Misuse::Empty),
        _ if part.contains(&0) => Err(Misuse::Nul),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn what_no_mechanism_carries_is_refused() {
        assert_eq!(Credentials::new("", "p".into()), Err(Misuse::Empty));
        assert_eq!(Credentials::new("u", "".into()), Err(Misuse::Empty));
        assert_eq!(Credentials::new("u\0", "p".into()), Err(Misuse::Nul));
        assert_eq!(Credentials::new("u", "p\0".into()), Err(Misuse::Nul));
        let credentials = Credentials::new("u", "p".into()).unwrap();
        assert_eq!(credentials.acting_as(""), Err(Misuse::Empty));
    }

    #[test]
    fn a_password_does_not_print() {
        let credentials = Credentials::new("u", "hungry".into()).unwrap();
        assert!(!format!("{credentials:?}").contains("hungry"));
    }
}

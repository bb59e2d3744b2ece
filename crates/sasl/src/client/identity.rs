//! Who to be, and the best way to prove it.
use super::{Exchange, Policy};
use crate::scram::Binding;
use crate::{Credentials, Mechanism, Setting, Token, prepare};

/// Who the client is, in every way it could prove that.
///
/// ```
/// use sasl::{Credentials, Mechanism, Seed, Setting, client::{Identity, Policy}};
///
/// let bob = Identity::Password(Credentials::new("bob", "hungry".into())?);
/// let offered = [Mechanism::PLAIN, Mechanism::SCRAM_SHA_256];
/// let mut setting = Setting::default();
/// assert_eq!(bob.best(&offered, &setting, &Policy::default()), None); // nothing is secure here
/// setting.secure();
/// assert_eq!(bob.best(&offered, &setting, &Policy::default()), Some(Mechanism::PLAIN));
/// setting.seed(Seed::new([7; 32])); // random, in earnest
/// assert_eq!(bob.best(&offered, &setting, &Policy::default()), Some(Mechanism::SCRAM_SHA_256));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Identity {
    /// A user with a password: SCRAM, PLAIN, CRAM-MD5 or LOGIN.
    Password(Credentials),
    /// A user with a token: OAUTHBEARER or XOAUTH2.
    Token(Token),
    /// Whoever the transport's certificate says it is: EXTERNAL.
    External,
    /// Nobody in particular: ANONYMOUS.
    Anonymous,
}

/// For a password, over an encrypted connection. SCRAM tells nobody the password and has the
/// server prove itself; bound, it finds whoever sits in between. CRAM-MD5 does neither, and wants
/// the password on the server as it is: behind TLS it is worse than PLAIN.
const ENCRYPTED: [Mechanism; 7] = [
    Mechanism::SCRAM_SHA_256_PLUS,
    Mechanism::SCRAM_SHA_1_PLUS,
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_1,
    Mechanism::PLAIN,
    Mechanism::LOGIN,
    Mechanism::CRAM_MD5,
];

/// In clear, where a password may be overheard all the same, a digest is better than nothing.
const CLEAR: [Mechanism; 5] = [
    Mechanism::SCRAM_SHA_256,
    Mechanism::SCRAM_SHA_1,
    Mechanism::CRAM_MD5,
    Mechanism::PLAIN,
    Mechanism::LOGIN,
];

impl From<Credentials> for Identity {
    fn from(credentials: Credentials) -> Self {
        Self::Password(credentials)
    }
}

impl From<Token> for Identity {
    fn from(token: Token) -> Self {
        Self::Token(token)
    }
}

impl Identity {
    /// Chooses the best of the mechanisms that the server offers, that can prove this identity,
    /// and that neither the connection nor the policy forbids.
    ///
    /// No password and no token goes over a connection that is not encrypted, unless the setting
    /// [allows it](Setting::allow_plaintext); nor does CRAM-MD5, from which a listener guesses
    /// passwords quickly.
    #[must_use]
    pub fn best(
        &self,
        offered: &[Mechanism],
        setting: &Setting,
        policy: &Policy,
    ) -> Option<Mechanism> {
        let order: &[Mechanism] = match self {
            Self::Password(_) if setting.is_secured() => &ENCRYPTED,
            Self::Password(_) => &CLEAR,
            Self::Token(_) => &[Mechanism::OAUTHBEARER, Mechanism::XOAUTH2],
            Self::External => &[Mechanism::EXTERNAL],
            Self::Anonymous => &[Mechanism::ANONYMOUS],
        };
        let able = |mechanism: &Mechanism| {
            let allowed = match *mechanism {
                // A client's CRAM-MD5 needs no nonce.
                Mechanism::CRAM_MD5 => setting.is_private(),
                bound if bound.is_bound() => policy.channel_binding && setting.permits(bound),
                other => setting.permits(other),
            };
            allowed && offered.contains(mechanism) && self.can(*mechanism)
        };
        order.iter().copied().find(able)
    }

    /// Begins an exchange by the [best](Self::best) mechanism; `None` if there is none.
    pub fn exchange(
        &self,
        offered: &[Mechanism],
        setting: &mut Setting,
        policy: &Policy,
    ) -> Option<Exchange> {
        let mechanism = self.best(offered, setting, policy)?;
        match self {
            Self::Password(credentials) => match (mechanism, mechanism.hash()) {
                (_, Some(_)) => {
                    let channel = setting.bindings().first().filter(|_| policy.channel_binding);
                    let binding = match channel {
                        Some(channel) if mechanism.is_bound() => Binding::To(channel.clone()),
                        // RFC 5802 §6: a server that does offer it knows from this that somebody
                        // took the offer away.
                        Some(_) if setting.is_secured() && !offers_bound(offered, mechanism) => {
                            Binding::NotOffered
                        }
                        _ => Binding::None,
                    };
                    let nonce = setting.nonce()?;
                    Exchange::from_scram(mechanism, credentials, nonce, &binding, *policy).ok()
                }
                (Mechanism::CRAM_MD5, _) => Some(Exchange::cram_md5(credentials)),
                (Mechanism::LOGIN, _) => Some(Exchange::login(credentials)),
                _ => Some(Exchange::plain(credentials)),
            },
            Self::Token(token) if mechanism == Mechanism::XOAUTH2 => Some(Exchange::xoauth2(token)),
            Self::Token(token) => Some(Exchange::oauthbearer(token)),
            Self::External => Some(Exchange::external()),
            Self::Anonymous => Exchange::anonymous("").ok(),
        }
    }

    /// Whether the mechanism can carry the identity.
    fn can(&self, mechanism: Mechanism) -> bool {
        let Self::Password(credentials) = self else { return true };
        match mechanism {
            // They have no way to act as somebody else.
            Mechanism::LOGIN | Mechanism::CRAM_MD5 => credentials.authzid().is_none(),
            Mechanism::PLAIN => true,
            _ => {
                let password = core::str::from_utf8(credentials.password().expose());
                prepare(credentials.authcid()).is_ok()
                    && password.is_ok_and(|password| prepare(password).is_ok())
            }
        }
    }
}

/// Whether the server offers the same mechanism, bound.
fn offers_bound(offered: &[Mechanism], mechanism: Mechanism) -> bool {
    offered.iter().any(|known| known.is_bound() && known.hash() == mechanism.hash())
}

#[cfg(test)]
mod tests {
    use proto_core::{BindingKind, ChannelBinding};

    use super::*;
    use crate::Seed;

    fn tim() -> Credentials {
        Credentials::new("tim", "tanstaaftanstaaf".into()).unwrap()
    }

    fn best(identity: &Identity, offered: &[Mechanism], setting: &Setting) -> Option<Mechanism> {
        identity.best(offered, setting, &Policy::default())
    }

    fn setting(secured: bool, seeded: bool, bound: bool) -> Setting {
        let mut setting = Setting::default();
        if secured {
            setting.secure();
        }
        if seeded {
            setting.seed(Seed::new([7; 32]));
        }
        if bound {
            setting.bind(ChannelBinding::new(BindingKind::TlsExporter, "x".into()));
        }
        setting
    }

    #[test]
    fn mechanisms_are_tried_from_the_best_to_the_worst() {
        let password = Identity::Password(tim());
        let order = |setting: &Setting| {
            let mut offered = Mechanism::ALL.to_vec();
            core::iter::from_fn(|| {
                let found = best(&password, &offered, setting)?;
                offered.retain(|known| *known != found);
                Some(found)
            })
            .collect::<alloc::vec::Vec<_>>()
        };
        assert_eq!(order(&setting(true, true, true)), ENCRYPTED);
        assert_eq!(order(&setting(true, true, false)), ENCRYPTED[2..]);
        assert_eq!(order(&setting(true, false, true)), ENCRYPTED[4..]);
        assert_eq!(order(&setting(false, true, false)), CLEAR[..2]);
        assert_eq!(order(&setting(false, false, false)), []);
        let mut told = setting(false, true, true);
        told.allow_plaintext(true);
        assert_eq!(order(&told), CLEAR);
    }

    #[test]
    fn nobody_is_proved_to_be_somebody_else() {
        let everything = setting(true, true, true);
        let all = Mechanism::ALL;
        for (identity, expected) in [
            (Identity::External, Mechanism::EXTERNAL),
            (Identity::Anonymous, Mechanism::ANONYMOUS),
            (Identity::Token(Token::new("a", "b".into()).unwrap()), Mechanism::OAUTHBEARER),
        ] {
            assert_eq!(best(&identity, &all, &everything), Some(expected));
            assert_eq!(best(&identity, &[Mechanism::PLAIN], &everything), None);
        }
        let boss = Identity::Password(tim().acting_as("boss").unwrap());
        assert_eq!(best(&boss, &[Mechanism::LOGIN, Mechanism::CRAM_MD5], &everything), None);
        assert_eq!(best(&boss, &[Mechanism::PLAIN], &everything), Some(Mechanism::PLAIN));
    }

    #[test]
    fn a_token_is_not_sent_in_clear() {
        let token = Identity::Token(Token::new("a", "b".into()).unwrap());
        assert_eq!(best(&token, &Mechanism::ALL, &setting(false, true, false)), None);
    }

    #[test]
    fn a_password_that_scram_cannot_carry_goes_by_plain() {
        let odd = Credentials::new("tim", alloc::vec![0xFF].into()).unwrap();
        let offered = [Mechanism::SCRAM_SHA_256, Mechanism::PLAIN];
        let all = setting(true, true, true);
        assert_eq!(best(&Identity::Password(odd), &offered, &all), Some(Mechanism::PLAIN));
    }

    #[test]
    fn the_flag_says_what_the_client_knows_of_binding() {
        let flag = |offered: &[Mechanism], bound, policy: &Policy| {
            let mut exchange = Identity::Password(tim())
                .exchange(offered, &mut setting(true, true, bound), policy)
                .unwrap();
            let first = exchange.start().unwrap();
            first.expose().split(|octet| *octet == b',').next().unwrap().to_vec()
        };
        let (plain, plus) = (Mechanism::SCRAM_SHA_256, Mechanism::SCRAM_SHA_256_PLUS);
        let on = Policy::default();
        let off = Policy { channel_binding: false, ..on };
        assert_eq!(flag(&[plain, plus], true, &on), b"p=tls-exporter");
        assert_eq!(flag(&[plain], true, &on), b"y");
        assert_eq!(flag(&[plain, plus], false, &on), b"n");
        assert_eq!(flag(&[plain, plus], true, &off), b"n");
    }
}

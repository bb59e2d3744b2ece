//! What is known of the connection that exchanges run over.
use alloc::vec::Vec;

use proto_core::ChannelBinding;

use crate::{Mechanism, Nonce, Seed};

/// The connection that exchanges run over, as both ends of every protocol keep it: whether it is
/// encrypted, what names it, and where nonces come from.
///
/// ```
/// use sasl::{Mechanism, Seed, Setting};
///
/// let mut setting = Setting::default();
/// assert!(!setting.permits(Mechanism::PLAIN)); // a password in clear
/// assert!(!setting.permits(Mechanism::SCRAM_SHA_256)); // nothing to make a nonce of
/// setting.seed(Seed::new([7; 32])); // random, in earnest
/// setting.secure();
/// assert!(setting.permits(Mechanism::PLAIN) && setting.permits(Mechanism::SCRAM_SHA_256));
/// assert!(!setting.permits(Mechanism::SCRAM_SHA_256_PLUS)); // the channel has no name
/// ```
#[derive(Debug, Default)]
pub struct Setting {
    secured: bool,
    plaintext: bool,
    /// The best first.
    bindings: Vec<ChannelBinding>,
    seed: Option<Seed>,
}

impl Setting {
    /// Notes that the connection is encrypted.
    pub fn secure(&mut self) {
        self.secured = true;
    }

    /// Notes what names the encrypted channel. Each kind of name is kept once, the last one told.
    pub fn bind(&mut self, channel: ChannelBinding) {
        self.bindings.retain(|known| known.kind() != channel.kind());
        self.bindings.push(channel);
        self.bindings.sort_by_key(ChannelBinding::kind);
    }

    /// Takes randomness. Without, there is no SCRAM, and no CRAM-MD5 for a server.
    pub fn seed(&mut self, seed: Seed) {
        self.seed = Some(seed);
    }

    /// Lets passwords and tokens be sent over a connection that is not encrypted: on loopback, say.
    pub fn allow_plaintext(&mut self, allow: bool) {
        self.plaintext = allow;
    }

    /// Whether the connection is encrypted.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.secured
    }

    /// Returns what names the encrypted channel, the best name first.
    #[must_use]
    pub fn bindings(&self) -> &[ChannelBinding] {
        &self.bindings
    }

    /// Whether an exchange by this mechanism can, and may, run here: the mechanism is known, a
    /// password is not overheard, and what a server needs for it is there: a nonce, the name of the
    /// channel, or a channel in which there could be a certificate.
    #[must_use]
    pub fn permits(&self, mechanism: Mechanism) -> bool {
        let needs_nonce = mechanism.hash().is_some() || mechanism == Mechanism::CRAM_MD5;
        let heard = mechanism.is_plaintext() && !self.secured && !self.plaintext;
        Mechanism::ALL.contains(&mechanism)
            && !heard
            && (mechanism != Mechanism::EXTERNAL || self.secured)
            && (!needs_nonce || self.seed.is_some())
            && (!mechanism.is_bound() || (self.secured && !self.bindings.is_empty()))
    }

    /// Makes a nonce, if there is something to make it of.
    pub fn nonce(&mut self) -> Option<Nonce> {
        self.seed.as_mut().map(Seed::nonce)
    }

    /// Whether passwords may be sent.
    pub(crate) const fn is_private(&self) -> bool {
        self.secured || self.plaintext
    }
}

#[cfg(test)]
mod tests {
    use proto_core::BindingKind::{TlsExporter, TlsServerEndPoint};

    use super::*;

    #[test]
    fn the_best_name_of_a_channel_comes_first_and_the_last_of_its_kind_counts() {
        let mut setting = Setting::default();
        for (kind, name) in [(TlsServerEndPoint, "a"), (TlsExporter, "b"), (TlsServerEndPoint, "c")]
        {
            setting.bind(ChannelBinding::new(kind, name.into()));
        }
        let names: Vec<_> = setting.bindings().iter().map(ChannelBinding::data).collect();
        assert_eq!(names, [b"b", b"c"]);
    }

    #[test]
    fn what_is_permitted_follows_from_the_connection() {
        let permitted = |setting: &Setting| {
            Mechanism::ALL.into_iter().filter(|known| setting.permits(*known)).count()
        };
        let mut setting = Setting::default();
        assert_eq!(permitted(&setting), 1, "ANONYMOUS");
        setting.seed(Seed::new([0; 32]));
        assert_eq!(permitted(&setting), 4, "and SCRAM and CRAM-MD5");
        setting.bind(ChannelBinding::new(TlsExporter, "x".into()));
        assert_eq!(permitted(&setting), 4, "nothing is bound that is not encrypted");
        setting.allow_plaintext(true);
        assert_eq!(permitted(&setting), 8, "and passwords and tokens");
        setting.secure();
        assert_eq!(permitted(&setting), 11, "and the bound ones, and EXTERNAL");
        assert!(!setting.permits(Mechanism::parse(b"GSSAPI").unwrap()));
    }
}

//! Names of encrypted channels.
use bytes::Bytes;

/// What only the two ends of one TLS connection know of it (RFC 5056): an exchange that proves
/// it proves that nobody sits in between.
///
/// The `tokio` driver hands one of [`BindingKind::TlsExporter`] to a session that becomes
/// encrypted; see [`Machine::bind`](crate::Machine::bind). It is no secret once the connection is
/// over.
///
/// ```
/// use proto_core::{BindingKind, ChannelBinding};
///
/// let exported = [7; 32];
/// let binding = ChannelBinding::new(BindingKind::TlsExporter, exported.to_vec().into());
/// assert_eq!(binding.kind().as_str(), "tls-exporter");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ChannelBinding {
    kind: BindingKind,
    data: Bytes,
}

/// How a channel is named. Ordered by preference, the best first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum BindingKind {
    /// RFC 9266: keying material exported with the label `EXPORTER-Channel-Binding` and an empty
    /// context, 32 octets. Of TLS 1.3; of TLS 1.2 only with the extended master secret.
    TlsExporter,
    /// RFC 5929 §4: the hash of the server's certificate. Names the server, not the connection.
    TlsServerEndPoint,
    /// RFC 5929 §3: the first Finished message. Of TLS 1.2 and before, with the extended master
    /// secret only.
    TlsUnique,
}

impl BindingKind {
    /// Returns its registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
            Self::TlsUnique => "tls-unique",
        }
    }
}

impl ChannelBinding {
    /// Makes a binding of what the TLS library says.
    #[must_use]
    pub const fn new(kind: BindingKind, data: Bytes) -> Self {
        Self { kind, data }
    }

    /// Returns how the channel is named.
    #[must_use]
    pub const fn kind(&self) -> BindingKind {
        self.kind
    }

    /// Returns the name itself.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}

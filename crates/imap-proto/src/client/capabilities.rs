//! What the server can do.
use alloc::vec::Vec;

use bytes::BytesMut;
use sasl::Mechanism;

use crate::{Capability, Dialect, Literals, writer::Writer};

/// What the server says that it can do, as far as it is known.
///
/// ```
/// use imap_proto::{Capability, client::Capabilities};
///
/// let all = Capabilities::from_iter([Capability::Imap4rev1, Capability::Idle]);
/// assert!(all.has(&Capability::Idle));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Capabilities(Vec<Capability>);

/// Copies them, so that they do not keep alive what they were read from.
impl FromIterator<Capability> for Capabilities {
    fn from_iter<I: IntoIterator<Item = Capability>>(all: I) -> Self {
        Self(all.into_iter().filter_map(|one| copied(&one)).collect())
    }
}

impl Capabilities {
    /// Whether the server has this one.
    #[must_use]
    pub fn has(&self, capability: &Capability) -> bool {
        self.0.contains(capability)
    }

    /// Returns all of them.
    pub fn iter(&self) -> impl Iterator<Item = &Capability> {
        self.0.iter()
    }

    /// Whether none is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the mechanisms that AUTHENTICATE has.
    #[must_use]
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        let name = |capability: &Capability| match capability {
            Capability::Auth(name) => Mechanism::parse(name.as_bytes()).ok(),
            _ => None,
        };
        self.0.iter().filter_map(name).collect()
    }

    /// Returns how the server takes literals. RFC 9051 §4.3: IMAP4rev2 has LITERAL-.
    pub(super) fn literals(&self) -> Literals {
        if self.has(&Capability::LiteralPlus) {
            Literals::Plus
        } else if self.has(&Capability::LiteralMinus) || self.has(&Capability::Imap4rev2) {
            Literals::Minus
        } else {
            Literals::Synchronizing
        }
    }
}

fn copied(capability: &Capability) -> Option<Capability> {
    let mut out = BytesMut::new();
    capability.write(&mut Writer::new(&mut out, Dialect::CLIENT));
    Capability::parse(out.freeze())
}

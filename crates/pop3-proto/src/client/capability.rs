//! What a server says that it can do (RFC 2449 §5).
use alloc::vec::Vec;

use bytes::Bytes;
use proto_core::Text;
use sasl::Mechanism;

/// A server's capabilities.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Capabilities {
    lines: Vec<Text>,
}

impl Capabilities {
    /// Whether a capability is there, by its keyword.
    #[must_use]
    pub fn has(&self, keyword: &str) -> bool {
        self.arguments(keyword).is_some()
    }

    /// Returns what follows a capability's keyword.
    pub fn arguments(&self, keyword: &str) -> Option<impl Iterator<Item = &[u8]>> {
        self.lines.iter().find_map(|line| {
            let mut words = line.as_bytes().split(|octet| *octet == b' ');
            let first = words.next()?;
            first.eq_ignore_ascii_case(keyword.as_bytes()).then_some(words)
        })
    }

    /// Returns the SASL mechanisms; those that are no mechanism names are left out.
    #[must_use]
    pub fn mechanisms(&self) -> Vec<Mechanism> {
        let names = self.arguments("SASL").into_iter().flatten();
        names.filter_map(|name| Mechanism::parse(name).ok()).collect()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether the server has named none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a line; one that is not text is passed over.
    pub(super) fn add(&mut self, line: &Bytes) {
        if let Ok(line) = Text::parse(Bytes::copy_from_slice(line)) {
            self.lines.push(line);
        }
    }
}

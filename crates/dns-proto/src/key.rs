//! Names as keys of sorted trees: octets that compare as the names do (RFC 4034 §6.1).
use crate::name::NameRef;

/// Room for a name of 254 octets whose every octet is escaped, and to spare.
const KEY: usize = 512;
/// Labels of the longest name, and one for the root.
const DEPTHS: usize = 128;

/// A name turned around: lower-case labels from the root down, each ended by a zero.
///
/// So an ancestor's key is a prefix of its descendants', and a subtree is one range of a
/// `BTreeMap`. It lives on the stack.
#[derive(Clone)]
pub(crate) struct Key {
    octets: [u8; KEY],
    /// Where the key of the first so many labels ends.
    ends: [u16; DEPTHS],
    depth: usize,
}

impl Key {
    pub(crate) fn new(name: NameRef<'_>) -> Self {
        let (mut depth, mut length) = (0, 0);
        for label in name.labels() {
            depth += 1;
            length += label.len() + 1 + label.iter().filter(|octet| **octet < 2).count();
        }
        let mut key = Self { octets: [0; KEY], ends: [0; DEPTHS], depth };
        let mut rest = key.octets.get_mut(..length).unwrap_or_default();
        // The first label comes last.
        for (label, depth) in name.labels().zip((1..=depth).rev()) {
            if let Some(end) = key.ends.get_mut(depth) {
                *end = u16::try_from(rest.len()).unwrap_or_default();
            }
            rest = put_before(rest, label);
        }
        key
    }

    /// Returns the number of labels.
    pub(crate) const fn depth(&self) -> usize {
        self.depth
    }

    /// Returns the key of the ancestor with so many labels.
    pub(crate) fn ancestor(&self, depth: usize) -> &[u8] {
        let end = self.ends.get(depth.min(self.depth)).copied().unwrap_or_default();
        self.octets.get(..usize::from(end)).unwrap_or_default()
    }

    pub(crate) fn octets(&self) -> &[u8] {
        self.ancestor(self.depth)
    }

    /// Returns the key of the wildcard below the ancestor with so many labels.
    pub(crate) fn wildcard(&self, depth: usize) -> Self {
        let depth = depth.min(self.depth);
        let end = self.ancestor(depth).len();
        let mut key = Self { depth: depth + 1, ..self.clone() };
        if let Some(place) = key.octets.get_mut(end..end + 2) {
            place.copy_from_slice(b"*\0");
        }
        if let Some(place) = key.ends.get_mut(depth + 1) {
            *place = u16::try_from(end + 2).unwrap_or_default();
        }
        key
    }
}

/// Writes a label and the zero that ends it as the last octets of a place, and returns what is
/// before them.
fn put_before<'k>(place: &'k mut [u8], label: &[u8]) -> &'k mut [u8] {
    let escaped = label.iter().filter(|octet| **octet < 2).count();
    let start = place.len().saturating_sub(label.len() + escaped + 1);
    let (rest, own) = place.split_at_mut(start);
    if escaped == 0 {
        own.iter_mut().zip(label).for_each(|(place, octet)| *place = octet.to_ascii_lowercase());
        return rest;
    }
    let mut places = own.iter_mut();
    let mut put = |octet| places.next().into_iter().for_each(|place| *place = octet);
    for octet in label.iter().map(u8::to_ascii_lowercase) {
        // Zero ends a label, so zero and one are written as two octets.
        if octet < 2 {
            put(1);
            put(octet + 1);
        } else {
            put(octet);
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::Name;

    #[test]
    fn the_longest_names_have_different_keys() {
        let label = [0; 63];
        let names = [0, 1].map(|first| {
            let last = [&[first][..], &[1; 60]].concat();
            Name::from_labels([&last[..], &label, &label, &label]).unwrap()
        });
        assert_eq!(names[0].wire().len(), 255);
        assert!(Key::new(names[0].view()).octets() < Key::new(names[1].view()).octets());
        let deep = Name::from_labels([&b"\0"[..]; 127]).unwrap();
        assert_eq!(Key::new(deep.view()).ancestor(126).len() + 3, 127 * 3);
    }

    fn names() -> impl Strategy<Value = Name> {
        let octet = prop::sample::select(alloc::vec![0, 1, 2, b'a', b'B', b'b', 255]);
        let label = prop::collection::vec(octet, 1..3);
        prop::collection::vec(label, 0..5)
            .prop_map(|labels| Name::from_labels(labels.iter().map(Vec::as_slice)).unwrap())
    }

    proptest! {
        #[test]
        fn keys_compare_as_names_do(one in names(), other in names()) {
            let (key, other_key) = (Key::new(one.view()), Key::new(other.view()));
            prop_assert_eq!(one.cmp(&other), key.octets().cmp(other_key.octets()));
            let within = key.octets().starts_with(other_key.octets());
            prop_assert_eq!(one.is_within(other.view()), within);
        }
    }
}

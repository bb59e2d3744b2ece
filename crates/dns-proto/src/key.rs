//! Names as keys of sorted trees: octets that compare as the names do (RFC 4034 §6.1).
use crate::compress::assemble;
use crate::name::{MAX_NAME, NameRef};

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
        let mut room;
        let wire = match name.plain() {
            Some(wire) => wire,
            None => {
                room = [0; MAX_NAME];
                assemble(name, &mut room)
            }
        };
        let mut starts = [0_u8; DEPTHS];
        let (mut depth, mut at) = (0, 0_u8);
        for place in &mut starts {
            let Some(&length @ 1..) = wire.get(usize::from(at)) else { break };
            *place = at;
            (depth, at) = (depth + 1, at.saturating_add(length + 1));
        }
        let mut key = Self { octets: [0; KEY], ends: [0; DEPTHS], depth };
        let mut end = 0;
        let labels = starts.iter().take(depth).rev().filter_map(|&start| {
            let (&length, label) = wire.get(usize::from(start)..)?.split_first()?;
            label.get(..usize::from(length))
        });
        for (label, place) in labels.zip(key.ends.iter_mut().skip(1)) {
            for octet in label.iter().map(u8::to_ascii_lowercase) {
                // Zero ends a label, so zero and one are written as two octets.
                if octet < 2 {
                    push(&mut key.octets, &mut end, 1);
                    push(&mut key.octets, &mut end, octet + 1);
                } else {
                    push(&mut key.octets, &mut end, octet);
                }
            }
            push(&mut key.octets, &mut end, 0);
            *place = end;
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
}

fn push(octets: &mut [u8; KEY], end: &mut u16, octet: u8) {
    if let Some(place) = octets.get_mut(usize::from(*end)) {
        *place = octet;
        *end += 1;
    }
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

//! Domain names: one that borrows, one that owns (RFC 1035 §3.1, RFC 4343).
#[cfg(feature = "idna")]
mod idna;
mod text;

use alloc::boxed::Box;
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

use crate::error::{ParseError, ParseErrorKind};
use crate::fold;
use crate::reader::Reader;

pub(crate) use text::{escape, write_octet, write_text};

/// Octets of the longest name, the root's included (RFC 1035 §2.3.4).
pub(crate) const MAX_NAME: usize = 255;
/// Octets of the longest label (RFC 1035 §2.3.4).
pub(crate) const MAX_LABEL: usize = 63;
/// Octets a [`Name`] holds without an allocation; nearly every name on the Internet is shorter.
const INLINE: usize = 62;

/// A name inside a message or another name, checked, perhaps compressed.
///
/// It keeps the case it was written in, and is compared, ordered and hashed without (RFC 4343).
/// The order is the canonical one (RFC 4034 §6.1): a zone's names sort with each parent directly
/// before its children. It is `Copy` and costs no allocation; [`to_name`](Self::to_name) keeps it.
///
/// ```
/// use dns_proto::Name;
///
/// let name: Name = "WWW.hamburger.edu.".parse()?;
/// let labels: Vec<&[u8]> = name.view().labels().collect();
/// assert_eq!(labels, [&b"WWW"[..], b"hamburger", b"edu"]);
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Copy)]
pub struct NameRef<'a> {
    message: &'a [u8],
    start: usize,
}

impl<'a> NameRef<'a> {
    /// The root: no label at all.
    pub const ROOT: NameRef<'static> = NameRef { message: &[0], start: 0 };

    /// Wraps a name that a [`Reader`] has checked.
    pub(crate) const fn checked(message: &'a [u8], start: usize) -> Self {
        Self { message, start }
    }

    /// Iterates over the labels, the leftmost first, without the root's empty one.
    #[must_use]
    pub const fn labels(self) -> Labels<'a> {
        Labels { message: self.message, at: self.start }
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(self) -> bool {
        self.labels().next().is_none()
    }

    /// Returns the octets of the name when it is written without compression, 1 to 255.
    #[must_use]
    pub fn wire_len(self) -> usize {
        self.labels().map(|label| label.len() + 1).sum::<usize>() + 1
    }

    /// Returns the name without its first label, or `None` for the root.
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        let mut labels = self.labels();
        labels.next()?;
        Some(Self { message: labels.message, start: labels.at })
    }

    /// Whether this name is `other` or below it.
    #[must_use]
    pub fn is_within(self, other: NameRef<'_>) -> bool {
        let (own, others) = (self.labels().count(), other.labels().count());
        own >= others && equal(self.labels().skip(own - others), other.labels())
    }

    /// Whether the first label is `*` (RFC 4592 §2.1.1).
    #[must_use]
    pub fn is_wildcard(self) -> bool {
        self.labels().next() == Some(b"*")
    }

    /// Returns the octets from this place on, whatever follows the name among them.
    #[inline]
    pub(crate) fn octets(self) -> &'a [u8] {
        self.message.get(self.start..).unwrap_or_default()
    }

    /// Returns the octets in this place if the name is whole here, without pointers.
    pub(crate) fn plain(self) -> Option<&'a [u8]> {
        let octets = self.message.get(self.start..)?;
        let mut at = 0;
        loop {
            match *octets.get(at)? {
                0 => return octets.get(..=at),
                octet @ 1..=63 => at += usize::from(octet) + 1,
                _ => return None,
            }
        }
    }

    /// Copies the name out of its message.
    #[must_use]
    pub fn to_name(self) -> Name {
        if let Some(wire) = self.plain() {
            return Name::checked(wire);
        }
        let mut wire = Wire::new();
        for label in self.labels() {
            wire.push(label).expect("a checked name has at most 255 octets");
        }
        wire.finish()
    }
}

/// The labels of a name, from the left.
#[derive(Clone, Debug)]
pub struct Labels<'a> {
    message: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let (&octet, rest) = self.message.get(self.at..)?.split_first()?;
            match octet {
                0 => return None,
                1..=63 => {
                    self.at += usize::from(octet) + 1;
                    return rest.get(..usize::from(octet));
                }
                // Backwards, or the name would not have been made: the loop ends.
                _ => self.at = usize::from(u16::from_be_bytes([octet & 0x3f, *rest.first()?])),
            }
        }
    }
}

/// A name of one's own: up to 62 octets inside itself, longer ones on the heap.
///
/// It is always absolute. Text is read as in master files (RFC 1035 §5.1): `\.` and `\DDD` are
/// octets of a label, and a final dot may be left out.
///
/// ```
/// use dns_proto::Name;
///
/// let name: Name = r"first\.last.crepes.fr".parse()?;
/// assert_eq!(name.to_string(), r"first\.last.crepes.fr.");
/// assert_eq!(name, r"FIRST\046last.CREPES.FR.".parse::<Name>()?);
/// assert!(name.is_within("fr".parse::<Name>()?.view()));
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone)]
pub struct Name(Repr);

#[derive(Clone)]
enum Repr {
    Inline { length: u8, octets: [u8; INLINE] },
    Heap(Box<[u8]>),
}

impl Name {
    /// The root.
    pub const ROOT: Self = Self(Repr::Inline { length: 1, octets: [0; INLINE] });

    /// Reads one uncompressed name that fills `octets`.
    ///
    /// # Errors
    ///
    /// When the octets are not one name (RFC 1035 §3.1).
    pub fn from_wire(octets: &[u8]) -> Result<Self, ParseError> {
        let mut reader = Reader::new(octets, 0);
        let name = reader.name()?;
        if reader.is_empty() {
            Ok(name.to_name())
        } else {
            Err(reader.error(ParseErrorKind::Trailing))
        }
    }

    /// Wraps the octets of a name that has been checked.
    pub(crate) fn checked(wire: &[u8]) -> Self {
        let mut octets = [0; INLINE];
        Self(match (u8::try_from(wire.len()), octets.get_mut(..wire.len())) {
            (Ok(length), Some(inline)) => {
                inline.copy_from_slice(wire);
                Repr::Inline { length, octets }
            }
            _ => Repr::Heap(wire.into()),
        })
    }

    /// Makes a name from its labels, the leftmost first.
    ///
    /// # Errors
    ///
    /// When a label is empty or longer than 63 octets, or the name is longer than 255.
    pub fn from_labels<'l>(labels: impl IntoIterator<Item = &'l [u8]>) -> Result<Self, ParseError> {
        let mut wire = Wire::new();
        labels.into_iter().try_for_each(|label| wire.push(label))?;
        Ok(wire.finish())
    }

    /// Borrows the name.
    #[must_use]
    pub fn view(&self) -> NameRef<'_> {
        NameRef::checked(self.wire(), 0)
    }

    /// Returns the octets of the name, uncompressed.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { length, octets } => octets.get(..usize::from(*length)).unwrap_or(octets),
            Repr::Heap(octets) => octets,
        }
    }

    /// Iterates over the labels, the leftmost first, without the root's empty one.
    #[must_use]
    pub fn labels(&self) -> Labels<'_> {
        self.view().labels()
    }

    /// Whether this is the root.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.view().is_root()
    }

    /// Returns the name without its first label, or `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.view().parent().map(NameRef::to_name)
    }

    /// Whether this name is `other` or below it.
    #[must_use]
    pub fn is_within(&self, other: NameRef<'_>) -> bool {
        self.view().is_within(other)
    }

    /// Returns the name in small letters: its canonical form (RFC 4034 §6.2).
    #[must_use]
    pub fn to_lowercase(&self) -> Self {
        let mut name = self.clone();
        match &mut name.0 {
            Repr::Inline { octets, .. } => octets.make_ascii_lowercase(),
            Repr::Heap(octets) => octets.make_ascii_lowercase(),
        }
        name
    }
}

/// A name that grows label by label, on the stack.
pub(crate) struct Wire {
    octets: [u8; MAX_NAME],
    length: usize,
}

impl Wire {
    pub(crate) const fn new() -> Self {
        Self { octets: [0; MAX_NAME], length: 0 }
    }

    /// Appends a label, and leaves room for the root.
    pub(crate) fn push(&mut self, label: &[u8]) -> Result<(), ParseError> {
        let error = |kind| Err(ParseError::new(kind, self.length));
        let length = match u8::try_from(label.len()) {
            Ok(length) if !label.is_empty() && label.len() <= MAX_LABEL => length,
            _ => return error(ParseErrorKind::LabelLength),
        };
        let end = self.length + 1 + label.len();
        match self.octets.get_mut(self.length..end) {
            Some([first, rest @ ..]) if end < MAX_NAME => {
                *first = length;
                rest.copy_from_slice(label);
            }
            _ => return error(ParseErrorKind::NameLength),
        }
        self.length = end;
        Ok(())
    }

    pub(crate) fn finish(self) -> Name {
        Name::checked(self.octets.get(..=self.length).unwrap_or(&self.octets))
    }
}

impl PartialEq for NameRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        equal(self.labels(), other.labels())
    }
}

impl Eq for NameRef<'_> {}

impl Hash for NameRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut octets = [0; MAX_LABEL + 1];
        for label in self.labels() {
            let (length, small) = octets.split_first_mut().expect("it has 64 octets");
            *length = u8::try_from(label.len()).expect("a checked label has at most 63 octets");
            fold::copy(small, label);
            state.write(octets.get(..=label.len()).unwrap_or(&octets));
        }
        state.write_u8(0);
    }
}

impl Ord for NameRef<'_> {
    /// Compares from the root down, label by label, without case (RFC 4034 §6.1).
    fn cmp(&self, other: &Self) -> Ordering {
        let (own, others) = (self.labels().count(), other.labels().count());
        let common = own.min(others);
        let mut order = own.cmp(&others);
        // From the left to the right: the last difference seen is the one nearest to the root.
        let pairs = self.labels().skip(own - common).zip(other.labels().skip(others - common));
        for (own, other) in pairs {
            order = fold::compare(own, other).then(order);
        }
        order
    }
}

impl PartialOrd for NameRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        // Lengths are below the letters, so they have no case either.
        fold::equal(self.wire(), other.wire())
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.view().hash(state);
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.view().cmp(&other.view())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<NameRef<'_>> for Name {
    fn eq(&self, other: &NameRef<'_>) -> bool {
        self.view() == *other
    }
}

impl PartialEq<Name> for NameRef<'_> {
    fn eq(&self, other: &Name) -> bool {
        *self == other.view()
    }
}

impl From<NameRef<'_>> for Name {
    fn from(name: NameRef<'_>) -> Self {
        name.to_name()
    }
}

fn equal<'a>(mut own: impl Iterator<Item = &'a [u8]>, mut other: Labels<'_>) -> bool {
    loop {
        match (own.next(), other.next()) {
            (None, None) => return true,
            (Some(own), Some(other)) if fold::equal(own, other) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;
    use core::hash::BuildHasher;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn names_sort_as_in_rfc_4034_section_6_1() {
        let sorted = [
            "example",
            "a.example",
            "yljkjljk.a.example",
            "Z.a.example",
            "zABC.a.EXAMPLE",
            "z.example",
            "\\001.z.example",
            "*.z.example",
            "\\200.z.example",
        ];
        let names: Vec<Name> = sorted.iter().map(|text| name(text)).collect();
        let mut shuffled = names.clone();
        shuffled.reverse();
        shuffled.sort();
        assert_eq!(shuffled, names);
    }

    #[test]
    fn case_is_kept_but_not_compared() {
        let (upper, lower) = (name("A.b"), name("a.B"));
        assert_eq!(upper, lower);
        assert_ne!(upper.wire(), lower.wire());
        assert_eq!(upper.cmp(&lower), Ordering::Equal);
        let hasher = std::hash::RandomState::new();
        assert_eq!(hasher.hash_one(&upper), hasher.hash_one(lower.view()));
    }

    #[test]
    fn a_name_is_within_itself_and_its_ancestors_only() {
        let www = name("www.hamburger.edu");
        for ancestor in ["www.hamburger.edu", "HAMBURGER.edu", "edu", "."] {
            assert!(www.is_within(name(ancestor).view()), "{ancestor}");
        }
        for other in ["a.www.hamburger.edu", "burger.edu", "fr", "ww.hamburger.edu"] {
            assert!(!www.is_within(name(other).view()), "{other}");
        }
    }

    #[test]
    fn parents_lead_to_the_root() {
        let parents: Vec<_> = core::iter::successors(Some(name("a.b.c")), Name::parent).collect();
        assert_eq!(parents, [name("a.b.c"), name("b.c"), name("c"), Name::ROOT]);
    }

    #[test]
    fn labels_of_63_octets_and_names_of_255_are_the_longest() {
        let label = [b'a'; MAX_LABEL];
        assert!(Name::from_labels([&label[..]]).is_ok());
        assert!(Name::from_labels([&[b'a'; MAX_LABEL + 1][..]]).is_err());
        assert!(Name::from_labels([&b""[..]]).is_err());
        let longest = [&label[..], &label, &label, &label[..61]];
        let longest = Name::from_labels(longest).unwrap();
        assert_eq!((longest.wire().len(), longest.view().wire_len()), (MAX_NAME, MAX_NAME));
        assert!(Name::from_labels([&label[..], &label, &label, &label[..62]]).is_err());
        assert_eq!(Name::from_wire(longest.wire()), Ok(longest));
    }

    #[test]
    fn names_of_62_and_63_octets_are_alike() {
        for length in [INLINE - 2, INLINE - 1] {
            let wire = Name::from_labels([&vec![b'x'; length][..]]).unwrap();
            assert_eq!(wire.wire().len(), length + 2);
            assert_eq!(Name::from_wire(wire.wire()).unwrap().wire(), wire.wire());
        }
    }

    #[test]
    fn wire_names_must_be_whole_plain_and_alone() {
        let cases: [&[u8]; 6] = [b"", b"\x01a", b"\x02a", b"\x40a\0", b"\xc0\x00", b"\0\0"];
        for octets in cases {
            assert!(Name::from_wire(octets).is_err(), "{octets:?}");
        }
    }
}

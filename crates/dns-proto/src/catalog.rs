//! Catalog zones (RFC 9432): a list of zones, which is itself a zone and travels as one.
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::error::Misuse;
use crate::name::Name;
use crate::rdata::{CharStrings, Rdata};
use crate::record::Record;
use crate::zone::Zone;
use sha1::{Digest, Sha1};

/// The zones that a catalog says are to be served.
///
/// ```
/// use dns_proto::{Catalog, Zone, zone_file};
///
/// let text = b"@ 0 SOA invalid. invalid. 1 60 60 600 60\n@ 0 NS invalid.\n\
///     version 0 TXT 2\nid1.zones 0 PTR crepes.fr.\ngroup.id1.zones 0 TXT signed\n";
/// let zone = Zone::new(zone_file::read("catalog", text, "catalog.fr".parse()?, |_| None)?)?;
/// let catalog = Catalog::read(&zone).expect("it is sound");
/// let member = catalog.member(&"crepes.fr".parse()?).expect("it is listed");
/// assert_eq!(member.groups, [b"signed"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Catalog {
    members: BTreeMap<Name, Member>,
}

/// What a catalog says of one zone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// The label below `zones`: when it changes, all state of the zone is to be forgotten
    /// (RFC 9432 §5.4).
    pub id: Vec<u8>,
    /// What the consumer's configuration is chosen by (RFC 9432 §4.3.2).
    pub groups: Vec<Vec<u8>>,
    /// The catalog to which it is about to move, if it is (RFC 9432 §4.3.1).
    pub moves_to: Option<Name>,
}

/// Why a zone is no catalog: nothing of it may be used (RFC 9432 §4.1, §5.1).
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// There is not exactly one version record, or it does not say 2.
    #[error("catalog without version 2")]
    Version,
    /// A member has more than one PTR record.
    #[error("catalog member with several names")]
    Names,
    /// A zone is listed twice.
    #[error("zone listed twice in a catalog")]
    Twice,
}

/// What changes from one catalog to the next.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CatalogChange {
    /// Zones to begin with; also those whose id is another, after they are removed.
    pub added: Vec<Name>,
    /// Zones to stop, and whose state is to be forgotten.
    pub removed: Vec<Name>,
    /// Zones that stay, with other groups.
    pub changed: Vec<Name>,
}

/// One zone while it is read: its names, groups and moves.
#[derive(Default)]
struct Draft {
    names: Vec<Name>,
    groups: Vec<Vec<u8>>,
    moves: Vec<Name>,
}

impl Catalog {
    /// Reads a catalog. What it does not know it ignores, as it must (RFC 9432 §4.4).
    ///
    /// # Errors
    ///
    /// When it must not be processed at all.
    pub fn read(zone: &Zone) -> Result<Self, CatalogError> {
        let apex = zone.apex().labels().count();
        let (mut versions, mut drafts) = (Vec::new(), BTreeMap::<Vec<u8>, Draft>::new());
        for record in zone.records() {
            let count = record.owner().labels().count().saturating_sub(apex);
            let labels: Vec<_> =
                record.owner().labels().take(count).map(<[u8]>::to_ascii_lowercase).collect();
            let labels: Vec<_> = labels.iter().map(Vec::as_slice).collect();
            match (labels.as_slice(), record.data()) {
                ([b"version"], Rdata::Txt { strings }) => versions.push(first(strings)),
                ([id, b"zones"], Rdata::Ptr { target }) => {
                    drafts.entry(id.to_vec()).or_default().names.push(target.to_name());
                }
                ([b"group", id, b"zones"], Rdata::Txt { strings }) => {
                    drafts.entry(id.to_vec()).or_default().groups.push(first(strings));
                }
                ([b"coo", id, b"zones"], Rdata::Ptr { target }) => {
                    drafts.entry(id.to_vec()).or_default().moves.push(target.to_name());
                }
                _ => {}
            }
        }
        if versions != [b"2"] {
            return Err(CatalogError::Version);
        }
        let mut catalog = Self::default();
        drafts.into_iter().try_for_each(|(id, draft)| catalog.take(id, draft))?;
        Ok(catalog)
    }

    fn take(&mut self, id: Vec<u8>, draft: Draft) -> Result<(), CatalogError> {
        let [name] = draft.names.as_slice() else {
            // Properties of nothing are none.
            return if draft.names.is_empty() { Ok(()) } else { Err(CatalogError::Names) };
        };
        // RFC 9432 §4.3.1: one place to move to, or it is ignored.
        let moves_to = match draft.moves.as_slice() {
            [catalog] => Some(catalog.clone()),
            _ => None,
        };
        let member = Member { id, groups: draft.groups, moves_to };
        let before = self.members.insert(name.clone(), member);
        if before.is_some() { Err(CatalogError::Twice) } else { Ok(()) }
    }

    /// Iterates over the zones, in canonical order.
    pub fn members(&self) -> impl Iterator<Item = (&Name, &Member)> {
        self.members.iter()
    }

    /// Returns what is said of a zone, if it is listed.
    #[must_use]
    pub fn member(&self, zone: &Name) -> Option<&Member> {
        self.members.get(zone)
    }

    /// Returns what is different in the next version of the catalog.
    #[must_use]
    pub fn change(&self, next: &Self) -> CatalogChange {
        let mut change = CatalogChange::default();
        for (name, member) in &self.members {
            match next.members.get(name) {
                Some(other) if other.id == member.id => {
                    if other.groups != member.groups {
                        change.changed.push(name.clone());
                    }
                }
                _ => change.removed.push(name.clone()),
            }
        }
        let new = |(name, member): &(&Name, &Member)| {
            self.members.get(*name).is_none_or(|before| before.id != member.id)
        };
        change.added = next.members.iter().filter(new).map(|(name, _)| name.clone()).collect();
        change
    }

    /// Makes the records of a catalog of these zones beside its SOA: each has the
    /// hash of its name as its id.
    ///
    /// # Errors
    ///
    /// When the names do not fit below the catalog's.
    pub fn write(apex: &Name, zones: &[Name]) -> Result<Vec<Record>, Misuse> {
        let below = |labels: &[&[u8]]| {
            let labels = labels.iter().copied().chain(apex.labels());
            Name::from_labels(labels).map_err(|_| Misuse::OutOfZone)
        };
        let invalid: Name = Name::from_labels([&b"invalid"[..]]).map_err(|_| Misuse::OutOfZone)?;
        let mut records = alloc::vec![
            Record::new(apex.clone(), 0, Rdata::Ns { server: invalid.view() }),
            Record::text(below(&[b"version"])?, 0, &[b"2"])?,
        ];
        for zone in zones {
            let id = identifier(zone);
            let owner = below(&[&id, b"zones"])?;
            records.push(Record::new(owner, 0, Rdata::Ptr { target: zone.view() }));
        }
        Ok(records)
    }
}

fn first(strings: CharStrings<'_>) -> Vec<u8> {
    strings.iter().next().unwrap_or_default().to_vec()
}

/// SHA-1 of the name in lower case, in hexadecimal: nothing secret hangs on it.
fn identifier(zone: &Name) -> Vec<u8> {
    let lower: Vec<u8> = zone.wire().iter().map(u8::to_ascii_lowercase).collect();
    let digit = |nibble: u8| char::from_digit(nibble.into(), 16).map_or(b'0', |it| it as u8);
    Sha1::digest(&lower).iter().flat_map(|octet| [digit(octet >> 4), digit(octet & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone_file;

    const HEAD: &str = "@ 0 SOA a. a. 1 1 1 1 1\n@ 0 NS invalid.\n";

    fn read(text: &str) -> Result<Catalog, CatalogError> {
        let text = alloc::format!("{HEAD}{text}");
        let apex = "c".parse().unwrap();
        let records = zone_file::read("c", text.as_bytes(), apex, |_| None).unwrap();
        Catalog::read(&Zone::new(records).unwrap())
    }

    fn name(text: &str) -> Name {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_broken_is_not_used_at_all() {
        use CatalogError::{Names, Twice, Version};
        let cases = [
            ("", Version),
            ("version 0 TXT 1\n", Version),
            ("version 0 TXT 2\nversion 0 TXT 3\n", Version),
            ("version 0 TXT 2\na.zones 0 PTR x.\na.zones 0 PTR y.\n", Names),
            ("version 0 TXT 2\na.zones 0 PTR x.\nb.zones 0 PTR X.\n", Twice),
        ];
        for (text, error) in cases {
            assert_eq!(read(text), Err(error), "{text}");
        }
    }

    #[test]
    fn what_is_unknown_is_ignored() {
        let text = "version 0 TXT 2\na.zones 0 PTR x.\nnew.a.zones 0 TXT y\nelse 0 A 192.0.2.1\n\
            coo.a.zones 0 PTR d.\ngroup.b.zones 0 TXT lost\n";
        let catalog = read(text).unwrap();
        assert_eq!(catalog.members().count(), 1);
        assert_eq!(catalog.member(&name("x")).unwrap().moves_to, Some(name("d")));
    }

    #[test]
    fn changes_are_told_and_a_new_id_is_a_new_zone() {
        let old = "version 0 TXT 2\na.zones 0 PTR a.\nb.zones 0 PTR b.\nd.zones 0 PTR d.\n\
            e.zones 0 PTR e.\n";
        let new = "version 0 TXT 2\na.zones 0 PTR a.\nbb.zones 0 PTR b.\nc.zones 0 PTR c.\n\
            e.zones 0 PTR e.\ngroup.e.zones 0 TXT g\n";
        let change = read(old).unwrap().change(&read(new).unwrap());
        assert_eq!(change.added, [name("b"), name("c")]);
        assert_eq!(change.removed, [name("b"), name("d")]);
        assert_eq!(change.changed, [name("e")]);
    }

    #[test]
    fn what_is_written_is_read() {
        let zones = [name("a"), name("crepes.fr")];
        let records = Catalog::write(&name("c"), &zones).unwrap();
        let lines: alloc::string::String =
            records.iter().skip(1).map(|record| alloc::format!("{record}\n")).collect();
        let catalog = read(&lines).unwrap();
        assert!(catalog.members().map(|(zone, _)| zone).eq(&zones));
    }
}

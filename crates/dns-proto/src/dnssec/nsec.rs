//! Proofs by NSEC (RFC 4034 §4, RFC 4035 §5.4, RFC 6840 §4).
use super::denial::{Cut, Proven};
use super::rrset::{ancestor, wildcard};
use crate::name::Name;
use crate::number::RecordType;
use crate::rdata::{Rdata, TypeBitmap};
use crate::record::Record;

/// NSEC records of one zone, all of them verified.
pub(super) struct Nsecs<'r> {
    records: &'r [Record],
}

/// One of them.
#[derive(Clone)]
struct Nsec<'r> {
    owner: &'r Name,
    next: Name,
    types: TypeBitmap<'r>,
}

impl<'r> Nsecs<'r> {
    pub(super) const fn new(records: &'r [Record]) -> Self {
        Self { records }
    }

    fn all(&self) -> impl Iterator<Item = Nsec<'r>> + use<'r> {
        self.records.iter().filter_map(|record| match record.data() {
            Rdata::Nsec { next, types } => {
                Some(Nsec { owner: record.owner(), next: next.to_name(), types })
            }
            _ => None,
        })
    }

    fn covering(&self, name: &Name) -> Option<Nsec<'r>> {
        self.all().find(|nsec| nsec.covers(name))
    }

    /// RFC 4035 §5.4: no such name, and no wildcard in its place.
    pub(super) fn name_error(&self, name: &Name) -> bool {
        self.covering(name).is_some_and(|nsec| {
            let source = wildcard(&nsec.encloser(name));
            // RFC 4592 §2.2.1: the wildcard that covers it must not be there.
            self.covering(&source).is_some()
        })
    }

    /// The name has no such type; or a wildcard has not, and there is no such name.
    pub(super) fn no_data(&self, name: &Name, rtype: RecordType) -> bool {
        let here = self.all().any(|nsec| nsec.denies_type(name, rtype) || nsec.is_above(name));
        here || self.covering(name).is_some_and(|nsec| {
            let source = wildcard(&nsec.encloser(name));
            self.all().any(|nsec| nsec.denies_type(&source, rtype) || nsec.is_above(&source))
        })
    }

    /// No name stands in the way of the wildcard with so many labels below its star.
    pub(super) fn expanded(&self, name: &Name, labels: usize) -> bool {
        self.covering(name).is_some_and(|nsec| nsec.encloser(name).labels().count() <= labels)
    }

    /// What the records say of a name that has no DS.
    pub(super) fn cut(&self, name: &Name) -> Option<Cut> {
        let own = |nsec: &Nsec<'_>| nsec.owner == name && nsec.denies_type(name, RecordType::DS);
        if let Some(nsec) = self.all().find(own) {
            let delegates = nsec.types.contains(RecordType::NS);
            return Some(if delegates { Cut::Insecure } else { Cut::Inside });
        }
        if self.all().any(|nsec| nsec.is_above(name)) {
            return Some(Cut::Inside);
        }
        // A wildcard makes no cuts (RFC 4592 §4.2), whatever types it has.
        self.covering(name).map(|_| Cut::Nothing)
    }

    pub(super) fn prove(&self, name: &Name, rtype: RecordType) -> Option<Proven> {
        if self.name_error(name) {
            Some(Proven::NameError)
        } else if self.no_data(name, rtype) {
            Some(Proven::NoData)
        } else {
            None
        }
    }
}

impl Nsec<'_> {
    /// Whether the name is in the gap, and not above what is next.
    fn covers(&self, name: &Name) -> bool {
        self.spans(name) && !self.next.is_within(name.view())
    }

    /// Whether the name is above what is next, and so empty (RFC 4592 §2.2.2).
    fn is_above(&self, name: &Name) -> bool {
        self.spans(name) && self.next.is_within(name.view())
    }

    fn spans(&self, name: &Name) -> bool {
        let after = self.owner < name;
        // The last name's next is the apex.
        let before = *name < self.next || self.next <= *self.owner;
        after && before && !self.is_parental(name)
    }

    /// RFC 6840 §4.1: the parent's record at a cut says nothing of what is below it, nor does one
    /// at a DNAME.
    fn is_parental(&self, name: &Name) -> bool {
        name.is_within(self.owner.view())
            && (self.is_delegation() || self.types.contains(RecordType::DNAME))
    }

    fn is_delegation(&self) -> bool {
        self.types.contains(RecordType::NS) && !self.types.contains(RecordType::SOA)
    }

    fn denies_type(&self, name: &Name, rtype: RecordType) -> bool {
        self.owner == name && denies(self.types, rtype, name.is_root())
    }

    /// The closest encloser: the longest ancestor it shares with a neighbour.
    fn encloser(&self, name: &Name) -> Name {
        let common = |other: &Name| {
            let depth = name.labels().count();
            let shared = (0..depth).rev().map(|labels| ancestor(name, labels));
            shared.into_iter().find(|it| other.is_within(it.view())).unwrap_or(Name::ROOT)
        };
        let (one, other) = (common(self.owner), common(&self.next));
        if one.labels().count() >= other.labels().count() { one } else { other }
    }
}

/// Whether a bitmap shows that there is no such type, nor an alias in its place. The DS is the
/// parent's, everything else the child's (RFC 6840 §4.1, §4.4).
pub(super) fn denies(types: TypeBitmap<'_>, rtype: RecordType, is_root: bool) -> bool {
    let (ns, soa) = (types.contains(RecordType::NS), types.contains(RecordType::SOA));
    let right_side = match rtype {
        RecordType::DS => !soa || is_root,
        _ => !ns || soa,
    };
    right_side && !types.contains(rtype) && !types.contains(RecordType::CNAME)
}

//! What of an answer has to be shown, in its order.
use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::config::Config;
use super::denial::is_proof;
use super::response::Response;
use super::rrset::RrSet;
use super::verdict::Bogus;
use crate::name::Name;
use crate::number::{Class, Rcode, RecordType};
use crate::rdata::Rdata;

/// An answer taken apart.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) rtype: RecordType,
    pub(super) rcode: Rcode,
    pub(super) sets: Vec<RrSet>,
    /// What the authority section has of proofs, and the SOA.
    pub(super) proofs: Vec<RrSet>,
    pub(super) tasks: VecDeque<Task>,
    /// Whether what was asked for is an alias that a DNAME makes.
    is_made: bool,
    /// What is wrong whatever is signed.
    pub(super) flaw: Option<Bogus>,
}

/// One thing to show.
#[derive(Clone, Debug)]
pub(super) enum Task {
    /// That a set of the answer is signed.
    Set(usize),
    /// That the name has not the type.
    Absent { name: Name },
    /// Nothing: it is never signed.
    Unsignable,
}

impl Plan {
    pub(super) fn new(response: &Response, aliases_only: bool, config: &Config) -> Self {
        let own = |set: &RrSet| set.class == Class::IN;
        let mut sets = RrSet::gather(&response.answers);
        sets.retain(own);
        let mut proofs = RrSet::gather(&response.authorities);
        proofs.retain(|set| own(set) && (is_proof(set.rtype) || set.rtype == RecordType::SOA));
        let (rtype, rcode) = (response.rtype, response.rcode);
        let mut plan =
            Self { rtype, rcode, sets, proofs, tasks: VecDeque::new(), is_made: false, flaw: None };
        plan.flaw = plan.make(response, aliases_only, config).err();
        plan
    }

    fn make(
        &mut self,
        response: &Response,
        aliases_only: bool,
        config: &Config,
    ) -> Result<(), Bogus> {
        if !matches!(self.rcode, Rcode::NOERROR | Rcode::NXDOMAIN) {
            return Err(Bogus::Failure);
        }
        let mut name = response.name.clone();
        let mut links = 0;
        while let Some(target) = self.follow(&name)? {
            links += 1;
            if links > config.limits.links {
                return Err(Bogus::Effort);
            }
            name = target;
        }
        if aliases_only || self.is_made {
            return Ok(());
        }
        if self.rtype == RecordType::RRSIG {
            self.tasks.push_back(Task::Unsignable);
            return Ok(());
        }
        let wanted = |set: &RrSet| set.owner == name && self.is_wanted(set.rtype);
        let found: Vec<_> = self.places(wanted);
        if found.is_empty() {
            self.tasks.push_back(Task::Absent { name });
        } else {
            // Nobody signs the header: what is there says that the name is.
            self.rcode = Rcode::NOERROR;
        }
        self.tasks.extend(found.into_iter().map(Task::Set));
        Ok(())
    }

    /// Returns the zone that signed the proofs, or else the SOA, of those that may.
    pub(super) fn prover(&self, may: impl Fn(&Name) -> bool) -> Option<Name> {
        let signer = |set: &RrSet| {
            let signers = set.signatures.iter().map(|it| &it.signer);
            signers.into_iter().find(|it| may(it)).cloned()
        };
        let proofs = self.proofs.iter().filter(|set| is_proof(set.rtype)).filter_map(signer);
        // Proofs of a link's zone may be above the last name too: the deepest is the nearest.
        let proof = proofs.max_by_key(|it| it.labels().count());
        proof.or_else(|| self.proofs.iter().find_map(signer))
    }

    fn is_wanted(&self, rtype: RecordType) -> bool {
        self.rtype == rtype || self.rtype == RecordType::ANY
    }

    fn places(&self, wanted: impl Fn(&RrSet) -> bool) -> Vec<usize> {
        let all = self.sets.iter().enumerate().filter(|(_, set)| wanted(set));
        all.map(|(index, _)| index).collect()
    }

    /// Takes the alias at a name; returns where it leads.
    fn follow(&mut self, name: &Name) -> Result<Option<Name>, Bogus> {
        // Who asks for the alias gets it, and is not led on; unless the answer is about its end.
        let led_on = self.rtype == RecordType::CNAME && self.rcode == Rcode::NXDOMAIN;
        let wants_alias = matches!(self.rtype, RecordType::CNAME | RecordType::ANY) && !led_on;
        let alias = |set: &RrSet| set.owner == *name && set.rtype == RecordType::CNAME;
        let above = |set: &RrSet| {
            set.rtype == RecordType::DNAME && set.owner != *name && name.is_within(set.owner.view())
        };
        let cname = self.places(alias).first().copied();
        if let Some(dname) = self.places(above).first().copied() {
            self.tasks.push_back(Task::Set(dname));
            let target = self.substitute(dname, name).ok_or(Bogus::Synthesis)?;
            // RFC 6672 §5.3.1: the alias beside it is not signed, and must be what we make.
            return match cname.map(|cname| self.target(cname)) {
                Some(said) if said.as_ref() != Some(&target) => Err(Bogus::Synthesis),
                Some(_) if wants_alias => {
                    self.is_made = true;
                    Ok(None)
                }
                _ => Ok(Some(target)),
            };
        }
        let Some(cname) = cname.filter(|_| !wants_alias) else { return Ok(None) };
        self.tasks.push_back(Task::Set(cname));
        // RFC 2181 §10.1: there is one.
        self.target(cname).map(Some).ok_or(Bogus::Synthesis)
    }

    fn target(&self, index: usize) -> Option<Name> {
        let (record, others) = self.sets.get(index)?.records.split_first()?;
        // A chain may come by the same one twice.
        let one = others.iter().all(|other| other.data() == record.data());
        match record.data() {
            Rdata::Cname { target } | Rdata::Dname { target } if one => Some(target.to_name()),
            _ => None,
        }
    }

    /// RFC 6672 §2.2.
    fn substitute(&self, dname: usize, name: &Name) -> Option<Name> {
        let (owner, target) = (&self.sets.get(dname)?.owner, self.target(dname)?);
        let left = name.labels().count() - owner.labels().count();
        Name::from_labels(name.labels().take(left).chain(target.labels())).ok()
    }
}

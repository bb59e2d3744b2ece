//! What is announced, what is enabled, and what a command needs.
use alloc::vec::Vec;

use bytes::Bytes;

use super::state::Phase;
use super::{Config, Session};
use crate::command::{
    Command, Criteria, FetchItem, FetchItems, SearchKey, StatusItem, StoreData, Term,
};
use crate::{Atom, Capability, Dialect};

impl Session {
    /// Returns what the client is to be told of now.
    #[must_use]
    pub fn capabilities(&self) -> Vec<Capability> {
        let mut announced = Vec::with_capacity(self.config.capabilities.len() + 4);
        for capability in &self.config.capabilities {
            if self.is_of_use(capability) {
                announced.push(capability.clone());
            }
        }
        if self.phase == Phase::NotAuthenticated {
            if self.is_login_disabled() {
                announced.push(Capability::LoginDisabled);
            }
            let names = self.usable_mechanisms();
            let names = names.iter().map(|name| Bytes::copy_from_slice(name.as_str().as_bytes()));
            announced.extend(names.filter_map(Atom::new).map(Capability::Auth));
        }
        announced
    }

    /// Whether the client has switched this on, by ENABLE or, with CONDSTORE, otherwise (RFC 5161,
    /// RFC 7162 §3.1).
    #[must_use]
    pub fn is_enabled(&self, capability: &Capability) -> bool {
        self.enabled.contains(capability)
    }

    /// Returns what the client has switched on.
    #[must_use]
    pub fn enabled(&self) -> &[Capability] {
        &self.enabled
    }

    /// Returns what the client can read.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        let utf8 =
            self.is_enabled(&Capability::Utf8Accept) || self.is_enabled(&Capability::Imap4rev2);
        Dialect { utf8, ..Dialect::SERVER }
    }

    pub(super) fn enable(&mut self, capability: &Capability) {
        if !self.enabled.contains(capability) {
            self.enabled.push(capability.clone());
        }
        // RFC 7162 §3.2.3: QRESYNC is CONDSTORE and more.
        if *capability == Capability::Qresync {
            self.enable(&Capability::Condstore);
        }
    }

    /// Notes what a command switches on by itself.
    pub(super) fn note_enabling(&mut self, command: &Command) {
        if implies_condstore(command) && self.config.offers(&Capability::Condstore) {
            self.enable(&Capability::Condstore);
        }
    }

    fn is_of_use(&self, capability: &Capability) -> bool {
        let known = self.phase != Phase::NotAuthenticated;
        match capability {
            Capability::StartTls => !known && !self.setting.is_secured(),
            Capability::LoginDisabled | Capability::Auth(_) => false,
            // Compression ends with the user, and what is below does not undo it.
            Capability::Unauthenticate => known && !self.is_compressed,
            Capability::CompressDeflate => known && !self.is_compressed,
            Capability::Imap4rev1
            | Capability::Imap4rev2
            | Capability::SaslIr
            | Capability::LiteralPlus
            | Capability::LiteralMinus
            | Capability::LoginReferrals
            | Capability::Language
            | Capability::Enable
            | Capability::Idle
            | Capability::Id => true,
            _ => known,
        }
    }
}

impl Config {
    /// Whether a command is of what is offered.
    pub(super) fn knows(&self, command: &Command) -> bool {
        let needed: &[Capability] = match command {
            Command::Thread(_) => return self.any(|it| matches!(it, Capability::Thread(_))),
            Command::UidBatches { .. } => {
                return self.any(|it| matches!(it, Capability::UidBatches(_)));
            }
            Command::StartTls => &[Capability::StartTls],
            Command::Id(_) => &[Capability::Id],
            Command::Unauthenticate => &[Capability::Unauthenticate],
            Command::Compress => &[Capability::CompressDeflate],
            Command::Enable(_) => &[Capability::Enable, Capability::Imap4rev2],
            Command::Idle => &[Capability::Idle, Capability::Imap4rev2],
            Command::Namespace => &[Capability::Namespace, Capability::Imap4rev2],
            Command::Unselect => &[Capability::Unselect, Capability::Imap4rev2],
            Command::UidExpunge(_) => &[Capability::UidPlus, Capability::Imap4rev2],
            Command::Move { .. } => &[Capability::Move, Capability::Imap4rev2],
            Command::Replace(_) => &[Capability::Replace],
            Command::Notify(_) => &[Capability::Notify],
            Command::Sort(_) => &[Capability::Sort],
            Command::MultiSearch(_) => &[Capability::MultiSearch],
            Command::CancelUpdate(_) => &[Capability::ContextSearch, Capability::ContextSort],
            Command::GetAcl(_)
            | Command::SetAcl(_)
            | Command::DeleteAcl { .. }
            | Command::ListRights { .. }
            | Command::MyRights(_) => &[Capability::Acl],
            Command::GetQuota(_) | Command::GetQuotaRoot(_) => &[Capability::Quota],
            Command::SetQuota(_) => &[Capability::Quota, Capability::QuotaSet],
            Command::GetMetadata(_) | Command::SetMetadata(_) => {
                &[Capability::Metadata, Capability::MetadataServer]
            }
            Command::GenUrlAuth(_) | Command::UrlFetch(_) | Command::ResetKey(_) => {
                &[Capability::UrlAuth]
            }
            Command::Language(_) => &[Capability::Language],
            Command::Comparator(_) => &[Capability::I18nLevel2],
            Command::GetJmapAccess => &[Capability::JmapAccess],
            _ => return true,
        };
        needed.iter().any(|capability| self.offers(capability))
    }

    fn any(&self, is_it: impl FnMut(&Capability) -> bool) -> bool {
        self.capabilities.iter().any(is_it)
    }
}

/// RFC 7162 §3.1: the commands by which a client says that it knows mod-sequences.
fn implies_condstore(command: &Command) -> bool {
    match command {
        Command::Select(select) | Command::Examine(select) => {
            select.parameters.condstore || select.parameters.qresync.is_some()
        }
        Command::Status(status) => status.items.contains(&StatusItem::HighestModSeq),
        Command::Fetch(fetch) => {
            let asked = matches!(&fetch.items, FetchItems::These(items) if items.contains(&FetchItem::ModSeq));
            asked || fetch.modifiers.changed_since.is_some()
        }
        Command::Store(store) => {
            store.unchanged_since.is_some() && matches!(store.data, StoreData::Flags { .. })
        }
        Command::Search(search) => asks_mod_seq(&search.criteria),
        Command::Sort(sort) => asks_mod_seq(&sort.criteria),
        Command::Thread(thread) => asks_mod_seq(&thread.criteria),
        _ => false,
    }
}

fn asks_mod_seq(criteria: &Criteria) -> bool {
    let asks = |term: &Term| matches!(term, Term::Key(SearchKey::ModSeq(_)));
    criteria.terms().iter().any(asks)
}

//! What a client has switched on (RFC 5161).
use alloc::vec::Vec;

use super::answer::{Answer, coded, ok};
use super::view::Style;
use super::{Engine, Store};
use crate::{Atom, Capability, Code, Condition, Number64, RespText, Response};

/// What a client has switched on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Enabled {
    rev2: bool,
    utf8: bool,
    condstore: bool,
    qresync: bool,
    uid_only: bool,
}

impl Enabled {
    pub(super) const fn is_rev2(self) -> bool {
        self.rev2
    }

    pub(super) const fn utf8(self) -> bool {
        self.rev2 || self.utf8
    }

    pub(super) const fn condstore(self) -> bool {
        self.condstore || self.qresync
    }

    pub(super) const fn qresync(self) -> bool {
        self.qresync
    }

    pub(super) const fn uid_only(self) -> bool {
        self.uid_only
    }

    /// How news are told.
    pub(super) const fn style(self) -> Style {
        Style {
            recent: !self.rev2,
            mod_seq: self.condstore(),
            qresync: self.qresync,
            uid: self.qresync,
            uid_only: self.uid_only,
        }
    }
}

impl<S: Store> Engine<S> {
    /// Returns what [ENABLE](crate::command::Command::Enable) can switch on.
    #[must_use]
    pub const fn can_enable() -> [Capability; 5] {
        [
            Capability::Imap4rev2,
            Capability::Utf8Accept,
            Capability::Condstore,
            Capability::Qresync,
            Capability::UidOnly,
        ]
    }

    /// Returns what the engine does, to be announced. APPENDLIMIT and the resources of quotas are
    /// the store's to say, and ACL, METADATA, QUOTA and QUOTASET are for stores that do such
    /// things.
    #[must_use]
    pub fn capabilities() -> Vec<Capability> {
        let threads = ["ORDEREDSUBJECT", "REFERENCES"].into_iter().filter_map(Atom::new);
        ALL.iter().cloned().chain(threads.map(Capability::Thread)).collect()
    }

    pub(super) fn enable(&mut self, capabilities: &[Capability]) -> Answer {
        let mut enabled = Vec::new();
        for capability in capabilities {
            let already = self.enabled;
            match capability {
                Capability::Imap4rev2 => self.enabled.rev2 = true,
                Capability::Utf8Accept => self.enabled.utf8 = true,
                Capability::Condstore => self.enable_condstore(),
                // RFC 7162 §3.2.3: it enables CONDSTORE as well.
                Capability::Qresync => {
                    self.enable_condstore();
                    self.enabled.qresync = true;
                }
                Capability::UidOnly => self.enabled.uid_only = true,
                // RFC 5161 §3.1: what cannot be switched on is passed over.
                _ => continue,
            }
            let is_new = match capability {
                Capability::Imap4rev2 => !already.rev2,
                Capability::Utf8Accept => !already.utf8,
                Capability::Condstore => !already.condstore,
                Capability::Qresync => !already.qresync,
                _ => !already.uid_only,
            };
            if is_new {
                enabled.push(capability.clone());
            }
        }
        self.out.push_front(super::Output::Response(Response::Enabled(enabled)));
        Ok(ok("done"))
    }

    /// A command means that the client knows mod-sequences (RFC 7162 §3.1).
    pub(super) fn enable_condstore(&mut self) {
        if self.enabled.condstore {
            return;
        }
        self.enabled.condstore = true;
        // RFC 7162 §3.1.2.1: a client that did not ask when it selected is told now.
        if let Some(highest) = self.selected.as_ref().map(|it| it.view.highest()) {
            let text = coded(highest_mod_seq(highest), "it has mod-sequences");
            self.tell(untagged(text));
        }
    }
}

pub(super) fn highest_mod_seq(mod_seq: u64) -> Code {
    Code::HighestModSeq(Number64::new(mod_seq).unwrap_or(Number64::MAX))
}

pub(super) const fn untagged(text: RespText) -> Response {
    Response::Condition { condition: Condition::Ok, text }
}

/// What the engine does beside THREAD.
static ALL: &[Capability] = &[
    Capability::Imap4rev1,
    Capability::Imap4rev2,
    Capability::Binary,
    Capability::Catenate,
    Capability::Children,
    Capability::Condstore,
    Capability::CreateSpecialUse,
    Capability::Enable,
    Capability::Esearch,
    Capability::Esort,
    Capability::I18nLevel1,
    Capability::ListExtended,
    Capability::ListMetadata,
    Capability::ListMyRights,
    Capability::ListStatus,
    Capability::Move,
    Capability::MultiAppend,
    Capability::MultiSearch,
    Capability::Namespace,
    Capability::Notify,
    Capability::ObjectId,
    Capability::Partial,
    Capability::Preview,
    Capability::Qresync,
    Capability::Replace,
    Capability::SaveDate,
    Capability::SearchRes,
    Capability::Sort,
    Capability::SortDisplay,
    Capability::SpecialUse,
    Capability::StatusSize,
    Capability::UidOnly,
    Capability::UidPlus,
    Capability::Unselect,
    Capability::Utf8Accept,
    Capability::Within,
];

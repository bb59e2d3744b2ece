//! What an embedder implements: a user's mailboxes, and one of them.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;

use super::{Failure, Snapshot};
use crate::command::{Change, Rights, SpecialUse};
use crate::{
    DateTime, Delimiter, Flags, IString, Namespace, Namespaces, ObjectId, Quota, UidRange,
};

/// One user's mailboxes.
///
/// Names are UTF-8 with [`delimiter`](Self::delimiter) between levels, and `INBOX` is always
/// there, always in capitals: what the wire makes of names is the engine's business.
///
/// Every method may block, and what it says it did must be on disk when it returns. A mailbox's
/// UIDs and mod-sequences become visible in ascending order: whoever has seen one will never be
/// shown a lower one for the first time.
pub trait Store {
    /// An open mailbox. It goes on to be the same mailbox when that is renamed.
    type Mailbox: Mailbox;
    /// A message on its way into the store; dropped, it leaves nothing behind.
    type Upload: Upload;

    /// Returns all mailboxes, and names that are subscribed without being one, in any order.
    ///
    /// # Errors
    /// The store is [unavailable](Failure::Unavailable).
    fn mailboxes(&mut self) -> Result<Vec<Entry>, Failure>;

    /// Opens a mailbox.
    ///
    /// # Errors
    /// There is [none](Failure::NonExistent), or the user may not read it.
    fn open(&mut self, name: &str) -> Result<Self::Mailbox, Failure>;

    /// Returns a mailbox's numbers, for STATUS.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    fn totals(&mut self, name: &str) -> Result<Totals, Failure>;

    /// Makes a mailbox, and returns its identity if mailboxes have any (RFC 8474). Levels above it
    /// need not be made. A UIDVALIDITY that a mailbox of this name had must not come again.
    ///
    /// # Errors
    /// There is [one](Failure::AlreadyExists); a use is [not possible](Failure::SpecialUse).
    fn create(&mut self, name: &str, uses: &[SpecialUse]) -> Result<Option<ObjectId>, Failure>;

    /// Deletes a mailbox with its messages, not those below it, and not its subscription.
    ///
    /// # Errors
    /// There is [none](Failure::NonExistent).
    fn delete(&mut self, name: &str) -> Result<(), Failure>;

    /// Renames a mailbox and all below it. INBOX stays, its messages move, and those below it stay
    /// as well (RFC 9051 §6.3.6).
    ///
    /// # Errors
    /// There is [none](Failure::NonExistent), or the new name is [taken](Failure::AlreadyExists).
    fn rename(&mut self, from: &str, to: &str) -> Result<(), Failure>;

    /// Subscribes to a name, or no longer does.
    ///
    /// # Errors
    /// The store is [unavailable](Failure::Unavailable), or does not want the name.
    fn subscribe(&mut self, name: &str, subscribed: bool) -> Result<(), Failure>;

    /// Begins to take a message.
    ///
    /// # Errors
    /// There is no room for any.
    fn upload(&mut self) -> Result<Self::Upload, Failure>;

    /// Puts messages into a mailbox: all or none (RFC 3502). Flags that clients cannot keep there
    /// are left out.
    ///
    /// # Errors
    /// There is [none](Failure::NonExistent), or no room.
    fn append(
        &mut self,
        name: &str,
        messages: Vec<NewMessage<Self::Upload>>,
    ) -> Result<Appended, Failure>;

    /// Puts a message into a mailbox, and expunges the one it is to replace (RFC 8508). A store
    /// that can do both at once should: this one leaves both if it is interrupted.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    fn replace(
        &mut self,
        name: &str,
        message: NewMessage<Self::Upload>,
        source: &mut Self::Mailbox,
        uid: NonZeroU32,
    ) -> Result<Appended, Failure> {
        let appended = self.append(name, alloc::vec![message])?;
        source.expunge(&[uid], false)?;
        Ok(appended)
    }

    /// Returns what stands between the levels of names; none if there is one level only.
    fn delimiter(&self) -> Option<Delimiter> {
        Delimiter::new('/')
    }

    /// Returns where names begin (RFC 9051 §6.3.10).
    fn namespaces(&self) -> Namespaces {
        let own = Namespace {
            prefix: IString::default(),
            delimiter: self.delimiter(),
            extensions: Vec::new(),
        };
        Namespaces { personal: alloc::vec![own], ..Namespaces::default() }
    }

    /// Returns the largest message that can be appended, if there is a limit (RFC 7889).
    fn append_limit(&self) -> Option<u64> {
        None
    }

    /// Returns the quota roots of a mailbox, each with what it allows (RFC 9208).
    ///
    /// # Errors
    /// Quotas are [not supported](Failure::NotSupported).
    fn quota_roots(&mut self, _name: &str) -> Result<Vec<Quota>, Failure> {
        Err(Failure::NotSupported)
    }

    /// Returns a quota root.
    ///
    /// # Errors
    /// There is [none](Failure::NonExistent), or quotas are not supported.
    fn quota(&mut self, _root: &IString) -> Result<Quota, Failure> {
        Err(Failure::NotSupported)
    }

    /// Says what a quota root allows, and returns what it is then.
    ///
    /// # Errors
    /// The user may not, as a rule.
    fn set_quota(&mut self, _set: &crate::command::SetQuota) -> Result<Quota, Failure> {
        Err(Failure::NotSupported)
    }

    /// Returns what the user may do with a mailbox (RFC 4314).
    ///
    /// # Errors
    /// Rights are [not supported](Failure::NotSupported).
    fn my_rights(&mut self, _name: &str) -> Result<Rights, Failure> {
        Err(Failure::NotSupported)
    }

    /// Returns who may do what with a mailbox.
    ///
    /// # Errors
    /// As [`my_rights`](Self::my_rights).
    fn acl(&mut self, _name: &str) -> Result<Vec<(IString, Rights)>, Failure> {
        Err(Failure::NotSupported)
    }

    /// Says what somebody may do; replacing by nothing takes them off the list.
    ///
    /// # Errors
    /// As [`my_rights`](Self::my_rights), or the user may not.
    fn set_acl(
        &mut self,
        _name: &str,
        _identifier: &IString,
        _change: Change,
        _rights: &Rights,
    ) -> Result<(), Failure> {
        Err(Failure::NotSupported)
    }

    /// Returns which rights somebody always has, and groups of rights that they can be given.
    ///
    /// # Errors
    /// As [`my_rights`](Self::my_rights).
    fn list_rights(
        &mut self,
        _name: &str,
        _identifier: &IString,
    ) -> Result<(Rights, Vec<Rights>), Failure> {
        Err(Failure::NotSupported)
    }

    /// Returns all notes on a mailbox, or on the server: names, which begin with `/`, and values
    /// (RFC 5464).
    ///
    /// # Errors
    /// Notes are [not supported](Failure::NotSupported).
    fn metadata(&mut self, _name: Option<&str>) -> Result<Vec<(IString, Bytes)>, Failure> {
        Err(Failure::NotSupported)
    }

    /// Writes notes, all or none; one without value goes away.
    ///
    /// # Errors
    /// As [`metadata`](Self::metadata), or there are too many.
    fn set_metadata(
        &mut self,
        _name: Option<&str>,
        _values: &[(IString, Option<Bytes>)],
    ) -> Result<(), Failure> {
        Err(Failure::NotSupported)
    }
}

/// An open mailbox.
pub trait Mailbox {
    /// Returns what is told when the mailbox is opened.
    ///
    /// # Errors
    /// The mailbox has been [deleted](Failure::NonExistent), or the store is away.
    fn info(&mut self) -> Result<Info, Failure>;

    /// Returns messages with UIDs above `after`, in ascending order, no more than `limit`; nothing
    /// if there are no more.
    ///
    /// # Errors
    /// As [`info`](Self::info).
    fn states(&mut self, after: u32, limit: usize) -> Result<Vec<State>, Failure>;

    /// Returns what happened after a mod-sequence: at one moment, all of it.
    ///
    /// This is asked twice for a command: with nothing new it should cost next to nothing.
    ///
    /// # Errors
    /// As [`info`](Self::info).
    fn changes(&mut self, since: u64) -> Result<Changes, Failure>;

    /// Returns what is known of these messages without reading them; those that are not there are
    /// left out.
    ///
    /// # Errors
    /// As [`info`](Self::info).
    fn details(&mut self, uids: &[NonZeroU32]) -> Result<Vec<Details>, Failure>;

    /// Returns octets of a message from an offset on, at most so many, at least one unless the
    /// message ends there. Message octets never change under a UID.
    ///
    /// # Errors
    /// The message is [gone](Failure::MessageGone), or damaged. A message that is expunged while it
    /// goes out breaks the connection off; a store that can keep its octets a while longer does
    /// its clients a kindness.
    fn read(&mut self, uid: NonZeroU32, offset: u64, at_most: usize) -> Result<Bytes, Failure>;

    /// Changes flags of messages, those that are there. A message whose flags are what they shall
    /// be already keeps its mod-sequence; all that change get new ones.
    ///
    /// # Errors
    /// The user may not, or there are too many keywords.
    fn set_flags(
        &mut self,
        uids: &[NonZeroU32],
        update: &FlagUpdate,
    ) -> Result<FlagsUpdated, Failure>;

    /// Removes messages for good, those that are there; if `only_deleted`, those of them that are
    /// `\Deleted`. Each is in the journal with a new mod-sequence.
    ///
    /// # Errors
    /// The user may not.
    fn expunge(&mut self, uids: &[NonZeroU32], only_deleted: bool) -> Result<(), Failure>;

    /// Copies messages with flags and dates to a mailbox: all or none (RFC 9051 §6.4.7).
    ///
    /// # Errors
    /// There is [none](Failure::NonExistent), no room, or one of the messages is
    /// [gone](Failure::MessageGone).
    fn copy(&mut self, uids: &[NonZeroU32], to: &str) -> Result<Copied, Failure>;

    /// Moves messages to a mailbox, which may be this one: all or none (RFC 6851). A store that
    /// can do both at once should: this one leaves copies if it is interrupted.
    ///
    /// # Errors
    /// As [`copy`](Self::copy).
    fn move_to(&mut self, uids: &[NonZeroU32], to: &str) -> Result<Copied, Failure> {
        let copied = self.copy(uids, to)?;
        self.expunge(uids, false)?;
        Ok(copied)
    }

    /// Returns the least UID from which on messages are `\Recent` to this session (RFC 3501
    /// §2.3.2): those that no session has claimed. With `claim` they are this session's. Only
    /// IMAP4rev1 asks; a store that does not care says that none is.
    ///
    /// # Errors
    /// As [`info`](Self::info).
    fn recent(&mut self, _claim: bool) -> Result<u32, Failure> {
        Ok(u32::MAX)
    }

    /// Takes what a session knows of this mailbox, for others that have it open too. A store that
    /// has many sessions keeps the last one for each mailbox, and they need not all hold the same.
    fn keep(&mut self, _snapshot: Snapshot) {}

    /// Returns what was [kept](Self::keep) last for this mailbox.
    fn kept(&mut self) -> Option<Snapshot> {
        None
    }
}

/// A message on its way into the store.
pub trait Upload {
    /// Takes the next octets.
    ///
    /// # Errors
    /// There is no room for them.
    fn write(&mut self, octets: Bytes) -> Result<(), Failure>;
}

/// In memory, piece by piece: for stores that want a message whole.
impl Upload for Vec<Bytes> {
    fn write(&mut self, octets: Bytes) -> Result<(), Failure> {
        self.push(octets);
        Ok(())
    }
}

/// A name that LIST tells.
///
/// ```
/// use imap_proto::engine::Entry;
///
/// let mut entry = Entry::new("Sent");
/// entry.subscribed = true;
/// assert!(entry.exists && entry.uses.is_empty());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// The name.
    pub name: alloc::string::String,
    /// Whether there is such a mailbox; if not, it is subscribed only.
    pub exists: bool,
    /// Whether the user is subscribed to it.
    pub subscribed: bool,
    /// Whether there can be none below it.
    pub no_inferiors: bool,
    /// What it is for (RFC 6154).
    pub uses: Vec<SpecialUse>,
}

impl Entry {
    /// Makes an entry of a mailbox that is not subscribed and for nothing particular.
    #[must_use]
    pub fn new(name: impl Into<alloc::string::String>) -> Self {
        Self {
            name: name.into(),
            exists: true,
            subscribed: false,
            no_inferiors: false,
            uses: Vec::new(),
        }
    }
}

/// A mailbox's numbers (RFC 9051 §6.3.11).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Totals {
    /// How many messages there are.
    pub messages: u32,
    /// How many are `\Recent`: what [`Mailbox::recent`] would say.
    pub recent: u32,
    /// How many are not `\Seen`.
    pub unseen: u32,
    /// How many are `\Deleted`.
    pub deleted: u32,
    /// How many octets they have.
    pub size: u64,
    /// How many octets those have that are `\Deleted`.
    pub deleted_size: u64,
    /// The UID of the next message.
    pub uid_next: NonZeroU32,
    /// What makes UIDs valid.
    pub uid_validity: NonZeroU32,
    /// The highest mod-sequence; 1 if nothing has happened yet.
    pub mod_seq: u64,
    /// The mailbox's identity (RFC 8474).
    pub id: Option<ObjectId>,
}

/// What is told when a mailbox is opened (RFC 9051 §6.3.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Info {
    /// What makes UIDs valid.
    pub uid_validity: NonZeroU32,
    /// The UID of the next message.
    pub uid_next: NonZeroU32,
    /// The highest mod-sequence; 1 if nothing has happened yet.
    pub mod_seq: u64,
    /// The mailbox's identity (RFC 8474).
    pub id: Option<ObjectId>,
    /// Flags that messages have here, or can have.
    pub flags: Flags,
    /// Flags that clients can change for good; with `\*` if they can make new ones.
    pub permanent: Flags,
    /// Whether this user cannot change anything.
    pub read_only: bool,
}

/// What changes about a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// Its UID.
    pub uid: NonZeroU32,
    /// When it was changed last, or came.
    pub mod_seq: u64,
    /// Its flags, without `\Recent`.
    pub flags: Flags,
}

/// What never changes about a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Details {
    /// Its UID.
    pub uid: NonZeroU32,
    /// How many octets it has.
    pub size: u64,
    /// When it arrived (INTERNALDATE).
    pub received: DateTime,
    /// When it came into this mailbox (RFC 8514).
    pub saved: Option<DateTime>,
    /// Its content's identity (RFC 8474).
    pub email_id: Option<ObjectId>,
    /// Its thread's identity (RFC 8474).
    pub thread_id: Option<ObjectId>,
}

/// What happened after a mod-sequence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Changes {
    /// The highest mod-sequence at this moment: what to ask from next time.
    pub mod_seq: u64,
    /// Messages that came, or whose flags changed, and are there; by ascending UID.
    pub states: Vec<State>,
    /// Messages that were removed.
    pub vanished: Vec<UidRange>,
    /// Whether `vanished` is all; if not, the journal does not reach back so far, and who wants
    /// to know compares with [`Mailbox::states`].
    pub complete: bool,
}

/// How flags shall change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlagUpdate {
    /// How.
    pub change: Change,
    /// Which.
    pub flags: Flags,
    /// Only of messages whose mod-sequence is no higher (RFC 7162 §3.1.3).
    pub unchanged_since: Option<u64>,
}

/// How flags have changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FlagsUpdated {
    /// The messages that are as they shall be, whether they changed or not.
    pub states: Vec<State>,
    /// The messages that were changed by somebody else in the meantime.
    pub modified: Vec<NonZeroU32>,
}

/// A message to be appended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewMessage<U> {
    /// Its octets.
    pub upload: U,
    /// Its flags.
    pub flags: Flags,
    /// When it arrived, if not now.
    pub received: Option<DateTime>,
}

/// Where messages were appended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Appended {
    /// What makes UIDs valid there.
    pub uid_validity: NonZeroU32,
    /// The messages' UIDs, in the order in which they were given.
    pub uids: Vec<NonZeroU32>,
}

/// Where messages were copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Copied {
    /// What makes UIDs valid there.
    pub uid_validity: NonZeroU32,
    /// The messages' UIDs there, in the order in which they were given.
    pub uids: Vec<NonZeroU32>,
}

//! What clients say: commands, in both directions.
//!
//! A client makes a [`Command`] and [writes](Tagged::write) it with its tag. A server reads
//! commands by a [`Reader`], which takes them from the stream, literals and all, and stays in step
//! when one is bad. [`Command::parse`] reads one that is here whole, for tests and tools.
//!
//! Reading is strict: what the grammar does not have is an error that says what and where.

mod acl;
mod annotation;
mod append;
mod auth;
mod create;
mod fetch;
mod grammar;
mod id;
mod list;
mod messages;
mod metadata;
mod notify;
mod objects;
mod order;
mod quota;
mod reader;
mod search;
mod select;
mod status;
mod store;
#[cfg(test)]
mod tests;
mod urlauth;
mod verbs;

use alloc::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};

pub use acl::SetAcl;
pub use annotation::{
    Annotation, AnnotationKey, AnnotationQuery, AnnotationScope, AnnotationValue,
};
pub use append::{AppendPart, AppendWriter, MessageForm, MessageStart, Replace};
pub use auth::{Authenticate, Login, Password};
pub use create::{Create, SpecialUse};
pub use fetch::{ChangedSince, Fetch, FetchItem, FetchItems, FetchModifiers, Partial};
pub use id::IdFields;
pub use list::{List, ListPatterns, ListReturns, ListSelection};
pub use messages::{MessageSet, Numbering};
pub use metadata::{Depth, Entry, GetMetadata, SetMetadata};
pub use notify::{EventGroup, MailboxFilter, Notify, NotifyEvent};
pub use objects::{Resource, Rights};
pub use quota::SetQuota;
pub use reader::{ArgumentLimits, Bad, BadKind, Event, Reader, ReaderLimits};
pub use search::{
    Charset, Criteria, EntryType, ModSeqKey, MultiSearch, Search, SearchKey, SearchReturns,
    SearchSources, Sort, SortCriterion, SortKey, Term, Thread, ThreadAlgorithm,
};
pub use select::{KnownUids, QResync, Select, SelectParameters};
pub use status::{Status, StatusItem};
pub use store::{Change, Store, StoreData};
pub use urlauth::{ResetKey, UrlRump};

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{
    Capability, Dialect, Flag, Flags, IString, Limits, Line, ListMailbox, Mailbox, NotEmpty,
    ParseError, ParseErrorKind, Tag,
};

/// What a client says (RFC 9051 §6, RFC 3501 §6, and the extensions named).
///
/// ```
/// use imap_proto::{Mailbox, command::Command};
///
/// let command = Command::parse("delete blurdybloop".into())?;
/// assert_eq!(command, Command::Delete(Mailbox::new("blurdybloop").unwrap()));
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Command {
    /// Asks what the server can do.
    Capability,
    /// Asks for nothing, or for news.
    Noop,
    /// Ends the session.
    Logout,
    /// Says what the client is, and asks what the server is (RFC 2971).
    Id(Option<IdFields>),
    /// Asks for TLS.
    StartTls,
    /// Begins a SASL exchange.
    Authenticate(Authenticate),
    /// Says who the client is, in clear.
    Login(Login),
    /// Ends being somebody (RFC 8437).
    Unauthenticate,
    /// Asks for compression by DEFLATE (RFC 4978).
    Compress,
    /// Switches extensions on (RFC 5161).
    Enable(NotEmpty<Capability>),
    /// Opens a mailbox.
    Select(Select),
    /// Opens a mailbox that is not to change.
    Examine(Select),
    /// Makes a mailbox.
    Create(Create),
    /// Deletes a mailbox.
    Delete(Mailbox),
    /// Gives a mailbox another name.
    Rename {
        /// The one it has.
        from: Mailbox,
        /// The one it shall have.
        to: Mailbox,
    },
    /// Puts a mailbox on the list of subscriptions.
    Subscribe(Mailbox),
    /// Takes it off.
    Unsubscribe(Mailbox),
    /// Asks which mailboxes there are.
    List(List),
    /// Asks which mailboxes are subscribed (RFC 3501 §6.3.9).
    Lsub {
        /// What the pattern begins at.
        reference: Mailbox,
        /// The names.
        pattern: ListMailbox,
    },
    /// Asks where names of mailboxes begin.
    Namespace,
    /// Asks for numbers of a mailbox.
    Status(Status),
    /// Brings messages to a mailbox, piece by piece: [`AppendPart`]s follow.
    Append(Mailbox),
    /// Brings a message in the place of another, piece by piece: [`AppendPart`]s follow.
    Replace(Replace),
    /// Waits for news, until DONE.
    Idle,
    /// Says what news are wanted (RFC 5465).
    Notify(Notify),
    /// Asks for a checkpoint (RFC 3501 §6.4.1).
    Check,
    /// Closes the mailbox, and removes what is `\Deleted`.
    Close,
    /// Closes the mailbox.
    Unselect,
    /// Removes what is `\Deleted`.
    Expunge,
    /// Removes what is `\Deleted` of these (RFC 4315).
    UidExpunge(MessageSet),
    /// Asks which messages have something.
    Search(Search),
    /// The same, in an order (RFC 5256).
    Sort(Sort),
    /// Asks which messages belong together (RFC 5256).
    Thread(Thread),
    /// Asks which messages in many mailboxes have something (RFC 7377).
    MultiSearch(MultiSearch),
    /// Ends being told of changes of searches, which are known by their tags (RFC 5267).
    CancelUpdate(NotEmpty<Tag>),
    /// Asks for data of messages.
    Fetch(Fetch),
    /// Changes what is noted on messages.
    Store(Store),
    /// Copies messages.
    Copy {
        /// What the numbers are.
        numbering: Numbering,
        /// Which.
        messages: MessageSet,
        /// Whereto.
        mailbox: Mailbox,
    },
    /// Moves messages (RFC 6851).
    Move {
        /// What the numbers are.
        numbering: Numbering,
        /// Which.
        messages: MessageSet,
        /// Whereto.
        mailbox: Mailbox,
    },
    /// Asks for UIDs that part the mailbox in batches (RFC 10022).
    UidBatches {
        /// How many messages in a batch.
        size: core::num::NonZeroU32,
        /// Which batches, from the newest; all, if it is not said.
        batches: Option<(core::num::NonZeroU32, core::num::NonZeroU32)>,
    },
    /// Asks who may do what with a mailbox (RFC 4314).
    GetAcl(Mailbox),
    /// Says what somebody may do.
    SetAcl(SetAcl),
    /// Takes from somebody all rights, negative ones too, that are said for them.
    DeleteAcl {
        /// With which mailbox.
        mailbox: Mailbox,
        /// Who.
        identifier: IString,
    },
    /// Asks what somebody may be allowed.
    ListRights {
        /// With which mailbox.
        mailbox: Mailbox,
        /// Who.
        identifier: IString,
    },
    /// Asks what the client may do.
    MyRights(Mailbox),
    /// Asks how much there may be, under a root (RFC 9208).
    GetQuota(IString),
    /// Asks how much there may be in a mailbox.
    GetQuotaRoot(Mailbox),
    /// Says how much there may be.
    SetQuota(SetQuota),
    /// Asks for notes on a mailbox, or the server (RFC 5464).
    GetMetadata(GetMetadata),
    /// Writes notes.
    SetMetadata(SetMetadata),
    /// Asks for URLs that others can use (RFC 4467).
    GenUrlAuth(NotEmpty<UrlRump>),
    /// Asks for what URLs name.
    UrlFetch(NotEmpty<IString>),
    /// Makes such URLs worthless.
    ResetKey(ResetKey),
    /// Asks for words in one of these languages, or which there are (RFC 5255).
    Language(Vec<IString>),
    /// Asks for text to be compared in one of these ways, or how it is (RFC 5255).
    Comparator(Vec<IString>),
    /// Asks where the same mail is found by JMAP (RFC 9698).
    GetJmapAccess,
}

/// A command, and what its responses are known by.
///
/// ```
/// use bytes::BytesMut;
/// use imap_proto::{Dialect, Tag, command::{Command, Tagged}};
///
/// let tagged = Tagged { tag: Tag::new("A1").unwrap(), command: Command::Noop };
/// let mut out = BytesMut::new();
/// let waits = tagged.write(Dialect::CLIENT, &mut out);
/// assert_eq!(out, "A1 NOOP\r\n");
/// assert!(waits.is_empty());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tagged {
    /// Its name in this session.
    pub tag: Tag,
    /// What is said.
    pub command: Command,
}

impl Command {
    /// Reads a command without its tag that is here whole, without its last CRLF; literals are in
    /// it as they are sent.
    ///
    /// # Errors
    /// It is no command. APPEND and REPLACE are read without what they bring: a [`Reader`] reads
    /// that.
    pub fn parse(octets: Bytes) -> Result<Self, ParseError> {
        let line = whole(&octets)?;
        let mut cursor = cursor(&line, Limits::default())?;
        let command = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(command)
    }

    /// Whether [`AppendPart`]s follow.
    #[must_use]
    pub const fn brings_messages(&self) -> bool {
        matches!(self, Self::Append(_) | Self::Replace(_))
    }
}

impl Tagged {
    /// Reads a command that is here whole, without its last CRLF; literals are in it as they are
    /// sent.
    ///
    /// # Errors
    /// As [`Command::parse`].
    pub fn parse(octets: Bytes) -> Result<Self, ParseError> {
        let line = whole(&octets)?;
        let mut cursor = cursor(&line, Limits::default())?;
        let tagged = Self::read(&mut cursor)?;
        cursor.end()?;
        Ok(tagged)
    }

    /// Appends the command with its CRLF, and returns where to wait: lengths of `out`, in order,
    /// beyond which nothing may be sent before the server has said `+` once more.
    ///
    /// Of APPEND and REPLACE only the head is written, without CRLF: an [`AppendWriter`] writes
    /// the rest.
    pub fn write(&self, dialect: Dialect, out: &mut BytesMut) -> Vec<usize> {
        let mut writer = Writer::new(out, dialect);
        writer.put(self.tag.as_bytes());
        writer.put(" ");
        self.command.put(&mut writer);
        let waits = writer.finish();
        if !self.command.brings_messages() {
            out.put_slice(b"\r\n");
        }
        waits
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let tag = Tag::read(cursor)?;
        cursor.space()?;
        Ok(Self { tag, command: Command::read(cursor)? })
    }
}

/// Takes a line apart that lacks its CRLF.
fn whole(octets: &Bytes) -> Result<Line, ParseError> {
    if memchr::memchr(b'\n', octets).is_none() && !octets.ends_with(b"}") {
        return Ok(Line::new(octets.clone()));
    }
    let mut line = BytesMut::with_capacity(octets.len() + 2);
    line.put_slice(octets);
    line.put_slice(b"\r\n");
    Line::parse(line.freeze())
}

/// Begins to read a line, in which what is not a literal has to be UTF-8 (RFC 6855 §3: anything
/// else is BAD).
fn cursor(line: &Line, limits: Limits) -> Parsed<Cursor<'_>> {
    let mut offset = 0;
    let after = line.holes().iter().map(|hole| (hole.octets.as_ref(), &hole.text));
    for (literal, text) in core::iter::once((None, line.text())).chain(after) {
        offset += literal.map_or(0, Bytes::len);
        if !text.is_ascii()
            && let Err(error) = core::str::from_utf8(text)
        {
            return Err(ParseError::new(ParseErrorKind::Quoted, offset + error.valid_up_to()));
        }
        offset += text.len();
    }
    Ok(Cursor::new(line, limits))
}

/// Reads flags that a client sets.
fn read_flags(cursor: &mut Cursor<'_>) -> Parsed<Flags> {
    let offset = cursor.offset();
    let flags = Flags::read(cursor)?;
    check_flags(flags, offset)
}

fn check_flags(flags: Flags, offset: usize) -> Parsed<Flags> {
    // RFC 9051 §9: flag "does not include \Recent", and \* is of PERMANENTFLAGS.
    if flags.contains(&Flag::Recent) || flags.contains(&Flag::Any) {
        return Err(ParseError::new(ParseErrorKind::Flag, offset));
    }
    Ok(flags)
}

/// Whether a client may set a flag.
const fn may_set(flag: &Flag) -> bool {
    !matches!(flag, Flag::Recent | Flag::Any)
}

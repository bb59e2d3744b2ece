//! Codes for programs.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::Bytes;
use proto_core::Text;

use super::{NotEmpty, ObjectId, read_capabilities};
use crate::{
    Atom, Capability, Flags, IString, Number64, ParseErrorKind, SeqSet, UidSet,
    cursor::{Cursor, Parsed},
    octets::same_word,
    writer::Writer,
};

/// Makes the enum of codes, and the table of those that are one word.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// A `resp-text-code` (RFC 9051 §7.1, RFC 5530, and the extensions'): why, for programs.
        ///
        /// ```
        /// use imap_proto::{Code, OtherCode};
        ///
        /// assert!(OtherCode::parse("X-NEW and more".into()).is_some());
        /// // What has a name is not something else.
        /// assert_eq!(OtherCode::parse("ALERT".into()), None);
        /// # let _ = Code::Alert;
        /// ```
        #[derive(Clone, Debug, Eq, PartialEq)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// The charset is not known; those that are (RFC 9051 §7.1).
            BadCharset(Vec<IString>),
            /// What the server can do (RFC 9051 §7.1).
            Capability(Vec<Capability>),
            /// Flags that clients can set for good (RFC 9051 §7.1).
            PermanentFlags(Flags),
            /// The next UID, if nothing else happens (RFC 9051 §7.1).
            UidNext(NonZeroU32),
            /// The validity of UIDs (RFC 9051 §7.1).
            UidValidity(NonZeroU32),
            /// The first message that is not seen (RFC 3501 §7.1).
            Unseen(NonZeroU32),
            /// Where appended messages are (RFC 9051 §7.1).
            AppendUid {
                /// The mailbox's validity of UIDs.
                uid_validity: NonZeroU32,
                /// The messages' UIDs, in the order in which they were appended.
                uids: UidSet,
            },
            /// Where copied or moved messages are (RFC 9051 §7.1).
            CopyUid {
                /// The target's validity of UIDs.
                uid_validity: NonZeroU32,
                /// The messages' UIDs where they were.
                from: UidSet,
                /// Their UIDs in the target, in the same order.
                to: UidSet,
            },
            /// The URL that could not be had (RFC 4469 §4).
            BadUrl(OtherText),
            /// The highest mod-sequence (RFC 7162 §7).
            HighestModSeq(Number64),
            /// Messages that were not changed, for they had been by others (RFC 7162 §7).
            Modified(SeqSet),
            /// The mailbox's identity (RFC 8474 §4).
            MailboxId(ObjectId),
            /// Annotations that are not shown are so long (RFC 5464 §4.2.1).
            MetadataLongEntries(u32),
            /// The largest annotation (RFC 5464 §4.3).
            MetadataMaxSize(u32),
            /// How annotations of messages are kept (RFC 5257 §4.3).
            Annotations {
                /// The largest.
                size: AnnotationSize,
                /// Whether private ones cannot be stored.
                no_private: bool,
            },
            /// Events that NOTIFY cannot tell; those that it can (RFC 5465 §5.1).
            BadEvent(NotEmpty<Atom>),
            /// The updates of the search with this tag end (RFC 5267 §4.3.3).
            NoUpdate(IString),
            /// Where to go instead: URLs with spaces between them (RFC 2221, RFC 2193).
            Referral(OtherText),
            /// Mechanisms of URLAUTH besides INTERNAL (RFC 4467 §7), with `=` and a secret in base64.
            UrlMech(Option<OtherText>),
            /// A command takes long (RFC 9585).
            InProgress {
                /// The command's tag.
                tag: Option<IString>,
                /// How far it is.
                progress: Option<u32>,
                /// How far it is when it ends.
                goal: Option<NonZeroU32>,
            },
            /// Only so many messages were processed (RFC 9738).
            MessageLimit {
                /// How many.
                limit: u32,
                /// The UID of the last, or of the one before which it stopped.
                uid: Option<NonZeroU32>,
            },
            /// Messages that were made smaller to be shown (RFC 6858).
            Downgraded(SeqSet),
            /// The filter that is not known (RFC 5466 §3.1).
            UndefinedFilter(Atom),
            /// Any other.
            Other(OtherCode),
        }

        static WORDS: &[(&str, Code)] = &[$(($word, Code::$name),)*];

        impl Code {
            fn word(&self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($word),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    /// People must see the words (RFC 9051 §7.1).
    Alert = "ALERT",
    /// A message's header could not be read (RFC 9051 §7.1).
    Parse = "PARSE",
    /// The mailbox can be read (RFC 9051 §7.1).
    ReadOnly = "READ-ONLY",
    /// The mailbox can be read and written (RFC 9051 §7.1).
    ReadWrite = "READ-WRITE",
    /// The mailbox is not there; creating it may help (RFC 9051 §7.1).
    TryCreate = "TRYCREATE",
    /// UIDs are not kept (RFC 9051 §7.1).
    UidNotSticky = "UIDNOTSTICKY",
    /// A part's encoding is not known (RFC 9051 §7.1).
    UnknownCte = "UNKNOWN-CTE",
    /// The mailbox is no longer selected (RFC 9051 §7.1, RFC 7162 §3.2.11).
    Closed = "CLOSED",
    /// Something that will pass (RFC 5530 §3).
    Unavailable = "UNAVAILABLE",
    /// The credentials are wrong (RFC 5530 §3).
    AuthenticationFailed = "AUTHENTICATIONFAILED",
    /// The identity may not be taken (RFC 5530 §3).
    AuthorizationFailed = "AUTHORIZATIONFAILED",
    /// The credentials are too old (RFC 5530 §3).
    Expired = "EXPIRED",
    /// Not without encryption (RFC 5530 §3).
    PrivacyRequired = "PRIVACYREQUIRED",
    /// Ask the administrator (RFC 5530 §3).
    ContactAdmin = "CONTACTADMIN",
    /// No right to do so (RFC 5530 §3).
    NoPerm = "NOPERM",
    /// Somebody else has it (RFC 5530 §3).
    InUse = "INUSE",
    /// Somebody else expunged it (RFC 5530 §3).
    ExpungeIssued = "EXPUNGEISSUED",
    /// The mailbox is damaged (RFC 5530 §3).
    Corruption = "CORRUPTION",
    /// A bug of the server (RFC 5530 §3).
    ServerBug = "SERVERBUG",
    /// A bug of the client (RFC 5530 §3).
    ClientBug = "CLIENTBUG",
    /// Never possible (RFC 5530 §3).
    Cannot = "CANNOT",
    /// A limit of the server (RFC 5530 §3).
    Limit = "LIMIT",
    /// More than the quota (RFC 5530 §3, RFC 9208 §4.3).
    OverQuota = "OVERQUOTA",
    /// There is one of that name (RFC 5530 §3).
    AlreadyExists = "ALREADYEXISTS",
    /// There is none of that name (RFC 5530 §3).
    NonExistent = "NONEXISTENT",
    /// `$` holds nothing of this search (RFC 9051 §7.1).
    NotSaved = "NOTSAVED",
    /// A mailbox with children cannot be deleted (RFC 9051 §7.1).
    HasChildren = "HASCHILDREN",
    /// The message is too large (RFC 4469 §4, RFC 7889 §4).
    TooBig = "TOOBIG",
    /// There are no mod-sequences (RFC 7162 §3.1.2.2).
    NoModSeq = "NOMODSEQ",
    /// COMPRESS is on already (RFC 4978 §3).
    CompressionActive = "COMPRESSIONACTIVE",
    /// No such special use (RFC 6154 §6).
    UseAttr = "USEATTR",
    /// The comparator is not known (RFC 5255 §4.9).
    BadComparator = "BADCOMPARATOR",
    /// NOTIFY is off, for there was too much (RFC 5465 §5.8).
    NotificationOverflow = "NOTIFICATIONOVERFLOW",
    /// Sequence numbers are not known after UIDONLY (RFC 9586).
    UidRequired = "UIDREQUIRED",
    /// Too many annotations (RFC 5464 §4.3).
    MetadataTooMany = "METADATA TOOMANY",
    /// No private annotations (RFC 5464 §4.3).
    MetadataNoPrivate = "METADATA NOPRIVATE",
    /// The annotation of a message is too large (RFC 5257 §4.4).
    AnnotateTooBig = "ANNOTATE TOOBIG",
    /// Too many annotations of a message (RFC 5257 §4.4).
    AnnotateTooMany = "ANNOTATE TOOMANY",
}

/// How large an annotation of a message may be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnnotationSize {
    /// There are no annotations: `NONE`.
    Unsupported,
    /// They cannot be changed.
    ReadOnly,
    /// So many octets.
    Octets(u32),
}

/// A code that this crate has no name for, with what follows its name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtherCode(Text);

/// Text without `]`, in a code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtherText(Text);

impl OtherText {
    /// Makes a text; `None` if it is empty, or `]` or a control character is in it.
    #[must_use]
    pub fn parse(octets: Bytes) -> Option<Self> {
        let whole = !octets.is_empty() && !octets.contains(&b']');
        whole.then(|| Text::parse(octets).ok().map(Self)).flatten()
    }

    /// Returns the octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let text = cursor.rest().split(|octet| *octet == b']').next().unwrap_or_default();
        let all = Self::parse(cursor.share(text));
        let all = all.ok_or_else(|| cursor.error(ParseErrorKind::Text))?;
        cursor.skip(text.len());
        Ok(all)
    }
}

impl OtherCode {
    /// Makes a code; `None` if it does not begin with an atom, holds `]` or a control character,
    /// or has a name of its own in [`Code`].
    #[must_use]
    pub fn parse(octets: Bytes) -> Option<Self> {
        let name = octets.split(|octet| *octet == b' ').next().unwrap_or_default();
        let name = Atom::new(octets.slice_ref(name))?;
        let known =
            WORDS.iter().any(|(word, _)| name.is(word.split(' ').next().unwrap_or_default()))
                || ARGUMENTS.iter().any(|word| name.is(word));
        let text = OtherText::parse(octets)?;
        (!known).then_some(Self(text.0))
    }

    /// Returns the octets: the name, and perhaps a space and more.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// Names of the codes that have, or may have, arguments.
const ARGUMENTS: &[&str] = &[
    "BADCHARSET",
    "CAPABILITY",
    "PERMANENTFLAGS",
    "UIDNEXT",
    "UIDVALIDITY",
    "UNSEEN",
    "APPENDUID",
    "COPYUID",
    "BADURL",
    "HIGHESTMODSEQ",
    "MODIFIED",
    "MAILBOXID",
    "ANNOTATIONS",
    "BADEVENT",
    "NOUPDATE",
    "REFERRAL",
    "URLMECH",
    "INPROGRESS",
    "MESSAGELIMIT",
    "DOWNGRADED",
    "UNDEFINED-FILTER",
    "METADATA",
];

impl Code {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mark = cursor.mark();
        let name = cursor.word()?;
        let is = |word: &str| same_word(name, word);
        if let Some((_, code)) = WORDS.iter().find(|(word, _)| is(word)) {
            return Ok(code.clone());
        }
        if is("METADATA") || is("ANNOTATE") {
            cursor.back(mark);
            return annotation_code(cursor);
        }
        if let Some(word) = ARGUMENTS.iter().find(|word| is(word)) {
            return argument(word, cursor);
        }
        cursor.back(mark);
        OtherText::read(cursor).map(|text| Self::Other(OtherCode(text.0)))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        if let Some(word) = self.word() {
            return writer.put(word);
        }
        match self {
            Self::BadCharset(charsets) => {
                writer.put(if charsets.is_empty() { "BADCHARSET" } else { "BADCHARSET " });
                if !charsets.is_empty() {
                    writer.list(charsets, Writer::string);
                }
            }
            Self::Capability(all) => {
                writer.put("CAPABILITY");
                super::capabilities(all, writer);
            }
            Self::PermanentFlags(flags) => {
                writer.put("PERMANENTFLAGS ");
                flags.write(writer);
            }
            Self::UidNext(uid) => put_number(writer, "UIDNEXT ", uid.get()),
            Self::UidValidity(number) => put_number(writer, "UIDVALIDITY ", number.get()),
            Self::Unseen(number) => put_number(writer, "UNSEEN ", number.get()),
            Self::AppendUid { uid_validity, uids } => {
                put_number(writer, "APPENDUID ", uid_validity.get());
                writer.put(" ");
                uids.write(writer);
            }
            Self::CopyUid { uid_validity, from, to } => {
                put_number(writer, "COPYUID ", uid_validity.get());
                writer.put(" ");
                from.write(writer);
                writer.put(" ");
                to.write(writer);
            }
            Self::BadUrl(url) => {
                writer.put("BADURL ");
                writer.put(url.as_bytes());
            }
            Self::HighestModSeq(number) => {
                writer.put("HIGHESTMODSEQ ");
                writer.number64(*number);
            }
            Self::Modified(set) => {
                writer.put("MODIFIED ");
                set.put(writer);
            }
            Self::Downgraded(set) => {
                writer.put("DOWNGRADED ");
                set.put(writer);
            }
            other => other.write_more(writer),
        }
    }

    fn write_more(&self, writer: &mut Writer<'_>) {
        match self {
            Self::MailboxId(id) => {
                writer.put("MAILBOXID ");
                id.write(writer);
            }
            Self::MetadataLongEntries(size) => put_number(writer, "METADATA LONGENTRIES ", *size),
            Self::MetadataMaxSize(size) => put_number(writer, "METADATA MAXSIZE ", *size),
            Self::Annotations { size, no_private } => {
                writer.put("ANNOTATIONS ");
                match size {
                    AnnotationSize::Unsupported => writer.put("NONE"),
                    AnnotationSize::ReadOnly => writer.put("READ-ONLY"),
                    AnnotationSize::Octets(size) => writer.number(*size),
                }
                writer.put(if *no_private { " NOPRIVATE" } else { "" });
            }
            Self::BadEvent(events) => {
                writer.put("BADEVENT ");
                writer.list(events.as_slice(), Writer::atom);
            }
            Self::NoUpdate(tag) => {
                writer.put("NOUPDATE ");
                writer.string(tag);
            }
            Self::Referral(urls) => {
                writer.put("REFERRAL ");
                writer.put(urls.as_bytes());
            }
            Self::UrlMech(mechanisms) => {
                writer.put("URLMECH INTERNAL");
                if let Some(mechanisms) = mechanisms {
                    writer.put(" ");
                    writer.put(mechanisms.as_bytes());
                }
            }
            Self::InProgress { tag, progress, goal } => {
                writer.put("INPROGRESS (");
                writer.nstring(tag.as_ref());
                for number in [*progress, goal.map(NonZeroU32::get)] {
                    writer.put(" ");
                    match number {
                        Some(number) => writer.number(number),
                        None => writer.put("NIL"),
                    }
                }
                writer.put(")");
            }
            Self::MessageLimit { limit, uid } => {
                put_number(writer, "MESSAGELIMIT ", *limit);
                if let Some(uid) = uid {
                    put_number(writer, " ", uid.get());
                }
            }
            Self::UndefinedFilter(name) => {
                writer.put("UNDEFINED-FILTER ");
                writer.atom(name);
            }
            Self::Other(code) => writer.put(code.as_bytes()),
            _ => {}
        }
    }
}

fn put_number(writer: &mut Writer<'_>, name: &str, number: u32) {
    writer.put(name);
    writer.number(number);
}

/// `METADATA` and `ANNOTATE` with their second word.
fn annotation_code(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    let two_words = |word: &&(&str, Code)| word.0.contains(' ');
    for (words, code) in WORDS.iter().filter(two_words) {
        if cursor.eat_word(words) {
            return Ok(code.clone());
        }
    }
    if cursor.eat_word("METADATA LONGENTRIES ") {
        return cursor.number().map(Code::MetadataLongEntries);
    }
    cursor.expect_word("METADATA MAXSIZE ")?;
    cursor.number().map(Code::MetadataMaxSize)
}

fn argument(name: &str, cursor: &mut Cursor<'_>) -> Parsed<Code> {
    match name {
        "CAPABILITY" => return read_capabilities(cursor).map(Code::Capability),
        "URLMECH" => return url_mechanisms(cursor),
        "BADCHARSET" if cursor.peek() == Some(b']') => return Ok(Code::BadCharset(Vec::new())),
        "INPROGRESS" if cursor.peek() == Some(b']') => {
            return Ok(Code::InProgress { tag: None, progress: None, goal: None });
        }
        _ => cursor.space()?,
    }
    Ok(match name {
        "BADCHARSET" => Code::BadCharset(NotEmpty::read_list(cursor, Cursor::astring)?.into_vec()),
        "PERMANENTFLAGS" => Code::PermanentFlags(Flags::read(cursor)?),
        "UIDNEXT" => Code::UidNext(cursor.nz_number()?),
        "UIDVALIDITY" => Code::UidValidity(cursor.nz_number()?),
        "UNSEEN" => Code::Unseen(cursor.nz_number()?),
        "APPENDUID" => {
            let uid_validity = cursor.nz_number()?;
            cursor.space()?;
            Code::AppendUid { uid_validity, uids: UidSet::read(cursor)? }
        }
        "COPYUID" => copy_uid(cursor)?,
        "BADURL" => Code::BadUrl(OtherText::read(cursor)?),
        "HIGHESTMODSEQ" => Code::HighestModSeq(cursor.number64()?),
        "MODIFIED" => Code::Modified(SeqSet::read(cursor)?),
        "DOWNGRADED" => Code::Downgraded(SeqSet::read(cursor)?),
        "MAILBOXID" => Code::MailboxId(ObjectId::read(cursor)?),
        "ANNOTATIONS" => annotations(cursor)?,
        "BADEVENT" => Code::BadEvent(NotEmpty::read_list(cursor, super::atom)?),
        "NOUPDATE" => Code::NoUpdate(cursor.string()?),
        "REFERRAL" => Code::Referral(OtherText::read(cursor)?),
        "INPROGRESS" => in_progress(cursor)?,
        "MESSAGELIMIT" => {
            let limit = cursor.number()?;
            let uid = if cursor.eat(b' ') { Some(cursor.nz_number()?) } else { None };
            Code::MessageLimit { limit, uid }
        }
        "UNDEFINED-FILTER" => Code::UndefinedFilter(super::atom(cursor)?),
        _ => return Err(cursor.error(ParseErrorKind::Word)),
    })
}

fn copy_uid(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    let uid_validity = cursor.nz_number()?;
    cursor.space()?;
    let from = UidSet::read(cursor)?;
    cursor.space()?;
    Ok(Code::CopyUid { uid_validity, from, to: UidSet::read(cursor)? })
}

fn annotations(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    let size = if cursor.eat_atom("NONE") {
        AnnotationSize::Unsupported
    } else if cursor.eat_atom("READ-ONLY") {
        AnnotationSize::ReadOnly
    } else {
        AnnotationSize::Octets(cursor.number()?)
    };
    let no_private = cursor.eat_word(" NOPRIVATE");
    Ok(Code::Annotations { size, no_private })
}

fn url_mechanisms(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    cursor.expect_word(" INTERNAL")?;
    let more = cursor.eat(b' ');
    Ok(Code::UrlMech(if more { Some(OtherText::read(cursor)?) } else { None }))
}

fn in_progress(cursor: &mut Cursor<'_>) -> Parsed<Code> {
    cursor.expect(b'(')?;
    let tag = cursor.nstring()?;
    cursor.space()?;
    let progress = if cursor.eat_atom("NIL") { None } else { Some(cursor.number()?) };
    cursor.space()?;
    let goal = if cursor.eat_atom("NIL") { None } else { Some(cursor.nz_number()?) };
    cursor.expect(b')')?;
    Ok(Code::InProgress { tag, progress, goal })
}

//! What a server says.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::BytesMut;

use crate::{
    Atom, Capability, Diagnostic, Dialect, Flags, Gap, Limits, Line, Mailbox, ParseError,
    ParseErrorKind, Quirk, Raw, Tag, Text, UidSet,
    cursor::{Cursor, Parsed},
    octets::{NOT_TAG, same_word},
    writer::Writer,
};

mod access;
mod body;
mod code;
mod envelope;
mod fetch;
mod list;
mod metadata;
mod parameters;
mod quota;
mod search;
mod server;
mod status;
mod text;
mod thread;

pub use access::{Acl, ListRights, MyRights};
pub use body::{Body, BodyExtension, BodyKind, Disposition, MediaType, Multipart, Part};
pub use code::{AnnotationSize, Code, OtherCode, OtherText};
pub use envelope::{Address, AddressField, Envelope};
pub use fetch::{Annotation, Content, Fetch, FetchItem};
pub use list::{
    ChildInfo, Delimiter, List, ListAttribute, ListItem, Namespace, NamespaceExtension, Namespaces,
};
pub use metadata::{Metadata, MetadataEntries};
pub use parameters::Parameters;
pub use quota::{Quota, QuotaRoot, ResourceUse};
pub use search::{Esearch, Placed, Search, SearchData, Sort};
pub use server::{Comparator, Id, Languages, NotEmpty, UrlFetch};
pub use status::{MailboxStatus, ObjectId, StatusItem};
pub use text::RespText;
pub use thread::{Thread, ThreadEntry};

/// A response (RFC 9051 §7), or, if nothing has come before it, a greeting.
///
/// ```
/// use imap_proto::{Dialect, Limits, Line, Response};
///
/// let line = Line::parse("* 172 EXISTS\r\n".into())?;
/// let response = Response::parse(&line, Limits::default())?;
/// assert_eq!(response, Response::Exists(172));
/// let mut out = bytes::BytesMut::new();
/// response.write(&mut out, Dialect::SERVER);
/// assert_eq!(out, "* 172 EXISTS\r\n");
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Response {
    /// How a command ended.
    Tagged {
        /// The command's tag.
        tag: Tag,
        /// How.
        condition: Condition,
        /// Why.
        text: RespText,
    },
    /// Something to know that belongs to no command alone, or a greeting.
    Condition {
        /// How serious it is.
        condition: Condition,
        /// What.
        text: RespText,
    },
    /// A greeting: the client is authenticated already (RFC 9051 §7.1.4).
    Preauth(RespText),
    /// The server is about to close the connection (RFC 9051 §7.1.5).
    Bye(RespText),
    /// The server waits: for a literal, a line of SASL in base64, or the end of IDLE (RFC 9051
    /// §7.6).
    Continuation(Text),
    /// What the server can do (RFC 9051 §7.2.2).
    Capability(Vec<Capability>),
    /// What has been enabled (RFC 9051 §7.2.1).
    Enabled(Vec<Capability>),
    /// A mailbox (RFC 9051 §7.3.1).
    List(List),
    /// A subscribed mailbox (RFC 3501 §7.2.3).
    Lsub(List),
    /// Where mailboxes are (RFC 9051 §7.3.2).
    Namespace(Namespaces),
    /// The state of a mailbox (RFC 9051 §7.3.4).
    Status(MailboxStatus),
    /// Messages found (RFC 3501 §7.2.5).
    Search(Search),
    /// Messages found (RFC 9051 §7.3.4).
    Esearch(Esearch),
    /// Messages in an order (RFC 5256 §4).
    Sort(Sort),
    /// Messages as conversations (RFC 5256 §4).
    Thread(Thread),
    /// Flags that the mailbox has (RFC 9051 §7.3.5).
    Flags(Flags),
    /// How many messages the mailbox has (RFC 9051 §7.4.1).
    Exists(u32),
    /// How many messages are recent (RFC 3501 §7.3.2).
    Recent(u32),
    /// A message is gone, and those after it move up (RFC 9051 §7.5.1).
    Expunge(NonZeroU32),
    /// Messages are gone (RFC 7162 §3.2.10).
    Vanished {
        /// Whether they were gone before, so that nothing moves up.
        earlier: bool,
        /// Their UIDs.
        uids: UidSet,
    },
    /// Something about a message (RFC 9051 §7.5.2).
    Fetch(Fetch),
    /// What a quota root allows, and what is used (RFC 9208 §4.2.1).
    Quota(Quota),
    /// The quota roots of a mailbox (RFC 9208 §4.2.2).
    QuotaRoot(QuotaRoot),
    /// Who may do what with a mailbox (RFC 4314 §3.6).
    Acl(Acl),
    /// What somebody may be given (RFC 4314 §3.7).
    ListRights(ListRights),
    /// What this user may do (RFC 4314 §3.8).
    MyRights(MyRights),
    /// Annotations of a mailbox, or of the server (RFC 5464 §4.4).
    Metadata(Metadata),
    /// What the server is (RFC 2971 §3.2).
    Id(Id),
    /// Languages (RFC 5255 §3.3).
    Language(Languages),
    /// Ways of comparing (RFC 5255 §4.8).
    Comparator(Comparator),
    /// URLs that open messages to others (RFC 4467 §7).
    GenUrlAuth(NotEmpty<crate::IString>),
    /// What is behind such URLs (RFC 4467 §7).
    UrlFetch(NotEmpty<UrlFetch>),
    /// Where the same mail is by JMAP (RFC 9698).
    JmapAccess(crate::IString),
    /// Another untagged response, without its `* `; for clients also one that could not be read.
    Raw(Raw),
}

/// How a command went, or how serious it is (RFC 9051 §7.1).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Condition {
    /// It succeeded, or is for information.
    Ok,
    /// It failed, or is a warning.
    No,
    /// It was not understood.
    Bad,
}

impl Response {
    /// Reads a line strictly.
    ///
    /// # Errors
    /// It is no response. An untagged response with a name that this crate does not know is not
    /// an error, but [`Self::Raw`].
    pub fn parse(line: &Line, limits: Limits) -> Result<Self, ParseError> {
        read(&mut Cursor::new(line, limits))
    }

    /// Reads a line as clients should: known mistakes of servers are read past, an item of FETCH
    /// or STATUS that cannot be read is kept as it is beside the others, and so is an untagged
    /// response. Each is noted.
    ///
    /// # Errors
    /// It is neither untagged nor a response.
    pub fn parse_leniently(
        line: &Line,
        limits: Limits,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Self, ParseError> {
        let before = diagnostics.len();
        match read(&mut Cursor::new(line, limits).lenient(diagnostics)) {
            Err(error) if line.text().starts_with(b"* ") => {
                diagnostics.truncate(before);
                diagnostics.push(Diagnostic { quirk: Quirk::Line, offset: error.offset() });
                let mut cursor = Cursor::new(line, limits);
                cursor.skip(2);
                Ok(Self::Raw(cursor.raw_rest()))
            }
            other => other,
        }
    }

    /// Appends the line, with its CRLF. Returns where the octets of [`Content::Streamed`] have
    /// to be put.
    pub fn write(&self, out: &mut BytesMut, dialect: Dialect) -> Vec<Gap> {
        let mut writer = Writer::new(out, dialect);
        self.put(&mut writer);
        writer.put(b"\r\n");
        writer.finish_gaps()
    }

    fn put(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Tagged { tag, condition, text } => {
                writer.put(tag.as_bytes());
                writer.put(b" ");
                return condition.write(text, writer);
            }
            Self::Continuation(text) => {
                writer.put(b"+ ");
                return writer.put(text.as_bytes());
            }
            _ => writer.put(b"* "),
        }
        match self {
            Self::Tagged { .. } | Self::Continuation(_) => {}
            Self::Condition { condition, text } => condition.write(text, writer),
            Self::Preauth(text) => named(writer, "PREAUTH ", |writer| text.write(writer)),
            Self::Bye(text) => named(writer, "BYE ", |writer| text.write(writer)),
            Self::Capability(all) => {
                named(writer, "CAPABILITY", |writer| capabilities(all, writer))
            }
            Self::Enabled(all) => named(writer, "ENABLED", |writer| capabilities(all, writer)),
            Self::List(list) => named(writer, "LIST ", |writer| list.write(writer)),
            Self::Lsub(list) => named(writer, "LSUB ", |writer| list.write(writer)),
            Self::Namespace(spaces) => named(writer, "NAMESPACE ", |writer| spaces.write(writer)),
            Self::Status(status) => named(writer, "STATUS ", |writer| status.write(writer)),
            Self::Search(search) => named(writer, "SEARCH", |writer| search.write(writer)),
            Self::Esearch(search) => named(writer, "ESEARCH", |writer| search.write(writer)),
            Self::Sort(sort) => named(writer, "SORT", |writer| sort.write(writer)),
            Self::Thread(thread) => named(writer, "THREAD", |writer| thread.write(writer)),
            Self::Flags(flags) => named(writer, "FLAGS ", |writer| flags.write(writer)),
            Self::Exists(count) => counted(writer, *count, " EXISTS"),
            Self::Recent(count) => counted(writer, *count, " RECENT"),
            Self::Expunge(number) => counted(writer, number.get(), " EXPUNGE"),
            Self::Vanished { earlier, uids } => {
                writer.put(if *earlier { "VANISHED (EARLIER) " } else { "VANISHED " });
                uids.write(writer);
            }
            Self::Fetch(fetch) => fetch.write(writer),
            Self::Quota(quota) => named(writer, "QUOTA ", |writer| quota.write(writer)),
            Self::QuotaRoot(root) => named(writer, "QUOTAROOT ", |writer| root.write(writer)),
            Self::Acl(acl) => named(writer, "ACL ", |writer| acl.write(writer)),
            Self::ListRights(rights) => named(writer, "LISTRIGHTS ", |writer| rights.write(writer)),
            Self::MyRights(rights) => named(writer, "MYRIGHTS ", |writer| rights.write(writer)),
            Self::Metadata(data) => named(writer, "METADATA ", |writer| data.write(writer)),
            Self::Id(id) => named(writer, "ID ", |writer| id.write(writer)),
            Self::Language(all) => named(writer, "LANGUAGE ", |writer| all.write(writer)),
            Self::Comparator(one) => named(writer, "COMPARATOR ", |writer| one.write(writer)),
            Self::GenUrlAuth(urls) => named(writer, "GENURLAUTH ", |writer| {
                writer.spaced(urls.as_slice(), Writer::astring);
            }),
            Self::UrlFetch(all) => named(writer, "URLFETCH ", |writer| {
                writer.spaced(all.as_slice(), |writer, fetch| fetch.write(writer));
            }),
            Self::JmapAccess(url) => named(writer, "JMAPACCESS ", |writer| writer.string(url)),
            Self::Raw(raw) => writer.put(raw.as_bytes()),
        }
    }
}

fn named(writer: &mut Writer<'_>, name: &str, write: impl FnOnce(&mut Writer<'_>)) {
    writer.put(name);
    write(writer);
}

fn counted(writer: &mut Writer<'_>, number: u32, name: &str) {
    writer.number(number);
    writer.put(name);
}

fn capabilities(all: &[Capability], writer: &mut Writer<'_>) {
    for capability in all {
        writer.put(b" ");
        capability.write(writer);
    }
}

impl Condition {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
        }
    }

    fn named(word: &[u8]) -> Option<Self> {
        [Self::Ok, Self::No, Self::Bad].into_iter().find(|one| same_word(word, one.word()))
    }

    fn write(self, text: &RespText, writer: &mut Writer<'_>) {
        writer.put(self.word());
        writer.put(b" ");
        text.write(writer);
    }
}

/// Takes the beginning of a FETCH, up to a literal that goes by as a stream.
pub(crate) fn read_head(cursor: &mut Cursor<'_>) -> Option<Fetch> {
    match read(cursor) {
        Ok(Response::Fetch(fetch)) if fetch.ends_in_stream() => Some(fetch),
        _ => None,
    }
}

pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    match cursor.peek() {
        Some(b'*') => {
            cursor.skip(1);
            cursor.gap()?;
            untagged(cursor)
        }
        Some(b'+') => {
            cursor.skip(1);
            let _ = cursor.eat(b' ') || cursor.is_at_end() || cursor.is_lenient();
            text::words(cursor).map(Response::Continuation)
        }
        _ => tagged(cursor),
    }
}

fn tagged(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let tag = Tag::new(
        cursor.share(cursor.rest().split(|octet| *octet == b' ').next().unwrap_or_default()),
    );
    let tag = tag.ok_or_else(|| cursor.error(ParseErrorKind::Tag))?;
    let _ = cursor.while_outside(NOT_TAG);
    cursor.space()?;
    let mark = cursor.mark();
    let condition = Condition::named(cursor.word()?).ok_or_else(|| {
        cursor.back(mark);
        cursor.error(ParseErrorKind::Word)
    })?;
    Ok(Response::Tagged { tag, condition, text: RespText::read(cursor)? })
}

fn untagged(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    let start = cursor.mark();
    if cursor.peek().is_some_and(|octet| octet.is_ascii_digit()) {
        return numbered(cursor).and_then(|response| match response {
            Some(response) => cursor.end().map(|()| response),
            None => {
                cursor.back(start);
                Ok(Response::Raw(cursor.raw_rest()))
            }
        });
    }
    let word = cursor.word()?;
    if let Some(response) = condition(word, cursor)? {
        return Ok(response);
    }
    match data(word, cursor)? {
        Some(response) => {
            if cursor.is_lenient() {
                trailing_space(cursor)?;
            }
            cursor.end()?;
            Ok(response)
        }
        None => {
            cursor.back(start);
            Ok(Response::Raw(cursor.raw_rest()))
        }
    }
}

fn trailing_space(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if !cursor.rest().is_empty() && cursor.rest().iter().all(|octet| *octet == b' ') {
        cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Trailing)?;
        cursor.skip(cursor.rest().len());
    }
    Ok(())
}

fn numbered(cursor: &mut Cursor<'_>) -> Parsed<Option<Response>> {
    let mark = cursor.mark();
    let number = cursor.number()?;
    cursor.gap()?;
    let word = cursor.word()?;
    let is = |name: &str| same_word(word, name);
    let message = NonZeroU32::new(number).ok_or_else(|| {
        let after = cursor.mark();
        cursor.back(mark);
        let error = cursor.error(ParseErrorKind::Number);
        cursor.back(after);
        error
    });
    let response = if is("FETCH") {
        Response::Fetch(Fetch::read(message?, false, cursor)?)
    } else if is("UIDFETCH") {
        Response::Fetch(Fetch::read(message?, true, cursor)?)
    } else if is("EXISTS") {
        Response::Exists(number)
    } else if is("EXPUNGE") {
        Response::Expunge(message?)
    } else if is("RECENT") {
        Response::Recent(number)
    } else {
        return Ok(None);
    };
    if cursor.is_lenient() {
        trailing_space(cursor)?;
    }
    Ok(Some(response))
}

fn condition(word: &[u8], cursor: &mut Cursor<'_>) -> Parsed<Option<Response>> {
    if let Some(condition) = Condition::named(word) {
        let text = RespText::read(cursor)?;
        return Ok(Some(Response::Condition { condition, text }));
    }
    if word.eq_ignore_ascii_case(b"BYE") {
        return RespText::read(cursor).map(Response::Bye).map(Some);
    }
    if word.eq_ignore_ascii_case(b"PREAUTH") {
        return RespText::read(cursor).map(Response::Preauth).map(Some);
    }
    Ok(None)
}

fn data(word: &[u8], cursor: &mut Cursor<'_>) -> Parsed<Option<Response>> {
    let is = |name: &str| same_word(word, name);
    let response = if is("LIST") || is("XLIST") {
        Response::List(List::read(cursor)?)
    } else if is("SEARCH") {
        Response::Search(Search::read(cursor)?)
    } else if is("ESEARCH") {
        Response::Esearch(Esearch::read(cursor)?)
    } else if is("STATUS") {
        Response::Status(MailboxStatus::read(cursor)?)
    } else if is("FLAGS") {
        cursor.gap()?;
        Response::Flags(Flags::read(cursor)?)
    } else if is("VANISHED") {
        vanished(cursor)?
    } else if is("CAPABILITY") {
        Response::Capability(read_capabilities(cursor)?)
    } else if is("ENABLED") {
        Response::Enabled(read_capabilities(cursor)?)
    } else if is("LSUB") {
        Response::Lsub(List::read(cursor)?)
    } else if is("SORT") {
        Response::Sort(Sort::read(cursor)?)
    } else if is("THREAD") {
        Response::Thread(Thread::read(cursor)?)
    } else if is("NAMESPACE") {
        Response::Namespace(Namespaces::read(cursor)?)
    } else {
        return extension(word, cursor);
    };
    Ok(Some(response))
}

fn extension(word: &[u8], cursor: &mut Cursor<'_>) -> Parsed<Option<Response>> {
    let is = |name: &str| same_word(word, name);
    let response = if is("QUOTA") {
        Response::Quota(Quota::read(cursor)?)
    } else if is("QUOTAROOT") {
        Response::QuotaRoot(QuotaRoot::read(cursor)?)
    } else if is("ACL") {
        Response::Acl(Acl::read(cursor)?)
    } else if is("LISTRIGHTS") {
        Response::ListRights(ListRights::read(cursor)?)
    } else if is("MYRIGHTS") {
        Response::MyRights(MyRights::read(cursor)?)
    } else if is("METADATA") {
        Response::Metadata(Metadata::read(cursor)?)
    } else if is("ID") {
        Response::Id(Id::read(cursor)?)
    } else if is("LANGUAGE") {
        Response::Language(Languages::read(cursor)?)
    } else if is("COMPARATOR") {
        Response::Comparator(Comparator::read(cursor)?)
    } else if is("GENURLAUTH") {
        Response::GenUrlAuth(NotEmpty::read(cursor, Cursor::astring)?)
    } else if is("URLFETCH") {
        Response::UrlFetch(NotEmpty::read(cursor, UrlFetch::read)?)
    } else if is("JMAPACCESS") {
        cursor.space()?;
        Response::JmapAccess(cursor.string()?)
    } else {
        return Ok(None);
    };
    Ok(Some(response))
}

fn vanished(cursor: &mut Cursor<'_>) -> Parsed<Response> {
    cursor.gap()?;
    let earlier = cursor.eat_word("(EARLIER)");
    if earlier {
        cursor.gap()?;
    }
    Ok(Response::Vanished { earlier, uids: UidSet::read(cursor)? })
}

/// Takes capabilities with a space before each, up to the end or a bracket.
pub(crate) fn read_capabilities(cursor: &mut Cursor<'_>) -> Parsed<Vec<Capability>> {
    let mut all = Vec::new();
    while !matches!(cursor.peek(), None | Some(b']')) {
        cursor.count()?;
        if cursor.is_lenient() && matches!(cursor.rest(), b" " | [b' ', b']', ..]) {
            cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Trailing)?;
            cursor.skip(1);
            break;
        }
        cursor.gap()?;
        let mark = cursor.mark();
        match Capability::read(cursor) {
            Ok(capability) if matches!(cursor.peek(), None | Some(b' ' | b']')) => {
                all.push(capability)
            }
            Ok(_) if !cursor.is_lenient() => return Err(cursor.error(ParseErrorKind::Atom)),
            Err(error) if !cursor.is_lenient() => return Err(error),
            _ => {
                cursor.back(mark);
                cursor.quirk(Quirk::Capability, ParseErrorKind::Atom)?;
                let word = cursor.rest().split(|octet| matches!(octet, b' ' | b']')).next();
                cursor.skip(word.map_or(0, <[u8]>::len));
            }
        }
    }
    Ok(all)
}

/// Takes a mailbox after a space.
fn mailbox(cursor: &mut Cursor<'_>) -> Parsed<Mailbox> {
    cursor.gap()?;
    Mailbox::read(cursor)
}

/// Takes an atom as a value.
fn atom(cursor: &mut Cursor<'_>) -> Parsed<Atom> {
    cursor.atom().map(Atom::trusted)
}

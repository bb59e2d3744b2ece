//! Commands by name.
use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Capability, ListMailbox, Mailbox, ParseError, ParseErrorKind, Tag};

use super::grammar::{Word, spaced, spaced1};
use super::{
    Authenticate, Command, Create, Fetch, GetMetadata, List, Login, MessageSet, MultiSearch,
    Notify, Numbering, Replace, ResetKey, Search, Select, SetAcl, SetMetadata, SetQuota, Sort,
    Status, Store, Thread, UrlRump, acl, id,
};

impl Command {
    /// Reads a command; of those that bring messages, the head.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = Word::take(cursor);
        match word.as_slice() {
            b"UID" => {
                cursor.space()?;
                let word = Word::take(cursor);
                Self::read_uid(&word, cursor)
            }
            b"FETCH" => Fetch::read(Numbering::Sequence, cursor).map(Self::Fetch),
            b"STORE" => Store::read(Numbering::Sequence, cursor).map(Self::Store),
            b"NOOP" => Ok(Self::Noop),
            b"IDLE" => Ok(Self::Idle),
            b"SELECT" => Select::read(cursor).map(Self::Select),
            b"SEARCH" => Search::read(Numbering::Sequence, cursor).map(Self::Search),
            b"LIST" => List::read(cursor).map(Self::List),
            b"STATUS" => Status::read(cursor).map(Self::Status),
            b"APPEND" => after_space(cursor, Mailbox::read).map(Self::Append),
            _ => Self::read_plain(&word, cursor),
        }
    }

    /// The commands that have a form with UID.
    fn read_uid(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let uid = Numbering::Uid;
        match word.as_slice() {
            b"FETCH" => Fetch::read(uid, cursor).map(Self::Fetch),
            b"STORE" => Store::read(uid, cursor).map(Self::Store),
            b"SEARCH" => Search::read(uid, cursor).map(Self::Search),
            b"EXPUNGE" => after_space(cursor, MessageSet::read).map(Self::UidExpunge),
            _ => Self::read_rare(uid, word, cursor),
        }
    }

    fn read_rare(numbering: Numbering, word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match word.as_slice() {
            b"SORT" => Sort::read(numbering, cursor).map(Self::Sort),
            b"THREAD" => Thread::read(numbering, cursor).map(Self::Thread),
            b"REPLACE" => Replace::read(numbering, cursor).map(Self::Replace),
            b"COPY" => {
                let (messages, mailbox) = to_mailbox(cursor)?;
                Ok(Self::Copy { numbering, messages, mailbox })
            }
            b"MOVE" => {
                let (messages, mailbox) = to_mailbox(cursor)?;
                Ok(Self::Move { numbering, messages, mailbox })
            }
            _ => Err(unknown(word)),
        }
    }

    /// The commands without arguments.
    fn read_plain(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        Ok(match word.as_slice() {
            b"CAPABILITY" => Self::Capability,
            b"LOGOUT" => Self::Logout,
            b"STARTTLS" => Self::StartTls,
            b"UNAUTHENTICATE" => Self::Unauthenticate,
            b"NAMESPACE" => Self::Namespace,
            b"CHECK" => Self::Check,
            b"CLOSE" => Self::Close,
            b"UNSELECT" => Self::Unselect,
            b"EXPUNGE" => Self::Expunge,
            b"GETJMAPACCESS" => Self::GetJmapAccess,
            _ => return Self::read_mailboxes(word, cursor),
        })
    }

    /// The commands about mailboxes.
    fn read_mailboxes(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match word.as_slice() {
            b"EXAMINE" => Select::read(cursor).map(Self::Examine),
            b"CREATE" => Create::read(cursor).map(Self::Create),
            b"DELETE" => after_space(cursor, Mailbox::read).map(Self::Delete),
            b"SUBSCRIBE" => after_space(cursor, Mailbox::read).map(Self::Subscribe),
            b"UNSUBSCRIBE" => after_space(cursor, Mailbox::read).map(Self::Unsubscribe),
            b"RENAME" => {
                let from = after_space(cursor, Mailbox::read)?;
                Ok(Self::Rename { from, to: after_space(cursor, Mailbox::read)? })
            }
            b"LSUB" => {
                let reference = after_space(cursor, Mailbox::read)?;
                Ok(Self::Lsub { reference, pattern: after_space(cursor, ListMailbox::read)? })
            }
            b"NOTIFY" => Notify::read(cursor).map(Self::Notify),
            b"ESEARCH" => MultiSearch::read(cursor).map(Self::MultiSearch),
            b"COPY" | b"MOVE" | b"SORT" | b"THREAD" | b"REPLACE" => {
                Self::read_rare(Numbering::Sequence, word, cursor)
            }
            _ => Self::read_session(word, cursor),
        }
    }

    /// The commands about the session.
    fn read_session(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match word.as_slice() {
            b"LOGIN" => Login::read(cursor).map(Self::Login),
            b"AUTHENTICATE" => Authenticate::read(cursor).map(Self::Authenticate),
            b"ID" => after_space(cursor, id::read).map(Self::Id),
            b"ENABLE" => spaced1(cursor, Capability::read).map(Self::Enable),
            b"COMPRESS" => {
                cursor.space()?;
                cursor.expect_word("DEFLATE")?;
                Ok(Self::Compress)
            }
            b"LANGUAGE" => spaced(cursor, Cursor::astring).map(Self::Language),
            b"COMPARATOR" => spaced(cursor, Cursor::astring).map(Self::Comparator),
            b"CANCELUPDATE" => spaced1(cursor, quoted_tag).map(Self::CancelUpdate),
            b"UIDBATCHES" => Self::read_batches(cursor),
            _ => Self::read_administration(word, cursor),
        }
    }

    /// The commands about rights, quotas, notes and URLs.
    fn read_administration(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match word.as_slice() {
            b"GETACL" => after_space(cursor, Mailbox::read).map(Self::GetAcl),
            b"SETACL" => SetAcl::read(cursor).map(Self::SetAcl),
            b"MYRIGHTS" => after_space(cursor, Mailbox::read).map(Self::MyRights),
            b"DELETEACL" => {
                let (mailbox, identifier) = acl::of_somebody(cursor)?;
                Ok(Self::DeleteAcl { mailbox, identifier })
            }
            b"LISTRIGHTS" => {
                let (mailbox, identifier) = acl::of_somebody(cursor)?;
                Ok(Self::ListRights { mailbox, identifier })
            }
            b"GETQUOTA" => after_space(cursor, Cursor::astring).map(Self::GetQuota),
            b"GETQUOTAROOT" => after_space(cursor, Mailbox::read).map(Self::GetQuotaRoot),
            b"SETQUOTA" => SetQuota::read(cursor).map(Self::SetQuota),
            b"GETMETADATA" => GetMetadata::read(cursor).map(Self::GetMetadata),
            b"SETMETADATA" => SetMetadata::read(cursor).map(Self::SetMetadata),
            b"GENURLAUTH" => spaced1(cursor, UrlRump::read).map(Self::GenUrlAuth),
            b"URLFETCH" => spaced1(cursor, Cursor::astring).map(Self::UrlFetch),
            b"RESETKEY" => ResetKey::read(cursor).map(Self::ResetKey),
            _ => Err(unknown(word)),
        }
    }

    /// RFC 10022 §5: `"UIDBATCHES" SP nz-number [SP nz-number ":" nz-number]`.
    fn read_batches(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let size = cursor.nz_number()?;
        let mut batches = None;
        if cursor.eat(b' ') {
            let from = cursor.nz_number()?;
            cursor.expect(b':')?;
            batches = Some((from, cursor.nz_number()?));
        }
        Ok(Self::UidBatches { size, batches })
    }

    pub(super) fn put(&self, out: &mut Writer<'_>) {
        match self {
            Self::Id(fields) => id::write(fields.as_ref(), out),
            Self::Authenticate(authenticate) => authenticate.write(out),
            Self::Login(login) => login.write(out),
            Self::Enable(capabilities) => {
                put_each("ENABLE", capabilities, out, |out, item| item.write(out));
            }
            Self::Language(ranges) => put_each("LANGUAGE", ranges, out, Writer::astring),
            Self::Comparator(orders) => put_each("COMPARATOR", orders, out, Writer::astring),
            Self::CancelUpdate(tags) => put_each("CANCELUPDATE", tags, out, |out, tag| {
                out.put("\"");
                out.put(tag.as_bytes());
                out.put("\"");
            }),
            Self::GenUrlAuth(urls) => put_each("GENURLAUTH", urls, out, |out, url| url.write(out)),
            Self::UrlFetch(urls) => put_each("URLFETCH", urls, out, Writer::astring),
            _ => self.put_mailboxes(out),
        }
    }

    fn put_mailboxes(&self, out: &mut Writer<'_>) {
        match self {
            Self::Select(select) => {
                out.put("SELECT");
                select.write(out);
            }
            Self::Examine(select) => {
                out.put("EXAMINE");
                select.write(out);
            }
            Self::Create(create) => create.write(out),
            Self::Delete(mailbox) => put_mailbox("DELETE ", mailbox, out),
            Self::Subscribe(mailbox) => put_mailbox("SUBSCRIBE ", mailbox, out),
            Self::Unsubscribe(mailbox) => put_mailbox("UNSUBSCRIBE ", mailbox, out),
            Self::Append(mailbox) => put_mailbox("APPEND ", mailbox, out),
            Self::GetAcl(mailbox) => put_mailbox("GETACL ", mailbox, out),
            Self::MyRights(mailbox) => put_mailbox("MYRIGHTS ", mailbox, out),
            Self::GetQuotaRoot(mailbox) => put_mailbox("GETQUOTAROOT ", mailbox, out),
            Self::Rename { from, to } => {
                put_mailbox("RENAME ", from, out);
                put_mailbox(" ", to, out);
            }
            Self::Lsub { reference, pattern } => {
                put_mailbox("LSUB ", reference, out);
                out.put(" ");
                pattern.write(out);
            }
            Self::List(list) => list.write(out),
            Self::Status(status) => status.write(out),
            Self::Notify(notify) => notify.write(out),
            _ => self.put_messages(out),
        }
    }

    fn put_messages(&self, out: &mut Writer<'_>) {
        match self {
            Self::Fetch(fetch) => fetch.write(out),
            Self::Store(store) => store.write(out),
            Self::Search(search) => search.write(out),
            Self::Sort(sort) => sort.write(out),
            Self::Thread(thread) => thread.write(out),
            Self::MultiSearch(search) => search.write(out),
            Self::Replace(replace) => replace.write(out),
            Self::UidExpunge(messages) => {
                out.put("UID EXPUNGE ");
                messages.write(out);
            }
            Self::Copy { numbering, messages, mailbox } => {
                numbering.write(out);
                put_to_mailbox("COPY ", messages, mailbox, out);
            }
            Self::Move { numbering, messages, mailbox } => {
                numbering.write(out);
                put_to_mailbox("MOVE ", messages, mailbox, out);
            }
            Self::UidBatches { size, batches } => {
                out.put("UIDBATCHES ");
                out.number(size.get());
                if let Some((from, to)) = batches {
                    out.put(" ");
                    out.number(from.get());
                    out.put(":");
                    out.number(to.get());
                }
            }
            _ => self.put_administration(out),
        }
    }

    fn put_administration(&self, out: &mut Writer<'_>) {
        match self {
            Self::SetAcl(set) => set.write(out),
            Self::DeleteAcl { mailbox, identifier } => {
                out.put("DELETEACL ");
                acl::write_of_somebody(mailbox, identifier, out);
            }
            Self::ListRights { mailbox, identifier } => {
                out.put("LISTRIGHTS ");
                acl::write_of_somebody(mailbox, identifier, out);
            }
            Self::GetQuota(root) => {
                out.put("GETQUOTA ");
                out.astring(root);
            }
            Self::SetQuota(set) => set.write(out),
            Self::GetMetadata(get) => get.write(out),
            Self::SetMetadata(set) => set.write(out),
            Self::ResetKey(reset) => reset.write(out),
            _ => out.put(self.word()),
        }
    }

    /// The commands without arguments.
    const fn word(&self) -> &'static str {
        match self {
            Self::Capability => "CAPABILITY",
            Self::Logout => "LOGOUT",
            Self::StartTls => "STARTTLS",
            Self::Unauthenticate => "UNAUTHENTICATE",
            Self::Compress => "COMPRESS DEFLATE",
            Self::Namespace => "NAMESPACE",
            Self::Idle => "IDLE",
            Self::Check => "CHECK",
            Self::Close => "CLOSE",
            Self::Unselect => "UNSELECT",
            Self::Expunge => "EXPUNGE",
            Self::GetJmapAccess => "GETJMAPACCESS",
            // The others are written with their arguments.
            _ => "NOOP",
        }
    }
}

#[cold]
const fn unknown(word: &Word) -> ParseError {
    ParseError::new(ParseErrorKind::Command, word.offset())
}

fn after_space<'a, T>(
    cursor: &mut Cursor<'a>,
    read: impl FnOnce(&mut Cursor<'a>) -> Parsed<T>,
) -> Parsed<T> {
    cursor.space()?;
    read(cursor)
}

fn to_mailbox(cursor: &mut Cursor<'_>) -> Parsed<(MessageSet, Mailbox)> {
    let messages = after_space(cursor, MessageSet::read)?;
    Ok((messages, after_space(cursor, Mailbox::read)?))
}

/// RFC 5267 §5: tags of CANCELUPDATE are quoted.
fn quoted_tag(cursor: &mut Cursor<'_>) -> Parsed<Tag> {
    let error = cursor.error(ParseErrorKind::Tag);
    Tag::new(cursor.string()?.into_bytes()).ok_or(error)
}

fn put_mailbox(word: &str, mailbox: &Mailbox, out: &mut Writer<'_>) {
    out.put(word);
    mailbox.write(out);
}

fn put_to_mailbox(word: &str, messages: &MessageSet, mailbox: &Mailbox, out: &mut Writer<'_>) {
    out.put(word);
    messages.write(out);
    put_mailbox(" ", mailbox, out);
}

fn put_each<'w, T>(
    word: &str,
    items: &[T],
    out: &mut Writer<'w>,
    mut put: impl FnMut(&mut Writer<'w>, &T),
) {
    out.put(word);
    for item in items {
        out.put(" ");
        put(out, item);
    }
}

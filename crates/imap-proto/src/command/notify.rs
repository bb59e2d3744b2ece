//! NOTIFY: what the client wants to be told of (RFC 5465).
use alloc::vec::Vec;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{Atom, Mailbox, NotEmpty};

use super::FetchItem;
use super::grammar::{Word, list, list_or_one, spaced1};

/// NOTIFY: says what the client wants to be told of, from here on (RFC 5465 §3.1).
///
/// ```
/// use imap_proto::command::{Command, MailboxFilter, Notify};
///
/// let line = "NOTIFY SET (selected (MessageNew MessageExpunge)) (subtree Lists NONE)";
/// let Command::Notify(Notify::Set { groups, .. }) = Command::parse(line.into())? else {
///     panic!("it is NOTIFY SET")
/// };
/// assert_eq!(groups[0].mailboxes, MailboxFilter::Selected);
/// assert!(groups[1].events.is_empty());
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Notify {
    /// Of nothing.
    None,
    /// Of this, and nothing else.
    Set {
        /// Whether to begin with STATUS responses.
        status: bool,
        /// Which mailboxes, and what about them.
        groups: NotEmpty<EventGroup>,
    },
}

impl Notify {
    /// Whether it wants to be told at once, at any time, that messages of the selected mailbox are
    /// gone: their numbers change then behind the client's back, as it wished.
    #[must_use]
    pub fn tells_expunge(&self) -> bool {
        let Self::Set { groups, .. } = self else { return false };
        groups.iter().any(|group| {
            group.mailboxes == MailboxFilter::Selected
                && group.events.contains(&NotifyEvent::MessageExpunge)
        })
    }
}

/// Some mailboxes, and what about them is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EventGroup {
    /// Which mailboxes.
    pub mailboxes: MailboxFilter,
    /// What about them; nothing is NONE.
    pub events: Vec<NotifyEvent>,
}

/// Some mailboxes (RFC 5465 §6, RFC 7377 §2.2).
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MailboxFilter {
    /// The selected one, of which all is told at once.
    Selected,
    /// The selected one, of which is told what spoils no numbers.
    SelectedDelayed,
    /// Those into which mail is delivered.
    Inboxes,
    /// The user's own.
    Personal,
    /// Those that the user subscribed to.
    Subscribed,
    /// These, and all below.
    Subtree(NotEmpty<Mailbox>),
    /// These, and those right below (RFC 7377).
    SubtreeOne(NotEmpty<Mailbox>),
    /// These.
    Mailboxes(NotEmpty<Mailbox>),
}

/// Something that happens to a mailbox (RFC 5465 §5).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NotifyEvent {
    /// A message came; what of it to tell at once, if it is in the selected mailbox.
    MessageNew(Vec<FetchItem>),
    /// A message went.
    MessageExpunge,
    /// Flags changed.
    FlagChange,
    /// A message's notes changed.
    AnnotationChange,
    /// A mailbox was made, deleted or renamed.
    MailboxName,
    /// A subscription changed.
    SubscriptionChange,
    /// A mailbox's notes changed.
    MailboxMetadataChange,
    /// The server's notes changed.
    ServerMetadataChange,
    /// Something else, for which a server answers NO (RFC 5465 §3.1).
    Other(Atom),
}

impl Notify {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.space()?;
        let word = Word::take(cursor);
        match word.as_slice() {
            b"NONE" => return Ok(Self::None),
            b"SET" => {}
            _ => return Err(word.unknown()),
        }
        let status = cursor.eat_word(" STATUS");
        let groups = spaced1(cursor, EventGroup::read)?;
        Ok(Self::Set { status, groups })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        match self {
            Self::None => out.put("NOTIFY NONE"),
            Self::Set { status, groups } => {
                out.put(if *status { "NOTIFY SET STATUS" } else { "NOTIFY SET" });
                for group in groups.iter() {
                    out.put(" ");
                    group.write(out);
                }
            }
        }
    }
}

impl EventGroup {
    /// RFC 5465 §8: `"(" filter-mailboxes SP events ")"`. Examples of the RFC have events without
    /// parentheses, which can mean nothing else, so they are taken.
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let mailboxes = MailboxFilter::read(cursor)?;
        cursor.space()?;
        let mut events = Vec::new();
        if cursor.peek() == Some(b'(') {
            events = list(cursor, NotifyEvent::read)?.into();
        } else if !cursor.eat_word("NONE)") {
            events.push(NotifyEvent::read(cursor)?);
            while cursor.eat(b' ') {
                cursor.count()?;
                events.push(NotifyEvent::read(cursor)?);
            }
        } else {
            return Ok(Self { mailboxes, events });
        }
        cursor.expect(b')')?;
        Ok(Self { mailboxes, events })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("(");
        self.mailboxes.write(out);
        out.put(" ");
        if self.events.is_empty() {
            out.put("NONE");
        } else {
            out.list(self.events.iter(), |out, item| item.write(out));
        }
        out.put(")");
    }
}

impl MailboxFilter {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let word = Word::take(cursor);
        Ok(match word.as_slice() {
            b"SELECTED" => Self::Selected,
            b"SELECTED-DELAYED" => Self::SelectedDelayed,
            _ => return Self::parse_other(&word, cursor),
        })
    }

    fn parse_other(word: &Word, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let name = |cursor: &mut Cursor<'_>| {
            cursor.space()?;
            list_or_one(cursor, Mailbox::read)
        };
        Ok(match word.as_slice() {
            b"INBOXES" => Self::Inboxes,
            b"PERSONAL" => Self::Personal,
            b"SUBSCRIBED" => Self::Subscribed,
            b"SUBTREE" => Self::Subtree(name(cursor)?),
            b"SUBTREE-ONE" => Self::SubtreeOne(name(cursor)?),
            b"MAILBOXES" => Self::Mailboxes(name(cursor)?),
            _ => return Err(word.unknown()),
        })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        let (word, mailboxes): (&[u8], _) = match self {
            Self::Selected => (b"SELECTED", None),
            Self::SelectedDelayed => (b"SELECTED-DELAYED", None),
            Self::Inboxes => (b"INBOXES", None),
            Self::Personal => (b"PERSONAL", None),
            Self::Subscribed => (b"SUBSCRIBED", None),
            Self::Subtree(mailboxes) => (b"SUBTREE ", Some(mailboxes)),
            Self::SubtreeOne(mailboxes) => (b"SUBTREE-ONE ", Some(mailboxes)),
            Self::Mailboxes(mailboxes) => (b"MAILBOXES ", Some(mailboxes)),
        };
        out.put(word);
        if let Some(mailboxes) = mailboxes {
            out.list(mailboxes.iter(), |out, mailbox| mailbox.write(out));
        }
    }
}

impl NotifyEvent {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let offset = cursor.offset();
        let name = Atom::trusted(cursor.atom()?);
        Ok(match Word::of(name.as_bytes(), offset).as_slice() {
            b"MESSAGENEW" => {
                let items = if cursor.rest().starts_with(b" (") {
                    cursor.skip(1);
                    list(cursor, FetchItem::read)?.into()
                } else {
                    Vec::new()
                };
                Self::MessageNew(items)
            }
            b"MESSAGEEXPUNGE" => Self::MessageExpunge,
            b"FLAGCHANGE" => Self::FlagChange,
            b"ANNOTATIONCHANGE" => Self::AnnotationChange,
            b"MAILBOXNAME" => Self::MailboxName,
            b"SUBSCRIPTIONCHANGE" => Self::SubscriptionChange,
            b"MAILBOXMETADATACHANGE" => Self::MailboxMetadataChange,
            b"SERVERMETADATACHANGE" => Self::ServerMetadataChange,
            _ => Self::Other(name),
        })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put(match self {
            Self::Other(name) => return out.atom(name),
            Self::MessageNew(_) => "MessageNew",
            Self::MessageExpunge => "MessageExpunge",
            Self::FlagChange => "FlagChange",
            Self::AnnotationChange => "AnnotationChange",
            Self::MailboxName => "MailboxName",
            Self::SubscriptionChange => "SubscriptionChange",
            Self::MailboxMetadataChange => "MailboxMetadataChange",
            Self::ServerMetadataChange => "ServerMetadataChange",
        });
        if let Self::MessageNew(items) = self
            && !items.is_empty()
        {
            out.put(" ");
            out.list(items.iter(), |out, item| item.write(out));
        }
    }
}

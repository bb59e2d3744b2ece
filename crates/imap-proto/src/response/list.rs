//! Mailboxes, and where they are (RFC 9051 §7.3.1, §7.3.2).
use alloc::vec::Vec;

use super::NotEmpty;
use crate::{
    IString, Keyword, Mailbox, ParseErrorKind, Quirk, Raw,
    cursor::{Cursor, Parsed},
    octets::{EIGHT_BIT, NOT_QUOTED, class, same_word},
    writer::Writer,
};

/// A mailbox (RFC 9051 §7.3.1).
///
/// ```
/// use imap_proto::{Delimiter, Dialect, List, ListAttribute, Mailbox, Response};
///
/// let list = List {
///     attributes: vec![ListAttribute::Trash],
///     delimiter: Delimiter::new('/'),
///     mailbox: Mailbox::new("Deleted Items").ok_or("a name has no NUL")?,
///     items: vec![],
/// };
/// let mut out = bytes::BytesMut::new();
/// Response::List(list).write(&mut out, Dialect::SERVER);
/// assert_eq!(out, "* LIST (\\Trash) \"/\" \"Deleted Items\"\r\n");
/// # Ok::<_, &str>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List {
    /// What it is.
    pub attributes: Vec<ListAttribute>,
    /// What stands between the levels of names; `None` if there is one level only.
    pub delimiter: Option<Delimiter>,
    /// Its name.
    pub mailbox: Mailbox,
    /// More about it (RFC 5258 §6).
    pub items: Vec<ListItem>,
}

/// What a mailbox is (RFC 9051 §7.3.1).
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ListAttribute {
    /// There is none of this name, though there may be some below it.
    NonExistent,
    /// It can have no children.
    NoInferiors,
    /// It cannot be selected.
    NoSelect,
    /// It has children (RFC 3348).
    HasChildren,
    /// It has no children (RFC 3348).
    HasNoChildren,
    /// It may have new messages.
    Marked,
    /// It has no new messages.
    Unmarked,
    /// It is subscribed to.
    Subscribed,
    /// It is on another server.
    Remote,
    /// All messages (RFC 6154 §2).
    All,
    /// The archive.
    Archive,
    /// Drafts.
    Drafts,
    /// What is marked as flagged.
    Flagged,
    /// Junk.
    Junk,
    /// What was sent.
    Sent,
    /// What is to be deleted.
    Trash,
    /// What is important (RFC 8457).
    Important,
    /// The user may not know what is in it (RFC 5465 §5.9).
    NoAccess,
    /// Another, without its `\`.
    Other(Keyword),
}

static ATTRIBUTES: [(ListAttribute, &str); 18] = [
    (ListAttribute::HasNoChildren, "HasNoChildren"),
    (ListAttribute::HasChildren, "HasChildren"),
    (ListAttribute::Subscribed, "Subscribed"),
    (ListAttribute::NoSelect, "Noselect"),
    (ListAttribute::NoInferiors, "Noinferiors"),
    (ListAttribute::NonExistent, "NonExistent"),
    (ListAttribute::Marked, "Marked"),
    (ListAttribute::Unmarked, "Unmarked"),
    (ListAttribute::Remote, "Remote"),
    (ListAttribute::All, "All"),
    (ListAttribute::Archive, "Archive"),
    (ListAttribute::Drafts, "Drafts"),
    (ListAttribute::Flagged, "Flagged"),
    (ListAttribute::Junk, "Junk"),
    (ListAttribute::Sent, "Sent"),
    (ListAttribute::Trash, "Trash"),
    (ListAttribute::Important, "Important"),
    (ListAttribute::NoAccess, "NoAccess"),
];

/// One ASCII character other than CR, LF and NUL.
///
/// ```
/// use imap_proto::Delimiter;
///
/// assert_eq!(Delimiter::new('/').map(Delimiter::get), Some('/'));
/// assert_eq!(Delimiter::new('\n'), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Delimiter(u8);

impl Delimiter {
    /// Makes a delimiter.
    #[must_use]
    pub fn new(delimiter: char) -> Option<Self> {
        let octet = u8::try_from(delimiter).ok()?;
        (class(octet) & (NOT_QUOTED | EIGHT_BIT) == 0).then_some(Self(octet))
    }

    /// Returns the character.
    #[must_use]
    pub const fn get(self) -> char {
        self.0 as char
    }

    /// Takes a delimiter, or `NIL`.
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Option<Self>> {
        let error = cursor.error(ParseErrorKind::Quoted);
        let Some(string) = cursor.nstring()? else { return Ok(None) };
        match string.as_bytes() {
            [octet] if class(*octet) & (NOT_QUOTED | EIGHT_BIT) == 0 => Ok(Some(Self(*octet))),
            // Courier has said "" for none.
            [] if cursor.is_lenient() => {
                cursor.quirk(Quirk::NilString, ParseErrorKind::Quoted)?;
                Ok(None)
            }
            _ => Err(error),
        }
    }

    fn write(delimiter: Option<Self>, writer: &mut Writer<'_>) {
        match delimiter {
            None => writer.put("NIL"),
            Some(Self(octet @ (b'"' | b'\\'))) => writer.put([b'"', b'\\', octet, b'"']),
            Some(Self(octet)) => writer.put([b'"', octet, b'"']),
        }
    }
}

/// More about a mailbox.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ListItem {
    /// Children match what was asked for, though this may not (RFC 5258 §3.5).
    ChildInfo(NotEmpty<ChildInfo>),
    /// Its former name (RFC 9051 §6.3.9.7, RFC 5465 §5.8).
    OldName(Mailbox),
    /// Another: its tag and its value.
    Other(IString, Raw),
}

/// What children match.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ChildInfo {
    /// They are subscribed to.
    Subscribed,
    /// Another selection option.
    Other(IString),
}

impl List {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.gap()?;
        let attributes = ListAttribute::read_list(cursor)?;
        cursor.gap()?;
        let delimiter = Delimiter::read(cursor)?;
        cursor.gap()?;
        let mailbox = Mailbox::read(cursor)?;
        let mut items = Vec::new();
        if cursor.rest().starts_with(b" (") {
            cursor.skip(1);
            cursor.list(|cursor| {
                items.push(ListItem::read(cursor)?);
                Ok(())
            })?;
        }
        Ok(Self { attributes, delimiter, mailbox, items })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.list(&self.attributes, |writer, attribute| attribute.write(writer));
        writer.put(" ");
        Delimiter::write(self.delimiter, writer);
        writer.put(" ");
        self.mailbox.write(writer);
        if !self.items.is_empty() {
            writer.put(" ");
            writer.list(&self.items, |writer, item| item.write(writer));
        }
    }
}

impl ListAttribute {
    fn read_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Self>> {
        let mut all = Vec::new();
        if cursor.is_lenient() && cursor.eat_atom("NIL") {
            cursor.quirk(Quirk::NilList, ParseErrorKind::Expected('('))?;
            return Ok(all);
        }
        cursor.list(|cursor| {
            if cursor.is_lenient() && cursor.peek() == Some(b')') {
                return cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Flag);
            }
            all.push(Self::read(cursor)?);
            Ok(())
        })?;
        Ok(all)
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if !cursor.eat(b'\\') {
            cursor.quirk(Quirk::Flag, ParseErrorKind::Flag)?;
        }
        let word = cursor.word()?;
        let known = ATTRIBUTES.iter().find(|(_, name)| name.as_bytes() == word);
        let known = known.or_else(|| ATTRIBUTES.iter().find(|(_, name)| same_word(word, name)));
        match known {
            Some((attribute, _)) => Ok(attribute.clone()),
            None => Keyword::new(cursor.share(word))
                .map(Self::Other)
                .ok_or_else(|| cursor.error(ParseErrorKind::Flag)),
        }
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.put("\\");
        match self {
            Self::Other(name) => writer.put(name.as_bytes()),
            known => {
                let name = ATTRIBUTES.iter().find(|(attribute, _)| attribute == known);
                writer.put(name.map_or("", |(_, name)| name));
            }
        }
    }
}

impl ListItem {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let tag = cursor.astring()?;
        cursor.gap()?;
        if tag.is("CHILDINFO") {
            return NotEmpty::read_list(cursor, ChildInfo::read).map(Self::ChildInfo);
        }
        if tag.is("OLDNAME") {
            cursor.expect(b'(')?;
            let name = Mailbox::read(cursor)?;
            cursor.expect(b')')?;
            return Ok(Self::OldName(name));
        }
        Ok(Self::Other(tag, cursor.raw()?))
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::ChildInfo(all) => {
                writer.put("CHILDINFO ");
                writer.list(all.as_slice(), |writer, info| info.write(writer));
            }
            Self::OldName(name) => {
                writer.put("OLDNAME (");
                name.write(writer);
                writer.put(")");
            }
            Self::Other(tag, value) => {
                writer.astring(tag);
                writer.put(" ");
                writer.put(value.as_bytes());
            }
        }
    }
}

impl ChildInfo {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let option = cursor.astring()?;
        Ok(if option.is("SUBSCRIBED") { Self::Subscribed } else { Self::Other(option) })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Subscribed => writer.put("\"SUBSCRIBED\""),
            Self::Other(option) => writer.string(option),
        }
    }
}

/// Where mailboxes are (RFC 9051 §7.3.2).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Namespaces {
    /// The user's own.
    pub personal: Vec<Namespace>,
    /// Other users'.
    pub other_users: Vec<Namespace>,
    /// Those of many users.
    pub shared: Vec<Namespace>,
}

/// How the names of some mailboxes begin.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Namespace {
    /// The beginning.
    pub prefix: IString,
    /// What stands between the levels of names.
    pub delimiter: Option<Delimiter>,
    /// More.
    pub extensions: Vec<NamespaceExtension>,
}

/// More about a namespace (RFC 2342 §8), as `TRANSLATION` (RFC 5255 §3.4).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NamespaceExtension {
    /// Its name.
    pub name: IString,
    /// Its values.
    pub values: NotEmpty<IString>,
}

impl Namespaces {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let personal = Namespace::read_list(cursor)?;
        let other_users = Namespace::read_list(cursor)?;
        Ok(Self { personal, other_users, shared: Namespace::read_list(cursor)? })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.spaced([&self.personal, &self.other_users, &self.shared], |writer, spaces| {
            if spaces.is_empty() {
                return writer.put("NIL");
            }
            writer.put("(");
            spaces.iter().for_each(|space| space.write(writer));
            writer.put(")");
        });
    }
}

impl Namespace {
    fn read_list(cursor: &mut Cursor<'_>) -> Parsed<Vec<Self>> {
        cursor.gap()?;
        let mut all = Vec::new();
        if cursor.eat_atom("NIL") {
            return Ok(all);
        }
        cursor.expect(b'(')?;
        while cursor.peek() == Some(b'(') {
            cursor.count()?;
            all.push(Self::read(cursor)?);
            if cursor.is_lenient() && cursor.rest().starts_with(b" (") {
                cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Expected('('))?;
                cursor.skip(1);
            }
        }
        if all.is_empty() {
            cursor.quirk(Quirk::EmptyList, ParseErrorKind::Expected('('))?;
        }
        cursor.expect(b')')?;
        Ok(all)
    }

    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.expect(b'(')?;
        let prefix = cursor.string()?;
        cursor.gap()?;
        let delimiter = Delimiter::read(cursor)?;
        let mut extensions = Vec::new();
        while cursor.peek() == Some(b' ') {
            cursor.count()?;
            cursor.skip(1);
            let name = cursor.string()?;
            cursor.gap()?;
            let values = NotEmpty::read_list(cursor, Cursor::string)?;
            extensions.push(NamespaceExtension { name, values });
        }
        cursor.expect(b')')?;
        Ok(Self { prefix, delimiter, extensions })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.put("(");
        writer.string(&self.prefix);
        writer.put(" ");
        Delimiter::write(self.delimiter, writer);
        for extension in &self.extensions {
            writer.put(" ");
            writer.string(&extension.name);
            writer.put(" ");
            writer.list(extension.values.as_slice(), Writer::string);
        }
        writer.put(")");
    }
}

//! Addresses: who wrote, and to whom (RFC 5322 §3.4).
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use smol_str::{SmolStr, SmolStrBuilder};

use crate::address_reader;
use crate::lex::is_atext;
use crate::limits::FieldLimits;
use crate::text::has_controls;
use crate::{ParseError, ParseErrorKind, Text};

/// An address without a name: `local@domain` (RFC 5322 §3.4.1, RFC 6532 for UTF-8).
///
/// Holds no control characters and a domain of atoms or a literal, so that nothing can be
/// injected by it. Quotes around the local part are gone; writing adds them where they must be.
///
/// ```
/// use mime::AddrSpec;
///
/// let alice: AddrSpec = "alice@crepes.fr".parse()?;
/// assert_eq!((alice.local(), alice.domain()), ("alice", "crepes.fr"));
/// assert_eq!(AddrSpec::new("a b", "[192.0.2.1]")?.to_string(), "\"a b\"@[192.0.2.1]");
/// assert!("alice@crepes.fr\r\nBcc: eve@example.org".parse::<AddrSpec>().is_err());
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AddrSpec {
    /// Both sides and the `@` between them, without quotes.
    text: SmolStr,
    /// Where the `@` is.
    at: usize,
}

impl AddrSpec {
    /// Makes an address of its two sides.
    ///
    /// # Errors
    /// The local part is empty, over 320 octets or has control characters, or the domain is over
    /// 255 octets or neither atoms and dots nor a literal in brackets. RFC 5321 §4.5.3.1 allows 64
    /// and 255; list managers put whole addresses into local parts. Both fit into a line together
    /// (RFC 5322 §2.1.1), even where every octet is quoted.
    pub fn new(local: &str, domain: &str) -> Result<Self, ParseError> {
        if !(1..=320).contains(&local.len()) || has_controls(local) {
            return Err(ParseError::new(ParseErrorKind::LocalPart, 0));
        }
        if domain.len() > 255 || !is_domain(domain) {
            return Err(ParseError::new(ParseErrorKind::Domain, local.len() + 1));
        }
        let mut text = SmolStrBuilder::new();
        text.push_str(local);
        text.push('@');
        text.push_str(domain);
        Ok(Self { text: text.finish(), at: local.len() })
    }

    /// Returns what stands before the `@`, without quotes.
    #[must_use]
    pub fn local(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// Returns what stands after the `@`: a domain, or a literal with its brackets.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.text.get(self.at + 1..).unwrap_or_default()
    }

    /// Returns both sides as they are written, if the local part needs no quotes.
    pub(crate) fn unquoted(&self) -> Option<&str> {
        is_dot_atom(self.local()).then_some(&self.text)
    }
}

/// RFC 5322 §3.4.1: `dot-atom` or `domain-literal`, without blanks.
fn is_domain(domain: &str) -> bool {
    if let Some(literal) = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return literal.bytes().all(|octet| octet.is_ascii_graphic() && !b"[]\\".contains(&octet));
    }
    is_dot_atom(domain)
}

/// Tells whether text is atoms with dots between them; control characters, of which some are not
/// ASCII, are in none.
fn is_dot_atom(text: &str) -> bool {
    let (mut previous, mut high) = (b'.', false);
    for octet in text.bytes() {
        if !is_atext(octet) && (octet != b'.' || previous == b'.') {
            return false;
        }
        high |= !octet.is_ascii();
        previous = octet;
    }
    previous != b'.' && !(high && has_controls(text))
}

/// Reads the strict form, in which nothing stands around the address.
impl FromStr for AddrSpec {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(rest) = text.strip_prefix('"') {
            let (local, rest) = unquote(rest).ok_or(NO_LOCAL)?;
            return Self::new(&local, rest.strip_prefix('@').ok_or(NO_LOCAL)?);
        }
        let (local, domain) = text.split_once('@').ok_or(NO_LOCAL)?;
        if is_dot_atom(local) { Self::new(local, domain) } else { Err(NO_LOCAL) }
    }
}

const NO_LOCAL: ParseError = ParseError::new(ParseErrorKind::LocalPart, 0);

/// Reads a quoted string after its opening quote; returns it and what follows.
fn unquote(text: &str) -> Option<(String, &str)> {
    let (mut out, mut chars) = (String::new(), text.chars());
    loop {
        match chars.next()? {
            '"' => return Some((out, chars.as_str())),
            '\\' => out.push(chars.next()?),
            c => out.push(c),
        }
    }
}

impl fmt::Display for AddrSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.unquoted() {
            return f.write_str(text);
        }
        let local = self.local().replace('\\', "\\\\").replace('"', "\\\"");
        write!(f, "\"{local}\"@{}", self.domain())
    }
}

/// An address with the name of who reads there (RFC 5322 §3.4 `mailbox`).
///
/// ```
/// use mime::Mailbox;
///
/// let bob = Mailbox::new("Bob", "bob@hamburger.edu".parse()?);
/// assert_eq!(bob, "Bob <bob@hamburger.edu>".parse()?);
/// assert_eq!(bob.to_string(), "Bob <bob@hamburger.edu>");
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Mailbox {
    name: Option<Text>,
    address: AddrSpec,
}

impl Mailbox {
    /// Makes a mailbox; an empty name is none.
    pub fn new(name: impl Into<Text>, address: AddrSpec) -> Self {
        let name = name.into();
        Self { name: (!name.as_str().is_empty()).then_some(name), address }
    }

    /// Returns the name for people.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(Text::as_str)
    }

    /// Returns the address for machines.
    #[must_use]
    pub const fn address(&self) -> &AddrSpec {
        &self.address
    }
}

impl From<AddrSpec> for Mailbox {
    fn from(address: AddrSpec) -> Self {
        Self { name: None, address }
    }
}

/// Reads one mailbox, `address` or `name <address>`, as a person would type it.
impl FromStr for Mailbox {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut list = AddressList::read(text.as_bytes()).addresses;
        match (list.pop(), list.is_empty(), text.contains(char::is_control)) {
            (Some(Address::Mailbox(mailbox)), true, false) => Ok(mailbox),
            _ => Err(ParseError::new(ParseErrorKind::Mailbox, 0)),
        }
    }
}

/// As people read it: the name is neither quoted nor encoded. The [`Builder`](crate::Builder)
/// writes what goes on the wire.
impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => self.address.fmt(f),
            Some(name) => write!(f, "{name} <{}>", self.address),
        }
    }
}

/// A named list of mailboxes (RFC 5322 §3.4 `group`).
///
/// ```
/// use mime::{AddressList, Address};
///
/// let list = AddressList::read(b"Undisclosed recipients:;");
/// let [Address::Group(group)] = list.as_slice() else { panic!() };
/// assert_eq!(group.name(), "Undisclosed recipients");
/// assert!(group.members().is_empty());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Group {
    name: Text,
    members: Vec<Mailbox>,
}

impl Group {
    /// Makes a group.
    pub fn new(name: impl Into<Text>, members: Vec<Mailbox>) -> Self {
        Self { name: name.into(), members }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Returns its mailboxes; often none.
    #[must_use]
    pub fn members(&self) -> &[Mailbox] {
        &self.members
    }
}

/// One entry of an address list (RFC 5322 §3.4 `address`). Closed, as the grammar is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Address {
    /// One mailbox.
    Mailbox(Mailbox),
    /// A named list of them.
    Group(Group),
    /// Text that holds no address, such as `MAILER-DAEMON`.
    Unreadable(Text),
}

/// The addresses of a header field, read leniently.
///
/// ```
/// use mime::AddressList;
///
/// let list = AddressList::read(b"Alice <alice@crepes.fr>, team: bob@hamburger.edu;");
/// let addresses: Vec<_> = list.mailboxes().map(|it| it.address().to_string()).collect();
/// assert_eq!(addresses, ["alice@crepes.fr", "bob@hamburger.edu"]);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AddressList {
    pub(crate) addresses: Vec<Address>,
    pub(crate) truncated: bool,
}

impl AddressList {
    /// Reads the value of a field, what follows the colon, under the default
    /// [`Limits`](crate::Limits).
    #[must_use]
    pub fn read(value: &[u8]) -> Self {
        Self::within(value, FieldLimits::default())
    }

    pub(crate) fn within(value: &[u8], limits: FieldLimits) -> Self {
        address_reader::read(value, limits)
    }

    /// Tells whether there were more than [`Limits::addresses`](crate::Limits::addresses), of which
    /// these are the first.
    #[must_use]
    pub const fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// Returns the entries, in their order.
    #[must_use]
    pub fn as_slice(&self) -> &[Address] {
        &self.addresses
    }

    /// Iterates over all mailboxes, those in groups included.
    pub fn mailboxes(&self) -> impl Iterator<Item = &Mailbox> {
        self.addresses.iter().flat_map(|address| match address {
            Address::Mailbox(mailbox) => core::slice::from_ref(mailbox),
            Address::Group(group) => group.members(),
            Address::Unreadable(_) => &[],
        })
    }
}

impl From<Mailbox> for Address {
    fn from(mailbox: Mailbox) -> Self {
        Self::Mailbox(mailbox)
    }
}

impl From<AddrSpec> for Address {
    fn from(address: AddrSpec) -> Self {
        Self::Mailbox(address.into())
    }
}

impl From<Group> for Address {
    fn from(group: Group) -> Self {
        Self::Group(group)
    }
}

/// As people read it, like [`Mailbox`].
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailbox(mailbox) => mailbox.fmt(f),
            Self::Group(group) => {
                let members: Vec<_> = group.members.iter().map(ToString::to_string).collect();
                write!(f, "{}: {};", group.name, members.join(", "))
            }
            Self::Unreadable(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn strict_addresses_are_told_from_others() {
        for good in [
            "a@b",
            "a.b+c@d.example",
            "\"a b\"@c",
            "\"a\\\"@b\"@c",
            "a@[IPv6:::1]",
            "\"a b\"@[x\"@y]",
            "jürgen@bücher.example",
        ] {
            assert_eq!(good.parse::<AddrSpec>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "a",
            "@b",
            "a@",
            "a b@c",
            "a@b c",
            "a@b.",
            ".a@b",
            "a@@b",
            "a@[b",
            "a@[b]c]",
            "a\n@b",
            "a@b\r\n",
            "\"a@b",
            "\"a\"b\"@c",
        ] {
            assert!(bad.parse::<AddrSpec>().is_err(), "{bad:?}");
        }
        let (a, d) = ("a".repeat(320), "d".repeat(255));
        assert!(AddrSpec::new(&a, &d).is_ok());
        assert!(AddrSpec::new(&format!("{a}a"), &d).is_err());
        assert!(AddrSpec::new(&a, &format!("{d}d")).is_err());
        assert!("a@b, c@d".parse::<Mailbox>().is_err());
        assert!("A\r\nB: <a@b>".parse::<Mailbox>().is_err());
    }
}

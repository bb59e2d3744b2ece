//! Flags.
use alloc::vec::Vec;

use bytes::Bytes;

use crate::{
    ParseErrorKind, Quirk,
    cursor::{Cursor, Parsed},
    octets::{NOT_ATOM, all_outside},
    writer::Writer,
};

/// A flag of a message (RFC 9051 §2.3.2).
///
/// ```
/// use imap_proto::{Flag, Keyword};
///
/// let junk = Keyword::new("$Junk").map(Flag::Keyword);
/// assert!(junk.is_some());
/// assert_eq!(Keyword::new("two words"), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Flag {
    /// `\Answered`.
    Answered,
    /// `\Flagged`.
    Flagged,
    /// `\Deleted`.
    Deleted,
    /// `\Seen`.
    Seen,
    /// `\Draft`.
    Draft,
    /// `\Recent`, of IMAP4rev1 (RFC 3501 §2.3.2): only servers set it.
    Recent,
    /// `\*`, in PERMANENTFLAGS: clients may make keywords (RFC 9051 §7.1).
    Any,
    /// A keyword.
    Keyword(Keyword),
    /// Another flag that begins with `\`, here without it.
    Other(Keyword),
}

/// The name of a keyword: an atom.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Keyword(Bytes);

impl Keyword {
    /// Makes a keyword; `None` if it is no atom.
    #[must_use]
    pub fn new(octets: impl Into<Bytes>) -> Option<Self> {
        let octets = octets.into();
        all_outside(&octets, NOT_ATOM).then_some(Self(octets))
    }

    /// Returns the octets; keywords are compared without regard to case (RFC 9051 §2.3.2).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is this word, in any case.
    #[must_use]
    pub fn is(&self, word: &str) -> bool {
        crate::octets::same_word(&self.0, word)
    }
}

/// The bit of `\Recent`.
pub(crate) const RECENT: u8 = 32;

/// Names of the flags that have bits.
static SYSTEM: [(Flag, &str); 7] = [
    (Flag::Seen, "Seen"),
    (Flag::Answered, "Answered"),
    (Flag::Flagged, "Flagged"),
    (Flag::Deleted, "Deleted"),
    (Flag::Draft, "Draft"),
    (Flag::Recent, "Recent"),
    (Flag::Any, "*"),
];

impl Flag {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if !cursor.eat(b'\\') {
            return Keyword::read(cursor).map(Self::Keyword);
        }
        if cursor.eat(b'*') {
            return Ok(Self::Any);
        }
        let name = Keyword::read(cursor)?;
        let system = SYSTEM.iter().find(|(_, known)| name.is(known));
        Ok(system.map_or_else(|| Self::Other(name), |(flag, _)| flag.clone()))
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Keyword(keyword) => writer.put(&keyword.0),
            Self::Other(keyword) => {
                writer.put("\\");
                writer.put(&keyword.0);
            }
            system => {
                let name = SYSTEM.iter().find(|(flag, _)| flag == system);
                writer.put("\\");
                writer.put(name.map_or("", |(_, name)| name));
            }
        }
    }

    /// The flag's bit, if it has one.
    pub(crate) const fn bit(&self) -> u8 {
        match self {
            Self::Seen => 1,
            Self::Answered => 2,
            Self::Flagged => 4,
            Self::Deleted => 8,
            Self::Draft => 16,
            Self::Recent => RECENT,
            Self::Any => 64,
            Self::Keyword(_) | Self::Other(_) => 0,
        }
    }
}

impl Keyword {
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        match cursor.while_outside(NOT_ATOM) {
            [] => Err(cursor.error(ParseErrorKind::Flag)),
            word => Ok(Self(cursor.share(word))),
        }
    }
}

/// Flags, in which those of RFC 9051 are bits: only keywords cost memory.
///
/// ```
/// use imap_proto::{Flag, Flags};
///
/// let flags = Flags::from_iter([Flag::Seen, Flag::Draft]);
/// assert!(flags.contains(&Flag::Seen) && !flags.contains(&Flag::Deleted));
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Flags {
    bits: u8,
    others: Vec<Flag>,
}

impl Flags {
    /// Whether a flag is among them; keywords are compared without regard to case.
    #[must_use]
    pub fn contains(&self, flag: &Flag) -> bool {
        match flag {
            Flag::Keyword(keyword) => self.others.iter().any(
                |other| matches!(other, Flag::Keyword(other) if other.0.eq_ignore_ascii_case(&keyword.0)),
            ),
            Flag::Other(name) => self.others.iter().any(
                |other| matches!(other, Flag::Other(other) if other.0.eq_ignore_ascii_case(&name.0)),
            ),
            system => self.bits & system.bit() != 0,
        }
    }

    /// Adds a flag. A keyword is added as often as it is: whoever reads a peer's flags asks
    /// [`Self::contains`].
    pub fn push(&mut self, flag: Flag) {
        match flag.bit() {
            0 => self.others.push(flag),
            bit => self.bits |= bit,
        }
    }

    /// Adds a flag, unless it is there.
    pub fn insert(&mut self, flag: Flag) {
        if !self.contains(&flag) {
            self.push(flag);
        }
    }

    /// Those of RFC 9051, as bits.
    pub(crate) const fn bits(&self) -> u8 {
        self.bits
    }

    /// Those that have no bits.
    pub(crate) fn others(&self) -> &[Flag] {
        &self.others
    }

    pub(crate) const fn of_parts(bits: u8, others: Vec<Flag>) -> Self {
        Self { bits, others }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bits == 0 && self.others.is_empty()
    }

    /// Returns the flags: first those of RFC 9051, then the others as they came.
    pub fn iter(&self) -> impl Iterator<Item = &Flag> {
        let system = SYSTEM.iter().map(|(flag, _)| flag);
        system.filter(|flag| self.bits & flag.bit() != 0).chain(&self.others)
    }

    /// Takes a `flag-list`: flags in parentheses.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut flags = Self::default();
        if cursor.is_lenient() && cursor.eat_atom("NIL") {
            cursor.quirk(Quirk::NilList, ParseErrorKind::Flag)?;
            return Ok(flags);
        }
        cursor.list(|cursor| {
            flags.read_one(cursor)?;
            while cursor.is_lenient() && cursor.rest().starts_with(b" )") {
                cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Flag)?;
                cursor.skip(1);
            }
            Ok(())
        })?;
        Ok(flags)
    }

    /// Takes a flag; one that is none is noted, and left out.
    fn read_one(&mut self, cursor: &mut Cursor<'_>) -> Parsed<()> {
        let mark = cursor.mark();
        match Flag::read(cursor) {
            Err(error) if !cursor.is_lenient() => return Err(error),
            Ok(flag) if matches!(cursor.peek(), Some(b' ' | b')')) => self.push(flag),
            Ok(flag) if !cursor.is_lenient() => self.push(flag),
            _ => {
                cursor.back(mark);
                cursor.quirk(Quirk::Flag, ParseErrorKind::Flag)?;
                if !matches!(cursor.peek(), Some(b' ' | b')')) {
                    cursor.raw()?;
                }
            }
        }
        Ok(())
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.list(self.iter(), |writer, flag| flag.write(writer));
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        let mut all = Self::default();
        flags.into_iter().for_each(|flag| all.push(flag));
        all
    }
}

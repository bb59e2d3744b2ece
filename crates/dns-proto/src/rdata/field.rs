//! What record data are made of: the kinds of fields, and the plain ones among them.
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::error::{ParseError, ParseErrorKind};
use crate::name::{NameRef, write_text};
use crate::number::{CertType, DnssecAlgorithm, DsyncScheme, Rcode, RecordType};
use crate::reader::Reader;
use crate::text::{Word, Words};

/// What may be done to the names in a type's data.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Names {
    /// Compressed: a type of RFC 1035, which every reader knows (RFC 3597 §4); and in the
    /// canonical form in small letters (RFC 4034 §6.2).
    Compressed,
    /// In small letters in the canonical form, never compressed.
    Lowered,
    /// Neither (RFC 6840 §5.1 for NSEC; RFC 3597 §7 for all later types).
    Plain,
}

/// Where data are written to.
pub(crate) trait Sink {
    fn put(&mut self, octets: &[u8]);

    /// Writes a name: whole unless it may be changed, and this place does.
    fn put_name(&mut self, name: NameRef<'_>, names: Names);
}

/// Data of a record outside a message are never compressed.
impl Sink for Vec<u8> {
    fn put(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }

    fn put_name(&mut self, name: NameRef<'_>, _: Names) {
        put_labels(self, name);
    }
}

/// Data in their canonical form (RFC 4034 §6.2).
pub(crate) struct Canonical<'v>(pub(crate) &'v mut Vec<u8>);

impl Sink for Canonical<'_> {
    fn put(&mut self, octets: &[u8]) {
        self.0.extend_from_slice(octets);
    }

    fn put_name(&mut self, name: NameRef<'_>, names: Names) {
        let start = self.0.len();
        put_labels(self.0, name);
        if names != Names::Plain {
            // Lengths are below the letters.
            self.0.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
        }
    }
}

/// Writes a name label by label.
pub(crate) fn put_labels(out: &mut impl Sink, name: NameRef<'_>) {
    if let Some(wire) = name.plain() {
        return out.put(wire);
    }
    for label in name.labels() {
        let length = u8::try_from(label.len()).expect("a checked label has at most 63 octets");
        out.put(&[length]);
        out.put(label);
    }
    out.put(&[0]);
}

/// One field of record data.
pub(crate) trait Field<'a>: Sized {
    /// Whether the several-line form gives it lines of its own.
    const LONG: bool = false;

    /// How many octets it has on the wire, if always so many.
    const OCTETS: Option<usize> = None;

    /// Whether the value can be said in the type's own notation; if not, the data are printed in
    /// the general form.
    fn has_notation(&self) -> bool {
        true
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError>;

    /// Reads what [`read`](Self::read) has accepted before, and checks it no further than it must.
    #[inline]
    fn trusted(reader: &mut Reader<'a>) -> Option<Self> {
        Self::read(reader).ok()
    }

    fn write(&self, out: &mut impl Sink, names: Names);
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Reads the presentation form and appends the wire form.
    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError>;
}

/// Implements [`Field`] for what is so many octets and prints as `Display` says.
macro_rules! fixed {
    ($kind:ty, $width:expr, $read:expr, $octets:expr, $scan:expr) => {
        impl<'a> Field<'a> for $kind {
            const OCTETS: Option<usize> = Some($width);

            #[inline]
            fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
                reader.array().map($read)
            }

            fn write(&self, out: &mut impl Sink, _: Names) {
                out.put(&$octets(*self));
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self}")
            }

            fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
                let scan: fn(&mut Words<'_>) -> Result<$kind, ParseError> = $scan;
                let value = scan(words)?;
                out.extend_from_slice(&$octets(value));
                Ok(())
            }
        }
    };
}
pub(super) use fixed;

/// Reads a number of so many octets.
macro_rules! number {
    ($kind:ty, $expected:literal) => {
        fixed!($kind, size_of::<$kind>(), <$kind>::from_be_bytes, <$kind>::to_be_bytes, |words| {
            let number = words.number(<$kind>::MAX.into(), $expected)?;
            Ok(<$kind>::try_from(number).expect("the bound was the type's"))
        });
    };
}

number!(u8, "a number up to 255");
number!(u16, "a number up to 65535");
number!(u64, "a number");

fixed!(u32, 4, Self::from_be_bytes, Self::to_be_bytes, |words| {
    const EXPECTED: &str = "a number up to 4294967295, or a time like 1h30m";
    let word = words.word(EXPECTED)?;
    word.seconds().ok_or_else(|| word.error(EXPECTED))
});

fixed!(Ipv4Addr, 4, |octets: [u8; 4]| Self::from(octets), |it: Self| it.octets(), |words| {
    let word = words.word("an IPv4 address")?;
    ipv4(word.octets).ok_or_else(|| word.error("an IPv4 address"))
});

fixed!(Ipv6Addr, 16, |octets: [u8; 16]| Self::from(octets), |it: Self| it.octets(), |words| {
    let word = words.word("an IPv6 address")?;
    ipv6(word.octets).ok_or_else(|| word.error("an IPv6 address"))
});

/// Reads four numbers; leading zeros are no octal ones, and refused as std does.
pub(super) fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let (mut octets, mut number, mut digits, mut place) = ([0_u8; 4], 0_u32, 0, 0);
    for &octet in text {
        match octet {
            b'0'..=b'9' if digits == 0 || number > 0 => {
                number = number * 10 + u32::from(octet - b'0');
                digits += 1;
                *octets.get_mut(place)? = u8::try_from(number).ok()?;
            }
            b'.' if digits > 0 => (number, digits, place) = (0, 0, place + 1),
            _ => return None,
        }
    }
    (place == 3 && digits > 0).then(|| octets.into())
}

/// Reads an address of RFC 4291 §2.2: the forms with hexadecimal groups alone as they come, the
/// form that ends in an IPv4 address as std does.
pub(super) fn ipv6(text: &[u8]) -> Option<Ipv6Addr> {
    ipv6_groups(text).or_else(|| core::str::from_utf8(text).ok()?.parse().ok())
}

fn ipv6_groups(text: &[u8]) -> Option<Ipv6Addr> {
    let (mut groups, mut count, mut gap) = ([0_u16; 8], 0, None);
    let (mut digits, mut colons) = (0, 0);
    for &octet in text {
        let digit = match octet {
            b'0'..=b'9' => octet - b'0',
            b'a'..=b'f' => octet - b'a' + 10,
            b'A'..=b'F' => octet - b'A' + 10,
            b':' if colons == 0 => {
                colons = 1;
                continue;
            }
            b':' if colons == 1 && gap.is_none() => {
                (colons, gap) = (2, Some(count));
                continue;
            }
            _ => return None,
        };
        if digits == 0 || colons > 0 {
            // Only a pair of colons may be in front.
            count = if colons == 1 && count == 0 { return None } else { count + 1 };
            (digits, colons) = (0, 0);
        }
        digits += 1;
        let group = groups.get_mut(count - 1).filter(|_| digits <= 4)?;
        *group = *group << 4 | u16::from(digit);
    }
    let whole = if gap.is_some() { count < 8 } else { count == 8 };
    if !whole || colons == 1 {
        return None;
    }
    // What is behind the gap stands at the end.
    groups.get_mut(gap.unwrap_or(count)..)?.rotate_right(8 - count);
    Some(groups.into())
}

/// Implements [`Field`] for a registry of which text may be a mnemonic or a number.
macro_rules! code {
    ($kind:ty, $int:ty, $expected:literal, $alias:expr, $print:expr) => {
        impl<'a> Field<'a> for $kind {
            const OCTETS: Option<usize> = Some(size_of::<$int>());

            #[inline]
            fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
                reader.array().map(|octets| Self::new(<$int>::from_be_bytes(octets)))
            }

            fn write(&self, out: &mut impl Sink, _: Names) {
                out.put(&self.number().to_be_bytes());
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let print: fn(&Self, &mut fmt::Formatter<'_>) -> fmt::Result = $print;
                print(self, f)
            }

            fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
                let alias: fn(&[u8]) -> Option<$int> = $alias;
                let word = words.word($expected)?;
                let number = word.number(<$int>::MAX.into(), $expected);
                let number = number.map(|number| <$int>::try_from(number).unwrap_or(<$int>::MAX));
                let code = number.or_else(|error| {
                    alias(word.octets)
                        .or_else(|| Self::parse(word.octets).map(Self::number))
                        .ok_or(error)
                })?;
                out.extend_from_slice(&code.to_be_bytes());
                Ok(())
            }
        }
    };
}

code!(RecordType, u16, "a record type", |_| None, |code, f| write!(f, "{code}"));
code!(CertType, u16, "a kind of certificate", |_| None, |code, f| write!(f, "{code}"));
code!(DsyncScheme, u8, "a scheme", |_| None, |code, f| write!(f, "{code}"));
code!(Rcode, u16, "an error code", bad_sig, |code, f| match *code {
    // The meaning of 16 in records (RFC 8945 §3).
    Self::BADSIG => f.write_str("BADSIG"),
    code => write!(f, "{code}"),
});
fn bad_sig(text: &[u8]) -> Option<u16> {
    text.eq_ignore_ascii_case(b"BADSIG").then(|| Rcode::BADSIG.number())
}

// RFC 4034 §2.2: a number or a mnemonic; everybody writes numbers.
code!(DnssecAlgorithm, u8, "a DNSSEC algorithm", |_| None, |code, f| write!(
    f,
    "{}",
    code.number()
));

impl<'a> Field<'a> for NameRef<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        reader.name()
    }

    #[inline(always)]
    fn trusted(reader: &mut Reader<'a>) -> Option<Self> {
        reader.trusted_name()
    }

    fn write(&self, out: &mut impl Sink, names: Names) {
        out.put_name(*self, names);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        words.name(out)
    }
}

/// One string of at most 255 octets, after its length (RFC 1035 §3.3).
///
/// ```
/// use dns_proto::CharString;
///
/// assert_eq!(CharString::new(b"x86").map(CharString::octets), Some(&b"x86"[..]));
/// assert_eq!(CharString::new(&[b'x'; 256]), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CharString<'a>(&'a [u8]);

impl<'a> CharString<'a> {
    /// Wraps at most 255 octets.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Option<Self> {
        if octets.len() > 255 { None } else { Some(Self(octets)) }
    }

    /// Returns the octets.
    #[must_use]
    pub const fn octets(self) -> &'a [u8] {
        self.0
    }
}

/// Writes a string's length and octets.
pub(super) fn put_string(out: &mut impl Sink, octets: &[u8]) {
    out.put(&[u8::try_from(octets.len()).expect("it was made with at most 255 octets")]);
    out.put(octets);
}

/// Appends what `put` appends, after its length in one octet.
pub(super) fn counted(
    out: &mut Vec<u8>,
    put: impl FnOnce(&mut Vec<u8>) -> Result<(), ParseError>,
    too_long: ParseError,
) -> Result<(), ParseError> {
    let place = out.len();
    out.push(0);
    put(out)?;
    let length = u8::try_from(out.len() - place - 1).map_err(|_| too_long)?;
    if let Some(place) = out.get_mut(place) {
        *place = length;
    }
    Ok(())
}

pub(super) const STRING: &str = "a character string of at most 255 octets";

fn scan_string(word: Word<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
    counted(out, |out| crate::text::unescape(word, out), word.error(STRING))
}

impl<'a> Field<'a> for CharString<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let length = usize::from(reader.octet()?);
        reader.take(length).map(Self)
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        put_string(out, self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, self.0)
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        scan_string(words.word(STRING)?, out)
    }
}

/// One or more strings of at most 255 octets, each after its length (RFC 1035 §3.3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CharStrings<'a>(&'a [u8]);

impl<'a> CharStrings<'a> {
    /// Reads strings as they are on the wire, each after its length.
    ///
    /// ```
    /// use dns_proto::CharStrings;
    ///
    /// let strings = CharStrings::parse(b"\x02h2\x02h3")?;
    /// assert!(strings.iter().eq([&b"h2"[..], b"h3"]));
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is none, or the last is cut.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        Self::read(&mut Reader::new(octets, 0))
    }

    /// Wraps strings that have been checked.
    pub(crate) const fn checked(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Iterates over the strings.
    pub fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (&length, octets) = rest.split_first()?;
            let (string, after) = octets.split_at_checked(usize::from(length))?;
            rest = after;
            Some(string)
        })
    }

    /// Writes strings in a row, each after its length.
    pub(crate) fn join(strings: &[&[u8]]) -> Result<Vec<u8>, crate::Misuse> {
        let mut joined = Vec::new();
        for string in strings {
            let length = u8::try_from(string.len()).map_err(|_| crate::Misuse::StringLength)?;
            joined.push(length);
            joined.extend_from_slice(string);
        }
        if joined.is_empty() { Err(crate::Misuse::StringLength) } else { Ok(joined) }
    }
}

impl<'a> Field<'a> for CharStrings<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let mut check = reader.clone();
        let octets = reader.rest();
        if octets.is_empty() {
            return Err(check.error(ParseErrorKind::Short));
        }
        while !check.is_empty() {
            let length = usize::from(check.octet()?);
            check.take(length)?;
        }
        Ok(Self(octets))
    }

    #[inline]
    fn trusted(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self(reader.rest())).filter(|strings| !strings.0.is_empty())
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for string in self.iter() {
            f.write_str(core::mem::replace(&mut separator, " "))?;
            write_text(f, string)?;
        }
        Ok(())
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        scan_string(words.word(STRING)?, out)?;
        while let Some(word) = words.next() {
            scan_string(word, out)?;
        }
        Ok(())
    }
}

/// All octets that are left, as one string of any length (RFC 8659 §4.1.1, RFC 7553 §4.4).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Text<'a>(&'a [u8]);

impl<'a> Text<'a> {
    /// Wraps octets.
    #[must_use]
    pub const fn new(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// Returns the octets.
    #[must_use]
    pub const fn octets(self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Field<'a> for Text<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        Ok(Self(reader.rest()))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, self.0)
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        crate::text::unescape(words.word("text")?, out)
    }
}

/// Names in a row, until the data end (RFC 8005 §5).
#[derive(Clone, Copy, Debug)]
pub struct NameList<'a> {
    octets: &'a [u8],
}

impl<'a> NameList<'a> {
    /// Iterates over the names.
    pub fn iter(self) -> impl Iterator<Item = NameRef<'a>> {
        let mut reader = Reader::tail(self.octets, self.octets);
        core::iter::from_fn(move || reader.trusted_name())
    }
}

impl PartialEq for NameList<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for NameList<'_> {}

impl core::hash::Hash for NameList<'_> {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        self.iter().for_each(|name| name.hash(state));
    }
}

impl<'a> Field<'a> for NameList<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let octets = reader.rest();
        // RFC 8005 §5: never compressed, so the octets stand for themselves.
        let mut check = Reader::new(octets, 0);
        while !check.is_empty() {
            check.name()?;
        }
        Ok(Self { octets })
    }

    #[inline]
    fn trusted(reader: &mut Reader<'a>) -> Option<Self> {
        Some(Self { octets: reader.rest() })
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.octets);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for name in self.iter() {
            write!(f, "{}{name}", core::mem::replace(&mut separator, " "))?;
        }
        Ok(())
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        while words.peek().is_some() {
            words.name(out)?;
        }
        Ok(())
    }
}

//! The kinds of fields that record data is made of.
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::edns::Options;
use crate::error::{Misuse, ParseError, ParseErrorKind};
use crate::name::NameRef;
use crate::name_text::write_octet;
use crate::reader::Reader;

/// Whether the names in a type's data may be compressed.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Names {
    /// A type of RFC 1035, which every reader knows (RFC 3597 §4).
    Compressed,
    /// Any later type.
    Plain,
}

/// Where data is written to.
pub(crate) trait Sink {
    fn put(&mut self, octets: &[u8]);

    /// Writes a name, whole unless it may be compressed and this place can.
    fn put_name(&mut self, name: NameRef<'_>, names: Names);
}

/// Data of a record outside a message is never compressed.
impl Sink for Vec<u8> {
    fn put(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }

    fn put_name(&mut self, name: NameRef<'_>, _: Names) {
        put_labels(self, name);
    }
}

/// Writes a name label by label.
pub(crate) fn put_labels(out: &mut impl Sink, name: NameRef<'_>) {
    for label in name.labels() {
        let length = u8::try_from(label.len()).expect("a checked label has at most 63 octets");
        out.put(&[length]);
        out.put(label);
    }
    out.put(&[0]);
}

/// One field of record data.
pub(crate) trait Field<'a>: Sized {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError>;
    fn write(&self, out: &mut impl Sink, names: Names);
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Implements [`Field`] for what is so many octets and prints as `Display` says.
macro_rules! fixed {
    ($kind:ty, $read:expr, $octets:expr) => {
        impl<'a> Field<'a> for $kind {
            fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
                reader.array().map($read)
            }

            fn write(&self, out: &mut impl Sink, _: Names) {
                out.put(&$octets(self));
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

fixed!(u16, Self::from_be_bytes, |number: &Self| number.to_be_bytes());
fixed!(u32, Self::from_be_bytes, |number: &Self| number.to_be_bytes());
fixed!(Ipv4Addr, |octets: [u8; 4]| Self::from(octets), Self::octets);
fixed!(Ipv6Addr, |octets: [u8; 16]| Self::from(octets), Self::octets);

impl<'a> Field<'a> for NameRef<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        reader.name()
    }

    fn write(&self, out: &mut impl Sink, names: Names) {
        out.put_name(*self, names);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One or more strings of at most 255 octets, each after its length (RFC 1035 §3.3).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CharStrings<'a>(&'a [u8]);

impl<'a> CharStrings<'a> {
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
    pub(crate) fn join(strings: &[&[u8]]) -> Result<Vec<u8>, Misuse> {
        let mut joined = Vec::new();
        for string in strings {
            joined.push(u8::try_from(string.len()).map_err(|_| Misuse::StringLength)?);
            joined.extend_from_slice(string);
        }
        if joined.is_empty() { Err(Misuse::StringLength) } else { Ok(joined) }
    }
}

impl<'a> Field<'a> for CharStrings<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let mut check = reader.clone();
        let octets = reader.rest();
        if octets.is_empty() {
            return Err(check.error(ParseErrorKind::Short));
        }
        while !check.is_trusted() && !check.is_empty() {
            let length = usize::from(check.octet()?);
            check.take(length)?;
        }
        Ok(Self(octets))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for string in self.iter() {
            f.write_str(core::mem::replace(&mut separator, " "))?;
            f.write_str("\"")?;
            for &octet in string {
                match octet {
                    b' ' => f.write_str(" ")?,
                    _ => write_octet(f, octet, b"\"\\")?,
                }
            }
            f.write_str("\"")?;
        }
        Ok(())
    }
}

impl<'a> Field<'a> for Options<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let mut check = reader.clone();
        while !check.is_trusted() && !check.is_empty() {
            check.u16()?;
            let length = usize::from(check.u16()?);
            check.take(length)?;
        }
        Ok(Self::checked(reader.rest()))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.octets());
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (code, data) in self.iter() {
            write!(f, "{}OPTION{code}=", core::mem::replace(&mut separator, " "))?;
            data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))?;
        }
        Ok(())
    }
}

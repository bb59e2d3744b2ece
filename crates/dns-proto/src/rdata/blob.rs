//! Fields of octets that are printed in some base.
use alloc::vec::Vec;
use core::fmt;

use super::field::{Field, Names, Sink, counted, put_string};
use crate::error::ParseError;
use crate::reader::Reader;
use crate::text::codec::{Base, Decoder, print, print_lines};
use crate::text::{Word, Words};

/// Defines a wrapper of octets.
macro_rules! blob {
    ($(#[$meta:meta])* $name:ident, $most:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub struct $name<'a>(&'a [u8]);

        impl<'a> $name<'a> {
            #[doc = concat!("Wraps at most ", stringify!($most), " octets.")]
            #[must_use]
            pub const fn new(octets: &'a [u8]) -> Option<Self> {
                if octets.len() > $most { None } else { Some(Self(octets)) }
            }

            /// Returns the octets.
            #[must_use]
            pub const fn octets(self) -> &'a [u8] {
                self.0
            }
        }
    };
}

blob! {
    /// All octets that are left, printed in hexadecimal.
    Hex, 65_535
}
blob! {
    /// All octets that are left, printed in base 64.
    Base64, 65_535
}
blob! {
    /// Octets after their length in one octet, printed in hexadecimal; `-` if there are none
    /// (RFC 5155 §3.3).
    Salt, 255
}
blob! {
    /// Octets after their length in one octet, printed in base 32 (RFC 5155 §3.3).
    Hashed, 255
}
blob! {
    /// Octets after their length in two octets, printed as that length and base 64 (RFC 8945 §4).
    Counted, 65_535
}
blob! {
    /// An OSI address: all octets that are left, printed as `0x` and hexadecimal (RFC 1706 §6).
    Nsap, 65_535
}

/// Reads all words that are left as digits.
pub(super) fn scan_rest(
    words: &mut Words<'_>,
    base: Base,
    expected: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    let mut decoder = Decoder::new(base);
    while let Some(word) = words.next() {
        let digits = Some(word.octets).filter(|_| !word.quoted);
        digits.and_then(|digits| decoder.push(digits, out)).ok_or_else(|| word.error(expected))?;
    }
    if decoder.is_whole() { Ok(()) } else { Err(words.error(expected)) }
}

/// Reads one word as digits.
pub(super) fn scan_word(
    word: Word<'_>,
    base: Base,
    expected: &'static str,
    out: &mut Vec<u8>,
) -> Result<(), ParseError> {
    let mut decoder = Decoder::new(base);
    let digits = decoder.push(word.octets, out).filter(|()| decoder.is_whole() && !word.quoted);
    digits.ok_or_else(|| word.error(expected))
}

const HEX: &str = "hexadecimal digits";
pub(super) const BASE64: &str = "base64";

/// Implements [`Field`] for all octets that are left.
macro_rules! rest {
    ($kind:ident, $base:expr, $expected:expr) => {
        impl<'a> Field<'a> for $kind<'a> {
            const LONG: bool = true;

            fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
                Ok(Self(reader.rest()))
            }

            fn write(&self, out: &mut impl Sink, _: Names) {
                out.put(self.0);
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                print_lines(f, self.0, $base)
            }

            fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
                scan_rest(words, $base, $expected, out)
            }
        }
    };
}

rest!(Hex, Base::Hex, HEX);
rest!(Base64, Base::Base64, BASE64);

/// Implements the wire form of [`Field`] for octets after one octet of length.
macro_rules! short {
    ($kind:ident, $least:expr, $print:expr, $scan:expr) => {
        impl<'a> Field<'a> for $kind<'a> {
            fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
                let length = usize::from(reader.octet()?);
                reader.take(length).map(Self)
            }

            fn write(&self, out: &mut impl Sink, _: Names) {
                put_string(out, self.0);
            }

            fn has_notation(&self) -> bool {
                let least: usize = $least;
                self.0.len() >= least
            }

            fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let print: fn(&[u8], &mut fmt::Formatter<'_>) -> fmt::Result = $print;
                print(self.0, f)
            }

            fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
                let scan: fn(&mut Words<'_>, &mut Vec<u8>) -> Result<(), ParseError> = $scan;
                scan(words, out)
            }
        }
    };
}

short!(
    Salt,
    0,
    |octets, f| match octets {
        [] => f.write_str("-"),
        octets => print(f, octets, Base::Hex),
    },
    |words, out| {
        const EXPECTED: &str = "hexadecimal digits of at most 255 octets, or -";
        let word = words.word(EXPECTED)?;
        let put = |out: &mut Vec<u8>| match word.octets {
            b"-" => Ok(()),
            _ => scan_word(word, Base::Hex, EXPECTED, out),
        };
        counted(out, put, word.error(EXPECTED))
    }
);

short!(Hashed, 1, |octets, f| print(f, octets, Base::Base32), |words, out| {
    const EXPECTED: &str = "base32hex of at most 255 octets";
    let word = words.word(EXPECTED)?;
    let put = |out: &mut Vec<u8>| scan_word(word, Base::Base32, EXPECTED, out);
    counted(out, put, word.error(EXPECTED))
});

impl<'a> Field<'a> for Counted<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        let length = usize::from(reader.u16()?);
        reader.take(length).map(Self)
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        let length = u16::try_from(self.0.len()).expect("it was made with at most 65535 octets");
        out.put(&length.to_be_bytes());
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.len())?;
        if !self.0.is_empty() {
            f.write_str(" ")?;
            print(f, self.0, Base::Base64)?;
        }
        Ok(())
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        let word = words.word("a length")?;
        let length = u16::try_from(word.number(65_535, "a length")?).unwrap_or_default();
        out.extend_from_slice(&length.to_be_bytes());
        let (start, mut decoder) = (out.len(), Decoder::new(Base::Base64));
        while out.len() - start < usize::from(length) {
            let word = words.word(BASE64)?;
            decoder.push(word.octets, out).ok_or_else(|| word.error(BASE64))?;
        }
        if out.len() - start == usize::from(length) && decoder.is_whole() {
            return Ok(());
        }
        Err(word.error("as many octets as follow"))
    }
}

impl<'a> Field<'a> for Nsap<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, ParseError> {
        Ok(Self(reader.rest()))
    }

    fn write(&self, out: &mut impl Sink, _: Names) {
        out.put(self.0);
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }

    fn scan(words: &mut Words<'_>, out: &mut Vec<u8>) -> Result<(), ParseError> {
        const EXPECTED: &str = "0x and hexadecimal digits";
        let word = words.word(EXPECTED)?;
        let digits = word.octets.strip_prefix(b"0x").or(word.octets.strip_prefix(b"0X"));
        let digits = digits.ok_or_else(|| word.error(EXPECTED))?;
        let mut decoder = Decoder::new(Base::Hex);
        let is_dot = |octet: &u8| *octet == b'.';
        let mut parts = digits.split(is_dot);
        let good = parts.all(|part| decoder.push(part, out).is_some()) && decoder.is_whole();
        if good { Ok(()) } else { Err(word.error(EXPECTED)) }
    }
}

//! Writing a line: which form a string takes, and where the peer has to be waited for.
use alloc::vec::Vec;

use bytes::{BufMut, BytesMut};

use crate::{
    Atom, IString, Number64,
    octets::{EIGHT_BIT, ESCAPED, NOT_ASTRING, NOT_LIST, NOT_QUOTED, class, classes},
};

/// What the reader of a line can take.
///
/// ```
/// use imap_proto::{Dialect, Literals};
///
/// // A server, after ENABLE UTF8=ACCEPT or ENABLE IMAP4rev2:
/// let dialect = Dialect { utf8: true, ..Dialect::SERVER };
/// assert_eq!(dialect.literals, Literals::Free);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Dialect {
    /// Whether quoted strings may hold UTF-8 (RFC 6855 §3, RFC 9051 §4.3).
    pub utf8: bool,
    /// How literals are announced.
    pub literals: Literals,
}

/// How literals are announced, and whether their sender waits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Literals {
    /// A server's: `{n}`, and the octets follow at once.
    Free,
    /// A client's: `{n}`, and the octets follow when the server has said `+` (RFC 9051 §4.3).
    Synchronizing,
    /// A client's, after LITERAL-: `{n+}` without waiting, up to 4096 octets (RFC 7888 §5).
    Minus,
    /// A client's, after LITERAL+: `{n+}` without waiting (RFC 7888 §4).
    Plus,
}

impl Dialect {
    /// What every client can read.
    pub const SERVER: Self = Self { utf8: false, literals: Literals::Free };
    /// What every server can read.
    pub const CLIENT: Self = Self { utf8: false, literals: Literals::Synchronizing };
}

/// RFC 7888 §5: the largest literal that LITERAL- sends unasked.
const MINUS: u64 = 4096;

impl Literals {
    /// The mark in the announcement, and whether the octets have to wait.
    pub(crate) fn announce(self, size: u64) -> (&'static [u8], bool) {
        match self {
            Self::Free => (b"", false),
            Self::Plus => (b"+", false),
            Self::Minus if size <= MINUS => (b"+", false),
            Self::Synchronizing | Self::Minus => (b"", true),
        }
    }
}

/// Appends to a buffer.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    pub(crate) out: &'a mut BytesMut,
    dialect: Dialect,
    waits: Vec<usize>,
    gaps: Vec<Gap>,
}

/// A place in what was written where the octets of a literal that streams have to be put.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gap {
    /// How much of the buffer comes before them.
    pub at: usize,
    /// How many they are.
    pub size: u64,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(out: &'a mut BytesMut, dialect: Dialect) -> Self {
        Self { out, dialect, waits: Vec::new(), gaps: Vec::new() }
    }

    /// Announces a literal whose octets are not here.
    pub(crate) fn gap(&mut self, size: u64, binary: bool) {
        self.announce(size, binary);
        self.gaps.push(Gap { at: self.out.len(), size });
    }

    /// Returns where octets have to be put, in order.
    pub(crate) fn finish_gaps(self) -> Vec<Gap> {
        self.gaps
    }

    /// Returns where the server must have said `+` before what follows is sent: lengths of the
    /// buffer, in order.
    pub(crate) fn finish(self) -> Vec<usize> {
        self.waits
    }

    pub(crate) fn put(&mut self, octets: impl AsRef<[u8]>) {
        self.out.put_slice(octets.as_ref());
    }

    pub(crate) fn atom(&mut self, atom: &Atom) {
        self.put(atom.as_bytes());
    }

    pub(crate) fn number(&mut self, number: impl Into<u64>) {
        write_number(number.into(), self.out);
    }

    pub(crate) fn number64(&mut self, number: Number64) {
        write_number(number.get(), self.out);
    }

    /// Writes a `string`: quoted, or a literal.
    pub(crate) fn string(&mut self, string: &IString) {
        self.quoted(string, classes(string.as_bytes()));
    }

    /// Writes an `nstring`: a string, or `NIL`.
    pub(crate) fn nstring(&mut self, string: Option<&IString>) {
        match string {
            Some(string) => self.string(string),
            None => self.put("NIL"),
        }
    }

    /// Writes an `astring`: an atom if it can be one.
    pub(crate) fn astring(&mut self, string: &IString) {
        self.atom_or_quoted(string, NOT_ASTRING);
    }

    /// Writes a `list-mailbox`: as an astring, but `%` and `*` need no quotes.
    pub(crate) fn list_mailbox(&mut self, string: &IString) {
        self.atom_or_quoted(string, NOT_LIST);
    }

    fn atom_or_quoted(&mut self, string: &IString, mask: u8) {
        let classes = classes(string.as_bytes());
        // NIL as an atom would be read as nothing by those who expect an nstring.
        if classes & mask == 0 && !string.is_empty() && !string.is("NIL") {
            return self.put(string.as_bytes());
        }
        self.quoted(string, classes);
    }

    fn quoted(&mut self, string: &IString, classes: u8) {
        let octets = string.as_bytes();
        let text =
            classes & EIGHT_BIT == 0 || (self.dialect.utf8 && core::str::from_utf8(octets).is_ok());
        if classes & NOT_QUOTED != 0 || !text {
            return self.literal(octets, false);
        }
        self.out.reserve(octets.len() + 2);
        self.out.put_u8(b'"');
        if classes & ESCAPED == 0 {
            self.out.put_slice(octets);
        } else {
            for octet in octets {
                if class(*octet) & ESCAPED != 0 {
                    self.out.put_u8(b'\\');
                }
                self.out.put_u8(*octet);
            }
        }
        self.out.put_u8(b'"');
    }

    /// Writes a literal; `binary` makes it a literal8 (RFC 3516).
    pub(crate) fn literal(&mut self, octets: &[u8], binary: bool) {
        let size = octets.len() as u64;
        self.announce(size, binary);
        self.out.put_slice(octets);
    }

    /// Announces a literal, whose octets follow.
    pub(crate) fn announce(&mut self, size: u64, binary: bool) {
        let (mark, waits) = self.dialect.literals.announce(size);
        announce(self.out, size, binary, mark);
        if waits {
            self.waits.push(self.out.len());
        }
    }

    /// Writes elements with a space between each two.
    pub(crate) fn spaced<T>(
        &mut self,
        elements: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        for (index, element) in elements.into_iter().enumerate() {
            if index > 0 {
                self.out.put_u8(b' ');
            }
            write(self, element);
        }
    }

    /// Writes elements between parentheses.
    pub(crate) fn list<T>(
        &mut self,
        elements: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Self, T),
    ) {
        self.out.put_u8(b'(');
        self.spaced(elements, write);
        self.out.put_u8(b')');
    }
}

/// Appends a literal, announced with this mark.
pub(crate) fn literal(out: &mut BytesMut, octets: &[u8], binary: bool, mark: &[u8]) {
    announce(out, octets.len() as u64, binary, mark);
    out.put_slice(octets);
}

fn announce(out: &mut BytesMut, size: u64, binary: bool, mark: &[u8]) {
    out.put_slice(if binary { b"~{" } else { b"{" });
    write_number(size, out);
    out.put_slice(mark);
    out.put_slice(b"}\r\n");
}

/// Appends a number in digits.
pub(crate) fn write_number(mut number: u64, out: &mut BytesMut) {
    let mut digits = [0; 20];
    let mut count = 0;
    for slot in digits.iter_mut().rev() {
        // A rest of division by 10 is a digit.
        *slot = b'0' | u8::try_from(number % 10).unwrap_or_default();
        count += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.put_slice(digits.get(20 - count..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_a_string_is_chosen_by_what_it_holds() {
        let literals = Literals::Plus;
        for (text, utf8, expected) in [
            ("abc", false, "abc \"abc\" abc"),
            ("a b", false, r#""a b" "a b" "a b""#),
            ("", false, r#""" "" """#),
            ("nil", false, r#""nil" "nil" "nil""#),
            ("a]", false, r#"a] "a]" a]"#),
            ("a*%", false, r#""a*%" "a*%" a*%"#),
            (r#"a"\"#, false, r#""a\"\\" "a\"\\" "a\"\\""#),
            ("ü", true, "\"ü\" \"ü\" \"ü\""),
            ("ü", false, "{2+}\r\nü {2+}\r\nü {2+}\r\nü"),
            ("\r\n", true, "{2+}\r\n\r\n {2+}\r\n\r\n {2+}\r\n\r\n"),
        ] {
            let mut out = BytesMut::new();
            let mut writer = Writer::new(&mut out, Dialect { utf8, literals });
            let string = IString::new(text).unwrap();
            writer.astring(&string);
            writer.put(" ");
            writer.string(&string);
            writer.put(" ");
            writer.list_mailbox(&string);
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn literals_wait_unless_the_server_takes_them_unasked() {
        for (literals, size, waits) in [
            (Literals::Free, 5000, false),
            (Literals::Synchronizing, 1, true),
            (Literals::Minus, 4096, false),
            (Literals::Minus, 4097, true),
            (Literals::Plus, 4097, false),
        ] {
            let mut out = BytesMut::new();
            let mut writer = Writer::new(&mut out, Dialect { utf8: false, literals });
            writer.literal(&alloc::vec![b'x'; size], false);
            let expected = waits.then_some(alloc::format!("{{{size}}}\r\n").len());
            assert_eq!(writer.finish(), Vec::from_iter(expected), "{literals:?} {size}");
        }
    }

    #[test]
    fn numbers_are_written_in_digits() {
        for number in [0, 9, 10, 4_294_967_295, u64::MAX] {
            let mut out = BytesMut::new();
            write_number(number, &mut out);
            assert_eq!(out, alloc::format!("{number}"));
        }
    }
}

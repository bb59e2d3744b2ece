//! Parameters of a part of a message.
use alloc::vec::Vec;

use bytes::Bytes;

use crate::{
    IString, ParseErrorKind, Quirk,
    cursor::{Cursor, Parsed},
    octets::plain_run,
    writer::Writer,
};

/// Parameters of `Content-Type` or `Content-Disposition`: names and values, not decoded.
///
/// A structure has many, and few are asked for: those that came in plain quoted strings are kept
/// as the text they came in, and taken apart when they are looked at.
///
/// ```
/// use imap_proto::{IString, Parameters};
///
/// let charset = (IString::from_static("CHARSET"), IString::from_static("UTF-8"));
/// let parameters = Parameters::from_iter([charset]);
/// assert_eq!(parameters.get("charset"), Some(IString::from_static("UTF-8")));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Parameters(Kept);

#[derive(Clone, Debug)]
enum Kept {
    /// Quoted strings without backslashes, with a space between each two.
    Text(Bytes),
    List(Vec<(IString, IString)>),
}

impl Default for Kept {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl Parameters {
    /// Returns names and values.
    pub fn iter(&self) -> impl Iterator<Item = (IString, IString)> {
        let (text, list) = match &self.0 {
            Kept::Text(text) => (&text[..], &[][..]),
            Kept::List(list) => (&[][..], &list[..]),
        };
        // What is between quotes is every other piece.
        let mut strings = text.split(|octet| *octet == b'"').skip(1).step_by(2);
        let pairs = core::iter::from_fn(move || Some((strings.next()?, strings.next()?)));
        let shared = |piece: &[u8]| match &self.0 {
            Kept::Text(text) => IString::trusted(text.slice_ref(piece)),
            Kept::List(_) => IString::default(),
        };
        pairs.map(move |(name, value)| (shared(name), shared(value))).chain(list.iter().cloned())
    }

    /// Returns the value of the first parameter of this name, in any case.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<IString> {
        self.iter().find(|(one, _)| one.is(name)).map(|(_, value)| value)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.eat_atom("NIL") {
            return Ok(Self::default());
        }
        if let Some(plain) = Self::read_plain(cursor) {
            return Ok(plain);
        }
        if cursor.is_lenient() && cursor.rest().starts_with(b"\"\"") {
            cursor.quirk(Quirk::EmptyList, ParseErrorKind::Expected('('))?;
            cursor.skip(2);
            return Ok(Self::default());
        }
        if cursor.rest().starts_with(b"()") {
            cursor.quirk(Quirk::EmptyList, ParseErrorKind::String)?;
        }
        let mut all = Vec::new();
        cursor.list(|cursor| {
            all.push(read_one(cursor)?);
            Ok(())
        })?;
        Ok(Self(Kept::List(all)))
    }

    /// Takes parameters if all are plain.
    fn read_plain(cursor: &mut Cursor<'_>) -> Option<Self> {
        let text = cursor.rest().strip_prefix(b"(")?;
        let mut rest = text;
        loop {
            cursor.count().ok()?;
            rest = after_plain(after_plain(rest)?.strip_prefix(b" ")?)?;
            match rest {
                [b' ', more @ ..] => rest = more,
                [b')', ..] => break,
                _ => return None,
            }
        }
        let text = text.get(..text.len() - rest.len())?;
        cursor.skip(text.len() + 2);
        Some(Self(Kept::Text(cursor.share(text))))
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        if self.is_empty() {
            return writer.put(b"NIL");
        }
        writer.list(self.iter(), |writer, (name, value)| {
            writer.string(&name);
            writer.put(b" ");
            writer.string(&value);
        });
    }
}

/// Returns what follows a quoted string with nothing in it that needs care.
fn after_plain(octets: &[u8]) -> Option<&[u8]> {
    let inner = octets.strip_prefix(b"\"")?;
    inner.get(plain_run(inner)..)?.strip_prefix(b"\"")
}

fn read_one(cursor: &mut Cursor<'_>) -> Parsed<(IString, IString)> {
    let name = cursor.string_or_nil()?;
    if cursor.is_lenient() && cursor.peek() == Some(b')') {
        // A name without a value.
        cursor.quirk(Quirk::Fields, ParseErrorKind::Expected(' '))?;
        return Ok((name, IString::default()));
    }
    cursor.gap()?;
    Ok((name, cursor.string_or_nil()?))
}

/// By what they say, not by how they are kept.
impl PartialEq for Parameters {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Parameters {}

impl FromIterator<(IString, IString)> for Parameters {
    fn from_iter<I: IntoIterator<Item = (IString, IString)>>(all: I) -> Self {
        Self(Kept::List(all.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limits, Line};

    #[test]
    fn plain_or_not_parameters_say_the_same() {
        let read = |text: &'static str| {
            let line = Line::parse(text.into()).unwrap();
            let mut cursor = Cursor::new(&line, Limits::default());
            let all = Parameters::read(&mut cursor).unwrap();
            assert!(cursor.is_at_end());
            all
        };
        let plain = read("(\"a\" \"b c\" \"\" \"\")\r\n");
        assert!(matches!(plain.0, Kept::Text(_)));
        let literal = read("(\"a\" {3}\r\nb c \"\" \"\")\r\n");
        assert!(matches!(literal.0, Kept::List(_)));
        assert_eq!(plain, literal);
        assert_eq!(plain, Parameters::from_iter(literal.iter()));
        assert_ne!(plain, read("(\"a\" \"b c\")\r\n"));
        assert_eq!(plain.get("A").unwrap().as_bytes(), b"b c");
        assert!(read("NIL\r\n").is_empty() && !plain.is_empty());
    }
}

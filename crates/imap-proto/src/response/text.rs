//! Words for people, and a code for programs before them.
use bytes::Bytes;
use proto_core::Text;

use super::Code;
use crate::{
    ParseErrorKind, Quirk,
    cursor::{Cursor, Parsed},
    frame,
    writer::Writer,
};

/// A `resp-text` (RFC 9051 §7.1, §9): perhaps a code for programs, and words for people.
///
/// ```
/// use imap_proto::{Code, RespText, Text};
///
/// let busy = RespText::new(Some(Code::InUse), Text::from_static("somebody renames it"));
/// assert_eq!(busy.code(), Some(&Code::InUse));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RespText {
    code: Option<Code>,
    text: Text,
}

impl RespText {
    /// Makes a text. Words that would be read as a code get a space before them, and words that
    /// end as if they announced a literal get one after them.
    #[must_use]
    pub fn new(code: Option<Code>, text: Text) -> Self {
        let (bracket, literal) =
            (code.is_none() && text.as_bytes().starts_with(b"["), announces(text.as_bytes()));
        if !bracket && !literal {
            return Self { code, text };
        }
        let (before, after): (&[u8], &[u8]) =
            (if bracket { b" " } else { b"" }, if literal { b" " } else { b"" });
        let spaced = Bytes::from([before, text.as_bytes(), after].concat());
        // A text with a space is a text.
        Self { code, text: Text::parse(spaced).unwrap_or_default() }
    }

    /// Returns the code.
    #[must_use]
    pub const fn code(&self) -> Option<&Code> {
        self.code.as_ref()
    }

    /// Returns the words.
    #[must_use]
    pub const fn text(&self) -> &Text {
        &self.text
    }

    /// Takes the space before the text, and the text.
    pub(crate) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if cursor.is_lenient() && cursor.is_at_end() {
            cursor.quirk(Quirk::MissingSpace, ParseErrorKind::Expected(' '))?;
            return Ok(Self { code: None, text: Text::default() });
        }
        cursor.space()?;
        let mark = cursor.mark();
        let code = match bracketed(cursor) {
            Ok(code) => code,
            Err(error) if !cursor.is_lenient() => return Err(error),
            Err(_) => {
                cursor.back(mark);
                cursor.quirk(Quirk::Code, ParseErrorKind::Word)?;
                pass_over(cursor);
                None
            }
        };
        let text = words(cursor)?;
        Ok(if code.is_none() { Self::new(None, text) } else { Self { code, text } })
    }

    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        if let Some(code) = &self.code {
            writer.put(b"[");
            code.write(writer);
            writer.put(b"] ");
        }
        writer.put(self.text.as_bytes());
    }
}

fn announces(text: &[u8]) -> bool {
    frame::announced(text).is_some()
}

fn bracketed(cursor: &mut Cursor<'_>) -> Parsed<Option<Code>> {
    if !cursor.eat(b'[') {
        return Ok(None);
    }
    let code = Code::read(cursor)?;
    cursor.expect(b']')?;
    // RFC 3501 wanted words after the code, RFC 9051 wants the space; examples of both, and
    // servers, leave out both.
    if !cursor.eat(b' ') && !cursor.is_at_end() {
        let kind = ParseErrorKind::Expected(' ');
        cursor.quirk(Quirk::MissingSpace, kind)?;
    }
    Ok(Some(code))
}

/// Goes past a code that could not be read, if it has an end.
fn pass_over(cursor: &mut Cursor<'_>) {
    if let Some(end) = cursor.rest().iter().position(|octet| *octet == b']') {
        cursor.skip(end + 1);
        cursor.eat(b' ');
    }
}

/// Takes the rest of the line as words.
pub(super) fn words(cursor: &mut Cursor<'_>) -> Parsed<Text> {
    let octets = cursor.share(cursor.rest());
    let text = match Text::parse(octets.clone()) {
        Ok(text) => text,
        Err(bad) => {
            cursor.skip(bad.offset);
            cursor.quirk(Quirk::Text, ParseErrorKind::Text)?;
            let clean = |octet: &u8| if octet.is_ascii_control() { b' ' } else { *octet };
            Text::parse(octets.iter().map(clean).collect()).unwrap_or_default()
        }
    };
    cursor.skip(cursor.rest().len());
    if cursor.is_at_literal() {
        return Err(cursor.error(ParseErrorKind::Literal));
    }
    Ok(text)
}

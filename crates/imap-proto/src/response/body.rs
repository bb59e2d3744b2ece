//! The structure of a message, as the server read it (RFC 9051 §7.5.2).
use alloc::{boxed::Box, vec::Vec};

use super::{Envelope, NotEmpty, Parameters};
use crate::{
    IString, Number64, ParseErrorKind, Quirk, Raw,
    cursor::{Cursor, Parsed},
    writer::Writer,
};

/// A `body` (RFC 9051 §7.5.2): a part of a message, or parts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Body {
    /// A part that has no parts, or is a message.
    Part(Part),
    /// Parts.
    Multipart(Multipart),
}

/// A part of a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// What it is, and what that has besides.
    pub kind: BodyKind,
    /// The parameters of `Content-Type`.
    pub parameters: Parameters,
    /// `Content-ID`.
    pub id: Option<IString>,
    /// `Content-Description`.
    pub description: Option<IString>,
    /// `Content-Transfer-Encoding`.
    pub encoding: IString,
    /// How many octets it has as it is encoded.
    pub octets: Number64,
    /// `Content-MD5` and more; `None` in `BODY`, there always in `BODYSTRUCTURE`.
    pub extension: Option<(Option<IString>, BodyExtension)>,
}

/// What a part is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BodyKind {
    /// `TEXT`.
    Text {
        /// The subtype.
        subtype: IString,
        /// How many lines it has.
        lines: Number64,
    },
    /// `MESSAGE/RFC822` or `MESSAGE/GLOBAL`.
    Message {
        /// Whether it is GLOBAL (RFC 6532).
        global: bool,
        /// The header.
        envelope: Box<Envelope>,
        /// The structure.
        body: Box<Body>,
        /// How many lines it has.
        lines: Number64,
    },
    /// Any other.
    Basic(MediaType),
}

/// A media type that is neither text nor a message.
///
/// ```
/// use imap_proto::{IString, MediaType};
///
/// let png = MediaType::new(IString::from_static("image"), IString::from_static("png"));
/// assert!(png.is_some());
/// // Text has lines, which are to be told: it is a kind of its own.
/// assert_eq!(MediaType::new(IString::from_static("TEXT"), IString::from_static("x")), None);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct MediaType {
    kind: IString,
    subtype: IString,
}

impl MediaType {
    /// Makes a type; `None` for text, and for a message of RFC 822 or GLOBAL.
    #[must_use]
    pub fn new(kind: IString, subtype: IString) -> Option<Self> {
        let own = kind.is("TEXT") || is_message(&kind, &subtype);
        (!own).then_some(Self { kind, subtype })
    }

    /// Returns the type.
    #[must_use]
    pub const fn kind(&self) -> &IString {
        &self.kind
    }

    /// Returns the subtype.
    #[must_use]
    pub const fn subtype(&self) -> &IString {
        &self.subtype
    }
}

fn is_message(kind: &IString, subtype: &IString) -> bool {
    kind.is("MESSAGE") && (subtype.is("RFC822") || subtype.is("GLOBAL"))
}

/// Parts, one at least; none, of servers that say so.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Multipart {
    /// The parts.
    pub parts: NotEmpty<Body>,
    /// The subtype.
    pub subtype: IString,
    /// The parameters of `Content-Type` and more; `None` in `BODY`, there always in
    /// `BODYSTRUCTURE`.
    pub extension: Option<(Parameters, BodyExtension)>,
}

/// What BODYSTRUCTURE says besides BODY; fields that a server leaves out are as empty ones.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BodyExtension {
    /// `Content-Disposition`.
    pub disposition: Option<Disposition>,
    /// `Content-Language`.
    pub language: Vec<IString>,
    /// `Content-Location`.
    pub location: Option<IString>,
    /// What future holds.
    pub more: Vec<Raw>,
}

/// `Content-Disposition` (RFC 2183).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Disposition {
    /// `inline`, `attachment` or another.
    pub kind: IString,
    /// Its parameters.
    pub parameters: Parameters,
}

impl Body {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        cursor.count()?;
        cursor.enter()?;
        cursor.expect(b'(')?;
        let body = match cursor.peek() {
            Some(b'(') if !cursor.rest().starts_with(b"()") => multipart(cursor)?,
            Some(b'(') => no_parts(cursor)?,
            Some(b'N' | b'n') if cursor.is_lenient() && cursor.eat_atom("NIL") => no_parts(cursor)?,
            _ => Self::Part(Part::read(cursor)?),
        };
        cursor.expect(b')')?;
        cursor.leave();
        Ok(body)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.put(b"(");
        match self {
            Self::Part(part) => part.write(writer),
            Self::Multipart(multipart) => multipart.write(writer),
        }
        writer.put(b")");
    }
}

fn multipart(cursor: &mut Cursor<'_>) -> Parsed<Body> {
    let mut parts = Vec::new();
    while cursor.peek() == Some(b'(') {
        parts.push(Body::read(cursor)?);
        if cursor.rest().starts_with(b" (") {
            cursor.quirk(Quirk::ExtraSpace, ParseErrorKind::Expected('('))?;
            cursor.skip(1);
        }
    }
    cursor.gap()?;
    let subtype = cursor.string_or_nil()?;
    let extension = multipart_extension(cursor)?;
    let parts = NotEmpty::new(parts).ok_or_else(|| cursor.error(ParseErrorKind::Expected('(')))?;
    Ok(Body::Multipart(Multipart { parts, subtype, extension }))
}

/// A multipart without parts, as `(() "MIXED" …)`, `(NIL "MIXED" …)` or `("MIXED" …)` is taken
/// for one with an empty text in it, which is how most servers and RFC 2046 §5.1.1 have it.
#[cold]
fn no_parts(cursor: &mut Cursor<'_>) -> Parsed<Body> {
    cursor.quirk(Quirk::EmptyMultipart, ParseErrorKind::Expected('('))?;
    cursor.eat_word("()");
    cursor.gap()?;
    let subtype = cursor.string_or_nil()?;
    let extension = multipart_extension(cursor)?;
    Ok(Body::Multipart(Multipart { parts: NotEmpty::one(empty_text()), subtype, extension }))
}

fn empty_text() -> Body {
    let lines = Number64::default();
    let kind = BodyKind::Text { subtype: IString::from_static("PLAIN"), lines };
    let encoding = IString::from_static("7BIT");
    let (parameters, id, description, octets) = (Parameters::default(), None, None, lines);
    let part = Part { kind, parameters, id, description, encoding, octets, extension: None };
    Body::Part(part)
}

fn multipart_extension(cursor: &mut Cursor<'_>) -> Parsed<Option<(Parameters, BodyExtension)>> {
    if cursor.peek() == Some(b')') {
        return Ok(None);
    }
    cursor.gap()?;
    let parameters = Parameters::read(cursor)?;
    Ok(Some((parameters, BodyExtension::read(cursor)?)))
}

impl Multipart {
    fn write(&self, writer: &mut Writer<'_>) {
        self.parts.as_slice().iter().for_each(|part| part.write(writer));
        writer.put(b" ");
        writer.string(&self.subtype);
        if let Some((parameters, extension)) = &self.extension {
            writer.put(b" ");
            parameters.write(writer);
            extension.write(writer);
        }
    }
}

impl Part {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let kind = cursor.string_or_nil()?;
        cursor.gap()?;
        let subtype = cursor.string_or_nil()?;
        cursor.gap()?;
        let parameters = Parameters::read(cursor)?;
        cursor.gap()?;
        let id = cursor.nstring()?;
        cursor.gap()?;
        let description = cursor.nstring()?;
        cursor.gap()?;
        let encoding = cursor.string_or_nil()?;
        cursor.gap()?;
        let octets = cursor.any_number()?;
        let kind = BodyKind::read(kind, subtype, cursor)?;
        let extension = part_extension(cursor)?;
        Ok(Self { kind, parameters, id, description, encoding, octets, extension })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let (kind, subtype) = self.media_type();
        writer.string(kind);
        writer.put(b" ");
        writer.string(subtype);
        writer.put(b" ");
        self.parameters.write(writer);
        for string in [&self.id, &self.description] {
            writer.put(b" ");
            writer.nstring(string.as_ref());
        }
        writer.put(b" ");
        writer.string(&self.encoding);
        writer.put(b" ");
        writer.number64(self.octets);
        self.kind.write(writer);
        if let Some((md5, extension)) = &self.extension {
            writer.put(b" ");
            writer.nstring(md5.as_ref());
            extension.write(writer);
        }
    }

    /// Returns the type and the subtype.
    #[must_use]
    pub fn media_type(&self) -> (&IString, &IString) {
        static TEXT: IString = IString::from_static("TEXT");
        static MESSAGE: IString = IString::from_static("MESSAGE");
        static RFC822: IString = IString::from_static("RFC822");
        static GLOBAL: IString = IString::from_static("GLOBAL");
        match &self.kind {
            BodyKind::Text { subtype, .. } => (&TEXT, subtype),
            BodyKind::Message { global, .. } => (&MESSAGE, if *global { &GLOBAL } else { &RFC822 }),
            BodyKind::Basic(media_type) => (&media_type.kind, &media_type.subtype),
        }
    }
}

impl BodyKind {
    fn read(kind: IString, subtype: IString, cursor: &mut Cursor<'_>) -> Parsed<Self> {
        if kind.is("TEXT") {
            return Ok(Self::Text { subtype, lines: read_lines(cursor)? });
        }
        if !is_message(&kind, &subtype) {
            return Ok(Self::Basic(MediaType { kind, subtype }));
        }
        if cursor.is_lenient() && !cursor.rest().starts_with(b" (") {
            // A message that the server did not look into.
            cursor.quirk(Quirk::Fields, ParseErrorKind::Expected('('))?;
            return Ok(Self::Basic(MediaType { kind, subtype }));
        }
        cursor.gap()?;
        let envelope = Box::new(Envelope::read(cursor)?);
        cursor.gap()?;
        let body = Box::new(Body::read(cursor)?);
        let lines = read_lines(cursor)?;
        Ok(Self::Message { global: subtype.is("GLOBAL"), envelope, body, lines })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        let lines = match self {
            Self::Basic(_) => return,
            Self::Text { lines, .. } => lines,
            Self::Message { envelope, body, lines, .. } => {
                writer.put(b" ");
                envelope.write(writer);
                writer.put(b" ");
                body.write(writer);
                lines
            }
        };
        writer.put(b" ");
        writer.number64(*lines);
    }
}

fn read_lines(cursor: &mut Cursor<'_>) -> Parsed<Number64> {
    if cursor.is_lenient() && cursor.peek() == Some(b')') {
        cursor.quirk(Quirk::NoNumber, ParseErrorKind::Expected(' '))?;
        return Ok(Number64::default());
    }
    cursor.gap()?;
    cursor.any_number()
}

fn part_extension(cursor: &mut Cursor<'_>) -> Parsed<Option<(Option<IString>, BodyExtension)>> {
    if cursor.peek() == Some(b')') {
        return Ok(None);
    }
    cursor.gap()?;
    let md5 = cursor.nstring()?;
    Ok(Some((md5, BodyExtension::read(cursor)?)))
}

impl BodyExtension {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let mut all = Self::default();
        if cursor.peek() == Some(b')') {
            return Ok(all);
        }
        cursor.gap()?;
        all.disposition = Disposition::read(cursor)?;
        if cursor.peek() == Some(b')') {
            return Ok(all);
        }
        cursor.gap()?;
        all.language = read_language(cursor)?;
        if cursor.peek() == Some(b')') {
            return Ok(all);
        }
        cursor.gap()?;
        all.location = cursor.nstring()?;
        while cursor.peek() == Some(b' ') {
            cursor.count()?;
            cursor.gap()?;
            all.more.push(cursor.raw()?);
        }
        Ok(all)
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.put(b" ");
        match &self.disposition {
            None => writer.put(b"NIL"),
            Some(disposition) => {
                writer.put(b"(");
                writer.string(&disposition.kind);
                writer.put(b" ");
                disposition.parameters.write(writer);
                writer.put(b")");
            }
        }
        writer.put(b" ");
        match &self.language[..] {
            [] => writer.put(b"NIL"),
            [one] => writer.string(one),
            many => writer.list(many, Writer::string),
        }
        writer.put(b" ");
        writer.nstring(self.location.as_ref());
        for more in &self.more {
            writer.put(b" ");
            writer.put(more.as_bytes());
        }
    }
}

impl Disposition {
    fn read(cursor: &mut Cursor<'_>) -> Parsed<Option<Self>> {
        if !cursor.eat(b'(') {
            if cursor.is_lenient() && cursor.peek() == Some(b'"') {
                // A string without its parentheses.
                cursor.quirk(Quirk::Fields, ParseErrorKind::Expected('('))?;
                return Ok(Some(Self {
                    kind: cursor.string()?,
                    parameters: Parameters::default(),
                }));
            }
            let nil = cursor.eat_atom("NIL");
            return if nil { Ok(None) } else { Err(cursor.error(ParseErrorKind::Expected('('))) };
        }
        if cursor.is_lenient() && cursor.eat(b')') {
            cursor.quirk(Quirk::EmptyList, ParseErrorKind::String)?;
            return Ok(None);
        }
        let kind = cursor.string_or_nil()?;
        if cursor.is_lenient() && cursor.eat(b')') {
            cursor.quirk(Quirk::Fields, ParseErrorKind::Expected(' '))?;
            return Ok(Some(Self { kind, parameters: Parameters::default() }));
        }
        cursor.gap()?;
        let parameters = Parameters::read(cursor)?;
        cursor.expect(b')')?;
        Ok(Some(Self { kind, parameters }))
    }
}

fn read_language(cursor: &mut Cursor<'_>) -> Parsed<Vec<IString>> {
    if cursor.peek() != Some(b'(') {
        return Ok(cursor.nstring()?.into_iter().collect());
    }
    let mut all = Vec::new();
    cursor.list(|cursor| {
        all.push(cursor.string_or_nil()?);
        Ok(())
    })?;
    Ok(all)
}

//! Parts to be written.
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::{FieldName, FieldValue, MediaType, MessageId, Text};

/// A part of a message that is written: by a [`Builder`](crate::Builder), or by an
/// [`Editor`](crate::Editor) in place of one that was there.
///
/// How it is encoded follows from what is in it and from the [`Target`](crate::Target).
///
/// ```
/// use mime::{Builder, DateTime, FieldName, MediaType, PartBuilder};
///
/// let picture = PartBuilder::octets("image/webp".parse()?, &b"RIFF"[..])
///     .attachment("crêpe.webp")
///     .field("Content-Description".parse()?, "A crêpe");
/// let both = PartBuilder::multipart("parallel", vec![PartBuilder::text("Look!"), picture])?;
/// let mut out = bytes::BytesMut::new();
/// Builder::new(DateTime::new(0, 0)?).part(both).write(&mut out);
/// let message = mime::Message::parse(&out);
/// assert_eq!(message.part(&[1, 2]).unwrap().file_name().as_deref(), Some("crêpe.webp"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a part says nothing until it is written"]
pub struct PartBuilder {
    pub(crate) kind: Kind,
    pub(crate) disposition: Option<(&'static str, Option<Text>)>,
    pub(crate) content_id: Option<MessageId>,
    pub(crate) fields: Vec<(FieldName, FieldValue)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Text { subtype: &'static str, text: Bytes },
    Octets { media_type: MediaType, octets: Bytes },
    Message(Bytes),
    Header(Bytes),
    Multipart { subtype: Cow<'static, str>, parts: Vec<PartBuilder> },
}

impl PartBuilder {
    const fn new(kind: Kind) -> Self {
        Self { kind, disposition: None, content_id: None, fields: Vec::new() }
    }

    /// Makes a part of plain text. Its line ends are made CRLF.
    pub fn text(text: impl Into<String>) -> Self {
        let text = Bytes::from(text.into());
        Self::new(Kind::Text { subtype: "plain", text })
    }

    /// Makes a part of HTML. Its line ends are made CRLF.
    pub fn html(text: impl Into<String>) -> Self {
        let text = Bytes::from(text.into());
        Self::new(Kind::Text { subtype: "html", text })
    }

    /// Makes a part of octets, which arrive unchanged.
    pub fn octets(media_type: MediaType, octets: impl Into<Bytes>) -> Self {
        Self::new(Kind::Octets { media_type, octets: octets.into() })
    }

    /// Makes a part of a message (RFC 2046 §5.2.1), which arrives unchanged.
    ///
    /// A `message/rfc822` may not be encoded. What the target does not carry as it is becomes a
    /// `message/global` in base64 (RFC 6532 §3.7).
    pub fn message(octets: impl Into<Bytes>) -> Self {
        Self::new(Kind::Message(octets.into()))
    }

    /// Makes a part of a message's header, `text/rfc822-headers` (RFC 6522 §4), or
    /// `message/global-headers` if it is not ASCII (RFC 6533 §4.3).
    pub fn header(octets: impl Into<Bytes>) -> Self {
        Self::new(Kind::Header(octets.into()))
    }

    /// Makes a part of parts: `mixed`, `alternative`, `digest`, `parallel` or another subtype.
    /// Without parts it has an empty text, since there must be one (RFC 2046
    /// §5.1.1).
    ///
    /// # Errors
    /// The subtype is not a token.
    pub fn multipart(subtype: &str, mut parts: Vec<Self>) -> Result<Self, crate::ParseError> {
        if !(1..=64).contains(&subtype.len()) || !subtype.bytes().all(crate::lex::is_token) {
            return Err(crate::ParseError::new(crate::ParseErrorKind::MediaType, 0));
        }
        if parts.is_empty() {
            parts.push(Self::text(""));
        }
        Ok(Self::new(Kind::Multipart { subtype: Cow::Owned(subtype.into()), parts }))
    }

    /// Makes it a file to be saved, under this name (RFC 2183 §2.2).
    pub fn attachment(mut self, name: impl Into<Text>) -> Self {
        self.disposition = Some(("attachment", Some(name.into())));
        self
    }

    /// Makes it one to be shown where it stands (RFC 2183 §2.1).
    pub fn inline(mut self) -> Self {
        self.disposition = Some(("inline", None));
        self
    }

    /// Identifies it, so that other parts can show it by `cid:` (RFC 2392).
    pub fn content_id(mut self, id: MessageId) -> Self {
        self.content_id = Some(id);
        self
    }

    /// Adds a field, such as `Content-Description` or `Content-Language`.
    pub fn field(mut self, name: FieldName, value: impl Into<FieldValue>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// Returns the octets in it and in parts of it, and whether they are in lines.
    pub(crate) fn contents(&self) -> Vec<(&Bytes, bool)> {
        let (mut open, mut found) = (Vec::from([self]), Vec::new());
        while let Some(part) = open.pop() {
            match &part.kind {
                Kind::Octets { media_type, octets } => found.push((octets, media_type.is_text())),
                Kind::Text { text: octets, .. } | Kind::Message(octets) | Kind::Header(octets) => {
                    found.push((octets, true));
                }
                Kind::Multipart { parts, .. } => open.extend(parts),
            }
        }
        found
    }
}

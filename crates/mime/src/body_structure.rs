//! The structure that IMAP tells of a message (RFC 9051 §7.5.2).
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::lex::Lexer;
use crate::parameter::Parameters;
use crate::unfold::clean;
use crate::{Envelope, Message, Part, PartKind};

/// IMAP's `BODYSTRUCTURE` of a message (RFC 9051 §7.5.2), ready to be written.
///
/// A list of parts, each before those inside it, instead of a tree: strangers choose the depth.
/// [`walk`](Self::walk) says where each begins and ends, which is the order of writing.
///
/// ```
/// use mime::{BodyStep, Message};
///
/// let message = Message::parse(b"Content-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n");
/// let structure = message.body_structure();
/// let [BodyStep::Begin(text), BodyStep::End(_)] = structure.walk().collect::<Vec<_>>()[..] else {
///     panic!()
/// };
/// assert_eq!((text.top(), text.subtype(), text.octets(), text.lines()), ("text", "plain", 7, Some(1)));
/// assert_eq!(text.parameters(), [("charset".to_owned(), "utf-8".to_owned())]);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BodyStructure {
    parts: Vec<BodyPart>,
}

/// One part of a [`BodyStructure`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct BodyPart {
    depth: usize,
    kind: PartKind,
    top: String,
    subtype: String,
    parameters: Vec<(String, String)>,
    id: Option<String>,
    description: Option<String>,
    encoding: String,
    octets: u64,
    lines: Option<u64>,
    envelope: Option<Envelope>,
    md5: Option<String>,
    disposition: Option<(String, Vec<(String, String)>)>,
    language: Vec<String>,
    location: Option<String>,
}

/// Where [`BodyStructure::walk`] stands. Closed: parts begin and end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BodyStep<'s> {
    /// A part begins.
    Begin(&'s BodyPart),
    /// A part ends, and all parts inside it have.
    End(&'s BodyPart),
}

impl BodyStructure {
    /// Returns the parts, each before those inside it.
    #[must_use]
    pub fn parts(&self) -> &[BodyPart] {
        &self.parts
    }

    /// Iterates over the beginnings and ends of all parts, well nested.
    pub fn walk(&self) -> impl Iterator<Item = BodyStep<'_>> {
        let (mut rest, mut open) = (self.parts.as_slice(), Vec::<&BodyPart>::new());
        core::iter::from_fn(move || {
            let next = rest.first();
            let depth = next.map_or(0, |it| it.depth);
            if let Some(last) = open.pop_if(|it| it.depth >= depth) {
                return Some(BodyStep::End(last));
            }
            let (first, tail) = rest.split_first()?;
            rest = tail;
            open.push(first);
            Some(BodyStep::Begin(first))
        })
    }
}

impl BodyPart {
    /// Returns how deep it lies, from 1.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }

    /// Returns which of IMAP's three forms it has: a multipart, a message with envelope, or other.
    #[must_use]
    pub const fn kind(&self) -> PartKind {
        self.kind
    }

    /// Returns the top-level type in lower case.
    #[must_use]
    pub fn top(&self) -> &str {
        &self.top
    }

    /// Returns the subtype in lower case.
    #[must_use]
    pub fn subtype(&self) -> &str {
        &self.subtype
    }

    /// Returns the parameters of the type, as they are spelled: RFC 2231's forms stay.
    #[must_use]
    pub fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    /// Returns its `Content-ID`, as it is spelled.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Returns its `Content-Description`, as it is spelled.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns its transfer encoding in lower case; `7bit` where it says none.
    #[must_use]
    pub fn encoding(&self) -> &str {
        &self.encoding
    }

    /// Returns the octets of its body, still encoded.
    #[must_use]
    pub const fn octets(&self) -> u64 {
        self.octets
    }

    /// Returns the lines of its body, still encoded; only texts and messages have them.
    #[must_use]
    pub const fn lines(&self) -> Option<u64> {
        self.lines
    }

    /// Returns the envelope of the message that it is.
    #[must_use]
    pub const fn envelope(&self) -> Option<&Envelope> {
        self.envelope.as_ref()
    }

    /// Returns its `Content-MD5`, as it is spelled.
    #[must_use]
    pub fn md5(&self) -> Option<&str> {
        self.md5.as_deref()
    }

    /// Returns its disposition in lower case, with the parameters as they are spelled.
    #[must_use]
    pub fn disposition(&self) -> Option<(&str, &[(String, String)])> {
        self.disposition.as_ref().map(|(kind, parameters)| (&**kind, &**parameters))
    }

    /// Returns the tags of its languages.
    #[must_use]
    pub fn language(&self) -> &[String] {
        &self.language
    }

    /// Returns its `Content-Location`.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    fn new(part: &Part<'_, '_>, depth: usize) -> Self {
        let text = |name: &str| {
            part.field(name).map(|it| it.unfolded().into_owned()).filter(|it| !it.is_empty())
        };
        let content_type = part.content_type();
        let (mut top, mut subtype) =
            (content_type.top().to_ascii_lowercase(), content_type.subtype().to_ascii_lowercase());
        let kind = part.kind();
        // What claims to have parts inside and was not read as such has no place in the grammar.
        if kind == PartKind::Leaf && (top == "multipart" || is_message(&top, &subtype)) {
            (top, subtype) = ("application".to_string(), "octet-stream".to_string());
        }
        let disposition = part
            .disposition()
            .filter(|it| !it.kind().is_empty())
            .map(|it| (it.kind().to_ascii_lowercase(), spelled(it.written())));
        let mut read = spelled(content_type.written());
        if part.field("content-type").is_none() && top == "text" {
            // RFC 2045 §5.2: what says nothing is `text/plain; charset=us-ascii`.
            read.push(("charset".to_string(), "us-ascii".to_string()));
        }
        let lined = top == "text" || kind == PartKind::Message;
        Self {
            depth,
            kind,
            parameters: read,
            id: text("content-id"),
            description: text("content-description"),
            encoding: encoding(part),
            octets: part.body_span().len(),
            lines: lined.then(|| lines(part.body())),
            envelope: part.envelope(),
            md5: text("content-md5"),
            disposition,
            language: part.content_language(),
            location: part.content_location(),
            top,
            subtype,
        }
    }

    /// Makes the part that a multipart without parts has: IMAP wants one at least.
    fn empty(depth: usize) -> Self {
        Self {
            depth,
            top: "text".to_string(),
            subtype: "plain".to_string(),
            encoding: "7bit".to_string(),
            lines: Some(0),
            ..Self::default()
        }
    }
}

impl Message<'_> {
    /// Computes IMAP's body structure.
    #[must_use]
    pub fn body_structure(&self) -> BodyStructure {
        let mut parts = Vec::new();
        for part in self.parts() {
            let depth = part.depth();
            parts.push(BodyPart::new(&part, depth));
            if part.kind() == PartKind::Multipart && part.children().next().is_none() {
                parts.push(BodyPart::empty(depth + 1));
            }
        }
        BodyStructure { parts }
    }
}

fn is_message(top: &str, subtype: &str) -> bool {
    top == "message" && (subtype == "rfc822" || subtype == "global")
}

/// The encoding as it is spelled, since clients may know what we do not.
fn encoding(part: &Part<'_, '_>) -> String {
    let Some(field) = part.field("content-transfer-encoding") else { return "7bit".to_string() };
    let mut lexer = Lexer::new(field.value());
    lexer.skip_cfws();
    let word = lexer.take_while(crate::lex::is_token);
    if word.is_empty() { "7bit".to_string() } else { clean(word).to_ascii_lowercase() }
}

fn spelled(parameters: Parameters<'_>) -> Vec<(String, String)> {
    parameters.map(|(attribute, value)| (clean(attribute), clean(&value.to_vec()))).collect()
}

/// Counts lines; one without a line end at its end is one.
fn lines(body: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', body).count();
    u64::try_from(ends).unwrap_or(u64::MAX) + u64::from(!body.is_empty() && !body.ends_with(b"\n"))
}

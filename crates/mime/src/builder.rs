//! Making messages.
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::encode::{self, BASE64_LINE};
use crate::fold::FieldWriter;
use crate::{Address, DateTime, Encoding, MediaType, MessageId, Text};

/// Composes a message.
///
/// Text alone makes a `text/plain` message; text and HTML make a `multipart/alternative`;
/// attachments put what there is into a `multipart/mixed`. All is written for 7-bit transports
/// in lines of 78 octets where they can be cut. Every argument is of a type that cannot break
/// a header, so that writing cannot fail.
///
/// Addresses that are not ASCII are written as they are (RFC 6532): such a message needs transports
/// that offer SMTPUTF8.
///
/// RFC 5322 §3.6 wants `From:` in what is sent; a draft may do without.
///
/// ```
/// use bytes::{Bytes, BytesMut};
/// use mime::{Builder, DateTime, Mailbox, MediaType, Message};
///
/// let mut out = BytesMut::new();
/// Builder::new(DateTime::new(0, 0)?)
///     .message_id("1@crepes.fr".parse()?)
///     .from(Mailbox::new("Alice", "alice@crepes.fr".parse()?))
///     .to(Mailbox::new("Bob", "bob@hamburger.edu".parse()?))
///     .subject("Crêpes")
///     .text("Do you like ketchup?\n")
///     .attach("crêpe.png", MediaType::PNG, Bytes::from_static(b"\x89PNG"))
///     .write(&mut out);
///
/// let message = Message::parse(&out);
/// assert_eq!(message.subject().as_deref(), Some("Crêpes"));
/// assert_eq!(message.part(&[1]).unwrap().text(), "Do you like ketchup?\r\n");
/// assert_eq!(message.part(&[2]).unwrap().file_name().as_deref(), Some("crêpe.png"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder says nothing until it is written"]
pub struct Builder {
    date: DateTime,
    message_id: Option<MessageId>,
    from: Vec<Address>,
    to: Vec<Address>,
    cc: Vec<Address>,
    subject: Option<Text>,
    in_reply_to: Vec<MessageId>,
    references: Vec<MessageId>,
    text: Option<String>,
    html: Option<String>,
    attachments: Vec<Attachment>,
    seed: u64,
}

#[derive(Clone, Debug)]
struct Attachment {
    name: Text,
    media_type: MediaType,
    octets: Bytes,
}

impl Builder {
    /// Starts a message written at this moment: the one field besides `From:` that every message
    /// must have (RFC 5322 §3.6.1).
    pub const fn new(date: DateTime) -> Self {
        Self {
            date,
            message_id: None,
            from: Vec::new(),
            to: Vec::new(),
            cc: Vec::new(),
            subject: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            text: None,
            html: None,
            attachments: Vec::new(),
            seed: 0,
        }
    }

    /// Identifies the message (RFC 5322 §3.6.4). It must be unique in the world: take random
    /// octets and a domain that is yours.
    pub fn message_id(mut self, id: MessageId) -> Self {
        self.message_id = Some(id);
        self
    }

    /// Adds an author.
    pub fn from(mut self, author: impl Into<Address>) -> Self {
        self.from.push(author.into());
        self
    }

    /// Adds a primary recipient.
    pub fn to(mut self, recipient: impl Into<Address>) -> Self {
        self.to.push(recipient.into());
        self
    }

    /// Adds another recipient.
    pub fn cc(mut self, recipient: impl Into<Address>) -> Self {
        self.cc.push(recipient.into());
        self
    }

    /// Says what it is about.
    pub fn subject(mut self, subject: impl Into<Text>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// Adds a message that this one answers (RFC 5322 §3.6.4).
    pub fn in_reply_to(mut self, id: MessageId) -> Self {
        self.in_reply_to.push(id);
        self
    }

    /// Adds a message of the same conversation, the oldest first (RFC 5322 §3.6.4).
    pub fn reference(mut self, id: MessageId) -> Self {
        self.references.push(id);
        self
    }

    /// Sets the plain text. Its line ends are made CRLF.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Sets the HTML text, which says the same as the plain text if both are given. Its line ends
    /// are made CRLF.
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.html = Some(html.into());
        self
    }

    /// Adds a file. Its octets arrive unchanged.
    pub fn attach(mut self, name: impl Into<Text>, media_type: MediaType, octets: Bytes) -> Self {
        self.attachments.push(Attachment { name: name.into(), media_type, octets });
        self
    }

    /// Gives the boundaries a random part. They cannot occur in what is written even without it;
    /// with it they differ from those of the messages that may one day hold this one.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Appends the message to `out`.
    pub fn write(&self, out: &mut BytesMut) {
        self.write_to(&mut |octets| out.extend_from_slice(octets));
    }

    /// Hands the message to `sink`, piece by piece, so that an encoded attachment never lies in
    /// memory whole.
    ///
    /// ```
    /// use mime::{Builder, DateTime};
    ///
    /// let mut octets = 0;
    /// Builder::new(DateTime::new(0, 0)?).text("Hi").write_to(&mut |piece| octets += piece.len());
    /// assert!(octets > 0);
    /// # Ok::<(), mime::Misuse>(())
    /// ```
    pub fn write_to(&self, sink: &mut impl FnMut(&[u8])) {
        let mut header = BytesMut::new();
        self.header(&mut header);
        sink(&header);
        if self.attachments.is_empty() {
            return self.texts(sink);
        }
        let boundary = self.boundary("mixed");
        sink(&multipart("mixed", &boundary));
        if self.text.is_some() || self.html.is_some() {
            sink(&delimiter(&boundary));
            self.texts(sink);
        }
        for attachment in &self.attachments {
            sink(&delimiter(&boundary));
            attachment.write_to(sink);
        }
        sink(&close(&boundary));
    }

    fn header(&self, out: &mut BytesMut) {
        let date = format!("{}", self.date);
        words(out, "Date", core::iter::once(date));
        for (name, addresses) in [("From", &self.from), ("To", &self.to), ("Cc", &self.cc)] {
            if !addresses.is_empty() {
                let mut field = FieldWriter::new(out, name, false);
                field.addresses(addresses);
                field.end();
            }
        }
        let ids = |ids: &[MessageId]| ids.iter().map(|id| format!("{id}")).collect::<Vec<_>>();
        words(out, "Message-ID", ids(self.message_id.as_slice()));
        words(out, "In-Reply-To", ids(&self.in_reply_to));
        words(out, "References", ids(&self.references));
        if let Some(subject) = &self.subject {
            let mut field = FieldWriter::new(out, "Subject", false);
            field.text(subject.as_str());
            field.end();
        }
        words(out, "MIME-Version", core::iter::once(String::from("1.0")));
    }

    /// Writes the text, or both in the order of RFC 2046 §5.1.4: the best form last.
    fn texts(&self, sink: &mut impl FnMut(&[u8])) {
        match (&self.text, &self.html) {
            (Some(text), Some(html)) => {
                let boundary = self.boundary("alternative");
                sink(&multipart("alternative", &boundary));
                for (subtype, text) in [("plain", text), ("html", html)] {
                    sink(&delimiter(&boundary));
                    sink(&text_part(subtype, text));
                }
                sink(&close(&boundary));
            }
            (None, Some(html)) => sink(&text_part("html", html)),
            (text, None) => sink(&text_part("plain", text.as_deref().unwrap_or_default())),
        }
    }

    /// Makes a boundary that begins with `=_`, which neither base64 nor quoted-printable can
    /// have; text that has it at the start of a line is not sent as it is (RFC 2045 §6.7 note).
    fn boundary(&self, level: &str) -> String {
        format!("=_{:016x}_{level}", self.seed)
    }
}

impl Attachment {
    fn write_to(&self, sink: &mut impl FnMut(&[u8])) {
        let mut out = BytesMut::new();
        words(&mut out, "Content-Type", core::iter::once(String::from(self.media_type.as_str())));
        encoding_field(&mut out, Encoding::Base64);
        let mut field = FieldWriter::new(&mut out, "Content-Disposition", false);
        field.word(b"attachment");
        field.parameter("filename", self.name.as_str());
        field.end();
        out.extend_from_slice(b"\r\n");
        sink(&out);
        let mut lines = BytesMut::new();
        for piece in self.octets.chunks(BASE64_LINE * PIECE) {
            lines.clear();
            encode::base64_lines(piece, &mut lines);
            sink(&lines);
        }
    }
}

/// Lines of base64 in a piece: about 80 kB, large enough to cost nothing by their number.
const PIECE: usize = 1024;

/// Writes a field of words that may be folded between; none without words.
fn words(out: &mut BytesMut, name: &str, words: impl IntoIterator<Item = String>) {
    let mut words = words.into_iter().peekable();
    if words.peek().is_some() {
        let mut field = FieldWriter::new(out, name, false);
        words.for_each(|word| field.word(word.as_bytes()));
        field.end();
    }
}

fn encoding_field(out: &mut BytesMut, encoding: Encoding) {
    words(out, "Content-Transfer-Encoding", core::iter::once(String::from(encoding.name())));
}

/// Makes a text part, header and body.
fn text_part(subtype: &str, text: &str) -> Vec<u8> {
    let text = encode::canonical(text);
    let encoding = encode::choose(&text);
    let mut out = BytesMut::new();
    let mut field = FieldWriter::new(&mut out, "Content-Type", false);
    field.word(format!("text/{subtype}").as_bytes());
    field.parameter("charset", "utf-8");
    field.end();
    encoding_field(&mut out, encoding);
    out.extend_from_slice(b"\r\n");
    match encoding {
        Encoding::Base64 => encode::base64_lines(&text, &mut out),
        Encoding::QuotedPrintable => encode::quoted_printable(&text, &mut out),
        _ => out.extend_from_slice(&text),
    }
    out.to_vec()
}

fn multipart(subtype: &str, boundary: &str) -> Vec<u8> {
    let kind = format!("Content-Type: multipart/{subtype};\r\n boundary=\"{boundary}\"\r\n\r\n");
    kind.into_bytes()
}

fn delimiter(boundary: &str) -> Vec<u8> {
    format!("\r\n--{boundary}\r\n").into_bytes()
}

fn close(boundary: &str) -> Vec<u8> {
    format!("\r\n--{boundary}--\r\n").into_bytes()
}

//! Making messages.
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use crate::builder_part::PartBuilder;
use crate::builder_pieces::Pieces;
use crate::builder_write::Writer;
use crate::report::Report;
use crate::{
    AddrSpec, Address, DateTime, FieldName, FieldValue, MediaType, MessageId, ParseError, Target,
    Text,
};

/// Composes a message.
///
/// Text alone makes a `text/plain` message; text and HTML make a `multipart/alternative`; inline
/// pictures join the HTML in a `multipart/related`; attachments put what there is into a
/// `multipart/mixed`. Without a [`target`](Self::target) all is written for 7-bit transports. How
/// each body is encoded follows from what is in it. Every argument is of a type that cannot break
/// a header, so that writing cannot fail.
///
/// Addresses that are not ASCII have no other form (RFC 6532): such a message
/// [needs](Self::needs_smtputf8) transports that offer SMTPUTF8.
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
pub struct Builder(Box<Letter>);

/// What a [`Builder`] was given; apart, so that its methods have little to move.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) date: DateTime,
    pub(crate) message_id: Option<MessageId>,
    pub(crate) addresses: Vec<(Role, Address)>,
    pub(crate) subject: Option<Text>,
    pub(crate) in_reply_to: Vec<MessageId>,
    pub(crate) references: Vec<MessageId>,
    pub(crate) fields: Vec<(FieldName, FieldValue)>,
    pub(crate) body: Body,
    pub(crate) target: Target,
    pub(crate) draft: bool,
    pub(crate) seed: u64,
}

/// What an address has to do with a message: the field in which it stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    From,
    Sender,
    ReplyTo,
    To,
    Cc,
    Bcc,
}

impl Role {
    /// In the order in which they are written.
    pub(crate) const ALL: [Self; 6] =
        [Self::From, Self::Sender, Self::ReplyTo, Self::To, Self::Cc, Self::Bcc];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::From => "From",
            Self::Sender => "Sender",
            Self::ReplyTo => "Reply-To",
            Self::To => "To",
            Self::Cc => "Cc",
            Self::Bcc => "Bcc",
        }
    }
}

/// What a message is made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct Body {
    pub(crate) text: Option<Bytes>,
    pub(crate) flowed: bool,
    pub(crate) html: Option<Bytes>,
    pub(crate) inline: Vec<PartBuilder>,
    pub(crate) report: Option<Report>,
    pub(crate) returned: Option<PartBuilder>,
    pub(crate) attachments: Vec<PartBuilder>,
}

impl Builder {
    /// Starts a message written at this moment: the one field besides `From:` that every message
    /// must have (RFC 5322 §3.6.1).
    #[inline]
    pub fn new(date: DateTime) -> Self {
        Self(Box::new(Letter {
            date,
            message_id: None,
            addresses: Vec::new(),
            subject: None,
            in_reply_to: Vec::new(),
            references: Vec::new(),
            fields: Vec::new(),
            body: Body::default(),
            target: Target::SEVEN_BIT,
            draft: false,
            seed: 0,
        }))
    }

    /// Identifies the message (RFC 5322 §3.6.4). It must be unique in the world:
    /// [`unique`](Self::unique) makes one of random octets.
    #[inline]
    pub fn message_id(mut self, id: MessageId) -> Self {
        self.0.message_id = Some(id);
        self
    }

    /// Identifies the message by a random number and a domain that is yours, and
    /// [seeds](Self::seed) the boundaries with it. Nothing of the host is told.
    ///
    /// ```
    /// use mime::{Builder, DateTime};
    ///
    /// let random = 0x3fa8_5f64_5717_4562_b3fc_2c96_3f66_afa6;
    /// let mut out = bytes::BytesMut::new();
    /// Builder::new(DateTime::new(0, 0)?).unique(random, "crepes.fr")?.write(&mut out);
    /// let message = mime::Message::parse(&out);
    /// assert_eq!(
    ///     message.message_id().unwrap().as_str(),
    ///     "3fa85f6457174562b3fc2c963f66afa6@crepes.fr",
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The domain is none.
    #[inline]
    pub fn unique(self, random: u128, domain: &str) -> Result<Self, ParseError> {
        let id = AddrSpec::new(&alloc::format!("{random:032x}"), domain)?;
        let low = u64::try_from(random & u128::from(u64::MAX)).unwrap_or_default();
        Ok(self.message_id(alloc::format!("{id}").parse()?).seed(low))
    }

    /// Adds an author.
    #[inline]
    pub fn from(self, author: impl Into<Address>) -> Self {
        self.address(Role::From, author.into())
    }

    /// Says who sends it for the author, or which of the authors does: it must be said if there
    /// are more than one (RFC 5322 §3.6.2).
    #[inline]
    pub fn sender(mut self, sender: impl Into<crate::Mailbox>) -> Self {
        self.0.addresses.retain(|(role, _)| *role != Role::Sender);
        self.address(Role::Sender, Address::Mailbox(sender.into()))
    }

    /// Adds an address that answers shall go to in place of the author's (RFC 5322 §3.6.2).
    #[inline]
    pub fn reply_to(self, address: impl Into<Address>) -> Self {
        self.address(Role::ReplyTo, address.into())
    }

    /// Adds a primary recipient.
    #[inline]
    pub fn to(self, recipient: impl Into<Address>) -> Self {
        self.address(Role::To, recipient.into())
    }

    /// Adds another recipient.
    #[inline]
    pub fn cc(self, recipient: impl Into<Address>) -> Self {
        self.address(Role::Cc, recipient.into())
    }

    /// Adds a recipient of whom the others do not know. The field is not written, but for a
    /// [`draft`](Self::draft): the recipient gets the message by the envelope alone, for which
    /// there is [`recipients`](Self::recipients) (RFC 5322 §3.6.3, the first way).
    #[inline]
    pub fn bcc(self, recipient: impl Into<Address>) -> Self {
        self.address(Role::Bcc, recipient.into())
    }

    /// Keeps `Bcc:` in what is written, for a message that is not sent yet.
    pub fn draft(mut self) -> Self {
        self.0.draft = true;
        self
    }

    #[inline]
    fn address(mut self, role: Role, address: Address) -> Self {
        self.0.addresses.push((role, address));
        self
    }

    /// Says what it is about.
    #[inline]
    pub fn subject(mut self, subject: impl Into<Text>) -> Self {
        self.0.subject = Some(subject.into());
        self
    }

    /// Adds a message that this one answers (RFC 5322 §3.6.4).
    #[inline]
    pub fn in_reply_to(mut self, id: MessageId) -> Self {
        self.0.in_reply_to.push(id);
        self
    }

    /// Adds a message of the same conversation, the oldest first (RFC 5322 §3.6.4).
    #[inline]
    pub fn reference(mut self, id: MessageId) -> Self {
        self.0.references.push(id);
        self
    }

    /// Adds a field of another name, or one more of a name that has its own method. They stand in
    /// the order in which they are added.
    ///
    /// ```
    /// use mime::{Builder, DateTime, FieldName};
    ///
    /// let mut out = bytes::BytesMut::new();
    /// Builder::new(DateTime::new(0, 0)?)
    ///     .field(FieldName::AUTO_SUBMITTED, "auto-replied")
    ///     .field("X-Mood".parse()?, "très bien")
    ///     .write(&mut out);
    /// let message = mime::Message::parse(&out);
    /// assert_eq!(message.field("x-mood").unwrap().text(), "très bien");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn field(mut self, name: FieldName, value: impl Into<FieldValue>) -> Self {
        self.0.fields.push((name, value.into()));
        self
    }

    /// Sets the plain text. Its line ends are made CRLF.
    #[inline]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.0.body.text = Some(Bytes::from(text.into()));
        self
    }

    /// Writes the plain text so that readers may wrap it to their width (RFC 3676
    /// `format=flowed`): each of its lines is a paragraph, and lines that begin with `>` are
    /// quoted. Blanks at line ends are lost.
    ///
    /// ```
    /// use mime::{Builder, DateTime};
    ///
    /// let mut out = bytes::BytesMut::new();
    /// Builder::new(DateTime::new(0, 0)?).text("word ".repeat(20)).flowed().write(&mut out);
    /// let message = mime::Message::parse(&out);
    /// assert_eq!(message.root().content_type().parameter("format").as_deref(), Some("flowed"));
    /// assert!(message.root().text().lines().all(|line| line.len() <= 72));
    /// # Ok::<(), mime::Misuse>(())
    /// ```
    pub fn flowed(mut self) -> Self {
        self.0.body.flowed = true;
        self
    }

    /// Sets the HTML text, which says the same as the plain text if both are given. Its line ends
    /// are made CRLF.
    #[inline]
    pub fn html(mut self, html: impl Into<String>) -> Self {
        self.0.body.html = Some(Bytes::from(html.into()));
        self
    }

    /// Adds a picture that the HTML shows by `<img src="cid:…">` (RFC 2392): its identifier is
    /// what stands after `cid:`. Without HTML it is one of the attachments.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use mime::{Builder, DateTime, MediaType};
    ///
    /// let mut out = bytes::BytesMut::new();
    /// Builder::new(DateTime::new(0, 0)?)
    ///     .html("<img src=\"cid:crepe@crepes.fr\">")
    ///     .inline("crepe@crepes.fr".parse()?, MediaType::PNG, Bytes::from_static(b"\x89PNG"))
    ///     .write(&mut out);
    /// let message = mime::Message::parse(&out);
    /// assert_eq!(message.root().content_type().subtype(), "related");
    /// assert_eq!(message.part(&[2]).unwrap().field("content-id").unwrap().text(), "<crepe@crepes.fr>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn inline(
        mut self,
        id: MessageId,
        media_type: MediaType,
        octets: impl Into<Bytes>,
    ) -> Self {
        self.0.body.inline.push(PartBuilder::octets(media_type, octets).content_id(id).inline());
        self
    }

    /// Adds a file. Its octets arrive unchanged.
    #[inline]
    pub fn attach(
        self,
        name: impl Into<Text>,
        media_type: MediaType,
        octets: impl Into<Bytes>,
    ) -> Self {
        self.part(PartBuilder::octets(media_type, octets).attachment(name))
    }

    /// Adds a message as an attachment (RFC 2046 §5.2.1), as when it is forwarded whole.
    ///
    /// ```
    /// use mime::{Builder, DateTime, Message};
    ///
    /// let mut out = bytes::BytesMut::new();
    /// Builder::new(DateTime::new(0, 0)?).text("See below").forward("Subject: Hi\r\n\r\nHello").write(&mut out);
    /// let message = Message::parse(&out);
    /// assert_eq!(message.part(&[2]).unwrap().children().next().unwrap().body(), b"Hello");
    /// # Ok::<(), mime::Misuse>(())
    /// ```
    #[inline]
    pub fn forward(self, message: impl Into<Bytes>) -> Self {
        self.part(PartBuilder::message(message))
    }

    /// Adds a part of any kind, after the texts and the attachments that are there.
    #[inline]
    pub fn part(mut self, part: PartBuilder) -> Self {
        self.0.body.attachments.push(part);
        self
    }

    /// Makes it a report (RFC 6522): the text tells people, the report tells programs.
    ///
    /// ```
    /// use mime::report::{DeliveryAction, DeliveryStatus, RecipientStatus, StatusCode, Typed};
    /// use mime::{Builder, DateTime, FieldName};
    ///
    /// let bob = Typed::address(&"bob@hamburger.edu".parse()?)?;
    /// let failed = RecipientStatus::new(bob, DeliveryAction::Failed, StatusCode::PERMANENT);
    /// let mut out = bytes::BytesMut::new();
    /// Builder::new(DateTime::new(0, 0)?)
    ///     .text("Bob is not here.")
    ///     .report(DeliveryStatus::new(Typed::dns("crepes.fr")?).recipient(failed))
    ///     .returned_header("Subject: Hi\r\n")
    ///     .field(FieldName::AUTO_SUBMITTED, "auto-replied")
    ///     .write(&mut out);
    /// let message = mime::Message::parse(&out);
    /// let kind = message.root().content_type();
    /// assert!(kind.is("multipart", "report"));
    /// assert_eq!(kind.parameter("report-type").as_deref(), Some("delivery-status"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn report(mut self, report: impl Into<Report>) -> Self {
        self.0.body.report = Some(report.into());
        self
    }

    /// Adds the message that the report is about, whole.
    #[inline]
    pub fn returned_message(mut self, message: impl Into<Bytes>) -> Self {
        self.0.body.returned = Some(PartBuilder::message(message));
        self
    }

    /// Adds the header of the message that the report is about (RFC 6522 §4).
    #[inline]
    pub fn returned_header(mut self, header: impl Into<Bytes>) -> Self {
        self.0.body.returned = Some(PartBuilder::header(header));
        self
    }

    /// Says what the transports on its way carry; [`Target::SEVEN_BIT`] if nothing is said.
    #[inline]
    pub fn target(mut self, target: Target) -> Self {
        self.0.target = target;
        self
    }

    /// Gives the boundaries a random part. They cannot occur in what is written even without it;
    /// with it they differ from those of the messages that may one day hold this one.
    #[inline]
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = seed;
        self
    }

    /// Iterates over the addresses that the message must be sent to: those of `To`, `Cc` and
    /// `Bcc`.
    pub fn recipients(&self) -> impl Iterator<Item = &AddrSpec> {
        [Role::To, Role::Cc, Role::Bcc].into_iter().flat_map(move |role| {
            let these = self.0.addresses.iter().filter(move |(it, _)| *it == role);
            these.flat_map(|(_, address)| specs(address))
        })
    }

    /// Tells whether its header has what has no form in ASCII, such as an address with other
    /// letters: it must not go to a server that does not offer SMTPUTF8 (RFC 6531 §3.6).
    #[must_use]
    pub fn needs_smtputf8(&self) -> bool {
        let mut out = BytesMut::new();
        Writer::new(&mut out, Target::SEVEN_BIT, self.0.seed, None).header(&self.0);
        !out.is_ascii()
    }

    /// Appends the message to `out`.
    pub fn write(&self, out: &mut BytesMut) {
        Writer::new(out, self.0.target, self.0.seed, None).message(&self.0);
    }

    /// Returns the message piece by piece, so that an encoded attachment never lies in memory
    /// whole. What is attached stays where it is until then: of a mapped file, which
    /// `Bytes::from_owner` takes, no octet does.
    ///
    /// ```
    /// use mime::{Builder, DateTime, MediaType};
    ///
    /// let picture = vec![0; 1_000_000];
    /// let builder = Builder::new(DateTime::new(0, 0)?).attach("zero", MediaType::PNG, picture);
    /// let longest = builder.pieces().map(|piece| piece.len()).max();
    /// assert!(longest < Some(100_000));
    /// # Ok::<(), mime::Misuse>(())
    /// ```
    pub fn pieces(&self) -> Pieces {
        let (mut out, mut later) = (BytesMut::new(), Vec::new());
        Writer::new(&mut out, self.0.target, self.0.seed, Some(&mut later)).message(&self.0);
        Pieces::new(out.freeze(), later)
    }
}

/// Returns the addresses of an entry.
fn specs(address: &Address) -> impl Iterator<Item = &AddrSpec> {
    let mailboxes = match address {
        Address::Mailbox(mailbox) => core::slice::from_ref(mailbox),
        Address::Group(group) => group.members(),
        Address::Unreadable(_) => &[],
    };
    mailboxes.iter().map(crate::Mailbox::address)
}

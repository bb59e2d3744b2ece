//! Envelopes.
use alloc::vec::Vec;

use crate::{Attributes, Extensions, ForwardPath, Parameters, ReversePath};

/// Who a message is from and whom it is for, and what the server must know of it beforehand.
///
/// ```
/// use smtp_proto::{ForwardPath, Notify, Parameters, Return, ReversePath, client::Envelope};
///
/// let from = ReversePath::Mailbox("alice@crepes.fr".parse()?);
/// let to = ForwardPath::Mailbox("bob@hamburger.edu".parse()?);
/// let mut envelope = Envelope::new(from, vec![to]);
/// envelope.examine(b"Subject: Toppings\r\n\r\nKetchup?\r\n");
/// assert_eq!(envelope.size, Some(31));
/// envelope.parameters = Parameters::default().with_returned(Return::Headers);
/// envelope.recipients[0].parameters = Parameters::default().with_notify(Notify::SUCCESS);
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Envelope {
    /// Where to tell of failure.
    pub from: ReversePath,
    /// Whom it is for; the result has them in this order.
    pub recipients: Vec<Recipient>,
    /// How many octets the message has, if that is known: a server that takes less is not
    /// bothered.
    pub size: Option<u64>,
    /// Whether the message has octets beyond ASCII, so that the server must offer 8BITMIME.
    pub eight_bit: bool,
    /// Whether the message's header has them, so that the server must offer SMTPUTF8. That the
    /// addresses have them need not be said.
    pub utf8_header: bool,
    /// Whether the message is not made of lines, so that the server must offer BINARYMIME and
    /// CHUNKING.
    pub binary: bool,
    /// What else is said of the message: notifications, times, urgency. Each is sent only to a
    /// server that offers it. SIZE, BODY and SMTPUTF8 follow from the other fields.
    pub parameters: Parameters,
    /// Extensions without which the message is not to be sent. REQUIRETLS, a hold, BINARYMIME
    /// and a delivery by a time or not at all need not be said: their RFCs want it so.
    pub required: Extensions,
    /// From whom the message came, for a server that is told by XFORWARD.
    pub forwarded: Attributes,
}

/// One whom a message is for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Recipient {
    /// Who it is.
    pub to: ForwardPath,
    /// What else is said of the recipient; each is sent only to a server that offers it.
    pub parameters: Parameters,
}

impl From<ForwardPath> for Recipient {
    fn from(to: ForwardPath) -> Self {
        Self { to, parameters: Parameters::default() }
    }
}

impl Envelope {
    /// Makes an envelope for a message of which nothing else is known.
    #[must_use]
    pub fn new(from: ReversePath, recipients: Vec<ForwardPath>) -> Self {
        Self {
            from,
            recipients: recipients.into_iter().map(Recipient::from).collect(),
            size: None,
            eight_bit: false,
            utf8_header: false,
            binary: false,
            parameters: Parameters::default(),
            required: Extensions::NONE,
            forwarded: Attributes::default(),
        }
    }

    /// Notes what a message, of which all is at hand, needs: once, for however many servers.
    pub fn examine(&mut self, message: &[u8]) {
        self.size = Some(message.len() as u64);
        self.eight_bit = !message.is_ascii();
        let end = memchr::memmem::find(message, b"\r\n\r\n").unwrap_or(message.len());
        self.utf8_header = !message.get(..end).unwrap_or_default().is_ascii();
    }
}

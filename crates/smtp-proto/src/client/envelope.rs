//! Envelopes.
use alloc::vec::Vec;

use crate::{ForwardPath, ReversePath};

/// Who a message is from and whom it is for, and what the server must know of it beforehand.
///
/// ```
/// use smtp_proto::{ForwardPath, ReversePath, client::Envelope};
///
/// let from = ReversePath::Mailbox("alice@crepes.fr".parse()?);
/// let to = ForwardPath::Mailbox("bob@hamburger.edu".parse()?);
/// let mut envelope = Envelope::new(from, vec![to]);
/// envelope.size = Some(120);
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Envelope {
    /// Where to tell of failure.
    pub from: ReversePath,
    /// Whom it is for; the result has them in this order.
    pub recipients: Vec<ForwardPath>,
    /// How many octets the message has, if that is known: a server that takes less is not
    /// bothered.
    pub size: Option<u64>,
    /// Whether the message has octets beyond ASCII, so that the server must offer 8BITMIME.
    pub eight_bit: bool,
    /// Whether the message's header has them, so that the server must offer SMTPUTF8. That the
    /// addresses have them need not be said.
    pub utf8_header: bool,
}

impl Envelope {
    /// Makes an envelope for a message of which nothing else is known.
    #[must_use]
    pub fn new(from: ReversePath, recipients: Vec<ForwardPath>) -> Self {
        Self { from, recipients, size: None, eight_bit: false, utf8_header: false }
    }
}

//! A message as it comes into the queue.
use alloc::vec::Vec;

use smtp_proto::{Mailbox, Parameters, ReversePath};

/// From whom a message is and to whom, as MAIL and RCPT said it.
///
/// Of the parameters the queue obeys `NOTIFY`, `ORCPT`, `RET` and `ENVID` (RFC 3461), `BY`
/// (RFC 2852), `HOLDFOR` and `HOLDUNTIL` (RFC 4865), `MT-PRIORITY` (RFC 6710) and `REQUIRETLS`
/// (RFC 8689), and hands all on. `SIZE`, `BODY` and `SMTPUTF8` should say what the message truly
/// is.
///
/// ```
/// use delivery::Submission;
/// use smtp_proto::{Notify, Parameters, ReversePath};
///
/// let alice = ReversePath::Mailbox("alice@crepes.fr".parse()?);
/// let mut submission = Submission::new(alice, ["bob@hamburger.edu".parse()?]);
/// submission.recipients[0].parameters = Parameters::default().with_notify(Notify::SUCCESS);
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Submission {
    /// Where to tell of failure.
    pub from: ReversePath,
    /// What else is said of the message.
    pub parameters: Parameters,
    /// Whom it is for.
    pub recipients: Vec<Recipient>,
}

/// One whom a message is for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Recipient {
    /// Who it is.
    pub to: Mailbox,
    /// What else is said of the recipient.
    pub parameters: Parameters,
    /// Whether it is a list or an alias that was replaced by others of these recipients: nothing
    /// is sent to it, but its `NOTIFY=SUCCESS` is answered (RFC 3461 §5.2.7).
    pub expanded: bool,
}

impl Submission {
    /// Makes one of which nothing else is said.
    #[must_use]
    pub fn new(from: ReversePath, recipients: impl IntoIterator<Item = Mailbox>) -> Self {
        let recipients = recipients.into_iter().map(Recipient::from).collect();
        Self { from, parameters: Parameters::default(), recipients }
    }
}

impl From<Mailbox> for Recipient {
    fn from(to: Mailbox) -> Self {
        Self { to, parameters: Parameters::default(), expanded: false }
    }
}

//! What can be asked of a server, by what it offers.
use alloc::collections::BTreeSet;
use alloc::string::String;
use alloc::vec::Vec;

use super::{Envelope, Reason, Recipient};
use crate::extension::Of;
use crate::{
    Body, Capabilities, Extension, Extensions, ForwardPath, Late, Parameters, Unsupported,
};

/// A server, as a transaction sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server<'a> {
    pub(super) capabilities: &'a Capabilities,
    pub(super) secured: bool,
    /// How many transactions there have been.
    pub(super) transactions: u32,
    /// In which domains recipients have been, if the server counts them.
    pub(super) domains: &'a BTreeSet<Domain>,
}

/// The domain of a recipient in small letters; of Postmaster, none.
pub(super) type Domain = Option<String>;

pub(super) fn domain(of: &ForwardPath) -> Domain {
    of.mailbox().map(|mailbox| mailbox.domain().to_ascii_lowercase())
}

impl Server<'_> {
    /// Whether something can be used here.
    pub(super) const fn offers(&self, extension: Extension) -> bool {
        self.usable().contains(extension)
    }

    /// RFC 8689 §2: REQUIRETLS means nothing without TLS.
    const fn usable(&self) -> Extensions {
        let all = self.capabilities.extensions;
        if self.secured { all } else { all.without(Extension::RequireTls) }
    }

    /// Why this server cannot take the message at all.
    pub(super) fn refuses(&self, envelope: &Envelope) -> Option<Reason> {
        let limits = self.capabilities.limits;
        if let Some(limit) = limits.transactions.filter(|limit| self.transactions >= *limit) {
            return Some(Reason::SessionFull { limit });
        }
        if let Some(limit) = limits.domains
            && envelope.recipients.iter().all(|it| self.is_beyond(limit, &domain(&it.to)))
        {
            return Some(Reason::DomainsFull { limit });
        }
        // RFC 1870 §6.2.
        if let (Some(size), Some(limit)) = (envelope.size, self.capabilities.size)
            && size > limit
        {
            return Some(Reason::TooLarge { limit });
        }
        let missing = needs(envelope).iter().find(|extension| !self.offers(*extension));
        missing.map(Reason::NotOffered).or_else(|| self.refuses_times(envelope))
    }

    fn refuses_times(&self, envelope: &Envelope) -> Option<Reason> {
        let limits = self.capabilities.hold.as_ref();
        if let (Some(hold), Some(limits)) = (envelope.parameters.hold(), limits)
            && !limits.allow(&hold)
        {
            return Some(Reason::HeldTooLong);
        }
        let least = self.capabilities.deliver_by?;
        let by = envelope.parameters.deliver_by()?;
        let too_soon = by.late() == Late::Return && by.seconds().unsigned_abs() < least;
        too_soon.then_some(Reason::TooSoon { least })
    }

    /// Why this server cannot take the message for one recipient.
    pub(super) fn refuses_recipient(&self, recipient: &Recipient) -> Option<Reason> {
        let returned = |valid: crate::ValidSince| valid.unsupported == Unsupported::Return;
        match recipient {
            _ if !recipient.to.is_ascii() && !self.offers(Extension::SmtpUtf8) => {
                Some(Reason::NotOffered(Extension::SmtpUtf8))
            }
            // RFC 7293 §5: better returned than read by somebody else.
            _ if recipient.parameters.valid_since().is_some_and(returned)
                && !self.offers(Extension::Rrvs) =>
            {
                Some(Reason::NotOffered(Extension::Rrvs))
            }
            _ => None,
        }
    }

    /// What is said of the message.
    pub(super) fn mail_parameters(&self, envelope: &Envelope) -> Parameters {
        let utf8 = envelope.utf8_header
            || !envelope.from.is_ascii()
            || envelope.recipients.iter().any(|it| !it.to.is_ascii());
        let mut parameters = envelope.parameters.only(self.usable(), Of::Mail);
        if let Some(size) = envelope.size
            && self.offers(Extension::Size)
        {
            parameters = parameters.with_size(size);
        }
        if envelope.binary {
            parameters = parameters.with_body(Body::Binary);
        } else if envelope.eight_bit || envelope.utf8_header {
            parameters = parameters.with_body(Body::EightBitMime);
        }
        let utf8 = utf8 && self.offers(Extension::SmtpUtf8);
        if utf8 { parameters.with_smtputf8() } else { parameters }
    }

    /// What is said of a recipient.
    pub(super) fn rcpt_parameters(&self, recipient: &Recipient) -> Parameters {
        recipient.parameters.only(self.usable(), Of::Rcpt)
    }

    /// Takes out the recipients beyond what the server takes at once (RFC 9422 §4): they may
    /// come in another transaction, or in another session. None if that would be all of them.
    pub(super) fn split(&self, envelope: &mut Envelope) -> Option<Envelope> {
        let limits = self.capabilities.limits;
        let most = limits.recipients.and_then(|most| usize::try_from(most).ok());
        let most = most.unwrap_or(usize::MAX);
        let (mut domains, mut now, mut later) = (self.domains.clone(), Vec::new(), Vec::new());
        for recipient in core::mem::take(&mut envelope.recipients) {
            let domain = domain(&recipient.to);
            let server = Server { domains: &domains, ..*self };
            if now.len() >= most || limits.domains.is_some_and(|it| server.is_beyond(it, &domain)) {
                later.push(recipient);
                continue;
            }
            domains.insert(domain);
            now.push(recipient);
        }
        if now.is_empty() {
            core::mem::swap(&mut now, &mut later);
        }
        envelope.recipients = now;
        (!later.is_empty()).then(|| Envelope { recipients: later, ..envelope.clone() })
    }

    /// Whether a domain is one too many for the session: RFC 9422 §4.3.
    fn is_beyond(&self, limit: u32, domain: &Domain) -> bool {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        self.domains.len() >= limit && !self.domains.contains(domain)
    }
}

/// What a message cannot do without.
fn needs(envelope: &Envelope) -> Extensions {
    let said = envelope.parameters.needs(Of::Mail);
    let by_time = |by: crate::DeliverBy| by.late() == Late::Return;
    let mut needed = envelope
        .required
        .with_if(Extension::RequireTls, said.contains(Extension::RequireTls))
        .with_if(Extension::FutureRelease, said.contains(Extension::FutureRelease))
        .with_if(Extension::DeliverBy, envelope.parameters.deliver_by().is_some_and(by_time))
        .with_if(Extension::SmtpUtf8, envelope.utf8_header || !envelope.from.is_ascii())
        .with_if(Extension::EightBitMime, envelope.eight_bit && !envelope.binary);
    if envelope.binary {
        needed = needed.with(Extension::BinaryMime).with(Extension::Chunking);
    }
    needed
}

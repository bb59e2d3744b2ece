//! What a client is, and what a server may cost it.
use core::time::Duration;

use proto_core::dot::BarePolicy;
use sasl::client::{Identity, Policy};

use crate::{Attributes, Host};

/// What a client is and wants.
///
/// ```
/// use sasl::{Credentials, client::Identity};
/// use smtp_proto::client::{Config, Tls};
///
/// let mut config = Config::new("crepes.fr".parse()?);
/// config.tls = Tls::Required;
/// config.identity = Some(Identity::Password(Credentials::new("alice", "secret".into())?));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What the client calls itself: a name that leads back to it, or an address literal.
    pub host: Host,
    /// Whether the server speaks LMTP (RFC 2033): LHLO, and a verdict for each recipient.
    pub lmtp: bool,
    /// For whom to speak, by XCLIENT: to a server that trusts us so far.
    pub xclient: Option<Attributes>,
    /// Whether an envelope goes in one flight where PIPELINING (RFC 2920) is offered. On by default;
    /// off, the server is as if it did not offer it.
    pub pipelining: bool,
    /// Whether messages go in chunks (RFC 3030) where that is offered: nothing is stuffed, and
    /// with PIPELINING the first chunk goes out with the envelope. On by default.
    pub chunking: bool,
    /// Whether to ask for TLS where it is not there from the beginning.
    pub tls: Tls,
    /// Who to be. Nobody by default, as between mail servers.
    pub identity: Option<Identity>,
    /// Whether a password or a token may be sent over a transport that is not encrypted. Off by
    /// default. SCRAM, which proves the password and does not send it, is used without this too.
    pub plaintext_passwords: bool,
    /// What authentication may cost, and whether it is bound to the encrypted channel.
    pub sasl: Policy,
    /// What becomes of bare CR, bare LF and NUL in messages. By default such a message is not
    /// sent. Normalise files whose lines end in LF.
    pub bare: BarePolicy,
    /// What a server may cost.
    pub limits: Limits,
}

/// Whether to use STARTTLS (RFC 3207).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tls {
    /// Not at all.
    Off,
    /// If it is offered. Whoever sits on the wire can take the offer away; between mail servers
    /// that is better than nothing.
    #[default]
    Opportunistic,
    /// Or the session ends.
    Required,
}

impl Config {
    /// Makes the configuration of a mail server that sends: opportunistic TLS, no identity.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self {
            host,
            lmtp: false,
            xclient: None,
            pipelining: true,
            chunking: true,
            tls: Tls::default(),
            identity: None,
            plaintext_passwords: false,
            sasl: Policy::default(),
            bare: BarePolicy::Reject,
            limits: Limits::default(),
        }
    }
}

/// What a server may cost a client. The times are those of RFC 5321 §4.5.3.2.
///
/// ```
/// use std::time::Duration;
/// use smtp_proto::client::Limits;
///
/// let mut impatient = Limits::default();
/// impatient.greeting_timeout = Duration::from_secs(30);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest line of a reply, in octets with its ending. 4096: RFC 5321 §4.5.3.1.5 says
    /// 512, and servers with much to say do not count. A longer line ends the session.
    pub reply_line: usize,
    /// How many lines a reply may have. 128: answers to EHLO have twenty.
    pub reply_lines: usize,
    /// How many octets may wait to be written before no more of a transaction or of its message
    /// is made. 64 KiB, about a socket's own buffer.
    pub output: usize,
    /// How large a chunk is made, in octets; it is held until it is full. 64 KiB: fewer replies
    /// would not be noticed, and more is held by every session.
    pub chunk: usize,
    /// How long the greeting may take. 5 minutes.
    pub greeting_timeout: Duration,
    /// How long the reply to MAIL, and to all not named here, may take. 5 minutes.
    pub command_timeout: Duration,
    /// How long the reply to RCPT may take. 5 minutes.
    pub rcpt_timeout: Duration,
    /// How long the reply to DATA may take. 2 minutes.
    pub data_timeout: Duration,
    /// How long the server may take to accept a piece of the message. 3 minutes.
    pub block_timeout: Duration,
    /// How long the reply to the last dot may take. 10 minutes: one that comes too late makes
    /// two messages of one (RFC 1047).
    pub end_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_secs(60);
        Self {
            reply_line: 4096,
            reply_lines: 128,
            output: 64 * 1024,
            chunk: 64 * 1024,
            greeting_timeout: MINUTE.saturating_mul(5),
            command_timeout: MINUTE.saturating_mul(5),
            rcpt_timeout: MINUTE.saturating_mul(5),
            data_timeout: MINUTE.saturating_mul(2),
            block_timeout: MINUTE.saturating_mul(3),
            end_timeout: MINUTE.saturating_mul(10),
        }
    }
}

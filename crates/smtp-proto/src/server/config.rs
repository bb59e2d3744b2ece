//! What a server is, and what a client may cost it.
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::dot::BarePolicy;
use sasl::Mechanism;

use crate::{Extension, Extensions, HoldLimits, Host, Leniency, Text};

/// What a server is and offers.
///
/// ```
/// use smtp_proto::{Extension, server::Config};
///
/// let mut config = Config::new("hamburger.edu".parse()?);
/// config.extensions = config.extensions.with(Extension::StartTls);
/// config.mechanisms = vec![sasl::Mechanism::PLAIN];
/// config.limits.message_size = 10_000_000;
/// # Ok::<_, smtp_proto::ParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What the server calls itself.
    pub host: Host,
    /// Whether it speaks LMTP (RFC 2033): LHLO, and a verdict for each recipient.
    pub lmtp: bool,
    /// Whether a header of the PROXY protocol comes before the greeting. Only for connections
    /// that a balancer makes: anybody else could say whatever it likes. Where TLS is below from
    /// the beginning the header comes before it: read it with
    /// [`ProxyHeader::parse`](crate::ProxyHeader::parse).
    pub proxy: bool,
    /// What it offers. STARTTLS is announced only while it would help, and REQUIRETLS only
    /// where there is TLS, so they may stay here. AUTH follows from `mechanisms`.
    ///
    /// By default those that need nothing from the application: PIPELINING, SIZE, 8BITMIME,
    /// SMTPUTF8, ENHANCEDSTATUSCODES, CHUNKING. An application that cannot pass on mail beyond ASCII
    /// should take out 8BITMIME and SMTPUTF8.
    pub extensions: Extensions,
    /// The mechanisms of authentication, in the order in which they are announced, as far as they
    /// can be used: those that `sasl` does not know are left out, those that need a nonce without
    /// [`with_seed`](super::Session::with_seed), those that are bound before TLS, and those that
    /// send a password while there is none. None by default.
    pub mechanisms: Vec<Mechanism>,
    /// Whether passwords may come over a transport that is not encrypted. Off by default, and
    /// RFC 4954 §4 wants it so.
    pub plaintext_passwords: bool,
    /// DELIVERBY: the shortest time in which a message is delivered or returned, in seconds.
    pub deliver_by: Option<u32>,
    /// FUTURERELEASE: how long messages are held. Without it none are.
    pub hold: Option<HoldLimits>,
    /// MT-PRIORITY: the profile that says what the priorities mean.
    pub priorities: Option<Text>,
    /// BURL: from where messages are fetched: `imap`, or URLs of servers.
    pub burl: Vec<Text>,
    /// What is taken from clients that do not keep to the grammar.
    pub leniency: Leniency,
    /// What becomes of bare CR, bare LF and NUL in messages. By default such a message is read
    /// to its true end and refused, for they serve to smuggle (CVE-2023-51764).
    pub bare: BarePolicy,
    /// What becomes of messages with lines longer than [`Limits::text_line`].
    pub long_lines: LongLines,
    /// What a client may cost.
    pub limits: Limits,
}

/// What becomes of a message with lines that are too long.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum LongLines {
    /// It is passed on: real mail has them, though RFC 5321 §4.5.3.1.6 does not.
    #[default]
    Pass,
    /// It is read to its end and refused.
    Reject,
}

impl Config {
    /// Makes the configuration of a careful server on the open Internet.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self {
            host,
            lmtp: false,
            proxy: false,
            extensions: Extensions::NONE
                .with(Extension::Pipelining)
                .with(Extension::Size)
                .with(Extension::EightBitMime)
                .with(Extension::SmtpUtf8)
                .with(Extension::EnhancedStatusCodes)
                .with(Extension::Chunking),
            mechanisms: Vec::new(),
            plaintext_passwords: false,
            deliver_by: None,
            hold: None,
            priorities: None,
            burl: Vec::new(),
            leniency: Leniency::default(),
            bare: BarePolicy::Reject,
            long_lines: LongLines::Pass,
            limits: Limits::default(),
        }
    }
}

/// What a client may cost a server.
///
/// ```
/// use smtp_proto::server::Limits;
///
/// let mut limits = Limits::default();
/// limits.recipients = 100;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest command, in octets with its CRLF. 512, by RFC 5321 §4.5.3.1.4; each offered
    /// extension adds what its RFC says. A longer line is answered 500 and skipped.
    pub command_line: usize,
    /// The longest line of an authentication exchange. 12288, by RFC 4954 §4.
    pub auth_line: usize,
    /// How much of an over-long line is skipped before the session ends. 64 KiB: by then it is
    /// no command.
    pub endless_line: u64,
    /// The largest message, in octets without stuffed dots. 50 MiB, about what large providers
    /// take. Announced by SIZE; a larger message is read to its end and answered 552.
    pub message_size: u64,
    /// How much of a message is read in vain, beyond its size limit, before the session ends.
    /// 50 MiB: as much again.
    pub discarded: u64,
    /// How many recipients a message may have. 1000, as Postfix has it; RFC 5321 §4.5.3.1.8
    /// wants 100 at least. Those beyond are answered 452, and the client comes again.
    pub recipients: usize,
    /// How many mistakes a session may have. 20, as Postfix has it. The next one is answered 421.
    pub mistakes: u32,
    /// How many commands may come without a message being accepted, of those that do nothing
    /// for one: EHLO, NOOP, RSET, VRFY and the like. 100, as Postfix has it.
    pub idling: u32,
    /// How many transactions a session may have. As many as it likes by default; the next one is
    /// answered 452. LIMITS announces it, as it does the recipients (RFC 9422).
    pub transactions: Option<u32>,
    /// The longest line of a message, in octets with its CRLF and without a stuffed dot. 1000,
    /// by RFC 5321 §4.5.3.1.6. [`Config::long_lines`] says what becomes of longer ones.
    pub text_line: usize,
    /// The longest header of the PROXY protocol, in octets. 536, which HAProxy's document lets
    /// senders count on.
    pub proxy_header: usize,
    /// How long a command may take to come. 5 minutes, by RFC 5321 §4.5.3.2.7. It counts for the
    /// whole line, so one that drips is late as well.
    pub command_timeout: Duration,
    /// How long the next piece of a message may take to come. 5 minutes: RFC 5321 §4.5.3.2.5
    /// gives clients 3 to write a block.
    pub body_timeout: Duration,
    /// How long a whole message may take to come, besides the time that
    /// [`body_rate`](Self::body_rate) gives. 10 minutes.
    pub body_grace: Duration,
    /// How many octets of a message have to come a second, on the whole and after the grace; 0
    /// for none. 100, a tenth of the slowest modem that still sends mail: a message that drips
    /// keeps every piece's time and would take for ever.
    pub body_rate: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_line: 512,
            auth_line: 12_288,
            endless_line: 64 * 1024,
            message_size: 50 * 1024 * 1024,
            discarded: 50 * 1024 * 1024,
            recipients: 1000,
            mistakes: 20,
            idling: 100,
            transactions: None,
            text_line: 1000,
            proxy_header: 536,
            command_timeout: Duration::from_secs(300),
            body_timeout: Duration::from_secs(300),
            body_grace: Duration::from_secs(600),
            body_rate: 100,
        }
    }
}

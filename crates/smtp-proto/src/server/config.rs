//! What a server is, and what a client may cost it.
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::dot::BarePolicy;
use sasl::Mechanism;

use crate::{Extension, Extensions, Host, Leniency};

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
    /// What it offers. STARTTLS is announced only while it would help, so it may stay here.
    /// AUTH follows from `mechanisms`.
    ///
    /// By default those that need nothing from the application: PIPELINING, SIZE, 8BITMIME,
    /// SMTPUTF8, ENHANCEDSTATUSCODES. An application that cannot pass on mail beyond ASCII
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
    /// What is taken from clients that do not keep to the grammar.
    pub leniency: Leniency,
    /// What becomes of bare CR, bare LF and NUL in messages. By default such a message is read
    /// to its true end and refused, for they serve to smuggle (CVE-2023-51764).
    pub bare: BarePolicy,
    /// What a client may cost.
    pub limits: Limits,
}

impl Config {
    /// Makes the configuration of a careful server on the open Internet.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self {
            host,
            extensions: Extensions::NONE
                .with(Extension::Pipelining)
                .with(Extension::Size)
                .with(Extension::EightBitMime)
                .with(Extension::SmtpUtf8)
                .with(Extension::EnhancedStatusCodes),
            mechanisms: Vec::new(),
            plaintext_passwords: false,
            leniency: Leniency::default(),
            bare: BarePolicy::Reject,
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
    /// How long a command may take to come. 5 minutes, by RFC 5321 §4.5.3.2.7. It counts for the
    /// whole line, so one that drips is late as well.
    pub command_timeout: Duration,
    /// How long the next piece of a message may take to come. 5 minutes: RFC 5321 §4.5.3.2.5
    /// gives clients 3 to write a block.
    pub body_timeout: Duration,
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
            command_timeout: Duration::from_secs(300),
            body_timeout: Duration::from_secs(300),
        }
    }
}

//! What a server is, and what a client may cost it.
use alloc::vec::Vec;
use core::time::Duration;

use sasl::Mechanism;

use crate::command::{ArgumentLimits, ReaderLimits};
use crate::{Capability, Id, frame};

/// What a server is and offers.
///
/// ```
/// use imap_proto::{Capability, server::Config};
///
/// let mut config = Config::default();
/// config.capabilities.extend([Capability::StartTls, Capability::Move]);
/// config.mechanisms = vec![sasl::Mechanism::PLAIN];
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// What is offered, in the order in which it is told. Each is announced only while it would
    /// help: STARTTLS in clear and before login, most others after it. `AUTH=` follows from the
    /// mechanisms, LOGINDISABLED from [`plaintext_passwords`](Self::plaintext_passwords). A
    /// command of an extension that is not here is answered BAD.
    ///
    /// By default those of which an application need know nothing: IMAP4rev2 and IMAP4rev1,
    /// SASL-IR, LITERAL+, ENABLE, ID, IDLE. Of LITERAL+ and LITERAL- offer one (RFC 7888 §5).
    pub capabilities: Vec<Capability>,
    /// The mechanisms of authentication, in the order in which they are announced, as far as they
    /// can be used: those that `sasl` does not know are left out, those that need a nonce without
    /// [`with_seed`](super::Session::with_seed), those that are bound before TLS, and those that
    /// send a password while there is none. None by default: then there is LOGIN.
    pub mechanisms: Vec<Mechanism>,
    /// Whether passwords may come over a transport that is not encrypted. Off by default; LOGIN is
    /// then disabled before TLS (RFC 9051 §6.2.3).
    pub plaintext_passwords: bool,
    /// What the server says it is (RFC 2971). Nothing by default.
    pub id: Id,
    /// What a client may cost.
    pub limits: Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            capabilities: alloc::vec![
                Capability::Imap4rev2,
                Capability::Imap4rev1,
                Capability::SaslIr,
                Capability::LiteralPlus,
                Capability::Enable,
                Capability::Id,
                Capability::Idle,
            ],
            mechanisms: Vec::new(),
            plaintext_passwords: false,
            id: Id::default(),
            limits: Limits::default(),
        }
    }
}

impl Config {
    /// Whether this is among the capabilities.
    pub(super) fn offers(&self, capability: &Capability) -> bool {
        self.capabilities.contains(capability)
    }
}

/// What a client may cost a server.
///
/// ```
/// let mut limits = imap_proto::server::Limits::default();
/// limits.message = 10_000_000;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The limits of commands before login: arguments of 8 KiB and 10 literals at most. Whom
    /// nobody knows needs a name and a password.
    pub early: ReaderLimits,
    /// The limits of commands after it. Messages have [their own](Self::message).
    pub commands: ReaderLimits,
    /// The largest message that may be appended, in octets: 64 MiB. One that is announced to be
    /// larger is answered `NO [TOOBIG]` before it comes.
    pub message: u64,
    /// The largest literal that is read and thrown away, when a client sends without waiting what
    /// is refused: 64 MiB, a message's limit. Before a larger one the session ends (RFC 7888 §4).
    pub discarded: u64,
    /// The longest line of an authentication exchange: 12288, by RFC 4954 §4, whose number
    /// everybody took over.
    pub auth_line: usize,
    /// How many commands in a row may be bad: 20. The next one ends the session.
    pub mistakes: u32,
    /// How many failed logins end the session: 3, as Dovecot does.
    pub failures: u32,
    /// How long it may take to log in, whatever the client says meanwhile: 3 minutes, as Dovecot
    /// has it. RFC 9051 §5.4 lets it be less than the 30 minutes of those who are known.
    pub login: Duration,
    /// How long a client may say nothing, or not say a whole command, once it is known: 30
    /// minutes, the least that RFC 9051 §5.4 allows; during IDLE as well (RFC 2177 §3).
    pub idle: Duration,
    /// How long the next octets of a message may take to come: 5 minutes, as SMTP has it.
    pub literal: Duration,
    /// How much is owed to the client before commands that it has sent wait: 64 KiB.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let mut early = ReaderLimits::default();
        early.arguments = ArgumentLimits { octets: 8192, literals: 10, ..early.arguments };
        // Messages are compared with their own limit.
        let mut commands = ReaderLimits::default();
        commands.frame = frame::Limits { literal: u64::MAX, ..commands.frame };
        Self {
            early,
            commands,
            message: 64 * 1024 * 1024,
            discarded: 64 * 1024 * 1024,
            auth_line: 12_288,
            mistakes: 20,
            failures: 3,
            login: Duration::from_secs(180),
            idle: Duration::from_secs(30 * 60),
            literal: Duration::from_secs(300),
            output: 64 * 1024,
        }
    }
}

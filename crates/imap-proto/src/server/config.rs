//! What a server is, and what a client may cost it.
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::Text;
use sasl::Mechanism;

use crate::command::{ArgumentLimits, ReaderLimits};
use crate::{Atom, Capability, Id, frame};

/// What a server is and offers.
///
/// ```
/// use imap_proto::{Text, server::Config};
///
/// let mut config = Config::new(Text::from_static("hamburger.edu IMAP ready"));
/// config.start_tls = true;
/// config.mechanisms = vec![sasl::Mechanism::PLAIN];
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The words of the greeting.
    pub greeting: Text,
    /// What the application can do for clients that are authenticated; by default what
    /// [`Engine`](crate::engine::Engine) can. What the session does itself it adds: STARTTLS,
    /// AUTH=, LOGINDISABLED, COMPRESS=DEFLATE, and what every server has.
    pub capabilities: Vec<Capability>,
    /// Whether TLS can be had by STARTTLS.
    pub start_tls: bool,
    /// Whether compression can be had (RFC 4978). It takes about 400 KiB a connection.
    pub compress: bool,
    /// The mechanisms of authentication, in the order in which they are announced, as far as they
    /// can be used: those that need a nonce are left out without
    /// [`with_seed`](super::Session::with_seed), those that are bound before TLS, and those that
    /// send a password while there is none.
    pub mechanisms: Vec<Mechanism>,
    /// Whether passwords may come over a transport that is not encrypted: by LOGIN, PLAIN and the
    /// like. Off, as RFC 9051 §11.2 wants.
    pub plaintext_passwords: bool,
    /// What the server says it is (RFC 2971).
    pub id: Id,
    /// What a client may cost.
    pub limits: Limits,
}

impl Config {
    /// Makes the configuration of a careful server.
    #[must_use]
    pub fn new(greeting: Text) -> Self {
        let threads = ["ORDEREDSUBJECT", "REFERENCES"].into_iter().filter_map(Atom::new);
        Self {
            greeting,
            capabilities: ENGINE.iter().cloned().chain(threads.map(Capability::Thread)).collect(),
            start_tls: false,
            compress: false,
            mechanisms: Vec::new(),
            plaintext_passwords: false,
            id: Id::default(),
            limits: Limits::default(),
        }
    }
}

/// What the engine of this crate does.
static ENGINE: [Capability; 31] = [
    Capability::Imap4rev2,
    Capability::Imap4rev1,
    Capability::Binary,
    Capability::Catenate,
    Capability::Children,
    Capability::Condstore,
    Capability::CreateSpecialUse,
    Capability::Enable,
    Capability::Esearch,
    Capability::Idle,
    Capability::ListExtended,
    Capability::ListStatus,
    Capability::LiteralPlus,
    Capability::Metadata,
    Capability::Move,
    Capability::MultiAppend,
    Capability::Namespace,
    Capability::ObjectId,
    Capability::Preview,
    Capability::Qresync,
    Capability::Replace,
    Capability::SaveDate,
    Capability::SearchRes,
    Capability::Sort,
    Capability::SortDisplay,
    Capability::SpecialUse,
    Capability::StatusSize,
    Capability::UidPlus,
    Capability::Unselect,
    Capability::Utf8Accept,
    Capability::Within,
];

/// What a client may cost a server.
///
/// ```
/// use imap_proto::server::Limits;
///
/// let mut limits = Limits::default();
/// limits.bad_commands = 3;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The limits of commands before the client is authenticated: 64 KiB of arguments, of which
    /// the most is a token, and no messages.
    pub stranger: ReaderLimits,
    /// The limits of commands.
    pub reader: ReaderLimits,
    /// The longest line of an authentication exchange. 12288, as RFC 4954 §4 has it for SMTP.
    pub sasl_line: usize,
    /// How many commands in a row may be bad: 20, as Dovecot has it. The next one is answered
    /// BYE.
    pub bad_commands: u32,
    /// How many logins may fail: 5. The next one is answered BYE.
    pub logins: u32,
    /// How much may be owed to the client before no more commands are read: 64 KiB.
    pub output: usize,
    /// How long a client may take to log in: 3 minutes, as Dovecot.
    pub login: Duration,
    /// How long a client may be silent once it is authenticated, in IDLE too: 30 minutes, the
    /// least that RFC 9051 §5.4 allows.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let mut stranger = ReaderLimits::default();
        stranger.frame = frame::Limits { literal: 64 * 1024, literals: 10, ..stranger.frame };
        stranger.arguments = ArgumentLimits { octets: 64 * 1024, literals: 10 };
        Self {
            stranger,
            reader: ReaderLimits::default(),
            sasl_line: 12_288,
            bad_commands: 20,
            logins: 5,
            output: 64 * 1024,
            login: Duration::from_secs(180),
            idle: Duration::from_secs(1800),
        }
    }
}

//! What a server is, and what its clients may cost it.
use alloc::vec::Vec;
use core::time::Duration;

use proto_core::{Text, dot::BarePolicy};
use sasl::Mechanism;

use crate::ApopTimestamp;

/// What a server is.
///
/// ```
/// use pop3_proto::{Text, server::Config};
///
/// let mut config = Config::new(Text::from_static("POP3 server ready"));
/// config.stls = true;
/// config.login_without_tls = false;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The words of the greeting.
    pub greeting: Text,
    /// The words of the reply to QUIT before login, when there is nothing to commit.
    pub farewell: Text,
    /// Whether STLS is offered. Off unless the application does TLS.
    pub stls: bool,
    /// Whether passwords may be sent in clear. On, as RFC 1939 has it; a server on the open
    /// Internet turns it off (RFC 8314 §3).
    pub login_without_tls: bool,
    /// The timestamp of APOP, made anew for each connection of the process, the clock and some
    /// randomness; without one, APOP is not offered. It is weak: see [`ApopTimestamp`].
    pub apop: Option<ApopTimestamp>,
    /// Whether UTF-8 is offered (RFC 6856). The application then asks
    /// [`is_utf8`](super::Session::is_utf8), and answers RETR of a message that needs it with
    /// `-ERR` and [`ResponseCode::Utf8`](crate::ResponseCode::Utf8) where it is not.
    pub utf8: bool,
    /// How long messages are kept, if that is to be said (RFC 2449 §6.7).
    pub expire: Option<Expire>,
    /// How long to wait between logins, if that is to be said (RFC 2449 §6.5). The application
    /// keeps it, and answers a login that comes too soon with
    /// [`ResponseCode::LoginDelay`](crate::ResponseCode::LoginDelay).
    pub login_delay: Option<Duration>,
    /// What software this is, if that is to be said (RFC 2449 §6.9): it helps attackers too.
    pub implementation: Option<Text>,
    /// The SASL mechanisms offered (RFC 5034), as far as they can be used: those that `sasl` does
    /// not know are left out, those that need a nonce without
    /// [`with_seed`](super::Session::with_seed), those that are bound before TLS, and those that
    /// send a password in clear with `login_without_tls` off.
    pub mechanisms: Vec<Mechanism>,
    /// What to do about bare CR, bare LF and NUL in the application's messages. They are
    /// normalised, for many a Maildir ends its lines in LF alone.
    pub bare: BarePolicy,
    /// What a client may cost.
    pub limits: Limits,
}

impl Config {
    /// Makes a configuration that offers neither STLS nor SASL.
    #[must_use]
    pub fn new(greeting: Text) -> Self {
        Self {
            greeting,
            farewell: Text::from_static("bye"),
            stls: false,
            login_without_tls: true,
            apop: None,
            utf8: false,
            expire: None,
            login_delay: None,
            implementation: None,
            mechanisms: Vec::new(),
            bare: BarePolicy::Normalise,
            limits: Limits::default(),
        }
    }
}

/// How long a server keeps messages (RFC 2449 §6.7).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Expire {
    /// For ever.
    Never,
    /// So many days at least; 0 means that a message that was fetched may go at once.
    Days(u32),
}

/// What a client may cost a server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest command, in octets with CRLF: 255 (RFC 2449 §4).
    pub command_line: usize,
    /// The longest response in a SASL exchange: 12288 (RFC 4954 §4, whose number everybody
    /// took over).
    pub sasl_line: usize,
    /// How much of a line that does not end is skipped before the session ends: 64 KiB.
    pub endless_line: u64,
    /// How many bad commands end the session: 20, as Postfix ends an SMTP session.
    pub bad_commands: u32,
    /// How many failed logins end the session: 3, as Dovecot does.
    pub failures: u32,
    /// How long the client may be silent: 10 minutes, the least that RFC 1939 §3 allows.
    pub idle: Duration,
    /// How long it may take to log in, whatever it says meanwhile: 3 minutes. RFC 1939 §3 gives
    /// each command 10 minutes more, but a stranger who asks for CAPA now and then would hold a
    /// connection for ever.
    pub login: Duration,
    /// How much is owed to the client before a listing waits for it: 64 KiB.
    pub output: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            command_line: 255,
            sasl_line: 12288,
            endless_line: 64 * 1024,
            bad_commands: 20,
            failures: 3,
            idle: Duration::from_secs(600),
            login: Duration::from_secs(180),
            output: 64 * 1024,
        }
    }
}

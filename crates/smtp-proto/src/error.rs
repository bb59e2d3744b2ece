//! What can go wrong, by whose fault.
use proto_core::dot::Bare;

use crate::{Extension, Reply};

/// The peer's octets are not what the grammar wants, and where.
pub type ParseError = proto_core::ParseError<ParseErrorKind>;

/// What is wrong with some octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// No such command.
    #[error("unknown command")]
    UnknownCommand,
    /// An argument is missing.
    #[error("missing argument")]
    MissingArgument,
    /// There is more than the command takes.
    #[error("unexpected argument")]
    UnexpectedArgument,
    /// Neither a domain nor an address literal: RFC 5321 §4.1.2, §4.1.3.
    #[error("malformed host")]
    Host,
    /// Not a path: RFC 5321 §4.1.2.
    #[error("malformed path")]
    Path,
    /// Not a mailbox: RFC 5321 §4.1.2.
    #[error("malformed mailbox")]
    Mailbox,
    /// A parameter of MAIL or RCPT is malformed, or its value is.
    #[error("malformed parameter")]
    Parameter,
    /// A parameter is given twice.
    #[error("repeated parameter")]
    RepeatedParameter,
    /// Octets that are not ASCII without SMTPUTF8, or that are not UTF-8.
    #[error("unexpected octet beyond ASCII")]
    NotAscii,
    /// A control character in a text.
    #[error("control character")]
    Control,
    /// The name of a SASL mechanism is malformed.
    #[error("malformed mechanism")]
    Mechanism,
    /// Malformed base64.
    #[error("malformed base64")]
    Base64,
    /// Not a date and time: RFC 3339.
    #[error("malformed date and time")]
    DateTime,
    /// An attribute of XCLIENT or XFORWARD is not known, malformed, or given twice.
    #[error("malformed attribute")]
    Attribute,
    /// The size of a chunk is missing or malformed, so that nobody knows where it ends.
    #[error("malformed chunk size")]
    Chunk,
    /// Not a header of the PROXY protocol.
    #[error("malformed PROXY header")]
    Proxy,
    /// A reply does not begin with a code, or its lines have different ones.
    #[error("malformed reply")]
    Reply,
}

/// Why a session cannot go on. Whatever goodbye is due is in the output.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server ends; the client may come again.
    #[error("the server is shutting down")]
    ShuttingDown,
    /// The peer was silent, or too slow to end a line.
    #[error("the peer was silent for too long")]
    Timeout,
    /// The peer closed the connection before the session was over.
    #[error("the peer closed the connection in the middle of a session")]
    UnexpectedEof,
    /// Something arrived in clear between STARTTLS and the handshake (CVE-2011-0411).
    #[error("the peer sent plaintext after STARTTLS")]
    PlaintextAfterStartTls,
    /// A line did not end within the limit at which one stops waiting for that.
    #[error("the peer sent a line without end")]
    EndlessLine,
    /// Server: the client made more mistakes than the limit.
    #[error("the client made too many mistakes")]
    TooManyMistakes,
    /// Server: the client gave too many commands that bring no mail.
    #[error("the client gave too many commands to no purpose")]
    TooMuchIdling,
    /// Server: a BDAT command from which nobody can tell where its chunk ends.
    #[error("the client sent a malformed chunk size")]
    BadChunk,
    /// Server: the connection does not begin with a header of the PROXY protocol.
    #[error("the connection does not begin with a PROXY header")]
    NoProxyHeader(#[source] ParseError),
    /// Server: the client went on far beyond the size limit.
    #[error("the client sent far more than the size limit")]
    EndlessMessage,
    /// Client: the server's reply makes no sense.
    #[error("malformed reply from the server")]
    MalformedReply(#[source] ParseError),
    /// Client: a reply is longer than the limits.
    #[error("the server's reply is too long")]
    ReplyTooLong,
    /// Client: a reply came that answers nothing, or nothing that was asked.
    #[error("unexpected reply from the server: {0}")]
    UnexpectedReply(Reply),
    /// Client: the server would not begin the session, in these words.
    #[error("the server refused {0}: {1}")]
    Refused(Stage, Reply),
    /// Client: the server closes the channel (421), in these words.
    #[error("the server is closing: {0}")]
    Closing(Reply),
    /// Client: TLS is required and not offered.
    #[error("the server does not offer STARTTLS")]
    NoStartTls,
    /// Client: what the configuration asks for is not offered.
    #[error("the server does not offer {0}")]
    NotOffered(Extension),
    /// Client: none of the offered mechanisms can prove who we are over this transport.
    #[error("the server offers no usable mechanism of authentication")]
    NoMechanism,
    /// Client: the SASL exchange failed on our side.
    #[error("authentication failed")]
    Sasl(#[from] sasl::Error),
    /// Client: the message's content cannot be sent. The connection must be closed, for the
    /// server must not see an end of the message.
    #[error("the message cannot be sent")]
    Unsendable(#[source] Bare),
}

/// What a server refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Stage {
    /// The connection, by its greeting.
    #[error("the connection")]
    Greeting,
    /// EHLO, and HELO after it.
    #[error("the greeting")]
    Hello,
    /// STARTTLS.
    #[error("STARTTLS")]
    StartTls,
    /// AUTH.
    #[error("authentication")]
    Auth,
    /// MAIL: the sender, or the message for its parameters.
    #[error("the sender")]
    Mail,
    /// RCPT: this recipient.
    #[error("the recipient")]
    Rcpt,
    /// DATA.
    #[error("the data")]
    Data,
    /// The message, after its last dot or chunk.
    #[error("the message")]
    Body,
    /// XCLIENT.
    #[error("the client's attributes")]
    XClient,
}

/// The caller's mistake: nothing was sent, and the session is as it was.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// Codes are 200 to 599.
    #[error("{code} is no reply code")]
    Code {
        /// The number that is none.
        code: u16,
    },
    /// A text holds a control character.
    #[error("control character in a text")]
    Text,
    /// No reply is due, or none with this code.
    #[error("no reply {code} is due now")]
    Reply {
        /// The code of the reply that was not sent.
        code: u16,
    },
    /// The session does not wait for that now.
    #[error("the session is not ready for that")]
    NotReady,
    /// Only what asks something, and changes nothing, can be asked.
    #[error("that command asks nothing")]
    NoQuestion,
    /// More of the message was given before the last of it was written.
    #[error("the output is full")]
    OutputFull,
    /// A transaction needs recipients.
    #[error("no recipients")]
    NoRecipients,
}

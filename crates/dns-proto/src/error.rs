//! What can be wrong: with octets, with an undertaking, with a call.
use crate::number::Rcode;
use crate::tsig::Failure;

/// These octets, or this text, are not DNS.
pub type ParseError = proto_core::ParseError<ParseErrorKind>;

/// The ways in which octets or text are not DNS.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The octets end too early.
    #[error("octets end too early")]
    Short,
    /// A label begins with neither a length nor a pointer (RFC 1035 §4.1.4).
    #[error("unknown kind of label")]
    LabelKind,
    /// A label is empty, or longer than 63 octets (RFC 1035 §2.3.4).
    #[error("label is empty or longer than 63 octets")]
    LabelLength,
    /// A name is longer than 255 octets (RFC 1035 §2.3.4).
    #[error("name is longer than 255 octets")]
    NameLength,
    /// A compression pointer does not point backwards (RFC 1035 §4.1.4: "a prior occurrence").
    #[error("compression pointer does not point backwards")]
    Pointer,
    /// A name has more compression pointers than [`MessageLimits::pointers`](crate::MessageLimits).
    #[error("too many compression pointers in a name")]
    Pointers,
    /// Record data does not end where its length says.
    #[error("record data does not fill its length")]
    RdataLength,
    /// Octets follow the last record.
    #[error("octets after the last record")]
    Trailing,
    /// An OPT record is not where it may be, or is not alone (RFC 6891 §6.1.1).
    #[error("misplaced or repeated opt record")]
    Opt,
    /// There are more options than [`MessageLimits::options`](crate::MessageLimits).
    #[error("too many edns options")]
    Options,
    /// An option's data do not suit its code.
    #[error("malformed edns option")]
    Option,
    /// An escape is neither `\X` nor `\DDD` (RFC 1035 §5.1).
    #[error("malformed escape")]
    Escape,
    /// A mnemonic is not known.
    #[error("unknown mnemonic")]
    Mnemonic,
    /// A bitmap has windows out of order, empty, too long or with a zero at the end
    /// (RFC 4034 §4.1.2).
    #[error("malformed bitmap")]
    Bitmap,
    /// A service parameter is out of order, or its value does not suit its key (RFC 9460 §2.2).
    #[error("malformed service parameter")]
    SvcParam,
    /// An address prefix is longer than its family's addresses, or ends in zeros (RFC 3123 §4).
    #[error("malformed address prefix")]
    Prefix,
    /// Data are of a version or kind that is not defined.
    #[error("undefined version or kind")]
    Version,
    /// What was kept is not what was written.
    #[error("octets have changed since they were written")]
    Changed,
    /// A TSIG record is not the last of the message (RFC 8945 §5.1).
    #[error("misplaced or repeated tsig record")]
    Tsig,
    /// A name in Unicode has no form in ASCII (RFC 5891).
    #[error("name cannot be internationalised")]
    Idna,
    /// An entry is longer than [`Limits::entry`](crate::zone_file::Limits).
    #[error("entry is too long")]
    Entry,
    /// Files are included deeper than [`Limits::includes`](crate::zone_file::Limits).
    #[error("files are included too deep")]
    Includes,
    /// More records are generated than [`Limits::generate`](crate::zone_file::Limits).
    #[error("too many records are generated")]
    Generate,
    /// Text has something else here than what is expected.
    #[error("expected {0}")]
    Expected(&'static str),
}

/// Why an undertaking cannot be finished.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message has no room for what was to be written; it is as it was before.
    #[error("message is full")]
    Full,
    /// No server answered in the time and the number of attempts allowed.
    #[error("no server answered")]
    Unanswered,
    /// Every server answered, none of them usefully.
    #[error("no server gave a useful answer")]
    Useless,
    /// What was to be looked up is no name.
    #[error("not a name")]
    Name(#[source] ParseError),
    /// What has come is not the next message of a transfer.
    #[error("not the next message of a transfer")]
    Unexpected,
    /// The server does not transfer the zone.
    #[error("server refuses the transfer: {0}")]
    Refused(Rcode),
    /// A message of a transfer is not signed as it should be.
    #[error("message of a transfer is not to be believed")]
    Signature(#[source] Failure),
    /// What was transferred is no zone, or does not follow from the version before.
    #[error("transfer makes no zone")]
    Zone(#[source] Misuse),
    /// A transfer is larger than [`Limits::octets`](crate::transfer::Limits).
    #[error("transfer is too large")]
    TooLarge,
}

/// The caller's mistake.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Misuse {
    /// A section of a message was begun after a later one.
    #[error("sections of a message must be written in order")]
    SectionOrder,
    /// A record's owner is not at or below the zone's apex.
    #[error("record is outside the zone")]
    OutOfZone,
    /// A record's class is not the zone's.
    #[error("record is of another class than the zone")]
    Class,
    /// A zone needs exactly one SOA record, at its apex.
    #[error("zone without exactly one soa record at its apex")]
    Soa,
    /// A CNAME stands beside other data, or there are two (RFC 1034 §3.6.2).
    #[error("cname beside other data")]
    Cname,
    /// The type is a question or belongs to a message, and cannot be in a zone (RFC 6895 §3.1).
    #[error("type cannot be stored in a zone")]
    MetaType,
    /// A character string is longer than 255 octets, or there is none (RFC 1035 §3.3.14).
    #[error("character string is missing or longer than 255 octets")]
    StringLength,
    /// Record data is longer than 65,535 octets.
    #[error("record data is longer than 65535 octets")]
    RdataLength,
    /// A step between versions of a zone does not begin at this one.
    #[error("step begins at another version of the zone")]
    Version,
    /// There is no server to ask.
    #[error("no server to ask")]
    NoServers,
    /// The message is not one query with one question.
    #[error("message is not a query with one question")]
    NotQuery,
    /// Keys of this algorithm are not made here.
    #[error("no keys of this algorithm are made")]
    Algorithm,
    /// Records are none, or not of one owner, class and type.
    #[error("records are no rrset")]
    Set,
}

//! What can be wrong with octets.

/// These octets are not what the grammar says.
pub type ParseError = proto_core::ParseError<ParseErrorKind>;

/// What is wrong with octets.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// A number is missing, has a leading zero where none may be, or is too large.
    #[error("not a number")]
    Number,
    /// A set of numbers is empty, or something else stands in it.
    #[error("not a set of numbers")]
    SeqSet,
    /// An atom is missing.
    #[error("not an atom")]
    Atom,
    /// A string is missing.
    #[error("not a string")]
    String,
    /// A quoted string has no end, or something in it that it must not hold.
    #[error("bad quoted string")]
    Quoted,
    /// A literal stands where none may, holds NUL without being a literal8, or is one without
    /// the right to be.
    #[error("bad literal")]
    Literal,
    /// Not a tag.
    #[error("not a tag")]
    Tag,
    /// Not a mailbox's name.
    #[error("not a mailbox name")]
    Mailbox,
    /// Not a flag.
    #[error("not a flag")]
    Flag,
    /// Not a date, or one that no calendar has.
    #[error("not a date")]
    Date,
    /// Not a section of a message.
    #[error("not a section")]
    Section,
    /// Not a command that is known.
    #[error("unknown command")]
    Command,
    /// A word that means nothing here.
    #[error("unknown word")]
    Word,
    /// A space, a parenthesis or another mark is missing.
    #[error("{0:?} expected")]
    Expected(char),
    /// Something follows where the line should end.
    #[error("line should end")]
    Trailing,
    /// Words for people hold a control character.
    #[error("control character in text")]
    Text,
    /// Lists stand in one another deeper than the limit.
    #[error("nested too deeply")]
    TooDeep,
    /// There are more elements than the limit.
    #[error("too many elements")]
    TooMany,
    /// Not base64.
    #[error("not base64")]
    Base64,
}

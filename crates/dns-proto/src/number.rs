//! The numbers IANA keeps: types, classes, opcodes, rcodes, and their mnemonics.
use core::fmt;
use core::str::FromStr;

use crate::error::{ParseError, ParseErrorKind};

/// Defines an open registry: a number with names for the known values.
macro_rules! registry {
    (
        $(#[$meta:meta])* $name:ident($int:ty) else $prefix:literal;
        $( $(#[$doc:meta])* $constant:ident = $value:literal $text:literal; )*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name($int);

        impl $name {
            $( $(#[$doc])* pub const $constant: Self = Self($value); )*

            /// Makes one of any number, known or not.
            #[must_use]
            pub const fn new(number: $int) -> Self {
                Self(number)
            }

            /// Returns the number.
            #[must_use]
            pub const fn number(self) -> $int {
                self.0
            }
        }

        /// Writes the mnemonic, or the generic form of RFC 3597 §5 for an unknown number.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.0 {
                    $( $value => f.write_str($text), )*
                    number => write!(f, concat!($prefix, "{}"), number),
                }
            }
        }

        /// Reads a mnemonic in any case, or the generic form.
        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                $( if text.eq_ignore_ascii_case($text) { return Ok(Self($value)); } )*
                generic(text, $prefix)
                    .and_then(|number| number.parse().ok())
                    .map(Self)
                    .ok_or(ParseError::new(ParseErrorKind::Mnemonic, 0))
            }
        }
    };
}

/// Takes the digits after the prefix of a generic mnemonic.
fn generic<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, digits) = text.split_at_checked(prefix.len())?;
    let plain = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    (plain && head.eq_ignore_ascii_case(prefix)).then_some(digits)
}

registry! {
    /// The type of a record or a question (RFC 1035 §3.2.2, RFC 6895 §3.1).
    ///
    /// ```
    /// use dns_proto::RecordType;
    ///
    /// assert_eq!("mx".parse(), Ok(RecordType::MX));
    /// assert_eq!(RecordType::new(731).to_string(), "TYPE731");
    /// ```
    RecordType(u16) else "TYPE";
    /// An IPv4 address.
    A = 1 "A";
    /// An authoritative name server.
    NS = 2 "NS";
    /// The canonical name of an alias.
    CNAME = 5 "CNAME";
    /// The start of a zone of authority.
    SOA = 6 "SOA";
    /// A pointer to another name.
    PTR = 12 "PTR";
    /// A mail exchange.
    MX = 15 "MX";
    /// Character strings.
    TXT = 16 "TXT";
    /// An IPv6 address (RFC 3596).
    AAAA = 28 "AAAA";
    /// The location of a service (RFC 2782).
    SRV = 33 "SRV";
    /// The redirection of a subtree (RFC 6672).
    DNAME = 39 "DNAME";
    /// EDNS (RFC 6891); not data of a zone.
    OPT = 41 "OPT";
    /// The signer of a delegation (RFC 4034 §5): it lives on the parent's side of the cut.
    DS = 43 "DS";
    /// An incremental zone transfer (RFC 1995); only a question.
    IXFR = 251 "IXFR";
    /// A zone transfer (RFC 5936); only a question.
    AXFR = 252 "AXFR";
    /// Every type; only a question, and a wildcard in updates.
    ANY = 255 "ANY";
}

impl RecordType {
    /// Whether no zone may hold the type: OPT, and the question and meta types from 128 to 255.
    #[must_use]
    pub const fn is_meta(self) -> bool {
        matches!(self.0, 0 | 41 | 128..=255)
    }
}

registry! {
    /// The class of a record or a question (RFC 1035 §3.2.4, RFC 2136 §2.4).
    Class(u16) else "CLASS";
    /// The Internet.
    IN = 1 "IN";
    /// Chaos.
    CH = 3 "CH";
    /// Hesiod.
    HS = 4 "HS";
    /// In updates: the record must not be, or goes.
    NONE = 254 "NONE";
    /// In questions and updates: any class.
    ANY = 255 "ANY";
}

registry! {
    /// What a message asks for (RFC 1035 §4.1.1); four bits on the wire.
    Opcode(u8) else "OPCODE";
    /// A standard query.
    QUERY = 0 "QUERY";
    /// A zone has changed (RFC 1996).
    NOTIFY = 4 "NOTIFY";
    /// Change a zone (RFC 2136).
    UPDATE = 5 "UPDATE";
}

registry! {
    /// How a question fared (RFC 1035 §4.1.1, RFC 6895 §2.3); twelve bits with EDNS, else four.
    Rcode(u16) else "RCODE";
    /// No error.
    NOERROR = 0 "NOERROR";
    /// The server could not read the message.
    FORMERR = 1 "FORMERR";
    /// The server failed.
    SERVFAIL = 2 "SERVFAIL";
    /// The name does not exist.
    NXDOMAIN = 3 "NXDOMAIN";
    /// The server does not know how.
    NOTIMP = 4 "NOTIMP";
    /// The server does not want to.
    REFUSED = 5 "REFUSED";
    /// A name exists that should not (RFC 2136).
    YXDOMAIN = 6 "YXDOMAIN";
    /// An RRset exists that should not (RFC 2136).
    YXRRSET = 7 "YXRRSET";
    /// An RRset does not exist that should (RFC 2136).
    NXRRSET = 8 "NXRRSET";
    /// The server is not authoritative for the zone (RFC 2136).
    NOTAUTH = 9 "NOTAUTH";
    /// A name is not in the zone (RFC 2136).
    NOTZONE = 10 "NOTZONE";
    /// The version of EDNS is not spoken (RFC 6891 §6.1.3).
    BADVERS = 16 "BADVERS";
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn every_type_reads_what_it_prints() {
        for number in 0..=u16::MAX {
            let rtype = RecordType::new(number);
            assert_eq!(rtype.to_string().parse(), Ok(rtype));
        }
    }

    #[test]
    fn unknown_mnemonics_are_errors() {
        for text in ["", "AA", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "é"] {
            assert!(text.parse::<RecordType>().is_err(), "{text}");
        }
    }

    #[test]
    fn questions_and_opt_are_meta_types() {
        assert!(RecordType::OPT.is_meta() && RecordType::ANY.is_meta());
        assert!(!RecordType::A.is_meta() && !RecordType::DS.is_meta());
    }
}

//! Record data: one table says how each type is read, written and printed.
//!
//! To add a type: its number in `number.rs`, its line in the table below; if a field is of a kind
//! that is not here yet, its `Field` in `rdata_field.rs`.
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::edns::Options;
use crate::error::{ParseError, ParseErrorKind};
use crate::name::NameRef;
use crate::number::RecordType;
use crate::rdata_field::{CharStrings, Field, Names, Sink};
use crate::reader::Reader;

/// Expands the table of types into [`Rdata`] and its reading, writing and printing.
macro_rules! rdata {
    ($(
        $(#[$doc:meta])*
        $rtype:ident => $variant:ident, $names:ident
        { $( $(#[$field_doc:meta])* $field:ident: $kind:ty, )+ }
    )+) => {
        /// The data of a record, by type; names and strings borrow from the message or record.
        ///
        /// A type without a variant of its own is [`Other`](Self::Other): opaque octets, kept and
        /// passed on as they are (RFC 3597).
        ///
        /// ```
        /// use dns_proto::{Name, Rdata};
        ///
        /// let exchange: Name = "mail.hamburger.edu".parse()?;
        /// let mx = Rdata::Mx { preference: 10, exchange: exchange.view() };
        /// assert_eq!(mx.to_string(), "10 mail.hamburger.edu.");
        /// # Ok::<(), dns_proto::ParseError>(())
        /// ```
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Rdata<'a> {
            $( $(#[$doc])* $variant { $( $(#[$field_doc])* $field: $kind, )+ }, )+
            /// Data of any other type.
            Other(Opaque<'a>),
        }

        impl<'a> Rdata<'a> {
            /// Returns the type of the data.
            #[must_use]
            pub const fn record_type(&self) -> RecordType {
                match self {
                    $( Self::$variant { .. } => RecordType::$rtype, )+
                    Self::Other(opaque) => opaque.rtype,
                }
            }

            /// Reads all that is in the reader.
            pub(crate) fn read(
                rtype: RecordType,
                reader: &mut Reader<'a>,
            ) -> Result<Self, ParseError> {
                let data = match rtype {
                    $( RecordType::$rtype => Self::$variant { $( $field: Field::read(reader)?, )+ }, )+
                    _ => Self::Other(Opaque { rtype, octets: reader.rest() }),
                };
                if reader.is_empty() {
                    Ok(data)
                } else {
                    Err(reader.error(ParseErrorKind::RdataLength))
                }
            }

            pub(crate) fn write(&self, out: &mut impl Sink) {
                match self {
                    $( Self::$variant { $( $field, )+ } => {
                        $( $field.write(out, Names::$names); )+
                    } )+
                    Self::Other(opaque) => out.put(opaque.octets),
                }
            }
        }

        /// Writes the presentation form (RFC 1035 §5.1; RFC 3597 §5 for other types).
        impl fmt::Display for Rdata<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $( Self::$variant { $( $field, )+ } => {
                        let mut separator = "";
                        $(
                            f.write_str(core::mem::replace(&mut separator, " "))?;
                            $field.print(f)?;
                        )+
                        let _ = separator;
                        Ok(())
                    } )+
                    Self::Other(opaque) => opaque.fmt(f),
                }
            }
        }
    };
}

rdata! {
    /// An IPv4 address (RFC 1035 §3.4.1).
    A => A, Plain {
        /// The address.
        address: Ipv4Addr,
    }
    /// An IPv6 address (RFC 3596 §2.2).
    AAAA => Aaaa, Plain {
        /// The address.
        address: Ipv6Addr,
    }
    /// An authoritative server of the owner's zone (RFC 1035 §3.3.11).
    NS => Ns, Compressed {
        /// The server's name.
        server: NameRef<'a>,
    }
    /// What the owner is an alias of (RFC 1035 §3.3.1).
    CNAME => Cname, Compressed {
        /// The canonical name.
        target: NameRef<'a>,
    }
    /// The start of a zone (RFC 1035 §3.3.13).
    SOA => Soa, Compressed {
        /// The primary server.
        primary: NameRef<'a>,
        /// The mailbox of who is responsible; the first dot stands for `@`.
        mailbox: NameRef<'a>,
        /// The zone's version, ordered as in RFC 1982.
        serial: u32,
        /// Seconds between a secondary's looks at the serial.
        refresh: u32,
        /// Seconds until a secondary looks again after a failure.
        retry: u32,
        /// Seconds until a secondary gives up.
        expire: u32,
        /// Seconds that a negative answer may be kept (RFC 2308 §4).
        minimum: u32,
    }
    /// A pointer to another name (RFC 1035 §3.3.12).
    PTR => Ptr, Compressed {
        /// The other name.
        target: NameRef<'a>,
    }
    /// Who takes mail for the owner (RFC 1035 §3.3.9).
    MX => Mx, Compressed {
        /// Lower is tried first.
        preference: u16,
        /// The mail server's name.
        exchange: NameRef<'a>,
    }
    /// Text (RFC 1035 §3.3.14).
    TXT => Txt, Plain {
        /// One or more strings.
        strings: CharStrings<'a>,
    }
    /// Where a service is (RFC 2782).
    SRV => Srv, Plain {
        /// Lower is tried first.
        priority: u16,
        /// The share of load among equal priorities.
        weight: u16,
        /// The port.
        port: u16,
        /// The server's name.
        target: NameRef<'a>,
    }
    /// What stands for the owner in every name below it (RFC 6672).
    DNAME => Dname, Plain {
        /// The other subtree.
        target: NameRef<'a>,
    }
    /// EDNS options (RFC 6891 §6.1.2); the rest is in [`Edns`](crate::Edns).
    OPT => Opt, Plain {
        /// The options.
        options: Options<'a>,
    }
}

impl<'a> Rdata<'a> {
    /// Reads data of a type from its uncompressed octets, as they are after RDLENGTH.
    ///
    /// # Errors
    ///
    /// When the octets are not data of that type, or are more than 65,535.
    pub fn parse(rtype: RecordType, octets: &'a [u8]) -> Result<Self, ParseError> {
        if octets.len() > usize::from(u16::MAX) {
            return Err(ParseError::new(ParseErrorKind::RdataLength, usize::from(u16::MAX)));
        }
        Self::read(rtype, &mut Reader::new(octets, 0))
    }

    /// Reads what [`parse`](Self::parse) or a message's has accepted, without checking it again.
    pub(crate) fn trusted(rtype: RecordType, reader: &mut Reader<'a>) -> Self {
        let whole = reader.clone();
        // Emptied data (RFC 2136 §2.4) is the one thing a checked message has that does not read.
        Self::read(rtype, reader)
            .unwrap_or_else(|_| Self::Other(Opaque { rtype, octets: whole.clone().rest() }))
    }

    /// Returns the address of an A or AAAA record.
    #[must_use]
    pub const fn address(&self) -> Option<core::net::IpAddr> {
        match *self {
            Self::A { address } => Some(core::net::IpAddr::V4(address)),
            Self::Aaaa { address } => Some(core::net::IpAddr::V6(address)),
            _ => None,
        }
    }
}

/// Data that is not looked into.
///
/// ```
/// use dns_proto::{Rdata, RecordType};
///
/// let data = Rdata::parse(RecordType::new(731), b"abc")?;
/// assert_eq!(data.to_string(), r"\# 3 616263");
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Opaque<'a> {
    rtype: RecordType,
    octets: &'a [u8],
}

impl<'a> Opaque<'a> {
    /// Returns the octets.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }
}

impl fmt::Display for Opaque<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r"\# {}", self.octets.len())?;
        let mut separator = " ";
        self.octets
            .iter()
            .try_for_each(|octet| write!(f, "{}{octet:02x}", core::mem::take(&mut separator)))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use alloc::vec::Vec;

    use super::*;

    /// Type, uncompressed octets, text.
    const TABLE: [(RecordType, &[u8], &str); 12] = [
        (RecordType::A, &[10, 0, 0, 1], "10.0.0.1"),
        (RecordType::AAAA, &[0; 16], "::"),
        (RecordType::NS, b"\x01a\x00", "a."),
        (RecordType::CNAME, b"\x01a\x00", "a."),
        (RecordType::PTR, b"\0", "."),
        (RecordType::MX, b"\0\x0a\x01a\0", "10 a."),
        (RecordType::DNAME, b"\x01a\0", "a."),
        (
            RecordType::SOA,
            b"\x01a\0\x01b\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05",
            "a. b. 1 2 3 4 5",
        ),
        (RecordType::TXT, b"\x03a\"b\0\x01\xff", r#""a\"b" "" "\255""#),
        (RecordType::SRV, b"\0\x01\0\x02\0\x19\x01a\0", "1 2 25 a."),
        (RecordType::OPT, b"\0\x03\0\x01x", "OPTION3=78"),
        (RecordType::new(731), b"", r"\# 0"),
    ];

    #[test]
    fn every_type_reads_writes_and_prints() {
        for (rtype, octets, text) in TABLE {
            let data = Rdata::parse(rtype, octets).unwrap();
            let mut written = Vec::new();
            data.write(&mut written);
            assert_eq!(written, octets, "{rtype}");
            assert_eq!((data.to_string().as_str(), data.record_type()), (text, rtype));
        }
    }

    #[test]
    fn data_that_is_cut_or_grown_is_an_error() {
        for (rtype, octets, _) in TABLE.into_iter().filter(|(rtype, ..)| rtype.number() < 700) {
            for end in 0..octets.len() {
                // A TXT or OPT record cut between strings or options is whole.
                let whole = matches!((rtype, end), (RecordType::TXT, 4 | 5) | (RecordType::OPT, 0));
                assert_eq!(Rdata::parse(rtype, &octets[..end]).is_ok(), whole, "{rtype} {end}");
            }
            let mut grown = octets.to_vec();
            grown.push(b'x');
            assert!(Rdata::parse(rtype, &grown).is_err(), "{rtype}");
        }
    }

    #[test]
    fn names_in_data_are_equal_without_case() {
        let parse = |octets| Rdata::parse(RecordType::MX, octets).unwrap();
        assert_eq!(parse(b"\0\x01\x01a\0"), parse(b"\0\x01\x01A\0"));
        assert_ne!(parse(b"\0\x01\x01a\0"), parse(b"\0\x02\x01a\0"));
    }
}

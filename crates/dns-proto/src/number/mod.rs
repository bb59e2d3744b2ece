//! The numbers IANA keeps: types, classes, opcodes, rcodes and others, and their mnemonics.
mod codes;
mod record_type;

pub use codes::{
    CertType, Class, DnssecAlgorithm, DsyncScheme, ExtendedError, Opcode, OptionCode, Rcode, SvcKey,
};
pub use record_type::RecordType;

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

            /// Reads a mnemonic in any case, or the generic form.
            #[allow(dead_code, reason = "not every registry is read from text")]
            pub(crate) fn parse(text: &[u8]) -> Option<Self> {
                let packed = $crate::number::pack(text);
                // The compiler makes a search tree of this.
                $( if packed == const { $crate::number::pack($text.as_bytes()) } {
                    return Some(Self($value));
                } )*
                let digits = $crate::number::generic(text, $prefix.as_bytes())?;
                digits.parse().ok().map(Self)
            }
        }

        /// Writes the mnemonic, or the generic form (RFC 3597 §5) of an unknown number.
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.0 {
                    $( $value => f.pad($text), )*
                    number => write!(f, concat!($prefix, "{}"), number),
                }
            }
        }

        /// Reads a mnemonic in any case, or the generic form.
        impl core::str::FromStr for $name {
            type Err = $crate::error::ParseError;
            fn from_str(text: &str) -> Result<Self, $crate::error::ParseError> {
                let error = $crate::error::ParseError::new(
                    $crate::error::ParseErrorKind::Mnemonic, 0,
                );
                Self::parse(text.as_bytes()).ok_or(error)
            }
        }
    };
}
pub(crate) use registry;

/// Puts up to sixteen octets of text, in capitals, into one number; zero is none.
pub(crate) const fn pack(text: &[u8]) -> u128 {
    let (mut packed, mut rest) = (0, text);
    if text.len() > 16 {
        return 0;
    }
    while let [octet, after @ ..] = rest {
        if *octet == 0 {
            return 0;
        }
        packed = (packed << 8) | octet.to_ascii_uppercase() as u128;
        rest = after;
    }
    packed
}

/// Takes the digits after the prefix of a generic mnemonic.
fn generic<'t>(text: &'t [u8], prefix: &[u8]) -> Option<&'t str> {
    let (head, digits) = text.split_at_checked(prefix.len())?;
    let plain = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let digits = core::str::from_utf8(digits).ok()?;
    (plain && head.eq_ignore_ascii_case(prefix)).then_some(digits)
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
            assert_eq!(Class::new(number).to_string().parse(), Ok(Class::new(number)));
            let key = SvcKey::new(number);
            assert_eq!(key.to_string().parse(), Ok(key));
        }
    }

    #[test]
    fn unknown_mnemonics_are_errors() {
        for text in
            ["", "AA", "TYPE", "TYPE65536", "TYPE-1", "TYPE+1", "é", "\0A", "AAAAAAAAAAAAAAAAA"]
        {
            assert!(text.parse::<RecordType>().is_err(), "{text}");
        }
    }

    #[test]
    fn questions_and_opt_are_meta_types() {
        for rtype in [RecordType::OPT, RecordType::ANY, RecordType::TSIG, RecordType::NXNAME] {
            assert!(rtype.is_meta());
        }
        assert!(!RecordType::A.is_meta() && !RecordType::DS.is_meta());
    }
}

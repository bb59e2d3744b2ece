//! The first twelve octets of a message (RFC 1035 §4.1.1).
use crate::number::{Opcode, Rcode};

/// What a message says about itself.
///
/// Of the rcode only the low four bits are here; [`Message::rcode`](crate::Message::rcode) knows
/// them all.
///
/// ```
/// use dns_proto::{Header, Opcode};
///
/// let header = Header { id: 7, recursion_desired: true, ..Header::default() };
/// assert_eq!(header.opcode, Opcode::QUERY);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Header {
    /// Says which answer belongs to which query.
    pub id: u16,
    /// QR: whether this is an answer.
    pub response: bool,
    /// What is asked for.
    pub opcode: Opcode,
    /// AA: whether the server is an authority for the name.
    pub authoritative: bool,
    /// TC: whether something did not fit.
    pub truncated: bool,
    /// RD: whether the client wants recursion.
    pub recursion_desired: bool,
    /// RA: whether the server offers recursion.
    pub recursion_available: bool,
    /// AD: whether the data are authentic (RFC 4035 §3.2.3).
    pub authentic_data: bool,
    /// CD: whether checking is the client's own business (RFC 4035 §3.2.2).
    pub checking_disabled: bool,
    /// How it went.
    pub rcode: Rcode,
}

impl Default for Header {
    fn default() -> Self {
        Self::parse(0, 0)
    }
}

impl Header {
    pub(crate) const fn parse(id: u16, flags: u16) -> Self {
        let [high, low] = flags.to_be_bytes();
        Self {
            id,
            response: high & 0x80 != 0,
            opcode: Opcode::new((high >> 3) & 0x0f),
            authoritative: high & 0x04 != 0,
            truncated: high & 0x02 != 0,
            recursion_desired: high & 0x01 != 0,
            recursion_available: low & 0x80 != 0,
            authentic_data: low & 0x20 != 0,
            checking_disabled: low & 0x10 != 0,
            rcode: Rcode::new(flags & 0x0f),
        }
    }

    /// Returns the third and fourth octet; the one reserved bit is zero.
    pub(crate) const fn flags(&self) -> [u8; 2] {
        let high = ((self.response as u8) << 7)
            | ((self.opcode.number() & 0x0f) << 3)
            | ((self.authoritative as u8) << 2)
            | ((self.truncated as u8) << 1)
            | (self.recursion_desired as u8);
        let low = ((self.recursion_available as u8) << 7)
            | ((self.authentic_data as u8) << 5)
            | ((self.checking_disabled as u8) << 4)
            | (self.rcode.number().to_be_bytes()[1] & 0x0f);
        [high, low]
    }

    /// Returns the header of the answer to this query, before anything is known of it: the same
    /// id, opcode, RD and CD.
    #[must_use]
    pub fn answer(&self) -> Self {
        Self {
            id: self.id,
            response: true,
            opcode: self.opcode,
            recursion_desired: self.recursion_desired,
            checking_disabled: self.checking_disabled,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_flags_but_the_reserved_one_survive() {
        for flags in 0..=u16::MAX {
            assert_eq!(Header::parse(1, flags).flags(), (flags & !0x40).to_be_bytes());
        }
    }
}

//! The boundaries of multiparts that are written.

/// A boundary: `=_`, which neither base64 nor quoted-printable can have, and with which no line of
/// text begins that is sent as it is (RFC 2045 §6.7); a number, so that none begins with another
/// one; and the seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Boundary {
    octets: [u8; LONGEST],
    start: usize,
}

/// Two octets, the ten digits of a number, another octet and the sixteen digits of a seed.
const LONGEST: usize = 29;

impl Boundary {
    pub(crate) fn new(number: u32, seed: u64) -> Self {
        let mut boundary = Self { octets: [0; LONGEST], start: LONGEST };
        for shift in (0..64).step_by(4) {
            let digit = u8::try_from(seed >> shift & 15).unwrap_or_default();
            boundary.prepend(if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
        }
        boundary.prepend(b'_');
        let mut rest = number;
        loop {
            boundary.prepend(b'0' + u8::try_from(rest % 10).unwrap_or_default());
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        boundary.prepend(b'_');
        boundary.prepend(b'=');
        boundary
    }

    fn prepend(&mut self, octet: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.octets.get_mut(self.start) {
            *place = octet;
        }
    }

    pub(crate) fn octets(&self) -> &[u8] {
        self.octets.get(self.start..).unwrap_or_default()
    }
}

/// Reads the seed of a boundary of ours, from after its `=_`.
pub(crate) fn seed_of(octets: &[u8]) -> Option<u64> {
    let digits = octets.iter().take(10).take_while(|it| it.is_ascii_digit()).count();
    let rest = octets.get(digits..)?.strip_prefix(b"_")?;
    let seed = core::str::from_utf8(rest.get(..16)?).ok()?;
    u64::from_str_radix(seed, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_say_their_number_and_seed() {
        for (number, seed, expected) in [
            (0, 0, "=_0_0000000000000000"),
            (10, 0x5a1c_9e00, "=_10_000000005a1c9e00"),
            (u32::MAX, u64::MAX, "=_4294967295_ffffffffffffffff"),
        ] {
            let boundary = Boundary::new(number, seed);
            assert_eq!(boundary.octets(), expected.as_bytes());
            assert_eq!(boundary.octets().get(2..).and_then(seed_of), Some(seed));
        }
    }
}

//! Base 16, 32 and 64 (RFC 4648), as records print octets.
use alloc::vec::Vec;
use core::fmt;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// The value of each octet as a base64 digit; 64 is none.
const DIGITS64: [u8; 256] = {
    let (mut digits, mut value, mut rest) = ([64_u8; 256], 0, BASE64.as_slice());
    while let [octet, after @ ..] = rest {
        if let Some((place, _)) = digits.split_at_mut(*octet as usize).1.split_first_mut() {
            *place = value;
        }
        value += 1;
        rest = after;
    }
    digits
};

/// The value of each octet as a hexadecimal digit; 255 is none.
const DIGITS16: [u8; 256] = {
    let (mut digits, mut value) = ([255_u8; 256], 0);
    while value < 16 {
        let [one, other] = match value {
            0..10 => [b'0' + value; 2],
            _ => [b'a' + value - 10, b'A' + value - 10],
        };
        if let Some((place, _)) = digits.split_at_mut(one as usize).1.split_first_mut() {
            *place = value;
        }
        if let Some((place, _)) = digits.split_at_mut(other as usize).1.split_first_mut() {
            *place = value;
        }
        value += 1;
    }
    digits
};

/// How bits are grouped into characters.
#[derive(Clone, Copy)]
pub(crate) enum Base {
    /// Two digits an octet, printed in capitals.
    Hex,
    /// With padding.
    Base64,
    /// The extended hexadecimal alphabet, without padding, printed in small letters as in
    /// RFC 5155's examples.
    Base32,
}

/// Characters to a line in the form of several lines; a multiple of two, four and eight.
const LINE: usize = 56;
/// Where such a line begins.
pub(crate) const INDENT: &str = "\n\t\t\t\t\t";

/// Prints octets in one line.
pub(crate) fn print(f: &mut fmt::Formatter<'_>, octets: &[u8], base: Base) -> fmt::Result {
    octets.chunks(15).try_for_each(|group| print_group(f, group, base))
}

/// Prints octets; in the alternate form, a new line after each so many characters.
pub(crate) fn print_lines(f: &mut fmt::Formatter<'_>, octets: &[u8], base: Base) -> fmt::Result {
    if !f.alternate() {
        return print(f, octets, base);
    }
    let octets_per_line = match base {
        Base::Hex => LINE / 2,
        Base::Base64 => LINE / 4 * 3,
        Base::Base32 => LINE / 8 * 5,
    };
    for (line, octets) in octets.chunks(octets_per_line).enumerate() {
        if line > 0 {
            f.write_str(INDENT)?;
        }
        print(f, octets, base)?;
    }
    Ok(())
}

/// Prints up to fifteen octets: whole groups of every base.
fn print_group(f: &mut fmt::Formatter<'_>, octets: &[u8], base: Base) -> fmt::Result {
    let mut out = [b'='; 30];
    let (bits, padded) = match base {
        Base::Hex => (4, 0),
        Base::Base64 => (6, octets.len().div_ceil(3) * 4),
        Base::Base32 => (5, 0),
    };
    let (mut window, mut have, mut length) = (0_u32, 0, 0);
    let mut places = out.iter_mut();
    let mut put = |value: u32, length: &mut usize| {
        let value = usize::try_from(value).unwrap_or_default() & ((1 << bits) - 1);
        let digit = match base {
            Base::Hex => b"0123456789ABCDEF".get(value).copied(),
            Base::Base64 => BASE64.get(value).copied(),
            Base::Base32 => BASE32.get(value).map(u8::to_ascii_lowercase),
        };
        if let (Some(place), Some(digit)) = (places.next(), digit) {
            *place = digit;
            *length += 1;
        }
    };
    for &octet in octets {
        window = (window << 8) | u32::from(octet);
        have += 8;
        while have >= bits {
            have -= bits;
            put(window >> have, &mut length);
        }
        window &= (1 << have) - 1;
    }
    if have > 0 {
        put(window << (bits - have), &mut length);
    }
    let text = out.get(..length.max(padded)).unwrap_or_default();
    f.write_str(core::str::from_utf8(text).unwrap_or_default())
}

/// A reader of digits that may come in several words.
pub(crate) struct Decoder {
    base: Base,
    window: u32,
    bits: u32,
    digits: usize,
    padding: usize,
}

impl Decoder {
    pub(crate) const fn new(base: Base) -> Self {
        Self { base, window: 0, bits: 0, digits: 0, padding: 0 }
    }

    /// Takes digits and appends octets; `None` for what is no digit.
    pub(crate) fn push(&mut self, text: &[u8], out: &mut Vec<u8>) -> Option<()> {
        let width = match self.base {
            Base::Hex => 4,
            Base::Base32 => 5,
            Base::Base64 => 6,
        };
        let mut text = text;
        if let (Base::Hex, 0) = (self.base, self.bits) {
            let (pairs, rest) = text.as_chunks();
            for [high, low] in pairs {
                let high = DIGITS16.get(usize::from(*high))?;
                let low = DIGITS16.get(usize::from(*low))?;
                if (high | low) & 0xf0 != 0 {
                    return None;
                }
                out.push(high << 4 | low);
            }
            text = rest;
        }
        for &octet in text {
            if octet == b'=' && matches!(self.base, Base::Base64) {
                self.padding += 1;
                continue;
            }
            let digit = match (self.base, octet) {
                (Base::Base64, _) => *DIGITS64.get(usize::from(octet))?,
                (_, b'0'..=b'9') => octet - b'0',
                (_, b'a'..=b'v') => octet - b'a' + 10,
                (_, b'A'..=b'V') => octet - b'A' + 10,
                _ => return None,
            };
            if u32::from(digit) >= 1 << width || self.padding > 0 {
                return None;
            }
            self.window = (self.window << width) | u32::from(digit);
            self.bits += width;
            self.digits += 1;
            if self.bits >= 8 {
                self.bits -= 8;
                out.push((self.window >> self.bits).to_le_bytes()[0]);
                self.window &= (1 << self.bits) - 1;
            }
        }
        Some(())
    }

    /// Whether the digits make whole octets, with the padding they need and no stray bits.
    pub(crate) const fn is_whole(&self) -> bool {
        let padding = match self.base {
            Base::Base64 => self.padding == (4 - self.digits % 4) % 4 && self.digits % 4 != 1,
            Base::Base32 => !matches!(self.digits % 8, 1 | 3 | 6),
            Base::Hex => self.bits == 0,
        };
        padding && self.window == 0
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    struct Printed<'a>(&'a [u8], Base);

    impl fmt::Display for Printed<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            print(f, self.0, self.1)
        }
    }

    fn read(text: &str, base: Base) -> Option<Vec<u8>> {
        let (mut decoder, mut out) = (Decoder::new(base), Vec::new());
        decoder.push(text.as_bytes(), &mut out)?;
        decoder.is_whole().then_some(out)
    }

    /// RFC 4648 §10.
    #[test]
    fn the_vectors_of_rfc_4648() {
        let vectors = [
            ("", "", "", ""),
            ("f", "Zg==", "co", "66"),
            ("fo", "Zm8=", "cpng", "666F"),
            ("foo", "Zm9v", "cpnmu", "666F6F"),
            ("foob", "Zm9vYg==", "cpnmuog", "666F6F62"),
            ("fooba", "Zm9vYmE=", "cpnmuoj1", "666F6F6261"),
            ("foobar", "Zm9vYmFy", "cpnmuoj1e8", "666F6F626172"),
        ];
        for (octets, base64, base32, hex) in vectors {
            let texts = [(base64, Base::Base64), (base32, Base::Base32), (hex, Base::Hex)];
            for (text, base) in texts {
                assert_eq!(format!("{}", Printed(octets.as_bytes(), base)), text);
                assert_eq!(read(text, base).as_deref(), Some(octets.as_bytes()));
            }
        }
    }

    #[test]
    fn digits_that_are_not_whole_octets_are_refused() {
        for text in ["Z", "Zg", "Zg=", "Zh==", "Zg===", "Zg==Zg==", "Z-==", "===="] {
            assert_eq!(read(text, Base::Base64), None, "{text}");
        }
        assert_eq!(read("0", Base::Hex), None);
        assert_eq!(read("0g", Base::Hex), None);
        assert_eq!(read("c", Base::Base32), None);
    }

    proptest! {
        #[test]
        fn octets_survive(octets in prop::collection::vec(any::<u8>(), 0..100)) {
            for base in [Base::Base64, Base::Base32, Base::Hex] {
                let text = format!("{}", Printed(&octets, base));
                prop_assert_eq!(read(&text, base), Some(octets.clone()));
            }
        }
    }
}

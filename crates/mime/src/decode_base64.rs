//! Undoing base64 (RFC 2045 §6.8).
use alloc::vec::Vec;

/// The symbols of a group that is not complete yet.
#[derive(Clone, Debug, Default)]
pub(crate) struct Base64 {
    bits: u32,
    symbols: u8,
}

/// What an octet is: its value, or one of these.
const BLANK: u8 = 0x80;
const PAD: u8 = 0x81;
const OTHER: u8 = 0x82;

const VALUES: [u8; 256] = {
    let mut table = [OTHER; 256];
    let (mut rest, mut octet) = (table.as_mut_slice(), 0_u8);
    while let [first, more @ ..] = rest {
        *first = match octet {
            b'A'..=b'Z' => octet - b'A',
            b'a'..=b'z' => octet - b'a' + 26,
            b'0'..=b'9' => octet - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => PAD,
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => BLANK,
            _ => OTHER,
        };
        octet = octet.wrapping_add(1);
        rest = more;
    }
    table
};

#[inline(always)]
fn value(octet: u8) -> u8 {
    VALUES.get(usize::from(octet)).copied().unwrap_or(OTHER)
}

impl Base64 {
    /// Returns the number of problems.
    pub(crate) fn feed(&mut self, octets: &[u8], out: &mut Vec<u8>) -> usize {
        let start = out.len();
        // Room for the largest output, so that groups are written in place: a symbol that waits
        // can complete one more group.
        out.resize(start + octets.len() / 4 * 3 + 3, 0);
        let (mut slots, mut rest) = (out.get_mut(start..).unwrap_or_default(), octets);
        let (mut written, mut problems) = (0, 0);
        while let Some((octet, more)) = rest.split_first() {
            if self.symbols == 0 {
                let groups = groups(rest, slots);
                if groups > 0 {
                    rest = rest.get(groups * 4..).unwrap_or_default();
                    slots = slots.get_mut(groups * 3..).unwrap_or_default();
                    written += groups * 3;
                    // Most lines end between two groups.
                    rest = rest.strip_prefix(b"\r\n").unwrap_or(rest);
                    continue;
                }
            }
            rest = more;
            let (found, len, wrong) = self.octet(*octet);
            for (slot, octet) in slots.iter_mut().zip(found).take(len) {
                *slot = octet;
            }
            slots = slots.get_mut(len..).unwrap_or_default();
            written += len;
            problems += wrong;
        }
        out.truncate(start + written);
        problems
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<u8>) -> usize {
        let (octets, len, problems) = self.end();
        out.extend(octets.into_iter().take(len));
        problems
    }

    /// Takes one octet; returns what it completes, how much of that counts, and the number of
    /// problems.
    fn octet(&mut self, octet: u8) -> ([u8; 3], usize, usize) {
        match value(octet) {
            BLANK => ([0; 3], 0, 0),
            // Padding ends a group; senders that join two encodings go on after it.
            PAD => self.end(),
            OTHER => ([0; 3], 0, 1),
            value => {
                self.bits = self.bits << 6 | u32::from(value);
                self.symbols += 1;
                if self.symbols < 4 {
                    return ([0; 3], 0, 0);
                }
                let [_, octets @ ..] = self.bits.to_be_bytes();
                *self = Self::default();
                (octets, 3, 0)
            }
        }
    }

    /// Ends a group that may be short.
    fn end(&mut self) -> ([u8; 3], usize, usize) {
        let Self { bits, symbols } = core::mem::take(self);
        let [_, octets @ ..] = (bits << (6 * (4 - u32::from(symbols).min(4)))).to_be_bytes();
        match symbols {
            2 => (octets, 1, 0),
            3 => (octets, 2, 0),
            symbols => (octets, 0, usize::from(symbols)),
        }
    }
}

/// The values of symbols at one place of a group, shifted there; all ones if it is none.
const fn shifted(shift: u32) -> [u32; 256] {
    let mut table = [u32::MAX; 256];
    let (mut slots, mut values) = (table.as_mut_slice(), VALUES.as_slice());
    while let ([slot, more_slots @ ..], [value, more_values @ ..]) = (slots, values) {
        if *value < BLANK {
            *slot = (*value as u32) << shift;
        }
        (slots, values) = (more_slots, more_values);
    }
    table
}

static PLACES: [[u32; 256]; 4] = [shifted(18), shifted(12), shifted(6), shifted(0)];

/// Decodes a group to the low 24 bits; sets others if not all are symbols.
#[inline(always)]
fn group([a, b, c, d]: [u8; 4]) -> u32 {
    let [first, second, third, fourth] = &PLACES;
    let at =
        |table: &[u32; 256], octet: u8| table.get(usize::from(octet)).copied().unwrap_or(u32::MAX);
    at(first, a) | at(second, b) | at(third, c) | at(fourth, d)
}

/// Decodes whole groups without anything between; returns how many there are.
#[inline]
fn groups(octets: &[u8], out: &mut [u8]) -> usize {
    const STEP: usize = 4;
    let (steps, slots) =
        (octets.as_chunks::<{ 4 * STEP }>().0, out.as_chunks_mut::<{ 3 * STEP }>().0);
    let mut done = 0;
    for (step, slot) in steps.iter().zip(slots) {
        // Four at a time, and one look at what is wrong with any.
        let [a1, b1, c1, d1, a2, b2, c2, d2, a3, b3, c3, d3, a4, b4, c4, d4] = *step;
        let one = group([a1, b1, c1, d1]);
        let two = group([a2, b2, c2, d2]);
        let three = group([a3, b3, c3, d3]);
        let four = group([a4, b4, c4, d4]);
        if (one | two | three | four) >> 24 != 0 {
            break;
        }
        let [_, a, b, c] = one.to_be_bytes();
        let [_, d, e, f] = two.to_be_bytes();
        let [_, g, h, i] = three.to_be_bytes();
        let [_, j, k, l] = four.to_be_bytes();
        *slot = [a, b, c, d, e, f, g, h, i, j, k, l];
        done += STEP;
    }
    let rest = octets.get(done * 4..).unwrap_or_default().as_chunks::<4>().0;
    let slots = out.get_mut(done * 3..).unwrap_or_default().as_chunks_mut::<3>().0;
    for (symbols, slot) in rest.iter().zip(slots) {
        let bits = group(*symbols);
        if bits >> 24 != 0 {
            break;
        }
        let [_, octets @ ..] = bits.to_be_bytes();
        *slot = octets;
        done += 1;
    }
    done
}

/// Counts what is wrong in a whole body.
#[cfg(feature = "simd")]
pub(crate) fn problems(body: &[u8]) -> usize {
    let mut base64 = Base64::default();
    let inside: usize = body.iter().map(|octet| base64.octet(*octet).2).sum();
    inside + base64.end().2
}

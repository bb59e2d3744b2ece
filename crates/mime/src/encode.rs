//! Putting octets into lines of ASCII: base64 and quoted-printable (RFC 2045 §6.7, §6.8), and
//! choosing between them.
use bytes::{BufMut, BytesMut};
use memchr::{memchr, memchr2};

use crate::{Encoding, Target};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8; 16] = b"0123456789ABCDEF";
/// RFC 2045 §6.7 rule 5, §6.8: no encoded line has more than 76 octets.
const LINE: usize = 76;
/// Octets that fill a line of base64.
pub(crate) const BASE64_LINE: usize = LINE / 4 * 3;

/// The two symbols of each 12 bits. A step of the encoder is then one load instead of two, and
/// the table still fits into the first cache.
static PAIRS: [[u8; 2]; 4096] = {
    let mut pairs = [[0; 2]; 4096];
    let mut at = 0;
    while at < 4096 {
        #[allow(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            pairs[at] = [ALPHABET[at >> 6], ALPHABET[at & 63]];
        }
        at += 1;
    }
    pairs
};

/// What is in a body, as far as transports mind.
#[derive(Clone, Copy, Debug, Default)]
struct Survey {
    /// Octets that quoted-printable escapes, if some must be encoded.
    marks: usize,
    eight_bit: bool,
    nul: bool,
    /// A line over 998 octets (RFC 5322 §2.1.1).
    long: bool,
    /// A line that a boundary of ours or an mbox could take for its own.
    reserved: bool,
    /// CR or LF that is no CRLF.
    bare: bool,
}

fn survey(octets: &[u8]) -> Survey {
    let mut found = Survey::default();
    let mut rest = octets;
    loop {
        let end = memchr2(b'\r', b'\n', rest);
        let (line, tail) = rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
        found.long |= line.len() > 998;
        found.reserved |= matches!(line, [b'-', b'-', b'=', b'_', ..])
            || matches!(line, [b'F', b'r', b'o', b'm', b' ', ..]);
        match tail {
            [] => break,
            [b'\r', b'\n', after @ ..] => rest = after,
            [_, after @ ..] => (found.bare, rest) = (true, after),
        }
    }
    found.eight_bit = !octets.is_ascii();
    found.nul = memchr(0, octets).is_some();
    if found.eight_bit || found.nul || found.long || found.reserved {
        found.marks = octets.chunks(MARKED).map(marks).sum();
    }
    found
}

/// Whole vectors, and few enough that an octet holds the count of all.
const MARKED: usize = 192;

/// Counts what quoted-printable escapes in as many octets.
fn marks(octets: &[u8]) -> usize {
    // Without a way out of the middle the compiler takes many octets at once.
    let mark = |it: u8| {
        let control = (it < b' ') & (it != b'\t') & (it != b'\r') & (it != b'\n');
        u8::from(control | (it == b'=') | (it > b'~'))
    };
    usize::from(octets.iter().fold(0_u8, |count, it| count.wrapping_add(mark(*it))))
}

impl Survey {
    /// Returns the identity encoding that the target takes the octets in, if there is one.
    fn identity(&self, target: Target) -> Option<Encoding> {
        let lines = !self.nul && !self.long;
        match () {
            () if lines && !self.eight_bit => Some(Encoding::SevenBit),
            () if lines && target.carries_eight_bit() => Some(Encoding::EightBit),
            () if target.carries_binary() => Some(Encoding::Binary),
            () => None,
        }
    }

    /// Three octets for each mark against four for three of any kind.
    const fn shorter(&self, len: usize) -> Encoding {
        if self.marks > len / 6 { Encoding::Base64 } else { Encoding::QuotedPrintable }
    }
}

/// Chooses the mildest encoding that text, whose line ends will be made CRLF, survives in
/// (RFC 2045 §6.2).
pub(crate) fn choose(text: &[u8], target: Target) -> Encoding {
    choose_text(text, target).0
}

/// Does as [`choose`], and tells whether every line end is CRLF already.
pub(crate) fn choose_text(text: &[u8], target: Target) -> (Encoding, bool) {
    let found = survey(text);
    let identity = found.identity(target).filter(|_| !found.reserved);
    (identity.unwrap_or_else(|| found.shorter(text.len())), !found.bare)
}

/// Chooses the encoding of octets that must arrive unchanged.
pub(crate) fn choose_exact(octets: &[u8], text: bool, target: Target) -> Encoding {
    if !text {
        return if target.carries_binary() { Encoding::Binary } else { Encoding::Base64 };
    }
    let found = survey(octets);
    // What is not in lines may be put into lines on the way.
    match found.identity(target).filter(|_| !found.reserved) {
        Some(Encoding::Binary) => Encoding::Binary,
        Some(identity) if !found.bare => identity,
        _ if found.bare => Encoding::Base64,
        _ => found.shorter(octets.len()),
    }
}

/// Returns the identity encoding that octets have as they are, for the label of what holds them;
/// [`Encoding::SevenBit`] if they will be encoded.
pub(crate) fn label(octets: &[u8], target: Target) -> Encoding {
    survey(octets).identity(target).unwrap_or_default()
}

/// Chooses how a message goes inside another one: as it is, or not at all (RFC 2046 §5.2.1).
pub(crate) fn choose_message(octets: &[u8], target: Target) -> Option<Encoding> {
    let found = survey(octets);
    found.identity(target).filter(|encoding| !found.bare || *encoding == Encoding::Binary)
}

/// Appends text with every line end made CRLF: text has no others (RFC 2046 §4.1.1).
pub(crate) fn canonical(text: &[u8], out: &mut BytesMut) {
    out.reserve(text.len() + text.len() / 32 + 2);
    let mut rest = text;
    while let Some(at) = memchr2(b'\r', b'\n', rest) {
        let (line, tail) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.put_slice(line);
        out.put_slice(b"\r\n");
        rest = match tail {
            [b'\r', b'\n', after @ ..] | [_, after @ ..] => after,
            [] => &[],
        };
    }
    out.put_slice(rest);
}

/// Appends base64 without line ends.
pub(crate) fn base64_line(octets: &[u8], out: &mut BytesMut) {
    // No line but the last is padded, as each holds whole groups.
    for octets in octets.chunks(BASE64_LINE) {
        let mut line = [b'='; LINE];
        let (groups, rest) = octets.as_chunks::<3>();
        let (words, _) = line.as_chunks_mut::<4>();
        let mut words = words.iter_mut();
        for (&[a, b, c], word) in groups.iter().zip(&mut words) {
            *word = four(u32::from_be_bytes([0, a, b, c]));
        }
        match (rest, words.next()) {
            (&[a], Some([one, two, ..])) => {
                [*one, *two, ..] = four(u32::from_be_bytes([0, a, 0, 0]));
            }
            (&[a, b], Some([one, two, three, _])) => {
                [*one, *two, *three, _] = four(u32::from_be_bytes([0, a, b, 0]));
            }
            _ => {}
        }
        out.put_slice(line.get(..octets.len().div_ceil(3) * 4).unwrap_or_default());
    }
}

/// Appends lines of base64, each with its line end.
pub(crate) fn base64_lines(octets: &[u8], out: &mut BytesMut) {
    out.reserve(octets.len().div_ceil(BASE64_LINE) * (LINE + 2) + 2);
    #[cfg(feature = "simd")]
    if octets.len() >= BASE64_LINE {
        return vector_lines(octets, out);
    }
    let (lines, rest) = octets.as_chunks::<BASE64_LINE>();
    let mut written = [0; LINE + 4];
    for line in lines {
        full_line(line, &mut written);
        let [line @ .., _, _] = &written;
        out.put_slice(line);
    }
    if !rest.is_empty() {
        base64_line(rest, out);
        out.put_slice(b"\r\n");
    }
}

/// Appends lines by the processor's vector instructions.
#[cfg(feature = "simd")]
fn vector_lines(octets: &[u8], out: &mut BytesMut) {
    if octets.len() < BASE64_LINE * 128 {
        let start = out.len();
        out.resize(start + octets.len().div_ceil(BASE64_LINE) * (LINE + 2), 0);
        let room = out.get_mut(start..).unwrap_or_default();
        let written = encodify::base64::MIME.encode_slice(octets, room);
        return out.truncate(start + written.expect("there is room for whole lines"));
    }
    // A vector's room need not be filled before it is written, which is much where it is large;
    // both ways it keeps its place.
    let mut vector = alloc::vec::Vec::from(core::mem::take(out));
    encodify::base64::MIME.encode_append(octets, &mut vector);
    *out = BytesMut::from(bytes::Bytes::from(vector));
}

/// Encodes a whole line six octets at a time; the last two octets written mean nothing.
fn full_line(line: &[u8; BASE64_LINE], out: &mut [u8; LINE + 4]) {
    let (groups, rest) = line.as_chunks::<6>();
    let (words, _) = out.as_chunks_mut::<8>();
    for (&[a, b, c, d, e, f], word) in groups.iter().zip(words.iter_mut()) {
        let bits = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
        let ([a, b], [c, d]) = (pair(bits >> 36), pair(bits >> 24));
        let ([e, f], [g, h]) = (pair(bits >> 12), pair(bits));
        *word = [a, b, c, d, e, f, g, h];
    }
    if let (&[a, b, c], [.., word]) = (rest, words) {
        let [a, b, c, d] = four(u32::from_be_bytes([0, a, b, c]));
        *word = [a, b, c, d, b'\r', b'\n', 0, 0];
    }
}

fn four(bits: u32) -> [u8; 4] {
    let ([a, b], [c, d]) = (pair(u64::from(bits >> 12)), pair(u64::from(bits)));
    [a, b, c, d]
}

/// Returns the symbols of the lowest 12 bits.
fn pair(bits: u64) -> [u8; 2] {
    let at = usize::try_from(bits & 0xfff).unwrap_or_default();
    PAIRS.get(at).copied().unwrap_or_default()
}

/// Writes quoted-printable, however the octets are cut.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Quoter {
    column: usize,
}

impl Quoter {
    /// Appends the next octets. CRLF is a line end; what `next` begins with follows them, and is
    /// `None` at the end.
    ///
    /// The octets must not be cut inside CRLF.
    pub(crate) fn feed(&mut self, octets: &[u8], next: Option<u8>, out: &mut BytesMut) {
        out.reserve(octets.len() + octets.len() / 16);
        let mut rest = octets;
        while let Some((octet, after)) = rest.split_first() {
            if let [b'\r', b'\n', after @ ..] = rest {
                out.put_slice(b"\r\n");
                (self.column, rest) = (0, after);
                continue;
            }
            let run = self.plain_run(rest);
            if let Some((plain, after)) = rest.split_at_checked(run).filter(|_| run > 0) {
                out.put_slice(plain);
                (self.column, rest) = (self.column + run, after);
                continue;
            }
            let line_ends = match after {
                [] => next.is_none_or(|next| next == b'\r'),
                after => after.starts_with(b"\r\n"),
            };
            self.octet(*octet, line_ends, out);
            rest = after;
        }
    }

    /// Counts octets that stand for themselves wherever they are, and leave room in the line.
    fn plain_run(&self, octets: &[u8]) -> usize {
        let room = (LINE - 1).saturating_sub(self.column);
        if self.column == 0 && matches!(octets.first(), Some(b'F' | b'.')) {
            return 0;
        }
        let plain = |octet: &&u8| matches!(octet, b'!'..=b'<' | b'>'..=b'~');
        octets.iter().take(room).take_while(plain).count()
    }

    fn octet(&mut self, octet: u8, line_ends: bool, out: &mut BytesMut) {
        let plain = |column: usize| match octet {
            b' ' | b'\t' => !line_ends,
            // `From ` and a lone dot at the start of a line are mangled by mailers.
            b'F' | b'.' if column == 0 => false,
            octet => octet.is_ascii_graphic() && octet != b'=',
        };
        let width = |column| if plain(column) { 1 } else { 3 };
        // The last place of a line is for the `=` of a soft line break.
        if self.column + width(self.column) > LINE - usize::from(!line_ends) {
            out.put_slice(b"=\r\n");
            self.column = 0;
        }
        let plain = plain(self.column);
        if plain {
            out.put_u8(octet);
        } else {
            out.put_slice(&escape(octet));
        }
        self.column += if plain { 1 } else { 3 };
    }
}

pub(crate) fn escape(octet: u8) -> [u8; 3] {
    let digit = |at: u8| HEX.get(usize::from(at)).copied().unwrap_or(b'0');
    [b'=', digit(octet >> 4), digit(octet & 15)]
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::Decoder;

    fn quoted_printable(octets: &[u8], out: &mut BytesMut) {
        Quoter::default().feed(octets, None, out);
    }

    fn encode(encoder: fn(&[u8], &mut BytesMut), octets: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        encoder(octets, &mut out);
        out.to_vec()
    }

    #[test]
    fn lines_are_76_octets_and_come_back() {
        for len in 0..400_usize {
            let octets: Vec<u8> =
                (0..len).map(|at| [b'a', 0xe9, b' ', b'='][at * 7 / 5 % 4]).collect();
            for (encoding, encoder) in [
                (Encoding::Base64, base64_lines as fn(&[u8], &mut BytesMut)),
                (Encoding::QuotedPrintable, quoted_printable),
            ] {
                let encoded = encode(encoder, &octets);
                assert!(encoded.split(|it| *it == b'\n').all(|line| line.len() <= 77));
                let (mut decoder, mut out) = (Decoder::new(encoding), Vec::new());
                decoder.feed(&encoded, &mut out);
                decoder.finish(&mut out);
                assert_eq!((out, decoder.problems()), (octets.clone(), 0));
            }
        }
    }

    #[test]
    fn text_takes_the_mildest_encoding_that_carries_it() {
        use Encoding::{Base64, QuotedPrintable as Quoted, SevenBit};
        let long = "a".repeat(998);
        for (text, expected) in [
            ("plain\r\n", SevenBit),
            ("", SevenBit),
            (&long, SevenBit),
            (&alloc::format!("{long}a"), Quoted),
            ("un grand café", Quoted),
            ("кириллица", Base64),
            ("--=_ like a boundary of ours", Quoted),
            ("From here", Quoted),
            ("a NUL: \0", Quoted),
        ] {
            assert_eq!(choose(text.as_bytes(), Target::SEVEN_BIT), expected, "{text}");
        }
    }

    #[test]
    fn every_line_end_becomes_crlf() {
        let mut out = BytesMut::new();
        canonical(b"a\nb\r\nc\rd\r\r\n\r", &mut out);
        assert_eq!(out, b"a\r\nb\r\nc\r\nd\r\n\r\n\r\n"[..]);
    }

    #[test]
    fn blanks_at_line_ends_survive() {
        assert_eq!(encode(quoted_printable, b"a \r\nb\t"), b"a=20\r\nb=09");
    }
}

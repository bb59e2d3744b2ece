//! Putting octets into lines of ASCII: base64 and quoted-printable (RFC 2045 §6.7, §6.8).
use alloc::vec::Vec;

use bytes::{BufMut, BytesMut};

use crate::Encoding;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8; 16] = b"0123456789ABCDEF";
/// RFC 2045 §6.7 rule 5, §6.8: no encoded line has more than 76 octets.
const LINE: usize = 76;
/// Octets that fill a line of base64.
pub(crate) const BASE64_LINE: usize = LINE / 4 * 3;

/// Chooses the encoding that is shortest and survives 7-bit transports (RFC 2045 §6.2).
pub(crate) fn choose(text: &[u8]) -> Encoding {
    let marks =
        text.iter().filter(|it| !matches!(it, b' '..=b'<' | b'>'..=b'~' | b'\t' | b'\n' | b'\r'));
    let marks = marks.count();
    if is_seven_bit(text) {
        Encoding::SevenBit
    } else if marks > text.len() / 6 {
        // Three octets for each mark against four for three of any kind.
        Encoding::Base64
    } else {
        Encoding::QuotedPrintable
    }
}

/// Tells whether text can go as it is: ASCII without NUL, lines that end in CRLF and fit
/// (RFC 5322 §2.1.1), and none that a boundary of ours or an mbox could take for its own.
fn is_seven_bit(text: &[u8]) -> bool {
    let plain = text.is_ascii() && !text.contains(&0);
    plain
        && text.split(|octet| *octet == b'\n').all(|line| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            line.len() <= 998
                && !line.contains(&b'\r')
                && !line.starts_with(b"--=_")
                && !line.starts_with(b"From ")
        })
}

/// Makes every line end CRLF: text has no others (RFC 2046 §4.1.1).
pub(crate) fn canonical(text: &str) -> Vec<u8> {
    let (mut out, mut previous) = (Vec::with_capacity(text.len()), 0);
    for octet in text.bytes() {
        match octet {
            b'\n' if previous == b'\r' => out.push(b'\n'),
            b'\n' => out.extend_from_slice(b"\r\n"),
            _ if previous == b'\r' => out.extend_from_slice(&[b'\n', octet]),
            _ => out.push(octet),
        }
        previous = octet;
    }
    if previous == b'\r' {
        out.push(b'\n');
    }
    out
}

/// Appends base64 without line ends.
pub(crate) fn base64_line(octets: &[u8], out: &mut BytesMut) {
    let symbol = |at: u8| ALPHABET.get(usize::from(at & 63)).copied().unwrap_or(b'A');
    let (groups, rest) = octets.as_chunks::<3>();
    for &[a, b, c] in groups {
        out.put_slice(&[
            symbol(a >> 2),
            symbol(a << 4 | b >> 4),
            symbol(b << 2 | c >> 6),
            symbol(c),
        ]);
    }
    match *rest {
        [a] => out.put_slice(&[symbol(a >> 2), symbol(a << 4), b'=', b'=']),
        [a, b] => out.put_slice(&[symbol(a >> 2), symbol(a << 4 | b >> 4), symbol(b << 2), b'=']),
        _ => {}
    }
}

/// Appends lines of base64, each with its line end.
pub(crate) fn base64_lines(octets: &[u8], out: &mut BytesMut) {
    for line in octets.chunks(BASE64_LINE) {
        base64_line(line, out);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends quoted-printable of text whose lines end in CRLF.
pub(crate) fn quoted_printable(text: &[u8], out: &mut BytesMut) {
    let (mut column, mut rest) = (0, text);
    while let Some((octet, after)) = rest.split_first() {
        if let [b'\r', b'\n', after @ ..] = rest {
            out.extend_from_slice(b"\r\n");
            (column, rest) = (0, after);
            continue;
        }
        let line_ends = after.is_empty() || after.starts_with(b"\r\n");
        let plain = match octet {
            b' ' | b'\t' => !line_ends,
            // `From ` and a lone dot at the start of a line are mangled by mailers.
            b'F' | b'.' if column == 0 => false,
            octet => octet.is_ascii_graphic() && *octet != b'=',
        };
        let width = if plain { 1 } else { 3 };
        // The last place of a line is for the `=` of a soft line break.
        if column + width > LINE - usize::from(!line_ends) {
            out.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if plain {
            out.put_u8(*octet)
        } else {
            out.put_slice(&escape(*octet))
        }
        (column, rest) = (column + width, after);
    }
}

pub(crate) fn escape(octet: u8) -> [u8; 3] {
    let digit = |at: u8| HEX.get(usize::from(at)).copied().unwrap_or(b'0');
    [b'=', digit(octet >> 4), digit(octet & 15)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decoder;

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
            assert_eq!(choose(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn every_line_end_becomes_crlf() {
        assert_eq!(canonical("a\nb\r\nc\rd\r\r\n\r"), b"a\r\nb\r\nc\r\nd\r\n\r\n\r\n");
    }

    #[test]
    fn blanks_at_line_ends_survive() {
        assert_eq!(encode(quoted_printable, b"a \r\nb\t"), b"a=20\r\nb=09");
    }
}

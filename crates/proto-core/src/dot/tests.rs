use alloc::{vec, vec::Vec};

use memchr::memmem;

use super::*;

const ALPHABET: [u8; 5] = [CR, LF, b'.', b'x', 0];

/// What a message is, octet by octet: the definition that the fast code must equal.
mod oracle {
    use super::*;

    fn begins_line(wire: &[u8], at: usize) -> bool {
        at == 0 || wire[..at].ends_with(b"\r\n")
    }

    /// Where the dot that ends the message stands.
    pub(super) fn end(wire: &[u8]) -> Option<usize> {
        (0..wire.len()).find(|&at| begins_line(wire, at) && wire[at..].starts_with(b".\r\n"))
    }

    pub(super) fn unstuff(wire: &[u8]) -> Vec<u8> {
        let stuffed = |at: usize| wire[at] == b'.' && begins_line(wire, at);
        (0..wire.len()).filter(|&at| !stuffed(at)).map(|at| wire[at]).collect()
    }

    pub(super) fn stuff(message: &[u8]) -> Vec<u8> {
        let mut wire = Vec::new();
        for at in 0..message.len() {
            if message[at] == b'.' && begins_line(message, at) {
                wire.push(b'.');
            }
            wire.push(message[at]);
        }
        if !message.is_empty() && !message.ends_with(b"\r\n") {
            wire.extend(b"\r\n");
        }
        wire.extend(b".\r\n");
        wire
    }

    pub(super) fn bare(message: &[u8]) -> Option<Bare> {
        let kind = |at: usize| match message[at] {
            0 => Some(BareKind::Nul),
            LF if !message[..at].ends_with(b"\r") => Some(BareKind::Lf),
            CR if !message[at + 1..].starts_with(b"\n") => Some(BareKind::Cr),
            _ => None,
        };
        (0..message.len()).find_map(|at| Some(Bare { kind: kind(at)?, offset: at as u64 }))
    }

    pub(super) fn normalise(message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        for at in 0..message.len() {
            match message[at] {
                0 => {}
                LF if message[..at].ends_with(b"\r") => {}
                CR | LF => out.extend(b"\r\n"),
                other => out.push(other),
            }
        }
        out
    }
}

/// Every string over the alphabet, up to `longest` octets.
fn strings(longest: u32) -> impl Iterator<Item = Vec<u8>> {
    (0..=longest).flat_map(|length| {
        (0..5_usize.pow(length)).map(move |number| {
            (0..length).map(|digit| ALPHABET[number / 5_usize.pow(digit) % 5]).collect()
        })
    })
}

/// Whole, cut in two everywhere, octet by octet; short ones also cut in every way there is.
fn every_split(octets: &[u8], mut check: impl FnMut(&[&[u8]])) {
    for at in 0..=octets.len() {
        let (a, b) = octets.split_at(at);
        check(&[a, b]);
    }
    check(&octets.chunks(1).collect::<Vec<_>>());
    if (3..=6).contains(&octets.len()) {
        for cuts in 0..1_u32 << (octets.len() - 1) {
            let mut chunks = vec![];
            let mut from = 0;
            for at in (1..octets.len()).filter(|at| cuts & (1 << (at - 1)) != 0) {
                chunks.push(&octets[from..at]);
                from = at;
            }
            chunks.push(&octets[from..]);
            check(&chunks);
        }
    }
}

struct Received {
    message: Vec<u8>,
    end: Option<Option<Bare>>,
    left: Vec<u8>,
}

fn receive(policy: BarePolicy, chunks: &[&[u8]]) -> Received {
    let (mut input, mut body) = (Input::default(), Unstuffer::new(policy));
    let (mut message, mut end) = (Vec::new(), None);
    for chunk in chunks {
        input.push(chunk);
        while end.is_none() {
            match body.next(&mut input) {
                Some(Piece::Data(data)) => {
                    assert!(!data.is_empty());
                    message.extend_from_slice(&data);
                }
                Some(Piece::End(bare)) => end = Some(bare),
                None => break,
            }
        }
    }
    Received { message, end, left: input.held().to_vec() }
}

#[test]
fn unstuffing_equals_the_oracle_on_every_split_of_every_short_string() {
    for wire in strings(8) {
        let end = oracle::end(&wire);
        let expected = oracle::unstuff(&wire[..end.unwrap_or(wire.len())]);
        every_split(&wire, |chunks| {
            let got = receive(BarePolicy::Pass, chunks);
            if let Some(end) = end {
                assert_eq!(got.message, expected, "{wire:?} {chunks:?}");
                assert_eq!(got.end, Some(oracle::bare(&expected)), "{wire:?} {chunks:?}");
                assert_eq!(got.left, &wire[end + 3..], "{wire:?} {chunks:?}");
            } else {
                let taken = wire.len() - got.left.len();
                assert_eq!(got.message, oracle::unstuff(&wire[..taken]), "{wire:?} {chunks:?}");
                assert_eq!(got.end, None);
                let undecided: [&[u8]; 4] = [b"", b"\r", b".", b".\r"];
                assert!(undecided.contains(&&got.left[..]), "{wire:?} {chunks:?}");
            }
        });
    }
}

#[test]
fn normalising_equals_the_oracle_on_every_split_of_every_short_string() {
    for message in strings(6) {
        let mut wire = message.clone();
        wire.extend(b"\r\n.\r\n");
        let end = oracle::end(&wire).unwrap();
        let expected = oracle::normalise(&oracle::unstuff(&wire[..end]));
        every_split(&wire, |chunks| {
            let got = receive(BarePolicy::Normalise, chunks);
            assert_eq!(got.message, expected, "{chunks:?}");
            assert_eq!(got.end, Some(None));
        });
    }
}

fn send(policy: BarePolicy, chunks: &[&[u8]]) -> Result<Vec<u8>, Bare> {
    let (mut out, mut body) = (BytesMut::new(), Stuffer::new(policy));
    for chunk in chunks {
        body.write(chunk, &mut out)?;
    }
    body.finish(&mut out)?;
    Ok(out.to_vec())
}

#[test]
fn stuffing_equals_the_oracle_on_every_split_of_every_short_string() {
    for message in strings(7) {
        let bare = oracle::bare(&message);
        let passed = oracle::stuff(&message);
        let normalised = oracle::stuff(&oracle::normalise(&message));
        every_split(&message, |chunks| {
            assert_eq!(send(BarePolicy::Pass, chunks).unwrap(), passed, "{chunks:?}");
            assert_eq!(send(BarePolicy::Normalise, chunks).unwrap(), normalised, "{chunks:?}");
            match (send(BarePolicy::Reject, chunks), bare) {
                (Ok(wire), None) => assert_eq!(wire, passed),
                (Err(_), Some(_)) => {}
                (got, want) => panic!("{chunks:?}: {got:?}, but {want:?}"),
            }
        });
        assert_eq!(send(BarePolicy::Reject, &[&message]).err(), bare, "{message:?}");
    }
}

/// The stuffer may not write even one octet that a strict or a lax receiver could take for the
/// end of the message.
#[test]
fn what_is_sent_strictly_has_no_end_inside_it_for_any_receiver() {
    for message in strings(8) {
        if let Ok(wire) = send(BarePolicy::Reject, &[&message]) {
            let inside = &wire[..wire.len() - 3];
            for end in ["\n.\n", "\r.\r", "\n.\r", "\r\n.\r\n", "\r.\n", "\0"] {
                let found = memmem::find(inside, end.as_bytes());
                assert_eq!(found, None, "{message:?} holds {end:?}");
            }
        }
    }
}

#[test]
fn pieces_are_large_and_without_dots_they_are_not_copied() {
    let mut input = Input::default();
    input.push(&b"a line\r\n..a line with a dot\r\n".repeat(1000));
    let mut body = Unstuffer::new(BarePolicy::Reject);
    let mut message = Vec::new();
    while let Some(Piece::Data(data)) = body.next(&mut input) {
        assert!(data.len() >= PIECE || input.is_empty());
        message.extend_from_slice(&data);
    }
    assert_eq!(message, b"a line\r\n.a line with a dot\r\n".repeat(1000));

    input.push(&b"a line\r\n".repeat(1000));
    let place = input.held().as_ptr();
    let Some(Piece::Data(data)) = body.next(&mut input) else { panic!("no data") };
    assert_eq!((data.as_ptr(), data.len()), (place, 8000));
}

#[test]
fn filtering_equals_the_oracle_on_every_split_of_every_short_string() {
    let filter = |policy, chunks: &[&[u8]]| {
        let (mut filter, mut out) = (BareFilter::new(policy), Vec::new());
        for chunk in chunks {
            out.extend_from_slice(&filter.filter(Bytes::copy_from_slice(chunk)));
        }
        (out, filter.finish())
    };
    for message in strings(6) {
        let bare = oracle::bare(&message);
        let normalised = oracle::normalise(&message);
        every_split(&message, |chunks| {
            assert_eq!(filter(BarePolicy::Pass, chunks), (message.clone(), bare), "{chunks:?}");
            assert_eq!(filter(BarePolicy::Reject, chunks), (message.clone(), bare));
            assert_eq!(filter(BarePolicy::Normalise, chunks), (normalised.clone(), None));
        });
    }
}

#[test]
fn a_message_that_was_refused_has_no_end() {
    let (mut out, mut body) = (BytesMut::new(), Stuffer::new(BarePolicy::Reject));
    let bare = body.write(b"a\nb", &mut out).unwrap_err();
    assert_eq!(body.write(b"c", &mut out), Err(bare));
    assert_eq!(body.finish(&mut out), Err(bare));
    assert!(out.is_empty());
}

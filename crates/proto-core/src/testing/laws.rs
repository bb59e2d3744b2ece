//! What holds for every machine, whatever the peer says.
use alloc::vec::Vec;
use core::time::Duration;

use super::{Subject, Transcript, engine::Engine};
use crate::Machine;

/// Law: the input may be cut anywhere. Feeds `octets` whole, then cut at `cuts` (those beyond
/// the end are ignored), and returns what happened.
///
/// # Panics
/// The events, the output or the error differ; or a law that the kit watches all the time was
/// broken: an idle `poll` repeats itself, errors stick, what is held stays within the limits.
pub fn splitting<S: Subject>(subject: &S, octets: &[u8], cuts: &[usize]) -> Transcript {
    let whole = feed(subject, [octets]);
    let mut cuts: Vec<_> = cuts.iter().copied().filter(|cut| *cut <= octets.len()).collect();
    cuts.sort_unstable();
    cuts.push(octets.len());
    let mut from = 0;
    let mut chunks = Vec::new();
    for cut in cuts {
        chunks.push(octets.get(from..cut).unwrap_or_default());
        from = cut;
    }
    let got = feed(subject, chunks.iter().copied());
    assert!(got == whole, "cut into {chunks:?}:\n{got:#?}\nand not as whole:\n{whole:#?}");
    whole
}

/// Law: the input may be cut anywhere. Feeds `octets` whole, cut in two at every place, and
/// octet by octet.
///
/// # Panics
/// As [`splitting`].
pub fn every_split<S: Subject>(subject: &S, octets: &[u8]) -> Transcript {
    for at in 0..octets.len() {
        splitting(subject, octets, &[at]);
    }
    splitting(subject, octets, &(1..octets.len()).collect::<Vec<_>>())
}

/// Law: `expire(deadline)` moves the deadline, and a peer that is silent for a day is got rid of
/// by a session that has any deadline at all. Returns what happened.
///
/// # Panics
/// A deadline stays where it is, or the session still waits for somebody.
pub fn silence<S: Subject>(subject: &S, octets: &[u8]) -> Transcript {
    let mut engine = Engine::new(subject, &[]);
    engine.feed(octets);
    let timed = engine.machine.deadline().is_some();
    engine.pass(Duration::from_secs(86_400));
    let over = engine.transcript.error.is_some() || engine.transcript.closed;
    assert!(!timed || over, "a day later the session still waits: {:#?}", engine.transcript);
    engine.finish()
}

fn feed<'a, S: Subject>(subject: &S, chunks: impl IntoIterator<Item = &'a [u8]>) -> Transcript {
    let mut engine = Engine::new(subject, &[]);
    for chunk in chunks {
        if !chunk.is_empty() {
            engine.feed(chunk);
        }
    }
    engine.eof();
    engine.finish()
}

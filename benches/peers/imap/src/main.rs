//! IMAP responses, side by side with imap-codec and imap-proto: `run` prints the table.
//!
//! `peers` measures time, interleaved, and allocations; `peers IMPLEMENTATION CASE N` does a case
//! N times, for callgrind.
use std::{alloc::System, hint::black_box, time::Instant};

use bytes::{Bytes, BytesMut};

use imap_codec::{ResponseCodec, decode::Decoder, encode::Encoder};
use imap_proto::proto_core::Input;
use imap_proto::{Dialect, Limits, Line, ReadEvent, Reader, ReaderLimits, Response};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

mod lines;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CASES: [&str; 5] = ["fetch", "bodystructure", "list", "search", "write-fetch"];
const IMPLEMENTATIONS: [&str; 4] = ["homing", "homing-lenient", "imap-codec", "imap-proto"];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => table(),
        [chunks] if chunks == "chunks" => chunked(),
        [implementation, case, times] => {
            let mut run = case_of(implementation, case).expect("a case");
            for _ in 0..times.parse().expect("a number") {
                run();
            }
        }
        _ => panic!("peers [chunks | IMPLEMENTATION CASE N]"),
    }
}

type Run = Box<dyn FnMut()>;

fn case_of(implementation: &str, case: &str) -> Option<Run> {
    if case == "write-fetch" {
        return write(implementation);
    }
    let octets = Bytes::from(lines::line(case));
    let limits = Limits::default();
    Some(match implementation {
        "homing" => Box::new(move || {
            let line = Line::new(octets.slice(..octets.len() - 2));
            black_box(Response::parse(&line, limits).expect("a response"));
        }),
        "homing-lenient" => Box::new(move || {
            let line = Line::new(octets.slice(..octets.len() - 2));
            let mut diagnostics = Vec::new();
            black_box(Response::parse_leniently(&line, limits, &mut diagnostics).expect("one"));
            assert!(diagnostics.is_empty());
        }),
        "imap-codec" => Box::new(move || {
            black_box(ResponseCodec::default().decode(&octets).expect("a response"));
        }),
        _ => Box::new(move || {
            black_box(imap_proto_djc::Response::parse(&octets).expect("a response"));
        }),
    })
}

fn write(implementation: &str) -> Option<Run> {
    let octets = Bytes::from(lines::line("fetch"));
    match implementation {
        "homing" => {
            let line = Line::parse(octets).expect("a line");
            let response = Response::parse(&line, Limits::default()).expect("a response");
            let mut out = BytesMut::with_capacity(4096);
            Some(Box::new(move || {
                out.clear();
                response.write(&mut out, Dialect::SERVER);
                black_box(&out);
            }))
        }
        "imap-codec" => {
            let octets: &'static [u8] = octets.to_vec().leak();
            let (_, response) = ResponseCodec::default().decode(octets).expect("a response");
            Some(Box::new(move || {
                black_box(ResponseCodec::default().encode(&response).dump());
            }))
        }
        _ => None,
    }
}

/// Time by turns, the best of many; and allocations.
fn table() {
    for case in CASES {
        let mut runs: Vec<_> = IMPLEMENTATIONS
            .into_iter()
            .filter_map(|name| Some((name, case_of(name, case)?, f64::MAX, 0)))
            .collect();
        let times = if case == "search" { 20 } else { 2000 };
        for _ in 0..40 {
            for (_, run, best, allocations) in &mut runs {
                let region = Region::new(ALLOCATOR);
                let start = Instant::now();
                (0..times).for_each(|_| run());
                *best = best.min(start.elapsed().as_nanos() as f64 / f64::from(times));
                let change = region.change();
                *allocations = (change.allocations + change.reallocations) / times as usize;
            }
        }
        for (name, _, best, allocations) in runs {
            println!("{case} {name} {best:.0} {allocations}");
        }
    }
}

/// A SEARCH of 200,000 numbers, in one piece and in pieces of 4 KiB.
fn chunked() {
    let octets = lines::search(200_000);
    let read = |size: usize| {
        let (mut input, mut reader) = (Input::default(), Reader::new(ReaderLimits::default()));
        let start = Instant::now();
        for chunk in octets.chunks(size) {
            input.push(chunk);
            match reader.next(&mut input).expect("a response") {
                Some(ReadEvent::Response(response)) => drop(black_box(response)),
                other => assert_eq!(other, None),
            }
        }
        start.elapsed().as_secs_f64() * 1e3
    };
    let (mut whole, mut pieces) = (f64::MAX, f64::MAX);
    for _ in 0..20 {
        whole = whole.min(read(octets.len()));
        pieces = pieces.min(read(4096));
    }
    println!("whole {whole:.2} ms, in 4 KiB {pieces:.2} ms: {:.2} times", pieces / whole);
}

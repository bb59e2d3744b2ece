//! IMAP commands, side by side with imap-codec.
//!
//! `commands` measures time, interleaved, and allocations; `commands IMPLEMENTATION CASE N` does
//! a case N times, for callgrind; `commands accept FILE` prints which lines of a file one
//! implementation takes for a command, and the other does not.
use std::{alloc::System, hint::black_box, time::Instant};

use bytes::{Bytes, BytesMut};
use imap_codec::{CommandCodec, decode::Decoder, encode::Encoder};
use imap_proto::command::{Reader, Tagged};
use imap_proto::{Dialect, proto_core::Input};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Commands that both can read, in the mix of a client at work.
const MIX: [&str; 10] = [
    "A0001 NOOP\r\n",
    "A0002 SELECT \"INBOX/Work\"\r\n",
    "A0003 UID FETCH 1:100 (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE \
     BODY.PEEK[HEADER.FIELDS (DATE FROM TO SUBJECT MESSAGE-ID)])\r\n",
    "A0004 UID STORE 100,105:110,212 +FLAGS.SILENT (\\Seen \\Flagged $Forwarded)\r\n",
    "A0005 UID SEARCH UNSEEN SINCE 1-Feb-2020 OR FROM \"smith\" SUBJECT \"hello world\"\r\n",
    "A0006 LIST \"\" \"Archive/%\"\r\n",
    "A0007 STATUS \"Archive/2020\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\r\n",
    "A0008 LOGIN \"alice@example.org\" \"correct horse battery staple\"\r\n",
    "A0009 UID COPY 100:200,202,204,206,208,210:299,301,303,305,307:310 \"Archive\"\r\n",
    "A0010 FETCH 12 BODY.PEEK[1.2.MIME]<0.20480>\r\n",
];

const CASES: [(&str, &str); 5] = [
    ("homing", "parse"),
    ("imap-codec", "parse"),
    ("homing", "stream"),
    ("homing", "write"),
    ("imap-codec", "write"),
];

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [] => table(),
        [accept, file] if accept == "accept" => differences(file),
        [implementation, case, times] => {
            let mut run = case_of(implementation, case);
            for _ in 0..times.parse().expect("a number") {
                run();
            }
        }
        _ => panic!("commands [accept FILE | IMPLEMENTATION CASE N]"),
    }
}

/// Reads or writes the whole mix.
fn case_of(implementation: &str, case: &str) -> Box<dyn FnMut()> {
    let lines = MIX.map(|line| Bytes::from(line));
    match (implementation, case) {
        ("homing", "parse") => Box::new(move || {
            for line in &lines {
                let line = line.slice(..line.len() - 2);
                black_box(Tagged::parse(line).expect("a command"));
            }
        }),
        ("homing", "stream") => {
            let (mut input, mut reader) = (Input::default(), Reader::default());
            Box::new(move || {
                for line in &lines {
                    input.push(line);
                    black_box(reader.next(&mut input).expect("a command").expect("is whole"));
                }
            })
        }
        ("homing", _) => {
            let commands =
                lines.map(|line| Tagged::parse(line.slice(..line.len() - 2)).expect("a command"));
            let mut out = BytesMut::new();
            Box::new(move || {
                for command in &commands {
                    out.clear();
                    black_box(command.write(Dialect::CLIENT, &mut out));
                }
            })
        }
        (_, "parse") => Box::new(move || {
            for line in &lines {
                black_box(CommandCodec::default().decode(line).expect("a command"));
            }
        }),
        _ => {
            let commands = MIX
                .map(|line| CommandCodec::default().decode(line.as_bytes()).expect("a command").1);
            Box::new(move || {
                for command in &commands {
                    black_box(CommandCodec::default().encode(command).dump());
                }
            })
        }
    }
}

fn table() {
    const ROUNDS: usize = 200;
    const TIMES: usize = 50;
    let mut runs = CASES.map(|(implementation, case)| case_of(implementation, case));
    let mut best = [f64::MAX; CASES.len()];
    for _ in 0..ROUNDS {
        for (run, best) in runs.iter_mut().zip(&mut best) {
            let start = Instant::now();
            (0..TIMES).for_each(|_| run());
            *best = best.min(start.elapsed().as_nanos() as f64 / (TIMES * MIX.len()) as f64);
        }
    }
    println!("{:<12} {:<8} {:>10} {:>12}", "", "", "ns/line", "allocs/line");
    for (((implementation, case), run), best) in CASES.iter().zip(&mut runs).zip(best) {
        let region = Region::new(ALLOCATOR);
        run();
        let allocations = region.change().allocations as f64 / MIX.len() as f64;
        println!("{implementation:<12} {case:<8} {best:>10.0} {allocations:>12.1}");
    }
}

/// Prints the lines on which the two are not of one mind. In the file, literals' CRLF is `\r\n`.
fn differences(file: &str) {
    let text = std::fs::read_to_string(file).expect("a file");
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let octets = format!("A {}\r\n", line.replace("\\r\\n", "\r\n"));
        let ours = Tagged::parse(Bytes::from(octets[..octets.len() - 2].to_owned())).is_ok();
        let theirs = CommandCodec::default().decode(octets.as_bytes()).is_ok();
        if ours != theirs {
            println!("{:<12} {line}", if ours { "homing" } else { "imap-codec" });
        }
    }
}

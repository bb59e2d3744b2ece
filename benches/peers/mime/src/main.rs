//! homing-mime beside other crates. `./run` prints the tables.
//!
//! `homing-peers-mime parse` and `build` print time ratios and allocations; with `count CASE DEPTH WHO N` it
//! reads a case N times and prints nothing, for callgrind.
mod building;
mod cases;
mod parse;

use std::alloc::System;
use std::hint::black_box;
use std::time::{Duration, Instant};

use cases::{Case, cases};
use parse::{Depth, Homing, MailParser, Mailparse, Reads};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 15;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["parse"] => parsing(),
        ["build"] => build(),
        ["built", case, who, times] => {
            let material = building::Material::new();
            let times: u32 = times.parse().expect("a number");
            for _ in 0..times {
                black_box(material.build(who, case));
            }
        }
        ["buildings"] => building::CASES.iter().for_each(|case| println!("{case}")),
        ["cases"] => cases().iter().for_each(|case| println!("{}", case.name)),
        ["sizes"] => cases().iter().for_each(|case| {
            let octets: usize = case.messages.iter().map(Vec::len).sum();
            println!("{}: {octets} octets in {} messages", case.name, case.messages.len());
        }),
        ["count", case, depth, who, times] => count(case, depth, who, times),
        _ => println!("run benches/peers/mime/run"),
    }
}

fn build() {
    let material = building::Material::new();
    println!(
        "| message | ours | time ÷ mail-builder | ÷ lettre | allocations: ours, mail-builder, lettre |"
    );
    println!("|---|--:|--:|--:|--:|");
    for case in building::CASES {
        let times = 80_000_000 / material.build("homing-mime", case).max(4000) as u32;
        let mut best = [Duration::MAX; 3];
        let mut allocations = [0; 3];
        for _ in 0..ROUNDS {
            for (at, who) in building::WHO.into_iter().enumerate() {
                // What the one before gave back to the system, this one does not pay for.
                material.build(who, case);
                let region = Region::new(ALLOCATOR);
                let start = Instant::now();
                for _ in 0..times {
                    black_box(material.build(who, case));
                }
                best[at] = best[at].min(start.elapsed() / times);
                let change = region.change();
                allocations[at] = (change.allocations + change.reallocations) / times as usize;
            }
        }
        let ratio = |at: usize| best[0].as_secs_f64() / best[at].as_secs_f64();
        let [ours, first, second] = allocations;
        println!(
            "| {case} | {:?} | {:.2} | {:.2} | {ours}, {first}, {second} |",
            best[0],
            ratio(1),
            ratio(2),
        );
    }
}

fn readers() -> [(&'static str, Box<dyn Reads>); 3] {
    let (homing, mail_parser) = (Homing::new(), MailParser::new());
    [
        ("homing-mime", Box::new(homing)),
        ("mail-parser", Box::new(mail_parser)),
        ("mailparse", Box::new(Mailparse)),
    ]
}

fn count(case: &str, depth: &str, who: &str, times: &str) {
    let case = cases().into_iter().find(|it| it.name == case).expect("a case");
    let depth = Depth::ALL.into_iter().find(|it| it.name() == depth).expect("a depth");
    let mut reader = readers().into_iter().find(|it| it.0 == who).expect("a reader").1;
    for _ in 0..times.parse().expect("a number") {
        read(&mut *reader, &case, depth);
    }
}

fn read(reader: &mut dyn Reads, case: &Case, depth: Depth) {
    for message in &case.messages {
        black_box(reader.read(black_box(message), depth));
    }
}

fn parsing() {
    println!(
        "| message | asked for | time ÷ mail-parser | ÷ mailparse | allocations: ours, mail-parser, mailparse |"
    );
    println!("|---|---|--:|--:|--:|");
    for case in cases() {
        for depth in Depth::ALL {
            let mut readers = readers();
            let mut best = [Duration::MAX; 3];
            let mut allocations = [0.0; 3];
            for _ in 0..ROUNDS {
                for (at, (_, reader)) in readers.iter_mut().enumerate() {
                    let (time, count) = timed(&mut **reader, &case, depth);
                    best[at] = best[at].min(time);
                    allocations[at] = count;
                }
            }
            let ratio = |at: usize| best[0].as_secs_f64() / best[at].as_secs_f64();
            let [ours, first, second] = allocations;
            println!(
                "| {} | {} | {:.2} | {:.2} | {ours:.1}, {first:.1}, {second:.1} |",
                case.name,
                depth.name(),
                ratio(1),
                ratio(2),
            );
        }
    }
}

/// Times enough readings to be measured; returns the time of one and its allocations a message.
fn timed(reader: &mut dyn Reads, case: &Case, depth: Depth) -> (Duration, f64) {
    let octets: usize = case.messages.iter().map(Vec::len).sum();
    let times = (4 << 20) / octets + 1;
    read(reader, case, depth);
    let region = Region::new(ALLOCATOR);
    let start = Instant::now();
    for _ in 0..times {
        read(reader, case, depth);
    }
    let time = start.elapsed() / times as u32;
    let change = region.change();
    let count = change.allocations + change.reallocations;
    (time, count as f64 / (times * case.messages.len()) as f64)
}

//! homing-smtp-proto beside other crates. `./run` prints the tables.
//!
//! `homing-peers-smtp times` prints time ratios and allocations; `count CASE WHO N` does a case N
//! times and prints nothing, for callgrind.
mod cases;
mod ours;
mod peers;
mod placed;

use std::alloc::System;
use std::time::{Duration, Instant};

use cases::{CASES, Material};
use placed::PAGE;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Each has its inputs at another place: see [`Placed`](placed::Placed).
const ROUNDS: usize = 16;
const TIMES: u32 = 2000;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["times"] => times(),
        ["cases"] => {
            for case in &CASES {
                case.runners.iter().for_each(|(who, _)| println!("{}\t{who}", case.name));
            }
        }
        ["count", case, who, times] => count(case, who, times.parse().expect("a number")),
        _ => println!("run benches/peers/smtp/run"),
    }
}

fn count(case: &str, who: &str, times: u32) {
    let mut material = Material::new();
    let case = CASES.iter().find(|it| it.name == case).expect("a case");
    let (_, run) = case.runners.iter().find(|it| it.0 == who).expect("a runner");
    (0..times).for_each(|_| run(&mut material));
}

fn times() {
    println!("| case | who | time | ÷ first | allocations |");
    println!("|---|---|--:|--:|--:|");
    let mut material = Material::new();
    for case in &CASES {
        let mut best = vec![(Duration::MAX, 0); case.runners.len()];
        for round in 0..ROUNDS {
            material.place(round * PAGE / ROUNDS);
            for ((_, run), best) in case.runners.iter().zip(&mut best) {
                run(&mut material);
                let region = Region::new(ALLOCATOR);
                let start = Instant::now();
                (0..TIMES).for_each(|_| run(&mut material));
                best.0 = best.0.min(start.elapsed() / TIMES);
                let change = region.change();
                best.1 = (change.allocations + change.reallocations) / TIMES as usize;
            }
        }
        let first = best[0].0.as_secs_f64();
        for ((who, _), (time, allocations)) in case.runners.iter().zip(best) {
            let ratio = time.as_secs_f64() / first;
            println!("| {} | {who} | {time:?} | {ratio:.2} | {allocations} |", case.name);
        }
    }
}

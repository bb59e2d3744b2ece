//! An Internet in one thread: name servers, resolvers, mail servers and the people who use them,
//! in virtual time, on a network that drops, delays, reorders, duplicates and resets, on machines
//! that crash, among people who attack it. Whatever goes wrong, every accepted letter arrives or is
//! reported, or was stolen by somebody who forged DNS on its way; and what DNSSEC, MTA-STS, DANE or
//! REQUIRETLS protects nobody steals, and nobody else reads. TLS is simulated
//! (`world/veil.rs`); all else is what programs use.
//!
//! ```console
//! $ cargo run --release --example internet -- --faults harsh --report internet.html
//! ```
#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "an example: its own numbers"
)]
mod clock;
mod disk;
mod faults;
mod imap;
mod ledger;
mod lookup;
mod machine;
mod mail;
mod metrics;
mod names;
mod net;
mod page;
mod pop;
mod random;
mod site;
mod world;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;

use clock::{DAY, HOUR};
use faults::{Fault, Level};
use names::Size;
use world::{End_, Plan, World};

/// Runs a small Internet and checks that no mail is lost.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// How many domains there are; a site serves 50 of them, or fewer.
    #[arg(long, default_value_t = 200)]
    domains: u32,
    /// How many users: two for each domain, if nothing is said.
    #[arg(long)]
    users: Option<u32>,
    /// How many letters they write.
    #[arg(long, default_value_t = 2_000)]
    messages: u32,
    /// From what all chance comes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How much goes wrong.
    #[arg(long, value_enum, default_value = "mild")]
    faults: Level,
    /// For how many days letters are written.
    #[arg(long, default_value_t = 2)]
    days: u64,
    /// Sign the root, and a twentieth of the domains, and have all resolvers validate; servers of
    /// these domains promise their keys (DANE).
    #[arg(long)]
    signed: bool,
    /// A page with plots, and the way of one letter.
    #[arg(long)]
    report: Option<PathBuf>,
    /// A directory for reports of delivery as their readers get them, a file each; a thousand at
    /// most.
    #[arg(long)]
    bounces: Option<PathBuf>,
    /// The letter whose way is told: the first to somebody elsewhere, if nothing is said.
    #[arg(long)]
    letter: Option<u32>,
    /// Only these of the faults, by number: to run again what failed.
    #[arg(long, value_delimiter = ',')]
    only: Option<Vec<usize>>,
    /// Print nothing while it runs.
    #[arg(long)]
    quiet: bool,
}

impl Arguments {
    fn size(&self) -> Size {
        let domains = self.domains.max(2);
        let sites = domains.div_ceil(50).max(4).min(domains);
        let users = self.users.unwrap_or(domains * 2).max(domains);
        Size { sites, domains, users, signed: self.signed }
    }

    fn all_faults(&self) -> Vec<Fault> {
        let size = self.size();
        faults::plan(self.faults, self.seed, size.sites, size.domains, self.days)
    }

    fn plan(&self, only: Option<&[usize]>) -> Plan {
        let all = self.all_faults();
        let faults = match only {
            Some(only) => only.iter().filter_map(|it| all.get(*it).cloned()).collect(),
            None => all,
        };
        let (size, messages, days, seed) =
            (self.size(), self.messages.max(1), self.days.max(1), self.seed);
        Plan { size, messages, days, seed, faults, chosen: self.letter, trusting: false }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let began = Instant::now();
    let mut world = World::new(arguments.plan(arguments.only.as_deref()));
    let end = world.run(|world| {
        if !arguments.quiet {
            progress(world, arguments.messages);
        }
    });
    if !arguments.quiet {
        eprintln!();
    }
    table(&world, &end, began.elapsed());
    if let Some(path) = &arguments.report {
        let page = page::write(&world, &end, &arguments.command());
        if let Err(error) = std::fs::write(path, page) {
            eprintln!("{}: {error}", path.display());
            return ExitCode::FAILURE;
        }
        println!("report              {}", path.display());
    }
    if let Some(directory) = &arguments.bounces {
        for (number, octets) in world.metrics.bounces.iter().enumerate() {
            let path = directory.join(format!("{number}.eml"));
            if let Err(error) = std::fs::write(&path, octets) {
                eprintln!("{}: {error}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    match end.broken {
        None => ExitCode::SUCCESS,
        Some(broken) => {
            println!("\nBROKEN: {}", broken.0);
            println!("Again: {}", arguments.command());
            shorten(&arguments);
            ExitCode::FAILURE
        }
    }
}

impl Arguments {
    fn command(&self) -> String {
        let Size { domains, users, .. } = self.size();
        let mut command = format!(
            "internet --domains {domains} --users {users} --messages {} --seed {} --days {} \
             --faults {}",
            self.messages,
            self.seed,
            self.days,
            format!("{:?}", self.faults).to_lowercase(),
        );
        if self.signed {
            command.push_str(" --signed");
        }
        if let Some(only) = &self.only {
            let only: Vec<_> = only.iter().map(ToString::to_string).collect();
            command.push_str(&format!(" --only {}", only.join(",")));
        }
        command
    }
}

/// Looks for the shortest list of faults that breaks the same world.
fn shorten(arguments: &Arguments) {
    let all: Vec<_> = match &arguments.only {
        Some(only) => only.clone(),
        None => (0..arguments.all_faults().len()).collect(),
    };
    let list = faults::shrink(&all, |only| {
        World::new(arguments.plan(Some(only))).run(|_| {}).broken.is_some()
    });
    let only = Arguments { only: Some(list.clone()), ..arguments.clone() };
    println!("Shortest: {}", only.command());
    let faults = arguments.all_faults();
    for fault in list.iter().filter_map(|it| faults.get(*it)) {
        println!("  at {:.2} h for {:.2} h: {:?}", hours(fault.at), hours(fault.lasts), fault.what);
    }
}

fn hours(time: clock::Micros) -> f64 {
    time as f64 / HOUR as f64
}

fn progress(world: &World, messages: u32) {
    eprint!(
        "\rday {:5.2}  written {:>8} of {messages}  fetched {:>8}  bounced {:>6}  queued {:>7} ",
        world.now as f64 / DAY as f64,
        world.written(),
        world.ledger.fetched,
        world.ledger.bounced,
        world.queued(),
    );
}

fn table(world: &World, end: &End_, took: std::time::Duration) {
    let (ledger, metrics) = (&world.ledger, &world.metrics);
    let queries: [u64; 3] = std::array::from_fn(|level| metrics.sum(|hour| hour.queries[level]));
    let (hits, misses) = (metrics.sum(|hour| hour.hits), metrics.sum(|hour| hour.misses));
    let ratio = 100.0 * hits as f64 / (hits + misses).max(1) as f64;
    let Size { sites, domains, users, .. } = world.size;
    println!("sites               {sites}, with {domains} domains and {users} users");
    println!("letters             {} written, {} accepted", world.written(), metrics.accepted);
    println!(
        "recipients          {} have theirs, {} were reported lost",
        ledger.fetched, ledger.bounced
    );
    println!("duplicates          {} (in doubt: {})", ledger.duplicates, ledger.doubts);
    println!(
        "reports             {} ({} of delay, {} of success)",
        metrics.reports, ledger.warnings, ledger.receipts
    );
    println!(
        "transactions        {}, put off {}",
        metrics.sum(|hour| hour.attempts),
        metrics.sum(|hour| hour.deferred)
    );
    println!(
        "queries             root {}, top level {}, domains {}",
        queries[0], queries[1], queries[2]
    );
    println!("cache hits          {ratio:.1} %");
    println!("longest queues      {}", metrics.longest_queue);
    println!(
        "faults              {} ({} crashes, {} datagrams lost, {} forged)",
        metrics.sum(|hour| hour.faults),
        metrics.crashes,
        metrics.lost,
        metrics.forged
    );
    println!(
        "attacked            {} messages overheard, {} certificates refused, {} letters stolen",
        metrics.overheard, metrics.refused, ledger.stolen
    );
    println!("in clear            {} connections, for want of TLS that works", metrics.cleared);
    println!("zones               {} transferred", metrics.transfers);
    println!(
        "simulated           {:.2} days in {:.2} s, {} events",
        end.ended as f64 / DAY as f64,
        took.as_secs_f64(),
        end.events
    );
    if let Some(memory) = peak_memory() {
        println!("peak memory         {memory} MiB");
    }
    println!("digest              {:016x}", end.digest);
}

/// What the process held at most, where the system says so.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches(" kB").trim().parse::<u64>().ok()? / 1024)
}

#[cfg(test)]
mod tests;

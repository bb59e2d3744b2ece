//! Runs replay scripts through the recursive resolver, cache and validator, in virtual time.
//!
//! A line a script: `PASS name`, `FAIL name: reason` or `SKIP name: reason`, then the sums. The
//! exit status is 1 if any failed.
use std::fmt::Arguments;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{ExitCode, exit};

use clap::Parser;
use homing::dns::testing::{Outcome, run};

/// Runs replay scripts through the recursive resolver.
#[derive(Parser)]
struct Options {
    /// The scripts.
    #[arg(required = true)]
    scripts: Vec<PathBuf>,
    /// Prints what is said, message by message.
    #[arg(long)]
    explain: bool,
}

fn main() -> ExitCode {
    let arguments = Options::parse();
    let [mut passed, mut failed, mut skipped] = [0; 3];
    for path in &arguments.scripts {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        match play(path, arguments.explain) {
            Outcome::Pass => {
                passed += 1;
                say(format_args!("PASS {name}"));
            }
            Outcome::Fail(reason) => {
                failed += 1;
                say(format_args!("FAIL {name}: {reason}"));
            }
            Outcome::Skip(reason) => {
                skipped += 1;
                say(format_args!("SKIP {name}: {reason}"));
            }
        }
    }
    say(format_args!("{passed} passed, {failed} failed, {skipped} skipped"));
    ExitCode::from(u8::from(failed > 0))
}

/// Prints a line; whoever reads no more, `head` for one, has enough.
fn say(line: Arguments<'_>) {
    if writeln!(io::stdout(), "{line}").is_err() {
        exit(1);
    }
}

fn play(path: &Path, explain: bool) -> Outcome {
    match std::fs::read(path) {
        Err(error) => Outcome::Fail(error.to_string()),
        Ok(text) => run(&String::from_utf8_lossy(&text), |line| {
            if explain {
                say(format_args!("{line}"));
            }
        }),
    }
}

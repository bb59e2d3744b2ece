//! A mail server that people can run: SMTP, submission, LMTP, POP3 and IMAP over one store.
mod arguments;
mod database;
mod host;
mod imap;
mod metrics;
mod news;
mod pop3;
mod private;
mod quick;
mod relay;
mod remembered;
mod schema;
mod service;
mod smtp;
mod store;
mod tls;
mod users;

use std::{
    env,
    fs::{File, TryLockError},
    path::Path,
    process::ExitCode,
};

use arguments::{Serve, User};
use clap::Parser;
use tracing_subscriber::EnvFilter;

/// Anything that stops the program, in a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let words: Vec<_> = env::args_os().collect();
    let user = words.get(1).is_some_and(|word| word == "user");
    // The command lines have nothing in common but the program.
    let done = if user {
        users::run(&User::parse_from(words.into_iter().skip(1)))
    } else {
        let arguments = Serve::parse_from(words);
        log();
        service::run(arguments)
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mailhost: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to standard error what RUST_LOG says; only warnings by default.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// Makes the data directory, and locks it for as long as the file lives.
pub(crate) fn lock(directory: &Path) -> Result<File, String> {
    let failed = |error: std::io::Error| format!("cannot use {}: {error}", directory.display());
    private::make_directory(directory).map_err(failed)?;
    let file = File::create(directory.join("lock")).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            Err(format!("{} is in use by another mailhost", directory.display()))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

//! Loads a mail server, and tells how many messages a second it took and how long each had to
//! wait.
use std::{
    net::SocketAddr,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Parser;
use homing::smtp::{
    ForwardPath, Mailbox, ReversePath,
    client::{Config, Delivery, Envelope},
    tokio::{Client, Place, Security},
};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

/// Anything that stops the program, in a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Loads a mail server with messages, in clear.
///
/// Exit status: 0 if all messages were accepted, 1 if not, 2 for a wrong command line.
#[derive(Parser)]
#[command(name = "blast")]
struct Arguments {
    /// The server
    #[arg(long, value_name = "ADDR")]
    server: SocketAddr,
    /// How many messages to send
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..))]
    messages: u64,
    /// How many sessions are open at once
    #[arg(long, value_name = "S", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    sessions: u64,
    /// How large each message is, in octets
    #[arg(long, value_name = "B", default_value_t = 1024)]
    size: usize,
    /// Send the envelope in one flight, and the message in chunks, where that is offered
    #[arg(long)]
    pipeline: bool,
    /// Send one message after the other in a session, instead of one in each
    #[arg(long)]
    reuse: bool,
    /// The sender
    #[arg(long, value_name = "MAILBOX", default_value = "blast@localhost")]
    from: String,
    /// The recipient; may be repeated
    #[arg(long, value_name = "MAILBOX", default_value = "sink@localhost")]
    to: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let load = match Load::new(&arguments) {
        Ok(load) => Arc::new(load),
        Err(error) => {
            eprintln!("blast: {error}");
            return ExitCode::from(2);
        }
    };
    let began = Instant::now();
    let mut sessions = JoinSet::new();
    for _ in 0..arguments.sessions {
        sessions.spawn(Arc::clone(&load).run());
    }
    let mut waits = Vec::new();
    let mut failed = false;
    while let Some(ended) = sessions.join_next().await {
        match ended {
            Ok((more, result)) => {
                waits.extend(more);
                if let Err(error) = result {
                    load.progress.suspend(|| eprintln!("blast: {}", chain(&*error)));
                    failed = true;
                }
            }
            Err(error) => {
                eprintln!("blast: {error}");
                failed = true;
            }
        }
    }
    load.progress.finish_and_clear();
    report(&mut waits, began.elapsed());
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// An error and what caused it, in a line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn mailbox(text: &str) -> Result<Mailbox, Failure> {
    text.parse().map_err(|error| format!("{text} is no mailbox: {error}").into())
}

/// What all sessions share.
struct Load {
    place: Place,
    config: Config,
    envelope: Envelope,
    message: Vec<u8>,
    reuse: bool,
    /// How many messages are yet to be sent.
    left: AtomicU64,
    progress: ProgressBar,
}

impl Load {
    fn new(arguments: &Arguments) -> Result<Self, Failure> {
        let mut place = Place::new(arguments.server.ip().to_string(), Security::Plain);
        place.port = arguments.server.port();
        let mut config = Config::new("localhost".parse()?);
        config.pipelining = arguments.pipeline;
        config.chunking = arguments.pipeline;
        let from = ReversePath::Mailbox(mailbox(&arguments.from)?);
        let to = arguments.to.iter().map(|to| mailbox(to).map(ForwardPath::Mailbox));
        let mut envelope = Envelope::new(from, to.collect::<Result<_, _>>()?);
        let message = message(arguments.size);
        envelope.examine(&message);
        let style = "{bar:40} {pos} of {len}, {per_sec}, {eta} left";
        let style = ProgressStyle::with_template(style)?;
        let progress = ProgressBar::new(arguments.messages).with_style(style);
        let (reuse, left) = (arguments.reuse, AtomicU64::new(arguments.messages));
        Ok(Self { place, config, envelope, message, reuse, left, progress })
    }

    /// Sends messages until none is left; returns how long each took.
    async fn run(self: Arc<Self>) -> (Vec<Duration>, Result<(), Failure>) {
        let mut waits = Vec::new();
        let result = self.send(&mut waits).await;
        (waits, result)
    }

    async fn send(&self, waits: &mut Vec<Duration>) -> Result<(), Failure> {
        let mut open = None;
        while self.take() {
            let began = Instant::now();
            let mut client = match open.take() {
                Some(client) => client,
                None => Client::connect(&self.place, self.config.clone(), None, None).await?,
            };
            let outcome = client.send(self.envelope.clone(), &*self.message).await?;
            if let Some((to, refused)) =
                outcome.recipients.iter().find(|(_, it)| !matches!(it, Delivery::Accepted(_)))
            {
                return Err(format!("{to} did not get the message: {refused:?}").into());
            }
            if self.reuse {
                open = Some(client);
            } else {
                client.quit().await?;
            }
            waits.push(began.elapsed());
            self.progress.inc(1);
        }
        if let Some(client) = open {
            client.quit().await?;
        }
        Ok(())
    }

    /// Takes a message from what is left.
    fn take(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }
}

/// Makes a message of about that many octets.
fn message(size: usize) -> Vec<u8> {
    let mut message = b"Subject: blast\r\n\r\n".to_vec();
    let line = b"All mail and no play makes Jack a dull boy; he reads it all the same.\r\n";
    while message.len() < size {
        let room = (size - message.len()).max(2).min(line.len());
        message.extend(line.iter().take(room - 2));
        message.extend(b"\r\n");
    }
    message
}

fn report(waits: &mut [Duration], took: Duration) {
    waits.sort_unstable();
    let rate = waits.len() as f64 / took.as_secs_f64();
    println!("{} messages in {:.3} s: {rate:.0} messages/s", waits.len(), took.as_secs_f64());
    if waits.is_empty() {
        return;
    }
    let at = |permille| {
        let wait = percentile(waits, permille).unwrap_or_default();
        format!("{:.3}", wait.as_secs_f64() * 1000.0)
    };
    println!(
        "latency in ms: 50 % {}, 90 % {}, 99 % {}, 99.9 % {}, longest {}",
        at(500),
        at(900),
        at(990),
        at(999),
        at(1000)
    );
}

/// The shortest wait that so many of a thousand do not exceed; `waits` are sorted.
fn percentile(waits: &[Duration], permille: usize) -> Option<Duration> {
    let rank = (waits.len() * permille).div_ceil(1000);
    waits.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let waits: Vec<_> = (1..=10).map(Duration::from_secs).collect();
        let at = |permille| percentile(&waits, permille).map(|wait| wait.as_secs());
        assert_eq!([at(500), at(900), at(990), at(1000)], [Some(5), Some(9), Some(10), Some(10)]);
        assert_eq!(percentile(&[], 500), None);
    }

    #[test]
    fn messages_have_their_size_and_whole_lines() {
        for size in [100, 1024, 100_000] {
            let message = message(size);
            assert!(message.len().abs_diff(size) <= 1, "{}", message.len());
            assert!(message.ends_with(b"\r\n") && message.is_ascii());
        }
    }
}

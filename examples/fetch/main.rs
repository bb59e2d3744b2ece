//! Fetches mail by POP3 or IMAP into a Maildir or an mbox file, and keeps it on the server or
//! deletes it there. It can be killed at any moment: nothing is deleted before it is on the disk, and what
//! was fetched is not fetched again.
mod account;
mod imap;
mod store;

use std::{path::PathBuf, process::ExitCode};

use account::{Account, Protocol, Security};
use clap::Parser;
use homing::pop3::tokio::{Client, Error};
use indicatif::{ProgressBar, ProgressStyle};
use store::Store;

/// Anything that stops the program, in a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Fetches mail by POP3 or IMAP into a Maildir or an mbox file.
#[derive(Parser)]
#[command(name = "fetch")]
struct Arguments {
    /// Whose mail, and where: pop3://USER@HOST[:PORT], imap://USER@HOST[:PORT] or imaps://…
    #[arg(value_name = "URL")]
    account: String,
    /// Use TLS from the beginning (port 995 or 993)
    #[arg(long, conflicts_with = "starttls")]
    tls: bool,
    /// Begin in clear and require STLS (port 110 or 143)
    #[arg(long)]
    starttls: bool,
    /// Trust this certificate too, beside the system's
    #[arg(long, value_name = "FILE.pem")]
    ca: Option<PathBuf>,
    /// Read the password from the first line of a file; - for standard input
    #[arg(long, value_name = "FILE", default_value = "-")]
    password_file: PathBuf,
    /// A Maildir, if it is a directory or ends in a slash; otherwise an mbox file
    #[arg(long, value_name = "MAILDIR|MBOX")]
    into: PathBuf,
    /// Leave the messages on the server; the default
    #[arg(long, conflicts_with = "delete")]
    keep: bool,
    /// Delete from the server what is safely here
    #[arg(long)]
    delete: bool,
    /// The mailbox; by IMAP only
    #[arg(long, value_name = "NAME", default_value = "INBOX")]
    folder: String,
    /// Only what came on this day or later; by IMAP only
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<String>,
    /// Stay, and fetch mail as it comes; by IMAP only
    #[arg(long)]
    idle: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match fetch(Arguments::parse()).await {
        Ok(count) => {
            println!("{count} new messages");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("fetch: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("fetch: because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn fetch(arguments: Arguments) -> Result<usize, Failure> {
    let security = match (arguments.tls, arguments.starttls) {
        (true, _) => Security::Tls,
        (_, true) => Security::Stls,
        _ => Security::None,
    };
    let account = Account::parse(&arguments.account, security)?;
    if account.protocol == Protocol::Imap {
        return imap::fetch(&account, &arguments).await;
    }
    if arguments.since.is_some() || arguments.idle {
        return Err("POP3 has neither --since nor --idle".into());
    }
    let mut store = Store::open(&arguments.into, &account.name()).await?;
    let mut client = account.connect(&arguments.password_file, arguments.ca.as_deref()).await?;
    let listing = client.ids().await?;
    let sizes = client.sizes().await?;
    store.retain(&listing).await?;
    let fresh = store.seen().fresh(&listing);
    let size_of =
        |wanted| sizes.iter().find(|(message, _)| *message == wanted).map(|(_, size)| *size);
    let total = fresh.iter().filter_map(|(message, _)| size_of(*message)).sum();
    let progress = bar(total, fresh.len());
    for (message, id) in &fresh {
        let mut incoming = store.begin().await?;
        client.retrieve(*message, progress.wrap_async_write(&mut incoming.file)).await?;
        store.keep(incoming, id).await?;
        progress.set_message(format!("{message} of {}", listing.len()));
    }
    progress.finish_and_clear();
    if arguments.delete {
        delete(&mut client, &store, &listing).await?;
    }
    client.quit().await?;
    Ok(fresh.len())
}

/// Marks everything that is here; QUIT makes it so.
async fn delete(
    client: &mut Client,
    store: &Store,
    listing: &[(homing::pop3::MessageNumber, homing::pop3::UniqueId)],
) -> Result<(), Error> {
    for (message, _) in listing.iter().filter(|(_, id)| store.seen().contains(id)) {
        client.delete(*message).await?;
    }
    Ok(())
}

fn bar(octets: u64, messages: usize) -> ProgressBar {
    let bar = if messages == 0 { ProgressBar::hidden() } else { ProgressBar::new(octets) };
    let style = "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left; {msg}";
    bar.with_style(ProgressStyle::with_template(style).expect("the template is well-formed"))
}

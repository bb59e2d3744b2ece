//! What one can say on the command line.
use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser};

/// Adds users, changes passwords and lists all; a mailhost in service need not be stopped.
#[derive(Parser)]
#[command(name = "mailhost user")]
pub(crate) enum User {
    /// Add a user
    Add(UserArguments),
    /// Give a user another password
    Passwd(UserArguments),
    /// List all users, a line each
    List(StoreArguments),
}

#[derive(Args)]
pub(crate) struct UserArguments {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// A local part, or a whole address
    pub(crate) name: String,
    /// The first line of this file is the password; without it, the first line of standard input
    pub(crate) password_file: Option<PathBuf>,
}

#[derive(Args, Clone)]
pub(crate) struct StoreArguments {
    /// Keep everything here; made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Keep mail in a database: `postgres://USER:PASSWORD@HOST/NAME`, which several mailhosts may
    /// share, or `sqlite:FILE`. By default it is in DIR
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
}

/// A mail server: SMTP, submission, LMTP, POP3 and IMAP over one store.
///
/// Prints `listening SERVICE ADDR` for each address and then `ready`. SIGTERM and SIGINT end it:
/// sessions finish what they are at. RUST_LOG says what is logged: `info`, `debug`.
/// `mailhost user --help` tells how users are added while it is in service.
#[derive(Parser)]
#[command(name = "mailhost")]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) store: StoreArguments,
    /// Receive mail for this domain; may be repeated. The first one is the host's own name
    #[arg(long, required = true, value_name = "NAME")]
    pub(crate) domain: Vec<String>,
    /// Add a user, or change the password, which is the first line of a file; may be repeated. NAME
    /// is a local part, which receives mail at every domain, or a whole address
    #[arg(long, value_name = "NAME:PASSWORD-FILE")]
    pub(crate) user: Vec<String>,
    /// Take mail from other servers
    #[arg(long, value_name = "ADDR")]
    pub(crate) smtp: Vec<SocketAddr>,
    /// Take mail from users
    #[arg(long, value_name = "ADDR")]
    pub(crate) submission: Vec<SocketAddr>,
    /// Take mail by LMTP, from whoever can reach it
    #[arg(long, value_name = "ADDR")]
    pub(crate) lmtp: Vec<SocketAddr>,
    /// Let users fetch mail by POP3
    #[arg(long, value_name = "ADDR")]
    pub(crate) pop3: Vec<SocketAddr>,
    /// Let users read mail by IMAP
    #[arg(long, value_name = "ADDR")]
    pub(crate) imap: Vec<SocketAddr>,
    /// Take mail from users, over TLS from the beginning
    #[arg(long, value_name = "ADDR")]
    pub(crate) smtps: Vec<SocketAddr>,
    /// POP3 over TLS from the beginning
    #[arg(long, value_name = "ADDR")]
    pub(crate) pop3s: Vec<SocketAddr>,
    /// IMAP over TLS from the beginning
    #[arg(long, value_name = "ADDR")]
    pub(crate) imaps: Vec<SocketAddr>,
    /// The certificate, with those between it and a root
    #[arg(long, value_name = "PEM", requires = "key", conflicts_with = "self_signed")]
    pub(crate) cert: Option<PathBuf>,
    /// Its key
    #[arg(long, value_name = "PEM", requires = "cert")]
    pub(crate) key: Option<PathBuf>,
    /// Make a certificate in the data directory, `self-signed.pem`, and use that
    #[arg(long)]
    pub(crate) self_signed: bool,
    /// Let users log in without TLS from other machines too, so that whoever is between can read
    /// their passwords. From this machine they always may
    #[arg(long)]
    pub(crate) clear_passwords: bool,
    /// Ask this name server where to relay mail; without it, those of /etc/resolv.conf
    #[arg(long, value_name = "ADDR")]
    pub(crate) resolver: Option<SocketAddr>,
    /// Relay to this port of other servers; for tests
    #[arg(long, value_name = "PORT", default_value_t = 25)]
    pub(crate) relay_port: u16,
    /// Try again every so many seconds to relay what could not be; for tests
    #[arg(long, value_name = "SECONDS")]
    pub(crate) relay_retry: Option<u64>,
    /// Ask domains for MTA-STS policies, and send their mail only where these allow (RFC 8461)
    #[arg(long)]
    pub(crate) mta_sts: bool,
    /// Ask servers for TLSA records, and send mail only to who has these keys (RFC 7672). The name
    /// server must validate, and the way to it be safe
    #[arg(long)]
    pub(crate) dane: bool,
    /// Answer questions for metrics here, by HTTP
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<SocketAddr>,
    /// Log what is said in sessions, passwords included; needs RUST_LOG=debug
    #[arg(long)]
    pub(crate) transcripts: bool,
}

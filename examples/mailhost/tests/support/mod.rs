//! What the tests of the program share: the program itself, and clients that know no more than
//! sockets.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub,
    reason = "tests, each of which uses a part"
)]
pub mod clients;
pub mod numbers;

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use homing::{
    proto_core::Secret,
    sasl::scram::{Hash, Verifier},
};

/// The password of everybody.
pub const PASSWORD: &str = "hungry";

/// The program, killed when dropped.
pub struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
    pub smtp: SocketAddr,
    pub imap: SocketAddr,
    pub pop3: SocketAddr,
}

impl Program {
    /// Starts it, and does not wait until it is ready: what it listens on is not known yet.
    pub fn launch(data: &Path, store: Option<&str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailhost"));
        command.args(["--domain", "example.test", "--data"]).arg(data);
        for service in ["--smtp", "--imap", "--pop3"] {
            command.args([service, "127.0.0.1:0"]);
        }
        if let Some(url) = store {
            command.args(["--store", url]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { child, output, smtp: nowhere, imap: nowhere, pop3: nowhere }
    }

    /// Waits until it is ready; `false` if it ended before.
    pub fn ready(&mut self) -> bool {
        let mut line = String::new();
        while self.output.read_line(&mut line).unwrap() > 0 {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["listening", service, address] => {
                    let address = address.parse().unwrap();
                    match service {
                        "smtp" => self.smtp = address,
                        "imap" => self.imap = address,
                        _ => self.pop3 = address,
                    }
                }
                ["ready"] => return true,
                _ => {}
            }
            line.clear();
        }
        false
    }

    /// Starts it, and waits until it is ready.
    pub fn start(data: &Path, store: Option<&str>) -> Self {
        let mut program = Self::launch(data, store);
        assert!(program.ready(), "mailhost does not start");
        program
    }

    /// Ends it by SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Adds users, whose password is [`PASSWORD`].
pub fn add_users<'a>(data: &Path, store: Option<&str>, names: impl IntoIterator<Item = &'a str>) {
    fs::create_dir_all(data).unwrap();
    let file = data.join("password");
    fs::write(&file, PASSWORD).unwrap();
    for name in names {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailhost"));
        command.args(["user", "add", "--data"]).arg(data);
        if let Some(url) = store {
            command.args(["--store", url]);
        }
        assert!(command.arg(name).arg(&file).status().unwrap().success());
    }
    // Hashed once: so many logins as tests make would be most of the work.
    let verifier = Verifier::new(Hash::Sha256, &Secret::from(PASSWORD), b"salt", 1).unwrap();
    let sql = format!("UPDATE users SET verifier = '{verifier}'");
    match store {
        Some(url) => connect(url).batch_execute(&sql).unwrap(),
        None => open(data).execute_batch(&sql).unwrap(),
    }
}

/// Opens the database of a data directory.
pub fn open(data: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(data.join("mail.sqlite")).unwrap()
}

/// A database of its own on the server that HOMING_POSTGRES names; dropped when dropped.
pub struct Database {
    server: String,
    name: String,
    pub url: String,
}

impl Database {
    /// Makes one, if there is a server.
    pub fn new(purpose: &str) -> Option<Self> {
        let Ok(server) = std::env::var("HOMING_POSTGRES") else {
            eprintln!("NOT TESTED: no PostgreSQL; set HOMING_POSTGRES to postgres://…/NAME");
            return None;
        };
        let name = format!("{purpose}_{}", std::process::id());
        let (host, _) = server.rsplit_once('/').expect("the URL names a database");
        let url = format!("{host}/{name}");
        connect(&server).batch_execute(&format!("CREATE DATABASE {name}")).unwrap();
        Some(Self { server, name, url })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        let _ = connect(&self.server).batch_execute(&drop);
    }
}

pub fn connect(url: &str) -> postgres::Client {
    postgres::Client::connect(url, postgres::NoTls).unwrap()
}

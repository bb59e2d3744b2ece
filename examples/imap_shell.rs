//! Speaks IMAP with a server: type commands, without their tags, and see the dialogue, with
//! literals left out. For learning, and for finding out what a server does.
use std::{
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use homing::{
    imap::{
        Mailbox,
        client::Config,
        command::{Command, MessageStart},
        tokio::{Client, Error, Place, Security},
    },
    proto_core::tokio::{
        Direction, Observer,
        tls::{
            TlsConnector,
            rustls::{
                ClientConfig, RootCertStore,
                pki_types::{CertificateDer, pem::PemObject},
            },
        },
    },
    sasl::Credentials,
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Anything that stops the program, in a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Speaks IMAP with a server.
///
/// Type commands without their tags: SELECT INBOX, UID FETCH 1:5 (FLAGS BODY.PEEK[HEADER]). IDLE ends
/// when you press Enter; APPEND takes a mailbox and a file's name. LOGOUT, or the end of input,
/// ends.
#[derive(Parser)]
#[command(name = "imap_shell")]
struct Arguments {
    /// The server: HOST, HOST:PORT or [ADDRESS]:PORT. Without a port: 993 with --tls, else 143
    #[arg(long, value_name = "HOST:PORT")]
    server: String,
    /// Use TLS from the beginning
    #[arg(long, conflicts_with = "starttls")]
    tls: bool,
    /// Begin in clear and require STARTTLS. With neither, all goes in clear
    #[arg(long)]
    starttls: bool,
    /// Trust this certificate too, beside the system's
    #[arg(long, value_name = "FILE.pem")]
    ca: Option<PathBuf>,
    /// Log in as this user, by the best mechanism that is offered
    #[arg(long, value_name = "NAME", requires = "password_file")]
    user: Option<String>,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Do not colour the dialogue
    #[arg(long)]
    no_color: bool,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match talk(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("imap_shell: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("imap_shell: because {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn talk(arguments: Arguments) -> Result<(), Failure> {
    let security = match (arguments.tls, arguments.starttls) {
        (true, _) => Security::Tls,
        (_, true) => Security::StartTls,
        _ => Security::Plain,
    };
    let place = place(&arguments.server, security)?;
    let mut config = Config::default();
    config.login_without_tls = security == Security::Plain;
    let colored = !arguments.no_color && std::io::stdout().is_terminal();
    let connector = connector(arguments.ca.as_deref())?;
    let observer = Dialogue::new(colored).observer();
    let mut client = Client::connect(&place, config, Some(&connector), Some(observer)).await?;
    if let (Some(user), Some(file)) = (&arguments.user, &arguments.password_file) {
        let text = std::fs::read_to_string(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let password = text.lines().next().unwrap_or_default();
        client.login(Credentials::new(user, password.into())?).await?;
    }
    let mut lines = typed();
    while let Some(line) = lines.recv().await {
        let word = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let done = match word.as_str() {
            "" => Ok(()),
            "LOGOUT" => break,
            "IDLE" => idle(&mut client, &mut lines).await,
            "APPEND" => append(&mut client, &line).await,
            _ => match Command::parse(line.into_bytes().into()) {
                Ok(command) => client.command(command).await.map(drop),
                Err(error) => {
                    println!("that is no command: {error}");
                    Ok(())
                }
            },
        };
        match done {
            // The dialogue has shown it.
            Ok(()) | Err(Error::Refused(..)) => {}
            Err(error @ (Error::Misuse(_) | Error::Message(_))) => println!("{error}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(client.logout().await?)
}

/// Waits for news until somebody presses Enter.
async fn idle(client: &mut Client, lines: &mut UnboundedReceiver<String>) -> Result<(), Error> {
    let mut idling = client.idle()?;
    loop {
        tokio::select! {
            news = idling.next() => drop(news?),
            _ = lines.recv() => return idling.done().await.map(drop),
        }
    }
}

async fn append(client: &mut Client, line: &str) -> Result<(), Error> {
    let mut words = line.splitn(3, ' ').skip(1);
    let mailbox = words.next().and_then(|name| Mailbox::new(name.to_owned().into_bytes()));
    let (Some(mailbox), Some(file)) = (mailbox, words.next()) else {
        println!("APPEND MAILBOX FILE");
        return Ok(());
    };
    let file = tokio::fs::File::open(file).await.map_err(Error::Message)?;
    let size = file.metadata().await.map_err(Error::Message)?.len();
    client.append(mailbox, MessageStart::default(), size, file).await.map(drop)
}

/// What is typed, line by line.
fn typed() -> UnboundedReceiver<String> {
    let (tell, told) = unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if tell.send(line.trim_end().to_owned()).is_err() {
                return;
            }
        }
    });
    told
}

fn place(server: &str, security: Security) -> Result<Place, Failure> {
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (server, None),
    };
    let mut place = Place::new(host.trim_start_matches('[').trim_end_matches(']'), security);
    if let Some(port) = port {
        place.port = port.parse().map_err(|_| format!("{server} is not of the form HOST:PORT"))?;
    }
    Ok(place)
}

fn connector(ca: Option<&Path>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(ca) = ca {
        for certificate in CertificateDer::pem_file_iter(ca)? {
            roots.add(certificate?)?;
        }
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config).into())
}

/// Shows both sides, a line at a time.
struct Dialogue {
    sent: Side,
    received: Side,
    colored: bool,
    /// A SASL exchange is under way: what the client says is nobody's business.
    secret: bool,
}

/// One side's octets on their way to being lines.
#[derive(Default)]
struct Side {
    line: Vec<u8>,
    /// How much of a literal is left out yet.
    skip: u64,
    /// The line goes on after a literal.
    goes_on: bool,
}

impl Side {
    /// Takes octets, up to the end of a line, which is returned with what is said of its literals.
    fn take(&mut self, octets: &mut &[u8]) -> Option<String> {
        while let Some((first, rest)) = octets.split_first() {
            if self.skip > 0 {
                let most = usize::try_from(self.skip).unwrap_or(usize::MAX).min(octets.len());
                self.skip -= most as u64;
                *octets = octets.get(most..).unwrap_or_default();
                continue;
            }
            *octets = rest;
            self.line.push(*first);
            if *first == b'\n' {
                let line = std::mem::take(&mut self.line);
                let text = line.trim_ascii_end();
                self.skip = announced(text).unwrap_or(0);
                let is_rest = std::mem::replace(&mut self.goes_on, self.skip > 0);
                if is_rest && text.is_empty() {
                    continue;
                }
                return Some(readable(text));
            }
        }
        None
    }
}

/// What may go to a terminal.
fn readable(text: &[u8]) -> String {
    let shown = |c: char| if c.is_control() { c.escape_default().collect() } else { c.to_string() };
    String::from_utf8_lossy(text).chars().map(shown).collect()
}

/// How many octets of a literal a line announces.
fn announced(line: &[u8]) -> Option<u64> {
    let inner = line.strip_suffix(b"}")?;
    let digits = inner.strip_suffix(b"+").unwrap_or(inner);
    let at = digits.iter().rposition(|octet| *octet == b'{')?;
    std::str::from_utf8(digits.get(at + 1..)?).ok()?.parse().ok()
}

impl Dialogue {
    fn new(colored: bool) -> Self {
        Self { sent: Side::default(), received: Side::default(), colored, secret: false }
    }

    fn observer(mut self) -> Observer {
        Box::new(move |direction, octets| {
            let shown = self.show(direction, octets);
            let _ = std::io::stdout().lock().write_all(shown.as_bytes());
        })
    }

    /// What is to be seen of these octets.
    fn show(&mut self, direction: Direction, mut octets: &[u8]) -> String {
        let mut shown = String::new();
        loop {
            let (side, mark, color) = match direction {
                Direction::Sent => (&mut self.sent, "C:", "\x1b[36m"),
                Direction::Received => (&mut self.received, "S:", "\x1b[32m"),
            };
            let Some(mut line) = side.take(&mut octets) else { return shown };
            let elided = if side.skip > 0 { " …" } else { "" };
            match direction {
                Direction::Sent => line = self.without_secrets(&line),
                Direction::Received if line.starts_with(['*', '+']) => {}
                Direction::Received => self.secret = false,
            }
            let (on, off) = if self.colored { (color, "\x1b[0m") } else { ("", "") };
            shown += &format!("{on}{mark} {line}{elided}{off}\n");
        }
    }

    fn without_secrets(&mut self, line: &str) -> String {
        if self.secret {
            return "…".into();
        }
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match words.as_slice() {
            [tag, "LOGIN", ..] => format!("{tag} LOGIN …"),
            [tag, "AUTHENTICATE", mechanism, rest @ ..] => {
                self.secret = true;
                let initial = if rest.is_empty() { "" } else { " …" };
                format!("{tag} AUTHENTICATE {mechanism}{initial}")
            }
            _ => line.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_and_passwords_are_left_out_wherever_octets_are_cut() {
        let sent = b"A1 AUTHENTICATE PLAIN\r\nAGJvYgBodW5ncnk=\r\nA2 LOGIN bob hungry\r\n";
        let received =
            b"* 1 FETCH (BODY[] {9}\r\none\r\ntwo\n UID 5)\r\n* LIST () / {1}\r\nx\r\nA1 OK x\r\n";
        for size in 1..30 {
            let mut dialogue = Dialogue::new(false);
            let mut shown = String::new();
            for piece in sent[..41].chunks(size) {
                shown += &dialogue.show(Direction::Sent, piece);
            }
            for piece in received.chunks(size) {
                shown += &dialogue.show(Direction::Received, piece);
            }
            for piece in sent[41..].chunks(size) {
                shown += &dialogue.show(Direction::Sent, piece);
            }
            let expected = "C: A1 AUTHENTICATE PLAIN\nC: …\nS: * 1 FETCH (BODY[] {9} …\n\
                            S:  UID 5)\nS: * LIST () / {1} …\nS: A1 OK x\nC: A2 LOGIN …\n";
            assert_eq!(shown, expected, "{size}");
        }
    }

    #[test]
    fn places_are_read() {
        for (text, host, port) in [
            ("host", "host", 143),
            ("host:1143", "host", 1143),
            ("[::1]:99", "::1", 99),
            ("[::1]", "::1", 143),
        ] {
            let place = place(text, Security::Plain).unwrap();
            assert_eq!((place.host.as_str(), place.port), (host, port), "{text}");
        }
        assert!(place("host:x", Security::Tls).is_err());
    }
}

//! What hostile clients do, played over real sockets against a server as `sink` is one: the tables
//! of `crates/smtp-proto/tests/hostile`. The codes of the answers are compared.
//!
//! The application says yes to everything but EXPN and x@foo.com, and lets in whom the script does. Cases
//! in which time passes or TLS begins are left out: `left_out` says why, and the test counts them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead, BufReader, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use homing::{
    proto_core::{
        Machine,
        tokio::{
            AcceptLimits, BoxStream, Driver, accept_loop,
            tls::{
                TlsAcceptor,
                rustls::{
                    ServerConfig,
                    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
                },
            },
        },
    },
    sasl::Mechanism,
    smtp::{
        Extension, Reply,
        server::{Config, Event, LongLines, Session},
        tokio::{Handler, serve},
    },
};
use tokio::net::TcpListener;

const TABLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/crates/smtp-proto/tests/hostile");

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes everything, knows no lists, and answers AUTH with the script's words.
struct Sink(VecDeque<Reply>);

impl Sink {
    fn of(script: &str) -> Self {
        let words = script.lines().filter_map(|line| line.strip_prefix("S: "));
        let own = words.filter(|words| words.starts_with("235") || *words == "535 5.7.8 no");
        Self(
            own.map(|words| Reply::new(words[..3].parse().unwrap(), &words[4..]).unwrap())
                .collect(),
        )
    }
}

impl Handler for Sink {
    async fn answer(&mut self, event: Event) -> Option<Reply> {
        let no = match &event {
            Event::Expn(_) => true,
            Event::Rcpt { to, .. } => to.to_string() == "<x@foo.com>",
            _ => false,
        };
        no.then(|| Reply::new(550, "no").unwrap())
    }

    async fn trust(&mut self, _: Event) -> Option<Reply> {
        self.0.pop_front()
    }
}

#[test]
fn hostile_clients_are_answered_over_sockets_as_in_the_tables() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut paths: Vec<_> = fs::read_dir(TABLES).unwrap().map(|it| it.unwrap().path()).collect();
    paths.sort();
    let (mut played, mut left) = (0, Vec::new());
    for path in paths {
        let text = fs::read_to_string(&path).unwrap();
        for case in text.split("## ").skip(1) {
            let (name, script) = case.split_once('\n').unwrap();
            let name = format!("{}: {name}", path.file_stem().unwrap().to_string_lossy());
            if let Some(why) = left_out(script) {
                left.push(format!("{name} ({why})"));
                continue;
            }
            let address = runtime.block_on(listen(script));
            play(&name, script, address);
            played += 1;
        }
    }
    println!("{played} played over sockets; {} left out:\n{}", left.len(), left.join("\n"));
    assert!(played >= 140, "only {played} played, {} left out", left.len());
}

/// Why a case cannot be played with this server, if so.
fn left_out(script: &str) -> Option<&'static str> {
    let has = |mark: &str| script.lines().any(|line| line.starts_with(mark));
    match script {
        _ if has("@") => Some("time passes"),
        _ if has("<TLS>") => Some("a handshake"),
        _ => None,
    }
}

/// What `# config:` asks for.
fn config(script: &str) -> (Config, bool) {
    let mut config = Config::new("foo.com".parse().unwrap());
    let mut tls = false;
    let words = script.lines().find_map(|line| line.strip_prefix("# config:"));
    for word in words.unwrap_or_default().split_whitespace() {
        let (key, value) = word.split_once('=').unwrap_or((word, "0"));
        let number: u32 = value.parse().unwrap();
        let limits = &mut config.limits;
        match key {
            "auth" => config.mechanisms = vec![Mechanism::PLAIN, Mechanism::LOGIN],
            "starttls" => config.extensions = config.extensions.with(Extension::StartTls),
            "tls" => tls = true,
            "reject-long-lines" => config.long_lines = LongLines::Reject,
            "auth-line" => limits.auth_line = number as usize,
            "line" => limits.command_line = number as usize,
            "recipients" => limits.recipients = number as usize,
            "size" => limits.message_size = number.into(),
            "discarded" => limits.discarded = number.into(),
            "endless" => limits.endless_line = number.into(),
            "idling" => limits.idling = number,
            "mistakes" => limits.mistakes = number,
            "transactions" => limits.transactions = Some(number),
            _ => panic!("what is {word}?"),
        }
    }
    (config, tls)
}

/// Starts a server of its own for a case. What is said to be under TLS is told so to the session,
/// and goes in clear.
async fn listen(script: &str) -> SocketAddr {
    let (config, tls) = config(script);
    let script = script.to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = acceptor();
    tokio::spawn(accept_loop(
        listener,
        AcceptLimits::default(),
        std::future::pending(),
        move |stream, _| {
            let (config, acceptor, mut sink) =
                (config.clone(), acceptor.clone(), Sink::of(&script));
            async move {
                let mut driver =
                    Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config));
                if tls {
                    driver.machine().secured();
                }
                // What the client hears of an error is compared, and what we hear is not.
                let _ = serve(driver, Some(&acceptor), &mut sink).await;
            }
        },
    ));
    address
}

/// Says the client's lines, and hears whether each answer has the code of the script's.
fn play(name: &str, script: &str, address: SocketAddr) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut answers = BufReader::new(stream.try_clone().unwrap());
    for line in script.lines() {
        if let Some(line) = line.strip_prefix("C:") {
            // A server that has closed does not hear the rest; what it said is still compared.
            let _ = stream.write_all(&said(line.strip_prefix(' ').unwrap_or(line)));
        } else if let Some(expected) = line.strip_prefix("S: ") {
            if expected.as_bytes().get(3) != Some(&b'-') {
                assert_eq!(code(&mut answers).as_deref(), expected.get(..3), "{name}: {expected}");
            }
        } else if line == "<EOF>" {
            stream.shutdown(Shutdown::Write).unwrap();
        }
    }
}

/// Reads a reply, and returns its code; `None` if the server has closed.
fn code(answers: &mut BufReader<TcpStream>) -> Option<String> {
    loop {
        let mut line = Vec::new();
        if answers.read_until(b'\n', &mut line).unwrap_or(0) == 0 {
            return None;
        }
        if line.get(3) != Some(&b'-') {
            return Some(String::from_utf8_lossy(&line[..3]).into_owned());
        }
    }
}

/// The octets of a script's line: `\r`, `\n`, `\0`, `\\`, `\xHH`; a final `\` suppresses CRLF.
fn said(line: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = line.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        if octet != b'\\' {
            out.push(octet);
            continue;
        }
        let Some((&escape, after)) = rest.split_first() else { return out };
        rest = after;
        match escape {
            b'r' => out.push(b'\r'),
            b'n' => out.push(b'\n'),
            b'0' => out.push(0),
            b'x' => {
                let (digits, after) = rest.split_at(2);
                out.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                rest = after;
            }
            other => out.push(other),
        }
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// An acceptor for handshakes that no client here begins.
fn acceptor() -> TlsAcceptor {
    let made = rcgen::generate_simple_self_signed(vec!["foo.com".into()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    Arc::new(config).into()
}

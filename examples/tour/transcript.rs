//! What the tour prints: who said what to whom.
use std::{
    collections::BTreeMap,
    fmt::Write,
    io::{self, Write as _},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use homing::{
    dns::{Message, Opcode, Rdata, RecordType, tokio::Exchange},
    proto_core::tokio::{Direction, Observer},
};

/// Lines in a row from one side that are shown; of the rest, only how many there are.
const SHOWN: usize = 16;

/// Prints to standard output, as long as it is not told to be quiet. Clones print to the same.
#[derive(Clone)]
pub(crate) struct Transcript {
    quiet: bool,
    color: bool,
    names: Arc<Mutex<BTreeMap<IpAddr, String>>>,
}

/// Prints, as long as somebody reads: the tour ends well without readers, too.
pub(crate) fn show(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

impl Transcript {
    pub(crate) fn new(quiet: bool, color: bool) -> Self {
        Self { quiet, color, names: Arc::default() }
    }

    /// Calls an address by a name from here on.
    pub(crate) fn name(&self, address: IpAddr, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).insert(address, name.into());
    }

    pub(crate) fn name_of(&self, address: IpAddr) -> String {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&address).cloned().unwrap_or_else(|| address.to_string())
    }

    /// Begins a chapter.
    pub(crate) fn act(&self, title: &str) {
        self.print(&format!("\n{}", self.paint("1", title)));
    }

    /// Tells what happens.
    pub(crate) fn note(&self, text: &str) {
        self.print(&self.paint("2", &format!("   {text}")));
    }

    pub(crate) fn print(&self, line: &str) {
        if !self.quiet {
            show(&format!("{line}\n"));
        }
    }

    /// Hears a dialogue for its client, and prints it line by line.
    pub(crate) fn dialogue(&self, client: &str, server: &str) -> Observer {
        let mut dialogue = Dialogue::new(self.clone(), client, server);
        Box::new(move |direction, octets| dialogue.hear(direction, octets))
    }

    /// Hears a name server's messages, and prints each.
    pub(crate) fn dns(&self) -> impl Fn(&Exchange<'_>) + Send + Sync + 'static {
        let transcript = self.clone();
        move |exchange| {
            if transcript.quiet {
                return;
            }
            let [from, to] = [exchange.from, exchange.to].map(|end| transcript.name_of(end.ip()));
            let said = Message::parse(exchange.message)
                .map_or_else(|error| error.to_string(), |message| describe(&message));
            let line = format!("   {from} -> {to}: {said}");
            transcript.print(&transcript.paint("36", &line));
        }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1B[{code}m{text}\x1B[0m") } else { text.into() }
    }
}

/// The lines of one connection.
struct Dialogue {
    transcript: Transcript,
    client: String,
    server: String,
    /// What has not ended in a line feed yet.
    pending: BTreeMap<bool, Vec<u8>>,
    last: Option<Direction>,
    in_a_row: usize,
    /// The server waits for a secret (RFC 4954 §4, RFC 5034 §4).
    challenged: bool,
}

impl Dialogue {
    fn new(transcript: Transcript, client: &str, server: &str) -> Self {
        transcript.note(&format!("{client} connects to {server}"));
        let (client, server) = (client.into(), server.into());
        let (pending, last, in_a_row, challenged) = Default::default();
        Self { transcript, client, server, pending, last, in_a_row, challenged }
    }

    fn hear(&mut self, direction: Direction, octets: &[u8]) {
        if self.transcript.quiet {
            return;
        }
        let sent = direction == Direction::Sent;
        for line in octets.split_inclusive(|octet| *octet == b'\n') {
            let pending = self.pending.entry(sent).or_default();
            pending.extend_from_slice(line);
            if pending.ends_with(b"\n") {
                let line = std::mem::take(pending);
                self.line(direction, line.trim_ascii_end());
            }
        }
    }

    fn line(&mut self, direction: Direction, line: &[u8]) {
        if self.last != Some(direction) {
            self.finish();
            self.last = Some(direction);
        }
        self.in_a_row += 1;
        if self.in_a_row <= SHOWN {
            let (mark, color) = match direction {
                Direction::Sent => ("C:", "32"),
                Direction::Received => ("S:", "33"),
            };
            let secret = self.challenged && direction == Direction::Sent;
            let said = if secret { "****".into() } else { readable(line) };
            let line = format!("   {:>14} {mark} {said}", self.client);
            self.transcript.print(&self.transcript.paint(color, &line));
        }
        self.challenged = direction == Direction::Received
            && (line == b"+" || line.starts_with(b"+ ") || line.starts_with(b"334"));
    }

    fn finish(&mut self) {
        let more = self.in_a_row.saturating_sub(SHOWN);
        if more > 0 {
            self.transcript.note(&format!("{:>14}    ... and {more} more lines", self.client));
        }
        self.in_a_row = 0;
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        self.finish();
        self.transcript.note(&format!("{} and {} part", self.client, self.server));
    }
}

/// A line for a terminal: no control characters, no secrets, and not too wide.
fn readable(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let words: Vec<_> = text.splitn(3, ' ').collect();
    let text = match words[..] {
        ["AUTH", mechanism, _] => format!("AUTH {mechanism} ****"),
        ["PASS", ..] => "PASS ****".into(),
        _ => text.into_owned(),
    };
    let printable = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    text.chars().take(100).map(printable).collect()
}

/// A DNS message in a few words.
fn describe(message: &Message<'_>) -> String {
    let header = message.header();
    let question = message
        .question()
        .map_or(String::new(), |question| format!("{} {}", question.name, question.rtype));
    if header.opcode == Opcode::UPDATE {
        return update(message);
    }
    if !header.response {
        let desired = if header.recursion_desired { ", recursively please" } else { "" };
        return format!("{question}?{desired}");
    }
    let mut said = String::new();
    for record in message.answers() {
        let _ = write!(said, "{} {}; ", record.rtype(), record.data());
    }
    if said.is_empty() {
        let servers = message.authorities().filter(|record| record.rtype() == RecordType::NS);
        for record in servers {
            let Rdata::Ns { server } = record.data() else { continue };
            let _ = write!(said, "I do not know, ask {server}");
            for glue in message.additionals().filter(|glue| glue.owner() == server) {
                let _ = write!(said, " at {}", glue.data());
            }
            said.push_str("; ");
        }
    }
    if said.is_empty() {
        said = format!("{}; ", message.rcode());
    }
    let authoritative = if header.authoritative { " (authoritative)" } else { "" };
    format!("{question}: {}{authoritative}", said.trim_end_matches("; "))
}

/// An update (RFC 2136), whose sections have other names.
fn update(message: &Message<'_>) -> String {
    let zone = message.question().map_or(String::new(), |zone| zone.name.to_string());
    if message.header().response {
        return format!("update of {zone} {}", message.rcode());
    }
    let records: Vec<_> = message.authorities().map(|record| record.to_string()).collect();
    format!("update {zone}: insert {}", records.join("; "))
}

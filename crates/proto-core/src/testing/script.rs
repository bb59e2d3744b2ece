//! Dialogues as the RFCs print them, played against a session.
//!
//! ```text
//! # what the script shows
//! S: 220 foo.com ESMTP
//! C: EHLO bar.com
//! S: 250 foo.com greets bar.com
//! @ +5m                            time passes: ms, s, m, h
//! S: 421 foo.com closing
//! ! no command for too long        the session's error
//! ```
//! `<TLS>` on its own line is the handshake, `<EOF>` the peer's end of file. Escapes are `\r`,
//! `\n`, `\0`, `\\`, `\xHH`; a final `\` suppresses CRLF. The session's own lines are what it
//! must write; whenever it is `Paused`, the subject answers with the next of them.
use alloc::{borrow::ToOwned, format, string::String, string::ToString, vec::Vec};
use core::time::Duration;

use super::{Side, Subject, Transcript, engine::Engine, expected::Line};

/// A dialogue.
#[derive(Clone, Debug)]
pub struct Script {
    name: String,
    items: Vec<Item>,
}

#[derive(Clone, Debug)]
enum Item {
    Said(Side, Line),
    Pass(Duration),
    Tls,
    Eof,
    Error(String),
}

impl Script {
    /// Reads a script.
    ///
    /// # Panics
    /// A line is none of those above; the message names it.
    #[must_use]
    pub fn parse(name: &str, text: &str) -> Self {
        let read = |(number, line): (usize, &str)| {
            Item::parse(line)
                .unwrap_or_else(|| panic!("{name}:{}: what is this? {line}", number + 1))
        };
        let lines = text.lines().enumerate();
        let items = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')).map(read);
        Self { name: name.to_owned(), items: items.collect() }
    }

    /// Reads every `.txt` file in a directory, by name.
    ///
    /// # Panics
    /// There is none, or one cannot be read.
    #[must_use]
    pub fn all_in(directory: &str) -> Vec<Self> {
        let entries = std::fs::read_dir(directory).unwrap_or_else(|e| panic!("{directory}: {e}"));
        let paths = entries.map(|entry| entry.expect("a directory can be listed").path());
        let mut paths: Vec<_> =
            paths.filter(|path| path.extension().is_some_and(|ext| ext == "txt")).collect();
        paths.sort();
        assert!(!paths.is_empty(), "{directory} has no scripts");
        let read = |path: std::path::PathBuf| {
            let text = std::fs::read_to_string(&path);
            let text = text.unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            Self::parse(&name, &text)
        };
        paths.into_iter().map(read).collect()
    }

    /// Returns the file's name, without `.txt`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Plays the script line by line, then whole, cut in two at every octet, and octet by octet.
    /// Returns what happened, for further questions.
    ///
    /// # Panics
    /// The session did otherwise: the message shows the dialogue with the difference. Or it
    /// broke a law, or cutting the input changed what it did.
    pub fn run<S: Subject>(&self, subject: &S) -> Transcript {
        let expected = self.said_by(S::SIDE);
        let dialogue = self.play_line_by_line(subject, &expected);
        let turns = self.turns(S::SIDE);
        let whole = self.play(subject, &expected, &turns, &[]);
        self.compare(&dialogue, &whole, "all at once");
        let total = turns.iter().map(|turn| turn.input.len()).sum();
        for at in 1..total {
            let cut = self.play(subject, &expected, &turns, &[at]);
            self.compare(&whole, &cut, &format!("cut at octet {at}"));
        }
        let octets: Vec<_> = (1..total).collect();
        let cut = self.play(subject, &expected, &turns, &octets);
        self.compare(&whole, &cut, "octet by octet");
        dialogue
    }

    fn compare(&self, expected: &Transcript, got: &Transcript, how: &str) {
        let name = &self.name;
        assert!(expected == got, "{name}, {how}:\n{got:#?}\nand not as before:\n{expected:#?}");
    }

    fn play_line_by_line<S: Subject>(&self, subject: &S, expected: &[Line]) -> Transcript {
        let mut engine = Engine::new(subject, expected);
        let mut due = 0;
        let mut after_own = true;
        for (index, item) in self.items.iter().enumerate() {
            let own = matches!(item, Item::Said(side, _) if *side == S::SIDE);
            if let Item::Said(side, line) = item
                && *side == S::SIDE
            {
                due += line.len();
                self.check_prefix::<S>(&engine.transcript, expected, due, index);
            } else if after_own && engine.transcript.wire.len() > due {
                self.fail::<S>(&engine.transcript, index, "it spoke too early");
            }
            after_own = own;
            apply(&mut engine, item, S::SIDE);
        }
        let transcript = engine.finish();
        let whole = expected.concat();
        if transcript.wire != whole || transcript.error.as_deref() != self.error() {
            self.fail::<S>(&transcript, self.items.len(), "the end differs");
        }
        transcript
    }

    /// Everything due by now must be on the wire.
    fn check_prefix<S: Subject>(
        &self,
        transcript: &Transcript,
        expected: &[Line],
        due: usize,
        index: usize,
    ) {
        let whole = expected.concat();
        if transcript.wire.get(..due) != whole.get(..due) {
            self.fail::<S>(transcript, index, "this line was due");
        }
    }

    fn play<S: Subject>(
        &self,
        subject: &S,
        expected: &[Line],
        turns: &[Turn<'_>],
        cuts: &[usize],
    ) -> Transcript {
        let mut engine = Engine::new(subject, expected);
        let mut start = 0;
        for turn in turns {
            let mut from = 0;
            let end = start + turn.input.len();
            for cut in cuts.iter().filter(|cut| start < **cut && **cut < end) {
                engine.feed(turn.input.get(from..cut - start).unwrap_or_default());
                from = cut - start;
            }
            if from < turn.input.len() {
                engine.feed(turn.input.get(from..).unwrap_or_default());
            }
            start = end;
            if let Some(item) = turn.then {
                apply(&mut engine, item, S::SIDE);
            }
        }
        engine.finish()
    }

    /// What the peer says in one go. A server may be told all at once, for clients pipeline; a
    /// client hears its server's words when they are due.
    fn turns(&self, side: Side) -> Vec<Turn<'_>> {
        let mut turns = Vec::new();
        let mut input = Vec::new();
        for item in &self.items {
            match item {
                Item::Said(by, line) if *by != side => input.extend_from_slice(line),
                Item::Said(..) if side == Side::Server => {}
                Item::Said(..) | Item::Error(_) => {
                    turns.push(Turn { input: core::mem::take(&mut input), then: None });
                }
                other => {
                    turns.push(Turn { input: core::mem::take(&mut input), then: Some(other) });
                }
            }
        }
        turns.push(Turn { input, then: None });
        turns
    }

    pub(super) fn said_by(&self, side: Side) -> Vec<Line> {
        let said = self.items.iter().filter_map(|item| match item {
            Item::Said(by, line) if *by == side => Some(line.clone()),
            _ => None,
        });
        said.collect()
    }

    fn error(&self) -> Option<&str> {
        self.items.iter().find_map(|item| match item {
            Item::Error(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// Shows the script as it was written, and beside its own lines what the session wrote.
    fn fail<S: Subject>(&self, transcript: &Transcript, index: usize, why: &str) -> ! {
        let mut shown = String::new();
        let mut wrote = transcript.wire.split_inclusive(|octet| *octet == b'\n');
        for (at, item) in self.items.iter().enumerate() {
            let here = if at == index { ">" } else { " " };
            let Item::Said(side, line) = item else {
                shown += &format!("{here}   {}\n", item.show());
                continue;
            };
            if *side != S::SIDE || at > index {
                shown += &format!("{here}   {}\n", item.show());
                continue;
            }
            match wrote.next() {
                Some(got) if got == line => shown += &format!("{here}   {}\n", item.show()),
                got => {
                    shown += &format!("{here} - {}\n", item.show());
                    let got = Item::Said(S::SIDE, got.unwrap_or_default().to_vec());
                    shown += &format!("{here} + {}\n", got.show());
                }
            }
        }
        for got in wrote {
            shown += &format!("  + {}\n", Item::Said(S::SIDE, got.to_vec()).show());
        }
        let (name, error, events) = (&self.name, &transcript.error, &transcript.events);
        panic!("{name}: {why}\n\n{shown}\nerror: {error:?}\nevents: {events:#?}");
    }
}

struct Turn<'a> {
    input: Vec<u8>,
    then: Option<&'a Item>,
}

fn apply<S: Subject>(engine: &mut Engine<'_, S>, item: &Item, side: Side) {
    match item {
        Item::Said(by, line) if *by != side => engine.feed(line),
        Item::Said(..) | Item::Error(_) => {}
        Item::Pass(time) => engine.pass(*time),
        Item::Tls => engine.secured(),
        Item::Eof => engine.eof(),
    }
}

impl Item {
    fn parse(line: &str) -> Option<Self> {
        let said = |side, text: &str| Some(Self::Said(side, unescape(text)?));
        match line.split_once(' ').unwrap_or((line, "")) {
            ("C:", text) => said(Side::Client, text),
            ("S:", text) => said(Side::Server, text),
            ("@", time) => parse_time(time.split_whitespace().next()?).map(Self::Pass),
            ("!", text) => Some(Self::Error(text.split("   ").next()?.trim().to_owned())),
            ("<TLS>", _) => Some(Self::Tls),
            ("<EOF>", _) => Some(Self::Eof),
            _ => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Self::Said(side, line) => {
                let mark = if *side == Side::Client { "C:" } else { "S:" };
                match line.strip_suffix(b"\r\n") {
                    Some(text) => format!("{mark} {}", text.escape_ascii()),
                    None => format!("{mark} {}\\", line.escape_ascii()),
                }
            }
            Self::Pass(time) => format!("@ +{time:?}"),
            Self::Tls => "<TLS>".to_string(),
            Self::Eof => "<EOF>".to_string(),
            Self::Error(text) => format!("! {text}"),
        }
    }
}

fn parse_time(text: &str) -> Option<Duration> {
    let text = text.strip_prefix('+')?;
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number * 60)),
        "h" => Some(Duration::from_secs(number * 3600)),
        _ => None,
    }
}

fn unescape(text: &str) -> Option<Line> {
    let mut line = Vec::new();
    let mut rest = text.as_bytes();
    loop {
        match rest {
            [] => {
                line.extend(b"\r\n");
                return Some(line);
            }
            [b'\\'] => return Some(line),
            [b'\\', b'x', high, low, ..] => {
                let digits = [*high, *low];
                let digits = core::str::from_utf8(&digits).ok()?;
                line.push(u8::from_str_radix(digits, 16).ok()?);
                rest = rest.get(4..)?;
            }
            [b'\\', escaped, ..] => {
                line.push(match escaped {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b'0' => 0,
                    b'\\' => b'\\',
                    _ => return None,
                });
                rest = rest.get(2..)?;
            }
            [octet, ..] => {
                line.push(*octet);
                rest = rest.get(1..)?;
            }
        }
    }
}

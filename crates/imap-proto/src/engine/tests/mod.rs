//! The engine over the store in memory, command lines in, response lines out.
mod anything;
mod hostile;
mod interleavings;
mod limits;
mod multi;
mod script;
mod stores;
mod tables;

use alloc::string::String;
use alloc::vec::Vec;

use bytes::BytesMut;

use super::{Engine, Limits, Output, memory};
use crate::command::{AppendPart, Event, Reader, Tagged};
use crate::{Dialect, Response, Tag};
use proto_core::Input;

/// A client whose commands are lines.
pub(super) struct Client {
    pub(super) engine: Engine<memory::Store>,
    reader: Reader,
    input: Input,
    tag: Option<Tag>,
}

pub(super) const NOW: i64 = 1_795_388_400;

impl Client {
    pub(super) fn new(account: &memory::Account) -> Self {
        Self::with_limits(account, Limits::default())
    }

    pub(super) fn with_limits(account: &memory::Account, limits: Limits) -> Self {
        let engine = Engine::new(account.store(), limits);
        Self { engine, reader: Reader::default(), input: Input::default(), tag: None }
    }

    /// Says a command, with its literals, without its last CRLF; returns what is answered.
    pub(super) fn say(&mut self, line: &str) -> String {
        self.input.push(with_literals(line).as_bytes());
        self.input.push(b"\r\n");
        let mut out = BytesMut::new();
        loop {
            match self.reader.next(&mut self.input) {
                Ok(Some(event)) => self.take(event, &mut out),
                Ok(None) => break,
                Err(bad) => {
                    self.engine.abort();
                    out.extend_from_slice(alloc::format!("BAD {}\r\n", bad.kind).as_bytes());
                }
            }
        }
        text(&out)
    }

    fn take(&mut self, event: Event, out: &mut BytesMut) {
        match event {
            Event::Command(tagged) => {
                self.tag = Some(tagged.tag.clone());
                let Tagged { tag, .. } = tagged.clone();
                if self.engine.command(tagged, NOW).is_err() {
                    out.extend_from_slice(tag.as_bytes());
                    out.extend_from_slice(b" not for the engine\r\n");
                }
            }
            // The command has been answered already.
            Event::Part(part) if self.tag.is_none() => {
                if matches!(part, AppendPart::Text(_)) {
                    self.reader.refuse();
                }
            }
            Event::Part(part) => match self.engine.part(&part) {
                Ok(()) if matches!(part, AppendPart::Text(_)) => self.reader.accept(),
                Ok(()) => {}
                Err((condition, text)) => {
                    let tag = self.tag.take().unwrap();
                    Response::Tagged { tag, condition, text }.write(out, Dialect::SERVER);
                    self.reader.refuse();
                }
            },
            Event::Octets(octets) => self.engine.octets(octets),
            Event::End => self.engine.end(),
            Event::Continue => self.reader.accept(),
        }
        self.drain(out);
    }

    /// What the engine has to say.
    pub(super) fn news(&mut self) -> String {
        let mut out = BytesMut::new();
        self.engine.wake();
        self.drain(&mut out);
        text(&out)
    }

    fn drain(&mut self, out: &mut BytesMut) {
        let mut gaps = Vec::new();
        let mut held: Option<(BytesMut, Vec<u8>)> = None;
        while let Some(output) = self.engine.next() {
            if !matches!(output, Output::Octets(_))
                && let Some((line, octets)) = held.take()
            {
                fill(&line, &octets, &gaps, out);
            }
            match output {
                Output::Response(response) => {
                    let mut line = BytesMut::new();
                    let dialect = Dialect { utf8: self.engine.is_utf8(), ..Dialect::SERVER };
                    gaps = response.write(&mut line, dialect);
                    held = Some((line, Vec::new()));
                }
                Output::Octets(octets) => held.as_mut().unwrap().1.extend_from_slice(&octets),
                Output::Broken(failure) => {
                    out.extend_from_slice(alloc::format!("broken: {failure}\r\n").as_bytes());
                }
                Output::Done(condition, text) => {
                    let tag = self.tag.take().unwrap();
                    Response::Tagged { tag, condition, text }.write(out, Dialect::SERVER);
                }
            }
        }
        if let Some((line, octets)) = held {
            fill(&line, &octets, &gaps, out);
        }
    }
}

/// `<<text>>` is a literal.
fn with_literals(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("<<") {
        let (literal, after) = after.split_once(">>").unwrap();
        out += &alloc::format!("{before}{{{}+}}\r\n{literal}", literal.len());
        rest = after;
    }
    out + rest
}

/// Puts octets where a response has room for them.
fn fill(line: &[u8], mut octets: &[u8], gaps: &[crate::Gap], out: &mut BytesMut) {
    let mut at = 0;
    for gap in gaps {
        let size = usize::try_from(gap.size).unwrap();
        assert!(octets.len() >= size, "as many octets as were announced");
        out.extend_from_slice(&line[at..gap.at]);
        out.extend_from_slice(&octets[..size]);
        (at, octets) = (gap.at, &octets[size..]);
    }
    assert!(octets.is_empty(), "no more octets than were announced");
    out.extend_from_slice(&line[at..]);
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).replace("\r\n", "\n")
}

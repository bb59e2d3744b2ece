//! Entries: messages as scripts write them, and what they match.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::script::{Lines, words};
use crate::edns::{Edns, EdnsOption, OptionsBuf};
use crate::error::ParseErrorKind;
use crate::header::Header;
use crate::message::{Message, Question, Section};
use crate::name::Name;
use crate::number::{Class, Opcode, OptionCode, Rcode, RecordType};
use crate::record::{Data, Record};
use crate::writer::Writer;
use proto_core::Transport;

/// A message, what it matches, and what of the query it takes over.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) keys: Vec<String>,
    pub(super) adjust: Vec<String>,
    pub(super) header: Header,
    pub(super) rcode: Rcode,
    pub(super) dnssec_ok: bool,
    pub(super) edns: bool,
    pub(super) question: Option<(Name, RecordType, Class)>,
    pub(super) records: Vec<(Section, Record)>,
    pub(super) raw: Option<Vec<u8>>,
    pub(super) options: Vec<u8>,
}

/// An entry as far as it has been read.
struct Reader {
    entry: Entry,
    /// Where records go; none while the question is read.
    section: Option<Section>,
    origin: Name,
    ttl: u32,
}

impl Reader {
    /// Takes a line that is not the last.
    fn line(&mut self, line: &str, lines: &mut Lines<'_>) -> Result<(), String> {
        let mut parts = words(line);
        let entry = &mut self.entry;
        match parts.next().unwrap_or_default() {
            "MATCH" => entry.keys.extend(parts.map(ToString::to_string)),
            "ADJUST" => entry.adjust.extend(parts.map(ToString::to_string)),
            "REPLY" => parts.for_each(|word| entry.flag(word)),
            "SECTION" => {
                self.section = match parts.next() {
                    Some("QUESTION") => None,
                    Some("ANSWER") => Some(Section::Answer),
                    Some("AUTHORITY") => Some(Section::Authority),
                    _ => Some(Section::Additional),
                };
            }
            "HEX_ANSWER_BEGIN" => entry.raw = Some(hex(lines, "HEX_ANSWER_END")),
            "HEX_EDNSDATA_BEGIN" => {
                entry.options = hex(lines, "HEX_EDNSDATA_END");
                entry.edns = true;
            }
            "EXTRA_PACKET" => return Err(lines.error("several packets")),
            "$ORIGIN" => {
                let name = parts.next().and_then(|it| it.parse().ok());
                self.origin = name.ok_or_else(|| lines.error("origin"))?;
            }
            "$TTL" => self.ttl = parts.next().and_then(|it| it.parse().ok()).unwrap_or(self.ttl),
            name => match self.section {
                None => {
                    let question = question(name, parts).map_err(|what| lines.error(what))?;
                    entry.question = Some(question);
                }
                Some(section) => {
                    let read = self.records(line, lines)?;
                    self.entry.records.extend(read.into_iter().map(|record| (section, record)));
                }
            },
        }
        Ok(())
    }

    /// Reads a record, on as many lines as it has.
    fn records(&self, line: &str, lines: &mut Lines<'_>) -> Result<Vec<Record>, String> {
        let mut text = format!("$TTL {}\n{line}\n", self.ttl);
        while open(&text) {
            let Some(more) = lines.next() else { break };
            text = format!("{text}{more}\n");
        }
        let read = crate::zone_file::read("entry", text.as_bytes(), self.origin.clone(), |_| None);
        // Unbound's reader passes over a word behind the last field.
        let spare =
            |line: &str| Some(line.trim_end().rsplit_once(char::is_whitespace)?.0.to_string());
        read.or_else(|error| {
            if error.kind() == ParseErrorKind::Expected("the end of the record")
                && let Some(line) = spare(line)
            {
                return self.records(&line, lines);
            }
            let record = malformed(line, self.ttl).map(|record| Vec::from([record]));
            record.ok_or_else(|| lines.error(&format!("{error}: {line}")))
        })
    }
}

/// Reads a question: a name, perhaps a TTL and a class, and a type.
fn question<'w>(
    name: &str,
    words: impl Iterator<Item = &'w str>,
) -> Result<(Name, RecordType, Class), &'static str> {
    let name = name.parse().map_err(|_| "name")?;
    let mut words = words.filter(|it| it.parse::<u32>().is_err()).peekable();
    let class = match words.peek().copied() {
        Some("IN") => Some(Class::IN),
        Some("CH") => Some(Class::CH),
        Some("ANY") => Some(Class::ANY),
        _ => None,
    };
    if class.is_some() {
        words.next();
    }
    let rtype = words.next().and_then(|it| it.parse().ok()).ok_or("type")?;
    Ok((name, rtype, class.unwrap_or(Class::IN)))
}

impl Entry {
    /// Makes one of an empty message, which matches everything.
    pub(super) fn new(header: Header) -> Self {
        Self {
            keys: Vec::new(),
            adjust: Vec::new(),
            header,
            rcode: Rcode::NOERROR,
            dnssec_ok: false,
            edns: false,
            question: None,
            records: Vec::new(),
            raw: None,
            options: Vec::new(),
        }
    }

    pub(super) fn parse(lines: &mut Lines<'_>) -> Result<Self, String> {
        let entry = Self::new(Header::default());
        let section = Some(Section::Answer);
        let mut reader = Reader { entry, section, origin: Name::ROOT, ttl: 3600 };
        while let Some(line) = lines.next() {
            if words(line).next() == Some("ENTRY_END") {
                return Ok(reader.entry);
            }
            reader.line(line, lines)?;
        }
        Err(lines.error("entry without an end"))
    }

    fn flag(&mut self, word: &str) {
        let header = &mut self.header;
        match word {
            "QR" => header.response = true,
            "AA" => header.authoritative = true,
            "TC" => header.truncated = true,
            "RD" => header.recursion_desired = true,
            "RA" => header.recursion_available = true,
            "AD" => header.authentic_data = true,
            "CD" => header.checking_disabled = true,
            "DO" => (self.dnssec_ok, self.edns) = (true, true),
            "QUERY" => header.opcode = Opcode::QUERY,
            "NOTIFY" => header.opcode = Opcode::NOTIFY,
            "UPDATE" => header.opcode = Opcode::UPDATE,
            other => {
                if let Ok(rcode) = other.parse() {
                    self.rcode = rcode;
                }
            }
        }
    }

    /// Whether it is to be sent as the answer of the query that it matches.
    pub(super) fn copies_id(&self) -> bool {
        self.adjust.iter().any(|it| it == "copy_id")
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|own| own == key)
    }

    /// Whether a message has the same question.
    pub(super) fn asks(&self, message: &Message<'_>) -> bool {
        let asked = message.question().map(|it| (it.name.to_name(), it.rtype));
        asked == self.question.as_ref().map(|it| (it.0.clone(), it.1))
    }

    /// Says why a message does not match, if it does not.
    pub(super) fn mismatch(&self, message: &Message<'_>, via: Transport) -> Option<String> {
        let asked = message.question();
        let own = self.question.as_ref();
        let fail = |key: &str| Some(format!("{key} differs"));
        for key in &self.keys {
            let matches = match key.as_str() {
                "opcode" => message.header().opcode == self.header.opcode,
                "qname" => asked.map(|it| it.name.to_name()) == own.map(|it| it.0.clone()),
                "qtype" => asked.map(|it| it.rtype) == own.map(|it| it.1),
                "subdomain" => {
                    own.zip(asked).is_some_and(|(own, asked)| asked.name.is_within(own.0.view()))
                }
                "TCP" => via == Transport::Tcp,
                "UDP" => via == Transport::Udp,
                "DO" => message.edns().is_some_and(|edns| edns.dnssec_ok) == self.dnssec_ok,
                "noedns" => message.edns().is_none(),
                "rcode" => message.rcode() == self.rcode,
                "question" => self.asks(message),
                "answer" => {
                    self.section(Section::Answer, false) == section(message, Section::Answer, false)
                }
                "ttl" => true,
                "all" => return self.all(message).or_else(|| self.rest(message, via)),
                "ede=any" => errors(message).next().is_some(),
                "ednsdata" => {
                    message.edns().map_or(&[][..], |edns| edns.options.octets()) == self.options
                }
                other => match other.strip_prefix("ede=") {
                    Some(code) => errors(message).any(|it| code == it.to_string()),
                    None => return Some(format!("match {other} is not known")),
                },
            };
            if !matches {
                return fail(key);
            }
        }
        None
    }

    /// The keys beside `all`.
    fn rest(&self, message: &Message<'_>, via: Transport) -> Option<String> {
        let keys = self.keys.iter().filter(|key| *key != "all").cloned().collect();
        Self { keys, ..self.clone() }.mismatch(message, via)
    }

    fn all(&self, message: &Message<'_>) -> Option<String> {
        let ttl = self.has("ttl");
        let header = message.header();
        let flags = |it: &Header| {
            let mut it = *it;
            (it.id, it.rcode) = (0, Rcode::NOERROR);
            it
        };
        if flags(&header) != flags(&self.header) {
            return Some(format!("flags differ: {header:?}"));
        }
        if message.rcode() != self.rcode {
            return Some(format!("rcode is {}, not {}", message.rcode(), self.rcode));
        }
        if !self.asks(message) {
            return Some("question differs".to_string());
        }
        for which in [Section::Answer, Section::Authority, Section::Additional] {
            let (own, other) = (self.section(which, ttl), section(message, which, ttl));
            if own != other {
                let missing: Vec<_> = own.iter().filter(|it| !other.contains(it)).collect();
                let extra: Vec<_> = other.iter().filter(|it| !own.contains(it)).collect();
                return Some(format!("{which:?}: missing {missing:?}, extra {extra:?}"));
            }
        }
        let signed = message.edns().is_some_and(|edns| edns.dnssec_ok);
        (signed != self.dnssec_ok).then(|| "DO differs".to_string())
    }

    fn section(&self, which: Section, ttl: bool) -> Vec<String> {
        let own = self.records.iter().filter(|(section, _)| *section == which);
        let mut lines: Vec<_> = own.map(|(_, record)| line(record, ttl)).collect();
        lines.sort();
        lines
    }

    /// Writes the message, as an answer to a query if there is one.
    pub(super) fn write(&self, query: Option<&Message<'_>>) -> Bytes {
        let copies = |what| self.adjust.iter().any(|it| it == what);
        // Which id it has is the transport's affair, whether the entry says so or not.
        let id = query.map(|query| query.header().id);
        if let Some(raw) = &self.raw {
            let mut raw = raw.clone();
            if let (Some(id), Some(place)) = (id, raw.first_chunk_mut()) {
                *place = id.to_be_bytes();
            }
            return raw.into();
        }
        let header = Header { id: id.unwrap_or(self.header.id), rcode: self.rcode, ..self.header };
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out, header, usize::from(u16::MAX));
        let copied = query.filter(|_| copies("copy_query")).and_then(|query| query.question());
        let own = self.question.as_ref().map(|(name, rtype, class)| Question {
            name: name.view(),
            rtype: *rtype,
            class: *class,
        });
        if let Some(question) = copied.or(own) {
            let _ = writer.question(question);
        }
        for section in [Section::Answer, Section::Authority, Section::Additional] {
            let _ = writer.section(section);
            for (_, record) in self.records.iter().filter(|(own, _)| *own == section) {
                let _ = writer.record(record);
            }
        }
        if self.edns {
            let mut options = OptionsBuf::default();
            for (code, data) in
                crate::edns::Options::parse(&self.options).ok().iter().flat_map(|it| it.iter())
            {
                if let Ok(option) = EdnsOption::parse(code, data) {
                    options.push(&option);
                }
            }
            let mut edns = Edns::new(1232);
            edns.dnssec_ok = self.dnssec_ok;
            edns.options = options.view();
            let _ = writer.edns(&edns);
        }
        writer.finish();
        out.freeze()
    }
}

/// Returns the extended errors of a message.
pub(super) fn errors(message: &Message<'_>) -> impl Iterator<Item = u16> {
    let options = message.edns().map(|edns| edns.options);
    options.into_iter().flat_map(|it| it.iter()).filter_map(|(code, data)| {
        let error = data.first_chunk().map(|it| u16::from_be_bytes(*it));
        error.filter(|_| code == OptionCode::EXTENDED_ERROR)
    })
}

fn section(message: &Message<'_>, which: Section, ttl: bool) -> Vec<String> {
    let records = message.section(which).filter(|record| record.rtype() != RecordType::OPT);
    let mut lines: Vec<_> = records.map(|record| line(&Record::from(record), ttl)).collect();
    lines.sort();
    lines
}

/// A record for comparison.
fn line(record: &Record, ttl: bool) -> String {
    let kept = if ttl { record.ttl() } else { 0 };
    let (owner, rtype, data) = (record.owner(), record.rtype(), record.data());
    format!("{owner} {kept} {} {rtype} {data}", record.class()).to_lowercase()
}

/// Reads a record whose data are written as octets and are none of its type.
fn malformed(line: &str, ttl: u32) -> Option<Record> {
    let (head, data) = line.split_once("\\#")?;
    let mut head = words(head);
    let owner: Name = head.next()?.parse().ok()?;
    let rtype = head.last()?.parse().ok()?;
    let digits: String = words(data).skip(1).collect();
    let pairs = digits.as_bytes().chunks_exact(2);
    let octets: Option<Vec<u8>> =
        pairs.map(|it| u8::from_str_radix(core::str::from_utf8(it).ok()?, 16).ok()).collect();
    Some(Data::checked(rtype, &octets?).with_owner(owner.view(), Class::IN, ttl))
}

/// Whether a parenthesis is open.
fn open(text: &str) -> bool {
    let (mut depth, mut quoted) = (0_i32, false);
    for line in text.lines() {
        for letter in line.chars() {
            match letter {
                '"' => quoted = !quoted,
                ';' if !quoted => break,
                '(' if !quoted => depth += 1,
                ')' if !quoted => depth -= 1,
                _ => {}
            }
        }
    }
    depth > 0
}

fn hex(lines: &mut Lines<'_>, end: &str) -> Vec<u8> {
    let mut digits = String::new();
    while let Some(line) = lines.next() {
        if line.starts_with(end) {
            break;
        }
        digits.extend(words(line).flat_map(str::chars));
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.filter_map(|it| u8::from_str_radix(core::str::from_utf8(it).ok()?, 16).ok()).collect()
}

//! Messages as people and programs read them.
use std::io::{self, Write};

use homing::dns::{EdnsOption, Message, Record, RecordType, Records};
use serde_json::{Value, json};

/// Writes a message as dig does.
pub(crate) fn message(out: &mut impl Write, message: &Message<'_>) -> io::Result<()> {
    let header = message.header();
    let (opcode, id) = (header.opcode, header.id);
    writeln!(out, ";; ->>HEADER<<- opcode: {opcode}, status: {}, id: {id}", message.rcode())?;
    let sections = sections(message);
    let counts = sections.each_ref().map(|(_, records)| records.clone().count());
    let [answers, authorities, additionals] = counts;
    let (flags, questions) = (flags(message), message.questions().count());
    write!(out, ";; flags:{flags}; QUERY: {questions}, ANSWER: {answers}, ")?;
    writeln!(out, "AUTHORITY: {authorities}, ADDITIONAL: {additionals}")?;
    edns(out, message)?;
    writeln!(out, "\n;; QUESTION SECTION:")?;
    for question in message.questions() {
        writeln!(out, ";{}\t{} {}", question.name, question.class, question.rtype)?;
    }
    for (title, records) in sections {
        let mut records = records.filter(|it| it.rtype() != RecordType::OPT).peekable();
        if records.peek().is_some() {
            writeln!(out, "\n;; {title} SECTION:")?;
        }
        records.try_for_each(|record| writeln!(out, "{record:#}"))?;
    }
    writeln!(out)
}

/// Writes what somebody said, without ceremony.
pub(crate) fn brief(out: &mut impl Write, message: &Message<'_>) -> io::Result<()> {
    let (rcode, flags) = (message.rcode(), flags(message));
    for question in message.questions() {
        writeln!(out, ";; {} {} {rcode}{flags}", question.name, question.rtype)?;
    }
    for (_, records) in sections(message) {
        let mut records = records.filter(|it| it.rtype() != RecordType::OPT);
        records.try_for_each(|record| writeln!(out, "{record}"))?;
    }
    Ok(())
}

fn sections<'m>(message: &Message<'m>) -> [(&'static str, Records<'m>); 3] {
    [
        ("ANSWER", message.answers()),
        ("AUTHORITY", message.authorities()),
        ("ADDITIONAL", message.additionals()),
    ]
}

fn flags(message: &Message<'_>) -> String {
    let header = message.header();
    let flags = [
        (header.response, " qr"),
        (header.authoritative, " aa"),
        (header.truncated, " tc"),
        (header.recursion_desired, " rd"),
        (header.recursion_available, " ra"),
        (header.authentic_data, " ad"),
        (header.checking_disabled, " cd"),
    ];
    flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect()
}

fn edns(out: &mut impl Write, message: &Message<'_>) -> io::Result<()> {
    let Some(edns) = message.edns() else { return Ok(()) };
    writeln!(out, "\n;; OPT PSEUDOSECTION:")?;
    let flags = if edns.dnssec_ok { " do" } else { "" };
    writeln!(out, "; EDNS: version: {}, flags:{flags}; udp: {}", edns.version, edns.payload)?;
    let hex = |octets: &[u8]| octets.iter().map(|it| format!("{it:02x}")).collect::<String>();
    for option in edns.options.typed().flatten() {
        match option {
            EdnsOption::Cookie(cookie) => {
                writeln!(out, "; COOKIE: {}{}", hex(&cookie.client()), hex(cookie.server()))?;
            }
            EdnsOption::ExtendedError(code, text) => {
                let (number, text) = (code.number(), text.escape_ascii());
                writeln!(out, "; EDE: {number} ({code}): ({text})")?;
            }
            EdnsOption::Nsid(id) => writeln!(out, "; NSID: {} ({})", hex(id), id.escape_ascii())?,
            EdnsOption::Keepalive(Some(tenths)) => {
                writeln!(out, "; TCP KEEPALIVE: {}.{} secs", tenths / 10, tenths % 10)?;
            }
            EdnsOption::Padding(octets) => writeln!(out, "; PADDING: {octets} bytes")?,
            other => writeln!(out, "; {}", other.code())?,
        }
    }
    Ok(())
}

pub(crate) fn as_json(message: &Message<'_>) -> Value {
    let records = |records: Records<'_>| -> Vec<Value> {
        let own = records.filter(|it| it.rtype() != RecordType::OPT).map(Record::from);
        own.map(|it| {
            json!({
                "name": it.owner().to_string(),
                "type": it.rtype().to_string(),
                "ttl": it.ttl(),
                "data": it.data().to_string(),
            })
        })
        .collect()
    };
    let header = message.header();
    json!({
        "rcode": message.rcode().to_string(),
        "authoritative": header.authoritative,
        "authentic": header.authentic_data,
        "answer": records(message.answers()),
        "authority": records(message.authorities()),
        "additional": records(message.additionals()),
    })
}

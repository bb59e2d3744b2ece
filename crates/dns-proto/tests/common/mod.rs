//! Zones in a few lines of text, for tests.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, dead_code, reason = "tests")]
pub(crate) mod net;

use bytes::BytesMut;
use dns_proto::{
    Authority, Message, MessageBuf, Name, Outcome, Query, Rdata, Record, RecordType, Zone,
};
use proto_core::Transport;

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// Reads `OWNER TYPE DATA`, with a TTL of 300 seconds.
pub(crate) fn record(line: &str) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (owner, last) = (name(words[0]), *words.last().unwrap());
    match words[1] {
        "A" | "AAAA" => return Record::address(owner, 300, last.parse().unwrap()),
        "TXT" => return Record::text(owner, 300, &[last.as_bytes()]).unwrap(),
        _ => {}
    }
    let target = name(if words[1] == "SOA" { "ns" } else { last });
    let view = target.view();
    let data = match words[1] {
        "NS" => Rdata::Ns { server: view },
        "PTR" => Rdata::Ptr { target: view },
        "CNAME" => Rdata::Cname { target: view },
        "DNAME" => Rdata::Dname { target: view },
        "MX" => Rdata::Mx { preference: words[2].parse().unwrap(), exchange: view },
        "SOA" => Rdata::Soa {
            primary: view,
            mailbox: view,
            serial: last.parse().unwrap(),
            refresh: 3600,
            retry: 600,
            expire: 86400,
            minimum: 60,
        },
        other => panic!("{other}"),
    };
    Record::new(owner, 300, data)
}

/// Reads a zone: one record a line.
pub(crate) fn zone(text: &str) -> Zone {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Zone::new(lines.map(record)).unwrap()
}

pub(crate) fn authority(zones: &[&str]) -> Authority {
    let mut authority = Authority::default();
    for text in zones {
        authority.insert(zone(text));
    }
    authority
}

/// Asks an authority as a client would, and parses what it says.
pub(crate) fn ask(authority: &Authority, asked: &str, rtype: RecordType) -> (Outcome, MessageBuf) {
    let query = Query::new(&name(asked), rtype).id(7).write();
    let mut out = BytesMut::new();
    let outcome = authority.respond(&query, Transport::Udp, &mut out);
    (outcome, MessageBuf::parse(out.freeze()).unwrap())
}

/// Writes an answer as the lines of its sections, without TTLs and OPT.
pub(crate) fn lines(message: &Message<'_>) -> Vec<String> {
    let sections =
        [("", message.answers()), ("? ", message.authorities()), ("+ ", message.additionals())];
    let mut lines = Vec::new();
    for (mark, records) in sections {
        for record in records.filter(|record| record.rtype() != RecordType::OPT) {
            let (owner, rtype, data) = (record.owner(), record.rtype(), record.data());
            let data = if rtype == RecordType::SOA { String::new() } else { format!(" {data}") };
            lines.push(format!("{mark}{owner} {rtype}{data}"));
        }
    }
    lines
}

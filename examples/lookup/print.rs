//! Messages as people and programs read them.
use homing::dns::{EdnsOption, Message, Record, RecordType, Records};
use serde_json::{Value, json};

/// Prints a message as dig does.
pub(crate) fn message(message: &Message<'_>) {
    let header = message.header();
    let (opcode, id) = (header.opcode, header.id);
    println!(";; ->>HEADER<<- opcode: {opcode}, status: {}, id: {id}", message.rcode());
    let sections = sections(message);
    let counts = sections.each_ref().map(|(_, records)| records.clone().count());
    let [answers, authorities, additionals] = counts;
    println!(
        ";; flags:{}; QUERY: {}, ANSWER: {answers}, AUTHORITY: {authorities}, ADDITIONAL: {additionals}",
        flags(message),
        message.questions().count(),
    );
    edns(message);
    println!("\n;; QUESTION SECTION:");
    message.questions().for_each(|it| println!(";{}\t{} {}", it.name, it.class, it.rtype));
    for (title, records) in sections {
        let records: Vec<_> = records.filter(|it| it.rtype() != RecordType::OPT).collect();
        if !records.is_empty() {
            println!("\n;; {title} SECTION:");
        }
        records.iter().for_each(|record| println!("{record:#}"));
    }
    println!();
}

/// Prints who said what, without ceremony.
pub(crate) fn brief(message: &Message<'_>) {
    for question in message.questions() {
        println!(";; {} {} {}{}", question.name, question.rtype, message.rcode(), flags(message));
    }
    for (_, records) in sections(message) {
        let records = records.filter(|it| it.rtype() != RecordType::OPT);
        records.for_each(|record| println!("{record}"));
    }
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

fn edns(message: &Message<'_>) {
    let Some(edns) = message.edns() else { return };
    println!("\n;; OPT PSEUDOSECTION:");
    let flags = if edns.dnssec_ok { " do" } else { "" };
    println!("; EDNS: version: {}, flags:{flags}; udp: {}", edns.version, edns.payload);
    let hex = |octets: &[u8]| octets.iter().map(|it| format!("{it:02x}")).collect::<String>();
    for option in edns.options.typed().flatten() {
        match option {
            EdnsOption::Cookie(cookie) => {
                println!("; COOKIE: {}{}", hex(&cookie.client()), hex(cookie.server()));
            }
            EdnsOption::ExtendedError(code, text) => {
                let (number, text) = (code.number(), text.escape_ascii());
                println!("; EDE: {number} ({code}): ({text})");
            }
            EdnsOption::Nsid(id) => println!("; NSID: {} ({})", hex(id), id.escape_ascii()),
            EdnsOption::Keepalive(Some(tenths)) => {
                println!("; TCP KEEPALIVE: {}.{} secs", tenths / 10, tenths % 10);
            }
            EdnsOption::Padding(octets) => println!("; PADDING: {octets} bytes"),
            other => println!("; {}", other.code()),
        }
    }
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

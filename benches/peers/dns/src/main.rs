//! Messages and zones beside peers: `dns TASK PEER MESSAGE-OR-FILE TIMES`; `run` prints the table.
use std::hint::black_box;

use bytes::BytesMut;
use dns_proto::zone_file::{Scanner, Step};
use dns_proto::{Edns, Header, Message, MessageBuf, Name, Question, Rdata, Record, Section, Writer};
use domain::base::iana::Class;
use domain::base::{MessageBuilder, ParsedName, StaticCompressor};
use domain::rdata::AllRecordData;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, task, peer, file, times] = &arguments[..] else { panic!("TASK PEER FILE TIMES") };
    let times: u32 = times.parse().expect("a number");
    if task == "scan" {
        return scan(peer, file);
    }
    let octets = std::fs::read(file).expect("a message");
    let mut act = task_of(task, peer, &octets);
    act();
    let mut length = 0;
    let mut repeat = |times: u32| (0..times).for_each(|_| length = act());
    let allocations = allocation_counter::measure(|| repeat(1)).count_total;
    repeat(times);
    println!("{length} {allocations}");
}

fn task_of<'o>(task: &str, peer: &str, octets: &'o [u8]) -> Box<dyn FnMut() -> usize + 'o> {
    match (task, peer) {
        ("parse", "homing") => Box::new(|| parse(octets)),
        ("parse", "domain") => Box::new(|| parse_domain(octets)),
        ("parse", "hickory") => Box::new(|| {
            black_box(&hickory_proto::op::Message::from_vec(black_box(octets)).expect("a message"));
            octets.len()
        }),
        ("parse", "simple-dns") => Box::new(|| {
            black_box(&simple_dns::Packet::parse(black_box(octets)).expect("a message"));
            octets.len()
        }),
        ("build", "homing") => build(octets),
        ("build", "domain") => build_domain(octets),
        ("build", "hickory") => {
            let message = hickory_proto::op::Message::from_vec(octets).expect("a message");
            Box::new(move || black_box(black_box(&message).to_vec().expect("a message")).len())
        }
        ("build", "simple-dns") => {
            let packet = simple_dns::Packet::parse(octets).expect("a message");
            Box::new(move || {
                black_box(black_box(&packet).build_bytes_vec_compressed().expect("fits")).len()
            })
        }
        other => panic!("no case {other:?}"),
    }
}

fn parse(octets: &[u8]) -> usize {
    let message = Message::parse(black_box(octets)).expect("a message");
    for question in message.questions() {
        black_box(&question);
    }
    for section in [Section::Answer, Section::Authority, Section::Additional] {
        for record in message.section(section) {
            black_box(&(record.owner(), record.ttl()));
            black_box(&record.data());
        }
    }
    octets.len()
}

fn parse_domain(octets: &[u8]) -> usize {
    let message = domain::base::Message::from_octets(black_box(octets)).expect("a message");
    for question in message.question() {
        black_box(&question.expect("a question"));
    }
    for item in message.iter() {
        let (record, _) = item.expect("a record");
        type Data<'o> = AllRecordData<&'o [u8], ParsedName<&'o [u8]>>;
        black_box(&record.to_any_record::<Data<'_>>().expect("data"));
    }
    octets.len()
}

fn build<'o>(octets: &'o [u8]) -> Box<dyn FnMut() -> usize + 'o> {
    let message = MessageBuf::parse(octets.to_vec().into()).expect("a message");
    let (header, name) = {
        let view = message.view();
        (view.header(), view.question().expect("a question").name.to_name())
    };
    let mut records = Vec::new();
    for section in [Section::Answer, Section::Authority, Section::Additional] {
        let view = message.view();
        let data = view.section(section).filter(|it| !matches!(it.data(), Rdata::Opt { .. }));
        records.extend(data.map(|record| (section, Record::from(record))));
    }
    let mut out = BytesMut::with_capacity(65_535);
    Box::new(move || {
        out.clear();
        let view = message.view();
        let (rtype, class) = view.question().map(|it| (it.rtype, it.class)).expect("a question");
        write(&mut out, header, &name, (rtype, class), &records, view.edns().as_ref());
        black_box(&out).len()
    })
}

fn write(
    out: &mut BytesMut,
    header: Header,
    name: &Name,
    (rtype, class): (dns_proto::RecordType, dns_proto::Class),
    records: &[(Section, Record)],
    edns: Option<&Edns<'_>>,
) {
    let mut writer = Writer::new(out, header, 65_535);
    writer.question(Question { name: name.view(), rtype, class }).expect("room");
    for (section, record) in black_box(records) {
        writer.section(*section).expect("in order");
        writer.record(record).expect("room");
    }
    if let Some(edns) = edns {
        writer.edns(edns).expect("room");
    }
    writer.finish();
}

fn build_domain<'o>(octets: &'o [u8]) -> Box<dyn FnMut() -> usize + 'o> {
    type Parsed<'o> =
        domain::base::Record<ParsedName<&'o [u8]>, AllRecordData<&'o [u8], ParsedName<&'o [u8]>>>;
    let message = domain::base::Message::from_octets(octets).expect("a message");
    let question = message.sole_question().expect("a question");
    let mut sections: [Vec<Parsed<'o>>; 3] = Default::default();
    for item in message.iter() {
        let (record, section) = item.expect("a record");
        let record = record.to_any_record().expect("data");
        sections[section as usize - 1].push(record);
    }
    Box::new(move || {
        let target = StaticCompressor::new(Vec::with_capacity(512));
        let mut builder = MessageBuilder::from_target(target).expect("room").question();
        builder.push((question.qname(), question.qtype(), Class::IN)).expect("room");
        let [answers, authorities, additionals] = black_box(&sections);
        let mut builder = builder.answer();
        answers.iter().for_each(|record| builder.push(record).expect("room"));
        let mut builder = builder.authority();
        authorities.iter().for_each(|record| builder.push(record).expect("room"));
        let mut builder = builder.additional();
        additionals.iter().for_each(|record| builder.push(record).expect("room"));
        black_box(builder.finish().into_target()).len()
    })
}

/// Reads a zone of a million records, or as many as there are.
fn scan(peer: &str, file: &str) {
    let records = match peer {
        "homing" => {
            use std::io::Read;
            let mut source = std::fs::File::open(file).expect("a zone");
            let mut scanner = Scanner::new(file, &"example".parse().expect("a name"));
            let (mut piece, mut records) = (vec![0; 65_536], 0);
            loop {
                match scanner.next().expect("a zone") {
                    Step::Record(record) => {
                        black_box(record);
                        records += 1;
                    }
                    Step::NeedInput => match source.read(&mut piece).expect("a zone") {
                        0 => scanner.end(),
                        length => scanner.push(&piece[..length]),
                    },
                    Step::Include(_) => scanner.refuse(),
                    Step::Done => break records,
                }
            }
        }
        "domain" => {
            let mut source = std::fs::File::open(file).expect("a zone");
            let mut zone = domain::zonefile::inplace::Zonefile::load(&mut source).expect("a zone");
            let mut records = 0;
            while let Some(entry) = zone.next_entry().expect("an entry") {
                black_box(entry);
                records += 1;
            }
            records
        }
        other => panic!("no peer {other}"),
    };
    println!("{records} records");
}

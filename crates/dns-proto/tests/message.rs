//! Messages: what is written is read, and nothing that is read can hurt.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use bytes::BytesMut;
use dns_proto::{
    Class, Edns, EdnsOption, Error, Header, Message, MessageLimits, Misuse, Name, Opcode, Options,
    OptionsBuf, ParseErrorKind, Question, Rcode, Rdata, Record, RecordType, Section, Writer,
};
use proptest::prelude::*;

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// A referral to the servers of hamburger.edu, as a server of edu gives it.
fn referral() -> Vec<u8> {
    let mut out = BytesMut::new();
    let header = Header { id: 7, response: true, ..Header::default() };
    let mut writer = Writer::new(&mut out, header, 512);
    let asked = name("www.hamburger.edu");
    let question = Question { name: asked.view(), rtype: RecordType::A, class: Class::IN };
    writer.question(question).unwrap();
    writer.section(Section::Authority).unwrap();
    for server in ["dns1.hamburger.edu", "dns2.hamburger.edu"] {
        let server = name(server);
        let data = Rdata::Ns { server: server.view() };
        writer.record(&Record::new(name("hamburger.edu"), 60, data)).unwrap();
    }
    writer.section(Section::Additional).unwrap();
    for (server, last) in [("dns1.hamburger.edu", 1), ("dns2.hamburger.edu", 2)] {
        writer.record(&Record::address(name(server), 60, [127, 0, 0, last].into())).unwrap();
    }
    writer.edns(&Edns::new(1232)).unwrap();
    writer.finish();
    out.to_vec()
}

/// Reads everything there is in a message.
fn read_all(message: &Message<'_>) -> usize {
    let mut seen: usize =
        message.questions().map(|question| question.name.to_name().wire().len()).sum();
    for section in [Section::Answer, Section::Authority, Section::Additional] {
        for record in message.section(section) {
            seen += record.to_string().len() + Record::from(record).to_string().len();
        }
    }
    seen + message.edns().map_or(0, |edns| edns.options.iter().count())
}

#[test]
fn what_is_written_is_read() {
    let octets = referral();
    let message = Message::parse(&octets).unwrap();
    assert_eq!(message.question().unwrap().name, name("www.hamburger.edu"));
    let lines: Vec<_> = message.authorities().map(|record| record.to_string()).collect();
    assert_eq!(
        lines,
        [
            "hamburger.edu. 60 IN NS dns1.hamburger.edu.",
            "hamburger.edu. 60 IN NS dns2.hamburger.edu."
        ]
    );
    assert_eq!(message.additionals().count(), 3);
    assert_eq!(message.edns().unwrap(), Edns::new(1232));
    // 12 + (19 + 4) + (2 + 10 + 7) * 2 + (2 + 10 + 4) * 2 + 11: every suffix is a pointer.
    assert_eq!(octets.len(), 12 + 23 + 38 + 32 + 11);
}

#[test]
fn a_message_cut_anywhere_is_an_error() {
    let octets = referral();
    for end in 0..octets.len() {
        assert!(Message::parse(&octets[..end]).is_err(), "{end}");
    }
    let mut grown = octets;
    grown.push(0);
    assert_eq!(Message::parse(&grown).unwrap_err().kind(), ParseErrorKind::Trailing);
}

/// A header that announces one question.
const ONE_QUESTION: [u8; 12] = [0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];

fn question_error(octets: &[u8]) -> ParseErrorKind {
    let message = [&ONE_QUESTION[..], octets, &[0, 1, 0, 1]].concat();
    Message::parse(&message).unwrap_err().kind()
}

#[test]
fn pointers_must_point_backwards_into_names() {
    use ParseErrorKind::{LabelKind, Pointer};
    let cases: [(&[u8], ParseErrorKind); 6] = [
        (&[0xc0, 12], Pointer),           // itself
        (&[1, b'a', 0xc0, 12], Pointer),  // its own beginning
        (&[0xc0, 14, 0xc0, 12], Pointer), // forwards
        (&[0xc0, 0], Pointer),            // the header
        (&[0xff, 0xff], Pointer),         // beyond the end
        (&[0x80, 0], LabelKind),
    ];
    for (octets, kind) in cases {
        assert_eq!(question_error(octets), kind, "{octets:?}");
    }
}

/// Questions whose names are chains of bare pointers: the n-th has n pointers.
fn pointer_chain(pointers: u8) -> Vec<u8> {
    let mut octets = ONE_QUESTION.to_vec();
    octets[5] = pointers + 1;
    octets.extend([0, 0, 1, 0, 1]);
    let mut last = 12_u16;
    for _ in 0..pointers {
        let here = u16::try_from(octets.len()).unwrap();
        octets.extend((0xc000 | last).to_be_bytes());
        octets.extend([0, 1, 0, 1]);
        last = here;
    }
    octets
}

#[test]
fn pointers_in_a_name_are_limited() {
    let limits = MessageLimits { pointers: 3, ..MessageLimits::default() };
    assert!(Message::parse_with(&pointer_chain(3), &limits).is_ok());
    let error = Message::parse_with(&pointer_chain(4), &limits).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::Pointers);
}

fn with_options(count: usize) -> BytesMut {
    let options = [0, 3, 0, 0].repeat(count);
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, Header::default(), 65_535);
    let options = Options::parse(&options).unwrap();
    writer.edns(&Edns { options, ..Edns::new(512) }).unwrap();
    writer.finish();
    out
}

#[test]
fn options_are_limited() {
    assert!(Message::parse(&with_options(100)).is_ok());
    let error = Message::parse(&with_options(101)).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::Options);
}

#[test]
fn a_hundred_thousand_options_are_neither_read_nor_written() {
    // A message has room for 16,378, and may have a hundred.
    const MOST: usize = 16_378;
    let error = Message::parse(&with_options(MOST)).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::Options);
    let limits = MessageLimits { options: u16::MAX, ..MessageLimits::default() };
    let octets = with_options(MOST);
    let message = Message::parse_with(&octets, &limits).unwrap();
    assert_eq!(message.edns().unwrap().options.iter().count(), MOST);

    let error = Options::parse(&[0; 400_000]).unwrap_err();
    assert_eq!(error.kind(), ParseErrorKind::RdataLength);
    let mut options = OptionsBuf::default();
    let written = (0..100_000).filter(|_| options.push(&EdnsOption::Nsid(b""))).count();
    assert_eq!((written, options.view().iter().count()), (16_383, 16_383));
}

#[test]
fn an_opt_record_may_name_the_root_by_a_pointer() {
    let mut octets = vec![0, 7, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1];
    octets.extend_from_slice(&[0xc0, 12, 0, 41, 4, 208, 1, 0, 0x80, 0, 0, 0]);
    let message = Message::parse(&octets).unwrap();
    let edns = message.edns().unwrap();
    assert_eq!((edns.payload, edns.dnssec_ok, message.rcode().number()), (1232, true, 16));
}

#[test]
fn a_second_opt_or_one_elsewhere_is_an_error() {
    let opt = [0, 0, 41, 2, 0, 0, 0, 0, 0, 0, 0];
    for (counts, opts) in [([0, 0, 0, 2], 2), ([0, 1, 0, 0], 1), ([0, 0, 1, 0], 1)] {
        let mut octets = vec![0, 7, 0, 0];
        counts.into_iter().for_each(|count: u16| octets.extend(count.to_be_bytes()));
        octets.extend(opt.repeat(opts));
        assert_eq!(Message::parse(&octets).unwrap_err().kind(), ParseErrorKind::Opt);
    }
}

#[test]
fn extended_rcodes_pass_through_edns() {
    let mut out = BytesMut::new();
    let header = Header { rcode: Rcode::BADVERS, response: true, ..Header::default() };
    let mut writer = Writer::new(&mut out, header, 512);
    writer.edns(&Edns { dnssec_ok: true, ..Edns::new(4096) }).unwrap();
    writer.finish();
    let message = Message::parse(&out).unwrap();
    assert_eq!(message.rcode(), Rcode::BADVERS);
    assert!(message.edns().unwrap().dnssec_ok);
}

#[test]
fn a_record_fits_to_the_octet_or_not_at_all() {
    let record = Record::address(name("a"), 60, [127, 0, 0, 1].into());
    for (limit, fits) in [(12 + 17, true), (12 + 16, false)] {
        let mut out = BytesMut::from(&b"before"[..]);
        let mut writer = Writer::new(&mut out, Header::default(), limit);
        assert_eq!(writer.record(&record).is_ok(), fits);
        writer.finish();
        let message = Message::parse(&out[6..]).unwrap();
        assert_eq!(message.answers().count(), usize::from(fits));
        assert_eq!(message.header().truncated, !fits);
    }
}

#[test]
fn additional_records_that_do_not_fit_are_left_out_in_silence() {
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, Header::default(), 20);
    writer.section(Section::Additional).unwrap();
    let record = Record::address(name("a"), 60, [127, 0, 0, 1].into());
    assert_eq!(writer.record(&record), Err(Error::Full));
    assert_eq!(writer.section(Section::Answer), Err(Misuse::SectionOrder));
    writer.finish();
    assert!(!Message::parse(&out).unwrap().header().truncated);
}

#[test]
fn the_root_is_one_octet_wherever_it_stands() {
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, Header::default(), 512);
    let question = Question { name: Name::ROOT.view(), rtype: RecordType::NS, class: Class::IN };
    writer.question(question).unwrap();
    let data = Rdata::Ns { server: Name::ROOT.view() };
    writer.record(&Record::new(Name::ROOT, 60, data)).unwrap();
    writer.finish();
    assert_eq!(out.len(), 12 + 5 + 12);
}

#[test]
fn rollback_forgets_names_that_pointers_could_mean() {
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, Header::default(), 512);
    let mark = writer.mark();
    let (first, second) = (name("a.example"), name("b.example"));
    writer.record(&Record::address(first, 1, [127, 0, 0, 1].into())).unwrap();
    writer.rollback(mark);
    writer.record(&Record::address(second.clone(), 1, [127, 0, 0, 1].into())).unwrap();
    writer.finish();
    let message = Message::parse(&out).unwrap();
    assert_eq!(message.answers().next().unwrap().owner(), second);
}

#[test]
fn names_of_later_types_are_not_compressed() {
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, Header::default(), 512);
    let owner = name("a.example");
    let data = Rdata::Srv { priority: 1, weight: 2, port: 25, target: owner.view() };
    writer.data(owner.view(), Class::IN, 60, &data).unwrap();
    assert_eq!(writer.len(), 12 + 11 + 10 + 6 + 11);
    writer.finish();
    assert_eq!(Message::parse(&out).unwrap().answers().next().unwrap().data(), data);
}

#[test]
fn more_names_than_are_remembered_are_still_right() {
    let mut out = BytesMut::new();
    let mut writer = Writer::new(&mut out, Header::default(), 65_535);
    let names: Vec<_> = (0..2000).map(|host| name(&format!("host{host}.example"))).collect();
    for owner in &names {
        writer.record(&Record::address(owner.clone(), 1, [127, 0, 0, 1].into())).unwrap();
    }
    writer.finish();
    let message = Message::parse(&out).unwrap();
    assert!(message.answers().map(|record| record.owner().to_name()).eq(names));
}

#[test]
fn updates_may_lack_data_and_queries_may_not() {
    for (opcode, accepted) in [(Opcode::UPDATE, true), (Opcode::QUERY, false)] {
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out, Header { opcode, ..Header::default() }, 512);
        writer.empty(name("a").view(), RecordType::A, Class::ANY).unwrap();
        writer.finish();
        assert_eq!(Message::parse(&out).is_ok(), accepted);
        if let Ok(message) = Message::parse(&out) {
            let record = message.answers().next().unwrap();
            assert!(record.is_empty());
            assert_eq!(record.data().record_type(), RecordType::A);
        }
    }
}

fn names() -> impl Strategy<Value = Name> {
    let label = prop::sample::select(vec![&b"a"[..], b"A", b"bc", b"www", b"\0.", b"example"]);
    prop::collection::vec(label, 0..6).prop_map(|labels| Name::from_labels(labels).unwrap())
}

fn records() -> impl Strategy<Value = Record> {
    (names(), names(), any::<u16>(), 0..i32::MAX as u32, 0..9_u8).prop_map(
        |(owner, target, number, ttl, kind)| {
            let view = target.view();
            let data = match kind {
                0 => Rdata::A { address: u32::from(number).into() },
                1 => Rdata::Aaaa { address: u128::from(number).into() },
                2 => Rdata::Ns { server: view },
                3 => Rdata::Cname { target: view },
                4 => Rdata::Mx { preference: number, exchange: view },
                5 => Rdata::Srv { priority: 1, weight: 2, port: number, target: view },
                6 => Rdata::Dname { target: view },
                7 => return Record::text(owner, ttl, &[target.wire(), b""]).unwrap(),
                _ => Rdata::Soa {
                    primary: view,
                    mailbox: owner.view(),
                    serial: 1,
                    refresh: 2,
                    retry: 3,
                    expire: 4,
                    minimum: u32::from(number),
                },
            };
            Record::new(owner.clone(), ttl, data)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn all_records_survive_a_message(list in prop::collection::vec(records(), 0..40)) {
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out, Header::default(), 65_535);
        for record in &list {
            writer.record(record).unwrap();
        }
        writer.finish();
        let message = Message::parse(&out).unwrap();
        let read: Vec<_> = message.answers().map(Record::from).collect();
        let text = |list: &[Record]| list.iter().map(Record::to_string).collect::<Vec<_>>();
        prop_assert_eq!(text(&read), text(&list));
    }

    #[test]
    fn no_limit_is_exceeded(
        list in prop::collection::vec(records(), 0..20),
        limit in 12..600_usize,
    ) {
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out, Header::default(), limit);
        let fitted = list.iter().filter(|record| writer.record(record).is_ok()).count();
        writer.finish();
        prop_assert!(out.len() <= limit);
        let message = Message::parse(&out).unwrap();
        prop_assert_eq!(message.answers().count(), fitted);
        prop_assert_eq!(message.header().truncated, fitted < list.len());
    }

    #[test]
    fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(message) = Message::parse(&octets) {
            read_all(&message);
        }
    }

    #[test]
    fn no_damage_panics(damage in prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)) {
        let mut octets = referral();
        for (at, octet) in damage {
            let at = usize::from(at) % octets.len();
            octets[at] = octet;
        }
        if let Ok(message) = Message::parse(&octets) {
            read_all(&message);
        }
    }
}

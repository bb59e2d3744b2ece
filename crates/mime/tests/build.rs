//! What is built is what is read.
use bytes::{Bytes, BytesMut};
use mime::{AddrSpec, Address, Builder, DateTime, Group, Mailbox, MediaType, Message, MessageId};
use proptest::prelude::*;

fn written(builder: &Builder) -> Vec<u8> {
    let mut out = BytesMut::new();
    builder.write(&mut out);
    out.to_vec()
}

fn builder() -> Builder {
    Builder::new(DateTime::new(1_763_800_000, 0).expect("a date of this century"))
}

/// A sane message: no defect, ASCII, lines within bounds, no blank line in the header.
fn sane(octets: &[u8]) {
    let message = Message::parse(octets);
    assert_eq!(message.defects(), []);
    assert!(octets.is_ascii());
    assert!(octets.split(|it| *it == b'\n').all(|line| line.len() <= 999));
    for part in message.parts() {
        let header = part.header();
        assert!(header.ends_with(b"\r\n"));
        let lines: Vec<_> = header.split(|it| *it == b'\n').map(<[u8]>::trim_ascii).collect();
        let blank = lines.iter().filter(|line| line.is_empty()).count();
        assert_eq!(blank, 2, "the blank line, and nothing after it");
    }
}

#[test]
fn structure_follows_from_what_is_there() {
    let file = Bytes::from_static(b"1,2");
    let csv: MediaType = "text/csv".parse().unwrap();
    let tree = |builder: &Builder| {
        let octets = written(builder);
        sane(&octets);
        let message = Message::parse(&octets);
        message.parts().map(|part| part.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(tree(&builder()), ["1 text/plain 7bit 0"]);
    assert_eq!(tree(&builder().html("<p>")), ["1 text/html 7bit 3"]);
    assert_eq!(
        tree(&builder().text("a").html("<p>")),
        ["TEXT multipart/alternative", "  1 text/plain 7bit 1", "  2 text/html 7bit 3"]
    );
    assert_eq!(
        tree(&builder().text("a").html("<p>").attach("f.csv", csv.clone(), file.clone())),
        [
            "TEXT multipart/mixed",
            "  1 multipart/alternative",
            "    1.1 text/plain 7bit 1",
            "    1.2 text/html 7bit 3",
            "  2 text/csv 7bit 3 \"f.csv\"",
        ]
    );
    assert_eq!(
        tree(&builder().attach("f.csv", csv, file)),
        ["TEXT multipart/mixed", "  1 text/csv 7bit 3 \"f.csv\""]
    );
}

#[test]
fn nothing_can_be_injected() {
    let eve = "x\r\nBcc: eve@example.org\r\n\r\n--=_0000000000000000_mixed";
    let octets = written(
        &builder()
            .from(Mailbox::new(eve, "a@b".parse().unwrap()))
            .to(Group::new(eve, vec![]))
            .subject(eve)
            .text(format!("--=_0000000000000000_mixed\n{eve}"))
            .attach(eve, MediaType::OCTET_STREAM, Bytes::from(eve)),
    );
    sane(&octets);
    let message = Message::parse(&octets);
    assert!(message.field("bcc").is_none());
    assert_eq!(message.parts().count(), 3);
    assert_eq!(message.part(&[2]).unwrap().content().octets(), eve.as_bytes());
}

#[test]
fn header_lines_are_folded_at_78() {
    let ids = (0..9)
        .map(|at| format!("{at}{}@example.org", "x".repeat(30)).parse::<MessageId>().unwrap());
    let mut builder = builder().subject("word ".repeat(60) + "naïve " + &"é".repeat(300));
    for id in ids {
        let address = AddrSpec::new(&"l".repeat(20), "example.org").unwrap();
        builder = builder.reference(id).to(Mailbox::new("A. Name, quoted", address));
    }
    let octets = written(&builder.attach("é".repeat(200), MediaType::PDF, Bytes::new()));
    sane(&octets);
    for line in octets.split(|it| *it == b'\n') {
        assert!(line.len() <= 79, "{}", String::from_utf8_lossy(line));
    }
}

#[test]
fn blanks_in_a_subject_are_kept() {
    for subject in ["", " ", "  ", " a", "a ", "a  b", "a é  b", "é ", " é a", "a é b c é d"] {
        let octets = written(&builder().subject(subject));
        assert_eq!(Message::parse(&octets).subject().as_deref(), Some(subject));
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,100}",
        "[a-zé =?_\"\\\\,;:<>@()]{0,200}",
        "\\PC{0,60}",
        "[x\u{1f980}]{60,120}",
        Just("=?utf-8?Q?x?=".to_owned()),
    ]
}

fn address() -> impl Strategy<Value = AddrSpec> {
    ("[a-z .\"\\\\@é<>,;]{1,20}", "[a-z]{1,9}(\\.[a-z]{1,9}){0,2}|\\[[a-z0-9:.]{0,9}\\]")
        .prop_map(|(local, domain)| AddrSpec::new(&local, &domain).expect("made to be valid"))
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    (text(), address()).prop_map(|(name, address)| Mailbox::new(name.trim(), address))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_built_is_read(
        subject in text(),
        from in mailbox(),
        to in proptest::collection::vec(mailbox(), 0..4),
        plain in "(\\PC|\n|\r|=|\\.|-| |\t){0,300}",
        name in text(),
        octets in proptest::collection::vec(any::<u8>(), 0..300),
        seconds in -2_000_000_000_i64..200_000_000_000,
        offset in -5999_i16..5999,
        seed: u64,
    ) {
        let date = DateTime::new(seconds, offset).unwrap();
        let id: MessageId = "a@b".parse().unwrap();
        let group = Group::new("a group", to.clone());
        let octets = Bytes::from(octets);
        let built = Builder::new(date)
            .message_id(id.clone())
            .from(from.clone())
            .to(group.clone())
            .subject(subject.as_str())
            .text(plain.as_str())
            .attach(name.as_str(), MediaType::OCTET_STREAM, octets.clone())
            .seed(seed);
        let out = written(&built);
        let message = Message::parse(&out);
        prop_assert_eq!(message.defects(), []);
        let read = message.subject();
        prop_assert_eq!(read.as_deref(), Some(subject.as_str()));
        let read = message.from();
        prop_assert_eq!(read.as_slice(), [Address::Mailbox(from)]);
        let read = message.to();
        prop_assert_eq!(read.as_slice(), [Address::Group(group)]);
        prop_assert_eq!(message.date(), Some(date));
        prop_assert_eq!(message.message_id(), Some(id));
        prop_assert_eq!(message.parts().count(), 3);
        let text = message.part(&[1]).unwrap().text().into_owned();
        prop_assert_eq!(text.replace("\r\n", "\n"), plain.replace("\r\n", "\n").replace('\r', "\n"));
        let file = message.part(&[2]).unwrap();
        prop_assert_eq!(file.file_name().unwrap_or_default(), name);
        prop_assert_eq!(file.content().into_octets().into_owned(), octets.to_vec());
        prop_assert_eq!(date.to_string().parse(), Ok(date));
    }

    #[test]
    fn addresses_are_read_as_they_are_written(address in address()) {
        prop_assert_eq!(address.to_string().parse(), Ok(address));
    }
}

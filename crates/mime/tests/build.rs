//! What is built is what is read.
use bytes::{Bytes, BytesMut};
use mime::{
    AddrSpec, Address, Builder, DateTime, Encoding, FieldName, Group, Mailbox, MediaType, Message,
    MessageId, PartBuilder, PartKind, Target,
};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;

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

/// What a target promises holds for every octet.
fn fits(octets: &[u8], target: Target, utf8_addresses: bool) -> Result<(), TestCaseError> {
    let message = Message::parse(octets);
    prop_assert_eq!(message.defects(), []);
    if !target.carries_eight_bit() && !target.carries_utf8() && !utf8_addresses {
        prop_assert!(octets.is_ascii());
    }
    if !target.carries_binary() {
        prop_assert!(!octets.contains(&0));
        for line in octets.split(|it| *it == b'\n') {
            prop_assert!(line.len() <= 999);
            prop_assert!(!line.strip_suffix(b"\r").unwrap_or(line).contains(&b'\r'));
        }
    }
    for part in message.parts() {
        let header = part.header();
        let blank = header.split(|it| *it == b'\n').filter(|line| line.trim_ascii().is_empty());
        prop_assert_eq!(blank.count(), 2);
        // RFC 2045 §6.4: what holds others says so.
        if part.kind() == PartKind::Multipart
            && part.encoding() == Encoding::SevenBit
            && !target.carries_utf8()
        {
            prop_assert!(part.body().is_ascii() || utf8_addresses);
        }
    }
    Ok(())
}

fn target() -> impl Strategy<Value = Target> {
    let body = prop_oneof![
        Just(Target::SEVEN_BIT),
        Just(Target::EIGHT_BIT_MIME),
        Just(Target::BINARY_MIME)
    ];
    (body, any::<bool>()).prop_map(|(target, utf8)| if utf8 { target.smtputf8() } else { target })
}

#[test]
fn every_kind_of_part_has_its_place() {
    let cid: MessageId = "c@d".parse().unwrap();
    let octets = written(
        &builder()
            .text("a")
            .html("<img src=cid:c@d>")
            .inline(cid, MediaType::PNG, &b"png"[..])
            .forward("Subject: x\r\n\r\nbody")
            .part(PartBuilder::multipart("digest", vec![]).unwrap()),
    );
    sane(&octets);
    let tree: Vec<_> = Message::parse(&octets).parts().map(|part| part.to_string()).collect();
    assert_eq!(
        tree,
        [
            "TEXT multipart/mixed",
            "  1 multipart/alternative",
            "    1.1 text/plain 7bit 1",
            "    1.2 multipart/related",
            "      1.2.1 text/html 7bit 17",
            "      1.2.2 image/png base64 3",
            "  2 message/rfc822",
            "    2.1 text/plain 7bit 4",
            "  3 multipart/digest",
            "    3.1 text/plain 7bit 0",
        ]
    );
}

#[test]
fn bodies_go_as_the_target_carries_them() {
    let message = Bytes::from("Subject: é\r\n\r\nbody é");
    let built = builder().text("naïve").forward(message.clone()).attach(
        "f",
        MediaType::PDF,
        &b"\0\r\n"[..],
    );
    let encodings = |target| {
        let octets = written(&built.clone().target(target));
        let read = Message::parse(&octets);
        assert_eq!(read.defects(), []);
        assert_eq!(read.part(&[1]).unwrap().text(), "naïve");
        assert_eq!(read.part(&[2]).unwrap().content().octets(), message);
        assert_eq!(read.part(&[3]).unwrap().content().octets(), b"\0\r\n");
        let parts = [read.root()].into_iter().chain(read.root().children());
        parts.map(|part| part.encoding().name()).collect::<Vec<_>>()
    };
    assert_eq!(encodings(Target::SEVEN_BIT), ["7bit", "base64", "base64", "base64"]);
    assert_eq!(encodings(Target::EIGHT_BIT_MIME), ["8bit", "8bit", "8bit", "base64"]);
    assert_eq!(encodings(Target::BINARY_MIME), ["binary", "8bit", "8bit", "binary"]);
}

#[test]
fn a_boundary_is_never_in_what_it_holds() {
    let inner = written(&builder().text("a").html("b").seed(7));
    let next = [&inner[..], b"\r\n--=_1_0000000000000008\r\n"].concat();
    let octets = written(&builder().text("a").forward(inner).forward(next).seed(7));
    let message = Message::parse(&octets);
    assert_eq!((message.defects(), message.root().children().count()), (&[][..], 3));
    assert!(message.root().content_type().parameter("boundary").unwrap().ends_with("0009"));
}

#[test]
fn recipients_are_all_and_bcc_is_for_drafts() {
    let mailbox = |text: &str| text.parse::<Mailbox>().unwrap();
    let built = builder()
        .to(mailbox("a@b"))
        .cc(mailbox("c@d"))
        .bcc(mailbox("e@f"))
        .sender(mailbox("g@h"))
        .reply_to(mailbox("i@j"));
    let all: Vec<_> = built.recipients().map(ToString::to_string).collect();
    assert_eq!(all, ["a@b", "c@d", "e@f"]);
    let octets = written(&built);
    assert!(Message::parse(&octets).field("bcc").is_none());
    let octets = written(&built.clone().draft());
    assert_eq!(Message::parse(&octets).field("bcc").unwrap().text(), "e@f");
    assert!(!built.needs_smtputf8());
    assert!(built.cc(mailbox("é@f")).needs_smtputf8());
}

#[test]
fn header_text_is_utf8_where_the_target_carries_it() {
    let octets = written(&builder().subject("naïve").target(Target::SEVEN_BIT.smtputf8()));
    assert!(octets.windows(7).any(|it| it == " naïve".as_bytes()));
    assert_eq!(Message::parse(&octets).subject().as_deref(), Some("naïve"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

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

    #[test]
    fn every_target_carries_what_is_written_for_it(
        subject in text(),
        plain in "(\\PC|\n|\r|=|\\.|-| |\t|>|--=_1_0000000000000000|From ){0,200}",
        html in proptest::option::of("(\\PC|\n){0,200}"),
        (name, value) in ("[!-9;-~]{1,9}", text()),
        octets in proptest::collection::vec(any::<u8>(), 0..300),
        message in "(Subject: [a-zé]{0,9}\r\n){0,3}\r\n(\\PC|\r\n|\0|--=_1_0000000000000000){0,90}",
        (csv, flowed) in any::<(bool, bool)>(),
        target in target(),
    ) {
        let kind = if csv { "text/csv".parse().unwrap() } else { MediaType::OCTET_STREAM };
        let field = name.parse::<FieldName>().unwrap_or(FieldName::COMMENTS);
        let mut built = Builder::new(DateTime::new(0, 0).unwrap())
            .subject(subject.as_str())
            .text(plain.as_str())
            .field(field.clone(), value.as_str())
            .attach("f", kind, octets.clone())
            .inline("c@d".parse().unwrap(), MediaType::PNG, octets.clone())
            .forward(message.clone())
            .target(target);
        if let Some(html) = &html {
            built = built.html(html.as_str());
        }
        if flowed {
            built = built.flowed();
        }
        let out = written(&built);
        fits(&out, target, false)?;
        let joined: Vec<u8> = built.pieces().flatten().collect();
        prop_assert_eq!(&joined, &out);
        let read = Message::parse(&out);
        let said = read.subject();
        prop_assert_eq!(said.as_deref(), Some(subject.as_str()));
        if !["date", "subject", "from"].iter().any(|it| field.as_str().eq_ignore_ascii_case(it)) {
            let said = read.field(field.as_str()).map(|field| field.text());
            prop_assert_eq!(said.as_deref(), Some(value.as_str()));
        }
        let files: Vec<_> = read.parts().filter(|part| part.content_type().is("image", "png") || part.file_name().is_some()).collect();
        prop_assert_eq!(files.len(), 2);
        for file in files {
            prop_assert_eq!(file.content().into_octets().into_owned(), octets.clone());
        }
        let enclosed = read.root().children().last().unwrap();
        prop_assert_eq!(enclosed.content().into_octets().into_owned(), message.into_bytes());
        let first = read.parts().find(|part| part.content_type().is("text", "plain")).unwrap();
        if !flowed {
            let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(lines(&first.text()), lines(&plain));
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn large_bodies_come_in_pieces(extra in 0..200_usize, lines in any::<bool>(), target in target()) {
        let unit: &[u8] = if lines { "é, un peu\r\n".as_bytes() } else { &[0, 13, 10, 65, 61] };
        let octets: Vec<u8> = unit.iter().copied().cycle().take(120_000 + extra).collect();
        let kind = if lines { "text/csv".parse().unwrap() } else { MediaType::OCTET_STREAM };
        let built = builder().attach("f", kind, octets.clone()).text("é".repeat(60_000)).target(target);
        let out = written(&built);
        let joined: Vec<u8> = built.pieces().flatten().collect();
        prop_assert_eq!(&joined, &out);
        fits(&out, target, false)?;
        let read = Message::parse(&out);
        prop_assert_eq!(read.part(&[2]).unwrap().content().into_octets().into_owned(), octets);
    }
}

/// RFC 2046 §5.1.1: the line end before a delimiter is the delimiter's.
#[test]
fn a_forwarded_header_is_read_as_long_as_it_was_written() {
    for inner in ["Subject: x\r\n", "Subject: x\r\n\r\n", "Subject: x\r\n\r\n\r\n", "", "\r\n"] {
        let mut out = BytesMut::new();
        let builder = Builder::new(DateTime::new(0, 0).unwrap()).text("look");
        builder.forward(inner.as_bytes().to_vec()).write(&mut out);
        let message = Message::parse(&out);
        assert_eq!(message.part(&[2]).unwrap().body(), inner.as_bytes(), "{inner:?}");
        assert_eq!(message.defects(), []);
    }
}

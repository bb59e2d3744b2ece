//! Every response that the RFCs print, and what real servers say instead.
#![allow(clippy::unwrap_used, reason = "a test may panic")]
use std::fs;

use bytes::{Bytes, BytesMut};
use imap_proto::{Diagnostic, Dialect, Limits, Line, ParseError, Quirk, Response};

fn line(text: &str) -> Line {
    Line::parse(format!("{text}\r\n").into()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn parse(text: &str) -> Result<Response, ParseError> {
    Response::parse(&line(text), Limits::default())
}

fn parse_leniently(text: &str) -> (Response, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let read = Response::parse_leniently(&line(text), Limits::default(), &mut diagnostics);
    (read.unwrap_or_else(|error| panic!("{text}: {error}")), diagnostics)
}

fn written(response: &Response) -> Bytes {
    let mut out = BytesMut::new();
    response.write(&mut out, Dialect { utf8: true, ..Dialect::SERVER });
    out.freeze()
}

fn examples() -> Vec<String> {
    let files = fs::read_dir("tests/responses").unwrap();
    let text = |file: std::io::Result<fs::DirEntry>| fs::read_to_string(file.unwrap().path());
    let all: Vec<_> = files.map(|file| text(file).unwrap()).collect();
    all.iter().flat_map(|text| text.lines()).map(String::from).collect()
}

#[test]
fn every_response_of_the_rfcs_is_read_and_written() {
    let examples = examples();
    assert!(examples.len() > 1200);
    for text in examples {
        let read = parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let raw = matches!(read, Response::Raw(_));
        assert_eq!(raw, text.starts_with("* XPIG-LATIN"), "{text}");
        let again = Line::parse(written(&read)).unwrap();
        assert_eq!(Response::parse(&again, Limits::default()), Ok(read.clone()), "{text}");
        // Canonical: written again it is the same. And there is nothing to be lenient about.
        assert_eq!(written(&parse_leniently(&text).0), written(&read));
        assert_eq!(parse_leniently(&text).1, [], "{text}");
    }
}

#[test]
fn literals_of_the_rfcs_are_read_and_written() {
    for text in [
        // RFC 9051 §4.3, §7.5.2, RFC 3501 §8.
        "* 12 FETCH (BODY[HEADER] {342}\r\nDate: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n\
         From: Terry Gray <gray@cac.washington.edu>\r\n\
         Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n\
         cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n\
         Message-Id: <B27397-0100000@cac.washington.edu>\r\nMIME-Version: 1.0\r\n\
         Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n)",
        // RFC 3516 §4.3, RFC 5464 §4.2, RFC 4467 §7, RFC 8970 §3.
        "* 1 FETCH (BINARY[1] ~{5}\r\na\0\r\nb BODY[2]<0> {0}\r\n)",
        "* METADATA \"\" (/shared/comment {2}\r\n\r\n /private/comment ~{1}\r\n\0)",
        "* URLFETCH \"imap://joe@example.com/INBOX/;uid=20\" {3}\r\n\r\n.",
        "* 1 FETCH (PREVIEW {7}\r\ngl\u{FC}ck\r)",
        "* LIST () \"/\" {4}\r\na\r\nb (\"OLDNAME\" ({1}\r\n\r))",
        "* 2 FETCH (X-NEW (a {3}\r\n)\r\n {1}\r\n( b) UID 5)",
    ] {
        let read = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let again = Line::parse(written(&read)).unwrap();
        assert_eq!(Response::parse(&again, Limits::default()), Ok(read), "{text}");
    }
}

#[test]
fn what_the_rfcs_print_by_mistake_is_read_leniently() {
    for text in fs::read_to_string("tests/misprints.txt").unwrap().lines() {
        if text != "* EXISTS 93" {
            assert!(parse(text).is_err(), "{text}");
            assert_ne!(parse_leniently(text).1, [], "{text}");
        }
    }
}

#[test]
fn every_beginning_of_a_response_and_whatever_follows_it_is_read_without_a_panic() {
    for text in examples() {
        let ends = (0..text.len()).filter(|end| text.is_char_boundary(*end));
        for start in ends.map(|end| &text[..end]) {
            let _ = Line::parse(format!("{start}\r\n").into()).map(|line| {
                let strict = Response::parse(&line, Limits::default());
                let mut diagnostics = Vec::new();
                let lenient = Response::parse_leniently(&line, Limits::default(), &mut diagnostics);
                match (strict, lenient) {
                    (Ok(strict), lenient) => assert_eq!(lenient, Ok(strict), "{start}"),
                    (Err(error), _) => assert!(error.offset() <= start.len(), "{start}: {error}"),
                }
            });
        }
        for rest in [")", " ", "\"", "(", "]", " X", "\\"] {
            let _ = parse(&format!("{text}{rest}"));
            if text.starts_with("* ") {
                parse_leniently(&format!("{text}{rest}"));
            }
        }
    }
}

/// What servers say that RFCs do not: the words, what is read instead, and the mistakes noted.
#[test]
fn known_mistakes_of_servers_are_read_past_and_noted() {
    let body = |inner: &str| format!("* 1 FETCH (UID 7 BODYSTRUCTURE {inner})");
    let part = r#""PLAIN" NIL NIL NIL "7BIT" 0 0"#;
    let nil_envelope = "(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)";
    let table: Vec<(String, String, &[Quirk])> = vec![
        // mail.ru: a parameter that is NIL.
        (
            body(r#"("TEXT" "PLAIN" ("boundary" NIL) NIL NIL "7BIT" 1 1)"#),
            body(r#"("TEXT" "PLAIN" ("boundary" "") NIL NIL "7BIT" 1 1)"#),
            &[Quirk::NilString],
        ),
        // An envelope that is empty.
        (
            "* 1 FETCH (ENVELOPE () UID 7)".into(),
            format!("* 1 FETCH (ENVELOPE {nil_envelope} UID 7)"),
            &[Quirk::EmptyList],
        ),
        // Address lists that are empty, a space between addresses, none between lists.
        (
            r#"* 1 FETCH (ENVELOPE (NIL "x" () "" ((NIL NIL "a" "b") (NIL NIL "c" "d"))NIL NIL NIL NIL NIL))"#.into(),
            r#"* 1 FETCH (ENVELOPE (NIL "x" NIL NIL ((NIL NIL "a" "b")(NIL NIL "c" "d")) NIL NIL NIL NIL NIL))"#.into(),
            &[Quirk::EmptyList, Quirk::EmptyList, Quirk::ExtraSpace],
        ),
        // A quoted string in quotes.
        (
            body(r#"("TEXT" "PLAIN" ("charset" """") NIL NIL ""7bit"" 1 1)"#),
            body(r#"("TEXT" "PLAIN" ("charset" "") NIL NIL "7bit" 1 1)"#),
            &[Quirk::QuoteTwice, Quirk::QuoteTwice],
        ),
        // A multipart without parts.
        (
            body(r#"(() "MIXED")"#),
            body(&format!(r#"(("TEXT" {part}) "MIXED")"#)),
            &[Quirk::EmptyMultipart],
        ),
        (
            body(r#"(NIL "MIXED" ("boundary" "x") NIL NIL)"#),
            body(&format!(r#"(("TEXT" {part}) "MIXED" ("boundary" "x") NIL NIL NIL)"#)),
            &[Quirk::EmptyMultipart],
        ),
        // Exchange: sizes of -1 and NIL; a text without lines; a disposition that is a string.
        (
            body(r#"("TEXT" "PLAIN" NIL NIL NIL "7BIT" -1)"#),
            body(r#"("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)"#),
            &[Quirk::NumberRange, Quirk::NoNumber],
        ),
        (
            body(r#"("IMAGE" "PNG" NIL NIL NIL NIL NIL NIL "attachment" NIL)"#),
            body(r#"("IMAGE" "PNG" NIL NIL NIL "" 0 NIL ("attachment" NIL) NIL NIL)"#),
            &[Quirk::NilString, Quirk::NoNumber, Quirk::Fields],
        ),
        (
            body(r#"("IMAGE" "PNG" () NIL NIL "BASE64" 5 NIL ("attachment"))"#),
            body(r#"("IMAGE" "PNG" NIL NIL NIL "BASE64" 5 NIL ("attachment" NIL) NIL NIL)"#),
            &[Quirk::EmptyList, Quirk::Fields],
        ),
        // Flags that are none, NIL for none, a space at the end.
        ("* 1 FETCH (FLAGS NIL)".into(), "* 1 FETCH (FLAGS ())".into(), &[Quirk::NilList]),
        (
            r"* FLAGS (\Seen [Gmail]/All $x )".into(),
            r"* FLAGS (\Seen $x)".into(),
            &[Quirk::Flag, Quirk::ExtraSpace],
        ),
        (
            r"* OK [PERMANENTFLAGS (\Seen \)] x".into(),
            r"* OK [PERMANENTFLAGS (\Seen)] x".into(),
            &[Quirk::Flag],
        ),
        // Items without a space between, and a space before the end.
        (
            r"* 1 FETCH (FLAGS (\Seen)UID 5 )".into(),
            r"* 1 FETCH (FLAGS (\Seen) UID 5)".into(),
            &[Quirk::MissingSpace, Quirk::ExtraSpace],
        ),
        // Names of mailboxes that are no atoms; a delimiter that is empty.
        (
            r#"* LIST (\HasNoChildren) "" Entwürfe"#.into(),
            r#"* LIST (\HasNoChildren) NIL "Entwürfe""#.into(),
            &[Quirk::NilString, Quirk::AtomOctets],
        ),
        ("* STATUS a*b (MESSAGES 1 )".into(), "* STATUS \"a*b\" (MESSAGES 1)".into(), &[
            Quirk::AtomOctets,
            Quirk::ExtraSpace,
        ]),
        // A backslash before anything.
        (
            r#"* 1 FETCH (PREVIEW "C:\dir")"#.into(),
            r#"* 1 FETCH (PREVIEW "C:\\dir")"#.into(),
            &[Quirk::Escape],
        ),
        // No words after the condition; a code that is broken; a control character.
        ("* OK".into(), "* OK ".into(), &[Quirk::MissingSpace]),
        ("* OK [UIDNEXT 0] next".into(), "* OK next".into(), &[Quirk::Code]),
        ("* NO a\x07b".into(), "* NO a b".into(), &[Quirk::Text]),
        // A space at the end, as of Exchange's SEARCH and CAPABILITY.
        ("* SEARCH 1 2 ".into(), "* SEARCH 1 2".into(), &[Quirk::ExtraSpace]),
        ("* CAPABILITY IMAP4rev1 ".into(), "* CAPABILITY IMAP4rev1".into(), &[Quirk::ExtraSpace]),
    ];
    for (said, meant, quirks) in table {
        assert!(parse(&said).is_err(), "{said}");
        let (read, diagnostics) = parse_leniently(&said);
        assert_eq!(read, parse(&meant).unwrap(), "{said}");
        let noted: Vec<_> = diagnostics.iter().map(|diagnostic| diagnostic.quirk).collect();
        for quirk in quirks {
            assert!(noted.contains(quirk), "{said}: {noted:?}");
        }
    }
}

#[test]
fn an_item_that_cannot_be_read_is_kept_beside_the_others() {
    for (item, first) in [
        ("ENVELOPE (1 2 3)", "ENVELOPE"),
        ("BODY[HEADER.FIELDS (a b)] (x \"y)\")", "BODY"),
        ("RFC822.SIZE (12)", "RFC822"),
        ("X-NEW (((a) \"b)\") c)", "X-NEW"),
        ("BODYSTRUCTURE ((((\"TEXT\"))))", "BODYSTRUCTURE"),
        ("INTERNALDATE \"yesterday\"", "INTERNALDATE"),
    ] {
        let said = format!("* 9 FETCH (FLAGS (\\Seen) {item} UID 5)");
        let (read, _) = parse_leniently(&said);
        let Response::Fetch(fetch) = &read else { panic!("{said}: {read:?}") };
        let [_, imap_proto::FetchItem::Raw(raw), imap_proto::FetchItem::Uid(_)] = &fetch.items[..]
        else {
            panic!("{said}: {fetch:?}")
        };
        assert_eq!(raw.as_bytes(), item.as_bytes());
        assert!(raw.as_bytes().starts_with(first.as_bytes()));
        assert_eq!(written(&read), format!("{said}\r\n"));
    }
}

#[test]
fn an_untagged_response_that_cannot_be_read_is_kept() {
    for said in ["* 1 FETCH FLAGS", "* LIST x", "* SEARCH x", "* 0 EXPUNGE", "* STATUS a (", "* "] {
        let (read, diagnostics) = parse_leniently(said);
        assert!(matches!(read, Response::Raw(_)), "{said}");
        assert_eq!(diagnostics.last().map(|one| one.quirk), Some(Quirk::Line), "{said}");
        assert_eq!(written(&read), format!("{said}\r\n"));
    }
    assert!(Response::parse_leniently(&line("nonsense"), Limits::default(), &mut vec![]).is_err());
}

#[test]
fn what_nests_too_deeply_is_an_error_with_an_offset() {
    let limits = Limits::default();
    let open = "(".repeat(100_000);
    for start in [
        "* 1 FETCH (BODYSTRUCTURE ",
        "* 1 FETCH (ENVELOPE ",
        "* 1 FETCH (X-NEW ",
        "* THREAD ",
        "* LIST ",
        "* METADATA a ",
        "* ESEARCH X ",
        "* NAMESPACE ",
    ] {
        let text = format!("{start}{open}");
        let error = parse(&text).unwrap_err();
        assert!(error.offset() <= text.len(), "{start}: {error}");
        parse_leniently(&text);
        parse_leniently(&format!("{text}{}", ")".repeat(100_000)));
    }
    let nested = |depth: u32| {
        let depth = usize::try_from(depth).unwrap();
        let leaf = r#"("TEXT" "PLAIN" NIL NIL NIL "7BIT" 0 0)"#;
        let open = "(".repeat(depth - 1);
        format!("* 1 FETCH (BODY {open}{leaf}{})", " \"MIXED\")".repeat(depth - 1))
    };
    assert!(parse(&nested(limits.depth)).is_ok());
    assert!(parse(&nested(limits.depth + 1)).is_err());
    let elements = |count: u32| {
        let labels = vec!["a"; usize::try_from(count).unwrap()].join(" ");
        format!("* 1 FETCH (X-GM-LABELS ({labels}))")
    };
    assert!(parse(&elements(limits.elements - 1)).is_ok());
    assert!(parse(&elements(limits.elements)).is_err());
}

#[test]
fn hostile_octets_are_an_error_with_an_offset() {
    for (text, offset) in [
        ("* 99999999999 EXISTS", 2),
        ("* -1 EXISTS", 4),
        ("* 1 FETCH (UID 0)", 15),
        ("* 1 FETCH (UID 4294967296)", 15),
        ("* 1 FETCH (MODSEQ (9223372036854775808))", 19),
        ("* 1 FETCH (BODY[]<-1> NIL)", 18),
        ("* 1 FETCH (BODY[0] NIL)", 16),
        ("* 1 FETCH (BODY[1.] NIL)", 18),
        ("* 1 FETCH (BODY[1TEXT] NIL)", 17),
        ("* 1 FETCH (PREVIEW \"a\0b\")", 21),
        ("* 1 FETCH (PREVIEW \"a\rb\")", 21),
        ("* 1 FETCH (PREVIEW {1}\r\n\0)", 19),
        ("* SEARCH 1 {1}\r\n2", 10),
        ("* OK {1}\r\na text", 5),
        ("* VANISHED 1:*", 13),
        ("* ESEARCH ALL *", 14),
        ("A1+ OK x", 0),
        (" OK x", 0),
        ("A1 YES x", 3),
    ] {
        let read = parse(text);
        if text.starts_with("* -1") {
            assert!(matches!(read, Ok(Response::Raw(_))));
            continue;
        }
        let error = read.map(|read| panic!("{text:?}: {read:?}")).unwrap_err();
        assert_eq!(error.offset(), offset, "{text:?}: {error}");
    }
}

#[test]
fn a_search_of_200_000_neighbours_is_one_range() {
    let numbers: String = (1..=200_000).map(|number| format!(" {number}")).collect();
    let Ok(Response::Search(search)) = parse(&format!("* SEARCH{numbers}")) else { panic!() };
    let set = search.numbers.unwrap();
    assert_eq!((set.ranges().len(), set.count()), (1, 200_000));
}

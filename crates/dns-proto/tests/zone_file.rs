//! Master files: what RFC 1035 §5 and its successors say, any split, and what is wrong where.
#![allow(clippy::unwrap_used, reason = "tests")]
use bytes::Bytes;
use dns_proto::zone_file::{Limits, ScanError, Scanner, Step, read};
use dns_proto::{Name, ParseErrorKind, Record};
use proptest::prelude::*;

fn origin() -> Name {
    "example.".parse().unwrap()
}

fn lines(text: &str) -> Result<Vec<String>, ScanError> {
    let records = read("z", text.as_bytes(), origin(), |_| None)?;
    Ok(records.iter().map(Record::to_string).collect())
}

fn error(text: &str) -> String {
    lines(text).unwrap_err().to_string()
}

/// Reads a file piece by piece.
fn pieces(pieces: impl IntoIterator<Item = Vec<u8>>) -> Result<Vec<String>, ScanError> {
    let (mut scanner, mut out) = (Scanner::new("z", &origin()), Vec::new());
    let mut pieces = pieces.into_iter();
    loop {
        match scanner.next()? {
            Step::Record(record) => out.push(record.to_string()),
            Step::NeedInput => match pieces.next() {
                Some(piece) => scanner.push(&piece),
                None => scanner.end(),
            },
            Step::Include(_) => scanner.refuse(),
            Step::Done => return Ok(out),
        }
    }
}

/// RFC 1035 §5.3, with the data of its time.
const ISI: &str = r"
$ORIGIN ISI.EDU.
@   IN  SOA     VENERA      Action\.domains (
                                 20     ; SERIAL
                                 7200   ; REFRESH
                                 600    ; RETRY
                                 3600000; EXPIRE
                                 60)    ; MINIMUM

        NS      A.ISI.EDU.
        NS      VENERA
        NS      VAXA
        MX      10      VENERA
        MX      20      VAXA

A       A       26.3.0.103

VENERA  A       10.1.0.52
        A       128.9.0.32
";

#[test]
fn the_example_of_rfc_1035_section_5_3() {
    let expected = [
        r"ISI.EDU. 60 IN SOA VENERA.ISI.EDU. Action\.domains.ISI.EDU. 20 7200 600 3600000 60",
        "ISI.EDU. 60 IN NS A.ISI.EDU.",
        "ISI.EDU. 60 IN NS VENERA.ISI.EDU.",
        "ISI.EDU. 60 IN NS VAXA.ISI.EDU.",
        "ISI.EDU. 60 IN MX 10 VENERA.ISI.EDU.",
        "ISI.EDU. 60 IN MX 20 VAXA.ISI.EDU.",
        "A.ISI.EDU. 60 IN A 26.3.0.103",
        "VENERA.ISI.EDU. 60 IN A 10.1.0.52",
        "VENERA.ISI.EDU. 60 IN A 128.9.0.32",
    ];
    assert_eq!(lines(ISI).unwrap(), expected);
    let octets = ISI.as_bytes();
    for at in 0..octets.len() {
        let (one, two) = octets.split_at(at);
        assert_eq!(pieces([one.to_vec(), two.to_vec()]).unwrap(), expected);
    }
    assert_eq!(pieces(octets.iter().map(|octet| vec![*octet])).unwrap(), expected);
}

#[test]
fn entries_in_all_their_forms() {
    let cases = [
        ("a 1 IN A 10.0.0.1", "a.example. 1 IN A 10.0.0.1"),
        ("a IN 1 A 10.0.0.1", "a.example. 1 IN A 10.0.0.1"),
        ("a 1h30m A 10.0.0.1", "a.example. 5400 IN A 10.0.0.1"),
        ("a 1 CH TXT x", "a.example. 1 CH TXT \"x\""),
        ("a 1 CLASS32 TYPE731 \\# 1 00", "a.example. 1 CLASS32 TYPE731 \\# 1 00"),
        ("@ 1 A 10.0.0.1\r\n", "example. 1 IN A 10.0.0.1"),
        ("a.b. 1 TXT \"; (\" ; comment ( \"", "a.b. 1 IN TXT \"; (\""),
        ("a 1 TXT ( \"x\" ; )\n y )", "a.example. 1 IN TXT \"x\" \"y\""),
        (r"a\.b\@\032 1 TXT a\;b", r#"a\.b\@\032.example. 1 IN TXT "a;b""#),
        (r"\$a 1 CNAME @", r"\$a.example. 1 IN CNAME example."),
        ("in 1 in ns a", "in.example. 1 IN NS a.example."),
        ("$TTL 2d\n$ORIGIN b\na A 10.0.0.1", "a.b.example. 172800 IN A 10.0.0.1"),
        ("*.a 1 MX 0 .", "*.a.example. 1 IN MX 0 ."),
        ("\n\n ; nothing\n\t\na 1 A 10.0.0.1 ; end", "a.example. 1 IN A 10.0.0.1"),
    ];
    for (text, expected) in cases {
        assert_eq!(lines(text).unwrap(), [expected], "{text}");
    }
}

#[test]
fn owners_and_ttls_are_taken_over() {
    let text = "$TTL 5\na A 10.0.0.1\n 7 A 10.0.0.2\n A 10.0.0.3\n$TTL 6\n\tA 10.0.0.4\n";
    let ttls: Vec<u32> = read("z", text.as_bytes(), origin(), |_| None)
        .unwrap()
        .iter()
        .map(|record| record.ttl())
        .collect();
    // RFC 2308 §4: the default, not the last.
    assert_eq!(ttls, [5, 7, 5, 6]);
    assert_eq!(lines("a 9 A 10.0.0.1\nb A 10.0.0.2").unwrap()[1], "b.example. 9 IN A 10.0.0.2");
}

#[test]
fn errors_say_file_line_column_and_what_was_expected() {
    let cases = [
        ("a 1 A 10.0.0", "z:1:7: expected an IPv4 address"),
        ("\n\na 1 MX x b", "z:3:8: expected a number up to 65535"),
        (
            "a 1 SOA a b (\n1 2\n3 x 5)",
            "z:3:3: expected a number up to 4294967295, or a time like 1h30m",
        ),
        ("a 1 FOO x", "z:1:5: expected a TTL, a class or a type"),
        (" 1 A 10.0.0.1", "z:1:2: expected an owner, as there is none before"),
        ("a A 10.0.0.1", "z:1:1: expected a TTL here, or $TTL before"),
        ("a 1 TXT \"x\ny\"", "z:1:9: expected a closing quote on the same line"),
        ("a 1 TXT x )", "z:1:11: expected an opening parenthesis before"),
        ("a 1 TXT ( x\n", "z:2:1: expected a closing parenthesis"),
        ("a 1 A 10.0.0.1 x", "z:1:16: expected the end of the record"),
        ("$FOO", "z:1:1: expected $ORIGIN, $TTL, $INCLUDE, $GENERATE or an owner"),
        ("$TTL", "z:1:5: expected a TTL"),
        ("$ORIGIN a b", "z:1:11: expected the end of the line"),
        (
            "a 2147483648 A 10.0.0.1",
            "z:1:3: expected a time up to 2147483647 seconds, like 3600 or 1h",
        ),
        ("a..b 1 A 10.0.0.1", "z:1:3: label is empty or longer than 63 octets"),
        (r"a\25 1 A 10.0.0.1", "z:1:2: malformed escape"),
        ("$INCLUDE none", "z:1:1: expected a file that can be included"),
        ("$GENERATE 2-1 a$ A 10.0.0.$", "z:1:11: expected a range like 1-10 or 0-255/2"),
        ("$GENERATE 1-2 a${x} A 10.0.0.$", "z:1:1: expected $ or ${offset,width,base}"),
    ];
    for (text, expected) in cases {
        assert_eq!(error(text), expected, "{text}");
    }
}

#[test]
fn errors_stick() {
    let mut scanner = Scanner::new("z", &origin());
    scanner.push(b"a 1 A x\nb 1 A 10.0.0.1\n");
    let first = scanner.next().unwrap_err();
    assert_eq!(scanner.next().unwrap_err(), first);
}

#[test]
fn generated_records() {
    let text = r"$GENERATE 1-3/2 h-$ 60 A 10.0.0.$
$GENERATE 10-11 ${0,4,x}.${-9,3}.${0,5,n} 60 CNAME \$$$.${1,0,X}";
    let expected = [
        "h-1.example. 60 IN A 10.0.0.1",
        "h-3.example. 60 IN A 10.0.0.3",
        r"000a.001.a.0.0.example. 60 IN CNAME \$\$.B.example.",
        r"000b.002.b.0.0.example. 60 IN CNAME \$\$.C.example.",
    ];
    assert_eq!(lines(text).unwrap(), expected);
    assert_eq!(lines("$GENERATE 4294967295-4294967295 a$ 1 A 10.0.0.1").unwrap().len(), 1);
}

#[test]
fn files_are_included_with_their_own_origin() {
    let text = "a 1 A 10.0.0.1\n$INCLUDE \"b file\" sub\n A 10.0.0.3\n$INCLUDE c\nd A 10.0.0.5\n";
    let load = |file: &str| match file {
        "b file" => Some(Bytes::from_static(b"b A 10.0.0.2\n$ORIGIN elsewhere.\n")),
        "c" => Some(Bytes::from_static(b"c A 10.0.0.4")),
        _ => None,
    };
    let records = read("z", text.as_bytes(), origin(), load).unwrap();
    let owners: Vec<_> = records.iter().map(|record| record.owner().to_string()).collect();
    assert_eq!(owners, ["a.example.", "b.sub.example.", "a.example.", "c.example.", "d.example."]);
    let inside = read("z", b"\n$INCLUDE f", origin(), |_| Some(Bytes::from_static(b"a 1 A x")));
    assert_eq!(inside.unwrap_err().to_string(), "f:1:7: expected an IPv4 address");
}

#[test]
fn limits_hold_to_the_octet() {
    let scan = |text: &[u8], limits: Limits| {
        let mut scanner = Scanner::with_limits("z", &origin(), limits);
        scanner.push(text);
        scanner.end();
        loop {
            match scanner.next() {
                Ok(Step::Done) => return Ok(()),
                Ok(Step::Include(_)) => {
                    scanner.include();
                    scanner.push(b"$INCLUDE x\n");
                }
                Ok(_) => {}
                Err(error) => return Err(error.kind()),
            }
        }
    };
    let text = b"a 1 A 10.0.0.1\n";
    let entry = |entry| Limits { entry, ..Limits::default() };
    assert_eq!(scan(text, entry(text.len())), Ok(()));
    assert_eq!(scan(text, entry(text.len() - 1)), Err(ParseErrorKind::Entry));
    let generate = |generate| Limits { generate, ..Limits::default() };
    let text = b"$GENERATE 1-3 a$ 1 A 10.0.0.1";
    assert_eq!(scan(text, generate(3)), Ok(()));
    assert_eq!(scan(text, generate(2)), Err(ParseErrorKind::Generate));
    assert_eq!(scan(b"$INCLUDE x", Limits::default()), Err(ParseErrorKind::Includes));
    let mut files = 0;
    let limits = Limits { includes: 2, ..Limits::default() };
    let mut scanner = Scanner::with_limits("z", &origin(), limits);
    scanner.push(b"$INCLUDE x\n");
    while let Ok(Step::Include(_)) = scanner.next() {
        files += 1;
        scanner.include();
        scanner.push(b"$INCLUDE x\n");
    }
    assert_eq!(files, 2);
}

#[test]
fn an_entry_without_end_is_not_held_for_ever() {
    let mut scanner = Scanner::new("z", &origin());
    let mut pushed = 0;
    while scanner.next().is_ok() {
        scanner.push(&[b' '; 1000]);
        pushed += 1000;
    }
    assert!(pushed <= 264_000);
}

#[test]
fn records_print_in_columns() {
    let records = read("z", b"a 60 MX 10 b", origin(), |_| None).unwrap();
    let line = "a.example.              60      IN  MX          10 b.example.";
    assert_eq!(format!("{:#}", records[0]), line);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_panics_and_any_split_is_the_same(
        text in r#"([a-c@$"();\\. \n]|A |TXT |1 |10\.0\.0\.1|\$TTL |\$ORIGIN ){0,40}"#,
        size in 1..9_usize,
    ) {
        let octets = text.as_bytes();
        let whole = pieces([octets.to_vec()]);
        prop_assert_eq!(pieces(octets.chunks(size).map(<[u8]>::to_vec)), whole);
    }
}

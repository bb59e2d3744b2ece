use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::{Attribute, Body, DeliverBy, EnvelopeId, Hold, Late, Priority, Return};

fn parse(line: &str) -> Result<Command, ParseError> {
    Command::parse(&Bytes::copy_from_slice(line.as_bytes()), Leniency::default())
}

fn written(command: &Command) -> String {
    let mut out = BytesMut::new();
    command.write(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn commands_and_their_canonical_forms() {
    for (input, expected) in [
        ("ehlo bar.com", "EHLO bar.com"),
        ("EHLO [IPv6:::1]", "EHLO [IPv6:::1]"),
        ("EHLO my_host", "EHLO my_host"),
        ("helo crepes.fr \t", "HELO crepes.fr"),
        ("MAIL FROM:<>", "MAIL FROM:<>"),
        ("mail from:<a@b>", "MAIL FROM:<a@b>"),
        ("MAIL FROM: <alice@crepes.fr>", "MAIL FROM:<alice@crepes.fr>"),
        ("MAIL FROM:<a@b>  SIZE=1  BODY=8BITMIME ", "MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME"),
        ("MAIL FROM:<@x,@y.z:a@b>", "MAIL FROM:<a@b>"),
        (r#"MAIL FROM:<"a> SIZE=1 <b"@c>"#, r#"MAIL FROM:<"a> SIZE=1 <b"@c>"#),
        ("RCPT TO:<postmaster>", "RCPT TO:<Postmaster>"),
        ("RCPT TO:<postmaster@x>", "RCPT TO:<postmaster@x>"),
        ("RCPT TO:<ü@bücher.example>", "RCPT TO:<ü@bücher.example>"),
        ("RCPT TO:<a@[192.0.2.1]> NOTIFY=NEVER", "RCPT TO:<a@[192.0.2.1]> NOTIFY=NEVER"),
        ("data", "DATA"),
        ("RSET", "RSET"),
        ("NOOP  anything", "NOOP"),
        ("quit", "QUIT"),
        ("VRFY Crispin", "VRFY Crispin"),
        ("EXPN Example-People", "EXPN Example-People"),
        ("HELP", "HELP"),
        ("HELP mail from", "HELP mail from"),
        ("STARTTLS", "STARTTLS"),
        ("lhlo foo.edu", "LHLO foo.edu"),
        ("bdat 0086  last", "BDAT 86 LAST"),
        ("BDAT 18446744073709551615", "BDAT 18446744073709551615"),
        ("burl imap://x/y last", "BURL imap://x/y LAST"),
        ("BURL http://x", "BURL http://x"),
        ("etrn x.y", "ETRN x.y"),
        ("ETRN @x.y", "ETRN @x.y"),
        ("ETRN #my queue", "ETRN #my queue"),
        ("xclient name=a+2Bb  addr=IPV6:::1", "XCLIENT NAME=a+2Bb ADDR=IPV6:::1"),
        ("XCLIENT LOGIN=[unavailable]", "XCLIENT LOGIN=[unavailable]"),
        ("XFORWARD SOURCE=LOCAL PORT=[TEMPUNAVAIL]", "XFORWARD SOURCE=LOCAL PORT=[TEMPUNAVAIL]"),
        ("AUTH plain", "AUTH PLAIN"),
        ("AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ=", "AUTH PLAIN dGVzdAB0ZXN0ADEyMzQ="),
        ("AUTH EXTERNAL =", "AUTH EXTERNAL ="),
    ] {
        let command = parse(input).unwrap_or_else(|error| panic!("{input}: {error}"));
        assert_eq!(written(&command), format!("{expected}\r\n"), "{input}");
        let again = parse(expected).unwrap();
        assert_eq!(again, command, "{input}");
    }
}

#[test]
fn what_is_no_command_is_refused_where_it_is_wrong() {
    use ParseErrorKind as K;
    for (input, kind, offset) in [
        ("", K::UnknownCommand, 0),
        ("XYZZY", K::UnknownCommand, 0),
        (" NOOP", K::UnknownCommand, 0),
        ("NOOPx", K::UnknownCommand, 0),
        ("MAIL\tFROM:<>", K::UnknownCommand, 0),
        ("EHLO", K::MissingArgument, 4),
        ("EHLO a b", K::Host, 6),
        ("EHLO a\r", K::Host, 6),
        ("DATA x", K::UnexpectedArgument, 4),
        ("QUIT\r", K::UnknownCommand, 0),
        ("MAIL", K::MissingArgument, 4),
        ("MAIL <a@b>", K::MissingArgument, 5),
        ("MAIL FROM:", K::Path, 10),
        ("MAIL FROM:a@b", K::Path, 10),
        ("MAIL FROM:<a@b", K::Path, 14),
        ("MAIL FROM:<a@b>SIZE=1", K::Parameter, 15),
        ("MAIL FROM:<a@b\r>", K::Path, 14),
        ("MAIL FROM:<a>", K::Mailbox, 12),
        ("MAIL FROM:<@x a@b>", K::Path, 13),
        ("MAIL FROM:<Postmaster>", K::Mailbox, 21),
        ("MAIL FROM:<a@b> SIZE=x", K::Parameter, 16),
        ("RCPT TO:<>", K::Mailbox, 9),
        ("VRFY", K::MissingArgument, 4),
        ("HELP a\x07", K::Control, 6),
        ("BDAT", K::Chunk, 4),
        ("BDAT 1 2", K::Chunk, 5),
        ("BDAT 18446744073709551616", K::Chunk, 5),
        ("BDAT 1LAST", K::Chunk, 5),
        ("BURL", K::MissingArgument, 4),
        ("BURL x y", K::UnexpectedArgument, 5),
        ("ETRN", K::Host, 4),
        ("ETRN @", K::Host, 6),
        ("ETRN #", K::MissingArgument, 6),
        ("XCLIENT", K::MissingArgument, 7),
        ("XCLIENT X=1", K::Attribute, 8),
        ("XCLIENT NAME", K::Attribute, 8),
        ("XCLIENT NAME=", K::Attribute, 8),
        ("XCLIENT PORT=65536", K::Attribute, 8),
        ("XCLIENT ADDR=IPV6:1.2.3.4", K::Attribute, 8),
        ("XFORWARD NAME=+0A", K::Attribute, 9),
        ("AUTH", K::MissingArgument, 4),
        ("AUTH PL+AIN", K::Mechanism, 5),
        ("AUTH PLAIN =AAA", K::Base64, 11),
    ] {
        let error = parse(input).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (kind, offset), "{input:?}");
    }
}

#[test]
fn octets_that_are_not_utf8_are_refused() {
    for line in [&b"MAIL FROM:<\xFF@b>"[..], b"EHLO \xC3", b"VRFY \xFF"] {
        let error = Command::parse(&Bytes::copy_from_slice(line), Leniency::default()).unwrap_err();
        assert_eq!(error.kind(), ParseErrorKind::NotAscii);
    }
}

#[test]
fn each_leniency_is_named_and_can_be_denied() {
    let lax = Leniency { missing_brackets: true, ..Leniency::default() };
    for line in ["MAIL FROM: <a@b>", "RCPT TO:a@b", "EHLO my_host"] {
        let line = line.into();
        assert!(Command::parse(&line, lax).is_ok(), "{line:?}");
        assert!(Command::parse(&line, Leniency::STRICT).is_err(), "{line:?}");
    }
}

#[test]
fn an_initial_response_does_not_print() {
    let command = parse("AUTH PLAIN AGJvYgBodW5ncnk=").unwrap();
    assert_eq!(format!("{command:?}"), "Auth { mechanism: PLAIN, initial: Some(…) }");
}

fn mailbox() -> impl Strategy<Value = crate::Mailbox> {
    let local = prop_oneof![
        "[a-z0-9!#$%+=ü]{1,8}(\\.[a-z]{1,4}){0,2}",
        r#""([ -!#-\[\]-~]|\\[ -~]){0,8}""#
    ];
    let host = prop_oneof!["[a-z0-9]{1,9}(\\.[a-zü]{2,5}){0,2}", Just("[192.0.2.1]".to_string())];
    (local, host).prop_map(|(local, host)| format!("{local}@{host}").parse().unwrap())
}

fn parameters() -> impl Strategy<Value = Parameters> {
    (any::<Option<u64>>(), any::<bool>(), any::<bool>(), proptest::option::of(mailbox())).prop_map(
        |(size, eight, utf8, submitter)| {
            let mut all = Parameters::default();
            all = size.into_iter().fold(all, Parameters::with_size);
            if eight {
                all = all.with_body(Body::EightBitMime);
            }
            if utf8 {
                all = all.with_smtputf8();
            }
            if eight && utf8 {
                all = all
                    .with_returned(Return::Full)
                    .with_envelope_id(&EnvelopeId::new("a b+c").unwrap())
                    .with_deliver_by(DeliverBy::new(-5, Late::Notify).unwrap().traced())
                    .with_hold(&Hold::For(60))
                    .with_priority(Priority::new(-9).unwrap())
                    .with_required_tls();
            }
            let submitter = submitter.map(ReversePath::Mailbox);
            submitter.iter().fold(all, Parameters::with_submitter)
        },
    )
}

fn attributes() -> impl Strategy<Value = Attributes> {
    let value = || {
        prop_oneof![
            Just(Attribute::Unavailable),
            Just(Attribute::Unknown),
            "[ -~ü]{1,9}"
                .prop_filter("not one of the above", |text| !text.starts_with('['))
                .prop_map(Attribute::Is),
        ]
    };
    (value(), value(), any::<core::net::IpAddr>()).prop_map(|(name, helo, address)| {
        Attributes::default()
            .with(AttributeName::Name, &name)
            .with(AttributeName::Helo, &helo)
            .with_address(AttributeName::Addr, address)
    })
}

fn command() -> impl Strategy<Value = Command> {
    let text = || "[!-~]([ -~ü]{0,9}[!-~])?".prop_map(|text| Text::new(&text).unwrap());
    prop_oneof![
        "[a-z]{1,9}".prop_map(|host| Command::Ehlo(host.parse().unwrap())),
        "[a-z]{1,9}".prop_map(|host| Command::Helo(host.parse().unwrap())),
        (proptest::option::of(mailbox()), parameters()).prop_map(|(from, parameters)| {
            Command::Mail { from: from.map_or(ReversePath::Null, ReversePath::Mailbox), parameters }
        }),
        proptest::option::of(mailbox()).prop_map(|to| Command::Rcpt {
            to: to.map_or(ForwardPath::Postmaster, ForwardPath::Mailbox),
            parameters: Parameters::default(),
        }),
        Just(Command::Data),
        Just(Command::Rset),
        Just(Command::Noop),
        Just(Command::Quit),
        Just(Command::StartTls),
        "[a-z]{1,9}".prop_map(|host| Command::Lhlo(host.parse().unwrap())),
        (any::<u64>(), any::<bool>()).prop_map(|(size, last)| Command::Bdat { size, last }),
        ("[!-~]{1,9}", any::<bool>())
            .prop_map(|(url, last)| Command::Burl { url: Text::new(&url).unwrap(), last }),
        "[a-z]{1,9}".prop_map(|host| Command::Etrn(Queue::Host(host.parse().unwrap()))),
        "[a-z]{1,9}".prop_map(|host| Command::Etrn(Queue::Domain(host.parse().unwrap()))),
        text().prop_map(|name| Command::Etrn(Queue::Named(name))),
        attributes().prop_map(Command::XClient),
        attributes().prop_map(Command::XForward),
        text().prop_map(Command::Vrfy),
        text().prop_map(Command::Expn),
        proptest::option::of(text()).prop_map(Command::Help),
        any::<Option<Vec<u8>>>().prop_map(|initial| Command::Auth {
            mechanism: Mechanism::PLAIN,
            initial: initial.map(Secret::from),
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read(command in command()) {
        let line = written(&command);
        let line = line.strip_suffix("\r\n").unwrap();
        prop_assert!(!line.contains(['\r', '\n']));
        prop_assert_eq!(parse(line), Ok(command));
    }

    #[test]
    fn no_line_makes_the_parser_panic_and_what_is_read_is_canonical(
        line in prop_oneof![
            "(MAIL FROM:|RCPT TO:|EHLO |AUTH |VRFY )[<>@a\": ,.=\\[\\]ü\\\\\r]{0,16}",
            "\\PC{0,24}",
        ],
    ) {
        if let Ok(command) = parse(&line) {
            let once = written(&command);
            let again = parse(once.strip_suffix("\r\n").unwrap());
            prop_assert_eq!(again.map(|again| written(&again)), Ok(once));
        }
    }
}

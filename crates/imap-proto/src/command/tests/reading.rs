//! The reader: commands from a stream.
use alloc::{format, string::String, vec::Vec};

use proto_core::Input;

use super::super::*;
use crate::frame;
use crate::frame::Literal;

/// Reads chunks, takes every literal, and tells what is told, octets joined.
fn told(limits: ReaderLimits, chunks: &[&[u8]]) -> Vec<String> {
    let (mut input, mut reader) = (Input::default(), Reader::new(limits));
    let (mut told, mut octets) = (Vec::new(), Vec::new());
    for chunk in chunks {
        input.push(chunk);
        loop {
            let event = reader.next(&mut input);
            if let Ok(Some(Event::Octets(more))) = &event {
                octets.extend_from_slice(more);
                continue;
            }
            if event != Ok(None) && !octets.is_empty() {
                told.push(format!("octets {}", core::mem::take(&mut octets).escape_ascii()));
            }
            match event {
                Ok(Some(event)) => {
                    if let Event::Part(AppendPart::Text(_)) = event {
                        reader.accept();
                    }
                    told.push(name(&event));
                }
                Ok(None) => break,
                Err(bad) => {
                    let tag = bad.tag.as_ref().map(|tag| tag.as_bytes().escape_ascii());
                    let tag = tag.map_or("*".into(), |tag| format!("{tag}"));
                    told.push(format!("{tag} BAD {}", bad.kind));
                    if bad.kind == BadKind::Frame(frame::FrameError::EndlessLine) {
                        return told;
                    }
                }
            }
        }
    }
    told
}

fn name(event: &Event) -> String {
    match event {
        Event::Command(tagged) => {
            let mut out = BytesMut::new();
            let dialect = Dialect { literals: crate::Literals::Plus, utf8: false };
            tagged.write(dialect, &mut out);
            format!("{}", out.escape_ascii())
        }
        Event::Part(AppendPart::Message(start)) => format!(
            "message {:?} {} {}",
            start.form,
            start.flags.iter().count(),
            start.date.is_some(),
        ),
        Event::Part(AppendPart::Url(url)) => format!("url {}", url.as_bytes().escape_ascii()),
        Event::Part(AppendPart::Text(literal)) => {
            let Literal { size, synchronizing, binary } = literal;
            format!("text {size} {synchronizing} {binary}")
        }
        event => format!("{event:?}"),
    }
}

fn read(octets: &str) -> Vec<String> {
    let whole = told(ReaderLimits::default(), &[octets.as_bytes()]);
    let single: Vec<_> = octets.as_bytes().chunks(1).collect();
    assert_eq!(told(ReaderLimits::default(), &single), whole, "{octets}");
    whole
}

#[test]
fn arguments_in_literals_are_taken_with_the_command() {
    assert_eq!(
        read("A1 LOGIN {5}\r\nSMITH {6+}\r\nSESAME\r\nA2 NOOP\r\n"),
        ["Continue", r"A1 LOGIN SMITH SESAME\r\n", r"A2 NOOP\r\n"]
    );
}

#[test]
fn messages_stream_and_arguments_before_them_do_not() {
    // RFC 3501 §6.3.11, and a mailbox as a literal.
    assert_eq!(
        read("A003 APPEND {5}\r\nsaved (\\Seen) {12}\r\nHello\r\nJoe\r\n\r\nA4 NOOP\r\n"),
        [
            "Continue",
            "A003 APPEND saved",
            "message Plain 1 false",
            "text 12 true false",
            r"octets Hello\r\nJoe\r\n",
            "End",
            r"A4 NOOP\r\n"
        ]
    );
}

#[test]
fn many_messages_come_in_one_command() {
    // RFC 3502 §6.3.11, shortened.
    let line = "A003 APPEND saved-messages (\\Seen) {3+}\r\nabc (\\Seen) \
                \" 7-Feb-1994 22:43:04 -0800\" ~{4+}\r\na\0bc {0+}\r\n\r\n";
    assert_eq!(
        read(line),
        [
            "A003 APPEND saved-messages",
            "message Plain 1 false",
            "text 3 false false",
            "octets abc",
            "message Plain 1 true",
            "text 4 false true",
            r"octets a\x00bc",
            "message Plain 0 false",
            "text 0 false false",
            "End"
        ]
    );
}

#[test]
fn catenated_messages_are_urls_and_octets() {
    // RFC 4469 §4, shortened.
    let line = "A003 APPEND Drafts (\\Seen \\Draft $MDNSent) CATENATE (TEXT {4}\r\nhead URL \
                \"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER\" TEXT {2+}\r\n\r\n \
                URL \"x\")\r\n";
    assert_eq!(
        read(line),
        [
            "A003 APPEND Drafts",
            "message Catenate 3 false",
            "text 4 true false",
            "octets head",
            "url /Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER",
            "text 2 false false",
            r"octets \r\n",
            "url x",
            "End"
        ]
    );
    assert_eq!(
        read("A004 APPEND Drafts CATENATE (URL a URL {1+}\r\nb)\r\n"),
        ["A004 APPEND Drafts", "message Catenate 0 false", "url a", "url b", "End"]
    );
}

#[test]
fn messages_with_utf8_headers_are_in_parentheses() {
    assert_eq!(
        read("A APPEND x UTF8 (~{2+}\r\nab)\r\nB APPEND x UTF8 (~{2+}\r\nab\r\nC NOOP\r\n"),
        [
            "A APPEND x",
            "message Utf8 0 false",
            "text 2 false true",
            "octets ab",
            "End",
            "B APPEND x",
            "message Utf8 0 false",
            "text 2 false true",
            "octets ab",
            "B BAD ')' expected at octet 0",
            r"C NOOP\r\n"
        ]
    );
}

#[test]
fn replace_brings_one_message() {
    // RFC 8508 §3.5, shortened.
    assert_eq!(
        read("A003 REPLACE 4 Drafts (\\Seen \\Draft $MDNSent) {2}\r\nab\r\n"),
        ["A003 REPLACE 4 Drafts", "message Plain 3 false", "text 2 true false", "octets ab", "End"]
    );
    assert_eq!(
        read("A UID REPLACE 4 x {1+}\r\na {1+}\r\nb\r\nB NOOP\r\n")[4..],
        ["A BAD line should end at octet 0", r"B NOOP\r\n"]
    );
}

#[test]
fn a_bad_command_is_answered_with_its_tag_and_passed_over() {
    for (line, answer) in [
        ("A XYZZY", "A BAD unknown command at octet 2"),
        ("A", "A BAD ' ' expected at octet 1"),
        ("", "* BAD not a tag at octet 0"),
        ("+ NOOP", "* BAD not a tag at octet 0"),
        ("A+ NOOP", "* BAD ' ' expected at octet 1"),
        (" NOOP", "* BAD not a tag at octet 0"),
        ("A  NOOP", "A BAD unknown command at octet 2"),
        ("A NOOP ", "A BAD line should end at octet 6"),
        ("A\tNOOP", "* BAD ' ' expected at octet 1"),
        ("A LOGIN \"a\0\" b", "A BAD bad quoted string at octet 10"),
        ("A LOGIN {2+}\r\na\0 b", "A BAD bad literal at octet 8"),
        ("A LOGIN {0+}\r\n {0+}\r\n", r#"A LOGIN \"\" \"\"\r\n"#),
        ("A LOGIN {-1}", "A BAD not a string at octet 8"),
        ("A LOGIN {9223372036854775808}", "A BAD not a string at octet 8"),
        ("A XYZZY {3+}\r\nabc", "A BAD unknown command at octet 2"),
        ("A NOOP {3+}\r\nB LOGOUT", "A BAD line should end at octet 6"),
        ("A APPEND x (\\Recent) {1+}\r\na", "A BAD not a flag at octet 11"),
        ("A STORE 1 FLAGS \\*", "A BAD not a flag at octet 16"),
        ("A APPEND x", "A BAD ' ' expected at octet 10"),
        ("A APPEND x UTF8 ({1+}\r\na)", "A BAD '~' expected at octet 17"),
        ("A APPEND x CATENATE ()", "A BAD unknown word at octet 21"),
    ] {
        let told = read(&format!("{line}\r\nNEXT NOOP\r\n"));
        assert_eq!(told, [answer, r"NEXT NOOP\r\n"], "{line:?}");
    }
}

#[test]
fn a_literal_for_a_bad_command_that_synchronizes_is_not_asked_for() {
    let told = read("A XYZZY {3}\r\nB APPEND x ( {10}\r\nC NOOP\r\n");
    assert_eq!(
        told,
        ["A BAD unknown command at octet 2", "B BAD not a flag at octet 12", r"C NOOP\r\n"]
    );
}

#[test]
fn a_refused_message_is_passed_over() {
    let (mut input, mut reader) = (Input::default(), Reader::default());
    input.push(b"A APPEND x {3+}\r\nabc (\\Seen) {1+}\r\nx\r\nB NOOP\r\n");
    for _ in 0..3 {
        assert!(matches!(reader.next(&mut input), Ok(Some(_))));
    }
    assert_eq!(reader.next(&mut input), Ok(None));
    reader.refuse();
    let Ok(Some(Event::Command(tagged))) = reader.next(&mut input) else { panic!("a command") };
    assert_eq!(tagged.command, Command::Noop);
}

#[test]
fn done_and_sasl_messages_are_lines() {
    let (mut input, mut reader) = (Input::default(), Reader::default());
    input.push(b"A IDLE\r\nDONE\r\nB NOOP\r\n");
    assert!(matches!(reader.next(&mut input), Ok(Some(Event::Command(_)))));
    assert_eq!(reader.line(&mut input), Ok(Some("DONE".into())));
    assert!(matches!(reader.next(&mut input), Ok(Some(Event::Command(_)))));
}

#[test]
fn arguments_at_each_limit_are_taken_and_one_beyond_is_not() {
    let arguments = ArgumentLimits { octets: 6, literals: 2 };
    let limits = ReaderLimits { arguments, ..ReaderLimits::default() };
    let login = |user: usize, password: usize| {
        let (user, password) = ("x".repeat(user), "y".repeat(password));
        let line = format!(
            "A LOGIN {{{}+}}\r\n{user} {{{}+}}\r\n{password}\r\nB NOOP\r\n",
            user.len(),
            password.len()
        );
        told(limits, &[line.as_bytes()])
    };
    assert_eq!(login(3, 3), [r"A LOGIN xxx yyy\r\n", r"B NOOP\r\n"]);
    assert_eq!(login(3, 4), ["A BAD arguments are too large", r"B NOOP\r\n"]);
    let many = |count: usize| {
        let line = format!("A URLFETCH{}\r\nB NOOP\r\n", " {1+}\r\nx".repeat(count));
        told(limits, &[line.as_bytes()])
    };
    assert_eq!(many(2), [r"A URLFETCH x x\r\n", r"B NOOP\r\n"]);
    assert_eq!(many(3), ["A BAD arguments are too large", r"B NOOP\r\n"]);
}

#[test]
fn limits_may_change_between_commands() {
    let mut limits = ReaderLimits::default();
    limits.frame.text = 20;
    let (mut input, mut reader) = (Input::default(), Reader::new(limits));
    let line = b"A LOGIN smith seventeen-letters\r\n";
    input.push(line);
    assert!(reader.next(&mut input).is_err());
    reader.set_limits(ReaderLimits::default());
    input.push(line);
    assert!(matches!(reader.next(&mut input), Ok(Some(Event::Command(_)))));
}

#[test]
fn a_literal_that_never_comes_costs_nothing() {
    let (mut input, mut reader) = (Input::default(), Reader::default());
    input.push(b"A APPEND x {60000000}\r\n");
    for _ in 0..3 {
        assert!(matches!(reader.next(&mut input), Ok(Some(_))));
    }
    reader.accept();
    for _ in 0..1000 {
        input.push(&[b'x'; 1000]);
        let Ok(Some(Event::Octets(octets))) = reader.next(&mut input) else { panic!("octets") };
        assert_eq!((octets.len(), input.len()), (1000, 0));
    }
}

#[test]
fn what_the_writer_writes_the_reader_reads() {
    let dialect = Dialect { literals: crate::Literals::Plus, utf8: false };
    let command = Command::Append(Mailbox::new("x").unwrap());
    let mut out = BytesMut::new();
    let mut writer = AppendWriter::new(&command, dialect).unwrap();
    Tagged { tag: Tag::new("A").unwrap(), command }.write(dialect, &mut out);
    let text = |size| AppendPart::Text(Literal { size, synchronizing: false, binary: false });
    let start = |form| AppendPart::Message(MessageStart { form, ..MessageStart::default() });
    assert_eq!(writer.part(&text(1), &mut out), None);
    assert!(!writer.end(&mut out));
    let url = AppendPart::Url(IString::from_static("a b"));
    for part in [
        start(MessageForm::Plain),
        text(0),
        start(MessageForm::Catenate),
        url.clone(),
        text(0),
        url,
        start(MessageForm::Utf8),
        text(0),
    ] {
        assert_eq!(writer.part(&part, &mut out), Some(Vec::new()));
    }
    assert_eq!(writer.part(&text(1), &mut out), None);
    assert!(writer.end(&mut out));
    assert_eq!(
        read(core::str::from_utf8(&out).unwrap()),
        [
            "A APPEND x",
            "message Plain 0 false",
            "text 0 false false",
            "message Catenate 0 false",
            "url a b",
            "text 0 false false",
            "url a b",
            "message Utf8 0 false",
            "text 0 false true",
            "End"
        ]
    );
}

#[test]
fn a_client_waits_where_literals_synchronize() {
    let login = Login {
        user: IString::new("j\u{fc}rgen").unwrap(),
        password: Password::new("a\r\nb".into()).unwrap(),
    };
    let tagged = Tagged { tag: Tag::new("A").unwrap(), command: Command::Login(login) };
    let mut out = BytesMut::new();
    let waits = tagged.write(Dialect::CLIENT, &mut out);
    assert_eq!(out, "A LOGIN {7}\r\nj\u{fc}rgen {4}\r\na\r\nb\r\n");
    assert_eq!(waits, ["A LOGIN {7}\r\n".len(), "A LOGIN {7}\r\nj\u{fc}rgen {4}\r\n".len()]);
}

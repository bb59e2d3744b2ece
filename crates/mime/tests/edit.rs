//! What is edited changes, and nothing else.
use bytes::{Bytes, BytesMut};
use mime::{
    Builder, DateTime, Editor, FieldName, MediaType, Message, Misuse, PartBuilder, PartKind, Target,
};
use proptest::prelude::*;

fn written(editor: &Editor<'_, '_>) -> Vec<u8> {
    let mut out = BytesMut::new();
    editor.write(&mut out);
    out.to_vec()
}

fn text(octets: &[u8]) -> &str {
    core::str::from_utf8(octets).expect("made of text")
}

const MIXED: &[u8] = b"Received: x\r\nSubject: old\r\nSUBJECT : older\r\n\
    Content-Type: multipart/mixed; boundary=\"b c\"\r\n\r\npreamble\r\n--b c\r\n\r\none\r\n--b c  \r\n\
    \r\ntwo\n--b c\r\nX: y\r\n\r\nthree\r\n--b c--\r\nepilogue";

fn name(name: &str) -> FieldName {
    name.parse().expect("a name")
}

#[test]
fn fields_are_set_added_and_removed() {
    let message = Message::parse(MIXED);
    let editor = Editor::new(&message)
        .set(name("subject"), "new")
        .add(name("X-Last"), "l")
        .prepend(name("X-Second"), "2")
        .prepend(name("X-First"), "1")
        .set(name("X-Last"), "last")
        .remove("received");
    let expected = text(MIXED)
        .replace("Received: x\r\n", "X-First: 1\r\nX-Second: 2\r\n")
        .replace("Subject: old\r\nSUBJECT : older\r\n", "subject: new\r\n")
        .replace("\"b c\"\r\n\r\n", "\"b c\"\r\nX-Last: last\r\n\r\n");
    assert_eq!(text(&written(&editor)), expected);
}

#[test]
fn parts_are_replaced_added_and_removed() {
    let message = Message::parse(MIXED);
    let part = |number: u32| message.part(&[number]).expect("it is there");
    let bodies = |editor: &Editor<'_, '_>| {
        let octets = written(editor);
        let message = Message::parse(&octets);
        assert_eq!(message.defects(), []);
        assert!(
            octets.ends_with(b"\r\n--b c--\r\nepilogue")
                && text(&octets).contains("\r\n\r\npreamble\r\n--b c\r\n")
        );
        message.root().children().map(|part| part.text().into_owned()).collect::<Vec<_>>()
    };
    let edit = || Editor::new(&message);
    assert_eq!(bodies(&edit()), ["one", "two", "three"]);
    assert_eq!(bodies(&edit().remove_part(part(1)).unwrap()), ["two", "three"]);
    assert_eq!(bodies(&edit().remove_part(part(2)).unwrap()), ["one", "three"]);
    assert_eq!(bodies(&edit().remove_part(part(3)).unwrap()), ["one", "two"]);
    let both = edit().remove_part(part(1)).unwrap().remove_part(part(3)).unwrap();
    assert_eq!(bodies(&both), ["two"]);
    assert_eq!(both.clone().remove_part(part(2)).unwrap_err(), Misuse::OnlyPart);
    let new = PartBuilder::text("new");
    let added = both.add_part(message.root(), &new).unwrap().replace_part(part(2), &new).unwrap();
    assert_eq!(bodies(&added), ["new", "new"]);
    let again = edit().remove_part(part(1)).unwrap().replace_part(part(1), &new).unwrap();
    assert_eq!(bodies(&again), ["new", "two", "three"]);
}

#[test]
fn delimiters_around_a_new_part_are_not_in_it() {
    let message = Message::parse(MIXED);
    let evil = PartBuilder::text("a\n--b c\n\nb\n--b c--\n");
    let editor = Editor::new(&message).replace_part(message.part(&[2]).unwrap(), &evil).unwrap();
    let octets = written(&editor);
    let edited = Message::parse(&octets);
    assert_eq!(edited.parts().count(), 4);
    assert_eq!(edited.part(&[2]).unwrap().text(), "a\r\n--b c\r\n\r\nb\r\n--b c--\r\n");
    let inner = PartBuilder::message("Subject: x\r\n\r\n--b c\r\n");
    let editor = Editor::new(&message).add_part(message.root(), &inner).unwrap();
    let octets = written(&editor);
    let part = Message::parse(&octets);
    let part = part.part(&[4]).unwrap();
    assert_eq!(part.content().octets(), b"Subject: x\r\n\r\n--b c\r\n");
}

#[test]
fn the_root_takes_a_new_body_and_keeps_its_header() {
    let message = Message::parse(b"Subject: x\r\nContent-Type: text/html\r\nTo: a@b\r\n\r\n<p>old");
    let new = PartBuilder::multipart("mixed", vec![PartBuilder::text("new")]).unwrap();
    let octets = written(&Editor::new(&message).replace_part(message.root(), &new).unwrap());
    assert!(text(&octets).starts_with(
        "Subject: x\r\nTo: a@b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed;"
    ));
    let edited = Message::parse(&octets);
    assert_eq!((edited.defects(), edited.root().kind()), (&[][..], PartKind::Multipart));
    assert_eq!(edited.part(&[1]).unwrap().text(), "new");
    // A header cut short gets the blank line that it lacks.
    let message = Message::parse(b"Subject: x");
    let octets = written(
        &Editor::new(&message).replace_part(message.root(), &PartBuilder::text("b")).unwrap(),
    );
    let edited = Message::parse(&octets);
    assert_eq!((edited.subject().as_deref(), &*edited.root().text()), (Some("x"), "b"));
}

#[test]
fn parts_that_cannot_be_edited_so_are_refused() {
    let message = Message::parse(MIXED);
    let twin = MIXED.to_vec();
    let other = Message::parse(&twin);
    let new = PartBuilder::text("new");
    let editor = || Editor::new(&message);
    let part = message.part(&[1]).unwrap();
    assert_eq!(editor().remove_part(other.part(&[1]).unwrap()).unwrap_err(), Misuse::ForeignPart);
    assert_eq!(editor().remove_part(message.root()).unwrap_err(), Misuse::NotMultipart);
    assert_eq!(editor().add_part(part, &new).unwrap_err(), Misuse::NotMultipart);
    let odd = Message::parse(
        b"Content-Type: multipart/mixed; boundary=\"x: y\"\r\n\r\n--x: y\r\n\r\na\r\n--x: y--",
    );
    let field = PartBuilder::text("new").field(name("--x"), "y");
    let editor = Editor::new(&odd).replace_part(odd.part(&[1]).unwrap(), &field);
    assert_eq!(editor.unwrap_err(), Misuse::Boundary);
}

#[test]
fn a_field_cut_at_a_limit_goes_whole() {
    let long = format!("X-Long: {}\r\nSubject: x\r\n\r\nbody", "y ".repeat(100_000));
    let message = Message::parse(long.as_bytes());
    assert_eq!(written(&Editor::new(&message).remove("x-long")), b"Subject: x\r\n\r\nbody");
}

#[test]
fn a_message_without_header_gets_a_blank_line_with_its_first_field() {
    for body in ["no header\r\n", " \r\n", "--b\r\n\r\nx"] {
        let message = Message::parse(body.as_bytes());
        let octets = written(&Editor::new(&message).set(FieldName::SUBJECT, "x"));
        assert_eq!(text(&octets), format!("Subject: x\r\n\r\n{body}"));
    }
    let none = Message::parse(b"no header\r\n");
    let editor = Editor::new(&none).add(name("X"), "1").remove("x");
    assert_eq!(written(&editor), none.as_bytes());
    let blank = Message::parse(b"\r\nbody");
    let octets = written(&Editor::new(&blank).set(FieldName::SUBJECT, "x"));
    assert_eq!(text(&octets), "Subject: x\r\n\r\nbody");
    assert_eq!(
        written(&Editor::new(&Message::parse(b"")).add(FieldName::SUBJECT, "x")),
        b"Subject: x\r\n"
    );
}

#[test]
fn what_is_no_field_does_not_become_the_first_line() {
    let message = Message::parse(b"A: 1\r\njunk\r\nB: 2\r\nmore\r\n\r\nbody");
    assert_eq!(written(&Editor::new(&message).remove("b")), b"A: 1\r\njunk\r\nmore\r\n\r\nbody");
    assert_eq!(written(&Editor::new(&message).remove("a")), b"B: 2\r\nmore\r\n\r\nbody");
    assert_eq!(written(&Editor::new(&message).remove("a").remove("b")), b"\r\nbody");
    let prepended = Editor::new(&message).remove("a").prepend(name("C"), "3");
    assert_eq!(written(&prepended), b"C: 3\r\njunk\r\nB: 2\r\nmore\r\n\r\nbody");
    let limits = mime::Limits { fields: 1, ..mime::Limits::default() };
    let message = Message::parse_with(b"A: 1\r\njunk\r\nB: 2\r\n\r\nbody", &limits);
    assert_eq!(written(&Editor::new(&message).remove("a")), b"B: 2\r\n\r\nbody");
}

fn octets() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        "(Subject|To|X|content-type|): [ -~]{0,20}",
        "[ \t][a-z]{0,9}",
        Just("Content-Type: multipart/mixed; boundary=b".to_owned()),
        Just("Content-Type: message/rfc822".to_owned()),
        Just("--b".to_owned()),
        Just("--b--".to_owned()),
        Just(String::new()),
        "[ -~]{0,30}",
    ];
    let end = prop_oneof![Just("\r\n"), Just("\r\n"), Just("\n"), Just("")];
    proptest::collection::vec((line, end), 0..24).prop_map(|lines| {
        lines.iter().flat_map(|(line, end)| [line, *end].concat().into_bytes()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn unmodified_is_identical(octets in octets()) {
        prop_assert_eq!(written(&Editor::new(&Message::parse(&octets))), octets);
    }

    #[test]
    fn other_fields_and_the_body_keep_their_octets(octets in octets()) {
        let message = Message::parse(&octets);
        let other = |message: &Message<'_>| {
            let fields = message.root().fields().filter(|field| !field.is("subject"));
            fields.map(|field| field.raw().trim_ascii_end().to_vec()).collect::<Vec<_>>()
        };
        let out = written(&Editor::new(&message).set(FieldName::SUBJECT, "new é"));
        let edited = Message::parse(&out);
        let subject = edited.subject();
        prop_assert_eq!(subject.as_deref(), Some("new é"));
        prop_assert_eq!(other(&edited), other(&message));
        prop_assert_eq!(edited.root().body(), message.root().body());
        let removed = written(&Editor::new(&message).remove("subject"));
        let removed = Message::parse(&removed);
        prop_assert!(removed.field("subject").is_none());
        prop_assert_eq!(removed.root().body(), message.root().body());
    }

    #[test]
    fn other_parts_keep_their_octets(octets in octets(), at: prop::sample::Index, evil in "(a|--b|\n){0,9}") {
        let message = Message::parse(&octets);
        let parts: Vec<_> = message.parts().collect();
        let part = *at.get(&parts);
        let bodies = |message: &Message<'_>, but: usize| {
            let parent = message.parts().nth(but).and_then(|part| part.parent());
            let children = parent.into_iter().flat_map(|parent| parent.children());
            children.map(|part| part.header().len() + part.body().len()).collect::<Vec<_>>()
        };
        let place = parts.iter().position(|it| it.span() == part.span() && it.depth() == part.depth()).unwrap();
        if let Ok(editor) = Editor::new(&message).replace_part(part, &PartBuilder::text(evil.as_str())) {
            let out = written(&editor);
            let edited = Message::parse(&out);
            let new = edited.parts().nth(place).expect("parts before it are as they were");
            let said = evil.replace('\n', "\r\n");
            let read = new.text();
            prop_assert_eq!(read.trim_end(), said.trim_end());
            prop_assert_eq!(bodies(&edited, place).len(), bodies(&message, place).len());
            prop_assert!(out.starts_with(&octets[..usize::try_from(part.span().start).unwrap()]) || place == 0);
            prop_assert!(out.ends_with(&octets[usize::try_from(part.span().end).unwrap()..]));
        }
        if let Ok(editor) = Editor::new(&message).remove_part(part) {
            let before = part.parent().map(|parent| parent.children().count());
            let out = written(&editor);
            let edited = Message::parse(&out);
            let depth = part.depth();
            let count = |message: &Message<'_>| message.parts().filter(|it| it.depth() == depth).count();
            prop_assert!(before >= Some(2));
            prop_assert_eq!(count(&edited) + 1, count(&message));
        }
    }

    #[test]
    fn what_was_built_can_be_edited(names in proptest::collection::vec("[a-z]{1,8}", 1..5), gone: prop::sample::Index, seed: u64) {
        let mut builder = Builder::new(DateTime::new(0, 0).unwrap()).text("t").html("h").seed(seed);
        for name in &names {
            builder = builder.attach(name.as_str(), MediaType::PDF, Bytes::from(name.clone()));
        }
        let mut octets = BytesMut::new();
        builder.write(&mut octets);
        let message = Message::parse(&octets);
        let number = u32::try_from(gone.index(names.len())).unwrap() + 2;
        let part = message.part(&[number]).unwrap();
        let inner = PartBuilder::multipart("mixed", vec![PartBuilder::text("é")]).unwrap();
        let editor = Editor::new(&message).seed(seed).target(Target::EIGHT_BIT_MIME);
        let editor = editor.remove_part(part).unwrap().add_part(message.root(), &inner).unwrap();
        let out = written(&editor);
        let edited = Message::parse(&out);
        prop_assert_eq!(edited.defects(), []);
        let mut expected = names.clone();
        expected.remove(usize::try_from(number).unwrap() - 2);
        let left: Vec<_> = edited.parts().filter_map(|part| part.file_name()).collect();
        prop_assert_eq!(left, expected);
        prop_assert_eq!(edited.parts().last().unwrap().text(), "é");
    }
}

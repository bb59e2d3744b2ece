//! Mailbox files of every dialect, whole and at every split.
use mime::MboxDialect::{self, Cl, Cl2, O, Rd};
use mime::{Limits, Mbox, MboxEvent, MboxReader};
use proptest::prelude::*;

/// Reads a file that arrives in these pieces: each message as text.
fn push(pieces: &[&[u8]], dialect: MboxDialect, limits: &Limits) -> Vec<String> {
    let (mut reader, mut out) = (MboxReader::new(dialect, limits), Vec::<Vec<u8>>::new());
    let mut open = false;
    let mut take = |reader: &mut MboxReader| {
        while let Some(event) = reader.poll() {
            match event {
                MboxEvent::Begin(_) => {
                    assert!(!std::mem::replace(&mut open, true), "messages do not nest");
                    out.push(Vec::new());
                }
                MboxEvent::Body(octets) => {
                    out.last_mut().expect("begun").extend_from_slice(&octets)
                }
                MboxEvent::End => assert!(std::mem::replace(&mut open, false)),
            }
        }
    };
    for piece in pieces {
        reader.feed(piece);
        take(&mut reader);
    }
    reader.finish();
    take(&mut reader);
    assert!(!open);
    out.iter().map(|it| String::from_utf8_lossy(it).into_owned()).collect()
}

fn whole(file: &[u8], dialect: MboxDialect, limits: &Limits) -> Vec<String> {
    let messages = Mbox::with_limits(file, dialect, limits);
    messages.map(|it| String::from_utf8_lossy(it.octets()).into_owned()).collect()
}

#[test]
fn every_dialect_is_read_at_every_split() {
    let table: &[(MboxDialect, &str, &[&str])] = &[
        (Rd, "", &[]),
        (Rd, "nothing\nhere\n", &[]),
        (Rd, "From a\n", &[""]),
        (Rd, "From a", &[""]),
        (Rd, "\n\nFrom a\nA: b\n\nc\n", &["A: b\n\nc\n"]),
        (Rd, "From a\nA: b\n\nc\n\nFrom b\nC: d\n\ne\n\n", &["A: b\n\nc\n", "C: d\n\ne\n"]),
        (Rd, "From a\r\nA: b\r\n\r\nc\r\n\r\nFrom b\r\n\r\ne", &["A: b\r\n\r\nc\r\n", "\r\ne"]),
        (Rd, "From a\nA: b\n\nc\nFrom x\n", &["A: b\n\nc\nFrom x\n"]),
        (Rd, "From a\n\n>From \n>>From b\n>Fromage\n>\n", &["\nFrom \n>From b\n>Fromage\n>\n"]),
        (O, "From a\n\n>From \n>>From b\n", &["\nFrom \n>>From b\n"]),
        (Rd, "From a\n>From x\n\n", &[">From x\n\n"]),
        (Rd, "From a\nA: b\n\nFrom b\nC: d\n\n\n\n\nx\n", &["A: b\n\n", "C: d\n\n\n\n\nx\n"]),
        (
            Cl2,
            "From a\nContent-Length: 12\n\nx\n\nFrom y\nz\n\nFrom b\n\n",
            &["Content-Length: 12\n\nx\n\nFrom y\nz\n", "\n"],
        ),
        (
            Cl,
            "From a\ncontent-LENGTH:8\n\n\nFrom y\n\nFrom b\n\n",
            &["content-LENGTH:8\n\n\nFrom y\n", "\n"],
        ),
        (Cl, "From a\nA: b\n\n>From y\n\nFrom b\n\n", &["A: b\n\nFrom y\n", "\n"]),
        (Cl2, "From a\nA: b\n\n>From y\n", &["A: b\n\n>From y\n"]),
        (Cl2, "From a\nContent-Length: 999\n\nx\n", &["Content-Length: 999\n\nx\n"]),
        (
            Cl2,
            "From a\nContent-Length: 1\n\nxy\nz\n\nFrom b\n\n",
            &["Content-Length: 1\n\nxy\nz\n", "\n"],
        ),
        (
            Cl2,
            "From a\nContent-Length: -1\n\nxy\n\nFrom b\n\n",
            &["Content-Length: -1\n\nxy\n", "\n"],
        ),
        (
            Rd,
            "From a\nContent-Length: 99\n\nxy\n\nFrom b\n\n",
            &["Content-Length: 99\n\nxy\n", "\n"],
        ),
        (Cl2, "From a\nContent-Length: 0\n\n\nFrom b\n\nx", &["Content-Length: 0\n\n", "\nx"]),
    ];
    let limits = Limits::default();
    for (dialect, file, expected) in table {
        assert_eq!(whole(file.as_bytes(), *dialect, &limits), *expected, "{dialect:?} {file:?}");
        for at in 0..=file.len() {
            let (one, two) = file.as_bytes().split_at(at);
            assert_eq!(push(&[one, two], *dialect, &limits), *expected, "{file:?} at {at}");
        }
        let octets: Vec<_> = file.as_bytes().chunks(1).collect();
        assert_eq!(push(&octets, *dialect, &limits), *expected, "{file:?} octet by octet");
    }
}

#[test]
fn messages_without_marks_are_borrowed_and_say_where_they_lie() {
    let file = b"x\nFrom a\nA: b\n\nc\n\nFrom b\n\n>From c\n";
    let messages: Vec<_> = Mbox::new(file, Rd).collect();
    assert_eq!(messages[0].span().of(file), b"From a\nA: b\n\nc\n");
    assert!(matches!(messages[0].clone().into_octets(), std::borrow::Cow::Borrowed(_)));
    assert_eq!(messages[1].span().of(file), b"From b\n\n>From c\n");
}

#[test]
fn from_lines_and_marks_are_measured() {
    let limits = Limits { from_line: 8, ..Limits::default() };
    let lines = |file: &str| -> Vec<Vec<u8>> {
        Mbox::with_limits(file.as_bytes(), Rd, &limits)
            .map(|it| it.from().line().to_vec())
            .collect()
    };
    assert_eq!(lines("From ab\n\nx"), [b"From ab\n"]);
    assert_eq!(lines("From abc\n\nx"), [b"From abc"]);
    assert_eq!(whole(b"From abcd\n\nx", Rd, &limits), ["\nx"]);
    let marked = |n| whole(format!("From a\n\n{}From \n", ">".repeat(n)).as_bytes(), Rd, &limits);
    assert_eq!(marked(8)[0].len(), 1 + 7 + 6);
    assert_eq!(marked(9)[0].len(), 1 + 9 + 6);
    for n in [7, 8, 9, 20] {
        let file = format!("From {}\n\n{}From \n", "a".repeat(n), ">".repeat(n));
        let octets: Vec<_> = file.as_bytes().chunks(1).collect();
        assert_eq!(push(&octets, Rd, &limits), whole(file.as_bytes(), Rd, &limits), "{file}");
    }
}

#[test]
fn hostile_files_pass_through_little_memory_and_time() {
    for piece in ["From ", ">", "\n", "\nFrom a\n", "\r", ">From \n", "Content-Length: 9", "F\n"] {
        let file = format!("From a\n{}", piece.repeat(1_000_000 / piece.len()));
        for dialect in [O, Rd, Cl, Cl2] {
            let messages = Mbox::new(file.as_bytes(), dialect).count();
            assert!(messages >= 1 && messages <= 1 + file.len() / piece.len());
        }
    }
}

fn file() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "From ",
        ">",
        "\n",
        "\r\n",
        "\r",
        "x",
        "Content-Length: 3",
        "A: b",
        "From a\n\n",
        "Fro",
        "\n\nFrom b\n",
    ]);
    prop::collection::vec(words, 0..24).prop_map(|it| it.concat())
}

proptest! {
    #[test]
    fn any_file_reads_alike_however_it_is_cut(file in file(), cuts in prop::collection::vec(0_usize..99, 0..4)) {
        let limits = Limits { from_line: 9, ..Limits::default() };
        for dialect in [O, Rd, Cl, Cl2] {
            let mut cuts: Vec<_> = cuts.iter().map(|it| it % (file.len() + 1)).collect();
            cuts.sort_unstable();
            let (mut pieces, mut at) = (Vec::new(), 0);
            for cut in cuts.into_iter().chain([file.len()]) {
                pieces.push(&file.as_bytes()[at..cut]);
                at = cut;
            }
            prop_assert_eq!(push(&pieces, dialect, &limits), whole(file.as_bytes(), dialect, &limits));
        }
    }

    #[test]
    fn what_an_mboxrd_writer_wrote_is_read_back(bodies in prop::collection::vec("(From |>|x|\n| ){0,12}", 1..4)) {
        let mut written = String::new();
        for body in &bodies {
            written += "From a@b Sat Nov 22 08:26:40 2025\nA: b\n\n";
            for line in body.split_inclusive('\n') {
                if line.trim_start_matches('>').starts_with("From ") {
                    written += ">";
                }
                written += line;
            }
            written += if body.ends_with('\n') || body.is_empty() { "\n" } else { "\n\n" };
        }
        let expected: Vec<_> = bodies.iter().map(|body| {
            let end = if body.ends_with('\n') || body.is_empty() { "" } else { "\n" };
            format!("A: b\n\n{body}{end}")
        }).collect();
        prop_assert_eq!(whole(written.as_bytes(), Rd, &Limits::default()), expected);
    }
}

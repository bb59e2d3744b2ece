//! Responses as they arrive: however they are cut, they are the same.
use imap_proto::{
    Content, FetchItem, Quirk, ReadError, ReadEvent, Reader, ReaderLimits, Response,
    frame::FrameError, proto_core::Input,
};
use proptest::prelude::*;

type Read = Result<ReadEvent, ReadError>;

fn small() -> ReaderLimits {
    let mut limits = ReaderLimits::default();
    (limits.body, limits.attached) = (4, 20);
    limits
}

/// Reads what comes in chunks; octets are joined.
fn read<'a>(mut reader: Reader, chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Read> {
    let (mut input, mut all) = (Input::default(), Vec::<Read>::new());
    for chunk in chunks {
        input.push(chunk);
        while let Some(event) = reader.next(&mut input).transpose() {
            match (all.last_mut(), &event) {
                (Some(Ok(ReadEvent::Octets(one))), Ok(ReadEvent::Octets(two))) => {
                    *one = [&one[..], &two[..]].concat().into();
                }
                (_, Err(ReadError::Frame(FrameError::EndlessLine))) => {
                    all.push(event);
                    return all;
                }
                _ => all.push(event),
            }
        }
    }
    all
}

fn lenient(text: &str) -> Vec<Read> {
    read(Reader::new(small()), [text.as_bytes()])
}

#[test]
fn a_large_body_streams_with_what_came_before_it() {
    let text = "* 7 FETCH (UID 9 BODY[] {10}\r\n0123456789 BODY[1]<3> {3}\r\nabc \
        BINARY[2] ~{5}\r\n\0\r\n\0\0 FLAGS (\\Seen))\r\n* 8 EXISTS\r\n";
    let events = lenient(text);
    let [
        Ok(ReadEvent::Body(one)),
        Ok(ReadEvent::Octets(octets)),
        Ok(ReadEvent::Body(two)),
        Ok(ReadEvent::Octets(binary)),
        Ok(ReadEvent::Response(Response::Fetch(all))),
        Ok(ReadEvent::Response(Response::Exists(8))),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((one.number.get(), one.items.len()), (7, 2));
    assert_eq!(octets, "0123456789");
    assert_eq!(binary, "\0\r\n\0\0");
    assert_eq!(all.items[..4], [&one.items[..], &two.items[..]].concat());
    let content = |item: &FetchItem| item.content().cloned();
    assert_eq!(content(&all.items[1]), Some(Content::Streamed(10)));
    assert_eq!(content(&all.items[2]), Some(Content::Octets("abc".into())));
    assert_eq!(content(&all.items[3]), Some(Content::Streamed(5)));
    assert!(matches!(all.items[4], FetchItem::Flags(_)));
}

#[test]
fn a_body_at_the_limit_is_kept_and_one_octet_more_streams() {
    let body = |size: usize| {
        let events = lenient(&format!("* 1 FETCH (RFC822 {{{size}}}\r\n{})\r\n", "x".repeat(size)));
        events.len()
    };
    assert_eq!((body(4), body(5)), (1, 3));
}

#[test]
fn literals_beyond_the_limit_are_passed_over_and_their_item_is_not_read() {
    let preview = |size: usize| {
        let text = format!("* 1 FETCH (PREVIEW {{{size}}}\r\n{} UID 2)\r\n", "x".repeat(size));
        let Ok(ReadEvent::Response(Response::Fetch(mut fetch))) = lenient(&text).remove(0) else {
            panic!("{text}")
        };
        assert_eq!(fetch.items.len(), 2);
        fetch.items.remove(0)
    };
    assert!(matches!(preview(20), FetchItem::Preview(Some(_))));
    assert!(matches!(preview(21), FetchItem::Raw(_)));
}

#[test]
fn mistakes_are_noted_for_the_last_response_and_are_errors_if_strict() {
    let text = b"* 1 FETCH (FLAGS NIL)\r\n* 2 EXISTS\r\n";
    let (mut input, mut reader) = (Input::default(), Reader::new(small()));
    input.push(text);
    assert!(matches!(reader.next(&mut input), Ok(Some(_))));
    assert_eq!(reader.diagnostics()[0].quirk, Quirk::NilList);
    assert!(matches!(reader.next(&mut input), Ok(Some(_))));
    assert_eq!(reader.diagnostics(), []);
    let events = read(Reader::new(small()).strict(), [&text[..]]);
    assert!(matches!(events[0], Err(ReadError::Parse(_))));
    assert!(events[1].is_ok());
}

#[test]
fn a_body_of_a_gigabyte_costs_a_read() {
    let (mut input, mut reader) = (Input::default(), Reader::new(ReaderLimits::default()));
    input.push(b"* 1 FETCH (BODY[] {1073741824}\r\n");
    assert!(matches!(reader.next(&mut input), Ok(Some(ReadEvent::Body(_)))));
    let chunk = vec![b'x'; 1 << 20];
    for _ in 0..1024 {
        input.push(&chunk);
        let Ok(Some(ReadEvent::Octets(octets))) = reader.next(&mut input) else { panic!() };
        assert_eq!((octets.len(), input.len()), (1 << 20, 0));
    }
    input.push(b")\r\n");
    assert!(matches!(reader.next(&mut input), Ok(Some(ReadEvent::Response(_)))));
}

#[test]
fn a_body_in_a_line_that_cannot_be_read_is_passed_over() {
    for start in ["* 1 FETCH (FLAGS))( BODY[] ", "* X BODY[] ", "* 1 FETCH BODY[] "] {
        let text = format!("{start}{{30}}\r\n{})\r\n* 8 EXISTS\r\n", "x\r\n".repeat(10));
        let events = lenient(&text);
        let [Ok(ReadEvent::Response(Response::Raw(_))), Ok(ReadEvent::Response(next))] =
            &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!(*next, Response::Exists(8));
    }
}

#[test]
fn many_bodies_in_one_response_cost_no_more_than_they_are_long() {
    let bodies = " BODY[] {5}\r\nhello".repeat(50_000);
    for start in ["* 1 FETCH (UID 7", "* 1 FETCH (UID 7))(", "* X "] {
        let events = lenient(&format!("{start}{bodies})\r\n* 8 EXISTS\r\n"));
        assert!(matches!(events.last(), Some(Ok(ReadEvent::Response(Response::Exists(8))))));
    }
}

#[test]
fn what_follows_a_streamed_body_may_be_unreadable() {
    let events = lenient("* 1 FETCH (BODY[] {5}\r\nhello FLAGS\r\n* 8 EXISTS\r\n");
    assert!(matches!(&events[2], Ok(ReadEvent::Response(Response::Fetch(_)))), "{events:?}");
    assert!(matches!(&events[3], Ok(ReadEvent::Response(Response::Exists(8)))));
}

proptest! {
    #[test]
    fn splitting_changes_nothing(
        parts in proptest::collection::vec(prop_oneof![
            Just("* 1 FETCH ("), Just("UID 5 "), Just("BODY[] {9}\r\n"), Just("012345678"),
            Just("RFC822.TEXT {2}\r\n"), Just("ab"), Just(")\r\n"), Just("* 3 EXISTS\r\n"),
            Just("BINARY[1]<0> ~{6}\r\n"), Just(" "), Just("FLAGS ()"), Just("\n"), Just("X {30}\r\n"),
            Just("* OK [UIDNEXT 4] words\r\n"), Just("ENVELOPE (NIL NIL "),
        ], 0..14),
        sizes in proptest::collection::vec(1_usize..12, 1..4),
        strict in any::<bool>(),
    ) {
        let reader = || if strict { Reader::new(small()).strict() } else { Reader::new(small()) };
        let all = parts.concat();
        let whole = read(reader(), [all.as_bytes()]);
        prop_assert_eq!(&read(reader(), all.as_bytes().chunks(1)), &whole);
        let mut rest = all.as_bytes();
        let mut chunks = vec![];
        for size in sizes.into_iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, more) = rest.split_at(size.min(rest.len()));
            chunks.push(chunk);
            rest = more;
        }
        prop_assert_eq!(&read(reader(), chunks), &whole);
    }
}

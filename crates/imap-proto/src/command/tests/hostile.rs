//! What nobody sends by mistake.
use alloc::string::String;

use super::*;
use crate::ParseErrorKind as Kind;

#[test]
fn what_is_not_utf8_is_a_mistake_but_in_literals() {
    let read = |line: &'static [u8]| Command::parse(Bytes::from_static(line));
    assert!(read(b"LOGIN \"\xC3\xBC\" {2+}\r\n\xFF\xFE").is_ok());
    for (line, offset) in
        [(&b"LOGIN \"a\xFC\" b"[..], 8), (b"LOGIN {1+}\r\na \"\xFC\"", 9), (b"\xFF", 0)]
    {
        assert_eq!(read(line), Err(ParseError::new(Kind::Quoted, offset)));
    }
}

/// Reads criteria with no more limits than a grammar has.
fn criteria(text: &str) -> Result<Criteria, ParseError> {
    Criteria::parse(text.as_bytes())
}

#[test]
fn parentheses_are_as_deep_as_the_limit_and_no_deeper() {
    let nested = |depth: usize| alloc::format!("{}ALL{}", "(".repeat(depth), ")".repeat(depth));
    assert!(criteria(&nested(100)).is_ok());
    assert_eq!(criteria(&nested(101)), Err(ParseError::new(Kind::TooDeep, 100)));
    assert_eq!(criteria(&"(".repeat(100_000)), Err(ParseError::new(Kind::TooDeep, 100)));
}

#[test]
fn chains_of_or_and_not_are_as_long_as_a_line() {
    for chain in ["OR SEEN ", "NOT ", "FUZZY ", "OR NOT SEEN "] {
        let text = chain.repeat(10_000) + "DELETED";
        let criteria = criteria(&text).unwrap();
        let mut out = BytesMut::new();
        criteria.write(&mut Writer::new(&mut out, Dialect::CLIENT));
        assert_eq!(out, text);
        assert!(!criteria.matches(|key| *key == SearchKey::All) || chain.contains("NOT"));
    }
    let first = "OR ".repeat(10_000) + "SEEN" + &" DELETED".repeat(10_000);
    assert!(criteria(&first).unwrap().matches(|key| *key == SearchKey::Deleted));
    assert_eq!(criteria(&first).unwrap().terms().len(), 20_001);
}

#[test]
fn a_hundred_thousand_keys_are_read_and_one_more_is_not() {
    let keys = |count: usize| String::from("1") + &" 1".repeat(count - 1);
    assert_eq!(criteria(&keys(100_000)).unwrap().terms().len(), 100_000);
    assert_eq!(criteria(&keys(100_001)).unwrap_err().kind(), Kind::TooMany);
    assert!(size_of::<Term>() <= 40, "{}", size_of::<Term>());
}

#[test]
fn mistakes_are_named_where_they_are() {
    let table = [
        ("", Kind::Command, 0),
        ("UID", Kind::Expected(' '), 3),
        ("UID NOOP", Kind::Command, 4),
        ("FETCH", Kind::Expected(' '), 5),
        ("FETCH 0 FLAGS", Kind::Number, 6),
        ("FETCH 1 XYZZY", Kind::Word, 8),
        ("FETCH 1 ()", Kind::Expected('('), 9),
        ("FETCH 1 (FLAGS", Kind::Expected(')'), 14),
        ("FETCH 1 (FLAGS  UID)", Kind::Word, 15),
        ("FETCH 1 BODY[0]", Kind::Number, 13),
        ("FETCH 1 BODY[]<0.0>", Kind::Number, 17),
        ("FETCH 1 FLAGS (CHANGEDSINCE -1)", Kind::Number, 28),
        ("UID FETCH 1 FLAGS (VANISHED)", Kind::Word, 18),
        ("FETCH 1 FLAGS (CHANGEDSINCE 1 CHANGEDSINCE 2)", Kind::Word, 30),
        ("UID FETCH 1 FLAGS (PARTIAL 1:-2)", Kind::Number, 29),
        ("STORE 1 FLAGZ ()", Kind::Word, 8),
        ("SELECT", Kind::Expected(' '), 6),
        ("SELECT INBOX ()", Kind::Expected('('), 14),
        ("SELECT INBOX (QRESYNC (0 1))", Kind::Number, 23),
        ("SELECT INBOX (QRESYNC (1 1 *))", Kind::SeqSet, 27),
        ("SELECT INBOX (QRESYNC (1 1 (1:2 7)))", Kind::SeqSet, 32),
        ("LIST (RECURSIVEMATCH) \"\" *", Kind::Word, 5),
        ("LIST \"\" * RETURN (STATUS ())", Kind::Expected('('), 26),
        ("SEARCH", Kind::Expected(' '), 6),
        ("SEARCH OR SEEN", Kind::Expected(' '), 14),
        ("SEARCH NOT", Kind::Expected(' '), 10),
        ("SEARCH ()", Kind::Word, 8),
        ("SEARCH (SEEN", Kind::Expected(' '), 12),
        ("SEARCH SEEN)", Kind::Expected(' '), 11),
        ("SEARCH XYZZY", Kind::Word, 7),
        ("SEARCH ON 31-Feb-2020", Kind::Date, 10),
        ("SEARCH OLDER 0", Kind::Number, 13),
        ("SEARCH CHARSET x", Kind::Expected(' '), 16),
        ("SEARCH LARGER 9223372036854775808", Kind::Number, 14),
        ("SORT () UTF-8 ALL", Kind::Expected('('), 6),
        ("THREAD REFERENCES UTF-8", Kind::Expected(' '), 23),
        ("ENABLE", Kind::Expected(' '), 6),
        ("AUTHENTICATE PLAIN ", Kind::Base64, 19),
        ("AUTHENTICATE PLAIN *", Kind::Base64, 19),
        ("LOGIN a", Kind::Expected(' '), 7),
        ("LOGIN \"a", Kind::Quoted, 8),
        ("LOGIN \"\\a\" b", Kind::Quoted, 7),
        ("COMPRESS LZ4", Kind::Word, 9),
        ("CREATE x (USE (Sent))", Kind::Expected('\\'), 15),
        ("SETACL x y LR", Kind::Word, 11),
        ("GETMETADATA x /a*", Kind::Trailing, 16),
        ("NOTIFY SET", Kind::Expected(' '), 10),
        ("NOTIFY SOME", Kind::Word, 7),
        ("ESEARCH IN (selected-delayed) ALL", Kind::Word, 11),
        ("CANCELUPDATE \"+\"", Kind::Tag, 13),
        ("UIDBATCHES 0", Kind::Number, 11),
    ];
    let wrong = table.iter().filter(|(line, kind, offset)| {
        Command::parse((*line).into()) != Err(ParseError::new(*kind, *offset))
    });
    let wrong = wrong.map(|(line, ..)| (*line, Command::parse((*line).into())));
    assert_eq!(wrong.collect::<Vec<_>>(), []);
}

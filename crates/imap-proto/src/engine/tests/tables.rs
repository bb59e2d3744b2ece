//! What searches find, and in which order.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Client;
use crate::engine::memory;

/// A client of a mailbox with these messages.
fn client(messages: &[&str]) -> Client {
    let account = memory::Account::new();
    account.set_time(super::NOW);
    let mut client = Client::new(&account);
    for message in messages {
        let message = message.replace('\n', "\r\n");
        let said = client.say(&format!("A APPEND INBOX <<{message}>>"));
        assert!(said.contains("OK"), "{said}");
    }
    client.say("A SELECT INBOX");
    client
}

/// The untagged response to a command, without its name.
fn answer(client: &mut Client, command: &str) -> String {
    let said = client.say(&format!("A {command}"));
    assert!(said.contains("A OK"), "{command}: {said}");
    let line = said.lines().next().unwrap_or_default();
    line.splitn(3, ' ').nth(2).unwrap_or_default().to_string()
}

const LETTERS: [&str; 6] = [
    "From: =?utf-8?q?J=C3=BCrgen?= <jk@example.org>\nTo: Bob <bob@example.com>\n\
     Subject: =?iso-8859-1?q?Gr=FC=DFe?=\nDate: Mon, 1 Feb 2021 23:30:00 -0500\n\nGuten Tag\n",
    "From: alice@example.org\nTo: list@example.net, bob@example.com\nCc: Carol <c@d>\n\
     Subject: lunch\nDate: Tue, 2 Feb 2021 01:00:00 +0000\n\
     Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\n\
     S8O2bm5lbiB3aXI/\n",
    "From: Bob <bob@example.com>\nSubject: Re: lunch\nX-Mark:\n\n\
     Yes, caf\u{e9} at noon.\n",
    "Subject: [list] Fwd: Lunch (fwd)\nBcc: hidden@example.org\nContent-Type: multipart/mixed; boundary=b\n\n\
     --b\n\nouter\n--b\nContent-Type: image/png\nContent-Transfer-Encoding: base64\n\n\
     aW52aXNpYmxl\n--b\nContent-Type: message/rfc822\n\nSubject: inner\n\nnested\n--b--\n",
    "Date: nonsense\nSubject:\n\n",
    "",
];

#[test]
fn searches_find_what_they_look_for() {
    let mut client = client(&LETTERS);
    client.say("A STORE 2 FLAGS (\\Seen $Work)");
    for (criteria, found) in [
        ("ALL", "1 2 3 4 5 6"),
        ("NOT ALL", ""),
        ("FROM j\u{fc}rgen", "1"),
        ("FROM <<J\u{dc}RGEN>>", "1"),
        ("FROM <<Ju\u{308}rgen>>", "1"),
        ("FROM <<bob@EXAMPLE>>", "3"),
        ("TO bob CC carol", "2"),
        ("BCC hidden", "4"),
        ("SUBJECT <<gr\u{fc}\u{df}e>>", "1"),
        ("SUBJECT lunch", "2 3 4"),
        ("SUBJECT \"\"", "1 2 3 4 5"),
        ("HEADER x-mark \"\"", "3"),
        ("HEADER x-mark y", ""),
        ("BODY <<k\u{d6}nnen>>", "2"),
        ("BODY lunch", ""),
        ("TEXT lunch", "2 3 4"),
        ("BODY inner", "4"),
        ("BODY nested BODY outer", "4"),
        ("BODY invisible", ""),
        ("BODY <<CAF\u{c9}>>", "3"),
        ("BODY \"\"", "1 2 3 4 5 6"),
        ("SENTON 1-Feb-2021", "1"),
        ("SENTSINCE 2-Feb-2021", "2"),
        ("SENTBEFORE 2-Feb-2021", "1"),
        ("ON 22-Nov-2026", "1 2 3 4 5 6"),
        ("BEFORE 22-Nov-2026", ""),
        ("SINCE 22-Nov-2026 SMALLER 1", "6"),
        ("LARGER 0 SMALLER 40", "5"),
        ("SEEN", "2"),
        ("UNSEEN NEW RECENT NOT OLD", "1 3 4 5 6"),
        ("KEYWORD $WORK", "2"),
        ("UNKEYWORD $work 1:3", "1 3"),
        ("OR SEEN OR 1 UID 6", "1 2 6"),
        ("(SEEN 2) NOT 3", "2"),
        ("NOT (OR 1:2 4:*)", "3"),
        ("2:4,3,*:1 UID 3:1000", "3 4 5 6"),
        ("7:9", ""),
        ("UID 4294967295", ""),
        ("UID *", "6"),
        ("FUZZY SUBJECT lunch", "2 3 4"),
        ("EMAILID M2", "1"),
        ("THREADID T9", ""),
        ("SAVEDATESUPPORTED SAVEDON 22-Nov-2026", "1 2 3 4 5 6"),
        ("YOUNGER 1 NOT OLDER 1", "1 2 3 4 5 6"),
    ] {
        let ascii = criteria.is_ascii() || criteria.contains("<<");
        let criteria = if ascii {
            criteria.to_string()
        } else {
            criteria.replace("j\u{fc}rgen", "\"j\u{fc}rgen\"")
        };
        assert_eq!(answer(&mut client, &format!("SEARCH {criteria}")), found, "{criteria}");
    }
}

#[test]
fn messages_are_put_in_order() {
    let mut client = client(&LETTERS);
    for (order, found) in [
        ("(ARRIVAL)", "1 2 3 4 5 6"),
        ("(REVERSE ARRIVAL)", "1 2 3 4 5 6"),
        ("(DATE)", "2 1 3 4 5 6"),
        ("(REVERSE DATE)", "3 4 5 6 1 2"),
        ("(SUBJECT)", "5 6 1 2 3 4"),
        ("(SUBJECT REVERSE ARRIVAL REVERSE SIZE)", "5 6 1 4 2 3"),
        ("(FROM)", "4 5 6 2 3 1"),
        ("(TO)", "3 4 5 6 1 2"),
        ("(CC SIZE)", "6 5 3 1 4 2"),
        ("(DISPLAYFROM)", "4 5 6 2 3 1"),
        ("(REVERSE DISPLAYTO)", "2 1 3 4 5 6"),
    ] {
        let found_now = answer(&mut client, &format!("SORT {order} UTF-8 ALL"));
        assert_eq!(found_now, found, "{order}");
    }
}

/// A letter of an identifier, those it refers to, a subject and a day.
fn letter(id: &str, references: &str, subject: &str, day: u8) -> String {
    let refs: Vec<String> = references.split_whitespace().map(|id| format!("<{id}@x>")).collect();
    let refs =
        if refs.is_empty() { String::new() } else { format!("References: {}\n", refs.join(" ")) };
    format!(
        "Message-ID: <{id}@x>\n{refs}Subject: {subject}\nDate: {day} Feb 2021 00:00:00 +0000\n\n"
    )
}

#[test]
fn messages_are_joined_by_what_they_refer_to() {
    type Letter = (&'static str, &'static str, &'static str, u8);
    let tables: [(&[Letter], &str); 13] = [
        (&[("a", "", "s", 1), ("b", "a", "Re: s", 2), ("c", "a b", "Re: s", 3)], "(1 2 3)"),
        // Answers come in any order, and siblings by date.
        (
            &[
                ("c", "a b", "Re: s", 3),
                ("d", "a", "Re: s", 2),
                ("b", "a", "x", 4),
                ("a", "", "s", 1),
            ],
            "(4 (2)(3 1))",
        ),
        // One that is missing and has one answer is passed over.
        (&[("b", "a", "Re: s", 2)], "(1)"),
        // One that is missing holds its answers together.
        (&[("b", "a", "Re: s", 2), ("c", "a", "Re: s", 1)], "((2)(1))"),
        // Inside of a conversation its answers move up.
        (&[("a", "", "s", 1), ("c", "a b", "s", 3), ("d", "a b", "s", 2)], "(1 (3)(2))"),
        // Loops are not made.
        (&[("a", "b", "s", 1), ("b", "a", "s", 2)], "(2 1)"),
        (&[("a", "a", "s", 1)], "(1)"),
        // The second of an identifier is another message, here joined by its subject.
        (&[("a", "", "s", 1), ("a", "", "t", 2), ("b", "a", "x", 3)], "(1 3)(2)"),
        // The same subject: an answer belongs below, others beside.
        (&[("a", "", "s", 1), ("b", "", "Re: s", 2)], "(1 2)"),
        (&[("a", "", "Re: s", 1), ("b", "", "s", 2)], "(2 1)"),
        (&[("a", "", "s", 1), ("b", "", "S", 2), ("c", "", "s", 3)], "((1)(2)(3))"),
        (
            &[("b", "a", "s", 2), ("c", "a", "s", 1), ("e", "d", "s", 4), ("f", "d", "s", 3)],
            "((2)(1)(4)(3))",
        ),
        (&[("a", "", "", 1), ("b", "", "", 2)], "(1)(2)"),
    ];
    for (letters, threads) in tables {
        let letters: Vec<String> = letters
            .iter()
            .map(|(id, refs, subject, day)| letter(id, refs, subject, *day))
            .collect();
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        let mut client = client(&letters);
        assert_eq!(answer(&mut client, "THREAD REFERENCES UTF-8 ALL"), threads, "{letters:#?}");
    }
}

#[test]
fn messages_are_joined_by_subject() {
    let letters = [("s", 3), ("t", 1), ("Re: S", 2), ("", 5), ("re: s", 9)];
    let letters: Vec<String> =
        letters.iter().map(|(subject, day)| letter("x", "", subject, *day)).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    let mut client = client(&letters);
    assert_eq!(answer(&mut client, "THREAD ORDEREDSUBJECT UTF-8 ALL"), "(2)(3 (1)(5))(4)");
    assert_eq!(answer(&mut client, "UID THREAD ORDEREDSUBJECT UTF-8 2:3"), "(2)(3)");
    assert_eq!(answer(&mut client, "THREAD REFERENCES UTF-8 NOT ALL"), "");
}

#[test]
fn sections_are_cut_as_fetch_names_them() {
    let mut client = client(&[
        "Subject: outer\nContent-Type: multipart/mixed; boundary=b\n\npreamble\n--b\nX-A: 1\n\none\n\
         --b\nContent-Type: message/rfc822\nX-B: 2\n\nSubject: inner\nTo: x@y\n\nnested\n--b\n\
         Content-Transfer-Encoding: base64\n\naGVsbG8=\n--b\nContent-Transfer-Encoding: x-none\n\n?\n--b--\n",
    ]);
    for (item, expected) in [
        ("BODY[1]", "BODY[1] {3}\none"),
        ("BODY[1.MIME]", "BODY[1.MIME] {10}\nX-A: 1\n\n"),
        ("BODY[1.HEADER]", "BODY[1.HEADER] NIL"),
        ("BODY[1.TEXT]", "BODY[1.TEXT] NIL"),
        ("BODY[2.HEADER]", "BODY[2.HEADER] {27}\nSubject: inner\nTo: x@y\n\n"),
        ("BODY[2.HEADER.FIELDS (to)]", "BODY[2.HEADER.FIELDS (to)] {11}\nTo: x@y\n\n"),
        (
            "BODY[2.HEADER.FIELDS.NOT (To)]",
            "BODY[2.HEADER.FIELDS.NOT (To)] {18}\nSubject: inner\n\n",
        ),
        ("BODY[2.TEXT]", "BODY[2.TEXT] {6}\nnested"),
        ("BODY[2.1]", "BODY[2.1] {6}\nnested"),
        ("BODY[2.2]", "BODY[2.2] NIL"),
        ("BODY[9]", "BODY[9] NIL"),
        ("BODY[1]<1.1>", "BODY[1]<1> {1}\nn"),
        ("BODY[1]<3.5>", "BODY[1]<3> {0}\n"),
        ("BODY[1]<9.5>", "BODY[1]<9> {0}\n"),
        ("BODY[HEADER.FIELDS (x)]", "BODY[HEADER.FIELDS (x)] {2}\n\n"),
        ("BINARY[3]", "BINARY[3] ~{5}\nhello"),
        ("BINARY[3]<1.3>", "BINARY[3]<1> ~{3}\nell"),
        ("BINARY.SIZE[3]", "BINARY.SIZE[3] 5"),
        ("BINARY[8]", "BINARY[8] NIL"),
    ] {
        let command = item.replace("BODY[", "BODY.PEEK[").replace("BINARY[", "BINARY.PEEK[");
        let said = client.say(&format!("A FETCH 1 {command}"));
        assert_eq!(said, format!("* 1 FETCH ({expected})\nA OK done\n"), "{item}");
    }
    assert_eq!(
        client.say("A FETCH 1 (UID BINARY.PEEK[4])"),
        "* 1 FETCH (UID 1)\nA NO [UNKNOWN-CTE] nobody knows how a part is encoded\n"
    );
    let structure = client.say("A FETCH 1 BODY");
    let expected = "* 1 FETCH (BODY ((\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 3 1)\
        (\"MESSAGE\" \"RFC822\" NIL NIL NIL \"7bit\" 33 (NIL \"inner\" NIL NIL NIL ((NIL NIL \"x\" \"y\")) NIL NIL NIL NIL) \
        (\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 6 1) 4)\
        (\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"base64\" 8 1)\
        (\"TEXT\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"x-none\" 1 1) \"mixed\"))\nA OK done\n";
    assert_eq!(structure, expected);
}

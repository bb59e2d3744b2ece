//! What messages mean: bodies, structure, threads, and everything at once for any octets.
use mime::{BodyStep, BodyStructure, Field, Limits, Message, Part, html_to_text, read_flowed};
use proptest::prelude::*;

fn names<'m>(parts: &[Part<'m, '_>]) -> String {
    parts.iter().map(|part| String::from_utf8_lossy(part.body()).trim().to_owned()).collect()
}

/// Makes a message of `type(child child …)`; a leaf is `type=NAME`, with `!` for an attachment,
/// `~` for inline, `@` for a file name.
fn message(tree: &str) -> String {
    let (mut out, mut open) = (String::new(), Vec::new());
    for token in tree.replace('(', " ( ").replace(')', " ) ").split_whitespace() {
        match token {
            "(" => {}
            ")" => {
                let boundary: usize = open.pop().expect("opened");
                out += &format!("\r\n--b{boundary}b--");
            }
            token => {
                if let Some(boundary) = open.last() {
                    out += &format!("\r\n--b{boundary}b\r\n");
                }
                let (kind, body) = token.split_once('=').unwrap_or((token, ""));
                if kind.starts_with("multipart/") {
                    let boundary = out.len();
                    open.push(boundary);
                    out += &format!("Content-Type: {kind}; boundary=b{boundary}b\r\n\r\n");
                    continue;
                }
                out += &format!("Content-Type: {kind}\r\n");
                let disposition = if body.contains('!') { "attachment" } else { "inline" };
                if body.contains(['!', '~', '@']) {
                    let name = if body.contains('@') { "; filename=x" } else { "" };
                    out += &format!("Content-Disposition: {disposition}{name}\r\n");
                }
                out += &format!("\r\n{}", body.trim_end_matches(['!', '~', '@']));
            }
        }
    }
    out
}

fn selected(tree: &str) -> [String; 3] {
    let octets = message(tree);
    let message = Message::parse(octets.as_bytes());
    let bodies = message.bodies();
    [names(bodies.text()), names(bodies.html()), names(bodies.attachments())]
}

/// RFC 8621 §4.1.4.
#[test]
fn the_example_of_rfc_8621_is_selected() {
    let tree = "multipart/mixed(text/plain=A~ multipart/mixed(multipart/alternative(\
        multipart/mixed(text/plain=B~ image/jpeg=C~ text/plain=D~) \
        multipart/related(text/html=E image/jpeg=F)) image/jpeg=G! application/x-excel=H \
        message/x-rfc822=J) text/plain=K~)";
    assert_eq!(selected(tree), ["ABCDK", "AEK", "CFGHJ"].map(String::from));
}

#[test]
fn bodies_are_selected_as_rfc_8621_says() {
    for (tree, expected) in [
        ("text/plain=A", ["A", "A", ""]),
        ("text/html=A", ["A", "A", ""]),
        ("application/pdf=A", ["", "", "A"]),
        ("text/plain=A!", ["", "", "A"]),
        ("text/calendar=A", ["", "", "A"]),
        ("image/png=A", ["A", "A", ""]),
        ("multipart/alternative(text/plain=A text/html=B)", ["A", "B", ""]),
        ("multipart/alternative(text/html=B)", ["B", "B", ""]),
        ("multipart/alternative(text/plain=A)", ["A", "A", ""]),
        ("multipart/alternative(text/plain=A image/png=B)", ["A", "A", "B"]),
        ("multipart/alternative(text/plain=A text/calendar=B)", ["A", "A", "B"]),
        ("multipart/mixed(text/plain=A text/plain=B~@)", ["A", "A", "B"]),
        ("multipart/mixed(text/plain=A~@ image/png=B~@)", ["AB", "AB", ""]),
        ("multipart/related(text/html=A image/png=B text/plain=C)", ["A", "A", "BC"]),
        (
            "multipart/alternative(text/plain=A multipart/related(text/html=B image/png=C))",
            ["A", "B", "C"],
        ),
        (
            "multipart/mixed(multipart/alternative(text/plain=A text/html=B) multipart/alternative(text/html=C))",
            ["AC", "BC", ""],
        ),
        (
            "multipart/mixed(multipart/alternative(multipart/mixed(text/plain=A text/html=B) text/html=C) text/plain=D)",
            ["AD", "CD", ""],
        ),
        ("multipart/mixed()", ["", "", ""]),
    ] {
        assert_eq!(selected(tree), expected.map(String::from), "{tree}");
    }
}

#[test]
fn an_attachment_that_is_inline_is_not_offered() {
    let has = |tree: &str| Message::parse(message(tree).as_bytes()).bodies().has_attachment();
    assert!(!has("text/plain=A"));
    assert!(!has("multipart/related(text/html=A image/png=B~)"));
    assert!(has("multipart/related(text/html=A image/png=B)"));
    assert!(has("multipart/mixed(text/plain=A application/pdf=B!)"));
}

#[test]
fn the_bodies_of_a_forwarded_message_are_its_own() {
    let octets = format!(
        "Content-Type: message/rfc822\r\n\r\n{}",
        message("multipart/alternative(text/plain=A text/html=B)")
    );
    let message = Message::parse(octets.as_bytes());
    assert_eq!(message.bodies().attachments().len(), 1);
    let inner = message.root().children().next().unwrap();
    assert_eq!(
        (names(inner.bodies().text()), names(inner.bodies().html())),
        ("A".into(), "B".into())
    );
}

/// Writes a structure as IMAP does, to show that everything for that is there.
fn imap(structure: &BodyStructure) -> String {
    let text = |it: Option<&str>| it.map_or("NIL".into(), |it| format!("{it:?}"));
    let list = |it: &[(String, String)]| match it {
        [] => "NIL".to_owned(),
        it => format!(
            "({})",
            it.iter().map(|(a, b)| format!("{a:?} {b:?}")).collect::<Vec<_>>().join(" ")
        ),
    };
    let mut out = String::new();
    for step in structure.walk() {
        match step {
            BodyStep::Begin(part) if part.kind() == mime::PartKind::Multipart => out += "(",
            BodyStep::Begin(part) => {
                out += &format!(
                    "({:?} {:?} {} {} {} {:?} {}",
                    part.top(),
                    part.subtype(),
                    list(part.parameters()),
                    text(part.id()),
                    text(part.description()),
                    part.encoding(),
                    part.octets(),
                );
                if let Some(envelope) = part.envelope() {
                    out += &format!(" (subject {}) ", text(envelope.subject()));
                }
            }
            BodyStep::End(part) => {
                if part.kind() == mime::PartKind::Multipart {
                    out += &format!(" {:?} {}", part.subtype(), list(part.parameters()));
                } else {
                    part.lines().iter().for_each(|lines| out += &format!(" {lines}"));
                    out += &format!(" {}", text(part.md5()));
                }
                out += &part
                    .disposition()
                    .map_or(" NIL".into(), |(kind, it)| format!(" ({kind:?} {})", list(it)));
                out += &match part.language() {
                    [] => " NIL".to_owned(),
                    it => format!(
                        " ({})",
                        it.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join(" ")
                    ),
                };
                out += &format!(" {})", text(part.location()));
            }
        }
    }
    out
}

fn structure(octets: &str) -> String {
    imap(&Message::parse(octets.as_bytes()).body_structure())
}

/// After the examples of RFC 9051 §7.5.2 and RFC 3501 §7.4.2.
#[test]
fn structures_are_computed_as_imap_tells_them() {
    assert_eq!(
        structure("Content-Type: TEXT/PLAIN; CHARSET=\"US-ASCII\"\r\n\r\na\r\nb\r\n"),
        r#"("text" "plain" ("CHARSET" "US-ASCII") NIL NIL "7bit" 6 2 NIL NIL NIL NIL)"#
    );
    assert_eq!(
        structure("\r\nx"),
        r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 1 NIL NIL NIL NIL)"#
    );
    assert_eq!(
        structure(
            "Content-Type: multipart/mixed; boundary=b\r\nContent-Language: en, de\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\
             Content-Type: image/gif; name*0*=a; name*1=b\r\nContent-ID: <1@a>\r\nContent-Description: =?utf-8?q?d?=\r\n\
             Content-Transfer-Encoding: BASE64\r\nContent-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\n\
             Content-Disposition: Attachment; filename=x\r\nContent-Location: http://a/\r\n\r\nAAAA\r\n--b\r\n\
             Content-Type: message/rfc822\r\n\r\nSubject: s\r\n\r\nin\r\n\r\n--b--"
        ),
        concat!(
            r#"(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 1 NIL NIL NIL NIL)"#,
            r#"("image" "gif" ("name*0*" "a" "name*1" "b") "<1@a>" "=?utf-8?q?d?=" "base64" 4 "#,
            r#""Q2hlY2sgSW50ZWdyaXR5IQ==" ("attachment" ("filename" "x")) NIL "http://a/")"#,
            r#"("message" "rfc822" NIL NIL NIL "7bit" 18 (subject "s") "#,
            r#"("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 1 NIL NIL NIL NIL) 3 NIL NIL NIL NIL)"#,
            r#" "mixed" ("boundary" "b") NIL ("en" "de") NIL)"#
        )
    );
}

#[test]
fn what_was_not_read_as_parts_is_told_as_octets() {
    assert!(
        structure("Content-Type: multipart/mixed\r\n\r\nx")
            .starts_with(r#"("application" "octet-stream""#)
    );
    let empty = structure("Content-Type: multipart/mixed; boundary=b\r\n\r\nx");
    assert!(empty.starts_with(r#"(("text" "plain" NIL NIL NIL "7bit" 0 0 "#), "{empty}");
}

#[test]
fn trees_of_100_000_parts_cost_no_stack_and_no_square() {
    let limits =
        Limits { depth: usize::MAX, parts: usize::MAX, fields: usize::MAX, ..Limits::default() };
    let wide = "\r\n--b\r\nContent-Type: image/png\r\n\r\n".repeat(100_000);
    for kind in ["mixed", "alternative", "related"] {
        let octets = format!("Content-Type: multipart/{kind}; boundary=b\r\n\r\n{wide}\r\n--b--");
        let message = Message::parse_with(octets.as_bytes(), &limits);
        let bodies = message.bodies();
        assert!(bodies.text().len().max(bodies.attachments().len()) >= 99_999);
        assert_eq!(message.body_structure().walk().count(), 2 * 100_001);
    }
    let deep = "Content-Type: message/rfc822\r\n\r\n".repeat(100_000);
    let message = Message::parse_with(deep.as_bytes(), &limits);
    assert_eq!(message.bodies().attachments().len(), 1);
    assert!(message.root().report().is_none());
    // Each level of multiparts is compared with every delimiter, so that these are fewer.
    let deep: String = (0..2_000)
        .map(|at| format!("Content-Type: multipart/alternative; boundary=b{at}\r\n\r\n--b{at}\r\n"))
        .collect();
    let message = Message::parse_with(deep.as_bytes(), &limits);
    assert_eq!(message.bodies().text().len(), 1);
    assert_eq!(message.body_structure().walk().count(), 2 * 2_001);
}

/// Reads a field in every way there is.
fn every_reading(field: &Field<'_>) {
    let _ = (field.unfolded(), field.text(), field.received(), field.return_path());
    let _ = (field.list_id(), field.list_urls(), field.authentication_results());
    let _ = (field.auto_submitted(), field.language_tags(), field.message_ids());
    let tags = field.tag_list();
    let _ = (tags.signature(), tags.signed_fields(), tags.identity(), tags.canonicalization());
}

#[test]
fn hostile_fields_are_read_in_no_time_in_every_way() {
    for piece in [
        "(", ")", "\"", "<", ">", ";", "=", ",", ".", "/", "a=b;", "<a>,", "a.b=c ", "a (", "a(b)",
        "from ", "from a ", "[", "h=a:", "<a@b> ", "x:;,",
    ] {
        let raw = format!("X: {}\r\n", piece.repeat(200_000 / piece.len()));
        every_reading(&Field::new(raw.as_bytes()).unwrap());
    }
}

#[test]
fn a_million_list_urls_and_references_are_read() {
    let raw = format!("List-Help: {}\r\n", "<a:b>,".repeat(1_000_000));
    assert_eq!(Field::new(raw.as_bytes()).unwrap().list_urls().urls().len(), 1_000_000);
    let octets = format!("References: {}\r\n\r\n", "<a@b> ".repeat(1_000_000));
    let message = Message::parse_with(
        octets.as_bytes(),
        &Limits { field_octets: usize::MAX, ..Limits::default() },
    );
    assert_eq!(message.references().len(), 1_000_000);
    assert_eq!(message.thread_key().references().len(), 1);
}

fn header() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "from ",
        "by ",
        "for ",
        "<",
        ">",
        "(",
        ")",
        "\"",
        ";",
        ",",
        "=",
        "a@b",
        "=?utf-8?q?=C3?=",
        "\r\n ",
        "é",
        "\\",
        "[",
        "]",
        "i=1",
        ".",
        "/",
        ":",
        "1 Jan 2020 0:0",
        "no",
        "b=AA==",
        "Re:",
        "*0*=",
        "%C3",
        "'",
    ]);
    prop::collection::vec(word, 0..20).prop_map(|words| words.concat().into_bytes())
}

proptest! {
    #[test]
    fn any_field_is_read_in_every_way(value in header(), noise in prop::collection::vec(any::<u8>(), 0..40)) {
        for value in [&value, &noise] {
            let raw = [b"X: ", &value[..], b"\r\n"].concat();
            every_reading(&Field::new(&raw).unwrap());
        }
    }

    #[test]
    fn any_octets_mean_something(value in header(), noise in prop::collection::vec(any::<u8>(), 0..60)) {
        let noise = String::from_utf8_lossy(&noise).into_owned();
        let value = String::from_utf8_lossy(&value).into_owned();
        let octets = format!(
            "From:{value}\r\nSubject:{value}\r\nContent-Type: multipart/{}; boundary=b\r\nReferences:{value}\r\n\r\n\
             --b\r\nContent-Type: text/html;{value}\r\nContent-ID:{value}\r\nContent-Language:{value}\r\n\
             Content-Disposition:{value}\r\n\r\n<p>{noise}\r\n--b\r\n{noise}\r\n--b--", if noise.len().is_multiple_of(2) { "related" } else { "alternative" },
        );
        for octets in [octets.as_bytes(), noise.as_bytes()] {
            let message = Message::parse(octets);
            let _ = (message.bodies().to_text(), message.preview(), message.thread_key(), message.envelope());
            let _ = (message.part_by_url(&value), message.root().related_root().is_some());
            let structure = message.body_structure();
            prop_assert_eq!(structure.walk().count(), 2 * structure.parts().len());
            for part in message.parts() {
                let _ = (part.partial(), part.external_body().map(|it| it.expiration()), part.flowed(), part.report());
                let name = part.file_name().map(|it| mime::safe_file_name(&it)).unwrap_or_default();
                prop_assert!(name.len() <= 255 && !name.contains(['/', '\\', '\0', '\n']) && name != "..");
            }
        }
    }

    #[test]
    fn any_text_is_read_as_html_and_as_flowed(pieces in prop::collection::vec(prop::sample::select(vec![
        "<", ">", "&", "&amp", ";", "#", "x41", "/", "p", "ul", "li", "blockquote", "pre", "script", " ", "\n", "=", "'", "\"", "a", "href", "<!--", "-->", "é",
    ]), 0..60)) {
        let text = pieces.concat();
        let read = html_to_text(&text);
        prop_assert!(read.is_empty() || read.ends_with('\n') && !read.starts_with('\n'));
        let lines: usize = read_flowed(&text, false).iter().map(|it| it.text().len()).sum();
        prop_assert!(lines <= text.len());
    }
}

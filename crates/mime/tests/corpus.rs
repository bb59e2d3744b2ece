//! The messages of Apache mime4j (the MIME-tools set among them), where they are at hand: in
//! `$HOMING_CORPORA/mime`, or in `shared/corpora/mime` beside the workspace.
//!
//! `HOMING_SPLITS=all` cuts every small message at every octet, not at a sample of them.
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use common::{events, whole};
use mime::{Limits, Message, Part, PartKind};

/// Where we differ, and why. Each is checked to differ still.
const DIFFERENCES: &[(&str, &str)] = &[
    // mime4j makes CR LF of them; we keep the octets, as in bodies of every other encoding.
    ("empty-preamble", KEPT_LF),
    ("german-qp", KEPT_LF),
    ("jt-0498", KEPT_LF),
    ("mp-msg-rfc822", KEPT_LF),
    ("frag", KEPT_GROUP),
    ("multi-frag", KEPT_GROUP),
    ("malformedHeader-noheader", NO_HEADER),
    ("malformedHeaderStartsBody-noheader", NO_HEADER),
    (
        "malformedHeaderStartsBody-nocrlfcrlf",
        "a line that is no field is skipped and the header goes on; RFC 5322 is silent",
    ),
    ("weird-boundary", BLANK_END),
    ("very-long-boundary", BLANK_END),
    (
        "very-very-long-boundary",
        "its boundary is over Limits::boundary; RFC 2046 §5.1.1 allows 70 octets",
    ),
];

const KEPT_LF: &str =
    "quoted-printable whose lines end in LF alone keeps them (RFC 2045 §6.7 has CR LF)";
const KEPT_GROUP: &str =
    "base64 cut within a group: the whole octets of it are kept (RFC 2045 §6.8 is silent)";
const NO_HEADER: &str = "lines that are no header are body, all of them; RFC 5322 is silent";
const BLANK_END: &str =
    "RFC 2046 §5.1.1: a boundary does not end in a blank, blanks after it are padding";

/// One thing of a message's outline: a header's fields, or a body.
#[derive(Debug, PartialEq)]
enum Node {
    Header(Vec<String>),
    Body(Vec<u8>),
}

#[test]
fn structure_and_bodies_are_those_that_mime4j_expects() {
    let mut failed = BTreeMap::new();
    for path in messages() {
        let expected = path.with_file_name(format!("{}_decoded.xml", stem(&path)));
        let Ok(xml) = fs::read(&expected) else { continue };
        let octets = fs::read(&path).unwrap();
        let (mut found, expected) = (Vec::new(), outline(&xml, &path));
        flatten(Message::parse(&octets).root(), &mut found);
        if let Some(difference) = difference(&found, &expected) {
            failed.insert(stem(&path), difference);
        }
    }
    for (name, reason) in DIFFERENCES {
        assert!(
            failed.remove(*name).is_some() || messages().is_empty(),
            "{name} is equal: {reason}"
        );
    }
    for (name, difference) in &failed {
        println!("{name}: {difference}");
    }
    assert!(failed.is_empty(), "{} messages differ", failed.len());
}

#[test]
fn every_octet_of_the_corpus_is_kept() {
    for path in messages() {
        let octets = fs::read(&path).unwrap();
        let joined: Vec<u8> =
            whole(&octets, &Limits::default()).iter().flat_map(|it| it.octets()).copied().collect();
        assert!(joined == octets, "{}", path.display());
        let message = Message::parse(&octets);
        assert!(message.root().span().of(&octets) == octets);
        for part in message.parts() {
            assert!([part.header(), part.body()].concat() == part.span().of(&octets));
        }
    }
}

#[test]
fn small_messages_are_the_same_at_every_split() {
    let all = std::env::var("HOMING_SPLITS").is_ok_and(|it| it == "all");
    for path in messages() {
        let octets = fs::read(&path).unwrap();
        if octets.len() >= 4096 {
            continue;
        }
        let at_once = whole(&octets, &Limits::default());
        for at in (0..=octets.len()).step_by(if all { 1 } else { 17 }) {
            let (one, two) = octets.split_at(at);
            let found = events([one, two], &Limits::default());
            assert!(found == at_once, "{} at {at}", path.display());
        }
        assert!(events(octets.chunks(1), &Limits::default()) == at_once, "{}", path.display());
    }
}

/// Returns the messages of the corpus; says so if it is not there.
fn messages() -> Vec<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let root = std::env::var_os("HOMING_CORPORA").map_or(beside, PathBuf::from).join("mime");
    let (mut found, mut folders) = (Vec::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "msg") {
                found.push(path);
            }
        }
    }
    if found.is_empty() {
        eprintln!("NOT TESTED: no corpus at {}; set HOMING_CORPORA", root.display());
    }
    found.sort();
    found
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

/// Lists headers and bodies in their order, those of encoded messages too.
fn flatten(part: Part<'_, '_>, out: &mut Vec<Node>) {
    let field =
        |octets: &[u8]| latin1(octets).replace("\r\n", "\n").trim_end_matches('\n').to_owned();
    out.push(Node::Header(part.fields().map(|it| field(it.raw())).collect()));
    match part.kind() {
        PartKind::Leaf if part.content_type().is("message", "rfc822") => {
            flatten(Message::parse(part.content().octets()).root(), out);
        }
        PartKind::Leaf => out.push(Node::Body(part.content().into_octets().into_owned())),
        PartKind::Multipart | PartKind::Message => {
            part.children().for_each(|child| flatten(child, out));
        }
    }
}

/// Shows where two outlines part.
fn difference(found: &[Node], expected: &[Node]) -> Option<String> {
    let at = (0..found.len().max(expected.len())).find(|at| found.get(*at) != expected.get(*at))?;
    Some(match (found.get(at), expected.get(at)) {
        (Some(Node::Body(one)), Some(Node::Body(two))) => {
            let same = one.iter().zip(two).take_while(|(one, two)| one == two).count();
            let show = |body: &[u8]| {
                body.get(same..)
                    .unwrap_or_default()
                    .iter()
                    .take(60)
                    .copied()
                    .map(char::from)
                    .collect::<String>()
            };
            let (first, second) = (show(one), show(two));
            format!("{at}, octet {same} of {}, {}: {first} not {second}", one.len(), two.len())
        }
        (one, two) => format!("{at}: {one:?} not {two:?}"),
    })
}

fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// Reads mime4j's outline: `<field>`s in `<header>`s, and bodies in files of their own.
fn outline(xml: &[u8], path: &Path) -> Vec<Node> {
    let (text, mut out) = (latin1(xml), Vec::new());
    for tag in text.split('<').skip(1) {
        let (tag, text) = tag.split_once('>').expect("a tag");
        if tag == "header" {
            out.push(Node::Header(Vec::new()));
        } else if tag == "field" {
            let Some(Node::Header(fields)) = out.last_mut() else { panic!("a field outside") };
            let text = text.replace("\r\n", "\n");
            let text = text.strip_prefix('\n').unwrap_or(&text);
            fields.push(
                text.replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&quot;", "\"")
                    .replace("&amp;", "&"),
            );
        } else if let Some((_, name)) = tag.split_once("-body name=\"") {
            let name = name.split('"').next().expect("a name");
            out.push(Node::Body(fs::read(path.with_file_name(name)).expect("a body")));
        }
    }
    out
}

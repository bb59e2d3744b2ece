//! Each `messages/*.eml` reads as the `.txt` beside it says, at every split.
mod common;

use std::fs;
use std::path::Path;

use common::{events, whole};
use mime::{Limits, Message};

#[test]
fn every_message_reads_as_its_text_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let mut seen = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "eml") {
            continue;
        }
        let (octets, limits) = (fs::read(&path).unwrap(), Limits::default());
        let expected = fs::read_to_string(path.with_extension("txt")).unwrap();
        assert_eq!(Message::parse(&octets).to_string(), expected, "{}", path.display());
        let at_once = whole(&octets, &limits);
        for at in 0..=octets.len() {
            let (one, two) = octets.split_at(at);
            assert_eq!(events([one, two], &limits), at_once, "{} at {at}", path.display());
            // Cut there, it is still a message.
            let cut = Message::parse(one);
            assert_eq!(cut.root().span().of(one), one);
        }
        seen += 1;
    }
    assert!(seen > 0);
}

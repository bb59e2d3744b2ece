//! Two mailhosts on one PostgreSQL: what one takes, the other tells.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod support;

use support::{
    Database, Program, add_users,
    clients::{Imap, Smtp},
};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

#[test]
fn who_idles_on_one_host_sees_what_arrives_and_changes_on_the_other() {
    let Some(database) = Database::new("hosts") else { return };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = Some(&*database.url);
    add_users(one.path(), url, ["bob"]);
    let (one, other) = (Program::start(one.path(), url), Program::start(other.path(), url));
    let mut waiting = Imap::open(one.imap, "bob").unwrap();
    waiting.select("INBOX").unwrap().unwrap();
    waiting.write(b"t IDLE\r\n").unwrap();
    assert!(waiting.line().unwrap().0.starts_with('+'));

    let mut smtp = Smtp::open(other.smtp).unwrap();
    smtp.send(&["bob"], MESSAGE).unwrap().unwrap();
    assert_eq!(until(&mut waiting, "EXISTS"), "* 1 EXISTS");

    let mut working = Imap::open(other.imap, "bob").unwrap();
    working.select("INBOX").unwrap().unwrap();
    working.command("STORE 1 +FLAGS (\\Flagged)").unwrap().unwrap();
    assert!(until(&mut waiting, "FETCH").contains("\\Flagged"));
    working.command("STORE 1 +FLAGS (\\Deleted)").unwrap().unwrap();
    assert!(until(&mut waiting, "FETCH").contains("\\Deleted"));
    working.command("EXPUNGE").unwrap().unwrap();
    assert_eq!(until(&mut waiting, "EXPUNGE"), "* 1 EXPUNGE");

    // And the other way, without IDLE: the next command tells.
    waiting.write(b"DONE\r\n").unwrap();
    waiting.tagged().unwrap().unwrap();
    let uid = waiting.append("INBOX", "", MESSAGE).unwrap().unwrap();
    assert_eq!(uid, 2, "the UID of what is gone is not given again by another host");
    working.command("NOOP").unwrap().unwrap();
    assert!(working.said.iter().any(|(line, _)| line == "* 1 EXISTS"), "{:?}", working.said);
}

/// Reads lines up to one that has this word.
fn until(imap: &mut Imap, word: &str) -> String {
    loop {
        let (line, _) = imap.line().unwrap();
        if line.contains(word) {
            return line;
        }
    }
}

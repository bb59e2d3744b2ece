//! NOTIFY (RFC 5465): who has asked is told of what others do, without asking again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod support;

use support::{Database, Program, add_users, clients::Imap};

const MESSAGE: &[u8] = b"Subject: hello\r\n\r\nHello.\r\n";

const WISH: &str = "NOTIFY SET (SELECTED (MessageNew MessageExpunge FlagChange)) \
                    (PERSONAL (MessageNew MessageExpunge MailboxName SubscriptionChange))";

#[test]
fn who_watches_is_told_of_what_another_session_does() {
    let data = tempfile::tempdir().unwrap();
    add_users(data.path(), None, ["bob", "carol"]);
    let host = Program::start(data.path(), None);
    news_come(&host, &host);
}

#[test]
fn who_watches_is_told_of_what_happens_on_another_host() {
    let Some(database) = Database::new("notify") else { return };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let url = Some(&*database.url);
    add_users(one.path(), url, ["bob", "carol"]);
    let (one, other) = (Program::start(one.path(), url), Program::start(other.path(), url));
    news_come(&one, &other);
}

/// Bob watches on one host, and works on the other.
fn news_come(one: &Program, other: &Program) {
    let mut watching = Imap::open(one.imap, "bob").unwrap();
    watching.command("CAPABILITY").unwrap().unwrap();
    assert!(watching.said[0].0.contains(" NOTIFY"), "{:?}", watching.said);
    watching.select("INBOX").unwrap().unwrap();
    watching.command(WISH).unwrap().unwrap();

    // The selected mailbox, and messages that go from it, though nobody idles.
    let mut working = Imap::open(other.imap, "bob").unwrap();
    working.append("INBOX", "", MESSAGE).unwrap().unwrap();
    until(&mut watching, "* 1 EXISTS");
    working.select("INBOX").unwrap().unwrap();
    working.command("STORE 1 +FLAGS (\\Deleted)").unwrap().unwrap();
    assert!(until(&mut watching, "* 1 FETCH").contains("\\Deleted"));
    working.command("EXPUNGE").unwrap().unwrap();
    until(&mut watching, "* 1 EXPUNGE");

    // Others, and which there are.
    working.command("CREATE Plans").unwrap().unwrap();
    assert!(until(&mut watching, "* LIST").contains("Plans"));
    working.append("Plans", "", MESSAGE).unwrap().unwrap();
    assert!(until(&mut watching, "* STATUS Plans").contains("MESSAGES 1"));
    working.command("RENAME Plans Past").unwrap().unwrap();
    let renamed = until(&mut watching, "* LIST");
    assert!(renamed.contains("Past") && renamed.contains("OLDNAME"), "{renamed}");
    working.command("SUBSCRIBE Past").unwrap().unwrap();
    assert!(until(&mut watching, "* LIST").contains("\\Subscribed"));

    // What others have is nobody's business, and who no longer asks is told no more.
    let mut carol = Imap::open(other.imap, "carol").unwrap();
    carol.command("CREATE Secrets").unwrap().unwrap();
    watching.command("NOTIFY NONE").unwrap().unwrap();
    assert!(watching.said.is_empty(), "{:?}", watching.said);
    working.append("Past", "", MESSAGE).unwrap().unwrap();
    watching.command("NOOP").unwrap().unwrap();
    assert!(watching.said.is_empty(), "{:?}", watching.said);
}

/// Reads lines up to one that begins so.
fn until(imap: &mut Imap, beginning: &str) -> String {
    loop {
        let (line, _) = imap.line().unwrap();
        if line.starts_with(beginning) {
            return line;
        }
    }
}

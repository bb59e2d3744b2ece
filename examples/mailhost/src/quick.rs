//! Which of IMAP's commands are carried out where they are heard.
//!
//! To have another thread do something and tell what came of it costs more than most commands do.
//! So those that read what is in memory, or a little of a file that is near, are carried out at
//! once, and those that write or may take long are left to threads that may wait.
use homing::imap::command::{Command, Fetch, FetchItem, FetchItems, Search, SearchKey, Term};

/// How many messages are gone through at once.
const MANY: usize = 20_000;

/// How large a message is that is taken apart at once.
const LARGE: u64 = 4 * 1024 * 1024;

/// What is known of the selected mailbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    pub(crate) messages: usize,
    /// Octets of the largest of them.
    pub(crate) largest: u64,
}

/// Whether a command is over in no time, in a mailbox of that size.
pub(crate) fn is_quick(command: &Command, selected: Option<Size>) -> bool {
    let is_small = selected.is_some_and(|size| size.messages <= MANY);
    match command {
        Command::Noop | Command::Check => selected.is_none() || is_small,
        Command::Namespace | Command::Enable(_) | Command::Unselect => true,
        // Others may have to be counted.
        Command::Status(status) => status.mailbox.is_inbox() && is_small,
        Command::Fetch(fetch) => {
            is_small && selected.is_some_and(|size| fetches_quickly(fetch, size.largest))
        }
        Command::Search(search) => is_small && searches_quickly(search),
        _ => false,
    }
}

/// Whether nothing is marked as seen, and no large message has to be read to its end.
fn fetches_quickly(fetch: &Fetch, largest: u64) -> bool {
    let FetchItems::These(items) = &fetch.items else { return true };
    items.iter().all(|item| match item {
        FetchItem::Rfc822 | FetchItem::Rfc822Text => false,
        FetchItem::BodySection { peek, .. } | FetchItem::Binary { peek, .. } => {
            *peek && largest <= LARGE
        }
        FetchItem::Body
        | FetchItem::BodyStructure
        | FetchItem::BinarySize(_)
        | FetchItem::Preview { .. } => largest <= LARGE,
        _ => true,
    })
}

/// Whether no message has to be read.
fn searches_quickly(search: &Search) -> bool {
    search.criteria.terms().iter().all(|term| match term {
        Term::Key(key) => !matches!(
            key,
            SearchKey::Bcc(_)
                | SearchKey::Body(_)
                | SearchKey::Cc(_)
                | SearchKey::From(_)
                | SearchKey::Header(_)
                | SearchKey::SentBefore(_)
                | SearchKey::SentOn(_)
                | SearchKey::SentSince(_)
                | SearchKey::Subject(_)
                | SearchKey::Text(_)
                | SearchKey::To(_)
        ),
        _ => true,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use homing::imap::command::Tagged;

    use super::*;

    #[test]
    fn what_writes_or_reads_much_is_left_to_others() {
        let small = Some(Size { messages: 500, largest: 3000 });
        let large = Some(Size { messages: 500, largest: 1 << 30 });
        let many = Some(Size { messages: 1_000_000, largest: 3000 });
        let table = [
            ("NOOP", small, true),
            ("NOOP", many, false),
            ("STORE 1 +FLAGS (\\Seen)", small, false),
            ("EXPUNGE", small, false),
            ("FETCH 1:* (FLAGS)", large, true),
            ("FETCH 1:* (FLAGS)", many, false),
            ("FETCH 1 BODY[]", small, false),
            ("FETCH 1 BODY.PEEK[]", small, true),
            ("FETCH 1 BODYSTRUCTURE", large, false),
            ("SEARCH OR UNSEEN NOT LARGER 5", small, true),
            ("SEARCH NOT TEXT x", small, false),
            ("STATUS INBOX (MESSAGES)", small, true),
            ("STATUS other (MESSAGES)", small, false),
        ];
        for (line, size, expected) in table {
            let tagged = Tagged::parse(format!("A {line}").into()).unwrap();
            assert_eq!(is_quick(&tagged.command, size), expected, "{line}");
        }
    }
}

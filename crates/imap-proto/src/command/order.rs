//! Which commands may be under way together (RFC 9051 §5.5).
use super::{Command, Criteria, MessageSet, Numbering, SearchKey, Term};

impl Command {
    /// Whether a client may send this while `unanswered` has no tagged response yet (RFC 9051
    /// §5.5); of several, each has to allow it.
    ///
    /// False where sequence numbers could move before the server reads them, and around what
    /// changes the connection, the user or the mailbox. It does not say whether the untagged
    /// responses of both can be told apart.
    ///
    /// ```
    /// use imap_proto::command::Command;
    ///
    /// let fetch = Command::parse("FETCH 1 FLAGS".into())?;
    /// let by_uid = Command::parse("UID FETCH 1 FLAGS".into())?;
    /// assert!(by_uid.may_follow(&Command::Noop));
    /// assert!(!fetch.may_follow(&Command::Noop)); // NOOP may bring EXPUNGE
    /// assert!(fetch.may_follow(&fetch));
    /// # Ok::<_, imap_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn may_follow(&self, unanswered: &Self) -> bool {
        let parted = self.is_alone() || unanswered.is_alone() || *unanswered == Self::Logout;
        let moved = self.uses_places() && !unanswered.keeps_places();
        !parted && !moved
    }

    /// Whether nothing else may be under way: what comes before and after means something else,
    /// or octets that follow are not a command.
    const fn is_alone(&self) -> bool {
        matches!(
            self,
            Self::StartTls
                | Self::Authenticate(_)
                | Self::Login(_)
                | Self::Unauthenticate
                | Self::Compress
                | Self::Enable(_)
                | Self::Idle
                | Self::Select(_)
                | Self::Examine(_)
                | Self::Close
                | Self::Unselect
        )
    }

    /// Whether sequence numbers are in it.
    fn uses_places(&self) -> bool {
        match self {
            Self::Fetch(fetch) => is_placed(fetch.numbering, &fetch.messages),
            Self::Store(store) => is_placed(store.numbering, &store.messages),
            Self::Copy { numbering, messages, .. } | Self::Move { numbering, messages, .. } => {
                is_placed(*numbering, messages)
            }
            Self::Replace(replace) => replace.numbering == Numbering::Sequence,
            Self::Search(search) => has_places(&search.criteria),
            Self::Sort(sort) => has_places(&sort.criteria),
            Self::Thread(thread) => has_places(&thread.criteria),
            _ => false,
        }
    }

    /// Whether the server may not send EXPUNGE for it (RFC 9051 §7.5.1). The forms with UID are
    /// other commands.
    fn keeps_places(&self) -> bool {
        match self {
            Self::Fetch(fetch) => fetch.numbering == Numbering::Sequence,
            Self::Store(store) => store.numbering == Numbering::Sequence,
            Self::Search(search) => search.numbering == Numbering::Sequence,
            _ => false,
        }
    }
}

fn is_placed(numbering: Numbering, messages: &MessageSet) -> bool {
    numbering == Numbering::Sequence && *messages != MessageSet::Saved
}

/// UID SEARCH, too, has sequence numbers among its keys.
fn has_places(criteria: &Criteria) -> bool {
    let placed = |term: &Term| matches!(term, Term::Key(SearchKey::Numbers(set)) if *set != MessageSet::Saved);
    criteria.terms().iter().any(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_wait_where_numbers_could_move_or_meanings_change() {
        for (earlier, later, may) in [
            ("FETCH 1 FLAGS", "STORE 1 FLAGS (\\Seen)", true),
            ("STORE 1 FLAGS (\\Seen)", "SEARCH 1:3 UNSEEN", true),
            ("SEARCH ALL", "COPY 1 INBOX", true),
            ("UID FETCH 1 FLAGS", "FETCH 1 FLAGS", false),
            ("UID SEARCH ALL", "UID SEARCH NOT 1:3", false),
            ("UID SEARCH ALL", "UID SEARCH UID 1:3", true),
            ("NOOP", "UID STORE 1 FLAGS (\\Seen)", true),
            ("NOOP", "STORE $ FLAGS (\\Seen)", true),
            ("EXPUNGE", "MOVE 1 INBOX", false),
            ("COPY 1 INBOX", "COPY 2 INBOX", false),
            ("SELECT INBOX", "UID FETCH 1 FLAGS", false),
            ("UID FETCH 1 FLAGS", "SELECT INBOX", false),
            ("STARTTLS", "NOOP", false),
            ("NOOP", "IDLE", false),
            ("NOOP", "LOGOUT", true),
            ("LOGOUT", "NOOP", false),
            ("LIST \"\" *", "STATUS INBOX (MESSAGES)", true),
        ] {
            let command = |text: &'static str| Command::parse(text.into()).expect(text);
            assert_eq!(command(later).may_follow(&command(earlier)), may, "{earlier}, {later}");
        }
    }
}

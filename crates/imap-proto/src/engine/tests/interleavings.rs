//! Every interleaving of a few commands of two or three clients on a small mailbox: what each
//! client makes of what it is told has to be what there is.
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::Client;
use crate::command::{Command, Numbering};
use crate::engine::memory;
use crate::{Condition, FetchItem, Flag, Limits, Line, Response};

/// What a client knows of the mailbox, from responses alone.
#[derive(Clone, Debug, Default)]
struct Shadow {
    /// By sequence number: the UID and the flags, where they have been told.
    messages: Vec<(Option<u32>, Option<String>)>,
}

impl Shadow {
    /// Takes responses to a command, or news, as a strict client does.
    fn take(&mut self, said: &str, command: Option<&Command>, is_idle: bool) {
        let expunge_may_come = match command {
            None => is_idle,
            Some(Command::Fetch(fetch)) => fetch.numbering == Numbering::Uid,
            Some(Command::Store(store)) => store.numbering == Numbering::Uid,
            Some(Command::Search(search)) => search.numbering == Numbering::Uid,
            Some(_) => true,
        };
        for line in said.lines() {
            let line = Line::parse(alloc::format!("{line}\r\n").into()).unwrap();
            let response = Response::parse(&line, Limits::default()).unwrap();
            match response {
                Response::Exists(count) => {
                    let count = usize::try_from(count).unwrap();
                    assert!(count >= self.messages.len(), "EXISTS never shrinks");
                    self.messages.resize(count, (None, None));
                }
                Response::Expunge(number) => {
                    assert!(expunge_may_come, "EXPUNGE during {command:?}");
                    self.messages.remove(usize::try_from(number.get()).unwrap() - 1);
                }
                Response::Vanished { earlier: false, uids } => {
                    assert!(expunge_may_come, "VANISHED during {command:?}");
                    uids.iter().for_each(|uid| self.vanish(uid.get()));
                }
                Response::Fetch(fetch) => {
                    let place = usize::try_from(fetch.number.get()).unwrap() - 1;
                    let known = &mut self.messages[place];
                    for item in fetch.items {
                        match item {
                            FetchItem::Uid(uid) => {
                                assert!(known.0.is_none_or(|known| known == uid.get()));
                                known.0 = Some(uid.get());
                            }
                            FetchItem::Flags(flags) => known.1 = Some(sorted(&flags)),
                            _ => {}
                        }
                    }
                }
                Response::Condition { condition, .. } => assert_eq!(condition, Condition::Ok),
                Response::Tagged { condition, .. } => assert_ne!(condition, Condition::Bad),
                _ => {}
            }
        }
        self.silent(said, command);
    }

    /// Takes a message out by its UID. If that was not told, it is one of those that stand where it
    /// must have stood, and which of them is not known.
    fn vanish(&mut self, uid: u32) {
        let known = |at: &usize| self.messages[*at].0;
        let places: Vec<usize> = (0..self.messages.len()).collect();
        if let Some(at) = places.iter().find(|at| known(at) == Some(uid)) {
            self.messages.remove(*at);
            return;
        }
        let start = places.iter().rposition(|at| known(at).is_some_and(|it| it < uid));
        let start = start.map_or(0, |at| at + 1);
        let end = places.iter().position(|at| known(at).is_some_and(|it| it > uid));
        let end = end.unwrap_or(self.messages.len());
        assert!(start < end, "the client counts no message that could be {uid}");
        self.messages.remove(start);
        self.messages[start..end - 1].iter_mut().for_each(|message| message.1 = None);
    }

    /// A silent STORE that succeeded did what it said: to what the client knows.
    fn silent(&mut self, said: &str, command: Option<&Command>) {
        use crate::command::StoreData;
        let Some(Command::Store(store)) = command else { return };
        let StoreData::Flags { silent: true, .. } = &store.data else { return };
        if said.contains("* 1 FETCH") || said.contains("A NO") {
            return;
        }
        // The only silent one here is "+FLAGS.SILENT (\Seen)" of message 1.
        if let Some((_, Some(flags))) = self.messages.first_mut()
            && !flags.contains("Seen")
        {
            flags.push_str("Seen ");
        }
    }
}

fn sorted(flags: &crate::Flags) -> String {
    let mut all: Vec<String> = flags
        .iter()
        .filter(|flag| **flag != Flag::Recent)
        .map(|flag| alloc::format!("{flag:?} "))
        .collect();
    all.sort();
    all.concat()
}

/// A client, and what it knows.
struct Watched {
    client: Client,
    shadow: Shadow,
    is_idle: bool,
}

impl Watched {
    fn new(account: &memory::Account, qresync: bool) -> Self {
        let client = Client::new(account);
        let mut watched = Self { client, shadow: Shadow::default(), is_idle: false };
        if qresync {
            watched.run("ENABLE QRESYNC");
        }
        watched.run("SELECT INBOX");
        watched.run("UID FETCH 1:* FLAGS");
        watched
    }

    fn run(&mut self, step: &str) {
        if step == "IDLE" {
            self.is_idle = true;
            self.client.engine.idle();
        }
        if step == "wake" || step == "IDLE" {
            let said = self.client.news();
            return self.shadow.take(&said, None, self.is_idle);
        }
        let command = match step.split_once("<<") {
            Some(_) => Command::Noop,
            None => Command::parse(step.to_string().into()).unwrap(),
        };
        // A client asks of no number that it does not count.
        let counted = self.shadow.messages.len();
        let largest = step.split(' ').nth(1).filter(|_| !step.starts_with("UID"));
        let largest = largest.and_then(|set| set.rsplit(':').next()?.parse::<usize>().ok());
        if largest.is_some_and(|number| number > counted) {
            return;
        }
        self.is_idle = false;
        let said = self.client.say(&alloc::format!("A {step}"));
        assert!(said.contains("A OK") || said.contains("A NO"), "{step}: {said}");
        self.shadow.take(&said, Some(&command), false);
    }

    /// In the end the client asks for news, and for UIDs that it has not been told; flags it
    /// knows without asking, unless the message is new to it.
    fn settle(&mut self) {
        self.run("NOOP");
        let known = self.shadow.messages.clone();
        self.run("UID FETCH 1:* FLAGS");
        for (before, after) in known.iter().zip(&self.shadow.messages) {
            assert!(before.1.is_none() || before.1 == after.1, "{before:?} is {after:?}");
            assert!(before.0.is_none() || before.0 == after.0, "{before:?} is {after:?}");
        }
        assert_eq!(known.len(), self.shadow.messages.len());
    }
}

/// What there is, asked by a client that has just come.
fn truth(account: &memory::Account) -> Vec<(Option<u32>, Option<String>)> {
    let mut fresh = Client::new(account);
    let mut shadow = Shadow::default();
    for line in ["A EXAMINE INBOX", "A UID FETCH 1:* FLAGS"] {
        let command = Command::parse(line[2..].into()).unwrap();
        shadow.take(&fresh.say(line), Some(&command), false);
    }
    shadow.messages
}

fn check(steps: &[(usize, &str)], clients: usize, qresync: bool) {
    let account = memory::Account::new();
    let mut first = Client::new(&account);
    first.say("A APPEND INBOX <<one>> (\\Deleted) <<two>> <<three>>");
    let mut all: Vec<Watched> =
        (0..clients).map(|at| Watched::new(&account, qresync && at == 0)).collect();
    for (who, step) in steps {
        all[*who].run(step);
    }
    all.iter_mut().for_each(Watched::settle);
    let truth = truth(&account);
    for one in &all {
        assert_eq!(one.shadow.messages, truth, "{steps:?}");
    }
}

const STEPS: [&str; 14] = [
    "APPEND INBOX <<new>>",
    "STORE 1:2 +FLAGS (\\Deleted)",
    "STORE 1 +FLAGS.SILENT (\\Seen)",
    "UID STORE 1:3 FLAGS ($Junk)",
    "EXPUNGE",
    "UID EXPUNGE 2",
    "COPY 1:2 INBOX",
    "MOVE 2 INBOX",
    "FETCH 1 FLAGS",
    "UID FETCH 1:* BODY[2]",
    "SEARCH RETURN (SAVE) DELETED",
    "NOOP",
    "IDLE",
    "wake",
];

/// All sequences of so many steps, each step by any of the clients; the first by the first.
fn all_sequences(length: u32, clients: usize, qresync: bool) {
    let choices = STEPS.len() * clients;
    let count = choices.pow(length);
    for number in 0..count {
        let mut rest = number;
        let steps: Vec<(usize, &str)> = (0..length)
            .map(|_| {
                let choice = rest % choices;
                rest /= choices;
                (choice / STEPS.len(), STEPS[choice % STEPS.len()])
            })
            .collect();
        if steps.first().is_some_and(|(who, _)| *who == 0 || qresync) {
            check(&steps, clients, qresync);
        }
    }
}

#[test]
fn two_clients_know_what_there_is_after_any_three_steps() {
    all_sequences(3, 2, false);
}

#[test]
fn a_client_with_qresync_and_one_without_know_what_there_is() {
    all_sequences(2, 2, true);
}

#[test]
fn three_clients_know_what_there_is_after_any_two_steps() {
    all_sequences(2, 3, false);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    #[test]
    fn three_clients_know_what_there_is_after_many_steps(
        steps in proptest::collection::vec((0_usize..3, 0..STEPS.len()), 0..40),
        qresync in proptest::bool::ANY,
    ) {
        let steps: Vec<(usize, &str)> =
            steps.into_iter().map(|(who, step)| (who, STEPS[step])).collect();
        check(&steps, 3, qresync);
    }
}

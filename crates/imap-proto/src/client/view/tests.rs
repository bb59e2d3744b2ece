use alloc::{collections::BTreeSet, format, string::String};

use proptest::prelude::*;
use proto_core::{Instant, Machine, Step};

use super::*;
use crate::{
    Flag, Limits, Line, Mailbox,
    client::{Config, StartTls},
    command::MessageSet,
};

fn nz(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap()
}

/// A mailbox as a server has it.
#[derive(Clone, Debug, Default)]
struct Model {
    /// UID, whether it is seen, and when it was changed.
    messages: Vec<(u32, bool, u64)>,
    /// What has gone, and when.
    gone: Vec<(u32, u64)>,
    uid_next: u32,
    mod_seq: u64,
}

#[derive(Clone, Debug)]
enum Change {
    Arrive,
    Go(usize),
    Flag(usize),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => Just(Change::Arrive),
        2 => (0..100_usize).prop_map(Change::Go),
        2 => (0..100_usize).prop_map(Change::Flag),
    ]
}

impl Model {
    fn new() -> Self {
        Self { uid_next: 1, mod_seq: 1, ..Self::default() }
    }

    /// Changes, and says what a server says of it.
    fn change(&mut self, change: &Change, by_uid: bool) -> String {
        self.mod_seq += 1;
        match change {
            Change::Arrive => {
                self.messages.push((self.uid_next, false, self.mod_seq));
                // UIDs may be left out.
                self.uid_next += 1 + self.uid_next % 2;
                let fetch = self.fetch(self.messages.len() - 1);
                format!("* {} EXISTS\r\n{fetch}", self.messages.len())
            }
            Change::Go(at) if !self.messages.is_empty() => {
                let at = at % self.messages.len();
                let (uid, ..) = self.messages.remove(at);
                self.gone.push((uid, self.mod_seq));
                if by_uid {
                    format!("* VANISHED {uid}\r\n")
                } else {
                    format!("* {} EXPUNGE\r\n", at + 1)
                }
            }
            Change::Flag(at) if !self.messages.is_empty() => {
                let at = at % self.messages.len();
                let message = &mut self.messages[at];
                (message.1, message.2) = (!message.1, self.mod_seq);
                self.fetch(at)
            }
            _ => String::new(),
        }
    }

    fn fetch(&self, at: usize) -> String {
        let (uid, seen, mod_seq) = self.messages[at];
        let flags = if seen { "\\Seen" } else { "" };
        format!("* {} FETCH (UID {uid} FLAGS ({flags}) MODSEQ ({mod_seq}))\r\n", at + 1)
    }

    /// What SELECT brings.
    fn select(&self, select: &Select, mod_seqs: bool) -> String {
        let mut said = format!(
            "* {} EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n* OK [UIDNEXT {}] x\r\n",
            self.messages.len(),
            self.uid_next
        );
        if mod_seqs {
            said += &format!("* OK [HIGHESTMODSEQ {}] x\r\n", self.mod_seq);
        }
        if let Some(known) = &select.parameters.qresync {
            assert_eq!(known.known, None, "of what is new nothing would be said");
            let since = known.mod_seq.get();
            let gone: Vec<_> = self.gone.iter().filter(|(_, at)| *at > since).collect();
            for (uid, _) in gone {
                said += &format!("* VANISHED (EARLIER) {uid}\r\n");
            }
            said += &self.changed(since);
        }
        said
    }

    fn changed(&self, since: u64) -> String {
        let changed = (0..self.messages.len()).filter(|at| self.messages[*at].2 > since);
        changed.map(|at| self.fetch(at)).collect()
    }

    fn answer(&self, command: &Command) -> String {
        match command {
            Command::Search(search) => {
                let uids: Vec<_> = self.messages.iter().map(|(uid, ..)| format!("{uid}")).collect();
                match (&search.returns, uids.is_empty()) {
                    (Some(_), true) => "* ESEARCH UID\r\n".into(),
                    (Some(_), false) => format!("* ESEARCH UID ALL {}\r\n", uids.join(",")),
                    (None, _) => format!("* SEARCH {}\r\n", uids.join(" ")),
                }
            }
            Command::Fetch(fetch) => {
                assert!(matches!(fetch.messages, MessageSet::Numbers(_)));
                let since = fetch.modifiers.changed_since.map_or(0, |since| since.mod_seq.get());
                self.changed(since)
            }
            _ => panic!("what is this? {command:?}"),
        }
    }
}

use crate::command::Select;

fn hear(view: &mut View, said: &str) {
    for line in said.split_inclusive("\r\n") {
        let line = Line::parse(String::from(line).into()).unwrap();
        view.hear(&Response::parse(&line, Limits::default()).unwrap()).unwrap();
    }
}

fn check(view: &View, model: &Model) {
    assert!(view.is_complete(), "{view:?}");
    let seen: Vec<_> = view.messages().iter().map(|seen| seen.uid.unwrap().get()).collect();
    let are: Vec<_> = model.messages.iter().map(|(uid, ..)| *uid).collect();
    assert_eq!(seen, are);
    for (seen, (_, is_seen, _)) in view.messages().iter().zip(&model.messages) {
        if let Some(flags) = &seen.flags {
            assert_eq!(flags.contains(&Flag::Seen), *is_seen);
        }
    }
}

/// A session whose server can do this much.
fn session(kind: Kind) -> Session {
    let capabilities = match kind {
        Kind::Plain => "IMAP4rev1",
        Kind::Condstore => "IMAP4rev1 CONDSTORE",
        Kind::Qresync => "IMAP4rev1 CONDSTORE QRESYNC ESEARCH",
    };
    let config = Config { starttls: StartTls::Never, ..Config::default() };
    let mut session = Session::new(Instant::ORIGIN, config);
    let hello = format!("* PREAUTH [CAPABILITY {capabilities}] x\r\n");
    session.receive(Instant::ORIGIN, hello.as_bytes());
    while let Ok(Step::Event(_)) = session.poll() {}
    if kind == Kind::Qresync {
        session.command(Command::parse("ENABLE QRESYNC".into()).unwrap()).unwrap();
        session.receive(Instant::ORIGIN, b"* ENABLED QRESYNC\r\nA1 OK x\r\n");
        while let Ok(Step::Event(_)) = session.poll() {}
    }
    session
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Plain,
    Condstore,
    Qresync,
}

/// Opens the mailbox and brings the view up to date; returns how many commands that took.
fn open(model: &Model, memory: Option<Memory>, kind: Kind) -> (View, usize) {
    let session = session(kind);
    let select = Memory::select(memory.as_ref(), Mailbox::INBOX, &session);
    let mut view = View::new(memory, 1000);
    hear(&mut view, &model.select(&select, kind != Kind::Plain));
    let commands = view.resync(&session);
    for command in &commands {
        hear(&mut view, &model.answer(command));
    }
    view.settle();
    (view, commands.len())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_view_is_what_the_mailbox_is(
        before in prop::collection::vec(change(), 0..12),
        online in prop::collection::vec(change(), 0..12),
        offline in prop::collection::vec(change(), 0..12),
        kinds in prop::sample::select(vec![Kind::Plain, Kind::Condstore, Kind::Qresync]),
    ) {
        let mut model = Model::new();
        for change in &before {
            model.change(change, false);
        }
        let (mut view, _) = open(&model, None, kinds);
        check(&view, &model);
        for change in &online {
            let said = model.change(change, kinds == Kind::Qresync);
            hear(&mut view, &said);
            view.settle();
            check(&view, &model);
        }
        // What was heard while it went on is remembered to the letter.
        let mut memory = view.memory().unwrap();
        if kinds != Kind::Plain {
            memory.highest_mod_seq = Number64::new(model.mod_seq);
        }
        let written = memory.write();
        prop_assert_eq!(Memory::parse(&written), Some(memory.clone()));
        let old: BTreeSet<_> = model.messages.iter().map(|(uid, ..)| *uid).collect();
        for change in &offline {
            model.change(change, false);
        }
        let (mut view, commands) = open(&model, Some(memory), kinds);
        check(&view, &model);
        let new: BTreeSet<_> = model.messages.iter().map(|(uid, ..)| *uid).collect();
        let gone: Vec<_> = view.take_gone().into_iter().map(NonZeroU32::get).collect();
        let are_gone: Vec<_> = old.difference(&new).copied().collect();
        let mut sorted = gone.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, are_gone);
        if kinds == Kind::Qresync && !old.is_empty() {
            prop_assert_eq!(commands, 0);
        }
    }

    #[test]
    fn whatever_a_server_says_the_view_stays_within_its_limit(
        said in prop::collection::vec(prop_oneof![
            (0..40_u32).prop_map(Response::Exists),
            (1..40_u32).prop_map(|number| Response::Expunge(nz(number))),
            (1..40_u32, 1..40_u32, any::<bool>()).prop_map(|(from, to, earlier)| Response::Vanished {
                earlier, uids: UidSet::new(crate::UidRange::new(nz(from), nz(to))),
            }),
            (1..40_u32, 1..40_u32, any::<bool>()).prop_map(|(number, uid, by_uid)| {
                let items = vec![crate::FetchItem::Uid(nz(uid))];
                Response::Fetch(Fetch { number: nz(number), by_uid, items })
            }),
        ], 0..40),
    ) {
        let mut view = View::new(Memory::parse("9 20 5 1:30"), 20);
        for response in &said {
            let heard = view.hear(response);
            prop_assert_eq!(heard.is_err(), matches!(response, Response::Exists(21..)));
            prop_assert!(view.messages().len() <= 20);
        }
        let _ = view.resync(&session(Kind::Qresync));
        view.settle();
    }
}

#[test]
fn uids_of_another_validity_mean_nothing() {
    let mut model = Model::new();
    model.change(&Change::Arrive, false);
    let memory = Memory::parse("8 100 1 50:60").unwrap();
    let (mut view, commands) = open(&model, Some(memory), Kind::Qresync);
    check(&view, &model);
    assert_eq!((view.take_gone().len(), commands), (11, 1));
}

#[test]
fn a_set_of_everything_is_as_quick_as_one_of_nothing() {
    let mut view = View::new(Memory::parse("9 - 5 1:1000"), 1000);
    let all = UidSet::new(crate::UidRange::new(NonZeroU32::MIN, NonZeroU32::MAX));
    view.hear(&Response::Vanished { earlier: true, uids: all }).unwrap();
    assert_eq!(view.take_gone().len(), 1000);
}

#[test]
fn what_is_no_memory_is_none() {
    for bad in ["", "1", "0 - - -", "1 - - - -", "1 - - 0", "1 x - -", "1 - - 1,", "1 0 - -"] {
        assert_eq!(Memory::parse(bad), None, "{bad}");
    }
}

//! `kill -9` at any moment: what was acknowledged is there as promised, what was not has happened
//! whole or not at all.
//!
//! Users each work on mailboxes of their own, all at once: SMTP, APPEND, STORE, EXPUNGE, COPY,
//! MOVE and POP3. Each knows what its mailboxes hold but for the one command that was under way.
//! The program is killed at random moments, while it starts too, and started again; then every
//! mailbox must be as its user knows it, with that one command done or not done.
//!
//! `HOMING_CRASHES` says how often (5), `HOMING_SEED` which moments; with `HOMING_POSTGRES` it runs
//! over PostgreSQL too. SIGKILL loses nothing that the kernel has: that commits wait for the disk is
//! not shown by this.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    io::{self, Read},
    net::SocketAddr,
    path::Path,
    sync::Barrier,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use support::{
    Database, Program, add_users,
    clients::{Fetched, Imap, Pop3, Smtp, numbers},
    connect,
    numbers::Numbers,
    open,
};

/// How many users work.
const WORKERS: usize = 6;

/// Who gets a copy of some deliveries.
const WITNESS: &str = "witness";

/// How many messages a user has before more go than come.
const MANY: usize = 40;

/// How long the program works before it is killed, at most.
const LIFE: Duration = Duration::from_millis(800);

/// The mailboxes of a user.
const NAMES: [&str; 2] = ["INBOX", "Work"];

#[test]
fn nothing_acknowledged_is_lost_over_sqlite() {
    let data = tempfile::tempdir().unwrap();
    run("SQLite", data.path(), None);
    let database = open(data.path());
    let one = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(one("PRAGMA integrity_check"), "ok");
    assert_eq!(one(&format!("SELECT CAST(({ORPHANS}) AS TEXT)")), "0", "octets of nobody");
    assert_eq!(one(&format!("SELECT CAST(({TORN}) AS TEXT)")), "0", "octets that are not whole");
}

#[test]
fn nothing_acknowledged_is_lost_over_postgresql() {
    let Some(database) = Database::new("crash") else { return };
    let data = tempfile::tempdir().unwrap();
    run("PostgreSQL", data.path(), Some(&database.url));
    let mut connection = connect(&database.url);
    for (sql, what) in [(ORPHANS, "octets of nobody"), (TORN, "octets that are not whole")] {
        let number: i64 = connection.query_one(sql, &[]).unwrap().get(0);
        assert_eq!(number, 0, "{what}");
    }
}

/// Counts octets that are kept for nobody.
const ORPHANS: &str = "SELECT COUNT(*) FROM blobs WHERE \
    NOT EXISTS (SELECT 1 FROM messages WHERE blob = blobs.id) AND \
    NOT EXISTS (SELECT 1 FROM queued WHERE blob = blobs.id)";

/// Counts octets of which a piece is missing.
const TORN: &str = "SELECT COUNT(*) FROM blobs WHERE size <> \
    (SELECT COALESCE(SUM(LENGTH(octets)), 0) FROM pieces WHERE blob = blobs.id)";

fn run(over: &str, data: &Path, store: Option<&str>) {
    let number = |name, usual| env::var(name).map_or(usual, |it| it.parse().unwrap());
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    let (crashes, seed) = (number("HOMING_CRASHES", 5), number("HOMING_SEED", time.into()));
    eprintln!("{over}: {crashes} crashes; HOMING_SEED={seed}");
    let mut random = Numbers::new(seed);
    let mut workers: Vec<_> = (0..WORKERS).map(|it| Worker::new(it, seed)).collect();
    let names: Vec<_> = workers.iter().map(|it| it.user.clone()).collect();
    add_users(data, store, names.iter().map(String::as_str).chain([WITNESS]));
    let mut witness = Witness::default();
    let (mut killed, mut young) = (0, 0);
    loop {
        let mut program = Program::launch(data, store);
        if killed < crashes && random.below(5) == 0 {
            thread::sleep(Duration::from_millis(random.next() % 60));
            program.kill();
            killed += 1;
            young += 1;
            continue;
        }
        assert!(program.ready(), "mailhost does not start again");
        let doors = Doors { smtp: program.smtp, imap: program.imap, pop3: program.pop3 };
        each(&mut workers, |worker| worker.check(&doors));
        witness.check(&doors, &mut workers);
        if killed >= crashes {
            break;
        }
        let life = LIFE.mul_f64(random.below(1000) as f64 / 1000.0);
        let begun = Barrier::new(WORKERS + 1);
        thread::scope(|scope| {
            scope.spawn(|| {
                begun.wait();
                thread::sleep(life);
                program.kill();
            });
            each(&mut workers, |worker| drop(worker.work(&doors, &begun)));
        });
        killed += 1;
    }
    let sum = |of: fn(&Worker) -> usize| workers.iter().map(of).sum::<usize>();
    eprintln!(
        "{over}: {killed} crashes, {young} of them while it started; {} commands acknowledged, {} \
         under way: {} of those had happened",
        sum(|it| it.acknowledged),
        sum(|it| it.under_way),
        sum(|it| it.happened)
    );
}

/// Lets all of them do something at once.
fn each(workers: &mut [Worker], work: impl Fn(&mut Worker) + Sync) {
    thread::scope(|scope| {
        let work = &work;
        workers.iter_mut().for_each(|worker| drop(scope.spawn(move || work(worker))));
    });
}

struct Doors {
    smtp: SocketAddr,
    imap: SocketAddr,
    pop3: SocketAddr,
}

/// A message: which one it is, and its flags.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Message {
    /// Odd if it came by SMTP.
    token: u64,
    flags: BTreeSet<String>,
}

impl Message {
    /// Whether the witness was sent it too, if it came by SMTP.
    const fn is_witnessed(&self) -> bool {
        self.token % 8 < 4
    }
}

/// What a mailbox holds.
#[derive(Clone, Debug, Default)]
struct Folder {
    validity: Option<u32>,
    /// The highest UID that was ever told.
    highest: u32,
    messages: BTreeMap<u32, Message>,
    /// Messages whose UID was not told.
    arrivals: Vec<Message>,
}

/// What a command does.
#[derive(Clone, Debug)]
enum Effect {
    /// By SMTP, into the INBOX.
    Deliver(Message),
    Arrive(usize, Message),
    Flags(usize, u32, BTreeSet<String>),
    Remove(usize, Vec<u32>),
    Move(usize, u32, usize),
}

/// A user who works, and what the user knows.
struct Worker {
    number: u64,
    user: String,
    random: Numbers,
    tokens: u64,
    folders: [Folder; 2],
    pending: Option<Effect>,
    /// The tokens that the witness was sent too, and has been.
    witnessed: Vec<u64>,
    /// The one that was under way, and whether it has come.
    doubtful: Option<(u64, bool)>,
    acknowledged: usize,
    under_way: usize,
    happened: usize,
}

/// A worker's connections.
struct Hands {
    smtp: Smtp,
    imap: Imap,
    /// Which mailbox is selected.
    selected: Option<usize>,
}

impl Worker {
    fn new(number: usize, seed: u64) -> Self {
        Self {
            number: number as u64,
            user: format!("user{number}"),
            random: Numbers::new(seed + 1 + number as u64),
            tokens: 0,
            folders: <[Folder; 2]>::default(),
            pending: None,
            witnessed: Vec::new(),
            doubtful: None,
            acknowledged: 0,
            under_way: 0,
            happened: 0,
        }
    }

    /// Works until the server is away, together with the others.
    fn work(&mut self, doors: &Doors, begun: &Barrier) -> io::Result<()> {
        let (smtp, imap) = (Smtp::open(doors.smtp)?, Imap::open(doors.imap, &self.user)?);
        begun.wait();
        let mut hands = Hands { smtp, imap, selected: None };
        loop {
            let folder = self.random.below(2);
            let uids: Vec<_> = self.folders[folder].messages.keys().copied().collect();
            let removing = uids.len() > self.random.below(MANY);
            match self.random.below(10) {
                0..3 => self.deliver(&mut hands)?,
                3..5 => self.append(&mut hands, folder)?,
                _ if uids.is_empty() => self.append(&mut hands, folder)?,
                5 | 6 => self.store(&mut hands, folder, &uids)?,
                7 if removing => self.fetch_by_pop3(doors)?,
                8 if removing => self.expunge(&mut hands, folder, &uids)?,
                _ => self.copy_or_move(&mut hands, folder, &uids)?,
            }
        }
    }

    fn begin(&mut self, effect: Effect) {
        self.pending = Some(effect);
    }

    /// Notes that what was begun has been acknowledged.
    fn done(&mut self, uid: Option<u32>) {
        let effect = self.pending.take().unwrap();
        self.acknowledged += 1;
        apply(&mut self.folders, &effect, uid);
    }

    /// Makes a token that there was not: odd for what comes by SMTP.
    fn token(&mut self, odd: u64) -> u64 {
        self.tokens += 1;
        (self.tokens * 100 + self.number) * 2 + odd
    }

    fn flags(&mut self) -> BTreeSet<String> {
        let all = ["\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded", "Blue"];
        let some = all.into_iter().filter(|_| self.random.below(3) == 0);
        some.map(str::to_owned).collect()
    }

    fn deliver(&mut self, hands: &mut Hands) -> io::Result<()> {
        let token = self.token(1);
        let message = Message { token, flags: BTreeSet::new() };
        let user = self.user.clone();
        let both = [&*user, WITNESS];
        let to = if message.is_witnessed() { &both[..] } else { &both[..1] };
        self.begin(Effect::Deliver(message.clone()));
        hands.smtp.send(to, &content(token))?.unwrap();
        self.done(None);
        if message.is_witnessed() {
            self.witnessed.push(token);
        }
        hands.select(0)?;
        hands.imap.command(&format!("UID SEARCH HEADER X-Token {token}"))?.unwrap();
        let found = hands.imap.said.iter().find_map(|(line, _)| line.strip_prefix("* SEARCH "));
        let uid = found.expect("the message is found").parse().expect("it is found once");
        self.folders[0].arrivals.clear();
        self.folders[0].insert(uid, message);
        Ok(())
    }

    fn append(&mut self, hands: &mut Hands, folder: usize) -> io::Result<()> {
        let (token, flags) = (self.token(0), self.flags());
        let words = words(&flags);
        self.begin(Effect::Arrive(folder, Message { token, flags }));
        let uid = hands.imap.append(NAMES[folder], &words, &content(token))?.unwrap();
        self.done(Some(uid));
        Ok(())
    }

    fn store(&mut self, hands: &mut Hands, folder: usize, uids: &[u32]) -> io::Result<()> {
        hands.select(folder)?;
        let (uid, flags) = (*self.random.pick(uids), self.flags());
        let command = format!("UID STORE {uid} FLAGS ({})", words(&flags));
        self.begin(Effect::Flags(folder, uid, flags));
        hands.imap.command(&command)?.unwrap();
        self.done(None);
        Ok(())
    }

    fn expunge(&mut self, hands: &mut Hands, folder: usize, uids: &[u32]) -> io::Result<()> {
        hands.select(folder)?;
        let goes: BTreeSet<_> = (0..3).map(|_| *self.random.pick(uids)).collect();
        for uid in &goes {
            let mut flags = self.folders[folder].messages[uid].flags.clone();
            flags.insert("\\Deleted".into());
            self.begin(Effect::Flags(folder, *uid, flags));
            hands.imap.command(&format!("UID STORE {uid} +FLAGS.SILENT (\\Deleted)"))?.unwrap();
            self.done(None);
        }
        let marked =
            |(uid, message): (&u32, &Message)| message.flags.contains("\\Deleted").then_some(*uid);
        let goes = self.folders[folder].messages.iter().filter_map(marked).collect();
        self.begin(Effect::Remove(folder, goes));
        hands.imap.command("EXPUNGE")?.unwrap();
        self.done(None);
        Ok(())
    }

    fn copy_or_move(&mut self, hands: &mut Hands, from: usize, uids: &[u32]) -> io::Result<()> {
        hands.select(from)?;
        let (uid, to) = (*self.random.pick(uids), 1 - from);
        let copy = uids.len() < MANY && self.random.below(3) == 0;
        let (verb, effect) = match copy {
            true => ("COPY", Effect::Arrive(to, self.folders[from].messages[&uid].clone())),
            false => ("MOVE", Effect::Move(from, uid, to)),
        };
        self.begin(effect);
        let end = hands.imap.command(&format!("UID {verb} {uid} {}", NAMES[to]))?.unwrap();
        let mut said = hands.imap.said.iter().map(|(line, _)| line).chain([&end]);
        let new = numbers(said.find(|line| line.contains("COPYUID")).unwrap(), "COPYUID")[2];
        self.done(Some(new));
        Ok(())
    }

    fn fetch_by_pop3(&mut self, doors: &Doors) -> io::Result<()> {
        let (mut pop3, ids) = Pop3::open(doors.pop3, &self.user)?.unwrap();
        let validity = self.folders[0].validity.unwrap();
        let uids: Vec<u32> = ids
            .iter()
            .map(|id| id.strip_prefix(&format!("{validity}.")).unwrap().parse().unwrap())
            .collect();
        let known: Vec<_> = self.folders[0].messages.keys().copied().collect();
        assert_eq!(uids, known, "POP3 lists what is in the INBOX");
        if uids.is_empty() {
            return Ok(());
        }
        let goes: BTreeSet<_> = (0..3).map(|_| self.random.below(uids.len())).collect();
        for index in &goes {
            let octets = pop3.retrieve(index + 1)?.unwrap();
            whole(&octets, self.folders[0].messages[&uids[*index]].token).unwrap();
            pop3.command(&format!("DELE {}", index + 1))?.unwrap();
        }
        self.begin(Effect::Remove(0, goes.iter().map(|index| uids[*index]).collect()));
        pop3.command("QUIT")?.unwrap();
        self.done(None);
        Ok(())
    }

    /// Compares what there is with what there must be.
    fn check(&mut self, doors: &Doors) {
        let mut imap = Imap::open(doors.imap, &self.user).unwrap();
        // It may be there already.
        let _ = imap.command("CREATE Work").unwrap();
        let mut found = Vec::new();
        for (folder, name) in self.folders.iter_mut().zip(NAMES) {
            let (validity, next) = imap.select(name).unwrap().unwrap();
            assert_eq!(*folder.validity.get_or_insert(validity), validity, "UIDVALIDITY is kept");
            assert!(next > folder.highest, "UIDNEXT {next}, after {}", folder.highest);
            let messages = imap.everything().unwrap();
            assert!(messages.last().is_none_or(|it| it.uid < next), "UIDNEXT is above all UIDs");
            found.push(messages);
        }
        let pending = self.pending.take();
        let mut after = self.folders.clone();
        if let Some(effect) = &pending {
            self.under_way += 1;
            apply(&mut after, effect, None);
        }
        let (undone, done) = (agree(&self.folders, &found), agree(&after, &found));
        let happened = match (undone, done) {
            (Ok(()), _) => false,
            (Err(_), Ok(())) => true,
            (Err(undone), Err(done)) => {
                panic!("{}: {pending:?}: {undone}; had it happened: {done}", self.user)
            }
        };
        if happened {
            self.happened += 1;
            self.folders = after;
        }
        self.doubtful = match pending {
            Some(Effect::Deliver(message)) if message.is_witnessed() => {
                Some((message.token, happened))
            }
            _ => None,
        };
        for (folder, messages) in self.folders.iter_mut().zip(found) {
            folder.learn(messages);
        }
    }
}

impl Hands {
    fn select(&mut self, folder: usize) -> io::Result<()> {
        if self.selected != Some(folder) {
            self.imap.select(NAMES[folder])?.unwrap();
            self.selected = Some(folder);
        }
        Ok(())
    }
}

impl Folder {
    /// Notes a message that has been given a UID.
    fn insert(&mut self, uid: u32, message: Message) {
        assert!(uid > self.highest, "UID {uid}, after {}", self.highest);
        self.highest = uid;
        self.messages.insert(uid, message);
    }

    /// Takes what was found for what there is; that they agree has been seen.
    fn learn(&mut self, found: Vec<Fetched>) {
        self.arrivals.clear();
        for Fetched { uid, flags, octets } in found {
            if !self.messages.contains_key(&uid) {
                self.insert(uid, Message { token: token_of(&octets).unwrap(), flags });
            }
        }
    }
}

/// Does to what is known what a command does; a message that arrives has this UID, if it was told.
fn apply(folders: &mut [Folder; 2], effect: &Effect, uid: Option<u32>) {
    let arrive = |folder: &mut Folder, message| match uid {
        Some(uid) => folder.insert(uid, message),
        None => folder.arrivals.push(message),
    };
    match effect {
        Effect::Deliver(message) => arrive(&mut folders[0], message.clone()),
        Effect::Arrive(folder, message) => arrive(&mut folders[*folder], message.clone()),
        Effect::Flags(folder, uid, flags) => {
            let message = folders[*folder].messages.get_mut(uid).unwrap();
            message.flags.clone_from(flags);
        }
        Effect::Remove(folder, uids) => {
            uids.iter().for_each(|uid| drop(folders[*folder].messages.remove(uid).unwrap()));
        }
        Effect::Move(from, uid, to) => {
            let message = folders[*from].messages.remove(uid).unwrap();
            arrive(&mut folders[*to], message);
        }
    }
}

/// Whether mailboxes are as they must be.
fn agree(folders: &[Folder; 2], found: &[Vec<Fetched>]) -> Result<(), String> {
    for ((folder, found), name) in folders.iter().zip(found).zip(NAMES) {
        let mut missing = folder.messages.clone();
        let (mut last, mut new) = (0, Vec::new());
        for Fetched { uid, flags, octets } in found {
            if *uid <= last {
                return Err(format!("{name}: UID {uid} after {last}"));
            }
            last = *uid;
            let token = token_of(octets).ok_or_else(|| format!("{name} {uid}: whose is that?"))?;
            whole(octets, token).map_err(|error| format!("{name} {uid}: {error}"))?;
            let message = Message { token, flags: flags.clone() };
            match missing.remove(uid) {
                Some(known) if known == message => {}
                Some(known) => return Err(format!("{name} {uid}: {message:?} for {known:?}")),
                None if *uid <= folder.highest => {
                    return Err(format!("{name} {uid}: is there, or there again"));
                }
                None => new.push(message),
            }
        }
        let mut arrivals = folder.arrivals.clone();
        new.sort();
        arrivals.sort();
        if !missing.is_empty() || new != arrivals {
            return Err(format!("{name}: without {missing:?}; {new:?} for {arrivals:?}"));
        }
    }
    Ok(())
}

/// Who is sent copies of what the others are sent.
#[derive(Default)]
struct Witness {
    highest: u32,
}

impl Witness {
    /// Sees that every message that went to two has come to both, and forgets them.
    fn check(&mut self, doors: &Doors, workers: &mut [Worker]) {
        let mut imap = Imap::open(doors.imap, WITNESS).unwrap();
        imap.select("INBOX").unwrap().unwrap();
        let found = imap.everything().unwrap();
        let mut tokens = Vec::new();
        for message in &found {
            assert!(message.uid > self.highest, "a UID is used again");
            self.highest = message.uid;
            let token = token_of(&message.octets).unwrap();
            whole(&message.octets, token).unwrap();
            tokens.push(token);
        }
        let mut expected = Vec::new();
        for worker in workers {
            expected.append(&mut worker.witnessed);
            if let Some((token, true)) = worker.doubtful.take() {
                expected.push(token);
            }
        }
        tokens.sort_unstable();
        expected.sort_unstable();
        assert_eq!(tokens, expected, "what came to one of two has come to both, and once");
        imap.command("STORE 1:* +FLAGS.SILENT (\\Deleted)").unwrap().ok();
        imap.command("EXPUNGE").unwrap().unwrap();
    }
}

fn words(flags: &BTreeSet<String>) -> String {
    flags.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
}

/// Makes a message: small as a rule, sometimes so large that it goes by way of a file.
fn content(token: u64) -> Vec<u8> {
    let mut random = Numbers::new(token);
    let lines = if random.below(25) == 0 { 6_000 + random.below(4_000) } else { random.below(40) };
    let mut out = format!("From: a@client.test\r\nX-Token: {token}\r\nSubject: {token}\r\n\r\n");
    for _ in 0..lines {
        let starts = ["", ".", "..", ".x", "From here", "all work and no play", "}"];
        out.push_str(random.pick::<&str>(&starts[..]));
        out.extend(std::iter::repeat_n('z', random.below(60)));
        out.push_str("\r\n");
    }
    out.push_str("the end\r\n");
    out.into_bytes()
}

fn token_of(octets: &[u8]) -> Option<u64> {
    let mut head = String::new();
    octets.take(2000).read_to_string(&mut head).ok()?;
    head.split_once("X-Token: ")?.1.split_once("\r\n")?.0.parse().ok()
}

/// Whether that is the message, octet for octet; one that came by SMTP has its trace before it.
fn whole(octets: &[u8], token: u64) -> Result<(), String> {
    let trace = octets.strip_suffix(&content(token)[..]);
    let trace = trace.ok_or_else(|| format!("{token} is not whole: {} octets", octets.len()))?;
    let traced = trace.starts_with(b"Return-Path: <a@client.test>\r\nReceived: ")
        && trace.ends_with(b"\r\n")
        && !trace.windows(4).any(|it| it == b"\r\n\r\n");
    match token % 2 == 1 {
        true if traced => Ok(()),
        false if trace.is_empty() => Ok(()),
        _ => Err(format!("{token} has before it {:?}", trace.escape_ascii().to_string())),
    }
}

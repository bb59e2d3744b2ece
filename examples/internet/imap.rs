//! IMAP: users who read their mail where it is.
use bytes::{Bytes, BytesMut};
use homing::imap::{
    Condition, Content, FetchItem, RespText, Response,
    client::{self, Event as C},
    command::{Command, Tagged},
    engine::{Engine, Limits, Output, memory},
    server::{self, Event as S},
};
use homing::proto_core::{Machine, Step, Text};
use homing::sasl::{Credentials, server::Claim};

use crate::clock::{MINUTE, instant, unix};
use crate::disk::Died;
use crate::net::{End, Event};
use crate::world::World;

/// The user's end.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) session: client::Session,
    pub(crate) user: u32,
    /// The message whose octets come in pieces.
    coming: Option<(u64, BytesMut)>,
    /// Those that are to be deleted.
    read: Vec<u64>,
    stage: Stage,
}

/// What the user is at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    LogIn,
    Fetch,
    Delete,
    Leave,
    Done,
}

/// The server's end.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) session: server::Session,
    pub(crate) site: u32,
    /// There once somebody has logged in.
    engine: Option<Engine<memory::Store>>,
}

impl Keeper {
    pub(crate) fn new(world: &World, site: u32) -> Self {
        let mut config = server::Config::default();
        config.plaintext_passwords = true;
        let session = server::Session::new(instant(world.now), config);
        Self { session, site, engine: None }
    }
}

fn command(text: &str) -> Command {
    Command::parse(Bytes::copy_from_slice(text.as_bytes())).expect("a command")
}

impl World {
    /// A user looks into the mailbox.
    pub(crate) fn read_by_imap(&mut self, user: u32) {
        let mut config = client::Config::default();
        (config.starttls, config.login_without_tls) = (client::StartTls::Never, true);
        let session = client::Session::new(instant(self.now), config);
        let (coming, read, stage) = (None, Vec::new(), Stage::LogIn);
        let reader = Reader { session, user, coming, read, stage };
        let site = self.size.site_of_user(user);
        let conn = self.connect(site, site, End::ImapReader(Box::new(reader)), End::Imap);
        if self.has_chosen(user) {
            self.trace(conn);
        }
    }

    /// Lets a reader go on; false when the connection is over.
    pub(crate) fn run_imap_reader(&mut self, reader: &mut Reader) -> bool {
        loop {
            match reader.session.poll() {
                Ok(Step::Event(C::Ready)) if reader.stage == Stage::LogIn => {
                    let name = format!("u{}", reader.user);
                    let who = Credentials::new(&name, "secret".into()).expect("words");
                    reader.session.authenticate(who).expect("ready");
                }
                Ok(Step::Event(C::LoggedIn(_))) => {
                    reader.stage = Stage::Fetch;
                    for text in ["SELECT INBOX", "UID FETCH 1:* (BODY.PEEK[])"] {
                        reader.session.command(command(text)).expect("logged in");
                    }
                }
                Ok(Step::Event(C::Response(Response::Fetch(fetch)) | C::Body(fetch))) => {
                    self.take_message_of(reader, &fetch.items);
                }
                Ok(Step::Event(C::Octets(octets))) => {
                    if let Some((_, body)) = &mut reader.coming {
                        body.extend_from_slice(&octets);
                    }
                }
                Ok(Step::Event(C::Done { condition, .. })) => {
                    if condition != Condition::Ok {
                        self.fail(format!("IMAP refuses user {} a command", reader.user));
                    }
                }
                // All that was asked for has come.
                Ok(Step::Paused) => self.go_on_reading(reader),
                Ok(Step::Event(_)) => {}
                Ok(Step::NeedInput) => return true,
                Ok(Step::Closed) => {
                    reader.stage = Stage::Done;
                    self.after_reading(reader.user);
                    return false;
                }
                Err(_) => {
                    self.imap_reader_failed(reader);
                    return false;
                }
            }
        }
    }

    fn go_on_reading(&mut self, reader: &mut Reader) {
        self.end_message(reader);
        let session = &mut reader.session;
        reader.stage = match reader.stage {
            Stage::Fetch if !reader.read.is_empty() => {
                let uids: Vec<_> = reader.read.iter().map(ToString::to_string).collect();
                let delete = format!("UID STORE {} +FLAGS.SILENT (\\Deleted)", uids.join(","));
                session.command(command(&delete)).expect("a mailbox is open");
                session.command(command("EXPUNGE")).expect("a mailbox is open");
                Stage::Delete
            }
            _ => {
                session.command(Command::Logout).expect("logged in");
                Stage::Leave
            }
        };
    }

    /// A message comes, or begins to.
    fn take_message_of(&mut self, reader: &mut Reader, items: &[FetchItem]) {
        self.end_message(reader);
        let mut uid = None;
        let mut octets = Bytes::new();
        for item in items {
            match item {
                FetchItem::Uid(it) => uid = Some(u64::from(it.get())),
                FetchItem::Section { content, .. } => {
                    octets = match content {
                        Content::Octets(octets) => octets.clone(),
                        _ => Bytes::new(),
                    };
                }
                _ => {}
            }
        }
        // A change of flags is no message.
        if let Some(uid) = uid.filter(|_| reader.stage == Stage::Fetch) {
            reader.coming = Some((uid, octets.as_ref().into()));
        }
    }

    fn end_message(&mut self, reader: &mut Reader) {
        let Some((uid, octets)) = reader.coming.take() else { return };
        reader.read.push(uid);
        let seen = &mut self.seen[reader.user as usize];
        // What was read, and not deleted because the session ended too soon.
        if uid > *seen {
            *seen = uid;
            self.fetched(reader.user, &octets.freeze());
        }
    }

    pub(crate) fn imap_reader_failed(&mut self, reader: &Reader) {
        if reader.stage != Stage::Done {
            self.agenda.add(self.now + 15 * MINUTE, Event::Read(reader.user));
        }
    }

    /// Lets a keeper go on; false when the connection is over.
    pub(crate) fn run_imap_keeper(&mut self, keeper: &mut Keeper) -> bool {
        loop {
            let event = match keeper.session.poll() {
                Ok(Step::Event(event)) => event,
                Ok(Step::NeedInput | Step::Paused) => return true,
                Ok(Step::Closed) | Err(_) => return false,
            };
            let done = match event {
                S::Connected => {
                    let ready = RespText::new(None, Text::from_static("ready"));
                    let condition = Condition::Ok;
                    keeper.session.respond(Response::Condition { condition, text: ready })
                }
                S::Auth(Claim::Password(who)) => {
                    let user = who.authcid().trim_start_matches('u').parse().unwrap_or(0);
                    let disk = &mut self.sites[keeper.site as usize].disk;
                    let store = disk.account(user).store();
                    keeper.engine = Some(Engine::new(store, Limits::default()));
                    keeper.session.finish_ok()
                }
                S::Command(tagged) => match self.obey_imap(keeper, tagged) {
                    Ok((condition, text)) => keeper.session.finish(condition, text),
                    Err(Died) => {
                        self.dies(keeper.site);
                        return false;
                    }
                },
                other => return self.fail_imap(&other),
            };
            done.expect("an answer is due");
        }
    }

    fn fail_imap(&mut self, event: &S) -> bool {
        self.fail(format!("nobody asked an IMAP server for {event:?}"));
        false
    }

    /// Does what a command says, once the disk has it.
    fn obey_imap(
        &mut self,
        keeper: &mut Keeper,
        tagged: Tagged,
    ) -> Result<(Condition, RespText), Died> {
        if matches!(tagged.command, Command::Expunge) {
            self.sites[keeper.site as usize].disk.burn()?;
        }
        let engine = keeper.engine.as_mut().expect("somebody has logged in");
        engine.command(tagged, i64::try_from(unix(self.now)).unwrap_or(0)).expect("the engine's");
        loop {
            match engine.next().expect("a command ends") {
                Output::Response(response) => keeper.session.respond(response).expect("due"),
                Output::Octets(octets) => keeper.session.octets(&octets).expect("due"),
                Output::Done(condition, text) => return Ok((condition, text)),
                Output::Broken(failure) => {
                    self.fail(format!("a mailbox cannot be read: {failure:?}"));
                    return Err(Died);
                }
            }
        }
    }
}

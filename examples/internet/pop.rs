//! POP3: users fetch their mail.
use bytes::{Bytes, BytesMut};
use homing::pop3::{
    Command, Entry, Maildrop, MessageNumber, Response, UniqueId,
    client::{self, Event as C},
    server::{self, Event as S},
};
use homing::proto_core::{Machine, Step, Text};
use homing::sasl::Credentials;

use crate::clock::{MINUTE, instant};
use crate::net::{End, Event};
use crate::world::World;

/// The user's end.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) session: client::Session,
    pub(crate) user: u32,
    listed: Vec<(MessageNumber, u64)>,
    /// Numbers of those that are being fetched, in order.
    fetching: std::collections::VecDeque<u64>,
    body: BytesMut,
    listing: bool,
    done: bool,
}

/// The server's end.
#[derive(Debug)]
pub(crate) struct Keeper {
    pub(crate) session: server::Session,
    pub(crate) site: u32,
    user: u32,
    messages: Vec<(u64, Bytes)>,
}

impl Keeper {
    pub(crate) fn new(world: &World, site: u32) -> Self {
        let config = server::Config::new(Text::from_static("ready"));
        let session = server::Session::new(instant(world.now), config);
        Self { session, site, user: 0, messages: Vec::new() }
    }
}

impl World {
    /// A user looks into the mailbox.
    pub(crate) fn read_by_pop3(&mut self, user: u32) {
        let mut config = client::Config::default();
        (config.stls, config.login_without_tls) = (client::Stls::Never, true);
        let credentials = Credentials::new(&format!("u{user}"), "secret".into()).expect("words");
        let session = client::Session::new(instant(self.now), config, credentials).expect("words");
        let reader = Reader {
            session,
            user,
            listed: Vec::new(),
            fetching: std::collections::VecDeque::new(),
            body: BytesMut::new(),
            listing: false,
            done: false,
        };
        let site = self.size.site_of_user(user);
        let conn = self.connect(site, site, End::Reader(Box::new(reader)), End::Pop);
        if self.has_chosen(user) {
            self.trace(conn);
        }
    }

    /// Lets a reader go on; false when the connection is over.
    pub(crate) fn run_reader(&mut self, reader: &mut Reader) -> bool {
        loop {
            match reader.session.poll() {
                Ok(Step::Event(C::Ready(_))) => {
                    reader.listing = true;
                    reader.session.command(Command::Uidl(None)).expect("logged in");
                }
                Ok(Step::Event(C::Id { message, id })) => {
                    let number = id.as_str().parse().unwrap_or(0);
                    reader.listed.push((message, number));
                }
                Ok(Step::Event(C::Body(octets))) => reader.body.extend_from_slice(&octets),
                Ok(Step::Event(C::End(_))) if reader.listing => {
                    reader.listing = false;
                    self.fetch_listed(reader);
                }
                Ok(Step::Event(C::End(_))) => {
                    let number = reader.fetching.pop_front().unwrap_or(0);
                    let octets = std::mem::take(&mut reader.body).freeze();
                    self.seen[reader.user as usize] = number;
                    self.fetched(reader.user, &octets);
                }
                Ok(Step::Event(_)) => {}
                Ok(Step::NeedInput | Step::Paused) => return true,
                Ok(Step::Closed) => {
                    reader.done = true;
                    self.after_reading(reader.user);
                    return false;
                }
                Err(_) => {
                    self.reader_failed(reader);
                    return false;
                }
            }
        }
    }

    /// Fetches what is new, and has all deleted.
    fn fetch_listed(&mut self, reader: &mut Reader) {
        for (message, number) in std::mem::take(&mut reader.listed) {
            // What was fetched, and not deleted because the session ended too soon.
            if number > self.seen[reader.user as usize] {
                reader.fetching.push_back(number);
                reader.session.retrieve(message).expect("logged in");
            }
            reader.session.delete(message).expect("logged in");
        }
        reader.session.quit().expect("logged in");
    }

    pub(crate) fn reader_failed(&mut self, reader: &Reader) {
        if !reader.done {
            self.agenda.add(self.now + 15 * MINUTE, Event::Read(reader.user));
        }
    }

    /// All was read; is there more meanwhile?
    pub(crate) fn after_reading(&mut self, user: u32) {
        let site = self.size.site_of_user(user);
        if !self.sites[site as usize].disk.mail_of(user).is_empty() {
            self.agenda.add(self.now + 15 * MINUTE, Event::Read(user));
        } else {
            self.expecting[user as usize] = false;
        }
    }

    /// Lets a keeper go on; false when the connection is over.
    pub(crate) fn run_keeper(&mut self, keeper: &mut Keeper) -> bool {
        let ok = || Response::ok(Text::default());
        loop {
            let event = match keeper.session.poll() {
                Ok(Step::Event(event)) => event,
                Ok(Step::NeedInput | Step::Paused) => return true,
                Ok(Step::Closed) | Err(_) => return false,
            };
            match event {
                S::Login(server::Login::Password { user, .. }) => {
                    keeper.user = user.to_string().trim_start_matches('u').parse().unwrap_or(0);
                    let disk = &self.sites[keeper.site as usize].disk;
                    keeper.messages = disk.mailboxes.get(&keeper.user).cloned().unwrap_or_default();
                    let entries = keeper.messages.iter().map(|(number, octets)| {
                        let id = UniqueId::new(number.to_string().into()).expect("digits");
                        Entry { size: octets.len() as u64, id }
                    });
                    let maildrop = Maildrop::new(entries.collect()).expect("numbers differ");
                    keeper.session.admit(maildrop, Text::default()).expect("a login is due");
                }
                S::Retrieve { index, .. } => {
                    let octets = keeper.messages[index].1.clone();
                    keeper.session.respond(ok()).expect("due");
                    keeper.session.send(&octets).expect("asked for");
                    keeper.session.finish().expect("asked for");
                }
                S::Commit { deleted } => {
                    let numbers: Vec<_> =
                        deleted.iter().map(|index| keeper.messages[*index].0).collect();
                    let site = &mut self.sites[keeper.site as usize];
                    if !numbers.is_empty() && site.disk.delete(keeper.user, &numbers).is_err() {
                        self.dies(keeper.site);
                        return false;
                    }
                    keeper.session.respond(ok()).expect("due");
                }
                _ => keeper.session.respond(Response::err(Text::default())).expect("due"),
            }
        }
    }
}

//! Mail that is fetched by POP3: the INBOX, as it was at the login.
use std::{
    collections::{HashSet, VecDeque},
    io,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use homing::{
    pop3::{
        Entry, Maildrop, Response, ResponseCode, Text, UniqueId,
        server::{Config, Login},
        tokio::Handler,
    },
    sasl::{
        Credentials,
        scram::{Lookup, Verifier},
        server::Claim,
    },
};
use tokio::task::spawn_blocking;
use tracing::error;

use crate::{
    Failure, database,
    host::{Host, Refused},
    store::{BlobId, Inbox, Listed, Reader, Store},
};

/// How many messages are read at once, and how many octets of them.
const AHEAD: usize = 64;
const AHEAD_OCTETS: u64 = 1024 * 1024;

/// Says what a session offers.
pub(crate) fn config(host: &Host, peer: IpAddr) -> Result<Config, Failure> {
    let mut config = Config::new(Text::new(&format!("{} POP3 ready", host.directory.name))?);
    config.stls = host.tls.is_some();
    config.login_without_tls = host.takes_clear_passwords(peer);
    config.mechanisms = Host::MECHANISMS.to_vec();
    Ok(config)
}

/// The users whose INBOX a session has (RFC 1939 §4: one at a time).
#[derive(Clone, Default)]
pub(crate) struct Locks(Arc<Mutex<HashSet<i64>>>);

/// Held by the session that has an INBOX.
struct Lock {
    locks: Locks,
    user: i64,
}

impl Locks {
    fn take(&self, user: i64) -> Option<Lock> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.insert(user).then(|| Lock { locks: self.clone(), user })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        self.locks.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.user);
    }
}

/// One session's view of an INBOX.
pub(crate) struct Session {
    host: Arc<Host>,
    open: Option<(Lock, Inbox)>,
    /// The beginnings of the messages that come next.
    ahead: VecDeque<(BlobId, Bytes)>,
}

impl Session {
    pub(crate) const fn new(host: Arc<Host>) -> Self {
        Self { host, open: None, ahead: VecDeque::new() }
    }
}

impl Handler for Session {
    type Message = Reader;

    async fn log_in(&mut self, login: Login) -> Result<Maildrop, Response> {
        let claim = claim(login).ok_or_else(wrong)?;
        let user = self.host.admit(claim).await.map_err(|why| match why {
            Refused::Wrong => wrong(),
            Refused::Unavailable => refuse(ResponseCode::SysTemp, "passwords cannot be checked"),
        })?;
        let lock = self.host.pop3_locks.take(user.id);
        let lock = lock.ok_or_else(|| refuse(ResponseCode::InUse, "another session is open"))?;
        let store = self.host.store.clone();
        let listed = spawn_blocking(move || store.inbox(&user)).await;
        let inbox = listed.map_err(|_| broken())?.map_err(|error| unavailable(&error))?;
        let entries = inbox.messages.iter().map(|message| {
            // UIDVALIDITY and UID: the same for ever, as RFC 1939 §7 wants.
            let id = UniqueId::new(format!("{}.{}", inbox.validity, message.uid).into());
            id.map(|id| Entry { size: message.size, id })
        });
        let entries = entries.collect::<Result<_, _>>().map_err(|_| broken())?;
        let maildrop = Maildrop::new(entries).map_err(|_| broken())?;
        self.open = Some((lock, inbox));
        Ok(maildrop)
    }

    async fn verifier(&mut self, lookup: Lookup) -> Result<Verifier, Response> {
        let found = self.host.lookup(&lookup).await;
        found.ok_or_else(|| refuse(ResponseCode::SysTemp, "passwords cannot be checked"))
    }

    async fn retrieve(&mut self, index: usize) -> io::Result<Reader> {
        let messages = self.open.as_ref().map(|(_, inbox)| &inbox.messages[..]).unwrap_or_default();
        let blob = messages.get(index).ok_or(io::ErrorKind::NotFound)?.blob;
        let store = self.host.store.clone();
        if self.ahead.front().is_none_or(|(next, _)| *next != blob) {
            // A message that cannot be read is better refused now than cut off later.
            self.ahead =
                read_ahead(store.clone(), messages.get(index..).unwrap_or_default()).await?;
        }
        let (_, piece) = self.ahead.pop_front().ok_or(io::ErrorKind::NotFound)?;
        Ok(Reader::after(store, blob, piece))
    }

    async fn commit(&mut self, deleted: Vec<usize>) -> Result<(), Response> {
        let Some((lock, inbox)) = self.open.take() else { return Ok(()) };
        let uids = deleted.into_iter().filter_map(|index| inbox.messages.get(index));
        let uids: Vec<_> = uids.map(|message| message.uid).collect();
        let store = self.host.store.clone();
        let removed = spawn_blocking(move || store.remove(inbox.mailbox, uids)).await;
        // The client may come back as soon as it has the answer.
        drop(lock);
        removed.map_err(|_| broken())?.map_err(|error| unavailable(&error))
    }
}

/// Reads the beginning of a message, and those of the next ones: clients fetch them in order.
async fn read_ahead(store: Store, messages: &[Listed]) -> io::Result<VecDeque<(BlobId, Bytes)>> {
    let (mut blobs, mut size) = (Vec::new(), 0);
    for message in messages.iter().take(AHEAD) {
        size += message.size;
        if size > AHEAD_OCTETS && !blobs.is_empty() {
            break;
        }
        blobs.push(message.blob);
    }
    let read = spawn_blocking(move || Ok((store.beginnings(&blobs)?, blobs)));
    let read: Result<_, database::Failure> = read.await.map_err(io::Error::other)?;
    let (pieces, blobs) = read.map_err(io::Error::other)?;
    Ok(blobs.into_iter().zip(pieces).collect())
}

/// Makes what a client says one claim, whatever the command.
fn claim(login: Login) -> Option<Claim> {
    match login {
        Login::Password { user, password } => {
            Some(Claim::Password(Credentials::new(&user.to_string(), password).ok()?))
        }
        Login::Sasl(claim) => Some(claim),
        _ => None,
    }
}

fn wrong() -> Response {
    refuse(ResponseCode::Auth, "not by that name and password")
}

fn broken() -> Response {
    refuse(ResponseCode::SysTemp, "local error")
}

fn unavailable(error: &database::Failure) -> Response {
    error!(%error, "an INBOX is not available");
    refuse(ResponseCode::SysTemp, "the store is not available")
}

fn refuse(code: ResponseCode, text: &'static str) -> Response {
    Response::err(Text::from_static(text)).with_code(code)
}

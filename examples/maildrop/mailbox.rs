//! One session's view of the messages, as the protocol asks for it.
use std::{
    fs,
    io::{self, Read},
    path::PathBuf,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use homing::{
    pop3::{Maildrop, Response, ResponseCode, Text, server::Login, tokio::Handler},
    sasl::scram::{Lookup, Verifier},
};
use tokio::{
    io::{AsyncRead, ReadBuf},
    sync::OwnedMutexGuard,
    task::spawn_blocking,
};

use crate::{
    Failure, Shared,
    maildir::{Sizes, list, remove},
};

/// One session's view of the messages.
pub(crate) struct Mailbox {
    shared: Arc<Shared>,
    held: Option<OwnedMutexGuard<Sizes>>,
    files: Vec<PathBuf>,
}

impl Mailbox {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, held: None, files: Vec::new() }
    }
}

impl Handler for Mailbox {
    type Message = Message;

    async fn log_in(&mut self, login: Login) -> Result<Maildrop, Response> {
        if !self.shared.account.admits(&login) {
            return Err(refuse(ResponseCode::Auth, "not by that name and password"));
        }
        let held = Arc::clone(&self.shared.sizes).try_lock_owned();
        let mut held = held.map_err(|_| refuse(ResponseCode::InUse, "another session is open"))?;
        let maildir = self.shared.maildir.clone();
        let listed = spawn_blocking(move || list(&maildir, &mut held).map(|listed| (listed, held)));
        let broken = |_| refuse(ResponseCode::SysTemp, "the Maildir cannot be read");
        let listed = listed.await.map_err(Failure::from).and_then(|listed| listed);
        let ((files, maildrop), held) = listed.map_err(broken)?;
        (self.files, self.held) = (files, Some(held));
        Ok(maildrop)
    }

    async fn verifier(&mut self, lookup: Lookup) -> Result<Verifier, Response> {
        Ok(self.shared.account.verifier(&lookup))
    }

    async fn retrieve(&mut self, index: usize) -> io::Result<Message> {
        fs::File::open(self.files.get(index).ok_or(io::ErrorKind::NotFound)?).map(Message)
    }

    async fn commit(&mut self, deleted: Vec<usize>) -> Result<(), Response> {
        let files = deleted.into_iter().filter_map(|index| self.files.get(index).cloned());
        let (files, maildir) = (files.collect::<Vec<_>>(), self.shared.maildir.clone());
        let removed = spawn_blocking(move || remove(&files, &maildir)).await;
        // The client may come back as soon as it has the answer.
        self.held = None;
        match removed {
            Ok(Ok(())) => Ok(()),
            _ => Err(refuse(ResponseCode::SysTemp, "some deleted messages not removed")),
        }
    }
}

fn refuse(code: ResponseCode, text: &'static str) -> Response {
    Response::err(Text::from_static(text)).with_code(code)
}

/// A file that is read without going to another thread: that would take longer than reading does.
pub(crate) struct Message(fs::File);

impl AsyncRead for Message {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = self.0.read(into.initialize_unfilled());
        Poll::Ready(read.map(|length| into.advance(length)))
    }
}

//! A message that is read piece by piece.
use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, ReadBuf},
    task::{JoinHandle, spawn_blocking},
};

use super::{BlobId, Store, octets::PIECE};
use crate::database::Failure;

/// A message that is read piece by piece, on threads that may wait.
pub(crate) struct Reader {
    store: Store,
    blob: BlobId,
    offset: u64,
    piece: Bytes,
    /// Whether the last piece has come: it is shorter than the others.
    ended: bool,
    next: Option<JoinHandle<Result<Bytes, Failure>>>,
}

impl Reader {
    pub(crate) const fn new(store: Store, blob: BlobId) -> Self {
        Self { store, blob, offset: 0, piece: Bytes::new(), ended: false, next: None }
    }

    /// Goes on from a first piece that has been read already.
    pub(crate) fn after(store: Store, blob: BlobId, piece: Bytes) -> Self {
        let (offset, ended) = (piece.len() as u64, piece.len() < PIECE);
        Self { store, blob, offset, piece, ended, next: None }
    }

    /// Reads the next piece, if the last one is used up.
    pub(crate) async fn fill(&mut self) -> io::Result<()> {
        std::future::poll_fn(|context| self.poll_fill(context)).await
    }

    /// Returns at most so many octets from the beginning.
    pub(crate) async fn beginning(mut self, at_most: usize) -> io::Result<Bytes> {
        self.fill().await?;
        self.piece.truncate(at_most);
        Ok(self.piece)
    }

    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.piece.is_empty() || self.ended {
            return Poll::Ready(Ok(()));
        }
        let next = self.next.get_or_insert_with(|| {
            let (store, blob, offset) = (self.store.clone(), self.blob, self.offset);
            spawn_blocking(move || store.octets(blob, offset, PIECE))
        });
        let read = ready!(Pin::new(next).poll(context));
        self.next = None;
        let piece = read.map_err(io::Error::other)?.map_err(io::Error::other)?;
        self.offset += piece.len() as u64;
        self.ended = piece.len() < PIECE;
        self.piece = piece;
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_fill(context))?;
        let length = self.piece.len().min(into.remaining());
        into.put_slice(&self.piece.split_to(length));
        Poll::Ready(Ok(()))
    }
}

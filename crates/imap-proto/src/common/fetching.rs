//! Messages as they arrive.
use alloc::vec::Vec;

use bytes::Bytes;

use super::{
    Error,
    talk::{Drive, Sink, Talk, ended},
};
use crate::{Content, Fetch, FetchItem, Response, Tag, client::Event, command::Command};

/// Where the answer to a FETCH stands.
#[derive(Debug)]
pub(crate) struct Flow {
    tag: Tag,
    /// Whether octets of the message may follow.
    open: bool,
    over: bool,
}

impl Flow {
    pub(crate) fn begin<D: Drive>(talk: &mut Talk<D>, fetch: Command) -> Result<Self, Error> {
        Ok(Self { tag: talk.give(fetch)?, open: false, over: false })
    }

    /// Takes the next message, with its items up to octets that stream; passes over what is left
    /// of the last one.
    pub(crate) async fn next<D: Drive>(
        &mut self,
        talk: &mut Talk<D>,
    ) -> Result<Option<Fetch>, Error> {
        while self.open {
            self.piece(talk, &mut Vec::new()).await?;
        }
        while !self.over {
            match talk.event().await? {
                Event::Body(fetch) => {
                    self.open = true;
                    return Ok(Some(fetch));
                }
                Event::Response(Response::Fetch(fetch)) => return Ok(Some(fetch)),
                Event::Done { tag, condition, text } if tag == self.tag => {
                    self.over = true;
                    ended(condition, text, Vec::new())?;
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Takes the next octets that stream, and items that come between them and after.
    pub(crate) async fn piece<D: Drive>(
        &mut self,
        talk: &mut Talk<D>,
        items: &mut Vec<FetchItem>,
    ) -> Result<Option<Bytes>, Error> {
        while self.open {
            match talk.event().await? {
                Event::Octets(octets) => return Ok(Some(octets)),
                Event::Body(fetch) => items.extend(fetch.items),
                Event::Response(Response::Fetch(rest)) => {
                    items.extend(rest.items);
                    self.open = false;
                }
                // Nothing else can come before the message is over.
                _ => self.open = false,
            }
        }
        Ok(None)
    }

    /// Writes the octets of a message in their order, whether they stream or came with the items.
    pub(crate) async fn copy<D: Drive>(
        &mut self,
        talk: &mut Talk<D>,
        items: &mut Vec<FetchItem>,
        mut into: impl Sink,
    ) -> Result<u64, Error> {
        let (mut written, mut seen) = (0, 0);
        loop {
            let piece = self.piece(talk, items).await?;
            // What came with items came before what streams after them.
            let fresh = items.get(seen..).unwrap_or_default();
            let kept = fresh.iter().filter_map(|item| match item.content()? {
                Content::Octets(octets) => Some(octets),
                _ => None,
            });
            for octets in kept.chain(&piece) {
                into.write(octets).await.map_err(Error::Message)?;
                written += octets.len() as u64;
            }
            seen = items.len();
            if piece.is_none() {
                into.flush().await.map_err(Error::Message)?;
                return Ok(written);
            }
        }
    }
}

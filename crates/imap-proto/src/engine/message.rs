//! Octets of messages, as they are needed.
use core::num::NonZeroU32;

use bytes::{Bytes, BytesMut};

use super::{Failure, Limits, Mailbox};

/// A message whose octets are read when they are asked for, and once.
#[derive(Debug)]
pub(super) struct Lazy {
    pub(super) uid: NonZeroU32,
    size: u64,
    /// The beginning, or all of it.
    octets: Bytes,
}

impl Lazy {
    pub(super) const fn new(uid: NonZeroU32, size: u64) -> Self {
        Self { uid, size, octets: Bytes::new() }
    }

    /// Returns the header with its blank line, if that is within the limits.
    pub(super) fn header<M: Mailbox>(
        &mut self,
        mailbox: &mut M,
        limits: &Limits,
    ) -> Result<Bytes, Failure> {
        let mut wanted = u64::try_from(limits.piece).unwrap_or(u64::MAX);
        loop {
            let wanted_now = wanted.min(self.size).min(limits.parsed);
            self.read(mailbox, wanted_now, limits)?;
            if let Some(end) = header_end(&self.octets) {
                return Ok(self.octets.slice(..end));
            }
            if wanted_now < wanted {
                return Ok(self.octets.clone());
            }
            wanted = wanted.saturating_mul(2);
        }
    }

    /// Returns the message, or as much of it as the limits let in.
    pub(super) fn whole<M: Mailbox>(
        &mut self,
        mailbox: &mut M,
        limits: &Limits,
    ) -> Result<Bytes, Failure> {
        self.read(mailbox, self.size.min(limits.parsed), limits)?;
        Ok(self.octets.clone())
    }

    fn read<M: Mailbox>(
        &mut self,
        mailbox: &mut M,
        wanted: u64,
        limits: &Limits,
    ) -> Result<(), Failure> {
        let wanted = usize::try_from(wanted).map_err(|_| Failure::Limit)?;
        if self.octets.len() >= wanted {
            return Ok(());
        }
        let mut at = self.octets.len();
        let first = read_at(mailbox, self.uid, at, wanted - at)?;
        at += first.len();
        if self.octets.is_empty() && at >= wanted {
            self.octets = first;
            return Ok(());
        }
        let mut all = BytesMut::from(&self.octets[..]);
        all.extend_from_slice(&first);
        while at < wanted {
            let piece = read_at(mailbox, self.uid, at, (wanted - at).max(limits.piece))?;
            if piece.is_empty() {
                // It is shorter than the store said.
                return Err(Failure::Corruption);
            }
            at += piece.len();
            all.extend_from_slice(&piece);
        }
        all.truncate(wanted);
        self.octets = all.freeze();
        Ok(())
    }
}

fn read_at<M: Mailbox>(
    mailbox: &mut M,
    uid: NonZeroU32,
    at: usize,
    at_most: usize,
) -> Result<Bytes, Failure> {
    mailbox.read(uid, u64::try_from(at).unwrap_or(u64::MAX), at_most)
}

/// Where the header ends, its blank line included: lines end with CRLF, or LF alone.
fn header_end(octets: &[u8]) -> Option<usize> {
    let blank = |at: usize| match octets.get(at..)? {
        [b'\n', ..] => Some(at + 1),
        [b'\r', b'\n', ..] => Some(at + 2),
        _ => None,
    };
    blank(0).or_else(|| memchr::memchr_iter(b'\n', octets).find_map(|at| blank(at + 1)))
}

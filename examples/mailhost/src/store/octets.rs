//! The octets of messages: on their way in, and where they are kept.
use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use bytes::Bytes;
use sha2::{Digest, Sha256};

use super::Store;
use crate::database::{Connection, Failure, Value};

/// How many octets a row has at most.
pub(super) const PIECE: usize = 256 * 1024;

/// How many octets of a message that arrives are held in memory; the rest goes to a file.
const HELD: usize = PIECE;

/// The number of octets that are kept.
pub(crate) type BlobId = i64;

/// A message on its way in: small ones in memory, large ones in a file that has no name.
pub(crate) struct Spool {
    held: Vec<u8>,
    file: Option<File>,
    hash: Sha256,
    size: u64,
    crlf: CrlfCount,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Self {
            held: Vec::new(),
            file: None,
            hash: Sha256::new(),
            size: 0,
            crlf: CrlfCount::default(),
        }
    }

    /// Takes the next octets; `directory` is where a file may be.
    pub(crate) fn write(&mut self, octets: &[u8], directory: &Path) -> io::Result<()> {
        self.hash.update(octets);
        self.crlf.count(octets);
        self.size += octets.len() as u64;
        if let Some(file) = &mut self.file {
            return file.write_all(octets);
        }
        self.held.extend_from_slice(octets);
        if self.held.len() > HELD {
            let mut file = tempfile::tempfile_in(directory)?;
            file.write_all(&std::mem::take(&mut self.held))?;
            self.file = Some(file);
        }
        Ok(())
    }

    /// Ends it: the octets, ready to be kept.
    pub(crate) fn finish(self) -> Octets {
        Octets {
            held: self.held.into(),
            file: self.file.map(Arc::new),
            hash: self.hash.finalize().to_vec(),
            size: self.size,
            crlf_size: self.crlf.size(),
        }
    }
}

/// A whole message that is not kept yet. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Octets {
    held: Bytes,
    file: Option<Arc<File>>,
    hash: Vec<u8>,
    size: u64,
    crlf_size: u64,
}

impl Octets {
    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Returns at most so many octets from the beginning.
    pub(crate) fn beginning(&self, at_most: usize) -> io::Result<Bytes> {
        let Some(file) = &self.file else {
            return Ok(self.held.slice(..at_most.min(self.held.len())));
        };
        let length = usize::try_from(self.size).unwrap_or(at_most).min(at_most);
        let mut octets = vec![0; length];
        file.read_exact_at(&mut octets, 0)?;
        Ok(octets.into())
    }

    /// Keeps them, within a transaction; those that are kept already are not kept twice.
    pub(crate) fn keep(&self, connection: &mut dyn Connection) -> Result<BlobId, Failure> {
        let sql = "SELECT id FROM blobs WHERE hash = $1";
        let hash = [Value::from(self.hash.clone())];
        if let Some(row) = connection.row(sql, &hash)? {
            return Ok(row.int(0));
        }
        let sql = "INSERT INTO blobs (hash, size, crlf_size) VALUES ($1, $2, $3) \
                   ON CONFLICT DO NOTHING RETURNING id";
        let values = [self.hash.clone().into(), int(self.size), int(self.crlf_size)];
        let Some(row) = connection.row(sql, &values)? else {
            // Another host was faster by a moment; what it keeps is seen once it has committed.
            return Err(Failure::Conflict);
        };
        let id = row.int(0);
        let mut insert = |number: i64, octets: Vec<u8>| {
            let sql = "INSERT INTO pieces (blob, number, octets) VALUES ($1, $2, $3)";
            connection.run(sql, &[id.into(), number.into(), octets.into()])
        };
        let Some(file) = &self.file else {
            insert(0, self.held.to_vec())?;
            return Ok(id);
        };
        for (number, offset) in (0..).zip((0..self.size).step_by(PIECE)) {
            let left = usize::try_from(self.size - offset).unwrap_or(PIECE);
            let mut piece = vec![0; left.min(PIECE)];
            file.read_exact_at(&mut piece, offset)
                .map_err(|error| Failure::Broken(error.into()))?;
            insert(number, piece)?;
        }
        Ok(id)
    }
}

/// Counts octets as POP3 sends them: each line ends in CRLF, the last one too, and NUL is left
/// out.
#[derive(Default)]
struct CrlfCount {
    size: u64,
    last: Option<u8>,
    open: bool,
}

impl CrlfCount {
    fn count(&mut self, octets: &[u8]) {
        for &octet in octets {
            self.size += match octet {
                0 => 0,
                b'\n' if self.last == Some(b'\r') => 0,
                b'\r' | b'\n' => 2,
                _ => 1,
            };
            self.open = !matches!(octet, b'\r' | b'\n') && (self.open || octet != 0);
            self.last = Some(octet);
        }
    }

    const fn size(&self) -> u64 {
        self.size + if self.open { 2 } else { 0 }
    }
}

impl Store {
    /// Returns octets from an offset on, at most so many, and at least one unless they end there.
    pub(crate) fn octets(
        &self,
        blob: BlobId,
        offset: u64,
        at_most: usize,
    ) -> Result<Bytes, Failure> {
        let (number, skipped) = (offset / PIECE as u64, offset % PIECE as u64);
        let sql = "SELECT octets FROM pieces WHERE blob = $1 AND number = $2";
        let values = [blob.into(), int(number)];
        let Some(mut row) = self.readers.read(|connection| connection.row(sql, &values))? else {
            return Ok(Bytes::new());
        };
        let mut piece = Bytes::from(row.blob(0));
        let skipped = usize::try_from(skipped).map_err(|_| Failure::Damaged)?;
        let mut octets = piece.split_off(skipped.min(piece.len()));
        octets.truncate(at_most);
        Ok(octets)
    }

    /// Returns the first pieces of several, in their order, up to one that is gone.
    pub(crate) fn beginnings(&self, blobs: &[BlobId]) -> Result<Vec<Bytes>, Failure> {
        let sql = "SELECT octets FROM pieces WHERE blob = $1 AND number = 0";
        self.readers.read(|connection| {
            let mut pieces = Vec::with_capacity(blobs.len());
            for blob in blobs {
                let Some(mut row) = connection.row(sql, &[(*blob).into()])? else { break };
                pieces.push(row.blob(0).into());
            }
            Ok(pieces)
        })
    }

    /// Throws away octets that nobody refers to any more.
    pub(super) fn sweep(connection: &mut dyn Connection, blobs: &[BlobId]) -> Result<(), Failure> {
        for blob in blobs {
            let blob = [Value::from(*blob)];
            let sql = "SELECT 1 FROM blobs WHERE id = $1 \
                       AND NOT EXISTS (SELECT 1 FROM messages WHERE blob = blobs.id) \
                       AND NOT EXISTS (SELECT 1 FROM queued WHERE blob = blobs.id)";
            if connection.row(sql, &blob)?.is_some() {
                connection.run("DELETE FROM pieces WHERE blob = $1", &blob)?;
                connection.run("DELETE FROM blobs WHERE id = $1", &blob)?;
            }
        }
        Ok(())
    }
}

pub(super) fn int(number: u64) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

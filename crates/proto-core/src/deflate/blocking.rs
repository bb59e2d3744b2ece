//! Compression over std's streams.
use alloc::vec;
use core::time::Duration;
use std::io::{self, Read, Write};

use bytes::Buf;

use super::{Compressed, PIECE};
use crate::blocking::Stream;

impl<S: Stream> Compressed<S> {
    /// Writes what is compressed.
    fn write_owed(&mut self) -> io::Result<()> {
        while !self.codec.owed.is_empty() {
            let written = self.stream.write(&self.codec.owed)?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.codec.owed.advance(written);
        }
        Ok(())
    }
}

impl<S: Stream> Read for Compressed<S> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        loop {
            let made = self.codec.inflate(space)?;
            if made > 0 || self.codec.ended || space.is_empty() {
                return Ok(made);
            }
            let mut raw = vec![0; PIECE];
            let read = self.stream.read(&mut raw)?;
            if read == 0 {
                return Ok(0);
            }
            self.codec.arrived.extend_from_slice(raw.get(..read).unwrap_or_default());
        }
    }
}

/// What is taken is compressed at once; [`flush`](Write::flush) has it written.
impl<S: Stream> Write for Compressed<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.write_owed()?;
        self.codec.deflate(octets)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_owed()?;
        self.stream.flush()
    }
}

impl<S: Stream> Stream for Compressed<S> {
    fn set_timeout(&mut self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_timeout(timeout)
    }
}

use alloc::{boxed::Box, vec, vec::Vec};
use core::time::Duration;
use std::io::{Read, Write};

use proptest::prelude::*;

use super::*;
use crate::{
    blocking::{self, Stream},
    driver::Error,
    toy::Toy,
};

fn codec() -> Codec {
    Codec::new(Bytes::new())
}

fn compressed(octets: &[u8]) -> Vec<u8> {
    let mut codec = codec();
    let mut rest = octets;
    while !rest.is_empty() {
        let taken = codec.deflate(rest).unwrap();
        rest = &rest[taken..];
    }
    codec.owed.to_vec()
}

/// What the other end sees, inflated through `space` octets of room.
fn inflated(codec: &mut Codec, octets: &[u8], space: usize) -> io::Result<Vec<u8>> {
    codec.arrived.extend_from_slice(octets);
    let (mut all, mut space) = (Vec::new(), vec![0; space]);
    loop {
        match codec.inflate(&mut space)? {
            0 => return Ok(all),
            made => all.extend_from_slice(&space[..made]),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_compressed_is_inflated_wherever_it_is_cut(
        octets: Vec<u8>, repeated in 1..300_usize, cut: prop::sample::Index, space in 1..100_usize,
    ) {
        let octets = octets.repeat(repeated);
        let small = compressed(&octets);
        let (mut codec, at) = (codec(), cut.index(small.len() + 1));
        let mut all = inflated(&mut codec, &small[..at], space).unwrap();
        all.extend(inflated(&mut codec, &small[at..], space).unwrap());
        prop_assert!(all == octets);
    }

    #[test]
    fn octets_of_any_kind_do_not_panic(octets: Vec<u8>, space in 1..100_usize) {
        let mut codec = codec();
        codec.arrived.extend_from_slice(&octets);
        let mut space = vec![0; space];
        for _ in 0..1000 {
            if !matches!(codec.inflate(&mut space), Ok(1..)) {
                break;
            }
        }
    }
}

/// A thousandfold is the most that DEFLATE makes of an octet.
#[test]
fn a_bomb_is_inflated_no_further_than_there_is_room() {
    let mut codec = codec();
    let small = compressed(&vec![0; 1_000_000]);
    assert!(small.len() < 5_000);
    codec.arrived.extend_from_slice(&small);
    let (mut space, mut all) = ([0; 1000], 0);
    loop {
        let made = codec.inflate(&mut space).unwrap();
        if made == 0 {
            break;
        }
        all += made;
        assert!(made <= 1000 && codec.arrived.len() <= small.len());
    }
    assert_eq!(all, 1_000_000);
}

#[test]
fn what_is_no_deflate_is_an_error() {
    // The fourth kind of block, which there is not.
    assert!(inflated(&mut codec(), &[0xFF; 20], 100).is_err());
}

/// A stream that gives what it was given, and keeps what it is given.
struct Still {
    gives: io::Cursor<Vec<u8>>,
    kept: std::sync::mpsc::Sender<Vec<u8>>,
}

impl Read for Still {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.gives.read(space)
    }
}

impl Write for Still {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.kept.send(octets.to_vec()).unwrap();
        Ok(octets.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Stream for Still {
    fn set_timeout(&mut self, _: Option<Duration>) -> io::Result<()> {
        Ok(())
    }
}

/// What a peer says that has us agree to compression, and what it says next, all at once.
fn agreed(next: &[u8]) -> Vec<u8> {
    [b"deflate\r\n".to_vec(), compressed(next)].concat()
}

/// What came in one read with the agreement is compressed already.
#[test]
fn a_blocking_driver_compresses_from_the_octet_after_the_agreement() {
    let (kept, heard) = std::sync::mpsc::channel();
    let gives = io::Cursor::new(agreed(b"one\r\ntwo\r\n"));
    let stream: blocking::BoxStream = Box::new(Still { gives, kept });
    let mut driver = blocking::Driver::new(stream, Toy::new);
    let mut lines = Vec::new();
    while let Some(line) = driver.next().unwrap() {
        driver.machine().answer(&line);
        if line == "deflate" {
            driver.compress().unwrap();
        }
        lines.push(line);
    }
    assert_eq!(lines, ["deflate", "one", "two"]);
    drop(driver);
    let wire = heard.iter().collect::<Vec<_>>().concat();
    let small = wire.strip_prefix(b"hello\r\ndeflate\r\n").unwrap();
    assert_eq!(inflated(&mut codec(), small, 100).unwrap(), b"one\r\ntwo\r\n");
}

#[test]
fn a_session_that_has_not_agreed_is_not_compressed() {
    let (kept, _heard) = std::sync::mpsc::channel();
    let gives = io::Cursor::new(b"one\r\n".to_vec());
    let stream: blocking::BoxStream = Box::new(Still { gives, kept });
    let mut driver = blocking::Driver::new(stream, Toy::new);
    driver.next().unwrap();
    assert!(matches!(driver.compress(), Err(Error::NotReadyForCompression)));
}

#[cfg(feature = "tokio")]
mod over_tokio {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;
    use crate::tokio::{BoxStream, Driver};

    /// The peer takes little at a time, and says the next thing before and after the agreement.
    #[tokio::test]
    async fn the_driver_compresses_from_the_octet_after_the_agreement() {
        let (ours, mut theirs) = duplex(64);
        let long = b"one\r\n".repeat(10_000);
        let said = agreed(&long);
        let peer = tokio::spawn(async move {
            let (mut reader, mut writer) = tokio::io::split(&mut theirs);
            let mut wire = Vec::new();
            let talk = async {
                writer.write_all(&said).await.unwrap();
                writer.shutdown().await.unwrap();
            };
            let (_, read) = tokio::join!(talk, reader.read_to_end(&mut wire));
            read.unwrap();
            wire
        });
        let mut driver = Driver::new(Box::new(ours) as BoxStream, Toy::new);
        while let Some(line) = driver.next().await.unwrap() {
            driver.machine().answer(&line);
            if line == "deflate" {
                // What comes while the application thinks is compressed, too.
                driver.wait(tokio::time::sleep(Duration::from_millis(2))).await.unwrap();
                driver.compress().await.unwrap();
            }
        }
        let wire = peer.await.unwrap();
        let small = wire.strip_prefix(b"hello\r\ndeflate\r\n").unwrap();
        assert!(inflated(&mut codec(), small, 100).unwrap() == long);
    }
}

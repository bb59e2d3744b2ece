//! Walks a message of so many megabytes, made as it goes, in the memory of one piece:
//! `cargo run --release -p homing-mime --example walk -- 1024`.
use mime::{Decoder, Encoding, Event, Parser};

const HEADER: &[u8] = b"Subject: large\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
    Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";

fn main() {
    let megabytes: u64 = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(64);
    let line = [b"QUJD".repeat(19), b"\r\n".to_vec()].concat();
    let piece = line.repeat((64 << 10) / line.len());
    let pieces = (megabytes << 20) / piece.len() as u64;

    let (mut parser, mut decoder) = (Parser::default(), Decoder::new(Encoding::Base64));
    let (mut walked, mut decoded, mut content) = (0, 0, Vec::new());
    let mut note = |parser: &mut Parser| {
        while let Some(event) = parser.poll() {
            walked += event.octets().len() as u64;
            if let Event::Body(octets) = event {
                content.clear();
                decoder.feed(&octets, &mut content);
                decoded += content.len() as u64;
            }
        }
    };
    parser.feed(HEADER);
    for _ in 0..pieces {
        parser.feed(&piece);
        note(&mut parser);
    }
    parser.feed(b"--b--\r\n");
    parser.finish();
    note(&mut parser);
    println!("{walked} octets walked, {decoded} decoded");
    // Linux says how much memory it ever was.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().filter(|line| line.starts_with("VmHWM")).for_each(|line| println!("{line}"));
}

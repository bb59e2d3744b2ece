//! The others.
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};

use stalwart::request::receiver::DataReceiver;
use stalwart::{EhloResponse, Request};

use crate::cases::{EHLO, Material};

pub fn receive_stalwart(material: &mut Material) {
    let out = &mut material.out;
    out.clear();
    let mut receiver = DataReceiver::new();
    for read in black_box(&material.wire).chunks(16 << 10) {
        if receiver.ingest(&mut read.iter(), out) {
            break;
        }
    }
    black_box(out);
}

/// mailin takes lines, so its caller has to look for them.
pub fn receive_mailin(material: &mut Material) {
    struct Nobody;
    impl mailin::Handler for Nobody {}
    let builder = mailin::SessionBuilder::new("mx.example.org");
    let mut session = builder.build(IpAddr::V4(Ipv4Addr::LOCALHOST), Nobody);
    for line in ["EHLO a.b\r\n", "MAIL FROM:<a@b.c>\r\n", "RCPT TO:<d@e.f>\r\n", "DATA\r\n"] {
        black_box(session.process(line.as_bytes()));
    }
    let wire = black_box(&material.wire);
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', wire) {
        black_box(session.process(&wire[from..=end]));
        from = end + 1;
    }
}

/// What stuffing cannot cost less than: nothing is checked.
pub fn stuff_memmem(material: &mut Material) {
    material.out.clear();
    stuff(black_box(&material.mail), &mut material.out);
    black_box(&material.out);
}

pub fn stuff(mail: &[u8], out: &mut Vec<u8>) {
    let mut from = 0;
    for at in memchr::memmem::find_iter(mail, b"\r\n.") {
        out.extend_from_slice(&mail[from..at + 3]);
        out.push(b'.');
        from = at + 3;
    }
    out.extend_from_slice(&mail[from..]);
    out.extend_from_slice(b".\r\n");
}

pub fn commands_stalwart(material: &mut Material) {
    for line in &material.wire_lines {
        let _ = black_box(Request::parse(&mut black_box(line).iter()).expect("a command"));
    }
}

pub fn ehlo_stalwart(_: &mut Material) {
    let _ = black_box(EhloResponse::parse(&mut black_box(EHLO.as_bytes()).iter()).expect("one"));
}

pub fn reply_lettre(_: &mut Material) {
    let reply = black_box(EHLO).parse::<lettre::transport::smtp::response::Response>();
    let _ = black_box(reply.expect("a reply"));
}

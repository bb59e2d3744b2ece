//! Our own.
use std::hint::black_box;

use proto_core::Input;
use proto_core::dot::{BarePolicy, Piece, Stuffer, Unstuffer};
use smtp_proto::{Capabilities, Command, Leniency, Reply};

use crate::cases::{EHLO, Material};

/// As a session does: reads of 16 KiB are put into the input, pieces come out.
pub fn receive(material: &mut Material) {
    let (mut input, mut body) = (Input::default(), Unstuffer::new(BarePolicy::Reject));
    for read in black_box(&material.wire).chunks(16 << 10) {
        input.push(read);
        drain(&mut body, &mut input);
    }
}

/// All of it at once.
pub fn unstuff(material: &mut Material) {
    let (mut input, mut body) = (Input::default(), Unstuffer::new(BarePolicy::Reject));
    input.push(black_box(&material.wire));
    drain(&mut body, &mut input);
}

fn drain(body: &mut Unstuffer, input: &mut Input) {
    while let Some(piece) = body.next(input) {
        match piece {
            Piece::Data(octets) => drop(black_box(octets)),
            Piece::End(bare) => return assert_eq!(bare, None),
        }
    }
}

pub fn stuff_strictly(material: &mut Material) {
    stuff(material, BarePolicy::Reject);
}

pub fn stuff_promised(material: &mut Material) {
    stuff(material, BarePolicy::Pass);
}

fn stuff(material: &mut Material, policy: BarePolicy) {
    let out = &mut material.out_bytes;
    out.clear();
    let mut body = Stuffer::new(policy);
    body.write(black_box(&material.mail), out).expect("nothing is bare");
    body.finish(out).expect("nothing is bare");
    black_box(out);
}

pub fn commands(material: &mut Material) {
    for line in &material.lines {
        let _ = black_box(Command::parse(black_box(line), Leniency::default()).expect("one"));
    }
}

pub fn ehlo(_: &mut Material) {
    let reply = Reply::parse(black_box(EHLO.as_bytes())).expect("a reply");
    black_box(Capabilities::parse(&reply));
}

pub fn reply(_: &mut Material) {
    let _ = black_box(Reply::parse(black_box(EHLO.as_bytes())).expect("a reply"));
}

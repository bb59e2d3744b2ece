//! Proves that the whole family works without std: each crate does something of its own, and the
//! program exits with 0 if all of it went as it should, or with the number of what did not. The C
//! runtime starts it; nothing of Rust's std is linked.
#![no_std]
#![no_main]
extern crate alloc;

use core::panic::PanicInfo;

use homing::{
    delivery::Record,
    dns::{Message as DnsMessage, Name, Query, RecordType, recursive, recursive::ClientId},
    imap::SeqSet,
    mime::Message,
    pop3,
    proto_core::{
        Agent, Input, Instant, Machine, Step, Text, Transmit, Transport,
        dot::{BarePolicy, Piece, Unstuffer},
    },
    sasl::{
        Mechanism,
        scram::{Hash, Verifier},
    },
    smtp,
};
use static_alloc::Bump;

#[global_allocator]
static HEAP: Bump<[u8; 1 << 22]> = Bump::uninit();

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}

/// What the C runtime calls. The attribute is why this crate cannot forbid unsafe code.
#[unsafe(no_mangle)]
extern "C" fn main() -> i32 {
    let works: [fn() -> Option<bool>; 8] =
        [core, sasl, mime, smtp, pop3, imap, dns, delivery];
    let failed = works.iter().position(|works| works() != Some(true));
    failed.map_or(0, |number| i32::try_from(number).unwrap_or(99) + 1)
}

fn core() -> Option<bool> {
    let mut input = Input::default();
    input.push(b"..\r\n.\r\n");
    let mut body = Unstuffer::new(BarePolicy::Reject);
    let data = body.next(&mut input) == Some(Piece::Data(".\r\n".into()));
    Some(data && body.next(&mut input) == Some(Piece::End(None)))
}

fn sasl() -> Option<bool> {
    Some(Mechanism::parse(b"plain").ok()? == Mechanism::PLAIN && scram()?)
}

fn scram() -> Option<bool> {
    let verifier = Verifier::new(Hash::Sha256, &"p\u{E9}ncil".into(), b"salt", 1).ok()?;
    let same = Verifier::new(Hash::Sha256, &"pe\u{301}ncil".into(), b"salt", 1).ok()?;
    Some(verifier == same)
}

fn mime() -> Option<bool> {
    let message = Message::parse(b"Subject: =?utf-8?q?o=C3=B9?=\r\n\r\nHello\r\n");
    Some(message.subject()? == "où")
}

fn smtp() -> Option<bool> {
    let config = smtp::server::Config::new("hamburger.edu".parse().ok()?);
    let mut session = smtp::server::Session::new(Instant::ORIGIN, config);
    session.receive(Instant::ORIGIN, b"HELO crepes.fr\r\nQUIT\r\n");
    while let Ok(Step::Event(_)) = session.poll() {
        session.accept().ok()?;
    }
    Some(session.poll() == Ok(Step::Closed) && session.output().starts_with(b"220 hamburger.edu"))
}

fn pop3() -> Option<bool> {
    let config = pop3::server::Config::new(Text::from_static("ready"));
    let mut session = pop3::server::Session::new(Instant::ORIGIN, config);
    session.receive(Instant::ORIGIN, b"QUIT\r\n");
    Some(session.poll() == Ok(Step::Closed) && session.output().starts_with(b"+OK ready\r\n"))
}

fn imap() -> Option<bool> {
    Some(SeqSet::parse(b"1:3,*").ok()?.contains(2, 9))
}

fn dns() -> Option<bool> {
    let root = ("a.root-servers.net".parse().ok()?, [198, 41, 0, 4].into());
    let mut resolver = recursive::Resolver::new(recursive::Config::new([root]), [7; 32]);
    let name: Name = "hamburger.edu".parse().ok()?;
    let query = Query::new(&name, RecordType::MX).recursion(true).write();
    let query = DnsMessage::parse(&query).ok()?;
    resolver.resolve(Instant::ORIGIN, ClientId(1), &query, Transport::Udp).ok()?;
    Some(matches!(resolver.transmit(), Some(Transmit::Send { .. })))
}

fn delivery() -> Option<bool> {
    Some(Record::parse("removed\t7\t.")?.write() == "removed\t7\t.\n")
}

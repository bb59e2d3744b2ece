//! Whatever servers say, every client has one reply, within the budget.
#![no_main]
use homing::dns::{
    Message, Query, RecordType,
    recursive::{ClientId, Config, Limits, Resolver},
};
use homing::proto_core::{Agent, Instant, Transmit, Transport};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|replies: Vec<Vec<u8>>| {
    let root = ("a.root".parse().expect("a name"), [192, 0, 2, 1].into());
    let limits = Limits { queries: 50, ..Limits::default() };
    let mut resolver = Resolver::new(Config { limits, ..Config::new([root]) }, [7; 32]);
    let name = "www.hamburger.edu".parse().expect("a name");
    let query = Query::new(&name, RecordType::A).recursion(true).write();
    let query = Message::parse(&query).expect("it was written");
    let mut now = Instant::ORIGIN;
    resolver.resolve(now, ClientId(1), &query, Transport::Tcp).expect("a query");
    let (mut replies, mut sent, mut answered) = (replies.into_iter(), 0, 0);
    loop {
        while let Some(transmit) = resolver.transmit() {
            let Transmit::Send { flow, message, .. } = transmit else { continue };
            sent += 1;
            // The id and the question are right; what follows them is not.
            let Some(reply) = replies.next() else { continue };
            let mut octets = message.to_vec();
            octets[2] |= 0x80;
            for (place, octet) in octets[3..12].iter_mut().zip(&reply) {
                *place = *octet;
            }
            octets[4..6].copy_from_slice(&[0, 1]);
            octets.truncate(12 + name_len(&message) + 4);
            octets.extend(reply.iter().skip(9));
            resolver.receive(now, flow, &octets);
        }
        answered += core::iter::from_fn(|| resolver.poll()).count();
        let Some(deadline) = resolver.deadline() else { break };
        now = now.max(deadline);
        resolver.expire(now);
    }
    assert!(sent <= 50 && answered == 1, "{sent} sent, {answered} answered");
});

fn name_len(query: &[u8]) -> usize {
    let message = Message::parse(query).expect("it was written");
    message.question().expect("a question").name.wire_len()
}

//! A letter's whole way without a socket: composed, submitted, queued, routed by DNS, relayed,
//! fetched and read, in one thread and no time at all.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use bytes::{Bytes, BytesMut};
use homing::{
    delivery::{Action, Answer, Config as QueueConfig, Peer, Queue, Submission},
    dns::{
        Authority, Message as DnsMessage, Name, Query, Rdata, Record, RecordType, Zone,
        recursive::{self, ClientId},
    },
    mime::{AddrSpec, Builder, DateTime, Mailbox, MediaType, Message},
    pop3::{self, Entry, Maildrop, MessageNumber, Response, UniqueId},
    proto_core::{Agent, Instant, Machine, Step, Text, Transmit, Transport},
    sasl::Credentials,
    smtp::{self, ForwardPath, ReversePath, client::Outcome},
};

const NOW: Instant = Instant::ORIGIN;

fn compose() -> Bytes {
    let mailbox = |name, local, domain| Mailbox::new(name, AddrSpec::new(local, domain).unwrap());
    let mut octets = BytesMut::new();
    Builder::new(DateTime::new(1_700_000_000, 60).unwrap())
        .message_id("1@crepes.fr".parse().unwrap())
        .from(mailbox("Alice", "alice", "crepes.fr"))
        .to(mailbox("Bob", "bob", "hamburger.edu"))
        .subject("Toppings, où ça?")
        .text("Do you like ketchup?\n.\nHow about pickles?\n")
        .attach("crêpe.png", MediaType::PNG, Bytes::from_static(b"\x89PNG\r\n\x1a\n\0"))
        .write(&mut octets);
    octets.freeze()
}

/// Carries octets between two machines until neither has more to say.
fn carry(client: &mut impl Machine, server: &mut impl Machine) {
    let said = client.output().split();
    if !said.is_empty() {
        server.receive(NOW, &said);
    }
    let answered = server.output().split();
    if !answered.is_empty() {
        client.receive(NOW, &answered);
    }
}

/// Sends a message from a client's session to a server's; returns what each of them has of it.
fn relay(to: &str, message: &[u8]) -> (Outcome, Vec<u8>) {
    let mut config = smtp::client::Config::new("crepes.fr".parse().unwrap());
    config.tls = smtp::client::Tls::Off;
    let mut client = smtp::client::Session::new(NOW, config);
    let config = smtp::server::Config::new("hamburger.edu".parse().unwrap());
    let mut server = smtp::server::Session::new(NOW, config);
    let (mut outcome, mut received, mut left) = (None, Vec::new(), message);
    loop {
        use smtp::{client::Event as C, server::Event as S};
        match client.poll().unwrap() {
            Step::Event(C::Ready) if outcome.is_none() => {
                let from = ReversePath::Mailbox("alice@crepes.fr".parse().unwrap());
                let to = ForwardPath::Mailbox(to.parse().unwrap());
                client.send(smtp::client::Envelope::new(from, vec![to])).unwrap();
            }
            Step::Event(C::SendBody) if left.is_empty() => client.body_end().unwrap(),
            Step::Event(C::SendBody) => {
                let (piece, rest) = left.split_at(left.len().min(100));
                client.body(piece).unwrap();
                left = rest;
            }
            Step::Event(C::Sent(what)) => {
                outcome = Some(what);
                client.quit().unwrap();
            }
            Step::Closed => return (outcome.unwrap(), received),
            _ => {}
        }
        match server.poll().unwrap() {
            Step::Event(S::Body(octets)) => received.extend_from_slice(&octets),
            Step::Event(_) => server.accept().unwrap(),
            _ => {}
        }
        carry(&mut client, &mut server);
    }
}

/// Fetches the only message of a maildrop.
fn fetch(message: &[u8]) -> Vec<u8> {
    let mut config = pop3::client::Config::default();
    (config.stls, config.login_without_tls) = (pop3::client::Stls::Never, true);
    let bob = Credentials::new("bob", "hungry".into()).unwrap();
    let mut client = pop3::client::Session::new(NOW, config, bob).unwrap();
    let config = pop3::server::Config::new(Text::from_static("ready"));
    let mut server = pop3::server::Session::new(NOW, config);
    let mut fetched = Vec::new();
    loop {
        use pop3::{client::Event as C, server::Event as S};
        match client.poll().unwrap() {
            Step::Event(C::Ready(_)) => {
                client.retrieve(MessageNumber::MIN).unwrap();
                client.quit().unwrap();
            }
            Step::Event(C::Body(octets)) => fetched.extend_from_slice(&octets),
            Step::Closed => return fetched,
            _ => {}
        }
        match server.poll().unwrap() {
            Step::Event(S::Login(_)) => {
                let id = UniqueId::new("1".into()).unwrap();
                let entry = Entry { size: message.len() as u64, id };
                server.admit(Maildrop::new(vec![entry]).unwrap(), Text::default()).unwrap();
            }
            Step::Event(S::Retrieve { .. }) => {
                server.respond(Response::ok(Text::default())).unwrap();
                server.send(message).unwrap();
                server.finish().unwrap();
            }
            Step::Event(_) => server.respond(Response::ok(Text::default())).unwrap(),
            _ => {}
        }
        carry(&mut client, &mut server);
    }
}

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// One server for everything: the root, and hamburger.edu below it.
fn authority() -> Authority {
    let soa = |apex: &Name| {
        let (primary, mailbox) = (apex.view(), apex.view());
        let (serial, refresh, retry, expire, minimum) = (1, 3600, 600, 86400, 60);
        let soa = Rdata::Soa { primary, mailbox, serial, refresh, retry, expire, minimum };
        Record::new(apex.clone(), 3600, soa)
    };
    let mut authority = Authority::default();
    let (zone, mail) = (name("hamburger.edu"), name("mail.hamburger.edu"));
    let mx = Rdata::Mx { preference: 10, exchange: mail.view() };
    let ns = Rdata::Ns { server: mail.view() };
    for records in [
        vec![soa(&Name::ROOT), Record::new(Name::ROOT, 3600, ns)],
        vec![
            soa(&zone),
            Record::new(zone.clone(), 3600, ns),
            Record::new(zone.clone(), 3600, mx),
            Record::address(mail.clone(), 3600, [192, 0, 2, 1].into()),
        ],
    ] {
        authority.insert(Zone::new(records).unwrap());
    }
    authority
}

fn look_up(owner: &Name, rtype: RecordType) -> Answer {
    let authority = authority();
    let config = recursive::Config::new([(name("root"), [192, 0, 2, 53].into())]);
    let mut resolver = recursive::Resolver::new(config, [7; 32]);
    let query = Query::new(owner, rtype).recursion(true).write();
    let query = DnsMessage::parse(&query).unwrap();
    resolver.resolve(NOW, ClientId(1), &query, Transport::Udp).unwrap();
    while let Some(transmit) = resolver.transmit() {
        if let Transmit::Send { flow, message, via, .. } = transmit {
            let mut answer = BytesMut::new();
            authority.respond(&message, via, &mut answer);
            resolver.receive(NOW, flow, &answer);
        }
    }
    let Some(recursive::Event::Reply { message, .. }) = resolver.poll() else { panic!("no reply") };
    Answer::of(&DnsMessage::parse(&message).unwrap())
}

fn host() -> (String, std::net::SocketAddr) {
    ("mail.hamburger.edu".into(), "192.0.2.1:25".parse().unwrap())
}

#[test]
fn alices_letter_reaches_bob_octet_for_octet() {
    let letter = compose();
    let mut queue = Queue::new(QueueConfig::new(name("crepes.fr")), 0);
    let from = ReversePath::Mailbox("alice@crepes.fr".parse().unwrap());
    queue.submit(NOW, 0, Submission::new(from, ["bob@hamburger.edu".parse().unwrap()])).unwrap();
    let mut arrived = None;
    while let Some(action) = queue.poll() {
        match action {
            Action::LookUp { link, name, rtype } => {
                queue.found(NOW, 0, link, rtype, look_up(&name, rtype));
            }
            Action::Connect { link, hop } => {
                assert_eq!((hop.label(), hop.address), host());
                queue.ready(NOW, 0, link, Peer::default());
            }
            Action::Send { link, envelope, .. } => {
                let to = envelope.recipients[0].to.mailbox().unwrap().clone();
                let (outcome, received) = relay(to.as_str(), &letter);
                arrived = Some(received);
                queue.sent(NOW, 0, link, &outcome);
            }
            _ => {}
        }
    }
    assert!(queue.is_empty());
    let arrived = arrived.unwrap();
    assert_eq!(arrived, letter);
    let fetched = fetch(&arrived);
    assert_eq!(fetched, letter);
    let read = Message::parse(&fetched);
    assert_eq!(read.defects(), []);
    assert_eq!(read.subject().unwrap(), "Toppings, où ça?");
    let parts: Vec<_> = read.parts().filter(|part| part.children().count() == 0).collect();
    assert_eq!(parts[0].text(), "Do you like ketchup?\r\n.\r\nHow about pickles?\r\n");
    assert_eq!(parts[1].file_name().unwrap(), "crêpe.png");
    assert_eq!(parts[1].content().octets(), b"\x89PNG\r\n\x1a\n\0");
}

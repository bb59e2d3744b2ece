use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;
use std::io;
use std::net::TcpListener;
use std::thread::{self, JoinHandle};

use proto_core::ChannelBinding;
use proto_core::blocking::{BoxStream, Driver};

use super::*;
use crate::client::{self, Delivery, Envelope};
use crate::server::{self, Event};
use crate::{Extension, ForwardPath, Reply, ReversePath};

/// Takes mail for everybody but Eve.
#[derive(Default)]
struct House {
    message: Vec<u8>,
    inbox: Vec<Vec<u8>>,
}

impl Handler for House {
    fn answer(&mut self, event: Event) -> Option<Reply> {
        match event {
            Event::Rcpt { to, .. } if to.to_string().contains("eve") => {
                return Some(Reply::new(550, "5.1.1 no Eve here").unwrap());
            }
            Event::Verdict(to) if to.to_string().contains("full") => {
                return Some(Reply::new(452, "4.2.2 over quota").unwrap());
            }
            Event::Body(piece) => self.message.extend_from_slice(&piece),
            Event::BodyEnd => self.inbox.push(core::mem::take(&mut self.message)),
            _ => {}
        }
        None
    }
}

/// A house on a port of its own, which serves one client.
fn house(config: server::Config, can_tls: bool) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = thread::spawn(move || {
        let stream = Box::new(listener.accept().unwrap().0) as BoxStream;
        let driver = Driver::new(stream, |now| server::Session::new(now, config));
        let mut house = House::default();
        let mut handshake = no_handshake;
        serve(driver, can_tls.then_some(&mut handshake as Handshake<'_>), &mut house).unwrap();
        house.inbox
    });
    (port, served)
}

/// TLS is the application's: here is none, but everything around it.
fn no_handshake(stream: BoxStream) -> io::Result<(BoxStream, Option<ChannelBinding>)> {
    Ok((stream, None))
}

fn config() -> server::Config {
    server::Config::new("hamburger.edu".parse().unwrap())
}

fn ours() -> client::Config {
    client::Config::new("crepes.fr".parse().unwrap())
}

fn at(port: u16, security: Security) -> Place {
    Place { port, ..Place::new("127.0.0.1", security) }
}

fn letter(recipients: &[&str]) -> Envelope {
    let to = |text: &&str| ForwardPath::Mailbox(text.parse().unwrap());
    Envelope::new(ReversePath::Null, recipients.iter().map(to).collect())
}

#[test]
fn a_letter_arrives_as_it_was_by_data_and_in_chunks() {
    for chunking in [false, true] {
        let (port, served) = house(config(), false);
        let mut config = ours();
        config.chunking = chunking;
        let place = at(port, Security::Plain);
        let mut client = Client::connect(&place, config, None, None).unwrap();
        let message = b"..a line with dots.\r\n".repeat(20_000);
        let outcome = client.send_octets(letter(&["bob@b.c", "eve@b.c"]), &message).unwrap();
        let said: Vec<_> = outcome.recipients.iter().map(|(_, delivery)| delivery).collect();
        assert!(matches!(said[..], [Delivery::Accepted(_), Delivery::Refused(..)]), "{said:?}");
        client.quit().unwrap();
        assert_eq!(served.join().unwrap(), [message]);
    }
}

#[test]
fn recipients_beyond_the_servers_limit_are_sent_the_message_anew() {
    let mut theirs = config();
    theirs.limits.recipients = 2;
    theirs.extensions = theirs.extensions.with(Extension::Limits);
    let (port, served) = house(theirs, false);
    let place = at(port, Security::Plain);
    let mut client = Client::connect(&place, ours(), None, None).unwrap();
    let all = ["1@b.c", "2@b.c", "3@b.c", "4@b.c", "5@b.c"];
    let outcome = client.send_octets(letter(&all), b"hi\r\n").unwrap();
    assert!(outcome.is_complete(), "{outcome:?}");
    let told: Vec<_> = outcome.recipients.iter().map(|(to, _)| to.to_string()).collect();
    assert_eq!(told, all.map(|it| alloc::format!("<{it}>")));
    client.quit().unwrap();
    assert_eq!(served.join().unwrap(), [b"hi\r\n", b"hi\r\n", b"hi\r\n"]);
}

#[test]
fn lmtp_gives_each_recipient_a_verdict() {
    let mut theirs = config();
    theirs.lmtp = true;
    let (port, served) = house(theirs, false);
    let mut config = ours();
    config.lmtp = true;
    let place = at(port, Security::Plain);
    let mut client = Client::connect(&place, config, None, None).unwrap();
    let outcome = client.send_octets(letter(&["bob@b.c", "full@b.c"]), b"hi\r\n").unwrap();
    let said: Vec<_> = outcome.recipients.iter().map(|(_, delivery)| delivery).collect();
    assert!(matches!(said[..], [Delivery::Accepted(_), Delivery::Refused(..)]), "{said:?}");
    client.quit().unwrap();
    assert_eq!(served.join().unwrap(), [b"hi\r\n"]);
}

#[test]
fn starttls_hands_the_stream_to_the_handshake_of_each_side() {
    let mut theirs = config();
    theirs.extensions = theirs.extensions.with(Extension::StartTls);
    let (port, served) = house(theirs, true);
    let place = at(port, Security::StartTls);
    let mut client = Client::connect(&place, ours(), Some(&mut no_handshake), None).unwrap();
    assert!(client.session().is_secured());
    assert!(client.send_octets(letter(&["bob@b.c"]), b"hi\r\n").unwrap().is_complete());
    client.quit().unwrap();
    assert_eq!(served.join().unwrap(), [b"hi\r\n"]);
}

#[test]
fn required_tls_without_a_handshake_connects_to_nobody() {
    for security in [Security::Tls, Security::StartTls] {
        let refused = Client::connect(&at(1, security), ours(), None, None);
        assert!(matches!(refused, Err(Error::NotReadyForTls)));
    }
}

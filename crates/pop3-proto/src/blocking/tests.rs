use alloc::{boxed::Box, vec, vec::Vec};
use std::{
    io,
    net::{TcpListener, TcpStream},
    thread,
};

use proto_core::{BindingKind, ChannelBinding, Text};
use sasl::{
    Credentials, Mechanism, Seed,
    scram::{Lookup, Verifier},
    server::Claim,
};

use super::*;
use crate::{
    Entry, Maildrop, Response, ResponseCode, UniqueId, client,
    server::{self, Login},
};

/// Bob's mail; deleted messages are emptied.
struct Bobs(Vec<Vec<u8>>);

impl Handler for Bobs {
    type Message = io::Cursor<Vec<u8>>;

    fn log_in(&mut self, login: Login) -> Result<Maildrop, Response> {
        let right = match login {
            Login::Password { password, .. } => password.matches(b"hungry"),
            Login::Sasl(Claim::Proved { authcid, .. }) => &*authcid == "bob",
            _ => false,
        };
        if !right {
            return Err(Response::err(Text::from_static("who?")).with_code(ResponseCode::Auth));
        }
        let entry = |(index, message): (usize, &Vec<u8>)| Entry {
            size: message.len() as u64,
            id: UniqueId::new(alloc::format!("m{index}").into()).unwrap(),
        };
        Ok(Maildrop::new(self.0.iter().enumerate().map(entry).collect()).unwrap())
    }

    fn verifier(&mut self, lookup: Lookup) -> Result<Verifier, Response> {
        Ok(Verifier::new(lookup.hash(), &"hungry".into(), b"salt", 4096).unwrap())
    }

    fn retrieve(&mut self, index: usize) -> io::Result<Self::Message> {
        Ok(io::Cursor::new(self.0[index].clone()))
    }

    fn commit(&mut self, deleted: Vec<usize>) -> Result<(), Response> {
        deleted.iter().for_each(|index| self.0[*index].clear());
        Ok(())
    }
}

/// TLS that is none, but has a name.
fn handshake(stream: BoxStream) -> io::Result<(BoxStream, Option<ChannelBinding>)> {
    let channel = ChannelBinding::new(BindingKind::TlsExporter, "the channel".into());
    Ok((stream, Some(channel)))
}

fn connection() -> (BoxStream, BoxStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (Box::new(listener.accept().unwrap().0), Box::new(client))
}

fn serving(stream: BoxStream, mail: Vec<Vec<u8>>) -> thread::JoinHandle<Vec<Vec<u8>>> {
    let mut config = server::Config::new(Text::from_static("ready"));
    config.stls = true;
    config.mechanisms = vec![Mechanism::SCRAM_SHA_256_PLUS];
    let driver =
        Driver::new(stream, |now| server::Session::new(now, config).with_seed(Seed::new([1; 32])));
    thread::spawn(move || {
        let mut bobs = Bobs(mail);
        serve(driver, Some(&mut handshake), &mut bobs).unwrap();
        bobs.0
    })
}

fn client_over(stream: BoxStream, stls: client::Stls, password: &str) -> Boxed<client::Session> {
    let mut config = client::Config::default();
    (config.stls, config.login_without_tls) = (stls, true);
    let bob = Credentials::new("bob", password.into()).unwrap();
    Driver::new(stream, |now| {
        client::Session::new(now, config, bob).unwrap().with_seed(Seed::new([2; 32]))
    })
}

#[test]
fn messages_of_any_size_are_fetched_and_deleted() {
    let (theirs, ours) = connection();
    let large = b"..dots and lines\r\n".repeat(20_000);
    let server = serving(theirs, vec![b"Hello\r\n".to_vec(), large.clone()]);
    let driver = client_over(ours, client::Stls::Never, "hungry");
    let mut client = Client::open(driver, None).unwrap();
    let sizes = client.sizes().unwrap();
    assert_eq!(client.ids().unwrap()[1].1.as_bytes(), b"m1");
    let mut fetched = Vec::new();
    client.retrieve(sizes[1].0, &mut fetched).unwrap();
    assert_eq!(fetched, large);
    client.delete(sizes[0].0).unwrap();
    assert!(matches!(client.delete(sizes[0].0), Err(Error::Refused(_))));
    client.quit().unwrap();
    assert_eq!(server.join().unwrap()[0], b"");
}

#[test]
fn a_login_is_bound_to_the_channel_that_the_handshake_named() {
    for (password, right) in [("hungry", true), ("sated", false)] {
        let (theirs, ours) = connection();
        let server = serving(theirs, vec![]);
        let driver = client_over(ours, client::Stls::Required, password);
        match Client::open(driver, Some(&mut handshake)) {
            Ok(mut client) => {
                assert!(right && !client.session().capabilities().has("STLS"));
                client.quit().unwrap();
            }
            Err(error) => assert!(!right && matches!(error, Error::Refused(_)), "{error:?}"),
        }
        server.join().unwrap();
    }
}

#[test]
fn stls_without_a_handshake_is_an_error() {
    let (theirs, ours) = connection();
    let server = thread::spawn(move || {
        let mut config = server::Config::new(Text::from_static("ready"));
        config.stls = true;
        let driver = Driver::new(theirs, |now| server::Session::new(now, config));
        serve(driver, Some(&mut handshake), &mut Bobs(vec![]))
    });
    let driver = client_over(ours, client::Stls::Required, "hungry");
    assert!(matches!(Client::open(driver, None), Err(Error::Session(_))));
    server.join().unwrap().unwrap();
}

use alloc::{boxed::Box, vec, vec::Vec};
use std::io;

use proto_core::{Text, tokio::Stream};
use sasl::Credentials;
use tokio::io::{AsyncWriteExt, duplex};

use super::*;
use crate::{
    Entry, Maildrop, MessageNumber, Response, ResponseCode, UniqueId, client,
    server::{self, Login},
};

/// Bob's mail; deleted messages are emptied.
struct Bobs(Vec<Vec<u8>>);

impl Handler for Bobs {
    type Message = io::Cursor<Vec<u8>>;

    async fn log_in(&mut self, login: Login) -> Result<Maildrop, Response> {
        match login {
            Login::Password { password, .. } if password.matches(b"hungry") => {
                let entry = |(index, message): (usize, &Vec<u8>)| Entry {
                    size: message.len() as u64,
                    id: UniqueId::new(alloc::format!("m{index}").into()).unwrap(),
                };
                Ok(Maildrop::new(self.0.iter().enumerate().map(entry).collect()).unwrap())
            }
            _ => Err(Response::err(Text::from_static("who?")).with_code(ResponseCode::Auth)),
        }
    }

    async fn retrieve(&mut self, index: usize) -> io::Result<Self::Message> {
        let message = self.0[index].clone();
        if message == b"lost" {
            Err(io::ErrorKind::NotFound.into())
        } else {
            Ok(io::Cursor::new(message))
        }
    }

    async fn commit(&mut self, deleted: Vec<usize>) -> Result<(), Response> {
        deleted.iter().for_each(|index| self.0[*index].clear());
        Ok(())
    }
}

fn server_over(stream: impl Stream + 'static) -> Boxed<server::Session> {
    let config = server::Config::new(Text::from_static("ready"));
    Driver::new(Box::new(stream) as BoxStream, |now| server::Session::new(now, config))
}

fn client_over(stream: impl Stream + 'static, password: &str) -> Boxed<client::Session> {
    let mut config = client::Config::default();
    (config.stls, config.login_without_tls) = (client::Stls::Never, true);
    let bob = Credentials::new("bob", password.into()).unwrap();
    Driver::new(Box::new(stream) as BoxStream, |now| {
        client::Session::new(now, config, bob).unwrap()
    })
}

#[tokio::test]
async fn messages_of_any_size_are_fetched_and_deleted() {
    let (ours, theirs) = duplex(1000);
    let large = b"..dots and lines\r\n".repeat(20_000);
    let mail = vec![b"Hello\r\n".to_vec(), b"lost".to_vec(), large.clone()];
    let server = tokio::spawn(async move {
        let mut bobs = Bobs(mail);
        serve(server_over(theirs), None, &mut bobs).await.unwrap();
        bobs.0
    });
    let mut client = Client::open(client_over(ours, "hungry"), None).await.unwrap();
    let sizes = client.sizes().await.unwrap();
    assert_eq!(sizes.len(), 3);
    assert_eq!(client.ids().await.unwrap()[2].1.as_bytes(), b"m2");
    let mut fetched = Vec::new();
    client.retrieve(sizes[0].0, &mut fetched).await.unwrap();
    assert_eq!(fetched, b"Hello\r\n");
    let lost = client.retrieve(sizes[1].0, &mut fetched).await;
    assert!(matches!(lost, Err(Error::Refused(why)) if why.code() == Some(&ResponseCode::SysTemp)));
    fetched.clear();
    client.retrieve(sizes[2].0, &mut fetched).await.unwrap();
    assert_eq!(fetched, large);
    client.delete(sizes[0].0).await.unwrap();
    assert!(matches!(client.delete(sizes[0].0).await, Err(Error::Refused(_))));
    assert!(matches!(client.delete(MessageNumber::MAX).await, Err(Error::Refused(_))));
    client.quit().await.unwrap();
    assert_eq!(server.await.unwrap()[0], b"");
}

#[tokio::test]
async fn a_wrong_password_is_refused_in_the_servers_words() {
    let (ours, theirs) = duplex(1000);
    let server =
        tokio::spawn(async move { serve(server_over(theirs), None, &mut Bobs(vec![])).await });
    let refused = Client::open(client_over(ours, "sated"), None).await;
    assert!(matches!(refused, Err(Error::Refused(why)) if why.text().as_bytes() == b"who?"));
    server.await.unwrap().unwrap();
}

/// The rest of a message that could not be stored is not the answer to the next command.
#[tokio::test]
async fn what_is_left_of_an_answer_is_passed_over() {
    let (ours, mut theirs) = duplex(1000);
    let said = "+OK\r\n-ERR\r\n+OK\r\n+OK\r\n+OK\r\nbody\r\n.\r\n-ERR no\r\n+OK\r\n1 7\r\n.\r\n";
    theirs.write_all(said.as_bytes()).await.unwrap();
    let mut config = client::Config::default();
    (config.stls, config.login_without_tls) = (client::Stls::Never, true);
    let bob = Credentials::new("bob", "hungry".into()).unwrap();
    let driver = Driver::new(Box::new(ours) as BoxStream, |now| {
        client::Session::new(now, config, bob).unwrap()
    });
    let mut client = Client::open(driver, None).await.unwrap();
    let one = MessageNumber::MIN;
    let full: &mut [u8] = &mut [];
    let stored = client.retrieve(one, io::Cursor::new(full)).await;
    assert!(matches!(stored, Err(Error::Message(_))), "{stored:?}");
    assert!(matches!(client.delete(one).await, Err(Error::Refused(_))));
    assert_eq!(client.sizes().await.unwrap(), [(one, 7)]);
}

#[tokio::test]
async fn small_messages_asked_for_together_are_written_together() {
    let (mut ours, theirs) = duplex(100_000);
    let commands = [b"USER bob\r\nPASS hungry\r\n".to_vec(), b"RETR 1\r\n".repeat(100)].concat();
    ours.write_all(&[commands, b"QUIT\r\n".to_vec()].concat()).await.unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let driver = server_over(theirs).with_observer(Box::new(move |direction, _| {
        if direction == proto_core::tokio::Direction::Sent {
            tell.send(()).unwrap();
        }
    }));
    serve(driver, None, &mut Bobs(vec![b"Hello\r\n".to_vec()])).await.unwrap();
    let writes = told.try_iter().count();
    assert!(writes < 10, "{writes} writes");
}

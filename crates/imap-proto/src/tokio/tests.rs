use alloc::boxed::Box;

use proto_core::tokio::{BoxStream, Driver};

use super::*;
use crate::{
    client::{Config, Session, StartTls},
    common::tests::{play, serve},
};

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

#[tokio::test]
async fn a_dialogue_of_every_method() {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let server = std::thread::spawn(move || serve(theirs));
    ours.set_nonblocking(true).unwrap();
    let stream = tokio::net::UnixStream::from_std(ours).unwrap();
    let mut config = Config::default();
    (config.starttls, config.login_without_tls) = (StartTls::Never, true);
    let driver = Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config));
    let mut client = Client::open(driver, None).await.unwrap();
    play!(client, awaited);
    server.join().unwrap();
}

#[tokio::test]
async fn a_message_that_is_shorter_than_announced_is_an_error() {
    let (ours, theirs) = tokio::io::duplex(1000);
    let (mut reader, mut writer) = tokio::io::split(theirs);
    tokio::io::AsyncWriteExt::write_all(
        &mut writer,
        b"* PREAUTH [CAPABILITY IMAP4rev1] x\r\n+ \r\n",
    )
    .await
    .unwrap();
    let config = Config { starttls: StartTls::Never, ..Config::default() };
    let driver = Driver::new(Box::new(ours) as BoxStream, |now| Session::new(now, config));
    let mut client = Client::open(driver, None).await.unwrap();
    let start = crate::command::MessageStart::default();
    let appended = client.append(crate::Mailbox::INBOX, start, 6, &b"Hello"[..]).await;
    assert!(matches!(appended, Err(Error::Message(_))), "{appended:?}");
    drop(client);
    let mut heard = alloc::vec::Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut heard).await.unwrap();
    assert_eq!(heard, b"A1 APPEND INBOX {6}\r\nHello");
}

#[tokio::test]
async fn the_servers_last_words_are_told() {
    let (ours, mut theirs) = tokio::io::duplex(1000);
    tokio::io::AsyncWriteExt::write_all(&mut theirs, b"* BYE too many of you\r\n").await.unwrap();
    let driver =
        Driver::new(Box::new(ours) as BoxStream, |now| Session::new(now, Config::default()));
    let opened = Client::open(driver, None).await;
    assert!(
        matches!(opened, Err(Error::Bye(text)) if text.text().as_bytes() == b"too many of you")
    );
}

/// A server that says more than anybody can use.
#[tokio::test]
async fn an_answer_at_the_limit_is_kept_and_one_response_more_is_too_long() {
    for (count, kept) in [(3, true), (4, false)] {
        let (ours, mut theirs) = tokio::io::duplex(1000);
        let said = [
            "* PREAUTH [CAPABILITY IMAP4rev1] x\r\n",
            &"* 1 EXISTS\r\n".repeat(count),
            "A1 OK x\r\n",
        ];
        tokio::io::AsyncWriteExt::write_all(&mut theirs, said.concat().as_bytes()).await.unwrap();
        let mut config = Config { starttls: StartTls::Never, ..Config::default() };
        config.limits.answer = 3;
        let driver = Driver::new(Box::new(ours) as BoxStream, |now| Session::new(now, config));
        let mut client = Client::open(driver, None).await.unwrap();
        match client.noop().await {
            Ok(answer) => assert!(kept && answer.responses.len() == 3),
            Err(error) => assert!(!kept && matches!(error, Error::TooLong), "{error}"),
        }
    }
}

/// A client can live in a task of a runtime with many threads.
#[tokio::test]
async fn futures_of_a_client_can_go_to_another_thread() {
    fn can_go<F: Future + Send>(_: F) {}
    let (ours, mut theirs) = tokio::io::duplex(1000);
    let hello = b"* PREAUTH [CAPABILITY IMAP4rev1] x\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut theirs, hello).await.unwrap();
    let config = Config { starttls: StartTls::Never, ..Config::default() };
    let driver = Driver::new(Box::new(ours) as BoxStream, |now| Session::new(now, config));
    let mut client = Client::open(driver, None).await.unwrap();
    can_go(client.noop());
    can_go(client.compress());
    let start = crate::command::MessageStart::default();
    can_go(client.append(crate::Mailbox::INBOX, start, 1, &b"x"[..]));
    can_go(client.idle().unwrap().next());
    can_go(client.logout());
}

//! Our client against somebody else's server: `.ci/peers imap` starts one, and says where it is.
//!
//! `HOMING_IMAP` is a port on localhost, `HOMING_IMAP_TLS` one where TLS begins at once, and
//! `HOMING_IMAP_CA` the certificate. Everybody's password is `hungry`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
use std::{
    env,
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};

use homing::{
    imap::{
        Capability, Flag, Flags, ListMailbox, Mailbox, NotEmpty, Response, Section, UidSet,
        blocking,
        client::{Config, Memory, State, View},
        command::{Change, Command, Criteria, FetchItem, MessageStart, SearchKey, StatusItem},
        tokio::{Client, Place, Security},
    },
    proto_core::tokio::tls::{
        TlsConnector,
        rustls::{
            ClientConfig, RootCertStore,
            pki_types::{CertificateDer, pem::PemObject},
        },
    },
    sasl::Credentials,
};

fn place(security: Security) -> Place {
    let variable = if security == Security::Tls { "HOMING_IMAP_TLS" } else { "HOMING_IMAP" };
    let mut place = Place::new("localhost", security);
    place.port = env::var(variable).unwrap().parse().unwrap();
    place
}

fn config() -> Config {
    let mut config = Config::default();
    config.login_without_tls = true;
    config
}

async fn client(security: Security, user: &str) -> Client {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(env::var("HOMING_IMAP_CA").unwrap()).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(tls));
    let connected = Client::connect(&place(security), config(), Some(&connector), None).await;
    let mut client = connected.unwrap();
    assert_eq!(client.session().is_secured(), security != Security::Plain);
    client.login(Credentials::new(user, "hungry".into()).unwrap()).await.unwrap();
    assert_eq!(*client.session().state(), State::Authenticated);
    client
}

fn mailbox(name: &str) -> Mailbox {
    Mailbox::new(name.to_owned().into_bytes()).unwrap()
}

fn all() -> homing::imap::SeqSet {
    homing::imap::SeqSet::parse(b"1:*").unwrap()
}

fn body() -> FetchItem {
    FetchItem::BodySection { peek: true, section: Section::default(), partial: None }
}

fn message(number: usize, size: usize) -> Vec<u8> {
    let line = b"All mail and no play makes Jack a dull boy.\r\n";
    let mut message = format!("From: a@b\r\nSubject: {number}\r\n\r\n").into_bytes();
    message.extend(line.iter().cycle().take(size / line.len() * line.len()));
    message
}

async fn append(client: &mut Client, name: &str, octets: &[u8]) -> NonZeroU32 {
    let flags: Flags = [Flag::Flagged].into_iter().collect();
    let start = MessageStart { flags, ..MessageStart::default() };
    let size = octets.len() as u64;
    let appended = client.append(mailbox(name), start, size, octets).await.unwrap();
    appended.unwrap().uids.iter().next().unwrap()
}

/// Everything of which Dovecot says that it has it, by a client that has logged in.
#[tokio::test]
#[ignore = "needs a server: .ci/peers imap"]
async fn every_command_that_the_server_offers() {
    for (security, user) in
        [(Security::Plain, "clear"), (Security::StartTls, "starttls"), (Security::Tls, "tls")]
    {
        let mut client = client(security, user).await;
        client.id(None).await.unwrap().unwrap();
        let enabled =
            client.enable(vec![Capability::Condstore, Capability::Qresync]).await.unwrap();
        assert!(enabled.contains(&Capability::Qresync));
        client.create(mailbox("Work")).await.unwrap();
        client.subscribe(mailbox("Work")).await.unwrap();
        client.rename(mailbox("Work"), mailbox("Play")).await.unwrap();
        client.create(Mailbox::from_utf7("Entwürfe").unwrap()).await.unwrap();
        let listed = client.list(mailbox(""), ListMailbox::new("*").unwrap()).await.unwrap();
        assert!(listed.iter().any(|list| list.mailbox.to_utf7().as_deref() == Some("Entwürfe")));
        let large = message(2, 300_000);
        append(&mut client, "Play", &message(1, 100)).await;
        append(&mut client, "Play", &large).await;
        let items =
            NotEmpty::new(vec![StatusItem::Messages, StatusItem::UidNext, StatusItem::Unseen]);
        client.status(mailbox("Play"), items.unwrap()).await.unwrap().unwrap();
        assert_eq!(client.select(mailbox("Play")).await.unwrap().exists, 2);
        let found = client.search(Criteria::from(SearchKey::Flagged)).await.unwrap().unwrap();
        assert_eq!(found.count(), 2);
        let mut fetching = client.fetch(&found, body()).unwrap();
        let mut octets = Vec::new();
        while let Some(mut message) = fetching.next().await.unwrap() {
            octets.clear();
            message.copy_to(&mut octets).await.unwrap();
        }
        assert!(octets == large);
        for command in [
            "CAPABILITY",
            "NAMESPACE",
            "CHECK",
            "LSUB \"\" *",
            "LIST (SUBSCRIBED) \"\" (INBOX %) RETURN (CHILDREN)",
            "LIST \"\" % RETURN (STATUS (MESSAGES SIZE HIGHESTMODSEQ) SPECIAL-USE)",
            "STATUS Play (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ SIZE)",
            "FETCH 1:2 FULL",
            "FETCH 1 (ENVELOPE BODYSTRUCTURE INTERNALDATE UID MODSEQ)",
            "FETCH 1 (BODY.PEEK[HEADER.FIELDS (SUBJECT)] BINARY.SIZE[1] BINARY.PEEK[1])",
            "FETCH 1 (PREVIEW (LAZY))",
            "FETCH 2 BODY.PEEK[]<10.20>",
            "SEARCH RETURN (MIN MAX COUNT) ALL",
            "SEARCH RETURN (SAVE) ALL",
            "UID FETCH $ (FLAGS) (CHANGEDSINCE 1)",
            "UID SEARCH RETURN (PARTIAL 1:1) ALL",
            "SEARCH OLDER 1",
            "SEARCH MODSEQ 1",
            "SORT (REVERSE SUBJECT) UTF-8 ALL",
            "UID SORT RETURN (COUNT) (ARRIVAL) UTF-8 ALL",
            "SORT (DISPLAYFROM) UTF-8 ALL",
            "THREAD REFERENCES UTF-8 ALL",
            "UID THREAD REFS UTF-8 ALL",
            "SEARCH RETURN (UPDATE) ALL",
            "STORE 1 (UNCHANGEDSINCE 1000000) +FLAGS (\\Seen $Label)",
            "STORE 1 -FLAGS.SILENT (\\Seen)",
            "CREATE Trash (USE (\\Trash))",
            "COPY 1 Trash",
            "UNSELECT",
            "EXAMINE INBOX",
            "CLOSE",
            "GETQUOTAROOT INBOX",
            "MYRIGHTS INBOX",
            "GETACL INBOX",
            "GETMETADATA INBOX /private/comment",
            "GENURLAUTH \"imap://x@localhost/INBOX/;UID=1;URLAUTH=anonymous\" INTERNAL",
            "LANGUAGE",
            "COMPARATOR",
            "NOOP",
        ] {
            let done = client.command(Command::parse(command.into()).unwrap()).await;
            match done {
                Ok(answer) => assert!(
                    !answer.responses.iter().any(|response| matches!(response, Response::Raw(_))),
                    "{command}: {answer:?}"
                ),
                // What it does not have it says so.
                Err(homing::imap::tokio::Error::Refused(..)) => println!("refused: {command}"),
                Err(error) => panic!("{command}: {error}"),
            }
        }
        client.select(mailbox("Play")).await.unwrap();
        let moved = client.mv(&found, mailbox("Trash")).await.unwrap().unwrap();
        assert_eq!(moved.uids.count(), 2);
        client.select(mailbox("Trash")).await.unwrap();
        let copied = client.copy(all(), Mailbox::INBOX).await.unwrap().unwrap();
        assert_eq!(copied.uids.count(), 3);
        let deleted: Flags = [Flag::Deleted].into_iter().collect();
        client.store(all(), Change::Add, deleted).await.unwrap();
        let answer = client.expunge(Some((&moved.uids).into())).await.unwrap();
        assert!(
            answer.responses.iter().any(|response| matches!(response, Response::Vanished { .. }))
        );
        client.close().await.unwrap();
        client.delete(mailbox("Trash")).await.unwrap();
        client.unsubscribe(mailbox("Work")).await.unwrap();
        for command in ["NOTIFY SET (SELECTED (MessageNew MessageExpunge))", "NOTIFY NONE"] {
            client.command(Command::parse(command.into()).unwrap()).await.unwrap();
        }
        client.compress().await.unwrap();
        client.select(Mailbox::INBOX).await.unwrap();
        append(&mut client, "INBOX", &large).await;
        let mut fetching = client.fetch(all(), body()).unwrap();
        let mut total = 0;
        while let Some(mut message) = fetching.next().await.unwrap() {
            total += message.copy_to(tokio::io::sink()).await.unwrap();
        }
        assert!(total > 600_000, "{total}");
        client.logout().await.unwrap();
    }
}

/// A second connection changes the mailbox that the first watches.
#[tokio::test]
#[ignore = "needs a server: .ci/peers imap"]
async fn what_another_client_does_is_heard_while_idle() {
    let mut watcher = client(Security::Plain, "idle").await;
    let mut other = client(Security::Tls, "idle").await;
    watcher.select(Mailbox::INBOX).await.unwrap();
    other.select(Mailbox::INBOX).await.unwrap();
    let mut idling = watcher.idle().unwrap();
    let others = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        append(&mut other, "INBOX", &message(1, 100)).await;
        tokio::time::sleep(Duration::from_millis(2000)).await;
        let deleted: Flags = [Flag::Deleted].into_iter().collect();
        other.store(all(), Change::Add, deleted).await.unwrap();
        other.expunge(None).await.unwrap();
    };
    let watch = async {
        let mut heard = Vec::new();
        loop {
            let news = idling.next().await.unwrap();
            let over = matches!(news, Response::Expunge(_));
            heard.push(news);
            if over {
                return heard;
            }
        }
    };
    let ((), heard) = tokio::join!(others, async {
        tokio::time::timeout(Duration::from_secs(30), watch).await.unwrap()
    });
    assert!(heard.contains(&Response::Exists(1)), "{heard:?}");
    idling.done().await.unwrap();
    watcher.logout().await.unwrap();
}

/// What went while we were away is known at once.
#[tokio::test]
#[ignore = "needs a server: .ci/peers imap"]
async fn a_mailbox_is_brought_up_to_date_by_qresync() {
    let mut memory = None;
    let mut other = client(Security::Plain, "qresync").await;
    for number in 0..20 {
        append(&mut other, "INBOX", &message(number, 100)).await;
    }
    for round in 0..4 {
        let mut client = client(Security::Plain, "qresync").await;
        client.enable(vec![Capability::Qresync]).await.unwrap();
        let select = Memory::select(memory.as_ref(), Mailbox::INBOX, client.session());
        let view = Arc::new(Mutex::new(View::new(memory.take(), 1000)));
        let ear = Arc::clone(&view);
        client.listen_with(Box::new(move |response| ear.lock().unwrap().hear(response).unwrap()));
        client.select_with(select).await.unwrap();
        let commands = view.lock().unwrap().resync(client.session());
        assert_eq!(commands.len(), usize::from(round == 0), "{commands:?}");
        for command in commands {
            client.command(command).await.unwrap();
        }
        view.lock().unwrap().settle();
        let found = client.search(Criteria::from(SearchKey::All)).await.unwrap().unwrap();
        memory = check(&mut view.lock().unwrap(), &found, round);
        client.logout().await.unwrap();
        // Three go, one comes.
        other.select(Mailbox::INBOX).await.unwrap();
        let gone = UidSet::from_numbers(found.iter().step_by(2).take(3)).unwrap();
        let deleted: Flags = [Flag::Deleted].into_iter().collect();
        other.store(&gone, Change::Add, deleted).await.unwrap();
        other.expunge(None).await.unwrap();
        append(&mut other, "INBOX", &message(100 + round, 100)).await;
    }
}

/// Compares a view with what the server found, and returns what to remember.
fn check(view: &mut View, found: &UidSet, round: usize) -> Option<Memory> {
    let uids = UidSet::from_numbers(view.messages().iter().map(|seen| seen.uid.unwrap()));
    assert_eq!(uids.as_ref(), Some(found));
    assert_eq!(view.take_gone().len(), if round == 0 { 0 } else { 3 });
    let memory = view.memory();
    assert!(memory.as_ref().unwrap().highest_mod_seq.is_some());
    memory
}

/// The same with threads.
#[test]
#[ignore = "needs a server: .ci/peers imap"]
fn a_blocking_client_fetches_what_it_appended_through_compression() {
    let place = place(Security::Plain);
    let mut client = blocking::Client::connect(&place, config(), None, None).unwrap();
    client.login(Credentials::new("blocking", "hungry".into()).unwrap()).unwrap();
    client.compress().unwrap();
    let octets = message(1, 500_000);
    let size = octets.len() as u64;
    client.append(Mailbox::INBOX, MessageStart::default(), size, &octets[..]).unwrap();
    client.select(Mailbox::INBOX).unwrap();
    let mut fetching = client.fetch(all(), body()).unwrap();
    let mut fetched = Vec::new();
    fetching.next().unwrap().unwrap().copy_to(&mut fetched).unwrap();
    assert!(fetched == octets);
    assert!(fetching.next().unwrap().is_none());
    client.logout().unwrap();
}

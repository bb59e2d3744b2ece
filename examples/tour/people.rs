//! Alice, who writes, and Bob, who reads.
use std::{
    net::IpAddr,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use bytes::{Bytes, BytesMut};
use homing::{
    imap::{
        self, Flag, Flags, NotEmpty, Section, SeqSet, UidRange, UidSet,
        command::{Change, FetchItem, FetchItems},
    },
    mime::{Builder, Mailbox, MediaType, Message},
    pop3::{self, client::Seen},
    proto_core::tokio::{BoxStream, Driver},
    sasl::{Credentials, client::Identity},
    smtp::{
        self, ForwardPath, ReversePath,
        client::{Envelope, Tls as TlsPolicy},
    },
};
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufWriter},
    net::{TcpSocket, TcpStream},
};

use crate::{
    Failure,
    mailserver::{MailServer, PASSWORD},
    now,
};

/// A small picture of ketchup and pickles, as PNG: red and green.
const PICTURE: &[u8] = include_bytes!("toppings.png");

/// Alice's letter, as her user agent composes it.
pub(crate) async fn compose(
    path: &Path,
    to: &str,
    subject: &str,
    text: &str,
) -> Result<(), Failure> {
    let letter = Builder::new(now())
        .message_id(
            format!("{}.tour@crepes.fr", path.file_stem().unwrap_or_default().display()).parse()?,
        )
        .from("Alice <alice@crepes.fr>".parse::<Mailbox>()?)
        .to(to.parse::<Mailbox>()?)
        .subject(subject)
        .text(text)
        .seed(now().unix_seconds().unsigned_abs())
        .attach("crêpe.png", MediaType::PNG, Bytes::from_static(PICTURE));
    let mut octets = BytesMut::new();
    letter.write(&mut octets);
    Ok(fs::write(path, &octets).await?)
}

/// Copies a user's own message, with lines that end in CRLF, as mail has them.
pub(crate) async fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    let mut source = File::open(from).await.map_err(|e| format!("{}: {e}", from.display()))?;
    let mut target = BufWriter::new(File::create(to).await?);
    let (mut piece, mut last) = (vec![0; 64 * 1024], 0);
    loop {
        let read = source.read(&mut piece).await?;
        if read == 0 {
            break;
        }
        let mut out = Vec::with_capacity(read + read / 16);
        for &octet in piece.get(..read).unwrap_or_default() {
            if octet == b'\n' && last != b'\r' {
                out.push(b'\r');
            }
            out.push(octet);
            last = octet;
        }
        target.write_all(&out).await?;
    }
    if last != b'\n' {
        target.write_all(b"\r\n").await?;
    }
    Ok(target.flush().await?)
}

/// Submits a message to Alice's server, with TLS and her password.
pub(crate) async fn submit(
    from: IpAddr,
    server: &MailServer,
    to: &str,
    path: &Path,
) -> Result<(), Failure> {
    let place = server.shared.place;
    let stream = connect(from, place.address, server.shared.smtp_port).await?;
    let mut config = smtp::client::Config::new("alice.crepes.fr".parse()?);
    config.tls = TlsPolicy::Required;
    config.identity = Some(Identity::Password(Credentials::new("alice", PASSWORD.into())?));
    let driver = Driver::new(stream, |now| smtp::client::Session::new(now, config))
        .with_observer(server.shared.transcript.dialogue("alice", place.host));
    let tls = server.shared.tls.towards(place.host)?;
    let mut client = smtp::tokio::Client::open(driver, Some(tls)).await?;
    let file = File::open(path).await?;
    let recipient = ForwardPath::Mailbox(to.parse()?);
    let sender = ReversePath::Mailbox("alice@crepes.fr".parse()?);
    let mut envelope = Envelope::new(sender, vec![recipient]);
    (envelope.size, envelope.eight_bit) = (Some(file.metadata().await?.len()), true);
    let outcome = client.send(envelope, file).await?;
    client.quit().await?;
    match outcome.is_complete() {
        true => Ok(()),
        false => {
            Err(format!("the server did not take the message: {:?}", outcome.recipients).into())
        }
    }
}

/// A mail reader, which remembers what it has fetched.
#[derive(Default)]
pub(crate) struct Reader {
    seen: Seen,
}

impl Reader {
    /// Downloads what is new to this reader into a directory; keeps it on the server, or not.
    /// Returns the files.
    pub(crate) async fn fetch(
        &mut self,
        who: (&str, &str, IpAddr),
        server: &MailServer,
        into: &Path,
        keep: bool,
    ) -> Result<Vec<PathBuf>, Failure> {
        let (device, user, from) = who;
        fs::create_dir_all(into).await?;
        let place = server.shared.place;
        let stream = connect(from, place.address, server.pop3_port).await?;
        let credentials = Credentials::new(user, PASSWORD.into())?;
        let driver = Driver::new(stream, |now| {
            let config = pop3::client::Config::default();
            pop3::client::Session::new(now, config, credentials)
                .expect("the tour's names and passwords are plain words")
        })
        .with_observer(server.shared.transcript.dialogue(device, place.host));
        let tls = server.shared.tls.towards(place.host)?;
        let mut client = pop3::tokio::Client::open(driver, Some(tls)).await?;
        let mut fetched = Vec::new();
        let listing = client.ids().await?;
        for (message, id) in self.seen.fresh(&listing) {
            let path = into.join(id.as_str());
            let mut file = File::create(&path).await?;
            client.retrieve(message, &mut file).await?;
            // On the disk before it may go from the server.
            file.sync_all().await?;
            if !keep {
                client.delete(message).await?;
            }
            self.seen.insert(id);
            fetched.push(path);
        }
        client.quit().await?;
        Ok(fetched)
    }
}

/// Sorts the newest letter of somebody's INBOX into a folder by IMAP, and flags it.
pub(crate) async fn sort(
    who: (&str, &str, IpAddr),
    server: &MailServer,
    folder: &str,
) -> Result<(), Failure> {
    let mut client = open_imap(who, server).await?;
    let folder = imap::Mailbox::new(folder.to_owned()).ok_or("no name for a folder")?;
    client.create(folder.clone()).await?;
    let inbox = client.select(imap::Mailbox::INBOX).await?;
    let next = inbox.uid_next.ok_or("the server does not say which is next")?;
    let newest = NonZeroU32::new(next.get() - 1).ok_or("INBOX is empty")?;
    let newest = UidSet::new(UidRange::new(newest, newest));
    client.store(&newest, Change::Add, Flags::from_iter([Flag::Flagged])).await?;
    client.mv(&newest, folder).await?;
    Ok(client.logout().await?)
}

/// Reads the letters of a folder by IMAP into files; tells whether all of them are flagged.
pub(crate) async fn read_folder(
    who: (&str, &str, IpAddr),
    server: &MailServer,
    folder: &str,
    into: &Path,
) -> Result<(Vec<PathBuf>, bool), Failure> {
    fs::create_dir_all(into).await?;
    let mut client = open_imap(who, server).await?;
    let folder = imap::Mailbox::new(folder.to_owned()).ok_or("no name for a folder")?;
    client.select(folder).await?;
    let all = SeqSet::parse(b"1:*")?;
    let (mut read, mut flagged) = (Vec::new(), true);
    let items = [
        FetchItem::Flags,
        FetchItem::BodySection { peek: true, section: Section::default(), partial: None },
    ];
    let items = NotEmpty::new(items.to_vec()).ok_or("two items are some")?;
    let items = FetchItems::These(items);
    let mut fetching = client.fetch(all, items)?;
    while let Some(mut message) = fetching.next().await? {
        flagged &= message.flags().is_some_and(|flags| flags.contains(&Flag::Flagged));
        let path = into.join(message.number().to_string());
        let mut file = File::create(&path).await?;
        message.copy_to(&mut file).await?;
        file.sync_all().await?;
        read.push(path);
    }
    drop(fetching);
    client.logout().await?;
    Ok((read, flagged))
}

async fn open_imap(
    who: (&str, &str, IpAddr),
    server: &MailServer,
) -> Result<imap::tokio::Client, Failure> {
    let ((device, user, from), place) = (who, server.shared.place);
    let stream = connect(from, place.address, server.imap_port).await?;
    let driver =
        Driver::new(stream, |now| imap::client::Session::new(now, imap::client::Config::default()))
            .with_observer(server.shared.transcript.dialogue(device, place.host));
    let tls = server.shared.tls.towards(place.host)?;
    let mut client = imap::tokio::Client::open(driver, Some(tls)).await?;
    client.login(Identity::Password(Credentials::new(user, PASSWORD.into())?)).await?;
    Ok(client)
}

/// Shows a message as a person would see it; of a large one, only the header.
pub(crate) async fn show(path: &Path) -> Result<String, Failure> {
    const SHOWN: u64 = 256 * 1024;
    let mut octets = Vec::new();
    let size = fs::metadata(path).await?.len();
    File::open(path).await?.take(SHOWN).read_to_end(&mut octets).await?;
    let message = Message::parse(&octets);
    if size <= SHOWN {
        let texts = message.parts().filter(|part| part.content_type().top() == "text");
        let texts: Vec<_> = texts.map(|part| part.text().into_owned()).collect();
        return Ok(format!("{message}\n{}", texts.join("\n")));
    }
    Ok(format!("{size} octets, Subject: {}", message.subject().unwrap_or_default()))
}

/// Whether a message arrived unchanged: what was sent is the end of what was received, octet for
/// octet, and only servers' traces stand before it.
pub(crate) async fn unchanged(sent: &Path, received: &Path) -> Result<bool, Failure> {
    let (mut sent, mut received) = (File::open(sent).await?, File::open(received).await?);
    let (ours, theirs) = (sent.metadata().await?.len(), received.metadata().await?.len());
    let Some(trace) = theirs.checked_sub(ours).filter(|trace| *trace < 16 * 1024) else {
        return Ok(false);
    };
    let mut lines = Vec::new();
    (&mut received).take(trace).read_to_end(&mut lines).await?;
    let is_trace = |line: &[u8]| {
        [&b"Received: "[..], b"Return-Path: ", b"\t"].iter().any(|start| line.starts_with(start))
    };
    if !lines.split_inclusive(|octet| *octet == b'\n').all(is_trace) {
        return Ok(false);
    }
    received.seek(std::io::SeekFrom::Start(trace)).await?;
    let (mut a, mut b) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    loop {
        let read = sent.read(&mut a).await?;
        if read == 0 {
            return Ok(true);
        }
        let (Some(a), Some(b)) = (a.get(..read), b.get_mut(..read)) else { return Ok(false) };
        received.read_exact(b).await?;
        if a != b {
            return Ok(false);
        }
    }
}

async fn connect(from: IpAddr, to: IpAddr, port: u16) -> Result<BoxStream, Failure> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    let stream: TcpStream = socket.connect((to, port).into()).await?;
    Ok(Box::new(stream))
}

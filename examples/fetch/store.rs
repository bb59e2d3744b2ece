//! Where fetched messages go: a Maildir or an mbox file, and a list of what is there.
//!
//! Order makes it safe: a message is on the disk under its final name before it is in the list,
//! and in the list before it may be deleted from the server. Killed in between, the program finds
//! a Maildir's messages by their names; an mbox may have a message twice, and never less than once.
use std::{
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use homing::pop3::{MessageNumber, UniqueId, client::Seen};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
};

use crate::Failure;

pub(crate) struct Store {
    kind: Kind,
    /// Whose mail it is: several accounts may share a Maildir.
    account: String,
    list: PathBuf,
    seen: Seen,
}

enum Kind {
    Maildir(PathBuf),
    Mbox(PathBuf),
}

/// A message that is being fetched.
pub(crate) struct Incoming {
    path: PathBuf,
    pub(crate) file: File,
}

impl Store {
    pub(crate) async fn open(into: &Path, account: &str) -> Result<Self, Failure> {
        let is_maildir = into.is_dir() || into.as_os_str().as_encoded_bytes().ends_with(b"/");
        let (kind, list) = if is_maildir {
            for name in ["tmp", "new", "cur"] {
                fs::create_dir_all(into.join(name)).await?;
            }
            (Kind::Maildir(into.into()), into.join(format!(".fetched-{account}")))
        } else {
            (
                Kind::Mbox(into.into()),
                PathBuf::from(format!("{}.fetched-{account}", into.display())),
            )
        };
        let text = match fs::read_to_string(&list).await {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("cannot read {}: {error}", list.display()).into()),
        };
        let mut store = Self { kind, account: account.into(), list, seen: Seen::parse(&text) };
        store.find_unlisted().await?;
        Ok(store)
    }

    pub(crate) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Forgets what the server has no more.
    pub(crate) async fn retain(&mut self, listing: &[(MessageNumber, UniqueId)]) -> io::Result<()> {
        self.seen.retain(listing);
        replace(&self.list, &self.seen.write()).await
    }

    /// Returns what was last noted of the mailbox, of IMAP.
    pub(crate) async fn note(&self) -> Option<String> {
        fs::read_to_string(self.note_path()).await.ok()
    }

    /// Notes something of the mailbox, once all that it speaks of is here.
    pub(crate) async fn set_note(&self, text: &str) -> io::Result<()> {
        replace(&self.note_path(), text).await
    }

    fn note_path(&self) -> PathBuf {
        PathBuf::from(format!("{}.mailbox", self.list.display()))
    }

    pub(crate) async fn begin(&self) -> io::Result<Incoming> {
        let path = match &self.kind {
            Kind::Maildir(directory) => directory.join("tmp").join(&self.account),
            Kind::Mbox(file) => PathBuf::from(format!("{}.incoming", file.display())),
        };
        Ok(Incoming { file: File::create(&path).await?, path })
    }

    /// Has the message on the disk, then in the list.
    pub(crate) async fn keep(&mut self, incoming: Incoming, id: &UniqueId) -> io::Result<()> {
        let Incoming { path, mut file } = incoming;
        file.flush().await?;
        file.sync_all().await?;
        match &self.kind {
            Kind::Maildir(directory) => {
                let name = format!("{}.{}.{}", seconds(), encode(id.as_str()), self.account);
                fs::rename(path, directory.join("new").join(name)).await?;
                File::open(directory.join("new")).await?.sync_all().await?;
            }
            Kind::Mbox(mbox) => {
                append(&path, mbox).await?;
                fs::remove_file(path).await?;
            }
        }
        let mut list = OpenOptions::new().create(true).append(true).open(&self.list).await?;
        list.write_all(format!("{}\n", id.as_str()).as_bytes()).await?;
        list.sync_data().await?;
        self.seen.insert(id.clone());
        Ok(())
    }

    /// Finds messages that have their final names and missed the list.
    async fn find_unlisted(&mut self) -> io::Result<()> {
        let Kind::Maildir(directory) = &self.kind else { return Ok(()) };
        for folder in ["new", "cur"] {
            let mut entries = fs::read_dir(directory.join(folder)).await?;
            while let Some(entry) = entries.next_entry().await? {
                let name = entry.file_name().to_string_lossy().into_owned();
                let name = name.split(":2,").next().unwrap_or_default();
                let own = name.strip_suffix(&self.account).and_then(|name| name.strip_suffix('.'));
                let id = own.and_then(|name| name.split_once('.')).and_then(|(_, id)| decode(id));
                if let Some(id) = id.and_then(|id| UniqueId::new(id.into()).ok()) {
                    self.seen.insert(id);
                }
            }
        }
        Ok(())
    }
}

/// Replaces a file by another text, so that there is always one of the two.
async fn replace(path: &Path, text: &str) -> io::Result<()> {
    let next = PathBuf::from(format!("{}.next", path.display()));
    let mut file = File::create(&next).await?;
    file.write_all(text.as_bytes()).await?;
    file.sync_all().await?;
    fs::rename(next, path).await
}

/// Appends a message to an mbox of the kind "mboxrd", where `From ` at the start of a line gets a
/// `>`, however many are there already. Lines end in LF there.
async fn append(message: &Path, mbox: &Path) -> io::Result<()> {
    let mbox = OpenOptions::new().create(true).append(true).open(mbox).await?;
    // Others who deliver lock too.
    let mbox = mbox.into_std().await;
    mbox.lock()?;
    let mut out = tokio::io::BufWriter::new(File::from_std(mbox));
    out.write_all(b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n").await?;
    let mut lines = BufReader::new(File::open(message).await?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).await? > 0 {
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let quotes = text.iter().take_while(|octet| **octet == b'>').count();
        if text.get(quotes..).is_some_and(|rest| rest.starts_with(b"From ")) {
            out.write_all(b">").await?;
        }
        out.write_all(text).await?;
        out.write_all(b"\n").await?;
        line.clear();
    }
    out.write_all(b"\n").await?;
    out.flush().await?;
    out.into_inner().sync_all().await
}

/// A unique id as a part of a file's name: letters and digits as they are, others as `_XX`.
fn encode(id: &str) -> String {
    let octet = |octet: u8| match octet {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(octet).to_string(),
        other => format!("_{other:02x}"),
    };
    id.bytes().map(octet).collect()
}

fn decode(name: &str) -> Option<Vec<u8>> {
    let mut octets = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let (octet, length) = match first {
            '_' => (u8::from_str_radix(rest.get(1..3)?, 16).ok()?, 3),
            plain => (u8::try_from(plain).ok()?, plain.len_utf8()),
        };
        octets.push(octet);
        rest = rest.get(length..)?;
    }
    Some(octets)
}

fn seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_survive_the_names_of_files() {
        for id in ["0000abZ", "a/b:c_d.e", "!~"] {
            let name = encode(id);
            assert!(!name.contains(['/', ':', '.']), "{name}");
            assert_eq!(decode(&name).unwrap(), id.as_bytes());
        }
        for bad in ["_", "_0", "_zz", "\u{fc}"] {
            assert!(
                decode(bad).is_none_or(|octets| UniqueId::new(octets.into()).is_err()),
                "{bad}"
            );
        }
    }

    /// Killed between the rename and the list: the name alone must do.
    #[tokio::test]
    async fn what_has_its_name_is_not_fetched_again_without_the_list() {
        let directory = std::env::temp_dir().join(format!("fetch-test-{}/", std::process::id()));
        fs::create_dir_all(&directory).await.unwrap();
        let (kept, other) =
            (UniqueId::new("a/1".into()).unwrap(), UniqueId::new("b".into()).unwrap());
        let mut store = Store::open(&directory, "bob@host").await.unwrap();
        let mut incoming = store.begin().await.unwrap();
        incoming.file.write_all(b"Hello\r\n").await.unwrap();
        store.keep(incoming, &kept).await.unwrap();
        fs::remove_file(&store.list).await.unwrap();
        let store = Store::open(&directory, "bob@host").await.unwrap();
        assert!(store.seen().contains(&kept) && !store.seen().contains(&other));
        let stranger = Store::open(&directory, "ob@host").await.unwrap();
        assert!(!stranger.seen().contains(&kept));
        fs::remove_dir_all(&directory).await.unwrap();
    }
}

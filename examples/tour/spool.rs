//! Messages on disk: what a mail server has accepted, and the mailboxes of its users.
use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use homing::delivery::{MessageId, Record};
use tokio::{
    fs::{self, File, OpenOptions},
    io::AsyncWriteExt,
};

/// The directories of one mail server: `incoming` for what is being received, `queue` for what
/// waits to be sent, `mail/USER` for what has arrived, and `journal`.
pub(crate) struct Spool {
    directory: PathBuf,
    next: AtomicU64,
}

/// A message that is being received.
pub(crate) struct Incoming {
    pub(crate) path: PathBuf,
    file: File,
    pub(crate) size: u64,
}

impl Spool {
    pub(crate) async fn create(directory: PathBuf, users: &[&str]) -> io::Result<Self> {
        for name in ["incoming", "queue"] {
            fs::create_dir_all(directory.join(name)).await?;
        }
        for user in users {
            fs::create_dir_all(directory.join("mail").join(user)).await?;
        }
        // Names go on where an earlier run left off, for POP3 wants them to be new for ever.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let next = u64::try_from(now.as_micros()).unwrap_or_default();
        Ok(Self { directory, next: AtomicU64::new(next) })
    }

    pub(crate) async fn receive(&self) -> io::Result<Incoming> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.join("incoming").join(format!("{number:016x}"));
        Ok(Incoming { file: File::create_new(&path).await?, path, size: 0 })
    }

    /// Gives what was received to a user, durably.
    pub(crate) async fn keep(&self, incoming: &Path, user: &str) -> io::Result<()> {
        let name = incoming.file_name().unwrap_or_default();
        let mailbox = self.mailbox(user);
        fs::hard_link(incoming, mailbox.join(name)).await?;
        sync_directory(&mailbox).await
    }

    /// Puts what was received into the queue under its number, durably.
    pub(crate) async fn enqueue(&self, incoming: &Path, message: MessageId) -> io::Result<()> {
        fs::hard_link(incoming, self.queued(message)).await?;
        sync_directory(&self.directory.join("queue")).await
    }

    pub(crate) fn queued(&self, message: MessageId) -> PathBuf {
        self.directory.join("queue").join(message.0.to_string())
    }

    pub(crate) fn mailbox(&self, user: &str) -> PathBuf {
        self.directory.join("mail").join(user)
    }

    /// Reads the journal of an earlier run. A crash may have torn the last line, which nobody was
    /// told of: it is cut off.
    pub(crate) async fn records(&self) -> io::Result<Vec<Record>> {
        let path = self.directory.join("journal");
        let text = match fs::read_to_string(&path).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text?,
        };
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        OpenOptions::new().write(true).open(path).await?.set_len(whole as u64).await?;
        let lines = text.get(..whole).unwrap_or_default().lines();
        let records: Option<Vec<_>> = lines.map(Record::parse).collect();
        records.ok_or_else(|| io::Error::other("the journal holds a line that is no record"))
    }

    /// Appends a record to the journal, durably.
    pub(crate) async fn write(&self, record: &Record) -> io::Result<()> {
        let path = self.directory.join("journal");
        let mut journal = OpenOptions::new().create(true).append(true).open(path).await?;
        journal.write_all(record.write().as_bytes()).await?;
        journal.sync_data().await
    }
}

impl Incoming {
    pub(crate) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.size += octets.len() as u64;
        self.file.write_all(octets).await
    }

    /// Has the octets on the disk itself.
    pub(crate) async fn sync(&mut self) -> io::Result<()> {
        self.file.flush().await?;
        self.file.sync_all().await
    }
}

/// The name of a file is durable once its directory is.
async fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path).await?.sync_all().await
}

//! A user's folders for IMAP: a directory each, and a file beside it that says which message has
//! which number. INBOX is the directory that mail arrives in, and that POP3 serves.
use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom},
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use homing::imap::{
    DateTime, Delimiter, Flag, Flags, ObjectId, UidRange,
    command::{Change, SpecialUse},
    engine::{
        Appended, Changes, Copied, Details, Entry, Failure, FlagUpdate, FlagsUpdated, Info,
        Mailbox, NewMessage, State, Store, Totals,
    },
};

/// The flags that messages can have, each with its letter in the file.
const FLAGS: [(Flag, char); 5] = [
    (Flag::Seen, 'S'),
    (Flag::Answered, 'R'),
    (Flag::Flagged, 'F'),
    (Flag::Deleted, 'T'),
    (Flag::Draft, 'D'),
];

/// One user's folders.
#[derive(Clone)]
pub(crate) struct Folders {
    /// Where mail arrives.
    inbox: PathBuf,
    /// One at a time changes anything.
    lock: Arc<Mutex<()>>,
}

/// An open folder.
pub(crate) struct Folder {
    folders: Folders,
    name: String,
}

/// What is known of a folder.
#[derive(Default)]
struct Index {
    validity: u32,
    next: u32,
    mod_seq: u64,
    messages: Vec<Line>,
    gone: Vec<(u64, u32)>,
}

#[derive(Clone)]
struct Line {
    uid: u32,
    mod_seq: u64,
    flags: String,
    file: String,
}

impl Folders {
    pub(crate) fn new(inbox: PathBuf, lock: Arc<Mutex<()>>) -> Self {
        Self { inbox, lock }
    }

    fn lock(&self) -> MutexGuard<'_, ()> {
        self.lock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where folders other than INBOX are, and what is known of all.
    fn others(&self) -> PathBuf {
        self.inbox.with_extension("folders")
    }

    fn directory(&self, name: &str) -> PathBuf {
        if name == "INBOX" { self.inbox.clone() } else { self.others().join(name) }
    }

    /// Reads what is known of a folder, with what has happened to its directory since.
    fn index(&self, name: &str) -> Result<Index, Failure> {
        let directory = self.directory(name);
        let mut files: Vec<_> = fs::read_dir(directory)
            .map_err(|_| Failure::NonExistent)?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect();
        files.sort();
        let text = fs::read_to_string(self.others().join(format!("{name}.index")));
        let mut index = Index::parse(&text.unwrap_or_default()).ok_or(Failure::Corruption)?;
        if index.follow(&files) {
            self.write(name, &index)?;
        }
        Ok(index)
    }

    fn write(&self, name: &str, index: &Index) -> Result<(), Failure> {
        let path = self.others().join(format!("{name}.index"));
        let draft = path.with_extension("draft");
        let written = fs::create_dir_all(self.others())
            .and_then(|()| fs::write(&draft, index.write()))
            .and_then(|()| fs::rename(&draft, &path));
        written.map_err(|_| Failure::Unavailable)
    }

    /// Puts a file into a folder, and returns its number there.
    fn add(
        &self,
        name: &str,
        index: &mut Index,
        flags: &Flags,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> Result<NonZeroU32, Failure> {
        let file = format!("{}-{}", index.validity, index.next);
        make(&self.directory(name).join(&file)).map_err(|_| Failure::Unavailable)?;
        index.mod_seq += 1;
        let line = Line { uid: index.next, mod_seq: index.mod_seq, flags: letters(flags), file };
        index.messages.push(line);
        index.next += 1;
        self.write(name, index)?;
        number(index.next - 1)
    }
}

impl Index {
    /// Reads what [`write`](Self::write) wrote; nothing is the index of a new folder.
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let Some(head) = lines.next() else {
            let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let validity = u32::try_from(since.as_secs()).ok()?;
            return Some(Self { validity, next: 1, mod_seq: 1, ..Self::default() });
        };
        let mut words = head.split(' ');
        let mut index = Self {
            validity: words.next()?.parse().ok()?,
            next: words.next()?.parse().ok()?,
            mod_seq: words.next()?.parse().ok()?,
            ..Self::default()
        };
        for line in lines {
            let mut words = line.split(' ');
            let (uid, mod_seq) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            match (words.next(), words.next()) {
                (Some(flags), Some(file)) => {
                    let (flags, file) = (flags.into(), file.into());
                    index.messages.push(Line { uid, mod_seq, flags, file });
                }
                _ => index.gone.push((mod_seq, uid)),
            }
        }
        Some(index)
    }

    fn write(&self) -> String {
        let mut text = format!("{} {} {}\n", self.validity, self.next, self.mod_seq);
        for Line { uid, mod_seq, flags, file } in &self.messages {
            text += &format!("{uid} {mod_seq} {flags} {file}\n");
        }
        for (mod_seq, uid) in &self.gone {
            text += &format!("{uid} {mod_seq}\n");
        }
        text
    }

    /// Gives numbers to files that came, and takes off the list those that went.
    fn follow(&mut self, files: &[String]) -> bool {
        let before = self.mod_seq;
        let went: Vec<_> =
            self.messages.iter().filter(|it| files.binary_search(&it.file).is_err()).collect();
        for uid in went.into_iter().map(|line| line.uid).collect::<Vec<_>>() {
            self.forget(uid);
        }
        for file in files {
            if self.messages.iter().all(|line| line.file != *file) {
                self.mod_seq += 1;
                let (uid, mod_seq, flags) = (self.next, self.mod_seq, "-".to_owned());
                self.messages.push(Line { uid, mod_seq, flags, file: file.clone() });
                self.next += 1;
            }
        }
        self.mod_seq > before
    }

    fn forget(&mut self, uid: u32) {
        self.mod_seq += 1;
        self.messages.retain(|line| line.uid != uid);
        self.gone.push((self.mod_seq, uid));
    }

    fn line(&self, uid: NonZeroU32) -> Result<&Line, Failure> {
        self.messages.iter().find(|line| line.uid == uid.get()).ok_or(Failure::MessageGone)
    }

    fn count(&self, letter: char, with: bool) -> u32 {
        let count = self.messages.iter().filter(|it| it.flags.contains(letter) == with).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }
}

impl Store for Folders {
    type Mailbox = Folder;
    type Upload = Vec<Bytes>;

    fn mailboxes(&mut self) -> Result<Vec<Entry>, Failure> {
        let mut names = vec!["INBOX".to_owned()];
        let others = fs::read_dir(self.others()).into_iter().flatten().flatten();
        let others = others.filter(|entry| entry.path().is_dir());
        names.extend(others.filter_map(|entry| entry.file_name().into_string().ok()));
        Ok(names.into_iter().map(Entry::new).collect())
    }

    fn open(&mut self, name: &str) -> Result<Folder, Failure> {
        let held = self.lock();
        self.index(name)?;
        drop(held);
        Ok(Folder { folders: self.clone(), name: name.into() })
    }

    fn totals(&mut self, name: &str) -> Result<Totals, Failure> {
        let _held = self.lock();
        let index = self.index(name)?;
        let size = |line: &Line| {
            fs::metadata(self.directory(name).join(&line.file)).map_or(0, |metadata| metadata.len())
        };
        Ok(Totals {
            messages: u32::try_from(index.messages.len()).map_err(|_| Failure::Limit)?,
            recent: 0,
            unseen: index.count('S', false),
            deleted: index.count('T', true),
            size: index.messages.iter().map(size).sum(),
            deleted_size: index.messages.iter().filter(|it| it.flags.contains('T')).map(size).sum(),
            uid_next: number(index.next)?,
            uid_validity: number(index.validity)?,
            mod_seq: index.mod_seq,
            id: None,
        })
    }

    fn create(&mut self, name: &str, uses: &[SpecialUse]) -> Result<Option<ObjectId>, Failure> {
        // A name is that of a directory; nothing may lead out of ours.
        if !uses.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) {
            return Err(Failure::Cannot);
        }
        let _held = self.lock();
        let made =
            fs::create_dir_all(self.others()).and_then(|()| fs::create_dir(self.directory(name)));
        match made {
            Ok(()) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::AlreadyExists)
            }
            Err(_) => Err(Failure::Unavailable),
        }
    }

    fn delete(&mut self, _: &str) -> Result<(), Failure> {
        Err(Failure::NotSupported)
    }

    fn rename(&mut self, _: &str, _: &str) -> Result<(), Failure> {
        Err(Failure::NotSupported)
    }

    fn subscribe(&mut self, _: &str, _: bool) -> Result<(), Failure> {
        Err(Failure::NotSupported)
    }

    fn upload(&mut self) -> Result<Vec<Bytes>, Failure> {
        Ok(Vec::new())
    }

    fn append(
        &mut self,
        name: &str,
        messages: Vec<NewMessage<Vec<Bytes>>>,
    ) -> Result<Appended, Failure> {
        let _held = self.lock();
        let mut index = self.index(name)?;
        let mut uids = Vec::new();
        for NewMessage { upload, flags, .. } in messages {
            let octets = upload.concat();
            uids.push(self.add(name, &mut index, &flags, |path| fs::write(path, &octets))?);
        }
        Ok(Appended { uid_validity: number(index.validity)?, uids })
    }

    fn delimiter(&self) -> Option<Delimiter> {
        None
    }
}

impl Folder {
    fn index(&self) -> Result<Index, Failure> {
        let _held = self.folders.lock();
        self.folders.index(&self.name)
    }

    fn path(&self, line: &Line) -> PathBuf {
        self.folders.directory(&self.name).join(&line.file)
    }
}

impl Mailbox for Folder {
    fn info(&mut self) -> Result<Info, Failure> {
        let index = self.index()?;
        let flags: Flags = FLAGS.iter().map(|(flag, _)| flag.clone()).collect();
        Ok(Info {
            uid_validity: number(index.validity)?,
            uid_next: number(index.next)?,
            mod_seq: index.mod_seq,
            id: None,
            permanent: flags.clone(),
            flags,
            read_only: false,
        })
    }

    fn states(&mut self, after: u32, limit: usize) -> Result<Vec<State>, Failure> {
        let index = self.index()?;
        index.messages.iter().filter(|line| line.uid > after).take(limit).map(state).collect()
    }

    fn changes(&mut self, since: u64) -> Result<Changes, Failure> {
        let index = self.index()?;
        let gone = index.gone.iter().filter(|(mod_seq, _)| *mod_seq > since);
        let range = |(_, uid): &(u64, u32)| number(*uid).map(|uid| UidRange::new(uid, uid));
        let mut vanished = gone.map(range).collect::<Result<Vec<_>, _>>()?;
        vanished.sort_by_key(|range| range.from());
        let changed = index.messages.iter().filter(|line| line.mod_seq > since);
        let states = changed.map(state).collect::<Result<_, _>>()?;
        Ok(Changes { mod_seq: index.mod_seq, states, vanished, complete: true })
    }

    fn details(&mut self, uids: &[NonZeroU32]) -> Result<Vec<Details>, Failure> {
        let index = self.index()?;
        let of = |uid: &NonZeroU32| {
            let metadata = fs::metadata(self.path(index.line(*uid).ok()?)).ok()?;
            let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
            Some(Details {
                uid: *uid,
                size: metadata.len(),
                received: DateTime::from_unix(i64::try_from(since.as_secs()).ok()?, 0)?,
                saved: None,
                email_id: None,
                thread_id: None,
            })
        };
        Ok(uids.iter().filter_map(of).collect())
    }

    fn read(&mut self, uid: NonZeroU32, offset: u64, at_most: usize) -> Result<Bytes, Failure> {
        let path = self.path(self.index()?.line(uid)?);
        let mut octets = Vec::new();
        let read = File::open(path).and_then(|mut file| {
            file.seek(SeekFrom::Start(offset))?;
            file.take(at_most as u64).read_to_end(&mut octets)
        });
        read.map_err(|_| Failure::MessageGone)?;
        Ok(octets.into())
    }

    fn set_flags(
        &mut self,
        uids: &[NonZeroU32],
        update: &FlagUpdate,
    ) -> Result<FlagsUpdated, Failure> {
        let _held = self.folders.lock();
        let mut index = self.folders.index(&self.name)?;
        let (mut updated, next) = (FlagsUpdated::default(), index.mod_seq + 1);
        for line in &mut index.messages {
            let Some(uid) = uids.iter().find(|uid| uid.get() == line.uid) else { continue };
            if update.unchanged_since.is_some_and(|since| line.mod_seq > since) {
                updated.modified.push(*uid);
                continue;
            }
            let wanted = |(flag, letter): &(Flag, char)| {
                let (has, named) = (line.flags.contains(*letter), update.flags.contains(flag));
                match update.change {
                    Change::Add => has || named,
                    Change::Remove => has && !named,
                    Change::Replace => named,
                }
            };
            let flags =
                letters(&FLAGS.iter().filter(|it| wanted(it)).map(|it| it.0.clone()).collect());
            if flags != line.flags {
                (line.flags, line.mod_seq, index.mod_seq) = (flags, next, next);
            }
            updated.states.push(state(line)?);
        }
        self.folders.write(&self.name, &index)?;
        Ok(updated)
    }

    fn expunge(&mut self, uids: &[NonZeroU32], only_deleted: bool) -> Result<(), Failure> {
        let _held = self.folders.lock();
        let mut index = self.folders.index(&self.name)?;
        for uid in uids {
            let Ok(line) = index.line(*uid).cloned() else { continue };
            if !only_deleted || line.flags.contains('T') {
                fs::remove_file(self.path(&line)).map_err(|_| Failure::Unavailable)?;
                index.forget(line.uid);
            }
        }
        self.folders.write(&self.name, &index)
    }

    fn copy(&mut self, uids: &[NonZeroU32], to: &str) -> Result<Copied, Failure> {
        let _held = self.folders.lock();
        let index = self.folders.index(&self.name)?;
        let lines = uids.iter().map(|uid| index.line(*uid)).collect::<Result<Vec<_>, _>>()?;
        let mut target = self.folders.index(to)?;
        let mut copied = Vec::new();
        for line in lines {
            let (from, flags) = (self.path(line), flags(&line.flags));
            let make = |path: &Path| fs::hard_link(&from, path);
            copied.push(self.folders.add(to, &mut target, &flags, make)?);
        }
        Ok(Copied { uid_validity: number(target.validity)?, uids: copied })
    }
}

fn state(line: &Line) -> Result<State, Failure> {
    Ok(State { uid: number(line.uid)?, mod_seq: line.mod_seq, flags: flags(&line.flags) })
}

fn flags(letters: &str) -> Flags {
    FLAGS.iter().filter(|(_, letter)| letters.contains(*letter)).map(|it| it.0.clone()).collect()
}

/// Returns the letters of flags, or a dash for none.
fn letters(flags: &Flags) -> String {
    let set = FLAGS.iter().filter(|(flag, _)| flags.contains(flag));
    let letters: String = set.map(|(_, letter)| letter).collect();
    if letters.is_empty() { "-".into() } else { letters }
}

fn number(number: u32) -> Result<NonZeroU32, Failure> {
    NonZeroU32::new(number).ok_or(Failure::Corruption)
}

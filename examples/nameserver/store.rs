//! What survives the process: the steps of our own zones, and copies of others'.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File, OpenOptions},
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use homing::dns::{Name, Notification, Zone, ZoneDelta, tokio::Keeper};
use tokio::sync::mpsc;

use crate::{Failure, log};

/// What the servers say to whoever is not busy with answers.
pub(crate) enum Said {
    Changed(Zone),
    Notified(Notification, IpAddr),
}

/// A directory with a journal for each zone of our own, and a copy of each that we follow.
pub(crate) struct Store {
    directory: Option<PathBuf>,
    followed: RwLock<BTreeSet<Name>>,
    journals: Mutex<BTreeMap<Name, Journal>>,
    /// What the files had when they were read last: where the journals begin.
    loaded: Mutex<BTreeMap<Name, Zone>>,
    said: mpsc::UnboundedSender<Said>,
}

/// One journal, open at its end.
struct Journal {
    file: File,
    length: u64,
    /// The serial that its last step leads to.
    last: u32,
    /// Octets it had when it was made shorter last.
    packed: u64,
}

/// Octets of a journal that is not worth the trouble.
const SHORT: u64 = 4_096;

/// Versions and the steps that led to them.
type Steps = Vec<(Zone, ZoneDelta)>;

impl Store {
    pub(crate) fn new(
        directory: Option<PathBuf>,
        said: mpsc::UnboundedSender<Said>,
    ) -> Result<Arc<Self>, Failure> {
        if let Some(directory) = &directory {
            fs::create_dir_all(directory)
                .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
        }
        Ok(Arc::new(Self {
            directory,
            followed: RwLock::default(),
            journals: Mutex::default(),
            loaded: Mutex::default(),
            said,
        }))
    }

    /// Notes that a zone is another's: a copy of it is kept, and no journal.
    pub(crate) fn follow(&self, zone: &Name) {
        self.followed.write().unwrap_or_else(PoisonError::into_inner).insert(zone.clone());
    }

    fn follows(&self, zone: &Name) -> bool {
        self.followed.read().unwrap_or_else(PoisonError::into_inner).contains(zone)
    }

    /// Returns where the copy of a zone that we follow is.
    pub(crate) fn copy(&self, zone: &Name) -> Option<PathBuf> {
        self.path(zone, "zone")
    }

    /// Whether a zone has another serial than its file when that was read.
    pub(crate) fn is_updated(&self, zone: &Name, serial: u32) -> bool {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.get(zone).map(Zone::serial) != Some(serial)
    }

    /// Notes that a zone's file was read.
    pub(crate) fn loaded(&self, zone: Zone) {
        let apex = zone.apex().clone();
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(apex, zone);
    }

    /// Reads what became of a zone after its file was written.
    pub(crate) fn replay(&self, zone: Zone) -> Result<(Zone, Steps), Failure> {
        self.loaded(zone.clone());
        let Some(path) = self.path(zone.apex(), "journal") else { return Ok((zone, Vec::new())) };
        let unreadable = |error| format!("cannot read {}: {error}", path.display());
        let octets = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((zone, Vec::new())),
            octets => octets.map_err(unreadable)?,
        };
        let (mut steps, mut rest) = (Vec::new(), &octets[..]);
        while let Some((step, after)) = ZoneDelta::parse(rest)
            .map_err(|error| format!("{} is no journal: {error}", path.display()))?
        {
            steps.push(step);
            rest = after;
        }
        if !rest.is_empty() {
            // The process died over a step that nobody was told of.
            let whole = (octets.len() - rest.len()) as u64;
            let file = OpenOptions::new().write(true).open(&path).map_err(unreadable)?;
            file.set_len(whole).and_then(|()| file.sync_all()).map_err(unreadable)?;
        }
        self.since(zone, steps, &path)
    }

    /// Finds the steps that lead on from the file's version.
    fn since(
        &self,
        zone: Zone,
        steps: Vec<ZoneDelta>,
        path: &Path,
    ) -> Result<(Zone, Steps), Failure> {
        let (apex, serial) = (zone.apex().clone(), zone.serial());
        let Some(last) = steps.last().map(ZoneDelta::to) else { return Ok((zone, Vec::new())) };
        let first = steps.iter().rposition(|step| step.from() == serial);
        if first.is_none() && (1..1 << 31).contains(&serial.wrapping_sub(last)) {
            let old = path.with_extension("journal.old");
            fs::rename(path, &old)
                .map_err(|error| format!("cannot move {}: {error}", path.display()))?;
            log(&format!(
                "the file of {apex} has serial {serial}, newer than its journal's {last}, which is \
                 {} from here on",
                old.display()
            ));
            return Ok((zone, Vec::new()));
        }
        if first.is_none() && serial != last {
            let path = path.display();
            return Err(format!(
                "the file of {apex} has serial {serial}, from which {path} does not lead on: raise \
                 it above {last}, or take the journal away"
            )
            .into());
        }
        let mut versions = Vec::new();
        let mut version = zone.clone();
        for step in steps.into_iter().skip(first.unwrap_or(usize::MAX)) {
            version = version.apply(&step).map_err(|error| {
                format!("{} does not fit the file of {apex}: {error}", path.display())
            })?;
            versions.push((version.clone(), step));
        }
        Ok((zone, versions))
    }

    fn path(&self, zone: &Name, kind: &str) -> Option<PathBuf> {
        // The root's name would begin a hidden file, and names may have anything in them.
        let name = zone.to_string().replace('/', "\\047");
        let name = if name == "." { "root.".to_owned() } else { name };
        Some(self.directory.as_ref()?.join(name + kind))
    }

    /// Appends steps to a journal, and returns when they are on the disk.
    fn append(&self, path: &Path, zone: &Name, steps: &[ZoneDelta]) -> io::Result<()> {
        let Some(last) = steps.last().map(ZoneDelta::to) else { return Ok(()) };
        let mut octets = Vec::new();
        steps.iter().for_each(|step| step.write(&mut octets));
        let mut journals = self.journals.lock().unwrap_or_else(PoisonError::into_inner);
        if !journals.contains_key(zone) {
            journals.insert(zone.clone(), Journal::open(path)?);
        }
        let journal = journals.get_mut(zone).ok_or(io::ErrorKind::NotFound)?;
        journal.append(&octets)?;
        journal.last = last;
        Ok(())
    }

    /// Makes a journal that has become longer than its zone one step from the file's version.
    fn pack(&self, path: &Path, zone: &Zone) -> io::Result<()> {
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = loaded.get(zone.apex()).cloned() else { return Ok(()) };
        drop(loaded);
        let mut journals = self.journals.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(journal) = journals.get_mut(zone.apex()) else { return Ok(()) };
        let least = SHORT.max(zone.size() as u64).max(2 * journal.packed);
        // Whose version is not the last any more leaves it to who has that.
        if journal.length <= least || journal.last != zone.serial() {
            return Ok(());
        }
        let mut octets = Vec::new();
        ZoneDelta::between(&first, zone).write(&mut octets);
        // Whenever the process dies, there is the one journal or the other.
        let new = path.with_extension("journal.new");
        let mut file = File::create(&new)?;
        file.write_all(&octets)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        // The file that is open is nobody's from here on.
        let last = zone.serial();
        journals.remove(zone.apex());
        let journal = Journal { packed: octets.len() as u64, last, ..Journal::open(path)? };
        journals.insert(zone.apex().clone(), journal);
        Ok(())
    }
}

impl Journal {
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        // The name of a new file is on the disk when its directory is.
        path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())?;
        let length = file.metadata()?.len();
        Ok(Self { file, length, last: 0, packed: 0 })
    }

    fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(octets).and_then(|()| self.file.sync_data());
        match &written {
            Ok(()) => self.length += octets.len() as u64,
            Err(_) => {
                // Half a step must not stand before the next.
                self.file.set_len(self.length)?;
                self.file.sync_all()?;
            }
        }
        written
    }
}

impl Keeper for Store {
    fn keep(&self, zone: &Name, steps: &[ZoneDelta]) -> io::Result<()> {
        match self.path(zone, "journal").filter(|_| !self.follows(zone)) {
            Some(path) => self.append(&path, zone, steps),
            None => Ok(()),
        }
    }

    fn changed(&self, zone: &Zone) {
        let followed = self.follows(zone.apex());
        let kind = if followed { "zone" } else { "journal" };
        if let Some(path) = self.path(zone.apex(), kind)
            && let Err(error) = if followed { write(&path, zone) } else { self.pack(&path, zone) }
        {
            log(&format!("cannot keep {}: {error}", path.display()));
        }
        // When nobody listens any more, the process is about to end.
        let _ = self.said.send(Said::Changed(zone.clone()));
    }

    fn notified(&self, notification: Notification, from: IpAddr) {
        let _ = self.said.send(Said::Notified(notification, from));
    }
}

/// Writes a zone as a master file, in the place of another at once.
fn write(path: &Path, zone: &Zone) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = io::BufWriter::new(File::create(&new)?);
    for record in zone.records() {
        writeln!(file, "{record}")?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&new, path)
}

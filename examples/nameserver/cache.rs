//! What a resolver has found out, kept in a file for the next start.
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use homing::dns::{ParseError, tokio::Recursive};
use tokio::{
    task::{AbortHandle, spawn, spawn_blocking},
    time::{MissedTickBehavior, interval},
};

use crate::{Failure, log};

/// The longest file that is read: what a full cache of long answers has.
const MOST: u64 = 1 << 28;

/// Gives what the file has to `take`, which says how much that was. A file that is no cache is told,
/// and changes nothing; one that is not there is not the first start's fault.
pub(crate) fn load(
    file: &Path,
    take: impl FnOnce(&[u8]) -> Result<usize, ParseError>,
) -> Result<(), Failure> {
    let name = file.display();
    let octets = match read(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        octets => octets.map_err(|error| format!("{name}: {error}"))?,
    };
    match octets.map(|octets| take(&octets)) {
        Some(Ok(count)) => {
            log(&format!("{name}: {count} RRsets and answers are known from before"))
        }
        Some(Err(error)) => log(&format!("{name} is no cache, and nothing is known: {error}")),
        None => log(&format!("{name} is longer than {MOST} octets, and nothing is known")),
    }
    Ok(())
}

/// Reads a file, unless it is too long.
fn read(file: &Path) -> io::Result<Option<Vec<u8>>> {
    let (file, mut octets) = (File::open(file)?, Vec::new());
    if file.metadata()?.len() > MOST {
        return Ok(None);
    }
    file.take(MOST).read_to_end(&mut octets)?;
    Ok(Some(octets))
}

/// Puts octets in the place of a file at once; a new one is readable for whom `mode` says.
pub(crate) fn write(path: &Path, octets: &[u8], mode: u32) -> io::Result<()> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&new)?;
    file.write_all(octets)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// A resolver whose cache is kept.
pub(crate) struct Kept {
    cache: Arc<Cache>,
    often: AbortHandle,
}

impl Kept {
    /// Writes the cache every so often from now on.
    pub(crate) fn every(often: Duration, resolver: Recursive, file: PathBuf) -> Self {
        let cache = Arc::new(Cache { resolver, file: Mutex::new(file) });
        let own = Arc::clone(&cache);
        let task = async move {
            let mut ticks = interval(often);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            // The first is at once.
            ticks.tick().await;
            loop {
                ticks.tick().await;
                let own = Arc::clone(&own);
                let _ = spawn_blocking(move || own.write()).await;
            }
        };
        Self { cache, often: spawn(task).abort_handle() }
    }

    /// Writes it for the last time.
    pub(crate) fn finish(self) {
        self.often.abort();
        self.cache.write();
    }
}

struct Cache {
    resolver: Recursive,
    /// Whose turn it is to write.
    file: Mutex<PathBuf>,
}

impl Cache {
    fn write(&self) {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Who has asked for what is not everybody's business.
        if let Err(error) = write(&file, &self.resolver.dump(), 0o600) {
            log(&format!("{} is as it was: {error}", file.display()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use homing::{
        dns::recursive::{Config, Resolver},
        proto_core::Instant,
    };

    fn resolver() -> Resolver {
        Resolver::new(Config::new([]), [7; 32])
    }

    /// Loads a file, and says whether it was a cache, or not even looked at.
    fn loaded(file: &Path) -> Option<bool> {
        let (mut resolver, mut seen) = (resolver(), None);
        let read = load(file, |octets| {
            let loaded = resolver.load(Instant::ORIGIN, 0, octets);
            seen = Some(loaded.is_ok());
            loaded
        });
        read.expect("nothing in the file ends the program");
        seen
    }

    #[test]
    fn a_cache_is_written_whole_and_anything_else_is_passed_over() {
        let folder = std::env::temp_dir().join(format!("homing-cache-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join("cache");
        assert_eq!(loaded(&file), None, "it is not there");
        let octets = resolver().dump(Instant::ORIGIN, 0);
        write(&file, &octets, 0o600).expect("written");
        assert_eq!(loaded(&file), Some(true));
        for (octets, known) in
            [(&octets[1..], false), (&octets[..octets.len() - 1], false), (b"", false)]
        {
            write(&file, octets, 0o600).expect("written");
            assert_eq!(loaded(&file), Some(known));
        }
        // Sparse, so that it costs nothing.
        File::create(&file).and_then(|file| file.set_len(MOST + 1)).expect("a long file");
        assert_eq!(loaded(&file), None, "it is too long");
        let files = fs::read_dir(&folder).expect("the folder").count();
        assert_eq!(files, 1, "nothing is left behind");
        assert!(load(&folder, |_| Ok(0)).is_err(), "a folder is no file");
        fs::remove_dir_all(&folder).expect("gone");
    }
}

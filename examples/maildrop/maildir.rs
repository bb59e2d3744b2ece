//! A directory of messages: what is there, how large it is when it is sent, and its removal.
use std::{
    collections::HashMap,
    ffi::OsString,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    time::SystemTime,
};

use homing::pop3::{Entry, Maildrop, UniqueId};

use crate::Failure;

/// How large files are when they are sent, for who counts line ends once need not again.
pub(crate) type Sizes = HashMap<(OsString, SystemTime, u64), u64>;

/// Lists the messages by name, which begins with the time of delivery.
pub(crate) fn list(maildir: &Path, sizes: &mut Sizes) -> Result<(Vec<PathBuf>, Maildrop), Failure> {
    let mut found = Vec::new();
    for directory in ["new", "cur"] {
        for file in fs::read_dir(maildir.join(directory))? {
            let file = file?;
            found.push((file.file_name(), file.path()));
        }
    }
    found.sort();
    let mut current = Sizes::new();
    let (mut files, mut entries) = (Vec::new(), Vec::new());
    for (name, path) in found {
        let metadata = fs::metadata(&path)?;
        let id = unique_id(&name)?;
        let key = (name, metadata.modified()?, metadata.len());
        let size = sizes.get(&key).map_or_else(|| sent_size(&path), |size| Ok(*size))?;
        current.insert(key, size);
        files.push(path);
        entries.push(Entry { size, id });
    }
    *sizes = current;
    Ok((files, Maildrop::new(entries)?))
}

/// The name without its flags, which change; of one that is no unique id, a hash (FNV-1a), which
/// must be the same in every session and every version of this program (RFC 1939 §7).
fn unique_id(name: &OsString) -> Result<UniqueId, Failure> {
    let name = name.as_encoded_bytes();
    let stable = name.split(|octet| *octet == b':').next().unwrap_or(name);
    Ok(UniqueId::new(stable.to_vec().into()).or_else(|_| {
        let mix =
            |hash: u64, octet: &u8| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01B3);
        let hash = stable.iter().fold(0xCBF2_9CE4_8422_2325, mix);
        UniqueId::new(format!("{hash:016x}").into())
    })?)
}

/// Counts octets as the session sends them: each line ends in CRLF, the last one too, and NUL is
/// left out.
fn sent_size(path: &Path) -> io::Result<u64> {
    let (mut file, mut piece) = (fs::File::open(path)?, vec![0; 64 * 1024]);
    let (mut size, mut last, mut open) = (0, b'\n', false);
    loop {
        let read = file.read(&mut piece)?;
        let octets = piece.get(..read).unwrap_or_default();
        if octets.is_empty() {
            return Ok(if open { size + 2 } else { size });
        }
        for &octet in octets {
            size += match octet {
                0 => 0,
                b'\n' if last == b'\r' => 0,
                b'\r' | b'\n' => 2,
                _ => 1,
            };
            open = !matches!(octet, b'\r' | b'\n') && (open || octet != 0);
            last = octet;
        }
    }
}

/// Removes files for good, as many as go.
pub(crate) fn remove(files: &[PathBuf], maildir: &Path) -> io::Result<()> {
    let removed = files.iter().map(fs::remove_file).fold(Ok(()), Result::and);
    for directory in ["new", "cur"] {
        fs::File::open(maildir.join(directory))?.sync_all()?;
    }
    removed
}

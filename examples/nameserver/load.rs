//! Zones from files.
use std::{
    fs::File,
    io::{ErrorKind, Read},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use homing::dns::{
    Catalog, Name, Rdata, Record, Zone, ZoneBuilder, ZoneDelta,
    authority::Server,
    tokio::Zones,
    zone_file::{Scanner, Step},
};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{Failure, arguments::Origin, store::Store};

/// Octets of a file that are read at once.
const PIECE: usize = 1 << 18;

/// Loads a master file and what it includes, and shows how far it is.
pub(crate) fn file(origin: &Name, path: &Path) -> Result<Zone, Failure> {
    let size = path.metadata().map_or(0, |metadata| metadata.len());
    let style = "{msg} {bar:40} {bytes} of {total_bytes}, {eta} left";
    let style = ProgressStyle::with_template(style)?;
    let progress = ProgressBar::new(size).with_style(style).with_message(origin.to_string());
    let zone = read(origin, path, &progress);
    progress.finish_and_clear();
    let zone = zone?;
    if zone.apex() == origin {
        Ok(zone)
    } else {
        Err(format!("{} has the zone {}, not {origin}", path.display(), zone.apex()).into())
    }
}

fn read(origin: &Name, path: &Path, progress: &ProgressBar) -> Result<Zone, Failure> {
    let mut scanner = Scanner::new(&path.display().to_string(), origin);
    let (mut builder, mut piece) = (ZoneBuilder::default(), vec![0; PIECE]);
    let mut files = vec![open(path)?];
    loop {
        let wanted = match scanner.next()? {
            Step::Record(record) => {
                builder.push(&record);
                continue;
            }
            Step::NeedInput => None,
            Step::Include(file) => Some(file.to_owned()),
            Step::Done => break,
        };
        match wanted {
            // As in BIND, what is relative is so to the file of the zone.
            Some(file) => match path.parent().map(|folder| File::open(folder.join(file))) {
                Some(Ok(file)) => {
                    scanner.include();
                    files.push(file);
                }
                _ => scanner.refuse(),
            },
            None => {
                let unreadable = |error| format!("cannot read {}: {error}", path.display());
                let file = files.last_mut().ok_or("no file is open")?;
                let got = file.read(&mut piece).map_err(unreadable)?;
                scanner.push(piece.get(..got).unwrap_or_default());
                progress.inc(got as u64);
                if got == 0 {
                    scanner.end();
                    files.pop();
                }
            }
        }
    }
    Ok(builder.build().map_err(|error| format!("{}: {error}", path.display()))?)
}

fn open(path: &Path) -> Result<File, Failure> {
    Ok(File::open(path).map_err(|error| format!("cannot open {}: {error}", path.display()))?)
}

/// Puts a zone into service, and then step by step what became of it.
pub(crate) fn enter(
    server: &mut Server,
    zone: Zone,
    steps: Vec<(Zone, ZoneDelta)>,
) -> Result<(), Failure> {
    server.authority_mut().insert(zone);
    steps.into_iter().try_for_each(|(zone, step)| server.advance(zone, step))?;
    Ok(())
}

/// Puts into service what is kept of a zone of others, and returns it.
pub(crate) fn kept(store: &Store, origin: &Name, zones: &Zones) -> Result<Option<Zone>, Failure> {
    let Some(path) = store.copy(origin).filter(|path| path.exists()) else { return Ok(None) };
    let zone = file(origin, &path)?;
    zones.with(|server| server.authority_mut().insert(zone.clone()));
    Ok(Some(zone))
}

/// Makes a catalog of zones. What it lists does not change while the process lives, so the time at
/// which it began is serial enough.
pub(crate) fn catalog(apex: &Name, zones: &[Origin]) -> Result<Zone, Failure> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let serial = u32::try_from(seconds & u64::from(u32::MAX))?;
    let invalid: Name = "invalid.".parse()?;
    let (primary, mailbox) = (invalid.view(), invalid.view());
    let [refresh, retry, expire, minimum] = [3_600, 600, 2_419_200, 3_600];
    let soa = Rdata::Soa { primary, mailbox, serial, refresh, retry, expire, minimum };
    let names: Vec<Name> = zones.iter().map(|zone| zone.origin.clone()).collect();
    let soa = Record::new(apex.clone(), 0, soa);
    Ok(Zone::new(Catalog::write(apex, &names)?.into_iter().chain([soa]))?)
}

/// Loads a file again while its zone is in service, and says what became of it.
pub(crate) fn again(
    zones: &Zones,
    store: &Store,
    origin: &Name,
    path: &Path,
) -> Result<String, Failure> {
    let zone = file(origin, path)?;
    let serial = zone.serial();
    let own = zones.with(|server| server.authority().zone(origin.view()).map(Zone::serial));
    let newer = own.is_none_or(|own| (1..1 << 31).contains(&serial.wrapping_sub(own)));
    if let Some(own) = own
        && !newer
        && store.is_updated(origin, own)
    {
        return Ok(format!(
            "{} has serial {serial}, and {origin} has been updated to {own}: it stays",
            path.display()
        ));
    }
    match zones.replace(zone.clone()) {
        Ok(()) => {
            store.loaded(zone);
            Ok(format!("{origin} has serial {serial}"))
        }
        Err(error) if error.kind() == ErrorKind::StorageFull => Err("no room is left".into()),
        Err(error) => Err(format!("{origin} cannot be kept: {error}").into()),
    }
}

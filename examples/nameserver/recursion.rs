//! The resolver for names in zones that are elsewhere.
use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    sync::mpsc,
    thread,
    time::{SystemTime, UNIX_EPOCH},
};

use homing::{
    dns::{
        Name,
        dnssec::{self, Rollover, Trust},
        recursive::{Config, Resolver, Role, Upstream, parse_root_hints, root_hints},
        tokio::{Driver, Recursive, seed},
    },
    proto_core::Instant,
};

use crate::{Failure, arguments::Arguments};

/// Makes the resolver that the command line asks for.
pub(crate) fn resolver(arguments: &Arguments) -> Result<Recursive, Failure> {
    let hints = match &arguments.root_hints {
        Some(file) => parse_root_hints(&file.to_string_lossy(), &read(file)?)?,
        None => root_hints(),
    };
    let mut config = Config::new(hints);
    // Whoever begins on this host has a rig of servers on it.
    config.allow_loopback = config.roots.iter().any(|(_, address)| address.is_loopback());
    if !arguments.forward.is_empty() {
        let forwarders = arguments.forward.iter().copied();
        config.upstreams.push(Upstream::new(Name::ROOT, forwarders, Role::Forwarder));
    }
    let mut resolver = Resolver::new(config, seed()?);
    let Some(file) = &arguments.trust_anchor else {
        return Ok(Recursive::spawn(Driver::new(resolver)));
    };
    let mut trust = Trust::new(dnssec::Config::default());
    let text = String::from_utf8(read(file)?)?;
    trust.follow(Rollover::parse(&file.to_string_lossy(), &text)?);
    if trust.anchors().next().is_none() {
        return Err(format!("{}: no entry point to trust", file.display()).into());
    }
    let unix = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    resolver.validate(trust, Instant::ORIGIN, unix);
    let states = keep(file);
    // Who cannot keep them follows them all the same.
    let tell = move |_: &Name, state: &str| drop(states.send(state.to_owned()));
    Ok(Recursive::spawn_keeping(Driver::new(resolver), tell))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    Ok(fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?)
}

/// Keeps what it is sent in a file, beside those who have no time to wait for a disk.
fn keep(file: &Path) -> mpsc::Sender<String> {
    let (sender, states) = mpsc::channel::<String>();
    let file = file.to_owned();
    thread::spawn(move || {
        for state in states {
            if let Err(error) = write(&file, &state) {
                crate::log(&format!("{} is as it was: {error}", file.display()));
            }
        }
    });
    sender
}

/// Puts a text in the place of another at once.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&new, path)
}

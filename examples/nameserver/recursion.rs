//! The resolver for names in zones that are elsewhere.
use std::{
    fs,
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

use crate::{Failure, arguments::Arguments, cache};

/// Makes the resolver that the command line asks for.
pub(crate) fn resolver(arguments: &Arguments) -> Result<Recursive, Failure> {
    let hints = match &arguments.root_hints {
        Some(file) => parse_root_hints(&file.to_string_lossy(), &read(file)?)?,
        None => root_hints(),
    };
    let mut config = Config::new(hints);
    // Whoever begins on this host has a rig of servers on it.
    config.allow_loopback = config.roots.iter().any(|(_, address)| address.is_loopback());
    config.keepalive = Some(crate::limits().idle);
    config.identity = arguments.identity.clone().unwrap_or_default().into_bytes();
    if !arguments.forward.is_empty() {
        let forwarders = arguments.forward.iter().copied();
        config.upstreams.push(Upstream::new(Name::ROOT, forwarders, Role::Forwarder));
    }
    let mut resolver = Resolver::new(config, seed()?);
    let unix = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let states = arguments.trust_anchor.as_deref().map(|file| {
        resolver.validate(trust(file)?, Instant::ORIGIN, unix);
        Ok::<_, Failure>(keep(file))
    });
    let states = states.transpose()?;
    // What was known to be secure is, when there are anchors.
    if let Some(file) = &arguments.cache {
        cache::load(file, |octets| resolver.load(Instant::ORIGIN, unix, octets))?;
    }
    // Who cannot keep the keys of zones follows them all the same.
    let tell = move |_: &Name, state: &str| {
        states.iter().for_each(|states| drop(states.send(state.to_owned())));
    };
    Ok(Recursive::spawn_keeping(Driver::new(resolver), tell))
}

/// Reads what is trusted.
fn trust(file: &Path) -> Result<Trust, Failure> {
    let mut trust = Trust::new(dnssec::Config::default());
    let text = String::from_utf8(read(file)?)?;
    trust.follow(Rollover::parse(&file.to_string_lossy(), &text)?);
    if trust.anchors().next().is_none() {
        return Err(format!("{}: no entry point to trust", file.display()).into());
    }
    Ok(trust)
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
            if let Err(error) = cache::write(&file, state.as_bytes(), 0o644) {
                crate::log(&format!("{} is as it was: {error}", file.display()));
            }
        }
    });
    sender
}

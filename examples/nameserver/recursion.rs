//! The resolver for names in zones that are elsewhere.
use std::{
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use homing::{
    dns::{
        Name,
        dnssec::{self, Trust},
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
        let servers = arguments.forward.clone();
        let (zone, role) = (Name::ROOT, Role::Forwarder);
        config.upstreams.push(Upstream { zone, servers, role, first: false, tcp: false });
    }
    let mut resolver = Resolver::new(config, seed()?);
    if let Some(file) = &arguments.trust_anchor {
        let mut trust = Trust::new(dnssec::Config::default());
        trust.add_anchors(&file.to_string_lossy(), &read(file)?)?;
        let unix = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        resolver.validate(trust, Instant::ORIGIN, unix);
    }
    Ok(Recursive::spawn(Driver::new(resolver)))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    Ok(std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?)
}

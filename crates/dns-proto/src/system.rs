//! What the drivers need of the operating system.
use core::net::SocketAddr;
use std::fs;
use std::io;
use std::path::Path;
use std::vec::Vec;

use proto_core::Transport;

use crate::stub::{Config, Hosts, ResolvConf, Stub};

/// One message that passed a socket, for who wants to watch.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Exchange<'a> {
    /// Who sent it.
    pub from: SocketAddr,
    /// To whom.
    pub to: SocketAddr,
    /// By what.
    pub via: Transport,
    /// The message, without a length prefix; perhaps no DNS at all, if it was received.
    pub message: &'a [u8],
}

/// Draws a seed for a [`Stub`] or a recursive resolver from the operating system.
///
/// # Errors
///
/// When the system has no randomness to give.
pub fn seed() -> io::Result<[u8; 32]> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| io::ErrorKind::Unsupported)?;
    Ok(seed)
}

/// Reads `/etc/resolv.conf`; one that is not there says nothing, and so the name server of this
/// host is asked (resolv.conf(5)).
///
/// # Errors
///
/// When the file is there and cannot be read.
pub(crate) fn resolv_conf() -> io::Result<ResolvConf> {
    read("/etc/resolv.conf").map(|text| ResolvConf::parse(&text))
}

/// Reads `/etc/hosts`, which need not be there either.
pub(crate) fn hosts() -> io::Result<Hosts> {
    read("/etc/hosts").map(|text| Hosts::parse(&text))
}

impl Config {
    /// Makes the configuration that `/etc/resolv.conf` asks for; without that file, the name server
    /// of this host is asked (resolv.conf(5)). For who wants something changed in it; others have
    /// `Resolver::system`, which knows `/etc/hosts` too.
    ///
    /// ```
    /// use dns_proto::stub::Config;
    ///
    /// let config = Config { dnssec: true, ..Config::system()? };
    /// assert!(config.rounds > 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the file is there and cannot be read.
    pub fn system() -> io::Result<Self> {
        resolv_conf().map(|conf| config(&conf))
    }
}

/// Makes a configuration of `/etc/resolv.conf`.
pub(crate) fn config(conf: &ResolvConf) -> Config {
    conf.config(interface)
}

/// Makes a stub with a seed of the system's.
pub(crate) fn stub(config: Config) -> io::Result<Stub> {
    Stub::new(config, seed()?).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))
}

fn read(path: &str) -> io::Result<Vec<u8>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read,
    }
}

/// Asks Linux for the number of a network interface; elsewhere, only numbers are known.
fn interface(name: &str) -> Option<u32> {
    let path = Path::new("/sys/class/net").join(name).join("ifindex");
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_empty() {
        assert!(read("/nowhere/at/all").unwrap().is_empty());
        assert!(interface("no such interface").is_none());
    }
}

//! The command line.
use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use clap::Parser;
use homing::dns::{Name, Who, tsig::Key};

/// Answers for zones by DNS. SIGHUP loads their files again; SIGTERM and SIGINT end it.
///
/// Prints `listening dns ADDR` for each address (`listening dot ADDR` with TLS), then loads the
/// zones, then prints `ready`.
#[derive(Clone, Parser)]
#[command(name = "nameserver")]
pub(crate) struct Arguments {
    /// Listen here by UDP and TCP; port 0 is any free one; may be repeated
    #[arg(long, value_name = "ADDR", required_unless_present = "print")]
    pub(crate) listen: Vec<SocketAddr>,
    /// Listen here by TLS too
    #[arg(long, value_name = "ADDR", requires = "tls")]
    pub(crate) listen_tls: Option<SocketAddr>,
    /// The certificate of --listen-tls, and its key
    #[arg(long, num_args = 2, value_names = ["CERT.pem", "KEY.pem"], requires = "listen_tls")]
    pub(crate) tls: Option<Vec<PathBuf>>,
    /// Be a primary for this zone, which is in this master file; may be repeated
    #[arg(long, value_name = "ORIGIN=FILE", value_parser = origin)]
    pub(crate) zone: Vec<Origin>,
    /// Print the zones with all names and times whole, in canonical order, and end
    #[arg(long)]
    pub(crate) print: bool,
    /// Be a secondary for this zone, whose primary is there, signs with this key if one is named,
    /// and speaks TLS with a certificate for HOST if that is said; may be repeated, for one zone
    /// too
    #[arg(long, value_name = "ORIGIN=ADDR[@KEY][/HOST]", value_parser = upstream)]
    pub(crate) secondary: Vec<Upstream>,
    /// Believe certificates of primaries that these authorities have signed
    #[arg(long, value_name = "FILE.pem")]
    pub(crate) authorities: Option<PathBuf>,
    /// Be a secondary for all zones that this catalog lists too, which is a --secondary; may be
    /// repeated
    #[arg(long, value_name = "ORIGIN", value_parser = name)]
    pub(crate) catalog: Vec<Name>,
    /// Be the primary of a catalog that lists each --zone, for secondaries that follow it; may be
    /// repeated
    #[arg(long, value_name = "ORIGIN", value_parser = name)]
    pub(crate) produce_catalog: Vec<Name>,
    /// Share this key; may be repeated
    #[arg(long, value_name = "NAME:ALG:BASE64", value_parser = key)]
    pub(crate) tsig: Vec<Key>,
    /// Take updates from who signs with this key, or sends from this network; may be repeated
    #[arg(long, value_name = "KEY|CIDR", value_parser = who)]
    pub(crate) allow_update: Vec<Who>,
    /// Let them have whole zones; may be repeated
    #[arg(long, value_name = "KEY|CIDR", value_parser = who)]
    pub(crate) allow_transfer: Vec<Who>,
    /// Tell this server of changes, and sign that with this key if one is named; may be repeated
    #[arg(long, value_name = "ADDR[@KEY]", value_parser = peer)]
    pub(crate) notify: Vec<Peer>,
    /// Keep updates and transferred zones in this directory; without, they are gone with the
    /// process
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
    /// Find out for clients what is in no zone here
    #[arg(long)]
    pub(crate) recursive: bool,
    /// Do so for clients of this network only, or for `any`; may be repeated
    #[arg(long, value_name = "CIDR", requires = "recursive", value_parser = network)]
    #[arg(default_values = NEARBY)]
    pub(crate) allow_recursion: Vec<Who>,
    /// Begin at these servers of the root, instead of IANA's
    #[arg(long, value_name = "FILE", requires = "recursive")]
    pub(crate) root_hints: Option<PathBuf>,
    /// Have this resolver do the work; may be repeated
    #[arg(long, value_name = "ADDR", requires = "recursive")]
    pub(crate) forward: Vec<SocketAddr>,
    /// Check signatures, beginning at the keys or digests of a zone in this master file, which is
    /// written anew when they are looked at (RFC 5011)
    #[arg(long, value_name = "FILE", requires = "recursive")]
    pub(crate) trust_anchor: Option<PathBuf>,
    /// Keep in this file what has been found out, and begin with it; it is written at the end, and
    /// every so often
    #[arg(long, value_name = "FILE", requires = "recursive")]
    pub(crate) cache: Option<PathBuf>,
    /// Write --cache every so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "cache")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) cache_every: u32,
    /// Answer on so many threads
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) threads: u16,
    /// Send a network no more than so many answers of a kind in a second by UDP
    #[arg(long, value_name = "QPS")]
    pub(crate) rrl: Option<u32>,
    /// Say this to who asks by NSID or for id.server
    #[arg(long, value_name = "TEXT")]
    pub(crate) identity: Option<String>,
    /// Say this to who asks for version.bind
    #[arg(long, value_name = "TEXT")]
    pub(crate) version_text: Option<String>,
}

/// The networks that are this host's own, or private (RFC 1918, RFC 4193) or of one link
/// (RFC 3927, RFC 4291 §2.5.6): clients nobody can pose as from afar (RFC 5358).
const NEARBY: [&str; 8] = [
    "127.0.0.0/8",
    "::1",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "169.254.0.0/16",
    "fe80::/10",
    "fc00::/7",
];

/// A zone and its file.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) origin: Name,
    pub(crate) file: PathBuf,
}

/// A zone and one of its primaries.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) origin: Name,
    pub(crate) peer: Peer,
    /// What its certificate is for.
    pub(crate) host: Option<Name>,
}

/// Another server, and the name of the key that is shared with it.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) key: Option<Name>,
}

impl Arguments {
    /// Says what does not go together.
    pub(crate) fn check(&self) -> Result<(), String> {
        let mut origins = BTreeSet::new();
        for Origin { origin, .. } in &self.zone {
            if !origins.insert(origin) {
                return Err(format!("two --zone have {origin}"));
            }
        }
        let named = self.notify.iter().filter_map(|peer| peer.key.as_ref());
        named.map(|key| self.key(key)).collect::<Result<Vec<_>, _>>().map(drop)
    }

    /// Finds a key that another argument names.
    pub(crate) fn key(&self, name: &Name) -> Result<&Key, String> {
        let key = self.tsig.iter().find(|key| key.name() == name);
        key.ok_or_else(|| format!("no --tsig has the key {name}"))
    }
}

fn origin(text: &str) -> Result<Origin, String> {
    let (origin, file) = text.split_once('=').ok_or("it has no =")?;
    Ok(Origin { origin: name(origin)?, file: file.into() })
}

fn upstream(text: &str) -> Result<Upstream, String> {
    let (origin, place) = text.split_once('=').ok_or("it has no =")?;
    let (place, host) = match place.split_once('/') {
        Some((place, host)) => (place, Some(name(host)?)),
        None => (place, None),
    };
    Ok(Upstream { origin: name(origin)?, peer: peer(place)?, host })
}

fn peer(text: &str) -> Result<Peer, String> {
    let (address, key) = match text.split_once('@') {
        Some((address, key)) => (address, Some(name(key)?)),
        None => (text, None),
    };
    let address = address.parse().map_err(|_| format!("{address} is no ADDRESS:PORT"))?;
    Ok(Peer { address, key })
}

fn name(text: &str) -> Result<Name, String> {
    text.parse().map_err(|error| format!("{text:?} is no name: {error}"))
}

fn key(text: &str) -> Result<Key, String> {
    let [name, algorithm, secret] = text.splitn(3, ':').collect::<Vec<_>>()[..] else {
        return Err("it is not NAME:ALG:BASE64".into());
    };
    let algorithm = algorithm.parse();
    let algorithm = algorithm.map_err(|_| "the algorithm is not known; hmac-sha256 is")?;
    let key = Key::from_base64(self::name(name)?, algorithm, secret);
    key.map_err(|_| "the secret is no base 64".into())
}

fn who(text: &str) -> Result<Who, String> {
    text.parse().map_err(|error| format!("{text:?} is neither a key nor a network: {error}"))
}

fn network(text: &str) -> Result<Who, String> {
    match who(text)? {
        Who::Key(_) => Err(format!("{text:?} is no network")),
        network => Ok(network),
    }
}

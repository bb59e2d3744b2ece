//! What is asked, and of whom.
use std::net::{IpAddr, SocketAddr};

use homing::dns::{
    Name, RecordType,
    stub::{Config, ResolvConf, reverse_name},
};

use crate::Failure;

/// What is asked, and of whom.
pub(crate) struct Question {
    pub(crate) server: Option<String>,
    pub(crate) name: Name,
    pub(crate) rtype: RecordType,
}

impl Question {
    pub(crate) fn read(words: &[String], reverse: Option<IpAddr>) -> Result<Self, Failure> {
        let server = words.iter().find_map(|word| word.strip_prefix('@')).map(str::to_string);
        let mut rest = words.iter().filter(|word| !word.starts_with('@'));
        let (name, usual) = match reverse {
            Some(address) => (reverse_name(address), "PTR"),
            None => {
                let name = rest.next().ok_or("no name to look up")?;
                (name.parse().map_err(|error| format!("{name}: {error}"))?, "A")
            }
        };
        let rtype = rest.next().map_or(usual, String::as_str).to_uppercase();
        let rtype = rtype.parse().map_err(|error| format!("{rtype}: {error}"))?;
        match rest.next() {
            Some(word) => Err(format!("{word}: one word too many").into()),
            None => Ok(Self { server, name, rtype }),
        }
    }

    /// Finds the servers to ask: the one that is named, or those of this host.
    pub(crate) async fn servers(&self, port: u16) -> Result<Config, Failure> {
        let Some(named) = self.server.as_deref() else { return configured() };
        let bare = named.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Ok(Config::new([SocketAddr::new(address, port)]));
        }
        if let Ok(address) = named.parse() {
            return Ok(Config::new([address]));
        }
        let host = if named.contains(':') { named.to_string() } else { format!("{named}:{port}") };
        let found = tokio::net::lookup_host(&host).await;
        Ok(Config::new(found.map_err(|error| format!("{named}: {error}"))?))
    }
}

/// Reads /etc/resolv.conf, and complains of what it does not understand.
fn configured() -> Result<Config, Failure> {
    let file = "/etc/resolv.conf";
    let text = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let conf = ResolvConf::parse(&text);
    for problem in &conf.problems {
        eprintln!("lookup: {file}: {problem}");
    }
    let interface = |name: &str| {
        let number = std::fs::read_to_string(format!("/sys/class/net/{name}/ifindex"));
        number.ok()?.trim().parse().ok()
    };
    Ok(conf.config(interface))
}

//! The name servers: a root, three top-level domains, three organisations, and a local server.
use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use homing::dns::{
    Access, Action, Authority, Message, Name, Rcode, Rdata, Record, Rule, Update, Who, Zone,
    authority,
    recursive::{self, Statistics},
    stub::{self, Stub},
    tokio::{Driver, Recursive, Resolver, Server, Zones, seed},
};
use tokio::task::JoinSet;

use crate::{Failure, transcript::Transcript};

/// Where everybody lives. All of it is this machine.
pub(crate) mod at {
    use std::net::{IpAddr, Ipv4Addr};

    const fn host(number: u8) -> IpAddr {
        IpAddr::V4(Ipv4Addr::new(127, 0, 0, number))
    }

    pub(crate) const ROOT: IpAddr = host(2);
    pub(crate) const COM: IpAddr = host(3);
    pub(crate) const EDU: IpAddr = host(4);
    pub(crate) const FR: IpAddr = host(5);
    pub(crate) const HAMBURGER_DNS: IpAddr = host(6);
    pub(crate) const CREPES_DNS: IpAddr = host(7);
    pub(crate) const UTOPIA_DNS: IpAddr = host(8);
    pub(crate) const LOCAL_DNS: IpAddr = host(9);
    pub(crate) const CREPES_MAIL: IpAddr = host(10);
    pub(crate) const HAMBURGER_MAIL: IpAddr = host(11);
    pub(crate) const UTOPIA_MAIL: IpAddr = host(12);
    pub(crate) const UTOPIA_WWW: IpAddr = host(13);
    pub(crate) const ALICE: IpAddr = host(20);
    pub(crate) const BOB: IpAddr = host(21);
    pub(crate) const REGISTRAR: IpAddr = host(22);
}

/// A name server with a zone: whose, what it is called, where it is.
type Place = (&'static str, &'static str, IpAddr);

const PLACES: [Place; 7] = [
    (".", "a.root-servers.net", at::ROOT),
    ("com", "a.gtld-servers.net", at::COM),
    ("edu", "a.edu-servers.net", at::EDU),
    ("fr", "d.nic.fr", at::FR),
    ("hamburger.edu", "dns.hamburger.edu", at::HAMBURGER_DNS),
    ("crepes.fr", "dns.crepes.fr", at::CREPES_DNS),
    ("networkutopia.com", "dns1.networkutopia.com", at::UTOPIA_DNS),
];

/// The hierarchy, and the local server in front of it.
pub(crate) struct Names {
    /// All authoritative servers listen on this port.
    port: u16,
    local: SocketAddr,
    recursive: Recursive,
    transcript: Transcript,
    servers: JoinSet<io::Result<()>>,
}

impl Names {
    /// Starts every server, on ports that the system chooses.
    pub(crate) async fn start(transcript: &Transcript) -> Result<Self, Failure> {
        for (zone, _, address) in PLACES {
            transcript.name(address, &format!("dns[{zone}]"));
        }
        transcript.name(at::LOCAL_DNS, "dns[local]");
        let mut servers = JoinSet::new();
        let mut port = 0;
        for server in authorities(transcript).await? {
            port = server.local_addr()?.port();
            servers.spawn(server.run(std::future::pending()));
        }
        let mut config = recursive::Config::new([("a.root-servers.net".parse()?, at::ROOT)]);
        (config.upstream_port, config.allow_loopback) = (port, true);
        let resolver = recursive::Resolver::new(config, seed()?);
        let recursive = Recursive::spawn(Driver::new(resolver).bind(at::LOCAL_DNS));
        let local = Server::bind((at::LOCAL_DNS, 0).into(), recursive.clone()).await?;
        let local = local.observe(transcript.dns());
        let address = local.local_addr()?;
        servers.spawn(local.run(std::future::pending()));
        for (zone, name, at) in PLACES {
            transcript.note(&format!("{name} answers for {zone} at {at}:{port}"));
        }
        transcript.note(&format!("the local name server answers for everybody at {address}"));
        let transcript = transcript.clone();
        Ok(Self { port, local: address, recursive, transcript, servers })
    }

    /// A resolver for a host that asks the local server.
    pub(crate) fn resolver(&self, host: IpAddr) -> Result<Resolver, Failure> {
        let stub = Stub::new(stub::Config::new([self.local]), seed()?)?;
        Ok(Resolver::spawn(Driver::new(stub).bind(host)))
    }

    /// Sends a dynamic update from a registrar to a zone's server, and waits for its answer.
    pub(crate) async fn update(&self, server: IpAddr, update: Update) -> Result<(), Failure> {
        let [high, low, ..] = seed()?;
        let message = update.id(u16::from_be_bytes([high, low])).write()?;
        let socket = tokio::net::UdpSocket::bind((at::REGISTRAR, 0)).await?;
        socket.connect((server, self.port)).await?;
        socket.send(&message).await?;
        let mut answer = vec![0; 512];
        let wait =
            tokio::time::timeout(std::time::Duration::from_secs(5), socket.recv(&mut answer));
        let length = wait.await.map_err(|_| "the name server did not answer the update")??;
        let answer = Message::parse(answer.get(..length).unwrap_or_default())?;
        match answer.rcode() {
            Rcode::NOERROR => Ok(()),
            rcode => Err(format!("the update was answered {rcode}").into()),
        }
    }

    /// What the local server has done so far.
    pub(crate) async fn statistics(&self) -> Statistics {
        self.recursive.statistics().await
    }

    /// Queries per name server so far, by what the servers are called here.
    pub(crate) async fn queries(&self) -> Vec<(String, u64)> {
        let statistics = self.statistics().await;
        let named = |(at, count): (&IpAddr, &u64)| (self.transcript.name_of(*at), *count);
        statistics.servers.iter().map(named).collect()
    }

    pub(crate) fn stop(mut self) {
        self.servers.abort_all();
    }
}

/// Binds all authoritative servers to one port: whoever follows a referral knows an address and
/// no port, as in the real world, where it is 53.
async fn authorities(transcript: &Transcript) -> Result<Vec<Server<Arc<Zones>>>, Failure> {
    let mut last = None;
    for _ in 0..20 {
        match bind_all(transcript).await {
            Ok(servers) => return Ok(servers),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| "no port is free on all of 127.0.0.2 to 127.0.0.8".into()))
}

async fn bind_all(transcript: &Transcript) -> Result<Vec<Server<Arc<Zones>>>, Failure> {
    let mut servers = Vec::new();
    let mut port = 0;
    for (zone, name, address) in PLACES {
        let mut authority = Authority::default();
        authority.insert(self::zone(zone, name)?);
        let (who, action) = (Who::address(at::REGISTRAR), Action::Update);
        let registrar = Rule { who, action, zone: None, allow: true };
        let server = authority::Server::new(authority);
        let zones = Zones::new(server.with_access(Access::from_iter([registrar])));
        let server = Server::bind((address, port).into(), Arc::new(zones)).await?;
        port = server.local_addr()?.port();
        servers.push(server.observe(transcript.dns()));
    }
    Ok(servers)
}

/// What each zone says.
fn zone(apex: &str, server: &str) -> Result<Zone, Failure> {
    let (apex_name, server_name): (Name, Name) = (apex.parse()?, server.parse()?);
    let mut records = vec![
        soa(&apex_name, &server_name),
        Record::new(apex_name.clone(), 3600, Rdata::Ns { server: server_name.view() }),
    ];
    match apex {
        "." => {
            for (zone, name, address) in &PLACES[1..4] {
                records.extend(delegation(zone, name, *address)?);
            }
            records.push(Record::address(server_name, 3600, at::ROOT));
        }
        "edu" => {
            records.extend(delegation("hamburger.edu", "dns.hamburger.edu", at::HAMBURGER_DNS)?)
        }
        "fr" => records.extend(delegation("crepes.fr", "dns.crepes.fr", at::CREPES_DNS)?),
        "hamburger.edu" => {
            records.push(Record::address(server_name, 3600, at::HAMBURGER_DNS));
            records.extend(mail(apex, at::HAMBURGER_MAIL)?);
        }
        "crepes.fr" => {
            records.push(Record::address(server_name, 3600, at::CREPES_DNS));
            records.extend(mail(apex, at::CREPES_MAIL)?);
        }
        "networkutopia.com" => records.push(Record::address(server_name, 3600, at::UTOPIA_DNS)),
        // com knows nobody yet.
        _ => {}
    }
    Ok(Zone::new(records)?)
}

fn soa(apex: &Name, server: &Name) -> Record {
    let (primary, mailbox) = (server.view(), server.view());
    let times = Rdata::Soa {
        primary,
        mailbox,
        serial: 1,
        refresh: 3600,
        retry: 600,
        expire: 86_400,
        minimum: 60,
    };
    Record::new(apex.clone(), 3600, times)
}

/// NS and glue, as a parent has them.
pub(crate) fn delegation(
    zone: &str,
    server: &str,
    address: IpAddr,
) -> Result<[Record; 2], Failure> {
    let server: Name = server.parse()?;
    let ns = Record::new(zone.parse()?, 3600, Rdata::Ns { server: server.view() });
    Ok([ns, Record::address(server, 3600, address)])
}

/// MX and the mail server's address.
pub(crate) fn mail(domain: &str, address: IpAddr) -> Result<[Record; 2], Failure> {
    let exchange: Name = format!("mail.{domain}").parse()?;
    let mx = Rdata::Mx { preference: 10, exchange: exchange.view() };
    Ok([Record::new(domain.parse()?, 3600, mx), Record::address(exchange, 3600, address)])
}

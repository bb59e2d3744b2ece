//! An authoritative name server: primary and secondary, with updates that survive a crash.
mod arguments;
mod cache;
mod follow;
mod load;
mod recursion;
mod services;
mod store;
mod tls;

use std::{
    collections::BTreeMap,
    io::{BufWriter, Write, stdout},
    net::IpAddr,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use arguments::{Arguments, Origin, Upstream};
use cache::Kept;
use clap::Parser;
use follow::Followers;
use homing::{
    dns::{
        Access, Action, Authority, CookieSecret, Name, Notifier, RateLimiter, RateLimits, Rule,
        Who, Zone,
        authority::{self, Config},
        tokio::{Recursive, Server, ServerLimits, Zones, notify, seed},
        tsig::Keyring,
    },
    proto_core::tokio::Shutdown,
};
use services::Services;
use store::{Said, Store};
use tokio::{
    net::TcpListener,
    runtime,
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::{AbortHandle, JoinSet, spawn_blocking},
};

/// Anything that stops the program, in a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = if arguments.threads == 1 {
        runtime::Builder::new_current_thread().enable_all().build()
    } else {
        let threads = usize::from(arguments.threads);
        runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()
    };
    let ran = runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(run(arguments)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("nameserver: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    arguments.check()?;
    if arguments.print {
        return print(&arguments.zone);
    }
    let (sender, said) = mpsc::unbounded_channel();
    let store = Store::new(arguments.journal.clone(), sender)?;
    let limiter = arguments.rrl.map(limiter).transpose()?;
    let zones = Zones::kept(server(&arguments)?, Arc::clone(&store), limiter);
    let shutdown = Shutdown::default();
    let resolver = arguments.recursive.then(|| recursion::resolver(&arguments)).transpose()?;
    let servers = bind(&arguments, &zones, resolver.as_ref()).await?;
    for Origin { origin, file } in &arguments.zone {
        let zone = load::file(origin, file)?;
        let (zone, steps) = store.replay(zone)?;
        zones.with(|server| load::enter(server, zone, steps))?;
    }
    for apex in &arguments.produce_catalog {
        zones.replace(load::catalog(apex, &arguments.zone)?)?;
    }
    let followers = Followers::new(&arguments, &zones, &store)?;
    let mut tasks = JoinSet::new();
    for server in servers {
        let stop = shutdown.clone();
        tasks.spawn(async move { server.run(stop.begun()).await });
    }
    println!("ready");
    let often = Duration::from_secs(arguments.cache_every.into());
    let kept = resolver.zip(arguments.cache.clone());
    let kept = kept.map(|(resolver, file)| Kept::every(often, resolver, file));
    let mut desk = Desk { arguments, zones, store, followers, telling: BTreeMap::new() };
    desk.tell_all();
    desk.work(said).await?;
    shutdown.begin();
    while tasks.join_next().await.is_some() {}
    if let Some(kept) = kept {
        kept.finish();
    }
    Ok(())
}

fn print(zones: &[Origin]) -> Result<(), Failure> {
    let mut out = BufWriter::new(stdout().lock());
    for Origin { origin, file } in zones {
        for record in load::file(origin, file)?.records() {
            writeln!(out, "{record}")?;
        }
    }
    Ok(out.flush()?)
}

/// The server's keys and rules, without zones.
fn server(arguments: &Arguments) -> Result<authority::Server, Failure> {
    let config = Config {
        identity: arguments.identity.clone().unwrap_or_default().into_bytes(),
        version: arguments.version_text.clone().unwrap_or_default().into_bytes(),
        keepalive: Some(limits().idle),
        cookies: Some(CookieSecret::new(secret()?)),
        ..Config::default()
    };
    let rule = |who: &Who, action| Rule { who: who.clone(), action, zone: None, allow: true };
    let updates = arguments.allow_update.iter().map(|who| rule(who, Action::Update));
    let transfers = arguments.allow_transfer.iter().map(|who| rule(who, Action::Transfer));
    // A notification is but a hint: of who has the primary's address, or its key.
    let primaries = arguments.secondary.iter().flat_map(|Upstream { origin, peer, .. }| {
        let who = peer.key.clone().map(Who::Key).into_iter();
        who.chain([Who::address(peer.address.ip())]).map(|who| Rule {
            who,
            action: Action::Notify,
            // Who has a catalog has its zones.
            zone: (!arguments.catalog.contains(origin)).then(|| origin.clone()),
            allow: true,
        })
    });
    let access: Access = updates.chain(transfers).chain(primaries).collect();
    let keys: Keyring = arguments.tsig.iter().cloned().collect();
    let server = authority::Server::new(Authority::new(config));
    Ok(server.with_keys(keys).with_access(access))
}

fn limiter(rate: u32) -> Result<RateLimiter, Failure> {
    let limits = RateLimits { answers: rate, others: rate, ..RateLimits::default() };
    Ok(RateLimiter::new(limits, secret()?))
}

/// Sixteen octets that nobody can guess.
fn secret() -> Result<[u8; 16], Failure> {
    let seed = seed()?;
    Ok(*seed.first_chunk().ok_or("a seed is too short")?)
}

async fn bind(
    arguments: &Arguments,
    zones: &Zones,
    resolver: Option<&Recursive>,
) -> Result<Vec<Server<Services>>, Failure> {
    let rule =
        |who: &Who| Rule { who: who.clone(), action: Action::Recurse, zone: None, allow: true };
    let access: Access = arguments.allow_recursion.iter().map(rule).collect();
    let mut servers = Vec::new();
    let workers = usize::from(arguments.threads);
    for &address in &arguments.listen {
        let (zones, resolver) = (zones.clone(), resolver.cloned());
        let services = Services { zones, resolver, access: access.clone() };
        let server = Server::bind_workers(address, services, workers).await;
        let server = server.map_err(|error| format!("cannot listen on {address}: {error}"))?;
        println!("listening dns {}", server.local_addr()?);
        servers.push(server.limits(limits()));
    }
    if let (Some(address), Some(files)) = (arguments.listen_tls, &arguments.tls) {
        let acceptor = tls::acceptor(files)?;
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
        println!("listening dot {}", listener.local_addr()?);
        let first = servers.pop().ok_or("--listen-tls needs --listen")?;
        servers.push(first.tls(listener, acceptor));
    }
    Ok(servers)
}

fn limits() -> ServerLimits {
    ServerLimits { connections: 1_000, ..ServerLimits::default() }
}

fn log(line: &str) {
    eprintln!("nameserver: {line}");
}

/// What is done while queries are answered.
struct Desk {
    arguments: Arguments,
    zones: Zones,
    store: Arc<Store>,
    followers: Followers,
    /// Who is telling secondaries of a zone's newest version.
    telling: BTreeMap<Name, AbortHandle>,
}

impl Desk {
    async fn work(&mut self, mut said: mpsc::UnboundedReceiver<Said>) -> Result<(), Failure> {
        let mut reload = signal(SignalKind::hangup())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        loop {
            tokio::select! {
                _ = terminate.recv() => return Ok(()),
                _ = interrupt.recv() => return Ok(()),
                _ = reload.recv() => self.reload().await?,
                Some(said) = said.recv() => match said {
                    Said::Changed(zone) => {
                        self.followers.changed(&zone)?;
                        self.tell(&zone);
                    }
                    Said::Notified(notification, from) => {
                        self.heard(&notification.zone, notification.serial, from);
                    }
                }
            }
        }
    }

    fn heard(&self, zone: &Name, serial: Option<u32>, from: IpAddr) {
        if self.followers.notify(zone, serial) {
            log(&format!("{from} says that {zone} has changed"));
        }
    }

    fn tell_all(&mut self) {
        let all = |server: &mut authority::Server| -> Vec<Zone> {
            server.authority().zones().cloned().collect()
        };
        self.zones.with(all).iter().for_each(|zone| self.tell(zone));
    }

    /// Tells all secondaries of a version, and no more of the one before.
    fn tell(&mut self, zone: &Zone) {
        if self.arguments.notify.is_empty() {
            return;
        }
        let Ok(seed) = seed() else { return };
        let ids = seed.into_iter().cycle().zip(seed.into_iter().rev().cycle().skip(1));
        let ids = ids.map(|(high, low)| u16::from_be_bytes([high, low]));
        let peers = &self.arguments.notify;
        let targets = peers.iter().map(|peer| peer.address).zip(ids);
        let notifier = peers.iter().fold(Notifier::new(zone, targets), |notifier, peer| {
            let key = peer.key.as_ref().and_then(|key| self.arguments.key(key).ok());
            key.into_iter().fold(notifier, |notifier, key| notifier.with_key(peer.address, key))
        });
        let task = tokio::spawn(notify(notifier)).abort_handle();
        if let Some(before) = self.telling.insert(zone.apex().clone(), task) {
            before.abort();
        }
    }

    /// Loads all files again. What cannot be read changes nothing.
    async fn reload(&self) -> Result<(), Failure> {
        for Origin { origin, file } in self.arguments.zone.clone() {
            let (zones, store) = (self.zones.clone(), Arc::clone(&self.store));
            let done = spawn_blocking(move || load::again(&zones, &store, &origin, &file)).await?;
            log(&done.unwrap_or_else(|error| format!("{error}; the zone in service stays")));
        }
        Ok(())
    }
}

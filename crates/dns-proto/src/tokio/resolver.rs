//! The handle of a stub that applications hold while a task runs the driver.
use core::net::IpAddr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;
use std::sync::Arc;
use std::vec;
use std::vec::Vec;

use ::tokio::sync::{mpsc, oneshot};

use crate::error::Error;
use crate::message::MessageBuf;
use crate::name::Name;
use crate::number::RecordType;
use crate::stub::lookups::{self, Answers, Ask, Local};
use crate::stub::{
    Config, Desk, Hosts, MailExchange, ResolvConf, Service, ServiceHost, Stub, ToHost,
};
use crate::system;
use crate::tokio::driver::Driver;

/// Commands that wait for the task; whoever sends more waits too.
const COMMANDS: usize = 64;

/// Looks names up by way of a local name server. Clones share one task, which ends with the last.
///
/// That a name or its data do not exist is an answer: an empty list, or the message that says so.
/// Names that are given as text are completed as `/etc/resolv.conf` says, unless they end in a dot;
/// a [`Name`] is taken as it is. A lookup whose future is dropped is not asked any further.
///
/// ```no_run
/// use dns_proto::tokio::Resolver;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let resolver = Resolver::system()?;
/// println!("{:?}", resolver.lookup_ip("gaia.cs.umass.edu").await?);
/// for exchange in resolver.lookup_mx("hamburger.edu.").await? {
///     println!("{} {} {:?}", exchange.preference, exchange.name, exchange.addresses?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Resolver {
    commands: mpsc::Sender<Command>,
    local: Arc<Local>,
    /// The next lookup's number, for all clones.
    next: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Command {
    Ask { number: u64, questions: Vec<(Name, RecordType)>, reply: oneshot::Sender<Answers> },
    Cancel(u64),
}

impl Resolver {
    /// Does as this host does: asks the servers of `/etc/resolv.conf`, and believes `/etc/hosts`.
    /// Only within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When one of the files is there and cannot be read, or the system has no randomness.
    pub fn system() -> io::Result<Self> {
        let conf = system::resolv_conf()?;
        let resolver = Self::new(system::config(&conf))?;
        Ok(resolver.with_resolv_conf(&conf).with_hosts(system::hosts()?))
    }

    /// Asks the servers of a configuration; only within a tokio runtime.
    ///
    /// # Errors
    ///
    /// When there are no servers, or the system has no randomness.
    pub fn new(config: Config) -> io::Result<Self> {
        Ok(Self::spawn(Driver::new(system::stub(config)?)))
    }

    /// Runs a stub in a task of its own; only within a tokio runtime.
    #[must_use]
    pub fn spawn(mut driver: Driver<Stub>) -> Self {
        let (commands, received) = mpsc::channel(COMMANDS);
        let stub = driver.agent();
        let local = Local::new(stub.config().limits.clone(), stub.random());
        ::tokio::spawn(run(driver, received));
        Self { commands, local: Arc::new(local), next: Arc::default() }
    }

    /// Completes short names, and leaves IPv6 out, as `/etc/resolv.conf` says.
    #[must_use]
    pub fn with_resolv_conf(self, conf: &ResolvConf) -> Self {
        self.with(|local| {
            local.search.clone_from(&conf.search);
            local.no_aaaa = conf.options.no_aaaa;
        })
    }

    /// Believes what `/etc/hosts` says of addresses and their names.
    #[must_use]
    pub fn with_hosts(self, hosts: Hosts) -> Self {
        self.with(|local| local.hosts = hosts)
    }

    fn with(mut self, change: impl FnOnce(&mut Local)) -> Self {
        let mut local = self.local.copy();
        change(&mut local);
        self.local = Arc::new(local);
        self
    }

    /// Asks for the records of a type, and returns the whole answer.
    ///
    /// # Errors
    ///
    /// When no server gave a useful answer.
    pub async fn query(&self, name: &Name, rtype: RecordType) -> Result<MessageBuf, Error> {
        let answer = self.ask(vec![(name.clone(), rtype)]).await.pop();
        answer.unwrap_or(Err(Error::Unanswered))
    }

    /// Finds the addresses of a host, IPv6 and IPv4 at once; the IPv6 ones come first, and RFC 6724
    /// is the caller's, who knows its own addresses.
    ///
    /// # Errors
    ///
    /// When the host is no name, or no server gave a useful answer.
    pub async fn lookup_ip(&self, host: impl ToHost) -> Result<Vec<IpAddr>, Error> {
        lookups::addresses(self, &host.to_host().map_err(Error::Name)?).await
    }

    /// Finds who takes mail for a domain, the most preferred first (RFC 5321 §5.1), with addresses.
    ///
    /// # Errors
    ///
    /// When the domain is no name, or no server gave a useful answer.
    pub async fn lookup_mx(&self, domain: impl ToHost) -> Result<Vec<MailExchange>, Error> {
        lookups::mx(self, &domain.to_host().map_err(Error::Name)?).await
    }

    /// Finds who offers a service, `_imaps._tcp.hamburger.edu` say, in the order in which they are
    /// to be tried (RFC 2782), with addresses.
    ///
    /// # Errors
    ///
    /// When the service is no name, or no server gave a useful answer.
    pub async fn lookup_srv(&self, service: impl ToHost) -> Result<Vec<ServiceHost>, Error> {
        lookups::srv(self, &service.to_host().map_err(Error::Name)?).await
    }

    /// Finds the endpoints of a web site, in the order in which they are to be tried (RFC 9460),
    /// with addresses.
    ///
    /// # Errors
    ///
    /// When the site is no name, or no server gave a useful answer.
    pub async fn lookup_https(&self, site: impl ToHost) -> Result<Vec<Service>, Error> {
        let host = site.to_host().map_err(Error::Name)?;
        lookups::services(self, &host, RecordType::HTTPS).await
    }

    /// Finds the endpoints of another service, `_dns.hamburger.edu` say, by SVCB records.
    ///
    /// # Errors
    ///
    /// When the service is no name, or no server gave a useful answer.
    pub async fn lookup_svcb(&self, service: impl ToHost) -> Result<Vec<Service>, Error> {
        let host = service.to_host().map_err(Error::Name)?;
        lookups::services(self, &host, RecordType::SVCB).await
    }

    /// Finds the texts at a name; the strings of each are joined (RFC 7208 §3.3).
    ///
    /// # Errors
    ///
    /// When the name is none, or no server gave a useful answer.
    pub async fn lookup_txt(&self, name: impl ToHost) -> Result<Vec<Vec<u8>>, Error> {
        lookups::txt(self, &name.to_host().map_err(Error::Name)?).await
    }

    /// Finds the names of an address, which anybody may have invented: look up their addresses.
    ///
    /// # Errors
    ///
    /// When no server gave a useful answer.
    pub async fn reverse(&self, address: IpAddr) -> Result<Vec<Name>, Error> {
        lookups::reverse(self, address).await
    }
}

impl Ask for Resolver {
    async fn ask(&self, questions: Vec<(Name, RecordType)>) -> Answers {
        let count = questions.len();
        // The task ends before its handles only if the runtime does.
        let none = || vec![Err(Error::Unanswered); count];
        if count == 0 {
            return none();
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (reply, answers) = oneshot::channel();
        if self.commands.send(Command::Ask { number, questions, reply }).await.is_err() {
            return none();
        }
        let _guard = Guard { commands: &self.commands, number };
        answers.await.unwrap_or_else(|_| none())
    }

    fn local(&self) -> &Local {
        &self.local
    }
}

/// Cancels a lookup when nobody waits for it any more.
struct Guard<'r> {
    commands: &'r mpsc::Sender<Command>,
    number: u64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // If there is no room, it ends by itself.
        let _ = self.commands.try_send(Command::Cancel(self.number));
    }
}

async fn run(mut driver: Driver<Stub>, mut commands: mpsc::Receiver<Command>) {
    let mut desk = Desk::default();
    loop {
        ::tokio::select! {
            command = commands.recv() => match command {
                None => return,
                Some(Command::Ask { number, questions, reply }) => {
                    let now = driver.now();
                    desk.ask((now, driver.agent()), number, questions, reply);
                }
                Some(Command::Cancel(number)) => {
                    let now = driver.now();
                    desk.cancel(now, driver.agent(), number);
                }
            },
            event = driver.event() => if let Some((reply, answers)) = desk.hear(event) {
                // Whoever has gone away does not hear it.
                let _ = oneshot::Sender::send(reply, answers);
            },
        }
    }
}

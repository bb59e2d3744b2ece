//! The handle that applications hold while a thread runs the stub.
use core::net::IpAddr;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread;
use std::vec;
use std::vec::Vec;

use proto_core::blocking::{BoxStream, now};

use crate::blocking::tls::Secure;
use crate::blocking::worker::{Input, Worker};
use crate::error::Error;
use crate::message::MessageBuf;
use crate::name::Name;
use crate::number::RecordType;
use crate::stub::lookups::{self, Answers, Ask, Local};
use crate::stub::{
    Config, Hosts, MailExchange, ResolvConf, Server, Service, ServiceHost, Stub, ToHost,
};
use crate::system;

/// Looks names up by way of a local name server. Clones share one thread, which ends with the last;
/// any number of threads may look names up at once.
///
/// That a name or its data do not exist is an answer: an empty list, or the message that says so.
/// Names that are given as text are completed as `/etc/resolv.conf` says, unless they end in a dot;
/// a [`Name`] is taken as it is.
///
/// It speaks UDP and TCP, and TLS when it is [shown how](Self::over_tls).
///
/// ```no_run
/// use dns_proto::blocking::Resolver;
///
/// let resolver = Resolver::system()?;
/// println!("{:?}", resolver.lookup_ip("gaia.cs.umass.edu")?);
/// for exchange in resolver.lookup_mx("hamburger.edu.")? {
///     println!("{} {} {:?}", exchange.preference, exchange.name, exchange.addresses?);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Resolver {
    thread: Arc<Thread>,
    local: Arc<Local>,
}

/// The thread's end of the line: it ends when this is dropped.
#[derive(Debug)]
struct Thread(mpsc::Sender<Input>);

impl Drop for Thread {
    fn drop(&mut self) {
        // If it has ended already, so much the better.
        let _ = self.0.send(Input::Stop);
    }
}

impl Resolver {
    /// Does as this host does: asks the servers of `/etc/resolv.conf`, and believes `/etc/hosts`.
    ///
    /// # Errors
    ///
    /// When one of the files is there and cannot be read, or the system has no randomness or no
    /// threads.
    pub fn system() -> io::Result<Self> {
        let conf = system::resolv_conf()?;
        let resolver = Self::new(system::config(&conf))?;
        Ok(resolver.with_resolv_conf(&conf).with_hosts(system::hosts()?))
    }

    /// Asks the servers of a configuration.
    ///
    /// # Errors
    ///
    /// When there are no servers, or the system has no randomness or no threads.
    pub fn new(config: Config) -> io::Result<Self> {
        Self::spawn(system::stub(config)?)
    }

    /// Asks the servers of a configuration, by TLS those that [want it](Server::Tls) (RFC 7858):
    /// `connect` makes TLS of each connection with such a server, by the application's library.
    ///
    /// It must shake hands as the client, and fail unless the certificate is for the server's name
    /// or, if it has none, for its address: RFC 8310 §5, the strict profile. Without this, such
    /// servers cannot be reached.
    ///
    /// ```no_run
    /// use dns_proto::blocking::{BoxStream, Resolver};
    /// use dns_proto::stub::{Config, Server};
    ///
    /// # fn shake(_: &str, stream: BoxStream) -> std::io::Result<BoxStream> { Ok(stream) }
    /// let address = "192.0.2.53:853".parse()?;
    /// let server = Server::Tls { address, name: Some("dns.hamburger.edu".parse()?) };
    /// let config = Config { servers: vec![server], ..Config::new([]) };
    /// let resolver = Resolver::over_tls(config, |server, stream| match server {
    ///     Server::Tls { name: Some(name), .. } => shake(&name.to_string(), stream),
    ///     other => shake(&other.address().ip().to_string(), stream),
    /// })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there are no servers, or the system has no randomness or no threads.
    pub fn over_tls(
        config: Config,
        connect: impl Fn(&Server, BoxStream) -> io::Result<BoxStream> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let servers = config.servers.clone().into();
        let secure = Secure { connect: Arc::new(connect), servers };
        Self::run(system::stub(config)?, Some(secure))
    }

    /// Runs a stub in a thread of its own.
    ///
    /// # Errors
    ///
    /// When the system has no threads.
    pub fn spawn(stub: Stub) -> io::Result<Self> {
        Self::run(stub, None)
    }

    fn run(mut stub: Stub, secure: Option<Secure>) -> io::Result<Self> {
        let local = Local::new(stub.config().limits.clone(), stub.random());
        let (worker, inputs) = Worker::new(stub, secure);
        thread::Builder::new().name("dns".into()).spawn(move || worker.run())?;
        Ok(Self { thread: Arc::new(Thread(inputs)), local: Arc::new(local) })
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
    pub fn query(&self, name: &Name, rtype: RecordType) -> Result<MessageBuf, Error> {
        let answer = now(self.ask(vec![(name.clone(), rtype)])).pop();
        answer.unwrap_or(Err(Error::Unanswered))
    }

    /// Finds the addresses of a host, IPv6 and IPv4 at once; the IPv6 ones come first, and RFC 6724
    /// is the caller's, who knows its own addresses.
    ///
    /// # Errors
    ///
    /// When the host is no name, or no server gave a useful answer.
    pub fn lookup_ip(&self, host: impl ToHost) -> Result<Vec<IpAddr>, Error> {
        now(lookups::addresses(self, &host.to_host().map_err(Error::Name)?))
    }

    /// Finds who takes mail for a domain, the most preferred first (RFC 5321 §5.1), with addresses.
    ///
    /// # Errors
    ///
    /// When the domain is no name, or no server gave a useful answer.
    pub fn lookup_mx(&self, domain: impl ToHost) -> Result<Vec<MailExchange>, Error> {
        now(lookups::mx(self, &domain.to_host().map_err(Error::Name)?))
    }

    /// Finds who offers a service, `_imaps._tcp.hamburger.edu` say, in the order in which they are
    /// to be tried (RFC 2782), with addresses.
    ///
    /// # Errors
    ///
    /// When the service is no name, or no server gave a useful answer.
    pub fn lookup_srv(&self, service: impl ToHost) -> Result<Vec<ServiceHost>, Error> {
        now(lookups::srv(self, &service.to_host().map_err(Error::Name)?))
    }

    /// Finds the endpoints of a web site, in the order in which they are to be tried (RFC 9460),
    /// with addresses.
    ///
    /// # Errors
    ///
    /// When the site is no name, or no server gave a useful answer.
    pub fn lookup_https(&self, site: impl ToHost) -> Result<Vec<Service>, Error> {
        let host = site.to_host().map_err(Error::Name)?;
        now(lookups::services(self, &host, RecordType::HTTPS))
    }

    /// Finds the endpoints of another service, `_dns.hamburger.edu` say, by SVCB records.
    ///
    /// # Errors
    ///
    /// When the service is no name, or no server gave a useful answer.
    pub fn lookup_svcb(&self, service: impl ToHost) -> Result<Vec<Service>, Error> {
        let host = service.to_host().map_err(Error::Name)?;
        now(lookups::services(self, &host, RecordType::SVCB))
    }

    /// Finds the texts at a name; the strings of each are joined (RFC 7208 §3.3).
    ///
    /// # Errors
    ///
    /// When the name is none, or no server gave a useful answer.
    pub fn lookup_txt(&self, name: impl ToHost) -> Result<Vec<Vec<u8>>, Error> {
        now(lookups::txt(self, &name.to_host().map_err(Error::Name)?))
    }

    /// Finds the names of an address, which anybody may have invented: look up their addresses.
    ///
    /// # Errors
    ///
    /// When no server gave a useful answer.
    pub fn reverse(&self, address: IpAddr) -> Result<Vec<Name>, Error> {
        now(lookups::reverse(self, address))
    }
}

impl Ask for Resolver {
    async fn ask(&self, questions: Vec<(Name, RecordType)>) -> Answers {
        let none = vec![Err(Error::Unanswered); questions.len()];
        if questions.is_empty() {
            return none;
        }
        let (reply, answers) = mpsc::channel();
        // The thread ends before its handles only if it panics.
        match self.thread.0.send(Input::Ask { questions, reply }) {
            Ok(()) => answers.recv().unwrap_or(none),
            Err(_) => none,
        }
    }

    fn local(&self) -> &Local {
        &self.local
    }
}

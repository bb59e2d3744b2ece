//! Whose mail it is, and how to get at it.
use std::{io::Read, net::IpAddr, path::Path, sync::Arc};

use homing::{
    imap,
    pop3::{
        self,
        client::{Config, Session, Stls},
        tokio::Client,
    },
    proto_core::{
        Instant, Machine,
        tokio::{
            BoxStream, Driver, channel_binding, random,
            tls::{
                TlsConnector,
                rustls::{
                    ClientConfig, RootCertStore,
                    pki_types::{CertificateDer, ServerName, pem::PemObject},
                },
            },
        },
    },
    sasl::{Credentials, Seed},
};
use tokio::net::TcpStream;

use crate::Failure;

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Security {
    None,
    Stls,
    Tls,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Protocol {
    Pop3,
    Imap,
}

pub(crate) struct Account {
    pub(crate) protocol: Protocol,
    user: String,
    host: String,
    port: u16,
    security: Security,
}

impl Account {
    pub(crate) fn parse(url: &str, security: Security) -> Result<Self, Failure> {
        let wrong = || format!("{url} is not of the form pop3://USER@HOST[:PORT] or imap://…");
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let (protocol, security) = match scheme {
            "pop3" => (Protocol::Pop3, security),
            "imap" => (Protocol::Imap, security),
            "imaps" => (Protocol::Imap, Security::Tls),
            _ => return Err(wrong().into()),
        };
        // A user's name may have an @, as hosting providers like it.
        let (user, place) = rest.trim_end_matches('/').rsplit_once('@').ok_or_else(wrong)?;
        let standard = match (protocol, security) {
            (Protocol::Pop3, Security::Tls) => 995,
            (Protocol::Pop3, _) => 110,
            (Protocol::Imap, Security::Tls) => 993,
            (Protocol::Imap, _) => 143,
        };
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().map_err(|_| wrong())?),
            _ => (place, standard),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if user.is_empty() || host.is_empty() {
            return Err(wrong().into());
        }
        Ok(Self { protocol, user: user.into(), host: host.into(), port, security })
    }

    /// A name for files: letters, digits and a few others.
    pub(crate) fn name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() || "@.-".contains(c) { c } else { '_' };
        format!("{}@{}", self.user, self.host).chars().map(plain).collect()
    }

    /// Connects and logs in by IMAP.
    pub(crate) async fn connect_imap(
        &self,
        password: &Path,
        ca: Option<&Path>,
    ) -> Result<imap::tokio::Client, Failure> {
        let credentials = Credentials::new(&self.user, read_password(password)?.as_str().into())?;
        let security = match self.security {
            Security::None => imap::tokio::Security::Plain,
            Security::Stls => imap::tokio::Security::StartTls,
            Security::Tls => imap::tokio::Security::Tls,
        };
        let mut place = imap::tokio::Place::new(&self.host, security);
        place.port = self.port;
        let mut config = imap::client::Config::default();
        config.login_without_tls = self.security == Security::None;
        if config.login_without_tls && !is_loopback(&self.host) {
            warn(&format!("{}:{}", self.host, self.port));
        }
        let connector = connector(ca)?;
        let mut client =
            imap::tokio::Client::connect(&place, config, Some(&connector), None).await?;
        client.login(credentials).await?;
        Ok(client)
    }

    /// Connects and logs in by POP3.
    pub(crate) async fn connect(
        &self,
        password: &Path,
        ca: Option<&Path>,
    ) -> Result<Client, Failure> {
        let credentials = Credentials::new(&self.user, read_password(password)?.as_str().into())?;
        let place = format!("{}:{}", self.host, self.port);
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| format!("cannot connect to {place}: {error}"))?;
        let loopback = stream.peer_addr().is_ok_and(|peer| IpAddr::is_loopback(&peer.ip()));
        if self.security == Security::None && !loopback {
            warn(&place);
        }
        let connector = connector(ca)?;
        let name = ServerName::try_from(self.host.clone())?;
        let mut config = Config::default();
        config.stls = if self.security == Security::Stls { Stls::Required } else { Stls::Never };
        config.login_without_tls = self.security == Security::None;
        let driver = if self.security == Security::Tls {
            let stream = connector.connect(name.clone(), stream).await?;
            let channel = channel_binding(stream.get_ref().1);
            let mut driver =
                start(Box::new(stream), |now| Session::new_secured(now, config, credentials))?;
            channel.into_iter().for_each(|channel| driver.machine().bind(channel));
            driver
        } else {
            start(Box::new(stream), |now| Session::new(now, config, credentials))?
        };
        Ok(Client::open(driver, Some((&connector, name))).await?)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn warn(place: &str) {
    eprintln!("fetch: the password goes to {place} in clear; --tls or --starttls would hide it");
}

/// Starts a driver whose session may refuse what it is given.
fn start(
    stream: BoxStream,
    session: impl FnOnce(Instant) -> Result<Session, pop3::Misuse>,
) -> Result<Driver<Session, BoxStream>, Failure> {
    // A driver starts its clock at the origin.
    let session = session(Instant::ORIGIN);
    let session = session.map_err(|_| "the user's name or password cannot be sent by POP3")?;
    let session = session.with_seed(Seed::new(random()?));
    Ok(Driver::new(stream, |_| session))
}

fn read_password(file: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    if file == Path::new("-") {
        eprintln!("fetch: reading the password from standard input");
        std::io::stdin().read_line(&mut text)?;
    } else {
        let mut file = std::fs::File::open(file)
            .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        file.read_to_string(&mut text)?;
    }
    Ok(text.lines().next().unwrap_or_default().into())
}

fn connector(ca: Option<&Path>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(ca) = ca {
        for certificate in CertificateDer::pem_file_iter(ca)? {
            roots.add(certificate?)?;
        }
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read() {
        let table = [
            ("pop3://bob@hamburger.edu", Security::None, ("bob", "hamburger.edu", 110)),
            ("pop3://bob@hamburger.edu/", Security::Tls, ("bob", "hamburger.edu", 995)),
            ("pop3://bob@x.org@host:20110", Security::Stls, ("bob@x.org", "host", 20110)),
            ("pop3://bob@[::1]", Security::None, ("bob", "::1", 110)),
            ("pop3://bob@[::1]:111", Security::None, ("bob", "::1", 111)),
            ("imap://bob@host/", Security::Stls, ("bob", "host", 143)),
            ("imaps://bob@host", Security::None, ("bob", "host", 993)),
        ];
        for (url, security, (user, host, port)) in table {
            let account = Account::parse(url, security).unwrap();
            assert_eq!((&*account.user, &*account.host, account.port), (user, host, port), "{url}");
        }
        for bad in [
            "bob@host",
            "pop3://host",
            "pop3://@host",
            "pop3://bob@",
            "pop3://bob@h:x",
            "smtp://b@h",
        ] {
            assert!(Account::parse(bad, Security::None).is_err(), "{bad}");
        }
    }
}

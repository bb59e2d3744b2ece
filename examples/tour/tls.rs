//! A certificate for the tour, made anew each time, and those who trust it.
use std::sync::Arc;

use homing::proto_core::tokio::tls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    },
};

use crate::Failure;

/// Both ends of TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) connector: TlsConnector,
}

impl Tls {
    /// Makes a certificate for all mail servers, which signs itself.
    pub(crate) fn new(hosts: &[&str]) -> Result<Self, Failure> {
        let names: Vec<_> = hosts.iter().map(ToString::to_string).collect();
        let made = rcgen::generate_simple_self_signed(names)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone())?;
        let server = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Ok(Self { acceptor: Arc::new(server).into(), connector: Arc::new(client).into() })
    }

    /// What a client needs to know of the server it connects to.
    pub(crate) fn towards(
        &self,
        host: &str,
    ) -> Result<(&TlsConnector, ServerName<'static>), Failure> {
        Ok((&self.connector, ServerName::try_from(host.to_string())?))
    }
}

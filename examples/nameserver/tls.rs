//! The certificate of a server, and whose certificates a client believes.
use std::{
    fmt::Display,
    path::{Path, PathBuf},
    sync::Arc,
};

use homing::proto_core::tokio::tls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
        version::TLS13,
    },
};

use crate::Failure;

pub(crate) fn acceptor(files: &[PathBuf]) -> Result<TlsAcceptor, Failure> {
    let [chain, key] = files else { return Err("--tls takes two files".into()) };
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
    let config = ServerConfig::builder_with_protocol_versions(&[&TLS13])
        .with_no_client_auth()
        .with_single_cert(certificates(chain)?, secret);
    let mut config = config.map_err(|error| format!("--tls: certificate and key: {error}"))?;
    // RFC 9103 §7.1, §7.2: transfers by TLS need this name for it, and TLS 1.3.
    config.alpn_protocols = vec![b"dot".to_vec()];
    Ok(Arc::new(config).into())
}

/// Speaks TLS with primaries whose certificates these authorities have signed.
pub(crate) fn connector(authorities: &Path) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(authorities)? {
        roots.add(certificate)?;
    }
    let config = ClientConfig::builder_with_protocol_versions(&[&TLS13]);
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"dot".to_vec()];
    Ok(Arc::new(config).into())
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(file, error))?;
    if chain.is_empty() {
        return Err(format!("{} has no certificate in it", file.display()).into());
    }
    Ok(chain)
}

fn unreadable(file: &Path, error: impl Display) -> String {
    format!("cannot read {} as PEM: {error}", file.display())
}

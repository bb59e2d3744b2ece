//! The certificate of a server.
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use homing::proto_core::tokio::tls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

use crate::Failure;

pub(crate) fn acceptor(files: &[PathBuf]) -> Result<TlsAcceptor, Failure> {
    let [certificates, key] = files else { return Err("--tls takes two files".into()) };
    let unreadable = |file: &Path, error| format!("cannot read {} as PEM: {error}", file.display());
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(certificates, error))?;
    if chain.is_empty() {
        return Err(format!("{} has no certificate in it", certificates.display()).into());
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, secret);
    let mut config = config.map_err(|error| format!("--tls: certificate and key: {error}"))?;
    // RFC 9103 §7.1: transfers by TLS need this name for it; queries do without.
    config.alpn_protocols = vec![b"dot".to_vec()];
    Ok(Arc::new(config).into())
}

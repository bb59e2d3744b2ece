//! Whom TLS trusts.
use std::{path::Path, sync::Arc};

use homing::proto_core::tokio::tls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, pem::PemObject},
    },
};

use crate::Failure;

/// Trusts whom the system does, and the certificates of a file.
pub(crate) fn connector(ca: Option<&Path>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(ca) = ca {
        let unreadable = |error| format!("cannot read {}: {error}", ca.display());
        for certificate in CertificateDer::pem_file_iter(ca).map_err(unreadable)? {
            roots.add(certificate.map_err(unreadable)?)?;
        }
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    // RFC 7858 §3.1 has no name for it, but servers of many protocols on a port want one.
    config.alpn_protocols = vec![b"dot".to_vec()];
    Ok(Arc::new(config).into())
}

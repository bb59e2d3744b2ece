//! The certificate that clients are shown.
use std::{fs, path::Path, sync::Arc};

use homing::proto_core::tokio::tls::{
    TlsAcceptor, TlsConnector,
    rustls::{
        ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject},
    },
};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use crate::private;

/// Reads a certificate and its key.
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let unreadable = |file: &Path, error: &dyn std::error::Error| {
        format!("cannot read {} as PEM: {error}", file.display())
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect)
        .map_err(|error| unreadable(certificate, &error))?;
    if chain.is_empty() {
        return Err(format!("{} has no certificate in it", certificate.display()));
    }
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, &error))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, secret);
    let config = config.map_err(|error| {
        let (certificate, key) = (certificate.display(), key.display());
        format!("{certificate} and {key} are no certificate and its key: {error}")
    })?;
    Ok(Arc::new(config).into())
}

/// Makes a certificate of our own in the data directory, unless there is one; clients must be told
/// to trust it.
pub(crate) fn self_signed(directory: &Path, domains: &[String]) -> Result<TlsAcceptor, String> {
    let (certificate, key) = (directory.join("self-signed.pem"), directory.join("self-signed.key"));
    if !certificate.exists() {
        let names: Vec<_> =
            domains.iter().cloned().chain(["localhost".into(), "127.0.0.1".into()]).collect();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)
            .map_err(|error| format!("a certificate cannot be made: {error}"))?;
        // The certificate appears last and whole, whenever we are killed.
        let new = directory.join("self-signed.new");
        let written = private::write(&key, signing_key.serialize_pem().as_bytes())
            .and_then(|()| fs::write(&new, cert.pem()))
            .and_then(|()| fs::rename(&new, &certificate));
        written.map_err(|error| format!("cannot write {}: {error}", certificate.display()))?;
    }
    acceptor(&certificate, &key)
}

/// Makes what other servers are spoken to with. One that need not prove who it is may have any
/// certificate: anything is better than mail in clear (RFC 7435).
pub(crate) fn connector(authenticated: bool) -> TlsConnector {
    let config = if authenticated {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()
    } else {
        ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(ring::default_provider())))
            .with_no_client_auth()
    };
    Arc::new(config).into()
}

/// Believes that everybody is who the connection was made to: there is nobody to say who is.
#[derive(Debug)]
struct Anybody(CryptoProvider);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

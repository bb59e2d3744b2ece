//! How another server proves who it is.
use std::sync::Arc;

use homing::{
    delivery::{DaneMatch, Hop, Security, Tlsa, dane_matches},
    dns::Name,
    proto_core::tokio::tls::{
        TlsConnector,
        rustls::{
            CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore,
            SignatureScheme,
            client::{
                WebPkiServerVerifier,
                danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
            },
            crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
            pki_types::{CertificateDer, ServerName, UnixTime},
        },
    },
};

use crate::tls;

/// Makes what a server is spoken to with.
pub(super) fn connector(hop: &Hop) -> TlsConnector {
    let Security::Dane(keys) = &hop.security else {
        return tls::connector(hop.security.is_authenticated());
    };
    let provider = Arc::new(ring::default_provider());
    let promised = Promised { keys: keys.clone(), names: hop.names.clone(), provider };
    let config = ClientConfig::builder()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(promised))
        .with_no_client_auth();
    Arc::new(config).into()
}

/// Believes whom TLSA records name, and no authority beside (RFC 7672 §3.1).
#[derive(Debug)]
struct Promised {
    keys: Vec<Tlsa>,
    names: Vec<Name>,
    provider: Arc<CryptoProvider>,
}

impl Promised {
    /// RFC 7672 §3.1.2: the server's certificate leads to the one that was promised, which is an
    /// authority here whoever signed it.
    fn leads_to(
        &self,
        anchor: &CertificateDer<'_>,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(anchor.clone().into_owned())?;
        let provider = Arc::clone(&self.provider);
        let verifier = WebPkiServerVerifier::builder_with_provider(roots.into(), provider)
            .build()
            .map_err(|error| Error::General(error.to_string()))?;
        let mut refused = not_promised();
        for name in &self.names {
            let name = name.to_string().trim_end_matches('.').to_owned();
            let Ok(name) = ServerName::try_from(name) else { continue };
            match verifier.verify_server_cert(own, between, &name, &[], now) {
                Ok(verified) => return Ok(verified),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }
}

fn not_promised() -> Error {
    Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
}

impl ServerCertVerifier for Promised {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<&[u8]> = [own].into_iter().chain(others).map(AsRef::as_ref).collect();
        match dane_matches(&self.keys, &chain, &self.names) {
            DaneMatch::EndEntity => Ok(ServerCertVerified::assertion()),
            DaneMatch::TrustAnchor(place) => {
                let anchor = place.checked_sub(1).map_or(Some(own), |it| others.get(it));
                let between = others.get(..place.saturating_sub(1)).unwrap_or_default();
                self.leads_to(anchor.ok_or_else(not_promised)?, own, between, now)
            }
            DaneMatch::None => Err(not_promised()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, own, signed, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, own, signed, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

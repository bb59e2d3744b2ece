//! As much of a certificate (RFC 5280 §4.1) as DANE looks at: its public key and its DNS names.
use alloc::vec::Vec;

/// Parts of a certificate in DER.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Certificate<'a> {
    public_key: &'a [u8],
    /// What follows the public key: unique identifiers, and extensions.
    rest: &'a [u8],
}

const SEQUENCE: u8 = 0x30;
const OBJECT_ID: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
/// `[0]` of the version, `[3]` of the extensions.
const VERSION: u8 = 0xA0;
const EXTENSIONS: u8 = 0xA3;
/// `[2]` of a general name: a DNS name.
const DNS_NAME: u8 = 0x82;
/// 2.5.29.17, subjectAltName.
const ALT_NAME: &[u8] = &[0x55, 0x1D, 0x11];

impl<'a> Certificate<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Option<Self> {
        let (certificate, _) = inside(der, SEQUENCE)?;
        let (mut tbs, _) = inside(certificate, SEQUENCE)?;
        if let Some((_, rest)) = inside(tbs, VERSION) {
            tbs = rest;
        }
        // Serial number, signature, issuer, validity, subject.
        for _ in 0..5 {
            (_, tbs) = element(tbs)?;
        }
        let (public_key, rest) = element(tbs)?;
        Some(Self { public_key, rest })
    }

    /// Returns the SubjectPublicKeyInfo, as selector 1 of a TLSA record compares it.
    pub(crate) const fn public_key(&self) -> &'a [u8] {
        self.public_key
    }

    /// Returns the DNS names of the subjectAltName extension.
    pub(crate) fn dns_names(&self) -> Vec<&'a [u8]> {
        self.names().unwrap_or_default()
    }

    fn names(&self) -> Option<Vec<&'a [u8]>> {
        let mut rest = self.rest;
        let extensions = loop {
            if let Some((extensions, _)) = inside(rest, EXTENSIONS) {
                break extensions;
            }
            (_, rest) = element(rest)?;
        };
        let (mut extensions, _) = inside(extensions, SEQUENCE)?;
        while !extensions.is_empty() {
            let (extension, rest) = inside(extensions, SEQUENCE)?;
            extensions = rest;
            let (id, mut value) = inside(extension, OBJECT_ID)?;
            if id != ALT_NAME {
                continue;
            }
            // It may be said to be critical.
            let (octets, _) = match inside(value, OCTET_STRING) {
                Some(octets) => octets,
                None => {
                    (_, value) = element(value)?;
                    inside(value, OCTET_STRING)?
                }
            };
            let (mut names, _) = inside(octets, SEQUENCE)?;
            let mut found = Vec::new();
            while !names.is_empty() {
                found.extend(inside(names, DNS_NAME).map(|(name, _)| name));
                (_, names) = element(names)?;
            }
            return Some(found);
        }
        None
    }
}

/// The first element, whole, and what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (header, length) = header(der)?;
    der.split_at_checked(header.checked_add(length)?)
}

/// What is in the first element, if it has this tag, and what follows it.
fn inside(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (header, length) = header(der).filter(|_| der.first() == Some(&tag))?;
    der.get(header..)?.split_at_checked(length)
}

/// How long the first element's header is, and what is in it.
fn header(der: &[u8]) -> Option<(usize, usize)> {
    let (_, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    if *first < 0x80 {
        return Some((2, usize::from(*first)));
    }
    let count = usize::from(*first & 0x7F);
    let octets = rest.get(..count).filter(|_| matches!(count, 1..=4))?;
    let length = octets.iter().fold(0_usize, |all, octet| all << 8 | usize::from(*octet));
    Some((2 + count, length))
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tlv(tag: u8, inside: &[u8]) -> Vec<u8> {
        let mut out = Vec::from([tag]);
        match u8::try_from(inside.len()) {
            Ok(length @ 0..0x80) => out.push(length),
            _ => {
                let length = u16::try_from(inside.len()).unwrap().to_be_bytes();
                out.extend([0x82, length[0], length[1]]);
            }
        }
        out.extend(inside);
        out
    }

    /// A certificate of the form that all have, with nothing in it that anybody could verify.
    pub(crate) fn certificate(name: &str) -> Vec<u8> {
        let key = tlv(SEQUENCE, &[tlv(SEQUENCE, &[]), tlv(3, &[0; 300])].concat());
        let names = tlv(SEQUENCE, &[tlv(0x81, b"a@b"), tlv(DNS_NAME, name.as_bytes())].concat());
        let usage = tlv(SEQUENCE, &[tlv(OBJECT_ID, &[0x55, 0x1D, 0x0F]), tlv(4, &[])].concat());
        let critical = tlv(1, &[0xFF]);
        let names = tlv(
            SEQUENCE,
            &[tlv(OBJECT_ID, ALT_NAME), critical, tlv(OCTET_STRING, &names)].concat(),
        );
        let extensions = tlv(EXTENSIONS, &tlv(SEQUENCE, &[usage, names].concat()));
        let mut tbs = tlv(VERSION, &tlv(2, &[2]));
        tbs.extend(tlv(2, &[7]));
        (0..4).for_each(|_| tbs.extend(tlv(SEQUENCE, &[])));
        tbs.extend([key, extensions].concat());
        tlv(SEQUENCE, &[tlv(SEQUENCE, &tbs), tlv(SEQUENCE, &[]), tlv(3, &[0])].concat())
    }

    #[test]
    fn the_key_and_the_names_are_found() {
        let der = certificate("mx.example.org");
        let certificate = Certificate::parse(&der).unwrap();
        assert_eq!(certificate.dns_names(), [b"mx.example.org"]);
        assert_eq!(certificate.public_key().len(), 310);
        for end in 0..der.len() {
            let cut = Certificate::parse(&der[..end]);
            assert!(cut.is_none(), "{end}");
        }
    }

    proptest! {
        #[test]
        fn hostile_certificates_do_no_harm(at in 0_usize..400, octet: u8, end in 0_usize..420) {
            let mut der = certificate("mx.example.org");
            let at = at % der.len();
            der[at] = octet;
            der.truncate(end);
            if let Some(certificate) = Certificate::parse(&der) {
                let _ = certificate.dns_names();
            }
        }
    }
}

//! Messages signed with public keys: SIG(0) (RFC 2931).
use alloc::vec::Vec;

use bytes::BytesMut;

use super::key::PublicKey;
use super::key_pair::KeyPair;
use super::rrset::{before, serial};
use super::signer::Period;
use super::verdict::Bogus;
use crate::error::Error;
use crate::message::Message;
use crate::name::Name;
use crate::number::{Class, RecordType};
use crate::rdata::{Base64, Rdata, Timestamp};
use crate::record::Record;

/// Octets of a record beside its data whose owner is the root.
const HEAD: usize = 11;

/// Signs the message that is all of `message`: a query or an update, or the answer to `query`,
/// which is covered too (RFC 2931 §3.1). The owner of the KEY record that shows the key is `signer`.
///
/// ```
/// use bytes::BytesMut;
/// use dns_proto::dnssec::{KeyPair, Period, sign_message, verify_message};
/// use dns_proto::{DnssecAlgorithm, Name, Query, RecordType};
///
/// let signer: Name = "alice.hamburger.edu".parse()?;
/// let key = KeyPair::generate(DnssecAlgorithm::ED25519, false, [7; 32])?;
/// let mut query = BytesMut::from(&Query::new(&signer, RecordType::KEY).write()[..]);
/// let now = 1_800_000_000;
/// sign_message(&mut query, None, &signer, &key, Period::starting(now, 300))?;
///
/// let known = |name: &Name, tag| {
///     (*name == signer && tag == key.public().tag()).then(|| key.public().clone())
/// };
/// assert_eq!(verify_message(&query, None, known, now)?, signer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::Full`] if it is no message, or is longer than 65,535 octets then; it is as it was.
pub fn sign_message(
    message: &mut BytesMut,
    query: Option<&[u8]>,
    signer: &Name,
    key: &KeyPair,
    period: Period,
) -> Result<(), Error> {
    let Some(&[_, _, _, _, _, _, _, _, _, _, high, low]) = message.first_chunk() else {
        return Err(Error::Full);
    };
    let count = u16::from_be_bytes([high, low]).checked_add(1).ok_or(Error::Full)?;
    let signer = signer.to_lowercase();
    let data = |signature| Rdata::Sig {
        covered: RecordType::new(0),
        algorithm: key.public().algorithm(),
        labels: 0,
        original_ttl: 0,
        expiration: Timestamp(period.expiration),
        inception: Timestamp(period.inception),
        key_tag: key.public().tag(),
        signer: signer.view(),
        signature,
    };
    let empty = Base64::new(&[]).expect("nothing is short enough");
    let signature = key.sign(&subject(&data(empty), query, message));
    let signature = Base64::new(&signature).expect("a signature has at most 512 octets");
    let record = Record::new(Name::ROOT, 0, data(signature));
    let length = u16::try_from(record.octets().len()).map_err(|_| Error::Full)?;
    if message.len() + HEAD + usize::from(length) > usize::from(u16::MAX) {
        return Err(Error::Full);
    }
    message.extend_from_slice(&head());
    message.extend_from_slice(&length.to_be_bytes());
    message.extend_from_slice(record.octets());
    if let Some(place) = message.get_mut(10..12) {
        place.copy_from_slice(&count.to_be_bytes());
    }
    Ok(())
}

/// Verifies a message by the key that `find` knows for a name and a tag, and returns the name: who
/// has signed. An answer covers its `query`, as it was sent.
///
/// # Errors
///
/// What is wrong; [`Bogus::Missing`] if the last record is no SIG(0).
pub fn verify_message(
    octets: &[u8],
    query: Option<&[u8]>,
    find: impl FnOnce(&Name, u16) -> Option<PublicKey>,
    now: u64,
) -> Result<Name, Bogus> {
    let message = Message::parse(octets).map_err(|_| Bogus::Missing)?;
    let record = message.additionals().last().map(Record::from).ok_or(Bogus::Missing)?;
    let Rdata::Sig {
        covered, algorithm, expiration, inception, key_tag, signer, signature, ..
    } = record.data()
    else {
        return Err(Bogus::Missing);
    };
    // RFC 2931 §3: it covers no type. Names in it are whole, or it would not begin where it must.
    let start = octets.len().checked_sub(HEAD + record.octets().len()).ok_or(Bogus::Missing)?;
    let (unsigned, own) = octets.split_at_checked(start).ok_or(Bogus::Missing)?;
    let head = own.get(..HEAD - 2).is_some_and(|own| own == head());
    if covered.number() != 0 || !head || own.get(HEAD..) != Some(record.octets()) {
        return Err(Bogus::Missing);
    }
    let (inception, expiration, time) = (inception.0, expiration.0, serial(now));
    if before(expiration, inception) {
        return Err(Bogus::ExpiredBeforeValid);
    } else if before(expiration, time) {
        return Err(Bogus::Expired);
    } else if before(time, inception) {
        return Err(Bogus::NotYetValid);
    }
    let signer = signer.to_name();
    let key = find(&signer, key_tag).filter(|key| key.algorithm() == algorithm);
    let key = key.ok_or(Bogus::Key)?;
    // As it was before it was signed: without the record, and not counted.
    let mut unsigned = unsigned.to_vec();
    if let Some([high, low]) = unsigned.get_mut(10..12) {
        let count = u16::from_be_bytes([*high, *low]).saturating_sub(1);
        [*high, *low] = count.to_be_bytes();
    }
    if key.verify(&subject(&record.data(), query, &unsigned), signature.octets()) {
        Ok(signer)
    } else {
        Err(Bogus::Wrong)
    }
}

/// RFC 2931 §3: the root, of any class, with a TTL of zero.
fn head() -> Vec<u8> {
    let (rtype, class) = (RecordType::SIG.number(), Class::ANY.number());
    [Name::ROOT.wire(), &rtype.to_be_bytes(), &class.to_be_bytes(), &[0; 4]].concat()
}

/// RFC 2931 §3.1: the record's own data without the signature, the query if this is an answer, and
/// the message.
fn subject(data: &Rdata<'_>, query: Option<&[u8]>, message: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    data.write(&mut out);
    if let Rdata::Sig { signature, .. } = data {
        out.truncate(out.len() - signature.octets().len());
    }
    out.extend_from_slice(query.unwrap_or_default());
    out.extend_from_slice(message);
    out
}

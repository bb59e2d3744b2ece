//! Messages some records of which cannot be read, while the others can.
use alloc::vec::Vec;

use crate::limits::MessageLimits;
use crate::number::{Class, RecordType};
use crate::rdata::Rdata;
use crate::reader::Reader;

/// Of private use (RFC 6895 §3.1): nobody knows what is in it, so nothing is wrong with it.
const NOTHING: u16 = 65_280;

/// Makes records whose data are malformed into records of a type that nobody knows, of class NONE,
/// where all else is: one server's slip in one record need not cost the answer (RFC 1123 §1.2.2).
/// `None` if the message is beyond that, or has no such record.
pub(crate) fn mend(octets: &[u8]) -> Option<Vec<u8>> {
    let places = malformed(octets)?;
    let mut mended = octets.to_vec();
    for &place in &places {
        let [t, y, c, l] = mended.get_mut(place..)?.first_chunk_mut::<4>()?;
        [*t, *y] = NOTHING.to_be_bytes();
        [*c, *l] = Class::NONE.number().to_be_bytes();
    }
    (!places.is_empty()).then_some(mended)
}

/// Finds where the types of those records are.
fn malformed(octets: &[u8]) -> Option<Vec<usize>> {
    let mut reader = Reader::new(octets, MessageLimits::default().pointers);
    reader.take(4).ok()?;
    let [questions, answers, authorities, additionals] = [(); 4].map(|()| reader.u16());
    for _ in 0..questions.ok()? {
        reader.name().ok()?;
        reader.take(4).ok()?;
    }
    let records = [answers.ok()?, authorities.ok()?, additionals.ok()?];
    let mut places = Vec::new();
    for _ in 0..records.into_iter().map(u32::from).sum() {
        reader.name().ok()?;
        let place = reader.position();
        let [high, low, .., long, short] = reader.array::<10>().ok()?;
        let rtype = RecordType::new(u16::from_be_bytes([high, low]));
        let data = reader.take(usize::from(u16::from_be_bytes([long, short]))).ok()?;
        let mut data = reader.of_taken(data);
        if !rtype.is_meta() && Rdata::check(rtype, &mut data).is_err() {
            places.push(place);
        }
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::message::Message;

    /// An answer with an address of so many octets, and a good one.
    fn answer(octets: u8) -> Vec<u8> {
        let mut message = b"\0\x07\x80\0\0\0\0\x02\0\0\0\0\x01a\0\0\x01\0\x01\0\0\0\x09\0".to_vec();
        message.push(octets);
        message.extend(vec![9; usize::from(octets)]);
        message.extend_from_slice(b"\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x04\xc0\0\x02\x01");
        message
    }

    #[test]
    fn only_what_is_malformed_is_lost() {
        for octets in [3, 5] {
            let message = answer(octets);
            assert!(Message::parse(&message).is_err());
            let mended = mend(&message).unwrap();
            let message = Message::parse(&mended).unwrap();
            let classes: Vec<_> = message.answers().map(|record| record.class()).collect();
            assert_eq!(classes, [Class::NONE, Class::IN]);
        }
        assert_eq!(mend(&answer(4)), None);
    }

    #[test]
    fn a_message_that_is_cut_is_beyond_mending() {
        let message = answer(3);
        for end in 0..message.len() {
            assert_eq!(mend(&message[..end]), None, "{end}");
        }
    }
}

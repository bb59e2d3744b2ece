//! Response rate limiting: a server that does not answer floods is of no use to who forges senders.
use alloc::vec;
use alloc::vec::Vec;
use core::hash::Hasher;
use core::net::IpAddr;

use proto_core::Instant;

use crate::authority::Outcome;
use crate::message::Message;

/// What a [`RateLimiter`] permits.
///
/// ```
/// use dns_proto::RateLimits;
///
/// let limits = RateLimits { answers: 50, ..RateLimits::default() };
/// assert_eq!((limits.prefix_v4, limits.slip), (24, 2));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RateLimits {
    /// Answers a second with the same data to one network. 200, as in NSD: a large resolver asks
    /// for one name once a TTL.
    pub answers: u32,
    /// Answers a second without data to one network, of each kind: that a name is not there, that a
    /// type is not, errors; and referrals. 200, as in NSD.
    pub others: u32,
    /// Seconds' worth of answers that may come at once after a silence. 1: NSD and BIND count by
    /// the second.
    pub burst: u32,
    /// Of answers that are too many, every so-manieth is sent truncated, and a true client comes
    /// back by TCP; none, if 0. 2, as in NSD, BIND and Knot.
    pub slip: u32,
    /// Bits of an IPv4 address that make a network. 24, as in NSD and BIND.
    pub prefix_v4: u8,
    /// Bits of an IPv6 address that make one. 56, as in BIND; NSD has 64.
    pub prefix_v6: u8,
    /// Networks and answers that are counted at once; another takes the place of one. 100,000, as
    /// in BIND: 1.6 MB.
    pub table: usize,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            answers: 200,
            others: 200,
            burst: 1,
            slip: 2,
            prefix_v4: 24,
            prefix_v6: 56,
            table: 100_000,
        }
    }
}

/// What to do with an answer.
///
/// Exhaustive: there is nothing else that can be done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Send it.
    Send,
    /// Send no more than the question, truncated ([`Authority::truncated`](crate::Authority)): who
    /// is not forged comes back by TCP.
    Slip,
    /// Send nothing.
    Drop,
}

/// Counts answers by the network they go to and by what they say.
///
/// Each network and answer has a bucket that fills with the time and loses by every answer. The
/// table of buckets has a fixed size, and a place in it is found by a hash that nobody can guess,
/// so counting costs the same whatever comes.
///
/// ```
/// use core::time::Duration;
/// use dns_proto::{Message, Outcome, Query, RateLimiter, RateLimits, RecordType, Verdict};
/// use proto_core::Instant;
///
/// let limits = RateLimits { answers: 1, ..RateLimits::default() };
/// let mut limiter = RateLimiter::new(limits, [7; 16]);
/// let query = Query::new(&"crepes.fr".parse()?, RecordType::A).write();
/// let query = Message::parse(&query)?;
/// let mut count = |now| limiter.count(now, [192, 0, 2, 7].into(), &query, Outcome::Answer);
/// let now = Instant::ORIGIN + Duration::from_secs(1);
/// assert_eq!([count(now), count(now), count(now)], [Verdict::Send, Verdict::Drop, Verdict::Slip]);
/// assert_eq!(count(now + Duration::from_secs(1)), Verdict::Send);
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone)]
pub struct RateLimiter {
    limits: RateLimits,
    secret: [u64; 2],
    buckets: Vec<Bucket>,
}

/// What a network may still have of an answer.
#[derive(Clone, Copy, Default)]
struct Bucket {
    /// Whose it is.
    tag: u32,
    /// When it was looked at, in milliseconds.
    at: u32,
    /// Thousandths of answers.
    left: u32,
    /// Answers that were too many.
    refused: u32,
}

impl RateLimiter {
    /// Makes a limiter; the secret keeps the places of its table from being guessed.
    #[must_use]
    pub fn new(limits: RateLimits, secret: [u8; 16]) -> Self {
        let [a, b, c, d, e, f, g, h, rest @ ..] = secret;
        let secret = [[a, b, c, d, e, f, g, h], rest].map(u64::from_le_bytes);
        let buckets = vec![Bucket::default(); limits.table.max(1)];
        Self { limits, secret, buckets }
    }

    /// Counts an answer that is ready to go out by UDP. By TCP nobody can forge where he is.
    pub fn count(
        &mut self,
        now: Instant,
        to: IpAddr,
        query: &Message<'_>,
        outcome: Outcome,
    ) -> Verdict {
        let rate = match outcome {
            Outcome::Answer => self.limits.answers,
            _ => self.limits.others,
        };
        let hash = self.hash(to, query, outcome);
        let places = u64::try_from(self.buckets.len()).unwrap_or(u64::MAX);
        let place = usize::try_from(hash % places).unwrap_or_default();
        let Some(bucket) = self.buckets.get_mut(place) else { return Verdict::Send };
        let [a, b, c, d, ..] = hash.to_be_bytes();
        let at = u32::try_from(now.since_origin().as_millis() & 0xffff_ffff).unwrap_or_default();
        let full = rate.saturating_mul(self.limits.burst).saturating_mul(1_000);
        let tag = u32::from_be_bytes([a, b, c, d]).max(1);
        if bucket.tag != tag {
            *bucket = Bucket { tag, at, left: full, refused: 0 };
        }
        let gained = at.wrapping_sub(bucket.at).saturating_mul(rate);
        bucket.left = bucket.left.saturating_add(gained).min(full);
        bucket.at = at;
        if let Some(left) = bucket.left.checked_sub(1_000) {
            bucket.left = left;
            return Verdict::Send;
        }
        bucket.refused = bucket.refused.wrapping_add(1);
        let slip = self.limits.slip;
        let slips = slip > 0 && bucket.refused.is_multiple_of(slip);
        if slips { Verdict::Slip } else { Verdict::Drop }
    }

    /// What has data is told apart by its name and type; what has none counts together, or a flood
    /// of random names would never be too much.
    #[expect(deprecated, reason = "std keeps SipHash under this name")]
    fn hash(&self, to: IpAddr, query: &Message<'_>, outcome: Outcome) -> u64 {
        let [low, high] = self.secret;
        let mut hasher = core::hash::SipHasher::new_with_keys(low, high);
        hasher.write_u128(self.network(to));
        let (kind, rcode) = match outcome {
            Outcome::Answer => (0, 0),
            Outcome::Referral => (1, 0),
            Outcome::NoData => (2, 0),
            Outcome::NxDomain => (3, 0),
            Outcome::Failed(rcode) => (4, rcode.number()),
            Outcome::Ignored | Outcome::Updated { .. } => (5, 0),
        };
        hasher.write_u8(kind);
        hasher.write_u16(rcode);
        if let Some(question) = query.question().filter(|_| outcome == Outcome::Answer) {
            hasher.write_u16(question.rtype.number());
            for label in question.name.labels() {
                label.iter().for_each(|octet| hasher.write_u8(octet.to_ascii_lowercase()));
                hasher.write_u8(0);
            }
        }
        hasher.finish()
    }

    fn network(&self, address: IpAddr) -> u128 {
        let keep = |bits: u8| u128::MAX.checked_shl(128 - u32::from(bits.min(128))).unwrap_or(0);
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let bits = u128::from(address.to_bits()) << 96;
                // Nothing of IPv6 begins like this.
                bits & keep(self.limits.prefix_v4.min(32)) | 0xffff_ffff
            }
            IpAddr::V6(address) => address.to_bits() & keep(self.limits.prefix_v6.min(96)),
        }
    }
}

/// Prints neither the secret nor a hundred thousand buckets.
impl core::fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RateLimiter").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::{Query, Rcode, RecordType};

    fn counter(limits: RateLimits) -> impl FnMut(u64, &str, &str, Outcome) -> Verdict {
        let mut limiter = RateLimiter::new(limits, [1; 16]);
        move |millis, to, name, outcome| {
            let query = Query::new(&name.parse().unwrap(), RecordType::A).write();
            let now = Instant::ORIGIN + Duration::from_millis(millis);
            limiter.count(now, to.parse().unwrap(), &Message::parse(&query).unwrap(), outcome)
        }
    }

    #[test]
    fn as_many_as_are_permitted_are_sent_and_no_more() {
        for (answers, others, outcome) in [
            (5, 0, Outcome::Answer),
            (0, 5, Outcome::NxDomain),
            (0, 5, Outcome::NoData),
            (0, 5, Outcome::Referral),
            (0, 5, Outcome::Failed(Rcode::REFUSED)),
        ] {
            let mut count = counter(RateLimits { answers, others, slip: 0, ..Default::default() });
            for turn in 0..10 {
                let sent = count(9_000, "192.0.2.1", "z", outcome) == Verdict::Send;
                assert_eq!(sent, turn < 5, "{outcome:?} {turn}");
            }
            // 200 ms later there is one more.
            assert_eq!(count(9_200, "192.0.2.1", "z", outcome), Verdict::Send);
            assert_eq!(count(9_200, "192.0.2.1", "z", outcome), Verdict::Drop);
        }
    }

    #[test]
    fn a_long_silence_permits_no_more_than_the_burst() {
        for (burst, sent) in [(1, 2), (3, 6)] {
            let mut count = counter(RateLimits { answers: 2, burst, ..Default::default() });
            count(0, "192.0.2.1", "z", Outcome::Answer);
            let verdicts = (0..20).map(|_| count(900_000, "192.0.2.1", "z", Outcome::Answer));
            assert_eq!(verdicts.filter(|it| *it == Verdict::Send).count(), sent);
        }
    }

    #[test]
    fn every_so_manieth_slips() {
        for (slip, every) in [(0, 100), (1, 1), (2, 2), (3, 3)] {
            let mut count = counter(RateLimits { answers: 0, slip, ..Default::default() });
            for turn in 1..10 {
                let slipped = count(0, "192.0.2.1", "z", Outcome::Answer) == Verdict::Slip;
                assert_eq!(slipped, turn % every == 0, "{slip} {turn}");
            }
        }
    }

    #[test]
    fn networks_count_as_one_and_names_do_not() {
        let mut count = counter(RateLimits { answers: 1, others: 1, ..Default::default() });
        let mut send = |to, name, outcome| count(0, to, name, outcome) == Verdict::Send;
        assert!(send("192.0.2.1", "z", Outcome::Answer));
        assert!(!send("192.0.2.200", "Z", Outcome::Answer), "the same /24, the same name");
        assert!(!send("::ffff:192.0.2.3", "z", Outcome::Answer), "the same address");
        assert!(send("192.0.3.1", "z", Outcome::Answer) && send("192.0.2.1", "y", Outcome::Answer));
        assert!(send("2001:db8::1", "z", Outcome::Answer));
        assert!(!send("2001:db8:0:ff::1", "z", Outcome::Answer), "the same /56");
        assert!(send("2001:db8:0:100::1", "z", Outcome::Answer));
        assert!(send("192.0.2.1", "a.z", Outcome::NxDomain));
        assert!(!send("192.0.2.1", "b.z", Outcome::NxDomain), "random names are one kind");
        assert!(send("192.0.2.1", "b.z", Outcome::NoData), "another kind");
    }

    #[test]
    fn the_table_does_not_grow() {
        for table in [0, 1, 7] {
            let mut limiter = RateLimiter::new(RateLimits { table, ..Default::default() }, [1; 16]);
            let query = Query::new(&"z".parse().unwrap(), RecordType::A).write();
            let query = Message::parse(&query).unwrap();
            for host in 0..100 {
                let to = [10, 0, host, 1].into();
                limiter.count(Instant::ORIGIN, to, &query, Outcome::Answer);
            }
            assert_eq!(limiter.buckets.len(), table.max(1));
        }
    }
}

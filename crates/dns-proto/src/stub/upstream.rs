//! What a stub remembers of one server.
use core::time::Duration;

use proto_core::Instant;

use crate::edns::EdnsOption;
use crate::message::Message;
use crate::number::OptionCode;
use crate::random::Random;
use crate::stub::{Limits, Server};

/// The shortest that a server is waited for: what a busy machine may take to hear an answer.
const LEAST: Duration = Duration::from_millis(200);

/// A server, and what is known of it.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) server: Server,
    pub(super) cookies: Cookies,
    /// Silences since it was last heard, and until when it is asked last.
    silences: u32,
    until: Instant,
    /// Until when somebody is trying whether it is back.
    probed: Instant,
    /// Smoothed time of a round trip by UDP, and how much it varies (RFC 6298 §2).
    trip: Option<(Duration, Duration)>,
    /// Until when it is asked without EDNS.
    plain: Option<Instant>,
}

impl Upstream {
    pub(super) fn new(server: Server, random: &mut Random) -> Self {
        Self {
            server,
            cookies: Cookies::new(random),
            silences: 0,
            until: Instant::ORIGIN,
            probed: Instant::ORIGIN,
            trip: None,
            plain: None,
        }
    }

    /// Whether it is worth asking before others.
    pub(super) fn is_well(&self, now: Instant) -> bool {
        self.silences == 0 || self.until.max(self.probed) <= now
    }

    /// Notes that it is asked: if it was silent, others wait for what comes of it.
    pub(super) fn asked(&mut self, now: Instant, limits: &Limits) {
        if self.silences > 0 {
            self.probed = now + self.penalty(limits);
        }
    }

    /// Notes that it was silent, or could not be reached. Many queries that find out together are
    /// one silence.
    pub(super) fn unheard(&mut self, now: Instant, limits: &Limits) {
        if self.silences == 0 || self.until <= now {
            self.silences = self.silences.saturating_add(1);
            self.until = now + self.penalty(limits);
        }
    }

    fn penalty(&self, limits: &Limits) -> Duration {
        let times = 2_u32.saturating_pow(self.silences.saturating_sub(1));
        limits.penalty.saturating_mul(times).min(limits.penalty_most)
    }

    /// Notes that it answered; by UDP, how long that took.
    pub(super) fn heard(&mut self, took: Option<Duration>) {
        self.silences = 0;
        let Some(took) = took else { return };
        self.trip = Some(match self.trip {
            None => (took, took / 2),
            Some((mean, variation)) => {
                ((mean * 7 + took) / 8, (variation * 3 + mean.abs_diff(took)) / 4)
            }
        });
    }

    /// Returns for how long to wait before another server is asked too.
    pub(super) fn patience(&self, most: Duration) -> Duration {
        let Some((mean, variation)) = self.trip else { return most };
        (mean + variation * 4).max(LEAST).min(most)
    }

    /// Notes that it does not understand EDNS.
    pub(super) fn is_plain(&mut self, now: Instant, limits: &Limits) {
        self.plain = Some(now + limits.plain);
    }

    /// Whether it can be asked with EDNS.
    pub(super) fn knows_edns(&self, now: Instant) -> bool {
        self.plain.is_none_or(|until| until <= now)
    }
}

/// What is shown to one server and no other, and what it wants to be shown in turn.
#[derive(Debug)]
pub(super) struct Cookies {
    client: [u8; 8],
    /// RFC 7873 §4: up to 32 octets, of which only the server knows the meaning.
    server: [u8; 32],
    length: usize,
}

/// What an answer's cookie says of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Taste {
    /// It is from the server, or nothing says that it is not.
    Good,
    /// It is forged.
    Forged,
    /// A cookie was to be expected, and there is none.
    Missing,
}

impl Cookies {
    /// RFC 9018 §3: a number of its own for each server, so that none can follow us from another.
    fn new(random: &mut Random) -> Self {
        let [a, b] = random.id().to_be_bytes();
        let [c, d] = random.id().to_be_bytes();
        let [e, f] = random.id().to_be_bytes();
        let [g, h] = random.id().to_be_bytes();
        Self { client: [a, b, c, d, e, f, g, h], server: [0; 32], length: 0 }
    }

    /// Returns the option for a query.
    pub(super) fn option(&self) -> Option<EdnsOption<'_>> {
        let server = self.server.get(..self.length)?;
        crate::edns::Cookie::new(self.client, server).map(EdnsOption::Cookie)
    }

    /// Whether the server has given one.
    pub(super) const fn is_known(&self) -> bool {
        self.length > 0
    }

    /// Forgets what the server has given.
    pub(super) const fn forget(&mut self) {
        self.length = 0;
    }

    /// Looks at an answer's cookie (RFC 7873 §5.3), and keeps the server's.
    pub(super) fn taste(&mut self, message: &Message<'_>) -> Taste {
        let options = message.edns().map(|edns| edns.options);
        // "All but the first are ignored"; one of an illegal length is as good as a wrong one.
        let first = options
            .and_then(|options| options.iter().find(|(code, _)| *code == OptionCode::COOKIE));
        let Some((code, data)) = first else {
            return if self.is_known() { Taste::Missing } else { Taste::Good };
        };
        match EdnsOption::parse(code, data) {
            Ok(EdnsOption::Cookie(cookie)) if cookie.client() == self.client => {
                let given = cookie.server();
                if let Some(place) = self.server.get_mut(..given.len())
                    && !given.is_empty()
                {
                    place.copy_from_slice(given);
                    self.length = given.len();
                }
                Taste::Good
            }
            _ => Taste::Forged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream() -> Upstream {
        let server = Server::Plain(([192, 0, 2, 1], 53).into());
        Upstream::new(server, &mut Random::new([7; 32]))
    }

    #[test]
    fn who_is_silent_again_and_again_is_left_for_longer_up_to_a_limit() {
        let (limits, mut upstream, mut now) = (Limits::default(), upstream(), Instant::ORIGIN);
        for seconds in [5, 10, 20, 40, 60, 60] {
            upstream.unheard(now, &limits);
            let over = now + Duration::from_secs(seconds);
            let early = now + (Duration::from_secs(seconds) - Duration::from_nanos(1));
            assert!(!upstream.is_well(early));
            upstream.unheard(early, &limits);
            assert!(upstream.is_well(over));
            now = over;
        }
        upstream.heard(None);
        assert!(upstream.is_well(now));
    }

    #[test]
    fn one_query_tries_who_was_silent_and_the_others_wait() {
        let (limits, mut upstream, now) = (Limits::default(), upstream(), Instant::ORIGIN);
        upstream.asked(now, &limits);
        assert!(upstream.is_well(now));
        upstream.unheard(now, &limits);
        let over = now + limits.penalty;
        assert!(upstream.is_well(over));
        upstream.asked(over, &limits);
        assert!(!upstream.is_well(over));
    }

    #[test]
    fn patience_follows_the_time_of_a_round_trip() {
        let (mut upstream, most) = (upstream(), Duration::from_secs(1));
        assert_eq!(upstream.patience(most), most);
        upstream.heard(Some(Duration::from_millis(1)));
        assert_eq!(upstream.patience(most), LEAST);
        (0..20).for_each(|_| upstream.heard(Some(Duration::from_millis(300))));
        let patience = upstream.patience(most);
        assert!(patience > Duration::from_millis(300) && patience < most);
        upstream.heard(Some(Duration::from_secs(9)));
        assert_eq!(upstream.patience(most), most);
    }

    #[test]
    fn edns_is_tried_again_after_a_while() {
        let (limits, mut upstream, now) = (Limits::default(), upstream(), Instant::ORIGIN);
        assert!(upstream.knows_edns(now));
        upstream.is_plain(now, &limits);
        assert!(!upstream.knows_edns(now + (limits.plain - Duration::from_nanos(1))));
        assert!(upstream.knows_edns(now + limits.plain));
    }
}

//! The cache as data, so that a resolver that begins again need not begin at the root.
use alloc::sync::Arc;
use alloc::vec::Vec;

use proto_core::Instant;

use crate::cache::{Loaded, Security};
use crate::error::ParseError;
use crate::recursive::Resolver;

impl Resolver {
    /// Writes the cache as octets, for [`load`](Self::load); it is `unix` seconds since 1970. What has
    /// expired, what is bogus, and failures are left out. There are no more octets than the cache
    /// is large ([`Limits::cache`](crate::recursive::Limits)).
    ///
    /// ```
    /// use dns_proto::recursive::{Config, Resolver, root_hints};
    /// use proto_core::Instant;
    ///
    /// let (now, mut resolver) = (Instant::ORIGIN, Resolver::new(Config::new(root_hints()), [7; 32]));
    /// let octets = resolver.dump(now, 1_800_000_000);
    /// // A minute later, in another process.
    /// assert_eq!(resolver.load(now, 1_800_000_060, &octets), Ok(0));
    /// ```
    #[must_use]
    pub fn dump(&self, now: Instant, unix: u64) -> Vec<u8> {
        self.cache.dump(now, unix)
    }

    /// Reads a cache that was [dumped](Self::dump), and returns how many RRsets and answers are fresh;
    /// it is `unix` seconds since 1970, and what has expired by then is not. What is known already is
    /// replaced by what is better only. Without trust anchors nothing is known to be secure.
    ///
    /// The octets are as trustworthy as what they are read from: nobody else should write there.
    ///
    /// # Errors
    ///
    /// When the octets are no cache, or not as they were written; then nothing is kept.
    pub fn load(&mut self, now: Instant, unix: u64, octets: &[u8]) -> Result<usize, ParseError> {
        let Loaded { sets, answers } = Loaded::parse(now, unix, octets, self.config.limits.ttl)?;
        let count = sets.len() + answers.len();
        let checked = self.trusted.is_any();
        let security = |own: Security| if checked { own } else { Security::Unchecked };
        for mut set in sets {
            set.security = security(set.security);
            self.cache.keep(now, set);
        }
        for (name, rtype, mut answer) in answers {
            answer.security = security(answer.security);
            let sections = [&mut answer.answers, &mut answer.authorities, &mut answer.additionals];
            for set in sections.into_iter().flatten() {
                let mut own = (**set).clone();
                own.security = security(own.security);
                *set = self.cache.shared(now, own);
                self.learn(set);
            }
            if self.cache.answer(name.view(), rtype).is_none_or(|known| !known.is_fresh(now)) {
                self.cache.keep_answer(name.view(), rtype, Arc::new(answer));
            }
        }
        Ok(count)
    }
}

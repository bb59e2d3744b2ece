//! Answers that the cache has, without a job or an event.
use bytes::BytesMut;
use proto_core::{Instant, Transport};

use crate::message::Message;
use crate::recursive::job::Client;
use crate::recursive::{ClientId, Resolver};

impl Resolver {
    /// Answers a client's query from the cache, if that is all there is to do: appends the reply
    /// and returns `true`. With `false` nothing has been done, and [`resolve`](Self::resolve) is
    /// to do it.
    ///
    /// Nothing is allocated if the buffer has room and the name at most 62 octets.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use dns_proto::recursive::{Config, Resolver, root_hints};
    /// use dns_proto::{Message, Name, Query, RecordType};
    /// use proto_core::{Instant, Transport};
    ///
    /// let mut resolver = Resolver::new(Config::new(root_hints()), [7; 32]);
    /// let octets = Query::new(&"hamburger.edu".parse()?, RecordType::MX).recursion(true).write();
    /// let (query, mut out) = (Message::parse(&octets)?, BytesMut::new());
    /// // Nobody has asked before.
    /// assert!(!resolver.answer(Instant::ORIGIN, &query, Transport::Udp, &mut out));
    /// # Ok::<(), dns_proto::ParseError>(())
    /// ```
    #[must_use]
    pub fn answer(
        &mut self,
        now: Instant,
        query: &Message<'_>,
        via: Transport,
        out: &mut BytesMut,
    ) -> bool {
        let Some(asked) = query.question().filter(|_| !query.header().response) else {
            return false;
        };
        if self.local.knows(query) {
            return false;
        }
        let Some(answer) = self.cache.lend(asked.name, asked.rtype) else { return false };
        let client = Client::new(now, ClientId(0), query, via);
        let renewed = self.config.prefetch && answer.is_old(now) && answer.ttl > 0;
        if renewed
            || !answer.is_fresh(now)
            || !self.is_servable(answer, &client)
            || self.refusal(query, via).is_some()
        {
            return false;
        }
        self.write(now, &client, answer, None, out);
        self.statistics.hits += 1;
        true
    }
}

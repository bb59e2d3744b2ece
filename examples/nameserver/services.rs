//! Who answers: the zones that are here, or a resolver for all others.
use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use homing::{
    dns::{
        Access, Action, Class, Message, Name,
        tokio::{Handler, Now, Recursive, Zones},
    },
    proto_core::Transport,
};

/// The zones, and who is asked about names that are in none of them.
pub(crate) struct Services {
    pub(crate) zones: Zones,
    pub(crate) resolver: Option<Recursive>,
    /// For whom the resolver works.
    pub(crate) access: Access,
}

impl Services {
    /// The resolver and the query, if it is for it.
    fn resolver<'q>(&self, query: &'q [u8], from: SocketAddr) -> Option<(&Recursive, Message<'q>)> {
        let resolver = self.resolver.as_ref()?;
        let query = Message::parse(query).ok()?;
        // What is asked in class CH is asked about this server.
        let own = query.header().recursion_desired
            && query.question().is_none_or(|asked| asked.class != Class::CH)
            && self.access.permits(Action::Recurse, &Name::ROOT, from.ip(), None)
            && !self.zones.knows(&query);
        own.then_some((resolver, query))
    }
}

impl Handler for Services {
    async fn handle(&self, query: Bytes, from: SocketAddr, via: Transport) -> Option<Bytes> {
        match self.resolver(&query, from) {
            Some((resolver, _)) => resolver.handle(query.clone(), from, via).await,
            None => self.zones.handle(query, from, via).await,
        }
    }

    fn now(&self, query: &[u8], from: SocketAddr, via: Transport, out: &mut BytesMut) -> Now {
        match self.resolver(query, from) {
            Some((resolver, query)) if resolver.answer(&query, via, out) => Now::Done,
            Some(_) => Now::Later,
            None => self.zones.now(query, from, via, out),
        }
    }
}

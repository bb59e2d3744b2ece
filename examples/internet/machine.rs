//! What sessions have in common, whatever they say.
use bytes::BytesMut;
use homing::proto_core::{Instant, Machine};

use crate::net::End;

/// A session of any protocol and either side.
pub(crate) trait AnyMachine {
    fn receive(&mut self, now: Instant, octets: &[u8]);
    fn receive_eof(&mut self);
    fn output(&mut self) -> &mut BytesMut;
    fn deadline(&self) -> Option<Instant>;
    fn expire(&mut self, now: Instant);
    fn buffered(&self) -> usize;
}

macro_rules! any_machine {
    ($($session:ty),*) => {$(
        impl AnyMachine for $session {
            fn receive(&mut self, now: Instant, octets: &[u8]) {
                Machine::receive(self, now, octets);
            }
            fn receive_eof(&mut self) {
                Machine::receive_eof(self);
            }
            fn output(&mut self) -> &mut BytesMut {
                Machine::output(self)
            }
            fn deadline(&self) -> Option<Instant> {
                Machine::deadline(self)
            }
            fn expire(&mut self, now: Instant) {
                Machine::expire(self, now);
            }
            fn buffered(&self) -> usize {
                <$session>::buffered(self)
            }
        }
    )*};
}

any_machine!(
    homing::smtp::client::Session,
    homing::smtp::server::Session,
    homing::pop3::client::Session,
    homing::pop3::server::Session,
    homing::imap::client::Session,
    homing::imap::server::Session
);

impl End {
    pub(crate) fn machine(&mut self) -> Option<&mut dyn AnyMachine> {
        Some(match self {
            Self::Client(client) => &mut client.session,
            Self::Server(server) => &mut server.session,
            Self::Reader(reader) => &mut reader.session,
            Self::Keeper(keeper) => &mut keeper.session,
            Self::ImapReader(reader) => &mut reader.session,
            Self::ImapKeeper(keeper) => &mut keeper.session,
            Self::Smtp | Self::Pop | Self::Imap | Self::Gone => return None,
        })
    }
}

//! What an answer depends on beside the query and the zones.
use core::net::IpAddr;

use proto_core::Transport;

/// Who asks, and when.
///
/// ```
/// use dns_proto::authority::Client;
/// use proto_core::Transport;
///
/// let address = Some([192, 0, 2, 7].into());
/// let client = Client { address, now: 1_800_000_000, turn: 7, ..Transport::Udp.into() };
/// assert_eq!(client.via, Transport::Udp);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Client {
    /// How the query has come, and the answer goes.
    pub via: Transport,
    /// Where from; without, there are no cookies.
    pub address: Option<IpAddr>,
    /// Seconds since 1970, for cookies and signatures.
    pub now: u64,
    /// What turns the order of records: a count of queries for [`Rotation::Cyclic`], a random
    /// number for [`Rotation::Random`].
    pub turn: u64,
    /// Octets of the message that stay free, for a signature.
    pub reserve: usize,
}

impl From<Transport> for Client {
    fn from(via: Transport) -> Self {
        Self { via, address: None, now: 0, turn: 0, reserve: 0 }
    }
}

/// In which order the records of an RRset come: how load is shared among hosts of one name.
///
/// There are the three that servers have: exhaustive.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Rotation {
    /// As the zone has them.
    #[default]
    Fixed,
    /// Beginning with another at each [`Client::turn`], going round (RFC 1794).
    Cyclic,
    /// In an order that [`Client::turn`] is the seed of.
    Random,
}

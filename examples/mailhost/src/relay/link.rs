//! One connection to another server.
use std::{sync::Arc, time::Duration};

use homing::{
    delivery::{Cause, Hop, Peer, Security},
    mime::report::StatusCode,
    proto_core::{
        Text,
        tokio::{BoxStream, Driver, tls::rustls::pki_types::ServerName},
    },
    smtp::{
        client::{Config, Envelope, Outcome, Session, Tls},
        tokio::{Client, Error},
    },
};
use tokio::{net::TcpStream, sync::mpsc, time::timeout};
use tracing::{debug, info};

use super::proof;
use crate::{Failure, store::Reader};

/// How long a connection may take to be made: as Postfix's smtp_connect_timeout.
const CONNECT: Duration = Duration::from_secs(30);

/// What the postman wants of a connection.
pub(super) struct Order {
    pub(super) envelope: Envelope,
    pub(super) message: Reader,
}

/// What became of a connection.
pub(super) enum News {
    Ready(Peer),
    Unreachable(Cause),
    /// There was no agreeing on TLS.
    TlsFailed(Cause),
    Sent(Box<Outcome>),
    Closed,
}

/// Connects, and sends what is ordered until nobody orders any more.
pub(super) async fn run(
    own: Arc<str>,
    hop: Hop,
    mut orders: mpsc::Receiver<Order>,
    tell: impl Fn(News) + Send,
) {
    let mut client = match timeout(CONNECT, TcpStream::connect(hop.address)).await {
        Ok(Ok(stream)) => match open(&own, &hop, stream).await {
            Ok(client) => client,
            Err(error) => {
                let why = unreachable(&hop, &*error);
                let tls = matches!(error.downcast_ref(), Some(Error::Tls(_)));
                return tell(if tls { News::TlsFailed(why) } else { News::Unreachable(why) });
            }
        },
        Ok(Err(error)) => return tell(News::Unreachable(unreachable(&hop, &error))),
        Err(error) => return tell(News::Unreachable(unreachable(&hop, &error))),
    };
    let peer = Peer::of(client.session().capabilities());
    tell(News::Ready(peer));
    while let Some(Order { envelope, message }) = orders.recv().await {
        match client.send(envelope, message).await {
            Ok(outcome) => {
                info!(host = hop.label(), recipients = outcome.recipients.len(), "sent");
                tell(News::Sent(Box::new(outcome)));
            }
            Err(error) => {
                debug!(host = hop.label(), %error, "a connection was lost");
                return tell(News::Closed);
            }
        }
    }
    // What was said before is not in doubt.
    let _ = client.quit().await;
}

async fn open(own: &str, hop: &Hop, stream: TcpStream) -> Result<Client, Failure> {
    stream.set_nodelay(true)?;
    let mut config = Config::new(own.parse()?);
    config.lmtp = hop.lmtp;
    config.tls = match hop.security {
        Security::Plain => Tls::Off,
        Security::Opportunistic => Tls::Opportunistic,
        _ => Tls::Required,
    };
    let connector = proof::connector(hop);
    let name = hop.names.first().map_or_else(
        || Ok(ServerName::from(hop.address.ip())),
        |name| ServerName::try_from(name.to_string().trim_end_matches('.').to_owned()),
    )?;
    let driver = Driver::new(Box::new(stream) as BoxStream, |now| Session::new(now, config));
    Ok(Client::open(driver, Some((&connector, name))).await?)
}

/// RFC 3463 §3.5: 4.4.1, no answer from host.
fn unreachable(hop: &Hop, error: &(dyn std::error::Error + 'static)) -> Cause {
    debug!(host = hop.label(), error, "cannot be reached");
    let code = StatusCode::new(4, 4, 1).unwrap_or(StatusCode::TRANSIENT);
    let causes = std::iter::successors(Some(error), |error| error.source());
    let words = causes.fold(hop.label(), |words, error| format!("{words}: {error}"));
    let words = words.replace(char::is_control, " ");
    Cause::new(code, Text::new(&words).unwrap_or_default())
}

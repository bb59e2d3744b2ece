//! The EDNS options of an answer: who answers, and cookies.
use super::{Client, Config};
use crate::edns::{Cookie, Edns, EdnsOption, OptionsBuf};
use crate::number::{OptionCode, Rcode};
use core::time::Duration;
use proto_core::Transport;

/// Octets of the longest identity that is told.
pub(crate) const IDENTITY: usize = 255;

/// Makes the options that the query asks for, and says what it must be refused for.
pub(super) fn answer(
    config: &Config,
    edns: &Edns<'_>,
    client: &Client,
) -> (OptionsBuf, Option<Rcode>) {
    let (mut options, mut refused) = (OptionsBuf::default(), None);
    let (mut nsid, mut cookie) = (false, false);
    for (code, data) in edns.options.iter() {
        match code {
            OptionCode::NSID if !nsid && !config.identity.is_empty() => {
                nsid = true;
                let identity = config.identity.get(..IDENTITY).unwrap_or(&config.identity);
                options.push(&EdnsOption::Nsid(identity));
            }
            OptionCode::COOKIE if !cookie => {
                cookie = true;
                refused = match EdnsOption::parse(code, data) {
                    Ok(EdnsOption::Cookie(cookie)) => give(config, cookie, client, &mut options),
                    // RFC 7873 §5.2.2.
                    _ => Some(Rcode::FORMERR),
                };
            }
            _ => {}
        }
    }
    if let Some(option) = keepalive(config.keepalive, client.via) {
        options.push(&option);
        refused = refused.or_else(|| wants_time(edns).then_some(Rcode::FORMERR));
    }
    (options, refused)
}

/// RFC 7828 §3.3.2: says to who speaks EDNS on a connection how long it may be idle.
pub(crate) fn keepalive(idle: Option<Duration>, via: Transport) -> Option<EdnsOption<'static>> {
    let idle = idle.filter(|_| via != Transport::Udp)?;
    let tenths = u16::try_from(idle.as_millis() / 100).unwrap_or(u16::MAX);
    Some(EdnsOption::Keepalive(Some(tenths)))
}

/// Whether a query says itself how long it may be (RFC 7828 §3.2.1: it must not).
pub(crate) fn wants_time(edns: &Edns<'_>) -> bool {
    edns.options.iter().any(|(code, data)| code == OptionCode::KEEPALIVE && !data.is_empty())
}

/// Answers a cookie: with the one that the client has, if it is good (RFC 9018 §4.3).
fn give(
    config: &Config,
    cookie: Cookie<'_>,
    client: &Client,
    options: &mut OptionsBuf,
) -> Option<Rcode> {
    let (secret, address) = (config.cookies.as_ref()?, client.address?);
    // RFC 9018 §4.3: the time of a cookie goes round in a circle of 32 bits.
    let now = u32::try_from(client.now & u64::from(u32::MAX)).unwrap_or_default();
    let good = secret.verify(cookie, address, now);
    let fresh = secret.server_cookie(cookie.client(), address, now);
    let cookie = Cookie::new(cookie.client(), &fresh)?;
    options.push(&EdnsOption::Cookie(cookie));
    let demanded = config.cookies_required && client.via == Transport::Udp;
    (demanded && !good).then_some(Rcode::BADCOOKIE)
}

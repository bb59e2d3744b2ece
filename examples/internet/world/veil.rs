//! TLS as far as this world has it, and those who attack it. The channel is simulated, and a toy: it
//! tells who is at its other end, and nobody in between may read it, but whoever knows how can. What
//! it stands for is done by a TLS library; what is tested is whom mail goes to, and how.
use std::borrow::Cow;

use bytes::BytesMut;
use homing::delivery::{Held, Hop, LinkId, Security};
use homing::dns::Name;
use homing::proto_core::Machine;
use homing::smtp::client::Envelope;

use crate::clock::{MILLI, MINUTE, Micros, SECOND, unix};
use crate::names;
use crate::net::{ConnId, End, Event, Side};

use super::{Dirty, World};

/// How far a handshake is, as one end sees it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Shake {
    /// There is none.
    #[default]
    None,
    /// It is agreed, and the client begins.
    Wanted,
    /// The client waits for the server's certificate.
    Greeted,
    Done,
}

/// What a man in the middle does to the connections of a site.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Attack {
    /// He takes away the offer of STARTTLS.
    Strip,
    /// He is the other end of TLS himself, with a certificate of his own, and hands all on.
    Impostor,
}

/// What is wrong with the TLS that a server offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Trouble {
    /// It answers STARTTLS by 454.
    Refused,
    /// It agrees, and breaks the handshake off.
    Alert,
    /// It agrees, and hangs up.
    HangUp,
}

const ALERT: &[u8] = b"\x15 simulated alert";
const HELLO: &[u8] = b"\x16 simulated hello";
const CERTIFICATE: &[u8] = b"\x16 simulated certificate of ";

/// Who the man in the middle is; sites are numbered from 0.
const IMPOSTOR: u32 = u32::MAX;

/// The key of a site's certificate, which its TLSA records promise.
pub(crate) fn key(site: u32) -> [u8; 32] {
    let mut random = crate::random::Random::new(u64::from(site) ^ 0x7EA1);
    random.seed()
}

/// Makes octets illegible, and legible again.
fn veiled(octets: &[u8]) -> Vec<u8> {
    octets.iter().map(|octet| octet ^ 0xA5).collect()
}

impl End {
    pub(super) const fn shake(&self) -> Shake {
        match self {
            Self::Client(client) => client.shake,
            Self::Server(server) => server.shake,
            _ => Shake::None,
        }
    }
}

impl World {
    /// What an end has to say, as it goes out on the wire.
    pub(super) fn veil(&self, id: ConnId, side: Side, end: &End, octets: BytesMut) -> BytesMut {
        if end.shake() == Shake::Done {
            return veiled(&octets).as_slice().into();
        }
        let attack = self.conns.get(&id).and_then(|conn| conn.attack);
        if side == 1 && attack == Some(Attack::Strip) {
            return stripped(octets);
        }
        octets
    }

    /// A client begins the handshake that was agreed.
    pub(super) fn greet(&mut self, id: ConnId, end: &mut End) {
        if let End::Client(client) = end
            && client.shake == Shake::Wanted
        {
            client.shake = Shake::Greeted;
            self.transmit(id, 0, HELLO.into());
        }
    }

    /// What came over the wire, as an end's session reads it; `None` if it was for the handshake.
    pub(super) fn unveil<'o>(
        &mut self,
        id: ConnId,
        side: Side,
        octets: &'o [u8],
    ) -> Option<Cow<'o, [u8]>> {
        let conn = self.conns.get(&id)?;
        let (site, attack) = (conn.sites[1], conn.attack);
        if octets == HELLO && self.refuses(id, side) {
            return None;
        }
        let conn = self.conns.get_mut(&id)?;
        match (&mut conn.ends[side], side) {
            (End::Server(server), _) if server.shake == Shake::Wanted && octets == HELLO => {
                server.shake = Shake::Done;
                server.session.secured();
                let who = if attack == Some(Attack::Impostor) { IMPOSTOR } else { site };
                self.transmit(id, 1, [CERTIFICATE, &who.to_be_bytes()].concat());
                self.dirty.push_back(Dirty::End(id, side));
                None
            }
            (End::Client(client), _) if client.shake == Shake::Greeted => {
                let who = octets.strip_prefix(CERTIFICATE).and_then(|it| it.first_chunk());
                let hop = client.hop.clone();
                match who.map(|who| u32::from_be_bytes(*who)) {
                    Some(who) if self.believes(hop.as_ref(), who) => self.agree(id),
                    _ => self.part(id),
                }
                None
            }
            (end, _) if end.shake() == Shake::Done => Some(veiled(octets).into()),
            _ => Some(octets.into()),
        }
    }

    /// The server's TLS may be broken: then that was all of the connection.
    fn refuses(&mut self, id: ConnId, side: Side) -> bool {
        let Some(conn) = self.conns.get_mut(&id) else { return false };
        let End::Server(server) = &conn.ends[side] else { return false };
        let trouble = self.sites[server.site as usize].trouble;
        let Some(trouble) = trouble.filter(|_| !server.submission) else { return false };
        let end = std::mem::replace(&mut conn.ends[side], End::Gone);
        if trouble == Trouble::Alert {
            self.transmit(id, side, ALERT.to_vec());
        }
        self.leave(id, side, &end);
        true
    }

    /// The client believes the certificate.
    fn agree(&mut self, id: ConnId) {
        if let Some(conn) = self.conns.get_mut(&id)
            && let End::Client(client) = &mut conn.ends[0]
        {
            client.shake = Shake::Done;
            client.session.secured();
            self.dirty.push_back(Dirty::End(id, 0));
        }
    }

    /// The client does not.
    fn part(&mut self, id: ConnId) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let mut end = std::mem::replace(&mut conn.ends[0], End::Gone);
        self.metrics.refused += 1;
        if let End::Client(client) = &mut end {
            self.client_failed(client);
        }
        self.leave(id, 0, &end);
    }

    /// Whether a certificate is good enough for a hop.
    fn believes(&self, hop: Option<&Hop>, who: u32) -> bool {
        let Some(hop) = hop.filter(|_| !self.gullible) else { return true };
        match &hop.security {
            Security::Dane(keys) => keys.iter().any(|it| it.data == key(who)),
            Security::Verified => {
                let host = hop.host.as_ref().map(|it| self.size.site_of_host(&it.to_string()));
                host.flatten() == Some(who)
            }
            _ => true,
        }
    }

    /// Sends octets that are no session's.
    fn transmit(&mut self, id: ConnId, side: Side, octets: Vec<u8>) {
        let cut = self.is_broken(id);
        let now = self.now;
        let Some(conn) = self.conns.get_mut(&id) else { return };
        conn.silent |= cut;
        if conn.silent {
            return;
        }
        let at = (now + conn.latency).max(conn.last[side]);
        conn.last[side] = at;
        self.agenda.add(at, Event::Segment(id, 1 - side, octets.into()));
    }

    /// A message is about to go over a connection: may whoever listens read it?
    pub(super) fn beware(&mut self, site: u32, id: ConnId, envelope: &Envelope) {
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let (made, attack) = (conn.made, conn.attack);
        let End::Client(client) = &mut conn.ends[0] else { return };
        let stolen = conn.sites[1] == self.size.thief();
        if client.shake == Shake::Done && attack != Some(Attack::Impostor) && !stolen {
            return;
        }
        self.metrics.overheard += u64::from(attack.is_some() || stolen);
        if stolen && let Some(hop) = client.hop.clone() {
            self.beware_of_thief(site, made, &hop);
        }
        let Some(conn) = self.conns.get_mut(&id) else { return };
        let End::Client(client) = &mut conn.ends[0] else { return };
        let Some(domain) = client.hop.as_ref().and_then(|hop| hop.names.last().cloned()) else {
            return;
        };
        if envelope.parameters.requires_tls() {
            self.fail(format!("site {site} lets others read what requires TLS, for {domain}"));
        }
        let number = self.size.domain(domain.to_string().trim_end_matches('.'));
        let promised = |it: u32| {
            names::is_signed(self.size, it) && names::offers_tls(self.size.site_of_domain(it))
        };
        if number.is_some_and(promised) {
            self.fail(format!("site {site} does not look at the keys of {domain}"));
        }
        // A policy that was fetched while the connection was being searched for came too late.
        let promise = self.promises.get(&(site, domain.clone()));
        if promise.is_some_and(|it| it.0 + 10 * MINUTE < made && it.1 > unix(made)) {
            self.fail(format!("site {site} does not keep to the policy of {domain}"));
        }
    }

    /// Mail goes to one whom it is not for: so it may, if a resolver was lied to and could not know.
    fn beware_of_thief(&mut self, site: u32, made: Micros, hop: &Hop) {
        let Some(domain) = hop.names.last() else { return };
        let number = self.size.domain(domain.to_string().trim_end_matches('.'));
        if number.is_some_and(|it| names::is_signed(self.size, it)) {
            self.fail(format!("site {site} lets a thief have mail for {domain}, which is signed"));
        }
        if !hop.names.iter().any(|name| self.was_lied_to(site, name, made)) {
            self.fail(format!(
                "site {site} lets a thief have mail for {domain}, though nobody lied"
            ));
        }
    }

    /// A site wants to know a domain's MTA-STS policy. Nobody can forge it; but who takes away the
    /// offer of TLS hides it too.
    pub(super) fn fetch_policy(&mut self, site: u32, link: LinkId, domain: &Name) {
        let number = self.size.domain(domain.to_string().trim_end_matches('.'));
        let number = number.filter(|it| names::has_policy(self.size, *it));
        let host = number.map(|number| &self.sites[self.size.site_of_domain(number) as usize]);
        let own = &self.sites[site as usize];
        let life = own.life;
        let there = host.is_some_and(|it| {
            let hidden = it.attack == Some(Attack::Strip);
            it.running.is_some() && !it.is_cut() && !own.is_cut() && !hidden
        });
        let policy = number.filter(|_| there).map(|it| names::policy(self.size, it));
        let wait = if there { 250 * MILLI } else { 60 * SECOND };
        self.agenda.add(self.now + wait, Event::Fetched { site, life, link, policy });
    }

    pub(super) fn fetched_policy(
        &mut self,
        site: u32,
        life: u32,
        link: LinkId,
        policy: Option<&str>,
    ) {
        if self.sites[site as usize].life == life {
            self.with_queue(site, |queue, now| queue.fetched(now.0, now.1, link, policy));
        }
    }

    /// A site has a policy on its disk: it must keep to it from now on, whatever happens to it.
    pub(super) fn note_policy(&mut self, site: u32, held: &Held) {
        self.promises.insert((site, held.domain.clone()), (self.now, held.until));
    }
}

/// Takes away the offer of STARTTLS, as long as it is, as some do who call it protection.
fn stripped(mut octets: BytesMut) -> BytesMut {
    const OFFER: &[u8] = b"STARTTLS";
    if let Some(at) = memchr::memmem::find(&octets, OFFER) {
        octets[at..at + OFFER.len()].fill(b'X');
    }
    octets
}

//! Questions to the servers of a zone, and what to do with what they say.
use alloc::sync::Arc;
use core::net::SocketAddr;

use proto_core::{Instant, Transport};

use crate::cache::Answer;
use crate::exchange::Ask;
use crate::message::Message;
use crate::name::Name;
use crate::number::{ExtendedError, Rcode, RecordType};
use crate::recursive::job::{JobId, Shown, Work};
use crate::recursive::said::{Asked, Said};
use crate::recursive::verdict::{Verdict, judge};
use crate::recursive::{Limits, Resolver};

impl Resolver {
    /// Sends a question to a server: as much of it as that needs.
    pub(super) fn send(&mut self, now: Instant, id: JobId, to: SocketAddr) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let rtype = job.asked.1;
        let Work::Walk(walk) = &mut job.work else { return };
        let Some(cut) = &mut walk.cut else { return };
        let mut tries = 0;
        for place in cut.addresses.iter_mut().filter(|place| place.address == to) {
            tries = place.tries;
            place.tries += 1;
        }
        let forward = cut.kind.is_forward();
        let minimise = self.config.minimise && !forward && !walk.shown.whole;
        let (name, rtype) =
            match piece(walk.name.clone(), &cut.zone, walk.shown, &self.config.limits) {
                Some(name) if minimise => (name, RecordType::A),
                _ => (walk.name.clone(), rtype),
            };
        let patience = self.speeds.patience(now, to.ip(), &self.config);
        let edns = self.speeds.knows_edns(now, to.ip());
        let ask = Ask {
            to,
            via: if cut.tcp { Transport::Tcp } else { Transport::Udp },
            name,
            rtype,
            recursion: forward,
            payload: edns.then_some(self.config.payload),
            dnssec: self.trusted.is_any(),
            authentic: false,
            mixed: self.config.mixed_case,
            wait: patience.saturating_mul(2_u32.saturating_pow(tries)),
            garbled: false,
        };
        self.dispatch(now, id, ask);
    }

    /// Sends the same question to the same server in another way.
    pub(super) fn resend(
        &mut self,
        now: Instant,
        id: JobId,
        ask: Ask,
        via: Transport,
        payload: Option<u16>,
    ) {
        let wait = self.config.timeout.saturating_mul(2);
        let payload = if via == Transport::Udp { payload } else { ask.payload };
        self.dispatch(now, id, Ask { via, payload, wait, garbled: false, ..ask });
    }

    fn dispatch(&mut self, now: Instant, id: JobId, ask: Ask) {
        let Some(job) = self.jobs.get_mut(&id) else { return };
        let account = self.accounts.get_mut(&job.account).filter(|account| account.queries > 0);
        let Work::Walk(walk) = &mut job.work else { return };
        let Some(account) = account.filter(|_| walk.sends < self.config.limits.sends) else {
            let failure = Answer::failure(ExtendedError::NO_REACHABLE_AUTHORITY);
            return self.finish(now, id, &Arc::new(failure));
        };
        account.queries -= 1;
        walk.sends += 1;
        walk.asking = true;
        if let Some(cut) = &walk.cut {
            walk.tried.insert((cut.zone.clone(), ask.to));
        }
        self.statistics.sent(ask.to.ip(), &self.config.limits);
        self.exchanges.send(now, id, ask);
    }

    /// Notes that a server was silent, or cannot be reached at all.
    pub(super) fn unheard(&mut self, now: Instant, id: JobId, ask: &Ask) {
        self.speeds.unheard(now, ask.to.ip());
        let Some(walk) = self.walk(id) else { return };
        walk.asking = false;
        // It can be reached, but what it says is not to be read.
        let garbled = if ask.garbled { Some(ExtendedError::OTHER) } else { None };
        walk.reason = garbled.or(Some(ExtendedError::NO_REACHABLE_AUTHORITY));
        self.ready.push_back(id);
    }

    /// Takes the answer of a server.
    pub(super) fn heard(&mut self, now: Instant, id: JobId, ask: &Ask, message: &Message<'_>) {
        let Some(walk) = self.walk(id) else { return };
        walk.asking = false;
        let Some(cut) = &walk.cut else { return };
        let (zone, kind) = (cut.zone.clone(), cut.kind);
        let confused = matches!(message.rcode(), Rcode::FORMERR | Rcode::NOTIMP);
        if message.header().truncated && ask.via == Transport::Udp {
            return self.resend(now, id, ask.clone(), Transport::Tcp, None);
        }
        if confused && ask.payload.is_some() && message.edns().is_none() {
            // RFC 6891 §7: it does not know EDNS.
            self.speeds.is_plain(now, ask.to.ip());
            let ask = Ask { payload: None, dnssec: false, ..ask.clone() };
            return self.resend(now, id, ask, Transport::Udp, None);
        }
        let asked = Asked { name: &ask.name, rtype: ask.rtype, zone: zone.view() };
        let said = Said::read(now, message, &asked, &self.config);
        // By TCP there is no excuse.
        let verdict = match message.header().truncated {
            true => Verdict::Useless,
            false => judge(&said, zone.view(), ask.rtype, kind.is_forward()),
        };
        let whole = self.is_whole(id, ask);
        match verdict {
            Verdict::Referral => self.descend(now, id, said),
            _ if !whole && !self.is_proof(&said) => self.show_more(id, ask, &said, verdict),
            Verdict::Answer => self.take(now, id, ask, said, false),
            Verdict::Alias => self.take(now, id, ask, said, true),
            Verdict::Doubtful => self.doubt(now, id, ask, said),
            Verdict::Lame | Verdict::Useless => {
                self.give_up_on(id, ask.to, ExtendedError::NO_REACHABLE_AUTHORITY);
            }
        }
    }

    /// Whether the whole question was sent.
    fn is_whole(&mut self, id: JobId, ask: &Ask) -> bool {
        let rtype = self.jobs.get(&id).map(|job| job.asked.1);
        self.walk(id).is_some_and(|walk| walk.name == ask.name) && rtype == Some(ask.rtype)
    }

    /// Whether this says of all names below that they do not exist, and proves it.
    fn is_proof(&self, said: &Said) -> bool {
        self.trusted.is_any()
            && said.rcode == Rcode::NXDOMAIN
            && said.answers.is_empty()
            && said.authorities.iter().any(|set| {
                matches!(set.rtype, RecordType::NSEC | RecordType::NSEC3)
                    && !set.signatures.is_empty()
            })
    }

    /// Shows the servers more of the name (RFC 9156 §2.3); all of it, if they do not like that.
    fn show_more(&mut self, id: JobId, ask: &Ask, said: &Said, verdict: Verdict) {
        let Some(walk) = self.walk(id) else { return };
        let good =
            said.rcode == Rcode::NOERROR && !matches!(verdict, Verdict::Lame | Verdict::Useless);
        if let Some(cut) = walk.cut.as_mut().filter(|_| good) {
            walk.shown.labels = ask.name.labels().count().saturating_sub(cut.zone.labels().count());
            walk.shown.steps += 1;
        } else {
            walk.shown.whole = true;
        }
        // The server has done nothing wrong.
        if let Some(cut) = &mut walk.cut {
            for place in cut.addresses.iter_mut().filter(|place| place.address == ask.to) {
                place.tries = place.tries.saturating_sub(1);
            }
        }
        self.ready.push_back(id);
    }

    pub(super) fn give_up_on(&mut self, id: JobId, server: SocketAddr, reason: ExtendedError) {
        let Some(walk) = self.walk(id) else { return };
        walk.reason = Some(reason);
        if let Some(cut) = &mut walk.cut {
            cut.drop_address(server);
        }
        self.ready.push_back(id);
    }
}

/// Returns as much of a name as a server of a zone is to be shown; `None` if that is all of it.
fn piece(name: Name, zone: &Name, shown: Shown, limits: &Limits) -> Option<Name> {
    let all = name.labels().count();
    let hidden = all.saturating_sub(zone.labels().count()).saturating_sub(shown.labels);
    // What is left is shown in equal parts by those that are left.
    let more = match limits.pieces.saturating_sub(shown.steps) {
        0 | 1 => hidden,
        _ if shown.steps < limits.single_pieces => 1,
        left => hidden.div_ceil(left),
    };
    let left = hidden.checked_sub(more).filter(|&left| left > 0)?;
    Name::from_labels(name.labels().skip(left)).ok()
}

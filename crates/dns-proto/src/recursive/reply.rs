//! What clients are told.
use alloc::sync::Arc;

use bytes::BytesMut;
use proto_core::Instant;

use crate::authority::{IDENTITY, keepalive, udp_limit};
use crate::cache::{Answer, RrSet, Security};
use crate::edns::{Edns, EdnsOption, OptionsBuf};
use crate::error::Error;
use crate::header::Header;
use crate::message::{Question, Section};
use crate::number::{Class, ExtendedError, Rcode, RecordType};
use crate::recursive::job::Client;
use crate::recursive::{Event, Resolver, is_transfer};
use crate::writer::Writer;

impl Resolver {
    /// Tells a client the answer; with TTLs of `stale` seconds if its time is over.
    pub(super) fn reply(
        &mut self,
        now: Instant,
        client: &Client,
        answer: &Answer,
        stale: Option<u32>,
    ) {
        let mut out = BytesMut::new();
        self.write(now, client, answer, stale, &mut out);
        self.events.push_back(Event::Reply { client: client.id, message: out.freeze() });
    }

    /// Writes a client's reply.
    pub(super) fn write(
        &self,
        now: Instant,
        client: &Client,
        answer: &Answer,
        stale: Option<u32>,
        out: &mut BytesMut,
    ) {
        let bogus = answer.security == Security::Bogus && !client.header.checking_disabled;
        let bogus = bogus || self.is_denied(client, answer);
        let failure;
        let answer = if bogus {
            failure = Answer::failure(answer.reason.unwrap_or(ExtendedError::BOGUS));
            &failure
        } else {
            answer
        };
        let reason = match (stale, answer.rcode) {
            (Some(_), Rcode::NXDOMAIN) => Some(ExtendedError::STALE_NXDOMAIN),
            (Some(_), _) => Some(ExtendedError::STALE_ANSWER),
            (None, _) => answer.reason,
        };
        let mut options = OptionsBuf::default();
        let identity = &self.config.identity;
        if client.nsid && !identity.is_empty() {
            let identity = identity.get(..IDENTITY).unwrap_or(identity);
            let _ = options.push(&EdnsOption::Nsid(identity));
        }
        if let Some(option) = keepalive(self.config.keepalive, client.via) {
            let _ = options.push(&option);
        }
        if let Some(code) = reason {
            let _ = options.push(&EdnsOption::ExtendedError(code, b""));
        }
        let mut own = Edns::new(self.config.payload);
        own.dnssec_ok = client.dnssec_ok;
        own.options = options.view();
        let limit = udp_limit(client.payload, own.payload, client.via);
        let wants = client.dnssec_ok || client.header.authentic_data;
        let asked = client.question.as_ref().map(|(_, rtype, _)| *rtype);
        let header = Header {
            rcode: answer.rcode,
            // There is none for transfers, nor for what asks nothing.
            recursion_available: asked.is_some_and(|it| !is_transfer(it)),
            authentic_data: wants && answer.security == Security::Secure,
            ..client.header.answer()
        };
        let mut writer = Writer::new(out, header, limit);
        let reserved = client.payload.map_or(0, |_| own.wire_len());
        writer.reserve(reserved);
        if let Some((name, rtype, class)) = &client.question {
            let question = Question { name: name.view(), rtype: *rtype, class: *class };
            writer.question(question).expect("a question is shorter than any limit");
        }
        // What does not fit has set TC; the client comes back by TCP.
        let _ = self.sections(now, &mut writer, client, answer, stale);
        writer.release(reserved);
        if client.payload.is_some() {
            writer.edns(&own).expect("room for the OPT record was reserved");
        }
        writer.finish();
    }

    fn sections(
        &self,
        now: Instant,
        writer: &mut Writer<'_>,
        client: &Client,
        answer: &Answer,
        stale: Option<u32>,
    ) -> Result<(), Error> {
        let asked = client.question.as_ref().map_or(RecordType::ANY, |(_, rtype, _)| *rtype);
        // What proves that a wildcard was meant is a part of the answer.
        let proven = answer
            .authorities
            .iter()
            .any(|set| matches!(set.rtype, RecordType::NSEC | RecordType::NSEC3));
        // Whoever wants everything gets it.
        let whole = proven || asked == RecordType::ANY;
        // RFC 2308 §2.2: what an alias leads to may be nothing, and that is kept for so long too.
        let found = |set: &Arc<RrSet>| set.rtype == asked;
        let minimal = self.config.minimal && answer.answers.iter().any(found) && !whole;
        let sections = [
            (Section::Answer, &answer.answers),
            (Section::Authority, &answer.authorities),
            (Section::Additional, &answer.additionals),
        ];
        for (section, sets) in sections {
            if writer.section(section).is_err() {
                return Ok(());
            }
            for set in sets {
                let wanted = client.dnssec_ok || asked == RecordType::ANY || asked == set.rtype;
                let spare = minimal && section != Section::Answer;
                // RFC 2308 §2: it says how long there will be nothing, behind aliases too.
                let own = set.rtype == RecordType::SOA;
                if !spare && (wanted || !is_dnssec(set.rtype)) || own {
                    let newer = self.newer(now, section, set, stale.is_some());
                    let ttl = match (&newer, stale) {
                        (Some(newer), _) => newer.left(now),
                        (None, Some(most)) => most.min(set.ttl),
                        (None, None) => set.left(now),
                    };
                    write_set(writer, newer.as_ref().unwrap_or(set), ttl, client.dnssec_ok)?;
                }
            }
        }
        Ok(())
    }
}

impl Resolver {
    /// Returns what a part of an answer has become since: of what is stale, if it is the same but
    /// for its time; of what stands beside, whatever it is. A zone has one SOA record (RFC 2181
    /// §5.4.1: the later replaces it): two absences do not show two serial numbers.
    fn newer(
        &self,
        now: Instant,
        section: Section,
        set: &RrSet,
        stale: bool,
    ) -> Option<Arc<RrSet>> {
        let soa = section == Section::Authority && set.rtype == RecordType::SOA;
        if !stale && !soa && section != Section::Additional {
            return None;
        }
        let newer = self.cache.get(now, set.owner.view(), set.rtype, set.rank)?;
        let alike = newer.security == set.security
            && newer.signatures.is_empty()
            && set.signatures.is_empty();
        let good = if stale { newer.same(set) } else { alike };
        (good && newer.left(now) > 0).then_some(newer)
    }
}

/// Writes an RRset: all of it, or nothing (RFC 2181 §9).
fn write_set(writer: &mut Writer<'_>, set: &RrSet, ttl: u32, signed: bool) -> Result<(), Error> {
    let mark = writer.mark();
    let signatures = if signed { &set.signatures[..] } else { &[] };
    for data in set.data.iter().chain(signatures) {
        if let Err(error) =
            writer.checked(set.owner.view(), Class::IN, ttl, (data.rtype(), data.octets()))
        {
            let truncated = writer.header().truncated;
            writer.rollback(mark);
            writer.header().truncated = truncated;
            return Err(error);
        }
    }
    Ok(())
}

/// Whether records of a type are of use only to who checks signatures (RFC 4035 §3.2.1).
fn is_dnssec(rtype: RecordType) -> bool {
    matches!(rtype, RecordType::RRSIG | RecordType::NSEC | RecordType::NSEC3 | RecordType::DS)
}

//! RFC 8509: which keys of the root a resolver trusts, told by its answers.
use bytes::BytesMut;
use dns_proto::dnssec::{Config, Trust};
use dns_proto::recursive::{self, ClientId, Event, Resolver};
use dns_proto::{Authority, Message, MessageBuf, Query, Rcode, RecordType};
use proto_core::{Agent, Instant, Transmit, Transport};

use crate::world::{NOW, key, name, signer, zone};

const ROOT: &str = ". SOA ns . 1 2 3 4 5\n. NS ns\nns A 192.0.2.1\n";

/// Carries messages between the resolver and the server of the root.
fn resolve(resolver: &mut Resolver, root: &Authority, query: &[u8]) -> MessageBuf {
    let (now, query) = (Instant::ORIGIN, Message::parse(query).unwrap());
    resolver.resolve(now, ClientId(1), &query, Transport::Tcp).unwrap();
    while let Some(transmit) = resolver.transmit() {
        let Transmit::Send { flow, message, .. } = transmit else { continue };
        let mut out = BytesMut::new();
        let _ = root.respond(&message, Transport::Tcp, &mut out);
        resolver.receive(now, flow, &out);
    }
    let Some(Event::Reply { message, .. }) = resolver.poll() else { panic!("no reply") };
    MessageBuf::parse(message).unwrap()
}

#[test]
fn answers_tell_whether_a_key_of_the_root_is_trusted() {
    let trusted = key(dns_proto::DnssecAlgorithm::ED25519, true, 1);
    let tag = trusted.public().tag();
    let mut root = Authority::default();
    root.insert(signer().sign(&zone(ROOT), None, NOW).unwrap());
    let mut resolver =
        Resolver::new(recursive::Config::new([(name("ns"), [192, 0, 2, 1].into())]), [7; 32]);
    let mut trust = Trust::new(Config::default());
    trust.add_key(name("."), trusted.public());
    resolver.validate(trust, Instant::ORIGIN, NOW);

    let (is, is_not) = (format!("is-ta-{tag:05}"), format!("not-ta-{tag:05}"));
    let (other, not_other) = ("is-ta-00001", "not-ta-00001");
    for (label, rtype, unchecked, rcode) in [
        (&*is, RecordType::A, false, Rcode::NXDOMAIN),
        (&is_not, RecordType::AAAA, false, Rcode::SERVFAIL),
        (other, RecordType::A, false, Rcode::SERVFAIL),
        (not_other, RecordType::AAAA, false, Rcode::NXDOMAIN),
        // Nothing is altered of what was not asked for so (RFC 8509 §2.1).
        (other, RecordType::MX, false, Rcode::NXDOMAIN),
        (other, RecordType::A, true, Rcode::NXDOMAIN),
    ] {
        let asked = name(&format!("root-key-sentinel-{label}"));
        let mut query = Query::new(&asked, rtype).recursion(true).write().to_vec();
        // CD, in the header's second octet of flags (RFC 2535 §6.1).
        query[3] |= if unchecked { 0x10 } else { 0 };
        let reply = resolve(&mut resolver, &root, &query);
        assert_eq!(reply.view().rcode(), rcode, "{label} {rtype} {unchecked}");
        assert_eq!(reply.view().answers().count(), 0);
    }
}

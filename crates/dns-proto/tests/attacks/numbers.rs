//! The numbers of a configuration that are no limits: each at its value and one beside it.
use core::time::Duration;

use bytes::BytesMut;
use dns_proto::recursive::{ClientId, Config, Event, Limits, Stale};
use dns_proto::{
    Class, Edns, EdnsOption, ExtendedError, Header, Message, MessageBuf, OptionCode, OptionsBuf,
    Question, Rcode, RecordType, Section, Writer,
};
use proto_core::{Agent, Instant, Transport};

use crate::common::net::silent;
use crate::common::{name, record};
use crate::rig::{EVIL, Rig, config};

const MILLISECOND: Duration = Duration::from_millis(1);

fn configured(change: impl FnOnce(&mut Config)) -> Rig {
    let mut config = config(Limits::default());
    change(&mut config);
    Rig::with(config)
}

#[test]
fn a_server_that_is_not_known_is_waited_for_so_long() {
    for millis in [800, 801] {
        let mut rig = configured(|config| {
            config.timeout = Duration::from_millis(millis);
            config.limits.attempts = 1;
        });
        rig.net.serve(EVIL, silent());
        assert_eq!(rig.rcode("www.evil.com"), Rcode::SERVFAIL);
        assert_eq!(rig.net.now - Instant::ORIGIN, Duration::from_millis(millis));
    }
}

#[test]
fn a_server_that_was_fast_is_waited_for_at_least_so_long() {
    for millis in [150, 151] {
        let mut rig = configured(|config| {
            config.least_timeout = Duration::from_millis(millis);
            config.limits.attempts = 1;
            config.limits.climbs = 0;
        })
        .evil(|asked| vec![(Section::Answer, record(&format!("{asked} A 127.0.0.5")))]);
        assert_eq!(rig.rcode("www.evil.com"), Rcode::NOERROR);
        rig.net.serve(EVIL, silent());
        let before = rig.net.now;
        assert_eq!(rig.rcode("mail.evil.com"), Rcode::SERVFAIL);
        assert_eq!(rig.net.now - before, Duration::from_millis(millis));
    }
}

#[test]
fn servers_are_offered_the_payload() {
    for payload in [1232, 1233] {
        let seen = std::rc::Rc::new(core::cell::Cell::new(0));
        let own = seen.clone();
        let mut rig = configured(|config| config.payload = payload).liar(move |query| {
            own.set(query.edns().unwrap().payload);
            Vec::new()
        });
        rig.rcode("www.evil.com");
        assert_eq!(seen.get(), payload);
    }
}

/// Asks by UDP, with room for 4,096 octets, and for who answers.
fn reply_of(rig: &mut Rig, asked: &str) -> MessageBuf {
    reply_to(rig, asked, &EdnsOption::Nsid(b""), Transport::Udp)
}

fn reply_to(rig: &mut Rig, asked: &str, option: &EdnsOption<'_>, via: Transport) -> MessageBuf {
    let (mut out, asked) = (BytesMut::new(), name(asked));
    let header = Header { id: 77, recursion_desired: true, ..Header::default() };
    let mut writer = Writer::new(&mut out, header, 512);
    let question = Question { name: asked.view(), rtype: RecordType::A, class: Class::IN };
    writer.question(question).unwrap();
    let mut options = OptionsBuf::default();
    assert!(options.push(option));
    writer.edns(&Edns { options: options.view(), ..Edns::new(4096) }).unwrap();
    writer.finish();
    let query = Message::parse(&out).unwrap();
    rig.resolver.resolve(rig.net.now, ClientId(1), &query, via).unwrap();
    let events = rig.net.run(&mut rig.resolver);
    let [Event::Reply { message, .. }] = &events[..] else { panic!("{events:?}") };
    MessageBuf::parse(message.clone()).unwrap()
}

#[test]
fn who_asks_is_told_who_answers_in_so_many_octets() {
    for (length, told) in [(0, None), (1, Some(1)), (255, Some(255)), (256, Some(255))] {
        let mut rig = configured(|config| config.identity = vec![b'x'; length]);
        // By the cache, by a zone of its own, and with an error.
        for asked in ["www.victim.com", "www.victim.com", "localhost", "www.evil.com"] {
            let reply = reply_of(&mut rig, asked);
            let option = reply.view().edns().unwrap().options.get(OptionCode::NSID);
            let octets = option.map(|it| match it {
                EdnsOption::Nsid(octets) => octets.len(),
                other => panic!("{other:?}"),
            });
            assert_eq!(octets, told, "{asked}");
        }
    }
}

#[test]
fn connections_are_told_how_long_they_are_kept() {
    for (millis, tenths) in
        [(0, 0), (99, 0), (100, 1), (6_553_500, u16::MAX), (6_553_600, u16::MAX)]
    {
        let idle = Some(Duration::from_millis(millis));
        let mut rig = configured(|config| config.keepalive = idle);
        let (none, some) = (EdnsOption::Keepalive(None), EdnsOption::Keepalive(Some(1)));
        for asked in ["www.victim.com", "www.victim.com", "localhost"] {
            for (via, said) in [
                (Transport::Udp, None),
                (Transport::Tcp, Some(EdnsOption::Keepalive(Some(tenths)))),
                (Transport::Tls, Some(EdnsOption::Keepalive(Some(tenths)))),
            ] {
                // RFC 7828 §3.3.2: whether the query has the option or another.
                for option in [&none, &EdnsOption::Nsid(b"")] {
                    let reply = reply_to(&mut rig, asked, option, via);
                    let edns = reply.view().edns().unwrap();
                    assert_eq!(edns.options.get(OptionCode::KEEPALIVE), said, "{asked} {via:?}");
                }
                // §3.2.1 and §3.3.1: a time is the server's to say, and by UDP nothing is said.
                let rcode = reply_to(&mut rig, asked, &some, via).view().rcode();
                assert_eq!(rcode == Rcode::FORMERR, via != Transport::Udp, "{asked} {via:?}");
            }
        }
    }
}

#[test]
fn clients_are_sent_no_more_than_the_payload() {
    let with = |payload| {
        let mut rig = configured(|config| config.payload = payload).evil(|asked| {
            let address = |last| (Section::Answer, record(&format!("{asked} A 127.0.0.{last}")));
            (0..100).map(address).collect()
        });
        let reply = reply_of(&mut rig, "www.evil.com");
        let whole = !reply.view().header().truncated;
        whole.then_some(reply.view().octets().len())
    };
    let whole = with(4096).unwrap();
    let exactly = u16::try_from(whole).unwrap();
    assert_eq!(with(exactly), Some(whole));
    assert_eq!(with(exactly - 1), None);
}

/// A resolver that knows an answer for 300 seconds, and whose server is silent from then on.
fn stale(stale: Stale) -> Rig {
    let mut rig = configured(|config| config.stale = Some(stale))
        .evil(|asked| vec![(Section::Answer, record(&format!("{asked} A 127.0.0.5")))]);
    assert_eq!(rig.rcode("www.evil.com"), Rcode::NOERROR);
    rig.net.serve(EVIL, silent());
    rig
}

#[test]
fn stale_answers_are_given_so_old_and_no_older() {
    for (most, seconds, rcode) in
        [(100, 400, Rcode::NOERROR), (100, 401, Rcode::SERVFAIL), (101, 401, Rcode::NOERROR)]
    {
        let mut rig = stale(Stale { most, patience: Duration::ZERO, ..Stale::default() });
        rig.wait(seconds);
        assert_eq!(rig.rcode("www.evil.com"), rcode, "{most} {seconds}");
    }
}

#[test]
fn stale_answers_have_the_ttl_that_is_configured() {
    for ttl in [30, 31] {
        let mut rig = stale(Stale { ttl, ..Stale::default() });
        rig.wait(301);
        let reply = rig.ask("www.evil.com", RecordType::A);
        assert_eq!(reply.view().answers().next().unwrap().ttl(), ttl);
    }
}

#[test]
fn clients_are_given_stale_answers_when_they_have_waited_so_long() {
    let mut rig = stale(Stale { patience: MILLISECOND * 300, ..Stale::default() });
    rig.wait(301);
    let octets = crate::common::net::query(&name("www.evil.com"), RecordType::A);
    let query = Message::parse(&octets).unwrap();
    rig.resolver.resolve(rig.net.now, ClientId(1), &query, Transport::Udp).unwrap();
    while rig.resolver.transmit().is_some() {}
    rig.resolver.expire(rig.net.now + MILLISECOND * 299);
    assert_eq!(rig.resolver.poll(), None);
    rig.resolver.expire(rig.net.now + MILLISECOND * 300);
    let Some(Event::Reply { message, .. }) = rig.resolver.poll() else { panic!("no reply") };
    let message = MessageBuf::parse(message).unwrap();
    assert_eq!(message.view().answers().count(), 1);
    // This one has no EDNS, in which it would say so.
    let said = |it: EdnsOption<'_>| {
        matches!(it, EdnsOption::ExtendedError(ExtendedError::STALE_ANSWER, _))
    };
    let edns = message.view().edns();
    assert!(edns.is_none_or(|it| it.options.get(OptionCode::EXTENDED_ERROR).is_some_and(said)));
}

#[test]
fn private_networks_are_as_long_as_their_prefix() {
    // A name with an address in the network, and one in the next.
    for (length, inside, outside) in [
        (8, "10.255.255.255", "11.0.0.0"),
        (31, "10.0.0.1", "10.0.0.2"),
        (32, "10.0.0.0", "10.0.0.1"),
    ] {
        for (address, count) in [(inside, 0), (outside, 1)] {
            let mut rig =
                configured(|config| config.private = vec![([10, 0, 0, 0].into(), length)]).evil(
                    move |asked| vec![(Section::Answer, record(&format!("{asked} A {address}")))],
                );
            let reply = rig.ask("www.evil.com", RecordType::A);
            assert_eq!(reply.view().answers().count(), count, "{address}/{length}");
        }
    }
}

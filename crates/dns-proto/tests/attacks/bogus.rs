//! What is bogus is asked for again so often, and remembered for so long; at each limit and one
//! beyond.
use dns_proto::dnssec::{self, Period, Signer, sign_set};
use dns_proto::recursive::Limits;
use dns_proto::{Message, Rcode, Record, RecordType, Section};

use crate::common::name;
use crate::common::net::{Server, answer, answering};
use crate::keys::{NOW, SIGNED, authority, digests_of, key, signed_with, spoilt, zone};
use crate::rig::{EVIL, Rig};

/// The address of a name below evil.com, after so many signatures that are wrong.
fn addressed(asked: &Message<'_>, wrong: u8, good: bool) -> Vec<(Section, Record)> {
    let owner = asked.question().unwrap().name.to_name();
    let address = Record::address(owner, 3600, [127, 0, 0, 5].into());
    let period = Period::starting(NOW, 86_400);
    let set = core::slice::from_ref(&address);
    let signature = sign_set(set, &name("evil.com"), &key(2), period).unwrap();
    let wrong = (0..wrong).map(|it| spoilt(&signature, it));
    let all = [address.clone()].into_iter().chain(wrong).chain(good.then(|| signature.clone()));
    all.map(|it| (Section::Answer, it)).collect()
}

/// Serves the signed zone, but for addresses of `www`.
fn serving(wrong: u8, good: bool) -> Server {
    let whole = Signer::new(vec![key(2)]).sign(&zone(SIGNED), None, NOW).unwrap();
    let whole = answering(authority(whole));
    Box::new(move |query, via| {
        let question = query.question().unwrap();
        match question.name.to_name() == name("www.evil.com") && question.rtype == RecordType::A {
            true => vec![answer(query, &addressed(query, wrong, good))],
            false => whole(query, via),
        }
    })
}

fn rig(limits: Limits) -> Rig {
    signed_with(limits, dnssec::Limits::default(), &digests_of("evil.com", &key(2)))
}

/// The first so many signatures are kept, and what comes behind them is not looked for (KeyTrap).
#[test]
fn so_many_signatures_of_a_set_are_kept() {
    for (wrong, rcode) in [(2, Rcode::NOERROR), (3, Rcode::SERVFAIL)] {
        let mut rig = rig(Limits { signatures: 3, bogus_turns: 0, ..Limits::default() });
        rig.net.serve(EVIL, serving(wrong, true));
        assert_eq!(rig.rcode("www.evil.com"), rcode, "{wrong}");
    }
}

#[test]
fn a_bogus_answer_is_remembered_for_so_long() {
    for (bogus_ttl, seconds, again) in
        [(60, 59, false), (60, 60, true), (90, 89, false), (90, 90, true)]
    {
        let mut rig = rig(Limits { bogus_ttl, bogus_turns: 0, ..Limits::default() });
        rig.net.serve(EVIL, serving(1, false));
        assert_eq!(rig.rcode("www.evil.com"), Rcode::SERVFAIL);
        rig.wait(seconds);
        let (rcode, messages) = rig.cost("www.evil.com");
        assert_eq!((rcode, messages > 0), (Rcode::SERVFAIL, again), "{bogus_ttl} {seconds}");
    }
}

/// Each turn is for the servers that have not spoilt an answer yet; if there are more of them than
/// turns, the rest are not asked.
#[test]
fn a_bogus_answer_is_asked_for_again_so_often() {
    let hosts = |last: u8| format!("127.0.1.{last}");
    for bogus_turns in [0, 1, 2, 5] {
        let servers: String = (1..=8)
            .map(|it| format!("evil.com. NS n{it}.evil.com.\nn{it}.evil.com. A {}\n", hosts(it)))
            .collect();
        let mut rig = rig(Limits { bogus_turns, ..Limits::default() });
        let com = format!("com. SOA ns.com. host.com. 1 2h 1h 4w 1h\ncom. NS a.com.\n{servers}");
        let com = format!("{com}a.com. A 127.0.0.2\n");
        let signer = Signer::new(vec![key(1)]);
        let digest: String =
            digests_of("evil.com", &key(2)).iter().map(|it| format!("{it}\n")).collect();
        let com = signer.sign(&zone(&format!("{com}{digest}")), None, NOW).unwrap();
        rig.net.serve("127.0.0.2", answering(authority(com)));
        (1..=8).for_each(|it| rig.net.serve(&hosts(it), serving(1, false)));
        assert_eq!(rig.rcode("www.evil.com"), Rcode::SERVFAIL);
        let own =
            |line: &&String| line.starts_with("127.0.1.") && line.ends_with("www.evil.com. A");
        let asked = rig.net.log.iter().filter(own).count();
        assert_eq!(asked, usize::try_from(bogus_turns).unwrap() + 1, "{:?}", rig.net.log);
    }
}

//! The recursive resolver that validates, in virtual time.
use std::net::IpAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dns_proto::dnssec::{Config as Checking, DigestType, Ds, KeyState, Rollover, Signer, Trust};
use dns_proto::recursive::{ClientId, Config, Event, Resolver, Role, Stale, Upstream};
use dns_proto::{
    Class, DnssecAlgorithm, Edns, EdnsOption, ExtendedError, Header, Message, MessageBuf, Name,
    Question, Rcode, RecordType, Records, Writer,
};
use proto_core::{Agent, Instant, Transmit, Transport};

use crate::world::{HAMBURGER, NOW, ROOT, World, key, lecture_hall, name, signer, zone};

/// The world's zones, each at the address that its parent gives for it, and a resolver.
pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) resolver: Resolver,
    pub(crate) now: Instant,
    /// What was asked of whom.
    pub(crate) log: Vec<String>,
    /// Whether clients want recursion.
    recursive: bool,
    /// What becomes of an answer on the way.
    pub(crate) spoil: fn(&mut Vec<u8>),
}

/// Where the zones of the lecture hall are.
const PLACES: [(&str, &str); 5] = [
    ("192.0.2.1", "."),
    ("192.0.2.2", "edu."),
    ("192.0.2.3", "fr."),
    ("192.0.2.4", "hamburger.edu."),
    ("192.0.2.5", "plain.edu."),
];

impl Rig {
    pub(crate) fn new(world: World) -> Self {
        Self::configured(world, |_| ())
    }

    pub(crate) fn configured(world: World, configure: impl FnOnce(&mut Config)) -> Self {
        let root = Upstream::new(Name::ROOT, ["192.0.2.1:53".parse().unwrap()], Role::Authority);
        let mut config = Config { upstreams: vec![root], mixed_case: false, ..Config::new([]) };
        configure(&mut config);
        let mut resolver = Resolver::new(config, [1; 32]);
        resolver.validate(world.trust.clone(), Instant::ORIGIN, NOW);
        Self {
            world,
            resolver,
            now: Instant::ORIGIN,
            log: Vec::new(),
            recursive: true,
            spoil: |_| (),
        }
    }

    /// Carries messages to and fro, but lets no time pass.
    pub(crate) fn run(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let mut idle = true;
            while let Some(transmit) = self.resolver.transmit() {
                idle = false;
                let Transmit::Send { flow, to, message, .. } = transmit else { continue };
                match self.serve(to.ip(), &message) {
                    Some(answer) => self.resolver.receive(self.now, flow, &answer),
                    None => self.resolver.fail(self.now, flow),
                }
                // What is not taken for the answer is waited for in vain.
                self.resolver.fail(self.now, flow);
            }
            events.extend(std::iter::from_fn(|| self.resolver.poll()));
            if idle {
                return events;
            }
        }
    }

    fn serve(&mut self, server: IpAddr, query: &Bytes) -> Option<Bytes> {
        let message = Message::parse(query).unwrap();
        let question = message.question().unwrap();
        let (_, apex) =
            PLACES.into_iter().find(|(at, _)| server == at.parse::<IpAddr>().unwrap())?;
        self.log.push(format!("{apex} {} {}", question.name, question.rtype));
        let mut authorities = self.world.authorities.iter();
        let (_, authority) = authorities.find(|(own, _)| *own == name(apex))?;
        let mut out = BytesMut::new();
        let _ = authority.respond(query, Transport::Tcp, &mut out);
        let mut octets = out.to_vec();
        (self.spoil)(&mut octets);
        Some(octets.into())
    }

    /// Lets time pass, and everything happen that is due.
    pub(crate) fn wait(&mut self, seconds: u64) -> Vec<Event> {
        self.now += Duration::from_secs(seconds);
        while self.resolver.deadline().is_some_and(|at| at <= self.now) {
            self.resolver.expire(self.now);
        }
        self.run()
    }

    /// Asks with DO.
    pub(crate) fn ask(&mut self, asked: &str, rtype: RecordType) -> MessageBuf {
        self.ask_by(asked, rtype, Transport::Tcp, 4096)
    }

    fn ask_by(
        &mut self,
        asked: &str,
        rtype: RecordType,
        via: Transport,
        payload: u16,
    ) -> MessageBuf {
        let (mut out, asked) = (BytesMut::new(), name(asked));
        let header = Header { id: 77, recursion_desired: self.recursive, ..Header::default() };
        let mut writer = Writer::new(&mut out, header, 512);
        writer.question(Question { name: asked.view(), rtype, class: Class::IN }).unwrap();
        writer.edns(&Edns { dnssec_ok: true, ..Edns::new(payload) }).unwrap();
        writer.finish();
        let query = Message::parse(&out).unwrap();
        self.resolver.resolve(self.now, ClientId(1), &query, via).unwrap();
        let events = self.run();
        let [Event::Reply { message, .. }] = &events[..] else { panic!("{events:?}") };
        MessageBuf::parse(message.clone()).unwrap()
    }
}

fn rig() -> Rig {
    Rig::new(lecture_hall(&signer(), Checking::default()))
}

fn is_authentic(message: &MessageBuf) -> bool {
    message.view().header().authentic_data
}

fn types(records: Records<'_>) -> Vec<RecordType> {
    let mut types: Vec<_> = records.map(|it| it.rtype()).collect();
    types.retain(|it| *it != RecordType::OPT);
    types
}

/// Returns the extended errors of an answer.
fn errors(message: &MessageBuf) -> Vec<ExtendedError> {
    let edns = message.view().edns().unwrap();
    let options = edns.options.iter().map(|(code, data)| EdnsOption::parse(code, data).unwrap());
    let error = |option| match option {
        EdnsOption::ExtendedError(code, _) => Some(code),
        _ => None,
    };
    options.filter_map(error).collect()
}

#[test]
fn an_alias_that_a_dname_makes_comes_with_it() {
    let mut rig = rig();
    let expected = [RecordType::DNAME, RecordType::RRSIG, RecordType::CNAME];
    for asked in ["soup.old.hamburger.edu", "soup.old.hamburger.edu", "salad.old.hamburger.edu"] {
        let answer = rig.ask(asked, RecordType::CNAME);
        assert!(is_authentic(&answer));
        assert_eq!(types(answer.view().answers()), expected);
    }
    // The last from the cache.
    let asked = rig.log.iter().filter(|line| line.ends_with("CNAME")).count();
    let last = rig.log.iter().filter(|line| line.contains("salad")).count();
    assert!(asked > 0 && last == 0, "{:?}", rig.log);
}

#[test]
fn whoever_asks_for_everything_gets_what_is_signed_with_its_signatures() {
    let mut rig = rig();
    let answer = rig.ask("www.hamburger.edu", RecordType::ANY);
    assert!(is_authentic(&answer));
    assert_eq!(types(answer.view().answers()), [RecordType::A, RecordType::RRSIG]);
    // Signatures themselves are never signed.
    let answer = rig.ask("www.hamburger.edu", RecordType::RRSIG);
    assert!(!is_authentic(&answer));
    assert!(types(answer.view().answers()).iter().all(|it| *it == RecordType::RRSIG));
}

#[test]
fn proofs_answer_for_the_end_of_an_alias_too() {
    // RFC 8198: one name is asked for, and its neighbour is an alias's end.
    let mut rig = rig();
    rig.ask("nothinf.hamburger.edu", RecordType::A);
    let asked = rig.log.len();
    let answer = rig.ask("gone.hamburger.edu", RecordType::A);
    assert_eq!(answer.view().rcode(), Rcode::NXDOMAIN);
    assert!(is_authentic(&answer));
    assert_eq!(rig.log[asked..], ["hamburger.edu. gone.hamburger.edu. A"]);
}

#[test]
fn proofs_do_not_answer_for_what_is_below_a_negative_anchor() {
    let mut rig = rig();
    rig.ask("nothinf.hamburger.edu", RecordType::A);
    let asked = rig.log.len();
    rig.ask("nothing.hamburger.edu", RecordType::A);
    assert_eq!(rig.log.len(), asked);
    // RFC 7646 §2: its servers may say what they want.
    rig.resolver.trust().unwrap().add_negative_anchor(name("nothinh.hamburger.edu"));
    let answer = rig.ask("nothinh.hamburger.edu", RecordType::A);
    assert!(rig.log.len() > asked && !is_authentic(&answer), "{:?} {answer:?}", rig.log);
}

#[test]
fn an_rrset_that_does_not_fit_is_left_out_with_its_signatures() {
    // RFC 2181 §9.
    let whole = rig().ask("nothing.hamburger.edu", RecordType::A).view().octets().len();
    let full = rig();
    for payload in (512..=whole).rev().step_by(29) {
        let mut rig = Rig::new(full.world.clone());
        let (via, payload) = (Transport::Udp, u16::try_from(payload).unwrap());
        let answer = rig.ask_by("nothing.hamburger.edu", RecordType::A, via, payload);
        let types = types(answer.view().authorities());
        let signatures = types.iter().filter(|it| **it == RecordType::RRSIG).count();
        assert_eq!(types.len(), 2 * signatures, "{types:?}");
        assert_eq!(answer.view().header().truncated, types.len() < 6, "{types:?}");
    }
}

#[test]
fn a_bogus_answer_does_not_have_all_the_chain_asked_for_again() {
    let mut rig = rig();
    assert!(is_authentic(&rig.ask("www.hamburger.edu", RecordType::A)));
    let asked = rig.log.len();
    rig.world.serve(zone(HAMBURGER));
    let answer = rig.ask("mail.hamburger.edu", RecordType::A);
    assert_eq!(answer.view().rcode(), Rcode::SERVFAIL);
    // The zone's own keys may be others by now; those above have nothing to do with it.
    let again = &rig.log[asked..];
    assert!(again.iter().any(|line| line == "hamburger.edu. hamburger.edu. DNSKEY"), "{again:?}");
    let above = |line: &String| line == ". . DNSKEY" || line == "edu. edu. DNSKEY";
    assert!(!again.iter().any(above), "{again:?}");
}

#[test]
fn a_zone_that_was_bogus_a_moment_ago_is_not_looked_at_again() {
    let mut rig = rig();
    let other = Signer::new(vec![key(DnssecAlgorithm::ED25519, true, 9)]);
    rig.world.serve(other.sign(&zone(HAMBURGER), None, NOW).unwrap());
    let first = rig.ask("www.hamburger.edu", RecordType::A);
    assert_eq!(errors(&first), [ExtendedError::DNSKEY_MISSING]);
    let asked = rig.log.len();
    rig.wait(10);
    let second = rig.ask("a.b.c.hamburger.edu", RecordType::A);
    assert_eq!((second.view().rcode(), errors(&second)), (Rcode::SERVFAIL, errors(&first)));
    assert!(!rig.log[asked..].iter().any(|line| line.contains("DNSKEY")), "{:?}", rig.log);
    // Until it may have been mended.
    rig.wait(60);
    rig.ask("www.hamburger.edu", RecordType::TXT);
    assert!(rig.log[asked..].iter().any(|line| line.contains("DNSKEY")));
}

/// A rig whose resolver gives what is stale rather than nothing, and knows one answer that is.
fn stale() -> Rig {
    let world = lecture_hall(&signer(), Checking::default());
    let stale = Stale { patience: Duration::from_secs(1), ..Stale::default() };
    let mut rig = Rig::configured(world, |config| config.stale = Some(stale));
    assert!(is_authentic(&rig.ask("www.hamburger.edu", RecordType::A)));
    rig.wait(3601);
    rig
}

#[test]
fn what_is_stale_is_better_than_what_is_bogus() {
    // RFC 8767 §4.
    let mut rig = stale();
    rig.world.serve(zone(HAMBURGER));
    let answer = rig.ask("www.hamburger.edu", RecordType::A);
    assert_eq!(errors(&answer), [ExtendedError::STALE_ANSWER]);
    assert!(is_authentic(&answer));
    assert_eq!(types(answer.view().answers()), [RecordType::A, RecordType::RRSIG]);
}

#[test]
fn what_is_not_verified_does_not_take_the_place_of_what_is_stale() {
    let mut rig = stale();
    // The zone, unsigned: the alias's end, unverified, comes with it.
    rig.world.serve(zone(HAMBURGER));
    assert_eq!(rig.ask("alias.hamburger.edu", RecordType::A).view().rcode(), Rcode::SERVFAIL);
    rig.world.authorities.clear();
    rig.wait(10);
    assert!(is_authentic(&rig.ask("www.hamburger.edu", RecordType::A)));
}

#[test]
fn proofs_answer_for_who_wants_no_recursion_too() {
    let world = lecture_hall(&signer(), Checking::default());
    let mut rig = Rig::configured(world, |config| config.snoop = true);
    rig.ask("nothinf.hamburger.edu", RecordType::A);
    rig.recursive = false;
    let answer = rig.ask("nothing.hamburger.edu", RecordType::A);
    assert_eq!(answer.view().rcode(), Rcode::NXDOMAIN);
    assert!(is_authentic(&answer));
}

#[test]
fn an_answer_that_is_bogus_for_want_of_a_malformed_record_says_so() {
    let mut rig = rig();
    // The address of www.hamburger.edu has three octets.
    rig.spoil = |octets| {
        let address = b"\0\x04\xc0\0\x02\x08";
        if let Some(at) = octets.windows(6).position(|it| it == address) {
            octets.splice(at..at + 6, *b"\0\x03\xc0\0\x02");
        }
    };
    let answer = rig.ask("www.hamburger.edu", RecordType::A);
    assert_eq!(answer.view().rcode(), Rcode::SERVFAIL);
    assert_eq!(errors(&answer), [ExtendedError::OTHER]);
}

#[test]
fn servers_that_talk_nonsense_are_not_said_to_be_out_of_reach() {
    let mut rig = rig();
    rig.spoil = |octets| octets.truncate(13);
    let answer = rig.ask("www.hamburger.edu", RecordType::A);
    assert_eq!(answer.view().rcode(), Rcode::SERVFAIL);
    assert_eq!(errors(&answer), [ExtendedError::OTHER]);
    rig.world.authorities.clear();
    rig.wait(60);
    let answer = rig.ask("www.crepes.fr", RecordType::A);
    assert_eq!(errors(&answer), [ExtendedError::NO_REACHABLE_AUTHORITY]);
}

/// A rig whose resolver follows the root's keys, of which it has the digest of the first.
fn following() -> Rig {
    let mut rig = Rig::new(lecture_hall(&signer(), Checking::default()));
    let mut trust = Trust::new(Checking::default());
    let first = key(DnssecAlgorithm::ED25519, true, 1);
    let ds = Ds::of(&Name::ROOT.view(), first.public(), DigestType::Sha256);
    trust.follow(Rollover::new(Name::ROOT, vec![ds]));
    rig.resolver.validate(trust, rig.now, NOW);
    rig
}

/// Reads what is to be kept, which is all there is.
fn kept(events: &[Event]) -> Rollover {
    let [Event::Anchors { zone, state }] = events else { panic!("{events:?}") };
    assert!(zone.is_root());
    Rollover::parse("kept", state).unwrap()
}

#[test]
fn keys_that_are_followed_are_asked_for_when_they_are_due() {
    let mut rig = following();
    assert_eq!(rig.resolver.deadline(), Some(Instant::ORIGIN));
    let first = kept(&rig.wait(0));
    assert_eq!(rig.log, [". . DNSKEY"]);
    let states: Vec<_> = first.keys().map(|(_, state)| state).collect();
    assert_eq!(states, [KeyState::Valid]);
    // RFC 5011 §2.3: within the hour, of a TTL of an hour.
    let next = first.next_probe().unwrap() - NOW;
    assert!((3000..=3600).contains(&next), "{next}");
    assert_eq!(rig.resolver.deadline(), Some(Instant::ORIGIN + Duration::from_secs(next)));
    // Not before, and not of the cache.
    assert_eq!(rig.wait(next - 1), []);
    let second = kept(&rig.wait(1));
    assert_eq!((rig.log.len(), second.next_probe()), (2, Some(NOW + 2 * next)));
    assert!(rig.ask("www.hamburger.edu", RecordType::A).view().header().authentic_data);
}

#[test]
fn what_was_kept_is_begun_with_again() {
    let mut rig = following();
    let state = kept(&rig.wait(0));
    let mut again = following();
    let mut trust = Trust::new(Checking::default());
    trust.follow(state.clone());
    again.resolver.validate(trust, again.now, NOW + 10);
    assert_eq!(again.wait(0), []);
    let due = Duration::from_secs(state.next_probe().unwrap() - NOW - 10);
    assert_eq!(again.resolver.deadline(), Some(Instant::ORIGIN + due));
}

#[test]
fn a_new_key_is_followed_until_the_zone_is_signed_with_it() {
    let mut rig = following();
    rig.wait(0);
    let both = || {
        let keys = [1, 2].map(|it| key(DnssecAlgorithm::ED25519, true, it));
        Signer::new(keys.into())
    };
    let serve = |rig: &mut Rig, signer: &Signer, now: u64| {
        rig.world.serve(signer.sign(&zone(ROOT), None, now).unwrap());
    };
    for day in [1, 10, 20, 31] {
        serve(&mut rig, &both(), NOW + day * 86_400);
        let passed = (rig.now - Instant::ORIGIN).as_secs();
        rig.wait(day * 86_400 - passed);
    }
    let second = Signer::new(vec![key(DnssecAlgorithm::ED25519, true, 2)]);
    serve(&mut rig, &second, NOW + 32 * 86_400);
    kept(&rig.wait(86_400));
    let answer = rig.ask("ns", RecordType::A);
    assert_eq!(answer.view().rcode(), Rcode::NOERROR);
    assert!(answer.view().header().authentic_data);
}

#[test]
fn keys_that_cannot_be_had_are_asked_for_again_in_an_hour() {
    let mut rig = following();
    rig.world.authorities.clear();
    // Nothing to keep: whoever begins anew asks at once.
    assert_eq!(rig.wait(0), []);
    let asked = rig.log.len();
    assert!((1..=rig.world.authorities.len() + 5).contains(&asked), "{asked}");
    assert_eq!(rig.wait(3000), []);
    assert_eq!(rig.log.len(), asked);
    rig.world = lecture_hall(&signer(), Checking::default());
    assert_eq!(kept(&rig.wait(600)).failures(), 0);
}

#[test]
fn keys_that_are_not_believed_are_asked_for_again_at_once_and_no_more_than_so_often() {
    let mut rig = following();
    rig.world.serve(
        Signer::new(vec![key(DnssecAlgorithm::ED25519, true, 9)])
            .sign(&zone(ROOT), None, NOW)
            .unwrap(),
    );
    let events = rig.wait(0);
    // Once, and five times more (`Limits::bogus_turns`).
    assert_eq!((events.len(), rig.log.len()), (6, 6));
    assert_eq!(kept(&events[5..]).failures(), 6);
    assert!(kept(&events[5..]).next_probe() > Some(NOW + 3000));
}

//! A hierarchy of zones in memory, and a resolver that asks the right one.
use bytes::BytesMut;
use dns_proto::dnssec::{Config, KeyPair, Response, Signer, Step, Trust, Validator, Verdict};
use dns_proto::{
    Authority, Class, DnssecAlgorithm, Edns, Header, Message, Name, Question, Record, RecordType,
    Writer, Zone, zone_file,
};
use proto_core::Transport;

/// 15 January 2027.
pub(crate) const NOW: u64 = 1_800_000_000;

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn records(text: &str) -> Vec<Record> {
    let text = format!("$TTL 3600\n$ORIGIN .\n{text}");
    zone_file::read("test", text.as_bytes(), Name::ROOT, |_| None).unwrap()
}

pub(crate) fn zone(text: &str) -> Zone {
    Zone::new(records(text)).unwrap()
}

/// A key whose seed is its number.
pub(crate) fn key(algorithm: DnssecAlgorithm, entry_point: bool, number: u8) -> KeyPair {
    KeyPair::generate(algorithm, entry_point, [number; 32]).unwrap()
}

pub(crate) fn signer() -> Signer {
    Signer::new(vec![key(DnssecAlgorithm::ED25519, true, 1)])
}

/// Zones, each on servers of its own.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) authorities: Vec<(Name, Authority)>,
    pub(crate) trust: Trust,
    /// What the validators have asked for.
    pub(crate) asked: Vec<(Name, RecordType)>,
    pub(crate) yields: usize,
    pub(crate) now: u64,
}

impl World {
    pub(crate) fn new(config: Config) -> Self {
        let (authorities, asked) = (Vec::new(), Vec::new());
        Self { authorities, trust: Trust::new(config), asked, yields: 0, now: NOW }
    }

    pub(crate) fn serve(&mut self, zone: Zone) {
        let apex = zone.apex().clone();
        let config = dns_proto::authority::Config { iterations: 500, ..Default::default() };
        let mut authority = Authority::new(config);
        authority.insert(zone);
        self.authorities.retain(|(other, _)| *other != apex);
        self.authorities.push((apex, authority));
    }

    /// Asks the zone that has the records: of a DS, the parent.
    pub(crate) fn ask(&self, asked: &Name, rtype: RecordType) -> Response {
        let parent = asked.parent().filter(|_| rtype == RecordType::DS);
        let home = parent.as_ref().unwrap_or(asked);
        let all = self.authorities.iter().filter(|(apex, _)| home.is_within(apex.view()));
        let (_, authority) = all.max_by_key(|(apex, _)| apex.labels().count()).unwrap();
        ask(authority, asked, rtype)
    }

    pub(crate) fn validate(&mut self, asked: &str, rtype: RecordType) -> Verdict {
        let response = self.ask(&name(asked), rtype);
        self.judge(response)
    }

    pub(crate) fn judge(&mut self, response: Response) -> Verdict {
        let validator = Validator::new(response, &self.trust);
        self.run(validator, |world, name, rtype| Some(world.ask(name, rtype)))
    }

    pub(crate) fn run(
        &mut self,
        mut validator: Validator,
        mut fetch: impl FnMut(&Self, &Name, RecordType) -> Option<Response>,
    ) -> Verdict {
        for _ in 0..1000 {
            match validator.poll(&mut self.trust, self.now) {
                Step::Done(verdict) => return verdict,
                Step::Yield => self.yields += 1,
                Step::Need { name, rtype } => {
                    self.asked.push((name.clone(), rtype));
                    let answer = fetch(self, &name, rtype);
                    validator.supply(answer);
                }
            }
        }
        panic!("the validation does not end");
    }
}

pub(crate) fn ask(authority: &Authority, asked: &Name, rtype: RecordType) -> Response {
    let mut query = BytesMut::new();
    let mut writer = Writer::new(&mut query, Header::default(), 512);
    writer.question(Question { name: asked.view(), rtype, class: Class::IN }).unwrap();
    writer.edns(&Edns { dnssec_ok: true, ..Edns::new(4096) }).unwrap();
    writer.finish();
    let mut out = BytesMut::new();
    let _ = authority.respond(&query, Transport::Tcp, &mut out);
    Response::from_message(&Message::parse(&out).unwrap()).unwrap()
}

/// The lecture hall's world: the root signs edu and signs that fr is not signed.
pub(crate) fn lecture_hall(signer: &Signer, config: Config) -> World {
    let mut world = World::new(config);
    let sub = signer.sign(&zone(HAMBURGER), None, NOW).unwrap();
    let ds = |apex: &str| -> String {
        let owner = name(apex);
        signer.ds(&owner).map(|ds| format!("{apex} DS {}\n", ds.data())).collect()
    };
    let edu = format!("{EDU}{}", ds("hamburger.edu."));
    let root = format!("{ROOT}{}", ds("edu."));
    world.serve(signer.sign(&zone(&root), None, NOW).unwrap());
    world.serve(signer.sign(&zone(&edu), None, NOW).unwrap());
    world.serve(zone(FR));
    world.serve(zone(PLAIN));
    world.serve(sub);
    for ds in signer.ds(&Name::ROOT) {
        world.trust.add_anchor(Name::ROOT, ds);
    }
    world
}

pub(crate) const ROOT: &str = ". SOA ns. host. 1 2h 1h 4w 1h
. NS ns.
ns. A 192.0.2.1
edu. NS ns.edu.
ns.edu. A 192.0.2.2
fr. NS ns.fr.
ns.fr. A 192.0.2.3
";

pub(crate) const EDU: &str = "edu. SOA ns.edu. host.edu. 1 2h 1h 4w 1h
edu. NS ns.edu.
ns.edu. A 192.0.2.2
hamburger.edu. NS ns.hamburger.edu.
ns.hamburger.edu. A 192.0.2.4
plain.edu. NS ns.plain.edu.
ns.plain.edu. A 192.0.2.5
deep.er.edu. TXT there
";

pub(crate) const FR: &str = "fr. SOA ns.fr. host.fr. 1 2h 1h 4w 1h
fr. NS ns.fr.
ns.fr. A 192.0.2.3
www.crepes.fr. A 192.0.2.6
";

pub(crate) const PLAIN: &str = "plain.edu. SOA ns.plain.edu. host.plain.edu. 1 2h 1h 4w 1h
plain.edu. NS ns.plain.edu.
ns.plain.edu. A 192.0.2.5
www.plain.edu. A 192.0.2.7
";

pub(crate) const HAMBURGER: &str =
    "hamburger.edu. SOA ns.hamburger.edu. host.hamburger.edu. 1 2h 1h 4w 1h
hamburger.edu. NS ns.hamburger.edu.
ns.hamburger.edu. A 192.0.2.4
www.hamburger.edu. A 192.0.2.8
www.hamburger.edu. 60 TXT menu
alias.hamburger.edu. CNAME www.hamburger.edu.
abroad.hamburger.edu. CNAME www.crepes.fr.
gone.hamburger.edu. CNAME nothing.hamburger.edu.
*.menu.hamburger.edu. TXT everything
fixed.menu.hamburger.edu. TXT burger
a.b.c.hamburger.edu. A 192.0.2.9
old.hamburger.edu. DNAME menu.hamburger.edu.
free.hamburger.edu. NS ns.free.hamburger.edu.
ns.free.hamburger.edu. A 192.0.2.10
";

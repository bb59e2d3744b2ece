//! Chains of trust from the root down, in zones of our own signing.
use dns_proto::dnssec::{
    Bogus, Chain, Config, DigestType, Ds, Insecure, Policy, Provider, PublicKey, Response, Secure,
    Signer, Step, Validator, Verdict,
};
use dns_proto::{DnssecAlgorithm, ExtendedError, Name, Rcode, Rdata, RecordType};

use crate::world::{NOW, World, key, lecture_hall, name, signer};

fn chains() -> [Chain; 3] {
    let salt = vec![0xaa, 0xbb];
    [
        Chain::Nsec,
        Chain::Nsec3 { iterations: 0, salt: Vec::new(), opt_out: false },
        Chain::Nsec3 { iterations: 12, salt, opt_out: false },
    ]
}

fn worlds() -> impl Iterator<Item = World> {
    chains().into_iter().map(|chain| {
        let signer = Signer { chain, ..signer() };
        lecture_hall(&signer, Config::default())
    })
}

fn secure(verdict: Verdict) -> Secure {
    match verdict {
        Verdict::Secure(secure) => secure,
        other => panic!("{other:?}"),
    }
}

fn sets(secure: &Secure) -> Vec<(String, RecordType, u32)> {
    secure.sets.iter().map(|set| (set.owner.to_string(), set.rtype, set.ttl)).collect()
}

#[test]
fn an_answer_is_secure_from_the_root_down() {
    for mut world in worlds() {
        let found = secure(world.validate("www.hamburger.edu", RecordType::A));
        assert_eq!((found.ttl, found.rcode), (3600, Rcode::NOERROR));
        assert_eq!(sets(&found), [("www.hamburger.edu.".into(), RecordType::A, 3600)]);
        let (ds, keys) = (RecordType::DS, RecordType::DNSKEY);
        let walk = [
            (Name::ROOT, keys),
            (name("edu"), ds),
            (name("edu"), keys),
            (name("hamburger.edu"), ds),
            (name("hamburger.edu"), keys),
        ];
        assert_eq!(world.asked, walk);
        // And is known from then on.
        secure(world.validate("www.hamburger.edu", RecordType::TXT));
        assert_eq!(world.asked.len(), walk.len());
    }
}

#[test]
fn every_kind_of_answer_of_a_signed_zone_is_secure() {
    let table = [
        ("www.hamburger.edu", RecordType::MX, Rcode::NOERROR),
        ("nothing.hamburger.edu", RecordType::A, Rcode::NXDOMAIN),
        ("alias.hamburger.edu", RecordType::A, Rcode::NOERROR),
        ("alias.hamburger.edu", RecordType::CNAME, Rcode::NOERROR),
        ("alias.hamburger.edu", RecordType::MX, Rcode::NOERROR),
        ("gone.hamburger.edu", RecordType::A, Rcode::NXDOMAIN),
        ("soup.menu.hamburger.edu", RecordType::TXT, Rcode::NOERROR),
        ("soup.of.menu.hamburger.edu", RecordType::TXT, Rcode::NOERROR),
        ("soup.menu.hamburger.edu", RecordType::A, Rcode::NOERROR),
        ("*.menu.hamburger.edu", RecordType::TXT, Rcode::NOERROR),
        ("fixed.menu.hamburger.edu", RecordType::A, Rcode::NOERROR),
        ("x.fixed.menu.hamburger.edu", RecordType::TXT, Rcode::NXDOMAIN),
        ("c.hamburger.edu", RecordType::A, Rcode::NOERROR),
        ("b.c.hamburger.edu", RecordType::A, Rcode::NOERROR),
        ("x.c.hamburger.edu", RecordType::A, Rcode::NXDOMAIN),
        ("fixed.old.hamburger.edu", RecordType::TXT, Rcode::NOERROR),
        ("soup.old.hamburger.edu", RecordType::TXT, Rcode::NOERROR),
        ("old.hamburger.edu", RecordType::DNAME, Rcode::NOERROR),
        ("hamburger.edu", RecordType::SOA, Rcode::NOERROR),
        ("hamburger.edu", RecordType::DNSKEY, Rcode::NOERROR),
        ("hamburger.edu", RecordType::DS, Rcode::NOERROR),
        ("plain.edu", RecordType::DS, Rcode::NOERROR),
        ("hamburger.edu", RecordType::MX, Rcode::NOERROR),
        ("nowhere", RecordType::A, Rcode::NXDOMAIN),
        (".", RecordType::NS, Rcode::NOERROR),
        (".", RecordType::DS, Rcode::NOERROR),
        ("er.edu", RecordType::DS, Rcode::NOERROR),
        ("deep.er.edu", RecordType::TXT, Rcode::NOERROR),
    ];
    for mut world in worlds() {
        for (asked, rtype, rcode) in table {
            match world.validate(asked, rtype) {
                Verdict::Secure(found) => assert_eq!(found.rcode, rcode, "{asked} {rtype}"),
                other => panic!("{asked} {rtype}: {other:?}"),
            }
        }
    }
}

#[test]
fn the_header_is_not_believed() {
    let mut world = worlds().next().unwrap();
    for asked in ["www.hamburger.edu", "alias.hamburger.edu"] {
        let mut response = world.ask(&name(asked), RecordType::A);
        response.rcode = Rcode::NXDOMAIN;
        assert_eq!(secure(world.judge(response)).rcode, Rcode::NOERROR);
    }
    let mut response = world.ask(&name("www.hamburger.edu"), RecordType::A);
    response.rcode = Rcode::REFUSED;
    assert_eq!(world.judge(response), Verdict::Bogus(Bogus::Failure));
}

#[test]
fn an_expanded_wildcard_is_noted() {
    for mut world in worlds() {
        let found = secure(world.validate("soup.menu.hamburger.edu", RecordType::TXT));
        assert_eq!(found.wildcards, [name("soup.menu.hamburger.edu")]);
    }
}

#[test]
fn zones_without_a_ds_are_insecure() {
    for mut world in worlds() {
        for asked in ["www.crepes.fr", "www.plain.edu", "ns.plain.edu", "x.plain.edu", "fr"] {
            let verdict = world.validate(asked, RecordType::A);
            assert_eq!(verdict, Verdict::Insecure(Insecure::Unsigned), "{asked}");
        }
        // A chain of aliases is as secure as its weakest link.
        let mut response = world.ask(&name("abroad.hamburger.edu"), RecordType::A);
        response.answers.extend(world.ask(&name("www.crepes.fr"), RecordType::A).answers);
        assert_eq!(world.judge(response), Verdict::Insecure(Insecure::Unsigned));
    }
}

#[test]
fn proofs_of_an_aliass_zone_do_not_make_an_unsigned_end_bogus() {
    for mut world in worlds() {
        let mut response = world.ask(&name("soup.menu.hamburger.edu"), RecordType::A);
        let alias = world.ask(&name("abroad.hamburger.edu"), RecordType::A).answers;
        (response.name, response.answers) = (name("abroad.hamburger.edu"), alias);
        assert_eq!(world.judge(response.clone()), Verdict::Insecure(Insecure::Unsigned));
        // Of the alias's own zone they would have to be of the name.
        response.name = name("www.hamburger.edu");
        response.answers.clear();
        assert_eq!(world.judge(response), Verdict::Bogus(Bogus::Denial));
    }
}

#[test]
fn proofs_that_come_with_an_alias_are_looked_at_before_anybody_is_asked() {
    // RFC 4035 §3.1.4.1: a referral at the end of an alias shows that there is no DS.
    let asked = |world: &World| world.asked.contains(&(name("fr"), RecordType::DS));
    for mut world in worlds() {
        let mut response = world.ask(&name("abroad.hamburger.edu"), RecordType::A);
        response.answers.extend(world.ask(&name("www.crepes.fr"), RecordType::A).answers);
        response.authorities = world.ask(&name("fr"), RecordType::DS).authorities;
        assert_eq!(world.judge(response.clone()), Verdict::Insecure(Insecure::Unsigned));
        assert!(!asked(&world));
        // And is known from then on.
        assert_eq!(world.validate("fr", RecordType::A), Verdict::Insecure(Insecure::Unsigned));
        assert!(!asked(&world));
    }
    // Unless nobody has signed them.
    for mut world in worlds() {
        let mut response = world.ask(&name("abroad.hamburger.edu"), RecordType::A);
        response.answers.extend(world.ask(&name("www.crepes.fr"), RecordType::A).answers);
        response.authorities = world.ask(&name("fr"), RecordType::DS).authorities;
        response.authorities.retain(|record| record.rtype() != RecordType::RRSIG);
        assert_eq!(world.judge(response), Verdict::Insecure(Insecure::Unsigned));
        assert!(asked(&world));
    }
}

#[test]
fn proofs_that_come_with_an_alias_count_as_work() {
    // The alias and, with NSEC, one proof.
    let wanted = [(2, Verdict::Insecure(Insecure::Unsigned)), (1, Verdict::Bogus(Bogus::Effort))];
    for (sets, expected) in wanted {
        let limits = dns_proto::dnssec::Limits { sets, ..Default::default() };
        let mut world = lecture_hall(&signer(), Config { limits, ..Config::default() });
        let mut response = world.ask(&name("abroad.hamburger.edu"), RecordType::A);
        response.answers.extend(world.ask(&name("www.crepes.fr"), RecordType::A).answers);
        response.authorities = world.ask(&name("fr"), RecordType::DS).authorities;
        response.authorities.retain(|record| record.rtype() != RecordType::SOA);
        assert_eq!(world.judge(response), expected, "{sets}");
    }
}

#[test]
fn a_chain_may_come_by_the_same_alias_twice() {
    let mut world = worlds().next().unwrap();
    for asked in ["soup.old.hamburger.edu", "alias.hamburger.edu"] {
        let mut response = world.ask(&name(asked), RecordType::TXT);
        response.answers = [response.answers.clone(), response.answers].concat();
        secure(world.judge(response));
    }
}

#[test]
fn an_alias_that_was_asked_for_may_come_with_what_is_at_its_end() {
    for mut world in worlds() {
        let mut response = world.ask(&name("gone.hamburger.edu"), RecordType::CNAME);
        let end = world.ask(&name("nothing.hamburger.edu"), RecordType::CNAME);
        (response.rcode, response.authorities) = (Rcode::NXDOMAIN, end.authorities);
        assert_eq!(secure(world.judge(response.clone())).rcode, Rcode::NXDOMAIN);
        response.authorities.clear();
        assert_eq!(world.judge(response), Verdict::Bogus(Bogus::Denial));
    }
}

#[test]
fn a_wildcard_is_proven_to_be_meant() {
    for mut world in worlds() {
        let mut response = world.ask(&name("soup.menu.hamburger.edu"), RecordType::TXT);
        response.authorities.clear();
        let verdict = world.judge(response);
        // RFC 8914 §4.13 is about what is missing; this is there.
        assert_eq!(verdict.extended_error(), Some(ExtendedError::BOGUS));
        assert_eq!(verdict, Verdict::Bogus(Bogus::Wildcard));
    }
}

#[test]
fn a_digest_that_cannot_be_had_is_no_missing_key() {
    for (missing, reason, error) in [
        (RecordType::DS, Bogus::Unreachable, ExtendedError::NETWORK_ERROR),
        (RecordType::DNSKEY, Bogus::Unobtainable, ExtendedError::DNSKEY_MISSING),
    ] {
        let mut world = worlds().next().unwrap();
        let response = world.ask(&name("www.hamburger.edu"), RecordType::A);
        let validator = Validator::new(response, &world.trust);
        let verdict = world.run(validator, |world, name, rtype| {
            (rtype != missing).then(|| world.ask(name, rtype))
        });
        assert_eq!(verdict, Verdict::Bogus(reason));
        assert_eq!(verdict.extended_error(), Some(error));
    }
}

/// A world whose zones are signed with two algorithms, and a policy that may want both.
fn doubly_signed(every_algorithm: bool) -> World {
    let keys = [(DnssecAlgorithm::ED25519, 1), (DnssecAlgorithm::ECDSAP256SHA256, 2)];
    let signer = Signer::new(keys.map(|(it, number)| key(it, true, number)).into());
    let policy = Policy { every_algorithm, ..Policy::default() };
    lecture_hall(&signer, Config { policy, ..Config::default() })
}

#[test]
fn one_algorithm_is_enough_unless_the_policy_wants_all() {
    for every_algorithm in [false, true] {
        let mut world = doubly_signed(every_algorithm);
        secure(world.validate("www.hamburger.edu", RecordType::A));
        let mut response = world.ask(&name("www.hamburger.edu"), RecordType::TXT);
        response.answers.retain(|record| match record.data() {
            Rdata::Rrsig { algorithm, .. } => algorithm == DnssecAlgorithm::ED25519,
            _ => true,
        });
        // RFC 6840 §5.11.
        let verdict = world.judge(response);
        assert_eq!(matches!(verdict, Verdict::Secure(_)), !every_algorithm, "{verdict:?}");
    }
}

#[test]
fn the_policy_may_want_a_key_of_each_algorithm_that_is_promised() {
    for every_algorithm in [false, true] {
        let mut world = doubly_signed(every_algorithm);
        let other = key(DnssecAlgorithm::ECDSAP384SHA384, true, 3);
        world.trust.add_key(Name::ROOT, other.public());
        let verdict = world.validate(".", RecordType::NS);
        let wanted = if every_algorithm { Some(Bogus::Algorithm) } else { None };
        match verdict {
            Verdict::Bogus(reason) => assert_eq!(Some(reason), wanted),
            other => drop((secure(other), assert_eq!(wanted, None))),
        }
    }
}

#[test]
fn an_alias_that_a_dname_makes_can_be_asked_for() {
    for mut world in worlds() {
        let found = secure(world.validate("soup.old.hamburger.edu", RecordType::CNAME));
        assert_eq!(sets(&found), [("old.hamburger.edu.".into(), RecordType::DNAME, 3600)]);
    }
}

#[test]
fn the_last_names_own_zone_proves_its_absence() {
    // A proof of the first zone, for its wildcard, comes before that of the last.
    for mut world in worlds() {
        let mut response = world.ask(&name("soup.menu.hamburger.edu"), RecordType::TXT);
        response.rtype = RecordType::MX;
        response.name = name("gone.hamburger.edu");
        response.answers = world.ask(&name("gone.hamburger.edu"), RecordType::CNAME).answers;
        let mut proofs = world.ask(&name("nothing.hamburger.edu"), RecordType::MX).authorities;
        response.rcode = Rcode::NXDOMAIN;
        proofs.splice(0..0, world.ask(&name("nowhere"), RecordType::MX).authorities);
        response.authorities = proofs;
        assert_eq!(secure(world.judge(response)).rcode, Rcode::NXDOMAIN);
    }
}

#[test]
fn an_opt_out_makes_a_name_insecure_not_bogus() {
    let chain = Chain::Nsec3 { iterations: 0, salt: Vec::new(), opt_out: true };
    let mut world = lecture_hall(&Signer { chain, ..signer() }, Config::default());
    secure(world.validate("www.hamburger.edu", RecordType::A));
    let verdict = world.validate("www.plain.edu", RecordType::A);
    assert_eq!(verdict, Verdict::Insecure(Insecure::OptOut));
    let verdict = world.validate("plain.edu", RecordType::DS);
    assert_eq!(verdict, Verdict::Insecure(Insecure::OptOut));
    let verdict = world.validate("nothing.edu", RecordType::A);
    assert_eq!(verdict, Verdict::Insecure(Insecure::OptOut));
}

#[test]
fn without_an_anchor_nobody_can_say() {
    let mut world = worlds().next().unwrap();
    world.trust.remove_anchors(Name::ROOT.view());
    let verdict = world.validate("www.hamburger.edu", RecordType::A);
    assert_eq!((verdict.clone(), verdict.is_authentic()), (Verdict::Indeterminate, false));
}

#[test]
fn a_negative_anchor_makes_insecure_what_is_below() {
    let mut world = worlds().next().unwrap();
    world.trust.add_negative_anchor(name("edu"));
    let insecure = Verdict::Insecure(Insecure::NegativeAnchor);
    assert_eq!(world.validate("www.hamburger.edu", RecordType::A), insecure);
    secure(world.validate("nowhere", RecordType::A));
    // A positive one below it counts again (RFC 7646 §1.1).
    for ds in signer().ds(&name("hamburger.edu")) {
        world.trust.add_anchor(name("hamburger.edu"), ds);
    }
    secure(world.validate("www.hamburger.edu", RecordType::A));
    world.trust.remove_negative_anchor(name("edu").view());
    secure(world.validate("edu", RecordType::SOA));
}

#[test]
fn what_is_left_out_or_changed_is_bogus() {
    for mut world in worlds() {
        let bogus = |world: &mut World, response: Response| match world.judge(response) {
            Verdict::Bogus(reason) => reason,
            other => panic!("{other:?}"),
        };
        let asked = name("www.hamburger.edu");
        let good = world.ask(&asked, RecordType::A);
        let mut response = good.clone();
        response.answers.retain(|record| record.rtype() != RecordType::RRSIG);
        assert_eq!(bogus(&mut world, response), Bogus::Missing);

        let mut response = good.clone();
        let other = "www.hamburger.edu 3600 A 192.0.2.66";
        response.answers[0] = crate::world::records(other)[0].clone();
        assert_eq!(bogus(&mut world, response), Bogus::Wrong);

        // Records of the parent's, and what only a child could say.
        let mut response = good;
        response.answers.clear();
        assert_eq!(bogus(&mut world, response.clone()), Bogus::Denial);
        response.authorities = world.ask(&name("hamburger.edu"), RecordType::DNSKEY).answers;
        assert_eq!(bogus(&mut world, response), Bogus::Denial);

        for (asked, rtype, reason) in [
            ("nothing.hamburger.edu", RecordType::A, Bogus::Denial),
            ("www.hamburger.edu", RecordType::MX, Bogus::Denial),
            ("soup.menu.hamburger.edu", RecordType::TXT, Bogus::Wildcard),
            ("soup.menu.hamburger.edu", RecordType::A, Bogus::Denial),
        ] {
            let whole = world.ask(&name(asked), rtype);
            for left_out in [RecordType::NSEC, RecordType::NSEC3] {
                let mut response = whole.clone();
                let before = response.authorities.len();
                response.authorities.retain(|record| record.rtype() != left_out);
                if response.authorities.len() < before {
                    assert_eq!(bogus(&mut world, response), reason, "{asked}");
                }
            }
        }
    }
}

#[test]
fn a_proof_of_another_name_proves_nothing() {
    for mut world in worlds() {
        let proof = world.ask(&name("nothing.hamburger.edu"), RecordType::A).authorities;
        for asked in ["www.hamburger.edu", "a.b.c.hamburger.edu", "c.hamburger.edu"] {
            let mut response = Response::new(name(asked), RecordType::A, Rcode::NXDOMAIN);
            response.authorities = proof.clone();
            let verdict = world.judge(response);
            let rcode = |it: &Secure| it.rcode;
            let honest = matches!(&verdict, Verdict::Secure(it) if rcode(it) == Rcode::NOERROR);
            assert!(matches!(verdict, Verdict::Bogus(_)) || honest, "{asked} {verdict:?}");
        }
        // The parent's proof that there is no DS says nothing of the child.
        let proof = world.ask(&name("plain.edu"), RecordType::DS).authorities;
        for asked in ["plain.edu", "www.plain.edu"] {
            let mut response = Response::new(name(asked), RecordType::A, Rcode::NOERROR);
            response.authorities = proof.clone();
            let unsigned = Verdict::Insecure(Insecure::Unsigned);
            assert_eq!(world.judge(response), unsigned, "{asked}");
        }
    }
}

#[test]
fn a_zone_with_other_keys_than_its_parent_says_is_bogus() {
    for (mut world, chain) in worlds().zip(chains()) {
        let keys = vec![key(DnssecAlgorithm::ED25519, true, 9)];
        let other = Signer { chain, ..Signer::new(keys) };
        world.serve(other.sign(&crate::world::zone(crate::world::HAMBURGER), None, NOW).unwrap());
        let verdict = world.validate("www.hamburger.edu", RecordType::A);
        assert_eq!(verdict, Verdict::Bogus(Bogus::Digest));
        assert_eq!(verdict.extended_error(), Some(ExtendedError::DNSKEY_MISSING));
        assert!(verdict.withholds(false) && !verdict.withholds(true));
        // It is remembered, for a while.
        let count = world.asked.len();
        world.validate("www.hamburger.edu", RecordType::A);
        assert_eq!(world.asked.len(), count);
    }
}

#[test]
fn signatures_have_a_beginning_and_an_end() {
    let period = 14 * 86_400;
    for (now, reason) in [
        (NOW - 3600, None),
        (NOW - 3601, Some(Bogus::NotYetValid)),
        (NOW + period, None),
        (NOW + period + 1, Some(Bogus::Expired)),
    ] {
        let mut world = worlds().next().unwrap();
        world.now = now;
        match (reason, world.validate("www.hamburger.edu", RecordType::A)) {
            (None, Verdict::Secure(_)) => {}
            (Some(reason), Verdict::Bogus(found)) => assert_eq!(found, reason),
            (_, verdict) => panic!("{now}: {verdict:?}"),
        }
    }
    // RFC 4035 §5.3.3: what is kept is kept no longer than the signature is valid.
    let mut world = worlds().next().unwrap();
    world.now = NOW + period - 100;
    assert_eq!(secure(world.validate("www.hamburger.edu", RecordType::A)).ttl, 100);
}

#[test]
fn times_go_round_after_2106() {
    // RFC 4034 §3.1.5: serial arithmetic.
    let mut world = worlds().next().unwrap();
    world.now = NOW + (1 << 32);
    secure(world.validate("www.hamburger.edu", RecordType::A));
}

#[test]
fn what_cannot_be_had_is_bogus_and_said_so() {
    let mut world = worlds().next().unwrap();
    let response = world.ask(&name("www.hamburger.edu"), RecordType::A);
    let validator = Validator::new(response, &world.trust);
    let verdict = world.run(validator, |world, name, rtype| {
        Some(world.ask(name, rtype)).filter(|_| rtype == RecordType::DS || name.is_root())
    });
    assert_eq!(verdict, Verdict::Bogus(Bogus::Unobtainable));
}

#[test]
fn an_answer_to_another_question_is_not_taken() {
    let mut world = worlds().next().unwrap();
    let response = world.ask(&name("www.hamburger.edu"), RecordType::A);
    let mut validator = Validator::new(response, &world.trust);
    let step = validator.poll(&mut world.trust, NOW);
    assert_eq!(validator.poll(&mut world.trust, NOW), step);
    validator.supply(Some(world.ask(&name("edu"), RecordType::DNSKEY)));
    let done = validator.poll(&mut world.trust, NOW);
    assert_eq!(done, Step::Done(Verdict::Bogus(Bogus::Unobtainable)));
}

#[test]
fn every_algorithm_carries_a_chain() {
    for algorithm in [
        DnssecAlgorithm::ECDSAP256SHA256,
        DnssecAlgorithm::ECDSAP384SHA384,
        DnssecAlgorithm::ED25519,
    ] {
        let signer = Signer::new(vec![key(algorithm, true, 1), key(algorithm, false, 2)]);
        let mut world = lecture_hall(&signer, Config::default());
        secure(world.validate("www.hamburger.edu", RecordType::A));
        secure(world.validate("nothing.hamburger.edu", RecordType::A));
    }
}

#[test]
fn the_aliases_alone_can_be_judged() {
    let mut world = worlds().next().unwrap();
    let mut response = world.ask(&name("abroad.hamburger.edu"), RecordType::A);
    response.authorities.clear();
    let whole = world.judge(response.clone());
    assert_eq!(whole, Verdict::Insecure(Insecure::Unsigned));
    let validator = Validator::aliases(response, &world.trust);
    secure(world.run(validator, |world, name, rtype| Some(world.ask(name, rtype))));
}

#[test]
fn an_alias_that_a_dname_does_not_make_is_bogus() {
    let mut world = worlds().next().unwrap();
    let mut response = world.ask(&name("soup.old.hamburger.edu"), RecordType::TXT);
    let forged = crate::world::records("soup.old.hamburger.edu 0 CNAME www.crepes.fr.")[0].clone();
    let alias = |it: &&mut dns_proto::Record| it.rtype() == RecordType::CNAME;
    *response.answers.iter_mut().find(alias).unwrap() = forged;
    assert_eq!(world.judge(response), Verdict::Bogus(Bogus::Synthesis));
}

#[test]
fn zones_of_unknown_algorithms_are_insecure() {
    // As if nobody here knew Ed25519.
    let known = |it| it != DnssecAlgorithm::ED25519 && PublicKey::supports(it);
    let provider = Provider { supports: known, ..Provider::default() };
    let policy = Policy { provider, ..Policy::default() };
    let mut world = lecture_hall(&signer(), Config { policy, ..Config::default() });
    let verdict = world.validate("www.hamburger.edu", RecordType::A);
    assert_eq!(verdict, Verdict::Insecure(Insecure::Algorithm));
    assert_eq!(verdict.extended_error(), Some(ExtendedError::DNSKEY_ALGORITHM));
}

#[test]
fn digests_of_sha_1_count_where_there_is_no_other_and_policy_allows() {
    let apex = name("hamburger.edu");
    let key = signer().keys[0].public().clone();
    let of = |digest_type| Ds::of(&apex.view(), &key, digest_type);
    let wrong_key = crate::world::key(DnssecAlgorithm::ED25519, true, 9);
    let run = |all: &[Ds], sha1_digests: bool| {
        let policy = Policy { sha1_digests, ..Policy::default() };
        let mut world = lecture_hall(&signer(), Config { policy, ..Config::default() });
        all.iter().for_each(|ds| world.trust.add_anchor(apex.clone(), ds.clone()));
        world.validate("www.hamburger.edu", RecordType::A)
    };
    secure(run(&[of(DigestType::Sha1)], true));
    secure(run(&[of(DigestType::Sha384)], false));
    let refused = run(&[of(DigestType::Sha1)], false);
    assert_eq!(refused, Verdict::Insecure(Insecure::Digest));
    assert_eq!(refused.extended_error(), Some(ExtendedError::DS_DIGEST));
    // RFC 4509 §3: beside a better one it is not looked at.
    let better = Ds::of(&apex.view(), wrong_key.public(), DigestType::Sha256);
    assert_eq!(run(&[of(DigestType::Sha1), better], true), Verdict::Bogus(Bogus::Digest));
    // A digest nobody knows counts for nothing.
    let mut octets = Vec::new();
    of(DigestType::Sha256).data().write(&mut octets);
    octets[3] = 3;
    let gost = Ds::from_data(&Rdata::parse(RecordType::DS, &octets).unwrap()).unwrap();
    assert_eq!(run(&[gost], true), Verdict::Insecure(Insecure::Digest));
}

//! Signs a zone: reads a master file and keys, and prints the signed zone.
//!
//! ```text
//! cargo run --example sign_zone -- --make ed25519 crepes.fr > Kcrepes.fr
//! cargo run --example sign_zone -- --key Kcrepes.fr crepes.fr crepes.fr.zone > crepes.fr.signed
//! ```
//!
//! With `--verify` it reads a signed zone instead, of whoever has signed it, and says whether a
//! resolver that trusts the zone's entry points would believe every record in it, and that what is
//! not there is not.
//!
//! A key is a pair of files `NAME.key` and `NAME.private`, as dnssec-keygen, ldns-keygen and this
//! program write them.
use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::BytesMut;
use clap::Parser;
use homing::dns::dnssec::{
    Chain, Config, KeyPair, PublicKey, Response, Signer, Step, Trust, Validator, Verdict,
    ZonemdCheck, ZonemdHash,
};
use homing::dns::{
    Authority, Class, DnssecAlgorithm, Edns, Header, Message, Name, Outcome, Question, Record,
    RecordType, Writer, Zone, zone_file,
};
use homing::proto_core::Transport;
use homing::proto_core::blocking::random;

type Result<T> = core::result::Result<T, Box<dyn std::error::Error>>;

/// Signs a zone (DNSSEC), or makes a key for one.
#[derive(Parser)]
struct Arguments {
    /// Makes a key of this algorithm instead (ECDSAP256SHA256, ECDSAP384SHA384, ED25519), and
    /// prints the name of its files.
    #[arg(long, value_name = "ALGORITHM")]
    make: Option<DnssecAlgorithm>,
    /// The key is no entry point: it signs data, and not keys.
    #[arg(long, requires = "make")]
    zone_key: bool,
    /// A key, by the name of its files without .key and .private.
    #[arg(long, value_name = "NAME")]
    key: Vec<PathBuf>,
    /// Proves by hashed names (NSEC3).
    #[arg(long)]
    nsec3: bool,
    /// Iterations of the hash. RFC 9276 wants none.
    #[arg(long, default_value_t = 0, requires = "nsec3")]
    iterations: u16,
    /// Leaves unsigned delegations out of the proofs.
    #[arg(long, requires = "nsec3")]
    opt_out: bool,
    /// Adds a digest of the whole zone (ZONEMD).
    #[arg(long)]
    zonemd: bool,
    /// Asks the parent for the DS (CDS and CDNSKEY).
    #[arg(long)]
    child_records: bool,
    /// Verifies the zone, which is signed.
    #[arg(long)]
    verify: bool,
    /// The zone as it was signed last: what is not due is kept.
    #[arg(long, value_name = "FILE")]
    previous: Option<PathBuf>,
    /// The zone's name.
    origin: Name,
    /// The master file.
    #[arg(required_unless_present = "make")]
    file: Option<PathBuf>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(algorithm) = arguments.make {
        return make(algorithm, !arguments.zone_key, &arguments.origin);
    }
    let Some(file) = &arguments.file else { return Ok(()) };
    let zone = Zone::new(read(file, &arguments.origin)?)?;
    if arguments.verify {
        return verify(zone);
    }
    let previous = arguments.previous.as_ref().map(|file| read(file, &arguments.origin));
    let previous = previous.transpose()?.map(Zone::new).transpose()?;
    let keys = arguments.key.iter().map(|name| load(name)).collect::<Result<Vec<_>>>()?;
    if keys.is_empty() {
        return Err("no key: give --key, or make one with --make".into());
    }
    let mut signer = Signer::new(keys);
    if arguments.nsec3 {
        let (iterations, opt_out) = (arguments.iterations, arguments.opt_out);
        signer.chain = Chain::Nsec3 { iterations, salt: Vec::new(), opt_out };
    }
    signer.zonemd = arguments.zonemd.then_some(ZonemdHash::Sha384);
    signer.child_records = arguments.child_records;
    let signed = signer.sign(&zone, previous.as_ref(), now()?)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for record in signed.records() {
        writeln!(out, "{record}")?;
    }
    out.flush()?;
    for ds in signer.ds(signed.apex()) {
        eprintln!("{} IN DS {}", signed.apex(), ds.data());
    }
    Ok(())
}

/// Asks an authority for everything the zone has, and for what it has not.
fn verify(zone: Zone) -> Result<()> {
    let digest = zone.check_zonemd();
    if matches!(digest, ZonemdCheck::Mismatch | ZonemdCheck::Serial) {
        return Err("the zone is not what its digest is of".into());
    }
    let mut trust = Trust::new(Config::default());
    for record in zone.records().filter(|record| record.rtype() == RecordType::DNSKEY) {
        let key = PublicKey::from_data(&record.data()).filter(PublicKey::is_entry_point);
        key.iter().for_each(|key| trust.add_key(zone.apex().clone(), key));
    }
    let of_proofs = [RecordType::RRSIG, RecordType::NSEC, RecordType::NSEC3];
    let mut questions: BTreeSet<(Name, RecordType)> = zone
        .records()
        .filter(|record| !of_proofs.contains(&record.rtype()))
        .map(|record| (record.owner().clone(), record.rtype()))
        .collect();
    for name in questions.clone().into_iter().map(|(name, _)| name) {
        let below = Name::from_labels([&b"nobody"[..]].into_iter().chain(name.labels()));
        questions.extend(below.ok().map(|below| (below, RecordType::A)));
        questions.insert((name, RecordType::HINFO));
    }
    let mut authority = Authority::default();
    authority.insert(zone);
    let (mut secure, mut insecure) = (0, 0);
    for (name, rtype) in questions {
        let Some(answer) = ask(&authority, &name, rtype) else { continue };
        match judge(&authority, answer, &mut trust)? {
            Verdict::Secure(_) => secure += 1,
            // What is below a cut, or may be opted out.
            Verdict::Insecure(_) => insecure += 1,
            Verdict::Bogus(reason) => return Err(format!("{name} {rtype}: {reason}").into()),
            Verdict::Indeterminate => return Err("the zone has no entry point".into()),
        }
    }
    println!("{secure} answers are secure, {insecure} insecure");
    Ok(())
}

fn judge(authority: &Authority, answer: Response, trust: &mut Trust) -> Result<Verdict> {
    let mut validator = Validator::new(answer, trust);
    loop {
        match validator.poll(trust, now()?) {
            Step::Need { name, rtype } => validator.supply(ask(authority, &name, rtype)),
            Step::Yield => {}
            Step::Done(verdict) => return Ok(verdict),
        }
    }
}

/// What the zone's server says; nothing if it is a referral.
fn ask(authority: &Authority, name: &Name, rtype: RecordType) -> Option<Response> {
    let (mut query, mut out) = (BytesMut::new(), BytesMut::new());
    let mut writer = Writer::new(&mut query, Header::default(), 512);
    writer.question(Question { name: name.view(), rtype, class: Class::IN }).ok()?;
    writer.edns(&Edns { dnssec_ok: true, ..Edns::new(1232) }).ok()?;
    writer.finish();
    let outcome = authority.respond(&query, Transport::Tcp, &mut out);
    let is_answer = !matches!(outcome, Outcome::Referral | Outcome::Failed(_));
    Response::from_message(&Message::parse(&out).ok()?).filter(|_| is_answer)
}

fn now() -> Result<u64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())
}

fn make(algorithm: DnssecAlgorithm, entry_point: bool, origin: &Name) -> Result<()> {
    let seed = random()?;
    let pair = KeyPair::generate(algorithm, entry_point, seed)?;
    let (number, tag) = (algorithm.number(), pair.public().tag());
    let name = format!("K{}+{number:03}+{tag:05}", origin.to_lowercase());
    let record = Record::new(origin.clone(), 3600, pair.public().data());
    fs::write(format!("{name}.key"), format!("{record}\n"))?;
    keep_secret(format!("{name}.private").as_ref(), pair.export().expose())?;
    println!("{name}");
    Ok(())
}

/// Writes a file that nobody else can read.
fn keep_secret(path: &Path, octets: &[u8]) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    Ok(options.open(path)?.write_all(octets)?)
}

fn load(name: &Path) -> Result<KeyPair> {
    let file = |ending: &str| PathBuf::from(format!("{}.{ending}", name.display()));
    let text = format!("$TTL 0\n{}", fs::read_to_string(file("key"))?);
    let records = zone_file::read("key", text.as_bytes(), Name::ROOT, |_| None)?;
    let key = records.iter().find(|record| record.rtype() == RecordType::DNSKEY);
    let key = key.and_then(|record| PublicKey::from_data(&record.data()));
    let key = key.ok_or_else(|| format!("{}: no DNSKEY record", file("key").display()))?;
    let private = fs::read_to_string(file("private"))?;
    let pair = KeyPair::import(key, &private);
    Ok(pair.map_err(|error| format!("{}: {error}", file("private").display()))?)
}

fn read(file: &PathBuf, origin: &Name) -> Result<Vec<Record>> {
    let load = |name: &str| fs::read(name).ok().map(Into::into);
    Ok(zone_file::read(&file.to_string_lossy(), &fs::read(file)?, origin.clone(), load)?)
}

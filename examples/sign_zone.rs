//! Signs a zone: reads a master file and keys, and prints the signed zone.
//!
//! ```text
//! cargo run --example sign_zone -- --make ed25519 crepes.fr > Kcrepes.fr
//! cargo run --example sign_zone -- --key Kcrepes.fr crepes.fr crepes.fr.zone > crepes.fr.signed
//! ```
//!
//! A key is a pair of files `NAME.key` and `NAME.private`, as dnssec-keygen, ldns-keygen and this
//! program write them.
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Parser;
use homing::dns::dnssec::{Chain, KeyPair, PublicKey, Signer, ZonemdHash};
use homing::dns::{DnssecAlgorithm, Name, Record, RecordType, Zone, zone_file};

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
    let previous = arguments.previous.as_ref().map(|file| read(file, &arguments.origin));
    let previous = previous.transpose()?.map(Zone::new).transpose()?;
    let keys = arguments.key.iter().map(load).collect::<Result<Vec<_>>>()?;
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
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let signed = signer.sign(&zone, previous.as_ref(), now)?;
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

fn make(algorithm: DnssecAlgorithm, entry_point: bool, origin: &Name) -> Result<()> {
    let seed = homing::proto_core::blocking::random()?;
    let pair = KeyPair::generate(algorithm, entry_point, seed)?;
    let (number, tag) = (algorithm.number(), pair.public().tag());
    let name = format!("K{}+{number:03}+{tag:05}", origin.to_lowercase());
    let record = Record::new(origin.clone(), 3600, pair.public().data());
    fs::write(format!("{name}.key"), format!("{record}\n"))?;
    fs::write(format!("{name}.private"), pair.export().expose())?;
    println!("{name}");
    Ok(())
}

fn load(name: &PathBuf) -> Result<KeyPair> {
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

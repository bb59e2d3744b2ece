//! The tour: Alice's letter reaches Bob, over real sockets, through every crate of the family.
//!
//! A root, three top-level domains and three organisations have name servers; a local name server
//! resolves for everybody. Alice composes a message and submits it; her server queues it, asks for
//! the MX of Bob's domain, and relays it; Bob reads it, twice. Then a registrar founds
//! networkutopia.com by dynamic update, and a letter goes there too. All on loopback, on ports
//! that the system chooses, without privileges.
mod folders;
mod mailserver;
mod names;
mod people;
mod postman;
mod reading;
mod spool;
mod tls;
mod transcript;

use std::{
    fmt::Write,
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Instant, SystemTime},
};

use clap::Parser;
use homing::{
    dns::{Record, RecordType, Update},
    mime::DateTime,
};
use mailserver::{MailServer, Place};
use names::{Names, at};
use people::Reader;
use tls::Tls;
use tokio::net::TcpListener;
use transcript::Transcript;

/// Anything that stops the tour, in a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Alice's letter reaches Bob: composed, submitted, queued, routed by DNS, relayed and read, over
/// real sockets on 127.0.0.x.
#[derive(Parser)]
#[command(name = "tour")]
struct Arguments {
    /// Print the closing table only.
    #[arg(long)]
    quiet: bool,
    /// Print without colours.
    #[arg(long)]
    no_color: bool,
    /// Let Alice send this message instead of her own.
    #[arg(long, value_name = "FILE.eml")]
    message: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plain = arguments.no_color || std::env::var_os("NO_COLOR").is_some();
    let color = !plain && std::io::stdout().is_terminal();
    let transcript = Transcript::new(arguments.quiet, color);
    let directory = std::env::temp_dir().join(format!("homing-tour-{}", std::process::id()));
    let toured = tour(&transcript, &directory, arguments.message.as_deref()).await;
    let _ = tokio::fs::remove_dir_all(&directory).await;
    match toured {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("tour: {error}");
            if error.is::<std::io::Error>() {
                eprintln!("tour: {NEEDS}");
            }
            ExitCode::FAILURE
        }
    }
}

const NEEDS: &str = "it needs the addresses 127.0.0.2 to 127.0.0.22, which Linux has, and other \
    systems after `ifconfig lo0 alias` for each; and room for twice the message in the \
    temporary directory (TMPDIR)";

const CREPES: Place = Place {
    domain: "crepes.fr",
    host: "mail.crepes.fr",
    address: at::CREPES_MAIL,
    users: &["alice"],
};
const HAMBURGER: Place = Place {
    domain: "hamburger.edu",
    host: "mail.hamburger.edu",
    address: at::HAMBURGER_MAIL,
    users: &["bob"],
};
const UTOPIA: Place = Place {
    domain: "networkutopia.com",
    host: "mail.networkutopia.com",
    address: at::UTOPIA_MAIL,
    users: &["info"],
};

/// Goes round; false if a message did not arrive unchanged.
async fn tour(
    transcript: &Transcript,
    directory: &Path,
    message: Option<&Path>,
) -> Result<bool, Failure> {
    let start = Instant::now();
    tokio::fs::create_dir_all(directory).await?;
    for (address, name) in [(at::ALICE, "alice"), (at::BOB, "bob"), (at::REGISTRAR, "registrar")] {
        transcript.name(address, name);
    }
    transcript.act("1. Name servers and mail servers open");
    let names = Names::start(transcript).await?;
    let opener = Opener::new(&names, directory, transcript).await?;
    let crepes = opener.open(CREPES).await?;
    let mut letters = Vec::new();

    transcript.act("2. Alice writes to Bob, whose mail server is not open yet");
    let letter = directory.join("ketchup.eml");
    match message {
        Some(message) => people::copy(message, &letter).await?,
        None => {
            let text = "Do you like ketchup?\nHow about pickles?\nOr a crêpe, près de la Seine?\n";
            people::compose(&letter, "Bob <bob@hamburger.edu>", "Toppings, où ça?", text).await?;
        }
    }
    people::submit(at::ALICE, &crepes, "bob@hamburger.edu", &letter).await?;
    crepes.tried().await?;
    transcript.act("   Her server waits, crashes, and starts again with its queue");
    crepes.crash().await;
    let hamburger = opener.open(HAMBURGER).await?;
    let crepes = opener.open(CREPES).await?;
    crepes.sent().await?;
    hamburger.arrived(1).await?;

    transcript.act("3. Bob reads it on his laptop, and keeps it on the server");
    let (mut laptop, mut phone) = (Reader::default(), Reader::default());
    let bob = |device| (device, "bob", at::BOB);
    let into = directory.join("laptop");
    let fetched = laptop.fetch(bob("bob's laptop"), &hamburger, &into, true).await?;
    for path in &fetched {
        transcript.print(&indented(&people::show(path).await?));
    }
    letters.push(("to Bob's laptop, kept", letter.clone(), fetched));
    transcript.act("   The laptop looks again: nothing is fetched twice");
    let again = laptop.fetch(bob("bob's laptop"), &hamburger, &into, true).await?;
    transcript.act("   Bob reads it on his phone, and deletes it from the server");
    let into = directory.join("phone");
    let fetched = phone.fetch(bob("bob's phone"), &hamburger, &into, false).await?;
    letters.push(("to Bob's phone, deleted", letter, fetched));
    let gone = phone.fetch(bob("bob's phone"), &hamburger, &into, false).await?;
    let kept_once = again.is_empty() && gone.is_empty();

    transcript
        .act("   Alice writes again; at his desk Bob flags the letter and sorts it into a folder");
    let letter = directory.join("pickles.eml");
    let text = "And what about pickles?\n";
    people::compose(&letter, "Bob <bob@hamburger.edu>", "Pickles", text).await?;
    people::submit(at::ALICE, &crepes, "bob@hamburger.edu", &letter).await?;
    crepes.sent().await?;
    hamburger.arrived(2).await?;
    people::sort(bob("bob's desk"), &hamburger, "Toppings").await?;
    transcript.act("   On his tablet he sees it there, with its flag");
    let into = directory.join("tablet");
    let (read, flagged) =
        people::read_folder(bob("bob's tablet"), &hamburger, "Toppings", &into).await?;
    letters.push(("to Bob's folder, by IMAP", letter, read));

    transcript.act("4. A registrar founds networkutopia.com");
    found(&names).await?;
    let utopia = opener.open(UTOPIA).await?;
    transcript.act("   Alice writes there");
    let letter = directory.join("utopia.eml");
    let info = "Network Utopia <info@networkutopia.com>";
    people::compose(&letter, info, "Hello, world", "Is there mail in Utopia?\n").await?;
    people::submit(at::ALICE, &crepes, "info@networkutopia.com", &letter).await?;
    crepes.sent().await?;
    utopia.arrived(1).await?;
    let mut reader = Reader::default();
    let who = ("info's desk", "info", at::UTOPIA_WWW);
    let fetched = reader.fetch(who, &utopia, &directory.join("utopia"), false).await?;
    letters.push(("to networkutopia.com", letter, fetched));

    transcript.act("   The second look-up comes from the cache");
    let before = names.statistics().await;
    let domain = "networkutopia.com".parse()?;
    let found = names.resolver(at::BOB)?.query(&domain, RecordType::MX).await?;
    let after = names.statistics().await;
    let cached = found.view().answers().next().is_some()
        && after.upstream == before.upstream
        && after.hits > before.hits;

    let good = close(transcript, &names, &letters, start).await?;
    for server in [crepes, hamburger, utopia] {
        server.crash().await;
    }
    names.stop();
    if !kept_once {
        eprintln!("tour: POP3 gave a message that was read or deleted already");
    }
    if !cached {
        eprintln!("tour: the second look-up did not come from the cache");
    }
    if !flagged {
        eprintln!("tour: IMAP showed the letter without its flag");
    }
    Ok(good && kept_once && cached && flagged)
}

/// Opens mail servers, which all listen on one port: an MX record knows no port.
struct Opener<'a> {
    names: &'a Names,
    directory: &'a Path,
    transcript: &'a Transcript,
    tls: Tls,
    port: u16,
}

impl<'a> Opener<'a> {
    async fn new(
        names: &'a Names,
        directory: &'a Path,
        transcript: &'a Transcript,
    ) -> Result<Self, Failure> {
        let places = [CREPES, HAMBURGER, UTOPIA];
        let tls = Tls::new(&places.map(|place| place.host))?;
        let port = free_port(&places).await?;
        Ok(Self { names, directory, transcript, tls, port })
    }

    async fn open(&self, place: Place) -> Result<MailServer, Failure> {
        let listener = TcpListener::bind((place.address, self.port)).await?;
        let resolver = self.names.resolver(place.address)?;
        let directory = self.directory.join(place.domain);
        let tls = self.tls.clone();
        MailServer::start(place, listener, directory, resolver, tls, self.transcript).await
    }
}

/// Finds a port that is free at every address.
async fn free_port(places: &[Place]) -> Result<u16, Failure> {
    let mut last = None;
    for _ in 0..20 {
        let (mut port, mut held) = (0, Vec::new());
        for place in places {
            match TcpListener::bind((place.address, port)).await {
                Ok(listener) => {
                    port = listener.local_addr()?.port();
                    held.push(listener);
                }
                Err(error) => last = Some(error),
            }
        }
        if held.len() == places.len() {
            return Ok(port);
        }
    }
    Err(last.map_or("no port is free".into(), Into::into))
}

/// The slides' last page: two records go to the com server, two to the zone's own.
async fn found(names: &Names) -> Result<(), Failure> {
    let zone = "networkutopia.com";
    let [ns, glue] = names::delegation(zone, "dns1.networkutopia.com", at::UTOPIA_DNS)?;
    let update = Update::new("com".parse()?).require_no_name(zone.parse()?);
    names.update(at::COM, update.insert(ns).insert(glue)).await?;
    let www = "www.networkutopia.com".parse()?;
    let [mx, mail] = names::mail(zone, at::UTOPIA_MAIL)?;
    let update = Update::new(zone.parse()?)
        .require_no_set(zone.parse()?, RecordType::MX)
        .insert(Record::address(www, 3600, at::UTOPIA_WWW))
        .insert(mx)
        .insert(mail);
    names.update(at::UTOPIA_DNS, update).await
}

/// The closing table; false if a letter did not arrive unchanged.
async fn close(
    transcript: &Transcript,
    names: &Names,
    letters: &[(&str, PathBuf, Vec<PathBuf>)],
    start: Instant,
) -> Result<bool, Failure> {
    let mut equal = 0;
    transcript.print("");
    let mut table = format!("{:<34} {:>10}   octet for octet\n", "letter", "octets");
    for (what, sent, received) in letters {
        let size = tokio::fs::metadata(sent).await?.len();
        let same = match &received[..] {
            [one] => people::unchanged(sent, one).await?,
            _ => false,
        };
        equal += usize::from(same);
        let found = if same { "equal" } else { "NOT EQUAL" };
        writeln!(table, "{what:<34} {size:>10}   {found}")?;
    }
    writeln!(table, "\n{:<34} {:>10}", "name server", "queries")?;
    for (server, queries) in names.queries().await {
        writeln!(table, "{server:<34} {queries:>10}")?;
    }
    let statistics = names.statistics().await;
    writeln!(table, "\n{:<34} {:>10}", "letters read", letters.len())?;
    writeln!(table, "{:<34} {equal:>10}", "of them found equal")?;
    writeln!(table, "{:<34} {:>10}", "look-ups answered from the cache", statistics.hits)?;
    writeln!(table, "{:<34} {:>10}", "look-ups that asked others", statistics.misses)?;
    writeln!(table, "{:<34} {:>10.2}", "seconds", start.elapsed().as_secs_f64())?;
    transcript::show(&table);
    Ok(equal == letters.len())
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("   | {line}")).collect::<Vec<_>>().join("\n")
}

/// The time of day, as header fields have it.
pub(crate) fn now() -> DateTime {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(now.as_secs()).unwrap_or(0);
    DateTime::new(seconds, 0).expect("this century has dates")
}

//! Looks a name up: by asking a server, or by going down from the root to show the way.
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use clap::Parser;
use homing::{
    dns::{
        Message, MessageBuf, Name, Query, Record, RecordType,
        recursive::{self, ClientId, Config, parse_root_hints, root_hints},
        stub::{self, Stub},
        tokio::{Driver, Resolver, seed},
    },
    proto_core::{self, Transport},
};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Looks a name up in the DNS.
#[derive(Parser)]
struct Arguments {
    /// `[@SERVER] NAME [TYPE]`; SERVER is an address, with a port or without, or a name with one
    #[arg(required = true, num_args = 1..=3)]
    words: Vec<String>,
    /// Go down from the root, and show who says what
    #[arg(long)]
    trace: bool,
    /// Have signatures shown too
    #[arg(long)]
    dnssec: bool,
    /// Ask by TCP
    #[arg(long)]
    tcp: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Begin a trace at these servers of the root, instead of IANA's
    #[arg(long, value_name = "FILE", requires = "trace")]
    root_hints: Option<PathBuf>,
}

/// What is asked, and of whom.
struct Question {
    server: Option<String>,
    name: Name,
    rtype: RecordType,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lookup: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let question = question(&arguments.words)?;
    let since = Instant::now();
    let (answer, who) = if arguments.trace {
        (trace(&arguments, &question).await?, "the root and below".to_string())
    } else {
        let servers = servers(question.server.as_deref()).await?;
        let who = servers.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(", ");
        let mut config = stub::Config::new(servers);
        (config.dnssec, config.tcp) = (arguments.dnssec, arguments.tcp);
        let resolver = Resolver::spawn(Driver::new(Stub::new(config, seed()?)?));
        let answer = resolver.query(&question.name, question.rtype).await;
        (answer.map_err(|error| format!("{error} ({who})"))?, who)
    };
    if arguments.json {
        println!("{:#}", as_json(&answer.view()));
    } else {
        print(&answer.view());
        println!(";; from {who} in {} ms", since.elapsed().as_millis());
    }
    Ok(())
}

fn question(words: &[String]) -> Result<Question, Failure> {
    let server = words.iter().find_map(|word| word.strip_prefix('@')).map(str::to_string);
    let mut rest = words.iter().filter(|word| !word.starts_with('@'));
    let name = rest.next().ok_or("no name to look up")?;
    let name = name.parse().map_err(|error| format!("{name}: {error}"))?;
    let rtype = rest.next().map_or("A", String::as_str).to_uppercase();
    let rtype = rtype.parse().map_err(|error| format!("{rtype}: {error}"))?;
    Ok(Question { server, name, rtype })
}

/// Finds the servers to ask: the one that is named, or those of this host.
async fn servers(named: Option<&str>) -> Result<Vec<SocketAddr>, Failure> {
    let Some(named) = named else { return configured() };
    let bare = named.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, 53)]);
    }
    if let Ok(address) = named.parse() {
        return Ok(vec![address]);
    }
    let host = if named.contains(':') { named.to_string() } else { format!("{named}:53") };
    let found = tokio::net::lookup_host(&host).await;
    Ok(found.map_err(|error| format!("{named}: {error}"))?.collect())
}

fn configured() -> Result<Vec<SocketAddr>, Failure> {
    let file = "/etc/resolv.conf";
    let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    let addresses = text.lines().filter_map(|line| {
        let address = line.trim().strip_prefix("nameserver")?.trim();
        address.parse::<IpAddr>().ok()
    });
    let servers: Vec<_> = addresses.map(|address| SocketAddr::new(address, 53)).collect();
    if servers.is_empty() { Err(format!("{file} names no server").into()) } else { Ok(servers) }
}

/// Goes down from the root, and prints every answer on the way.
async fn trace(arguments: &Arguments, question: &Question) -> Result<MessageBuf, Failure> {
    let hints = match &arguments.root_hints {
        Some(file) => {
            let text =
                std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
            parse_root_hints(&file.to_string_lossy(), &text)?
        }
        None => root_hints(),
    };
    let mut config = Config::new(hints);
    config.allow_loopback = config.roots.iter().any(|(_, address)| address.is_loopback());
    let since = Instant::now();
    let quiet = arguments.json;
    let driver = Driver::new(recursive::Resolver::new(config, seed()?));
    let mut driver = driver.observe(move |exchange| {
        let message = Message::parse(exchange.message).ok();
        if let Some(message) = message.filter(|it| it.header().response && !quiet) {
            println!(";; {} ms, {}:", since.elapsed().as_millis(), exchange.from.ip());
            print(&message);
            println!();
        }
    });
    let octets = Query::new(&question.name, question.rtype).recursion(true).write();
    let now: proto_core::Instant = driver.now();
    driver.agent().resolve(now, ClientId(0), &Message::parse(&octets)?, Transport::Tcp)?;
    match driver.event().await {
        recursive::Event::Reply { message, .. } => Ok(MessageBuf::parse(message)?),
        _ => Err("it took too long".into()),
    }
}

fn print(message: &Message<'_>) {
    let header = message.header();
    let flags = [
        (header.authoritative, " aa"),
        (header.truncated, " tc"),
        (header.recursion_available, " ra"),
        (header.authentic_data, " ad"),
    ];
    let flags: String = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
    for question in message.questions() {
        println!(";; {} {} {}{flags}", question.name, question.rtype, message.rcode());
    }
    let sections = [
        ("answer", message.answers()),
        ("authority", message.authorities()),
        ("additional", message.additionals()),
    ];
    for (title, records) in sections {
        let records: Vec<_> = records.filter(|it| it.rtype() != RecordType::OPT).collect();
        if !records.is_empty() {
            println!(";; {title}");
        }
        records.iter().for_each(|record| println!("{record:#}"));
    }
}

fn as_json(message: &Message<'_>) -> Value {
    let records = |records: homing::dns::Records<'_>| -> Vec<Value> {
        let own = records.filter(|it| it.rtype() != RecordType::OPT).map(Record::from);
        own.map(|it| {
            json!({
                "name": it.owner().to_string(),
                "type": it.rtype().to_string(),
                "ttl": it.ttl(),
                "data": it.data().to_string(),
            })
        })
        .collect()
    };
    let header = message.header();
    json!({
        "rcode": message.rcode().to_string(),
        "authoritative": header.authoritative,
        "authentic": header.authentic_data,
        "answer": records(message.answers()),
        "authority": records(message.authorities()),
        "additional": records(message.additionals()),
    })
}

//! Looks a name up: by asking a server, or by going down from the root to show the way.
mod print;
mod question;
mod tls;
mod trace;

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    time::Instant,
};

use clap::Parser;
use homing::dns::{
    Message, MessageBuf,
    stub::{self, Event, Server, Stub},
    tokio::{Driver, seed},
};

use question::Question;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Looks a name up in the DNS.
#[derive(Parser)]
struct Arguments {
    /// `[@SERVER] NAME [TYPE]`; SERVER is an address, with a port or without, or a name with one;
    /// without one, those of /etc/resolv.conf are asked
    #[arg(required_unless_present = "reverse", num_args = 0..=3)]
    words: Vec<String>,
    /// Ask for the names of an address
    #[arg(short = 'x', long, value_name = "ADDR")]
    reverse: Option<std::net::IpAddr>,
    /// Go down from the root, and show who says what
    #[arg(long)]
    trace: bool,
    /// Have signatures shown too
    #[arg(long)]
    dnssec: bool,
    /// Ask by TCP
    #[arg(long, conflicts_with = "trace")]
    tcp: bool,
    /// Ask by TLS
    #[arg(long, conflicts_with_all = ["tcp", "trace"])]
    tls: bool,
    /// The name that the server's certificate must be for; by default, its address
    #[arg(long, value_name = "NAME", requires = "tls")]
    tls_name: Option<homing::dns::Name>,
    /// Trust certificates signed by these, too
    #[arg(long, value_name = "FILE", requires = "tls")]
    tls_ca: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Begin a trace at these servers of the root, instead of IANA's
    #[arg(long, value_name = "FILE", requires = "trace")]
    root_hints: Option<PathBuf>,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has read enough.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lookup: {error}");
            ExitCode::FAILURE
        }
    }
}

fn is_broken_pipe(error: &Failure) -> bool {
    error.downcast_ref().is_some_and(|error: &io::Error| error.kind() == io::ErrorKind::BrokenPipe)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let question = Question::read(&arguments.words, arguments.reverse)?;
    let since = Instant::now();
    let (answer, who) = match arguments.trace {
        true => (trace::walk(&arguments, &question).await?, "the root and below".to_string()),
        false => ask(&arguments, &question).await?,
    };
    let mut out = io::stdout().lock();
    if arguments.json {
        writeln!(out, "{:#}", print::as_json(&answer.view()))?;
    } else {
        print::message(&mut out, &answer.view())?;
        writeln!(out, ";; Query time: {} msec", since.elapsed().as_millis())?;
        writeln!(out, ";; SERVER: {who}")?;
        writeln!(out, ";; MSG SIZE  rcvd: {}", answer.view().octets().len())?;
    }
    Ok(())
}

/// Asks servers, and returns what one of them said, of use or not, and which.
async fn ask(arguments: &Arguments, question: &Question) -> Result<(MessageBuf, String), Failure> {
    let config = config(arguments, question).await?;
    let servers: Vec<_> = config.servers.iter().map(|it| it.address().to_string()).collect();
    let mut driver = Driver::new(Stub::new(config, seed()?)?);
    if arguments.tls {
        driver = driver.tls(tls::connector(arguments.tls_ca.as_deref())?);
    }
    let (said, heard) = std::sync::mpsc::channel();
    let mut driver = driver.observe(move |exchange| {
        if Message::parse(exchange.message).is_ok_and(|message| message.header().response) {
            let via = format!("{:?}", exchange.via).to_uppercase();
            // Nobody listens once the answer is there.
            let _ = said.send(format!("{} ({via})", exchange.from));
        }
    });
    let now = driver.now();
    driver.agent().query(now, question.name.clone(), question.rtype);
    let message = match driver.event().await {
        Event::Answer { message, .. } | Event::Failed { message: Some(message), .. } => message,
        Event::Failed { error, .. } => {
            return Err(format!("{error} ({})", servers.join(", ")).into());
        }
        _ => return Err("nothing that is known has happened".into()),
    };
    Ok((message, heard.try_iter().last().unwrap_or_default()))
}

async fn config(arguments: &Arguments, question: &Question) -> Result<stub::Config, Failure> {
    let port = if arguments.tls { 853 } else { 53 };
    let mut config = question.servers(port).await?;
    if arguments.tls {
        for server in &mut config.servers {
            let mut address = server.address();
            // A server that was found in /etc/resolv.conf listens elsewhere for TLS.
            address.set_port(if question.server.is_some() { address.port() } else { port });
            *server = Server::Tls { address, name: arguments.tls_name.clone() };
        }
    }
    config.dnssec = arguments.dnssec;
    config.tcp |= arguments.tcp;
    // It is merely shown.
    config.authentic = true;
    Ok(config)
}

//! Sends a message to a server, and says what became of it for each recipient.
mod dialogue;
mod message;

use std::{
    net::Ipv6Addr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Parser;
use homing::{
    proto_core::tokio::{
        Observer,
        tls::{
            TlsConnector,
            rustls::{
                self, ClientConfig, RootCertStore,
                pki_types::{CertificateDer, pem::PemObject},
            },
        },
    },
    sasl::{Credentials, client::Identity},
    smtp::{
        ForwardPath, Mailbox, ReversePath,
        client::{Config, Delivery, Envelope, Outcome},
        tokio::{Client, Error, Place, Security},
    },
};
use indicatif::{ProgressBar, ProgressStyle};
use message::Message;

/// Anything that stops the program, in a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long the greeting may take: RFC 5321 §4.5.3.2.1 has five minutes, but somebody is waiting,
/// perhaps for a port where TLS begins at once.
const GREETING: Duration = Duration::from_secs(60);

/// From here on a message is large enough for a progress bar.
const LARGE: u64 = 1024 * 1024;

/// Sends a message to a server, and says what became of it for each recipient.
///
/// Lines may end in LF; they are sent with CRLF. A file is read as it is sent, twice. Exit status: 0 if the server took the message for
/// every recipient; 1 if it refused some for good; 2 for a wrong command line or an unreadable
/// file; 3 if some may be tried again later, or there is no connection; 4 if nobody knows whether
/// the server has the message. The gravest of 4, 1 and 3 is told, in this order.
#[derive(Parser)]
#[command(name = "send")]
struct Arguments {
    /// The server: HOST, HOST:PORT or [ADDRESS]:PORT. Without a port: 465 with --tls, 587 with
    /// --starttls, 25 otherwise
    #[arg(long, value_name = "HOST:PORT")]
    server: String,
    /// Use TLS from the beginning
    #[arg(long, group = "security")]
    tls: bool,
    /// Begin in clear and require STARTTLS. With neither, all goes in clear
    #[arg(long, group = "security")]
    starttls: bool,
    /// Trust this certificate too, beside the system's; with --tls or --starttls
    #[arg(long, value_name = "FILE.pem", requires = "security")]
    ca: Option<PathBuf>,
    /// Log in as this user, by the best mechanism that is offered
    #[arg(long, value_name = "NAME", requires = "password_file")]
    user: Option<String>,
    /// Read the password from the first line of a file
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// Speak LMTP, where each recipient gets a verdict
    #[arg(long)]
    lmtp: bool,
    /// What to call ourselves
    #[arg(long, value_name = "NAME", default_value = "localhost")]
    helo: String,
    /// The sender; empty for none, as reports of failure have it
    #[arg(long, value_name = "MAILBOX", allow_hyphen_values = true)]
    from: String,
    /// A recipient; may be repeated, and may be several with commas between them
    #[arg(long, value_name = "MAILBOX", required = true, value_delimiter = ',')]
    to: Vec<String>,
    /// Print the dialogue, without the message and without passwords, on standard error
    #[arg(short, long)]
    verbose: bool,
    /// The message; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    message: PathBuf,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let prepared = prepare(&arguments);
    let (place, config, envelope, message, tls) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return complain(&*error, 2),
    };
    let observer = arguments.verbose.then(dialogue::dialogue);
    match send(&place, config, tls.as_ref(), observer, envelope, message).await {
        Ok(outcome) => ExitCode::from(report(&outcome)),
        Err(error) => {
            let code = status(&error);
            let at = format!("{}:{}", place.host, place.port);
            let text = format!("{at}: {}{}", chain(&error), advice(&error, place.security));
            complain(&*Failure::from(text), code)
        }
    }
}

fn complain(error: &(dyn std::error::Error + Send + Sync), code: u8) -> ExitCode {
    eprintln!("send: {error}");
    ExitCode::from(code)
}

/// An error and what caused it, in a line.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

/// What the user can do about an error, where that is known.
fn advice(error: &Error, security: Security) -> &'static str {
    use homing::smtp::Error as Session;
    let cause = match error {
        Error::Io(cause) | Error::Tls(cause) => cause,
        Error::Protocol(Session::Refused(_, reply)) if reply.code() == 535 => {
            return "; see --user and --password-file";
        }
        // A server that waits for TLS to begin says nothing, and hangs up in the end.
        Error::Protocol(Session::Timeout | Session::UnexpectedEof) if security != Security::Tls => {
            return "; if TLS begins at once there, use --tls";
        }
        _ => return "",
    };
    if cause.kind() == std::io::ErrorKind::ConnectionRefused {
        return "; is the server running, and is this its port?";
    }
    match cause.get_ref().and_then(|cause| cause.downcast_ref()) {
        Some(rustls::Error::InvalidCertificate(_)) => "; --ca trusts another certificate",
        Some(rustls::Error::InvalidMessage(_)) => {
            "; if TLS begins later there, use --starttls instead of --tls"
        }
        _ => "",
    }
}

type Prepared = (Place, Config, Envelope, Message, Option<TlsConnector>);

/// Reads the command line, the files and the message.
fn prepare(arguments: &Arguments) -> Result<Prepared, Failure> {
    let security = match (arguments.tls, arguments.starttls) {
        (true, _) => Security::Tls,
        (_, true) => Security::StartTls,
        _ => Security::Plain,
    };
    let place = place(&arguments.server, security)?;
    let mut config = Config::new(arguments.helo.parse().map_err(|_| "--helo wants a name")?);
    config.lmtp = arguments.lmtp;
    config.limits.greeting_timeout = GREETING;
    if let (Some(user), Some(file)) = (&arguments.user, &arguments.password_file) {
        let unreadable = |error| format!("cannot read {}: {error}", file.display());
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let password = text.lines().next().unwrap_or_default();
        config.identity = Some(Identity::Password(Credentials::new(user, password.into())?));
        config.plaintext_passwords = security == Security::Plain;
    }
    let from = match &*arguments.from {
        "" | "<>" => ReversePath::Null,
        from => ReversePath::Mailbox(mailbox(from)?),
    };
    let to = |to: &String| mailbox(to).map(ForwardPath::Mailbox);
    let to = arguments.to.iter().map(to).collect::<Result<_, _>>()?;
    let tls = (security != Security::Plain).then(|| connector(arguments.ca.as_deref()));
    let mut envelope = Envelope::new(from, to);
    let unreadable = |error| format!("cannot read {}: {error}", arguments.message.display());
    let mut message = Message::open(&arguments.message).map_err(unreadable)?;
    message.examine(&mut envelope).map_err(unreadable)?;
    Ok((place, config, envelope, message, tls.transpose()?))
}

fn place(server: &str, security: Security) -> Result<Place, Failure> {
    let wrong = || format!("{server} is not of the form HOST:PORT");
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port))
            if !port.contains(']') && (host.starts_with('[') || !host.contains(':')) =>
        {
            (host, Some(port.parse().map_err(|_| wrong())?))
        }
        _ if server.starts_with('[') || !server.contains(':') => (server, None),
        _ => (server.parse::<Ipv6Addr>().map(|_| server).map_err(|_| wrong())?, None),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.is_empty() {
        return Err(wrong().into());
    }
    let mut place = Place::new(host, security);
    place.port = port.unwrap_or(place.port);
    Ok(place)
}

fn mailbox(text: &str) -> Result<Mailbox, Failure> {
    let bare = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    bare.parse().map_err(|error| format!("{text} is no mailbox: {error}").into())
}

fn connector(ca: Option<&Path>) -> Result<TlsConnector, Failure> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if let Some(ca) = ca {
        let unreadable = |error| format!("cannot read {}: {error}", ca.display());
        let before = roots.len();
        for certificate in CertificateDer::pem_file_iter(ca).map_err(unreadable)? {
            roots.add(certificate.map_err(unreadable)?)?;
        }
        if roots.len() == before {
            return Err(format!("{} has no certificate in it", ca.display()).into());
        }
    }
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Ok(Arc::new(config).into())
}

async fn send(
    place: &Place,
    config: Config,
    tls: Option<&TlsConnector>,
    observer: Option<Observer>,
    envelope: Envelope,
    message: Message,
) -> Result<Outcome, Error> {
    let mut client = Client::connect(place, config, tls, observer).await?;
    let progress = bar(envelope.size.unwrap_or(0));
    let outcome = client.send_file(envelope, progress.wrap_async_read(message)).await?;
    progress.finish_and_clear();
    // What became of the message is known; a server that says no goodbye changes nothing.
    let _ = client.quit().await;
    Ok(outcome)
}

fn bar(octets: u64) -> ProgressBar {
    let bar = if octets < LARGE { ProgressBar::hidden() } else { ProgressBar::new(octets) };
    let style = "{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
    bar.with_style(ProgressStyle::with_template(style).expect("the template is well-formed"))
}

/// Prints a line for each recipient, and returns the exit status.
fn report(outcome: &Outcome) -> u8 {
    let mut worst = 0;
    for (to, delivery) in &outcome.recipients {
        let (status, words) = match delivery {
            Delivery::Accepted(reply) => (0, format!("accepted: {reply}")),
            Delivery::Refused(stage, reply) if reply.is_transient() => {
                (3, format!("not now, at {stage}: {reply}"))
            }
            Delivery::Refused(stage, reply) => (1, format!("refused, at {stage}: {reply}")),
            Delivery::Unsent(reason) => (unsent(*reason), format!("not sent: {reason}")),
            _ => (4, "unknown: the connection ended before the server's answer".into()),
        };
        println!("{to} {}", words.trim_end().replace("\r\n", " / "));
        worst = graver(worst, status);
    }
    for recipient in outcome.rest.iter().flat_map(|rest| &rest.recipients) {
        println!("{} not sent: the connection ended", recipient.to);
        worst = graver(worst, 3);
    }
    worst
}

fn unsent(reason: homing::smtp::client::Reason) -> u8 {
    use homing::smtp::client::Reason;
    match reason {
        Reason::Interrupted | Reason::SessionFull { .. } | Reason::DomainsFull { .. } => 3,
        _ => 1,
    }
}

fn graver(one: u8, other: u8) -> u8 {
    let gravity = [4, 1, 3];
    gravity.into_iter().find(|status| [one, other].contains(status)).unwrap_or(0)
}

/// What a session that failed means to who wants to send again.
fn status(error: &Error) -> u8 {
    use homing::smtp::Error as Session;
    match error {
        Error::Protocol(Session::Refused(_, reply)) if reply.is_transient() => 3,
        Error::Protocol(Session::Timeout | Session::UnexpectedEof | Session::Closing(_))
        | Error::Io(_)
        | Error::Tls(_) => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_read() {
        for (text, security, (host, port)) in [
            ("mail.x.org", Security::Plain, ("mail.x.org", 25)),
            ("mail.x.org", Security::Tls, ("mail.x.org", 465)),
            ("mail.x.org", Security::StartTls, ("mail.x.org", 587)),
            ("mail.x.org:2525", Security::Tls, ("mail.x.org", 2525)),
            ("[::1]:26", Security::Plain, ("::1", 26)),
            ("[::1]", Security::Plain, ("::1", 25)),
            ("::1", Security::Plain, ("::1", 25)),
        ] {
            let place = place(text, security).unwrap();
            assert_eq!((&*place.host, place.port), (host, port), "{text}");
        }
        for bad in ["", ":25", "host:x", "host:99999", "host:25:x"] {
            assert!(place(bad, Security::Plain).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_may_not_be_repeated_is_gravest() {
        assert_eq!(graver(graver(3, 4), 1), 4);
        assert_eq!(graver(3, 1), 1);
        assert_eq!(graver(0, 3), 3);
        assert_eq!(graver(0, 0), 0);
    }
}

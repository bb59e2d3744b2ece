//! MTA-STS policies, fetched by HTTPS (RFC 8461 §3.3).
use std::{io::ErrorKind, time::Duration};

use homing::{
    dns::{Name, tokio::Resolver},
    proto_core::tokio::tls::rustls::pki_types::ServerName,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tracing::debug;

use crate::{Failure, tls};

/// How long a fetch may take: a minute, as the RFC suggests.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long an answer may be: the RFC's 64 KiB of policy, and as much as servers take for a header.
const LONGEST: u64 = 64 * 1024 + 16 * 1024;

/// How many addresses of the host are tried.
const ADDRESSES: usize = 4;

/// Fetches a domain's policy; `None` if it cannot be had from a host that proves its name.
pub(super) async fn fetch(resolver: &Resolver, domain: &Name) -> Option<String> {
    let host = format!("mta-sts.{}", domain.to_string().trim_end_matches('.'));
    let fetched = timeout(PATIENCE, fetch_from(resolver, &host)).await;
    match fetched.map_err(Failure::from).flatten() {
        Ok(text) => Some(text),
        Err(error) => {
            debug!(host, %error, "no policy");
            None
        }
    }
}

async fn fetch_from(resolver: &Resolver, host: &str) -> Result<String, Failure> {
    let mut refused = Failure::from("it has no address");
    for address in resolver.lookup_ip(&host.parse::<Name>()?).await?.into_iter().take(ADDRESSES) {
        match TcpStream::connect((address, 443)).await {
            Ok(stream) => return ask(host, stream).await,
            Err(error) => refused = error.into(),
        }
    }
    Err(refused)
}

async fn ask(host: &str, stream: TcpStream) -> Result<String, Failure> {
    let name = ServerName::try_from(host.to_owned())?;
    let mut stream = tls::connector(true).connect(name, stream).await?;
    // HTTP/1.0: what comes is the policy as it is, and then the end of the connection.
    let question = format!("GET /.well-known/mta-sts.txt HTTP/1.0\r\nHost: {host}\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    let ended = match stream.take(LONGEST).read_to_end(&mut answer).await {
        Ok(_) => true,
        // Many servers leave without the end that TLS has, and so does who is cut off.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => false,
        Err(error) => return Err(error.into()),
    };
    Ok(read(&answer, ended)?)
}

/// Reads an answer; one that did not come to its end must be as long as it says. RFC 8461 §3.3: it
/// does not come from elsewhere, and it is text.
fn read(answer: &[u8], ended: bool) -> Result<String, &'static str> {
    let answer = str::from_utf8(answer).map_err(|_| "it is not UTF-8")?;
    let (head, text) = answer.split_once("\r\n\r\n").ok_or("it has no header")?;
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1."));
    if status.and_then(|it| it.split(' ').nth(1)) != Some("200") {
        return Err("the answer is not 200");
    }
    let mut whole = ended;
    let fields = lines.filter_map(|line| line.split_once(':'));
    for (field, value) in fields.map(|(field, value)| (field.to_ascii_lowercase(), value.trim())) {
        let kind = value.split(';').next().unwrap_or_default().trim();
        match field.as_str() {
            "content-type" if !kind.eq_ignore_ascii_case("text/plain") => {
                return Err("it is no text/plain");
            }
            "content-length" if value.parse() == Ok(text.len()) => whole = true,
            "content-length" => return Err("it is not as long as it says"),
            "transfer-encoding" => return Err("it is encoded as nobody asked for"),
            _ => {}
        }
    }
    if whole { Ok(text.into()) } else { Err("it may be cut off") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_a_whole_text_from_the_host_itself() {
        let table: [(&str, Option<&str>); 9] = [
            ("HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nx\n", Some("x\n")),
            ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nx\n", Some("x\n")),
            ("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nx\n", None),
            ("HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\nx\n", None),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nx\n", None),
            ("HTTP/1.1 302 Found\r\nLocation: https://b/\r\n\r\n", None),
            ("HTTP/1.1 404 Not Found\r\n\r\nx", None),
            ("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n", None),
            ("", None),
        ];
        for (answer, policy) in table {
            assert_eq!(read(answer.as_bytes(), true).ok().as_deref(), policy, "{answer}");
        }
        assert!(read(b"HTTP/1.1 200 OK\r\n\r\n\xff", true).is_err());
        assert!(read(b"HTTP/1.1 200 OK\r\n\r\nx", false).is_err());
        assert!(read(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false).is_ok());
    }
}

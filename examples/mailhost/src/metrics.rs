//! Counters, in the text format that Prometheus reads.
use std::{
    fmt::Write,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::host::Host;

/// How long whoever asks for the metrics may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much of a question is read.
const QUESTION: usize = 4096;

/// What has happened since the start.
#[derive(Default)]
pub(crate) struct Metrics {
    connections: AtomicU64,
    open: AtomicU64,
    logins: AtomicU64,
    refused_logins: AtomicU64,
    delivered: AtomicU64,
}

/// Counts a connection as open for as long as it lives.
pub(crate) struct Open(Arc<Host>);

impl Open {
    pub(crate) fn new(host: &Arc<Host>) -> Self {
        host.metrics.connections.fetch_add(1, Relaxed);
        host.metrics.open.fetch_add(1, Relaxed);
        Self(Arc::clone(host))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.metrics.open.fetch_sub(1, Relaxed);
    }
}

impl Metrics {
    pub(crate) fn login(&self, admitted: bool) {
        let counter = if admitted { &self.logins } else { &self.refused_logins };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn delivered(&self, mailboxes: usize) {
        self.delivered.fetch_add(mailboxes as u64, Relaxed);
    }

    fn write(&self, queued: usize) -> String {
        let mut text = String::new();
        let queued = AtomicU64::new(queued as u64);
        for (name, kind, help, value) in [
            ("connections_total", "counter", "Connections that were made.", &self.connections),
            ("connections_open", "gauge", "Connections that are open.", &self.open),
            ("logins_total", "counter", "Logins that succeeded.", &self.logins),
            ("logins_refused_total", "counter", "Logins that failed.", &self.refused_logins),
            ("delivered_total", "counter", "Messages put into INBOXes.", &self.delivered),
            ("queued", "gauge", "Messages that wait for other servers.", &queued),
        ] {
            let _ = writeln!(text, "# HELP mailhost_{name} {help}");
            let _ = writeln!(text, "# TYPE mailhost_{name} {kind}");
            let _ = writeln!(text, "mailhost_{name} {}", value.load(Relaxed));
        }
        text
    }
}

/// Answers whoever asks, for ever.
pub(crate) async fn serve(listener: TcpListener, host: Arc<Host>) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            // One at a time: it is for one who asks now and then.
            let _ = timeout(PATIENCE, answer(stream, &host)).await;
        } else {
            tokio::time::sleep(PATIENCE).await;
        }
    }
}

/// Answers any question with the metrics (RFC 9112, as little of it as does).
async fn answer(mut stream: TcpStream, host: &Host) -> std::io::Result<()> {
    let mut question = Vec::new();
    while !question.windows(4).any(|end| end == b"\r\n\r\n") && question.len() < QUESTION {
        if stream.read_buf(&mut question).await? == 0 {
            break;
        }
    }
    let text = host.metrics.write(host.relay.waiting());
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        text.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(text.as_bytes()).await
}

/// Opens the address on which metrics are asked for.
pub(crate) async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let failed = |error| format!("cannot listen for metrics on {address}: {error}");
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    println!("listening metrics {}", listener.local_addr().map_err(failed)?);
    Ok(listener)
}

//! A load of IMAP commands, as mail readers give them, and what they cost the server.
//!
//! `imap-load fill PORT` puts messages into the mailboxes of `user0` to `user9`, whose password is
//! `hungry`. `imap-load run PORT PID CLIENTS SECONDS COMMANDS` has so many clients work at once,
//! each of which logs out and in again after so many commands (0: never), and prints commands a
//! second, and the microseconds of CPU that PID and its descendants spent on each. `imap-load idle
//! PORT PID CLIENTS` has so many do nothing with INBOX selected, and prints how many megabytes PID
//! has before, when they have logged in, when they wait, and after a message has come to each
//! mailbox.
//!
//! It speaks in raw octets and looks at the last line only, for on a small machine the server gets
//! the cores that the load leaves it.
use std::{
    collections::HashMap,
    env, fs,
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpSocket, TcpStream},
    task::LocalSet,
};

type Failure = Box<dyn std::error::Error>;

/// How many messages each mailbox has, which stay while others come and go.
const MESSAGES: usize = 500;

/// How many users there are.
const USERS: usize = 10;

/// How many clients there are for each local address: servers limit what comes from one.
const EACH: usize = 10;

const USAGE: &str =
    "usage: imap-load fill PORT | run PORT PID CLIENTS SECONDS COMMANDS | idle PORT PID CLIENTS";

fn main() -> Result<(), Failure> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match words[..] {
        ["fill", port] => runtime.block_on(fill(port.parse()?)),
        ["run", port, pid, clients, seconds, commands] => {
            let (port, pid) = (port.parse()?, pid.parse()?);
            let seconds = Duration::from_secs(seconds.parse()?);
            let load = run(port, pid, clients.parse()?, seconds, commands.parse()?);
            runtime.block_on(LocalSet::new().run_until(load))
        }
        ["idle", port, pid, clients] => {
            runtime.block_on(idle(port.parse()?, pid.parse()?, clients.parse()?))
        }
        _ => Err(USAGE.into()),
    }
}

async fn fill(port: u16) -> Result<(), Failure> {
    for user in 0..USERS {
        let mut client = Client::open(port, user).await?;
        // It may be there already.
        let _ = client.command(b"T CREATE Archive\r\n").await;
        for number in 0..MESSAGES {
            client.command(&append("", &message(number))).await?;
        }
    }
    Ok(())
}

async fn run(
    port: u16,
    pid: u32,
    clients: usize,
    seconds: Duration,
    commands: usize,
) -> Result<(), Failure> {
    let mut all = Vec::new();
    for number in 0..clients {
        let mut client = Client::open(port, number).await?;
        client.command(b"T SELECT INBOX\r\n").await?;
        all.push(client);
    }
    let mix = Rc::new(mix());
    let (before, began) = (cpu(pid)?, Instant::now());
    let end = began + seconds;
    let work = all.into_iter().map(|client| client.work(Rc::clone(&mix), commands, end));
    let tasks: Vec<_> = work.map(tokio::task::spawn_local).collect();
    let (mut done, mut left) = (0, Vec::new());
    for task in tasks {
        let client = task.await??;
        done += client.done;
        left.push(client);
    }
    let (took, spent) = (began.elapsed(), cpu(pid)?.saturating_sub(before));
    let rate = done as f64 / took.as_secs_f64();
    println!("{rate:.0} {:.1}", spent.as_secs_f64() * 1e6 / done as f64);
    Ok(())
}

async fn idle(port: u16, pid: u32, clients: usize) -> Result<(), Failure> {
    let mut all = Vec::new();
    let mut memory = vec![megabytes(pid)?];
    for number in 0..clients {
        all.push(Client::open(port, number).await?);
    }
    memory.push(megabytes(pid)?);
    for client in &mut all {
        client.command(b"T SELECT INBOX\r\n").await?;
        client.stream.try_write(b"T IDLE\r\n")?;
        client.read().await?;
        client.answer.clear();
    }
    memory.push(megabytes(pid)?);
    for user in 0..USERS {
        Client::open(port, user).await?.command(&append("", &message(user))).await?;
    }
    for client in &mut all {
        while !client.answer.ends_with(b"EXISTS\r\n") && !client.answer.ends_with(b"RECENT\r\n") {
            client.read().await?;
        }
    }
    memory.push(megabytes(pid)?);
    println!("{memory:.1?}");
    Ok(())
}

/// Returns how much memory a process has.
fn megabytes(pid: u32) -> Result<f64, Failure> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).ok_or("no VmRSS")?;
    Ok(kilobytes.trim().parse::<f64>()? / 1024.0)
}

/// One connection.
struct Client {
    port: u16,
    number: usize,
    stream: TcpStream,
    /// What has come of an answer.
    answer: Vec<u8>,
    done: usize,
}

impl Client {
    async fn open(port: u16, number: usize) -> Result<Self, Failure> {
        let mut client = Self {
            port,
            number,
            stream: connect(port, number).await?,
            answer: Vec::new(),
            done: 0,
        };
        client.greet().await?;
        Ok(client)
    }

    async fn greet(&mut self) -> Result<(), Failure> {
        while !self.answer.ends_with(b"\r\n") {
            self.read().await?;
        }
        self.answer.clear();
        self.command(format!("T LOGIN user{} hungry\r\n", self.number % USERS).as_bytes()).await
    }

    async fn work(
        mut self,
        mix: Rc<Vec<Vec<u8>>>,
        commands: usize,
        end: Instant,
    ) -> Result<Self, String> {
        let mut mixed = mix.iter().cycle().skip(self.number * 13 % mix.len());
        while Instant::now() < end {
            let worked = if commands > 0 && self.done % commands == commands - 1 {
                self.come_again().await
            } else {
                self.command(mixed.next().map_or(&[], Vec::as_slice)).await
            };
            worked.map_err(|error| error.to_string())?;
        }
        Ok(self)
    }

    async fn come_again(&mut self) -> Result<(), Failure> {
        self.command(b"T LOGOUT\r\n").await?;
        self.stream = connect(self.port, self.number).await?;
        self.greet().await?;
        self.command(b"T SELECT INBOX\r\n").await
    }

    /// Gives a command, and waits until it has ended well.
    async fn command(&mut self, mut command: &[u8]) -> Result<(), Failure> {
        while !command.is_empty() {
            match self.stream.try_write(command) {
                Ok(written) => command = command.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stream.writable().await?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        loop {
            match self.ended() {
                Some(true) => break,
                Some(false) => {
                    let answer = std::mem::take(&mut self.answer);
                    return Err(String::from_utf8_lossy(&answer).into());
                }
                None => self.read().await?,
            }
        }
        self.answer.clear();
        self.done += 1;
        Ok(())
    }

    /// Whether the command ended well, once it has: messages have no line that looks like that.
    fn ended(&self) -> Option<bool> {
        let all = self.answer.strip_suffix(b"\r\n")?;
        let start = memchr::memrchr(b'\n', all).map_or(0, |at| at + 1);
        let last = all.get(start..).filter(|line| line.starts_with(b"T "))?;
        Some(last.starts_with(b"T OK"))
    }

    async fn read(&mut self) -> io::Result<()> {
        loop {
            self.stream.readable().await?;
            self.answer.reserve(16 * 1024);
            match self.stream.try_read_buf(&mut self.answer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

async fn connect(port: u16, number: usize) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    let last = u8::try_from(number / EACH % 250 + 1).unwrap_or(1);
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 1, last), 0)))?;
    let stream = socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// What readers ask, as a rule: mostly they read; of a hundred commands, twelve write.
fn mix() -> Vec<Vec<u8>> {
    let mut mix = Vec::new();
    for round in 0..MESSAGES {
        let mut at = (0..MESSAGES).map(|number| (round * 31 + number) * 7919 % MESSAGES + 1);
        let mut at = || at.next().unwrap_or(1);
        let mut add = |command: String| mix.push(format!("T {command}\r\n").into_bytes());
        for _ in 0..2 {
            add("NOOP".into());
            let (from, to) = match at() {
                to @ ..=20 => (1, to),
                to => (to - 20, to),
            };
            add(format!("FETCH {from}:{to} (UID FLAGS INTERNALDATE RFC822.SIZE)"));
            add(format!("UID FETCH {} (FLAGS)", at()));
            add(format!("UID FETCH {} BODY.PEEK[]", at()));
            add(format!("UID FETCH {} (ENVELOPE BODYSTRUCTURE)", at()));
            add("UID SEARCH UNSEEN".into());
            add("STATUS INBOX (MESSAGES UIDNEXT UNSEEN)".into());
            add(format!("UID FETCH {} BODY.PEEK[HEADER.FIELDS (SUBJECT FROM)]", at()));
            add(format!("FETCH {} BODY.PEEK[TEXT]<0.500>", at()));
            let sign = if round % 2 == 0 { '+' } else { '-' };
            add(format!("STORE {} {sign}FLAGS.SILENT (\\Flagged)", at()));
        }
        // One in a hundred of each of these.
        match round % 5 {
            1 => mix.push(append("(\\Seen \\Deleted) ", &message(round))),
            2 => add(format!("UID COPY {} Archive", at())),
            3 => add("EXPUNGE".into()),
            4 => add(format!("UID SEARCH {}:{} SUBJECT 42", at(), at())),
            _ => {}
        }
    }
    mix
}

fn append(flags: &str, message: &[u8]) -> Vec<u8> {
    let mut command = format!("T APPEND INBOX {flags}{{{}+}}\r\n", message.len()).into_bytes();
    command.extend_from_slice(message);
    command.extend_from_slice(b"\r\n");
    command
}

/// A message of 3,000 octets.
fn message(number: usize) -> Vec<u8> {
    let mut message = format!(
        "From: Alice <alice@example.org>\r\nTo: Bob <bob@example.test>\r\nSubject: number {number}\r\n\
         Date: Tue, 1 Apr 2025 10:00:00 +0000\r\nMessage-ID: <{number}@example.org>\r\n\r\n"
    )
    .into_bytes();
    message.extend(b"All mail and no play.\r\n".iter().cycle().take(2998 - message.len()));
    message.extend_from_slice(b"\r\n");
    message
}

/// Returns how long a process and its descendants have had a core, by the kernel's account.
fn cpu(pid: u32) -> Result<Duration, Failure> {
    let mut all = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(pid) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // It may have ended meanwhile.
        if let Ok(line) = fs::read_to_string(format!("/proc/{pid}/stat")) {
            all.extend(parent_and_ticks(&line).map(|known| (pid, known)));
        }
    }
    let is_ours = |mut one: u32| loop {
        match all.get(&one) {
            _ if one == pid => return true,
            Some((parent, _)) if *parent != one => one = *parent,
            _ => return false,
        }
    };
    let ticks: u64 = all.iter().filter(|(one, _)| is_ours(**one)).map(|(_, (_, it))| it).sum();
    // A hundred a second, to every program (proc(5)).
    Ok(Duration::from_millis(ticks * 10))
}

/// Reads a line of proc(5): the parent, and user's and system's time, ended children's too.
fn parent_and_ticks(line: &str) -> Option<(u32, u64)> {
    let fields: Vec<&str> = line.rsplit_once(") ")?.1.split(' ').collect();
    let ticks = fields.get(11..15)?.iter().filter_map(|it| it.parse::<u64>().ok()).sum();
    Some((fields.get(1)?.parse().ok()?, ticks))
}

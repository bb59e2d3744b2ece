//! Clients of the plainest kind: a command, and its answer.
use std::{
    collections::BTreeSet,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::PASSWORD;

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

fn connect(address: SocketAddr) -> io::Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

/// Reads a line, without its end.
fn line(stream: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut octets = Vec::new();
    stream.read_until(b'\n', &mut octets)?;
    match octets.strip_suffix(b"\r\n") {
        Some(line) => Ok(String::from_utf8_lossy(line).into_owned()),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// Octets as they stand before the dot that ends them.
fn stuffed(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// What a server says to a command that it does not obey.
#[derive(Debug)]
pub struct No(pub String);

/// What came of a command: the server is away, or refuses, or has done it.
pub type Answer<T> = io::Result<Result<T, No>>;

pub struct Smtp(BufReader<TcpStream>);

impl Smtp {
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let mut smtp = Self(connect(address)?);
        smtp.reply()?.unwrap();
        smtp.command("EHLO client.test")?.unwrap();
        Ok(smtp)
    }

    fn reply(&mut self) -> Answer<String> {
        loop {
            let line = line(&mut self.0)?;
            if line.as_bytes().get(3) != Some(&b'-') {
                let good = line.starts_with(['2', '3']);
                return Ok(if good { Ok(line) } else { Err(No(line)) });
            }
        }
    }

    fn command(&mut self, line: &str) -> Answer<String> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends a message, whose lines end in CRLF, to users of example.test.
    pub fn send(&mut self, to: &[&str], octets: &[u8]) -> Answer<String> {
        let mut commands = vec!["MAIL FROM:<a@client.test>".to_owned()];
        commands.extend(to.iter().map(|user| format!("RCPT TO:<{user}@example.test>")));
        commands.push("DATA".into());
        for command in commands {
            if let Err(no) = self.command(&command)? {
                self.command("RSET")?.unwrap();
                return Ok(Err(no));
            }
        }
        self.0.get_mut().write_all(&stuffed(octets))?;
        self.reply()
    }
}

pub struct Pop3(BufReader<TcpStream>);

impl Pop3 {
    /// Logs in; returns the unique ids too, in the messages' order.
    pub fn open(address: SocketAddr, user: &str) -> Answer<(Self, Vec<String>)> {
        let mut pop3 = Self(connect(address)?);
        pop3.reply()?.unwrap();
        for command in [format!("USER {user}"), format!("PASS {PASSWORD}")] {
            if let Err(no) = pop3.command(&command)? {
                return Ok(Err(no));
            }
        }
        pop3.command("UIDL")?.unwrap();
        let mut ids = Vec::new();
        loop {
            let line = line(&mut pop3.0)?;
            match line.split_once(' ') {
                Some((_, id)) => ids.push(id.to_owned()),
                None => return Ok(Ok((pop3, ids))),
            }
        }
    }

    fn reply(&mut self) -> Answer<String> {
        let line = line(&mut self.0)?;
        Ok(if line.starts_with("+OK") { Ok(line) } else { Err(No(line)) })
    }

    pub fn command(&mut self, line: &str) -> Answer<String> {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    pub fn retrieve(&mut self, number: usize) -> Answer<Vec<u8>> {
        if let Err(no) = self.command(&format!("RETR {number}"))? {
            return Ok(Err(no));
        }
        let mut octets = Vec::new();
        loop {
            let mut line = Vec::new();
            self.0.read_until(b'\n', &mut line)?;
            match &line[..] {
                b".\r\n" => return Ok(Ok(octets)),
                b"" => return Err(io::ErrorKind::UnexpectedEof.into()),
                [b'.', rest @ ..] => octets.extend_from_slice(rest),
                rest => octets.extend_from_slice(rest),
            }
        }
    }
}

/// A message as FETCH tells it.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub uid: u32,
    pub flags: BTreeSet<String>,
    pub octets: Vec<u8>,
}

/// A response line, and the literals that stood in it.
type Line = (String, Vec<Vec<u8>>);

pub struct Imap {
    stream: BufReader<TcpStream>,
    /// What the server said before it said OK.
    pub said: Vec<Line>,
}

impl Imap {
    /// Logs in.
    pub fn open(address: SocketAddr, user: &str) -> io::Result<Self> {
        let mut imap = Self { stream: connect(address)?, said: Vec::new() };
        imap.line()?;
        imap.command(&format!("LOGIN {user} {PASSWORD}"))?.unwrap();
        Ok(imap)
    }

    pub fn line(&mut self) -> io::Result<Line> {
        let (mut text, mut literals) = (line(&mut self.stream)?, Vec::new());
        while let Some(size) = text.strip_suffix('}').and_then(|it| it.rsplit_once('{')) {
            let mut octets = vec![0; size.1.parse().unwrap()];
            self.stream.read_exact(&mut octets)?;
            literals.push(octets);
            text = format!("{}<literal>{}", size.0, line(&mut self.stream)?);
        }
        Ok((text, literals))
    }

    pub fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(octets)
    }

    /// Gives a command; returns what stands after OK.
    pub fn command(&mut self, command: &str) -> Answer<String> {
        self.write(format!("t {command}\r\n").as_bytes())?;
        self.tagged()
    }

    /// Waits for the end of a command.
    pub fn tagged(&mut self) -> Answer<String> {
        self.said.clear();
        loop {
            let line = self.line()?;
            match line.0.strip_prefix("t ") {
                Some(end) => {
                    let ok = end.strip_prefix("OK ").map(str::to_owned);
                    return Ok(ok.ok_or_else(|| No(end.to_owned())));
                }
                None => self.said.push(line),
            }
        }
    }

    /// Puts a message into a mailbox; returns its UID.
    pub fn append(&mut self, mailbox: &str, flags: &str, octets: &[u8]) -> Answer<u32> {
        let size = octets.len();
        self.write(format!("t APPEND {mailbox} ({flags}) {{{size}}}\r\n").as_bytes())?;
        let (line, _) = self.line()?;
        if !line.starts_with('+') {
            return Ok(Err(No(line)));
        }
        self.write(octets)?;
        self.write(b"\r\n")?;
        Ok(self.tagged()?.map(|ok| *numbers(&ok, "APPENDUID").last().unwrap()))
    }

    /// Selects a mailbox; returns its UIDVALIDITY and UIDNEXT.
    pub fn select(&mut self, mailbox: &str) -> Answer<(u32, u32)> {
        let selected = self.command(&format!("SELECT {mailbox}"))?;
        let said = |code| {
            let mut lines = self.said.iter().filter(|(line, _)| line.contains(code));
            numbers(&lines.next().unwrap().0, code)[0]
        };
        Ok(selected.map(|_| (said("UIDVALIDITY"), said("UIDNEXT"))))
    }

    /// Reads everything that is in the mailbox.
    pub fn everything(&mut self) -> io::Result<Vec<Fetched>> {
        self.command("UID FETCH 1:* (UID FLAGS BODY.PEEK[])")?.unwrap();
        Ok(self.said.iter().filter(|(line, _)| line.contains(" FETCH (")).map(fetched).collect())
    }
}

fn fetched((line, literals): &Line) -> Fetched {
    let uid = line.split_once("UID ").unwrap().1;
    let uid = uid.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap();
    let flags = line.split_once("FLAGS (").unwrap().1.split_once(')').unwrap().0;
    let flags = flags.split(' ').filter(|flag| !flag.is_empty() && *flag != "\\Recent");
    // An empty message, and one on a line, may come as a string; ours are never so.
    Fetched { uid, flags: flags.map(str::to_owned).collect(), octets: literals[0].clone() }
}

/// Returns the numbers in a response code that has nothing else.
pub fn numbers(line: &str, code: &str) -> Vec<u32> {
    let code = line.split_once(code).unwrap().1.split_once(']').unwrap().0;
    code.split([' ', ',', ':']).filter_map(|word| word.parse().ok()).collect()
}

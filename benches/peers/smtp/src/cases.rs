//! What is measured, the same octets for everybody.
use bytes::{Bytes, BytesMut};

use crate::placed::Placed;
use crate::{ours, peers};

/// Something to do, and who can do it. The first is what the others are measured by.
pub struct Case {
    pub name: &'static str,
    pub runners: &'static [(&'static str, Runner)],
}

pub type Runner = fn(&mut Material);

pub const CASES: [Case; 4] = [
    Case {
        name: "receive 50 KB",
        runners: &[
            ("smtp-proto, not strict", peers::receive_stalwart),
            ("ours: strict, session's input", ours::receive),
            ("ours: strict, unstuffer alone", ours::unstuff),
            ("mailin", peers::receive_mailin),
        ],
    },
    Case {
        name: "stuff 50 KB",
        runners: &[
            ("memmem and copy", peers::stuff_memmem),
            ("ours: strict", ours::stuff_strictly),
            ("ours: promised canonical", ours::stuff_promised),
        ],
    },
    Case {
        name: "13 commands",
        runners: &[("smtp-proto", peers::commands_stalwart), ("ours", ours::commands)],
    },
    Case {
        name: "EHLO reply",
        runners: &[
            ("smtp-proto", peers::ehlo_stalwart),
            ("ours: reply and capabilities", ours::ehlo),
            ("ours: reply alone", ours::reply),
            ("lettre: reply alone", peers::reply_lettre),
        ],
    },
];

const SIZE: usize = 50 << 10;

const LINES: [&str; 13] = [
    "EHLO client.example.org",
    "MAIL FROM:<alice@example.org> SIZE=12345 BODY=8BITMIME SMTPUTF8",
    "RCPT TO:<bob@example.net>",
    "RCPT TO:<\"quoted local\"@example.com>",
    "RCPT TO:<carol+tag@example.com> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;carol+40example.com",
    "DATA",
    "RSET",
    "NOOP",
    "VRFY postmaster",
    "AUTH PLAIN AGFsaWNlAHNlY3JldA==",
    "STARTTLS",
    "BDAT 86 LAST",
    "QUIT",
];

pub const EHLO: &str = "250-mx.example.org greets client.example.org\r\n250-PIPELINING\r\n\
    250-SIZE 52428800\r\n250-ETRN\r\n250-AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256\r\n\
    250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250-STARTTLS\r\n250-CHUNKING\r\n\
    250-VRFY\r\n250 SMTPUTF8\r\n";

/// What comes, and where it goes.
pub struct Material {
    pub mail: Placed,
    pub wire: Placed,
    /// Without CRLF, as they come out of a session's input.
    pub lines: Vec<Bytes>,
    /// With CRLF.
    pub wire_lines: Vec<Vec<u8>>,
    pub out: Vec<u8>,
    pub out_bytes: BytesMut,
}

impl Material {
    pub fn new() -> Self {
        let mail = mail();
        let mut wire = Vec::new();
        peers::stuff(&mail, &mut wire);
        Self {
            mail: Placed::new(&mail),
            wire: Placed::new(&wire),
            lines: LINES.iter().map(|line| Bytes::copy_from_slice(line.as_bytes())).collect(),
            wire_lines: LINES.iter().map(|line| [line.as_bytes(), b"\r\n"].concat()).collect(),
            out: Vec::with_capacity(2 * SIZE),
            out_bytes: BytesMut::with_capacity(2 * SIZE),
        }
    }
}

impl Material {
    /// Puts what comes where its address has this remainder by 4096.
    pub fn place(&mut self, remainder: usize) {
        self.mail.place(remainder);
        self.wire.place(remainder);
    }
}

/// Lines of 76, one in fifty with a dot at its start.
fn mail() -> Vec<u8> {
    let line = |number: usize| {
        let start = if number % 50 == 7 { b'.' } else { b'x' };
        [&[start][..], &[b'x'; 75], b"\r\n"].concat()
    };
    (0..SIZE.div_ceil(78)).flat_map(line).collect()
}

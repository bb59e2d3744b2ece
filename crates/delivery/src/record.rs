//! What must survive a crash: a journal, a line a record.
use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};

use bytes::{Bytes, BytesMut};
use dns_proto::Name;
use proto_core::Text;
use smtp_proto::{Command, ForwardPath, Leniency};

use crate::{Cause, Handover, Policy, Recipient, Submission};

/// The number of a message in a queue; never used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId(pub u64);

/// Something that happened to a message, or that was found out. All records in order make the queue
/// what it was.
///
/// ```
/// use delivery::{MessageId, Record};
///
/// let line = "accepted\t7\t1700000000\tMAIL FROM:<a@b.example> RET=HDRS\tRCPT TO:<c@d.example>\t.\n";
/// let record = Record::parse(line.trim_end()).expect("a record");
/// assert_eq!(record.message(), Some(MessageId(7)));
/// assert_eq!(record.write(), line);
/// // What a crash left of "removed\t71\t." would else be somebody else's mail:
/// assert_eq!(Record::parse("removed\t7"), None);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// We are responsible for it.
    Accepted {
        /// Which.
        message: MessageId,
        /// When, in seconds since 1970.
        at: u64,
        /// From whom it is and to whom.
        submission: Submission,
        /// What the sender of another message is told by it: the two are one step.
        tells: Option<Told>,
    },
    /// Somebody else is responsible for it, as far as this recipient goes.
    Delivered {
        /// Which.
        message: MessageId,
        /// The recipient's place, counted from 0.
        recipient: u32,
        /// Who.
        how: Handover,
    },
    /// It will never reach this recipient.
    Failed {
        /// Which.
        message: MessageId,
        /// The recipient's place, counted from 0.
        recipient: u32,
        /// Why.
        why: Cause,
    },
    /// Its sender was told.
    Told(Told),
    /// Nobody waits for anything any more.
    Removed {
        /// Which.
        message: MessageId,
    },
    /// A domain has an MTA-STS policy: who takes its name out of DNS does not make a queue that was
    /// started again forget it (RFC 8461 §5.1).
    Policy(Held),
}

/// A policy that holds for a while.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held {
    /// Whose it is.
    pub domain: Name,
    /// What the domain calls it: letters and digits.
    pub name: Text,
    /// Until when it holds, in seconds since 1970.
    pub until: u64,
    /// What it says.
    pub policy: Arc<Policy>,
}

/// Of what a message's sender was told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Told {
    /// Which message.
    pub message: MessageId,
    /// That it is late, for all who wait for it.
    pub delay: bool,
    /// The places of recipients whose fate was told.
    pub recipients: Vec<u32>,
}

impl Record {
    /// Returns the message it is about, if it is about one.
    #[must_use]
    pub const fn message(&self) -> Option<MessageId> {
        match self {
            Self::Accepted { message, .. }
            | Self::Delivered { message, .. }
            | Self::Failed { message, .. }
            | Self::Told(Told { message, .. })
            | Self::Removed { message } => Some(*message),
            Self::Policy(_) => None,
        }
    }

    /// Writes a line. Fields are apart by tabulators, which no command of SMTP has. The last one
    /// is a dot: a line that a crash cut off is none of a record.
    #[must_use]
    pub fn write(&self) -> String {
        let id = self.message().map_or(0, |message| message.0);
        match self {
            Self::Accepted { at, submission, tells, .. } => {
                let mut line = format!("accepted\t{id}\t{at}");
                if let Some(told) = tells {
                    line.push_str(&format!("\ttells {} {}", told.message.0, told.places()));
                }
                submission.write(&mut line);
                line.push_str("\t.\n");
                line
            }
            Self::Delivered { recipient, how, .. } => {
                format!("delivered\t{id}\t{recipient}\t{}\t.\n", word(*how))
            }
            Self::Failed { recipient, why, .. } => {
                let remote = why.remote().map(plain).unwrap_or_default();
                let words = plain(why.words());
                format!("failed\t{id}\t{recipient}\t{}\t{remote}\t{words}\t.\n", why.status())
            }
            Self::Told(told) => format!("told\t{id}\t{}\t.\n", told.places()),
            Self::Removed { .. } => format!("removed\t{id}\t.\n"),
            Self::Policy(Held { domain, name, until, policy }) => {
                format!("policy\t{domain}\t{name}\t{until}\t{}\t.\n", policy.line())
            }
        }
    }

    /// Reads a line, without its line feed; `None` if it is no record. Only the last line of a
    /// journal can be none after a crash: it was never acknowledged, so nothing is lost with it.
    /// Cut it off before another record is appended.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.strip_suffix("\t.")?.split('\t');
        let word = fields.next()?;
        if word == "policy" {
            let held = Held::parse(&mut fields)?;
            return fields.next().is_none().then_some(Self::Policy(held));
        }
        let message = MessageId(fields.next()?.parse().ok()?);
        let record = match word {
            "accepted" => {
                let at = fields.next()?.parse().ok()?;
                let mut rest = fields.clone();
                let tells = match rest.next()?.strip_prefix("tells ") {
                    Some(told) => {
                        fields = rest;
                        let (message, places) = told.split_once(' ')?;
                        Some(Told::parse(MessageId(message.parse().ok()?), places)?)
                    }
                    None => None,
                };
                let submission = Submission::parse(fields.by_ref())?;
                Self::Accepted { message, at, submission, tells }
            }
            "delivered" => {
                let recipient = fields.next()?.parse().ok()?;
                Self::Delivered { message, recipient, how: handover(fields.next()?)? }
            }
            "failed" => {
                let recipient = fields.next()?.parse().ok()?;
                let status = fields.next()?.parse().ok()?;
                let (remote, words) = (fields.next()?, fields.next()?);
                let why = Cause::restore(status, Text::new(words).ok()?, Text::new(remote).ok()?);
                Self::Failed { message, recipient, why }
            }
            "told" => Self::Told(Told::parse(message, fields.next()?)?),
            "removed" => Self::Removed { message },
            _ => return None,
        };
        fields.next().is_none().then_some(record)
    }
}

impl Held {
    fn parse<'l>(mut fields: impl Iterator<Item = &'l str>) -> Option<Self> {
        let domain = fields.next()?.parse().ok()?;
        let name = Text::new(fields.next()?).ok()?;
        let until = fields.next()?.parse().ok()?;
        let policy = Policy::of_line(fields.next()?)?.into();
        Some(Self { domain, name, until, policy })
    }
}

impl Told {
    fn places(&self) -> String {
        let places: Vec<_> = self.recipients.iter().map(ToString::to_string).collect();
        format!("{}{}", if self.delay { "delay:" } else { "" }, places.join(","))
    }

    fn parse(message: MessageId, places: &str) -> Option<Self> {
        let (delay, places) = match places.strip_prefix("delay:") {
            Some(places) => (true, places),
            None => (false, places),
        };
        let numbers = places.split(',').filter(|_| !places.is_empty());
        let recipients: Option<Vec<_>> = numbers.map(|place| place.parse().ok()).collect();
        Some(Self { message, delay, recipients: recipients? })
    }
}

impl Submission {
    /// The commands of SMTP that say the same, each after a tabulator.
    fn write(&self, line: &mut String) {
        let (from, parameters) = (self.from.clone(), self.parameters.clone());
        let mut push = |mark: &str, command: &Command| {
            let mut octets = BytesMut::new();
            command.write(&mut octets);
            line.push('\t');
            line.push_str(mark);
            line.push_str(String::from_utf8_lossy(&octets).trim_end());
        };
        push("", &Command::Mail { from, parameters });
        for Recipient { to, parameters, expanded } in &self.recipients {
            let to = ForwardPath::Mailbox(to.clone());
            let command = Command::Rcpt { to, parameters: parameters.clone() };
            push(if *expanded { "EXPANDED " } else { "" }, &command);
        }
    }

    /// All share one buffer, which is all that a message costs beside its places.
    fn parse<'l>(fields: impl Iterator<Item = &'l str>) -> Option<Self> {
        let line = Bytes::from(fields.collect::<Vec<_>>().join("\t"));
        let mut commands = line.split(|octet| *octet == b'\t').map(|it| line.slice_ref(it));
        let parse = |command: &Bytes| Command::parse(command, Leniency::STRICT).ok();
        let Command::Mail { from, parameters } = parse(&commands.next()?)? else { return None };
        let recipients = commands.map(|command| {
            let (command, expanded) = match command.strip_prefix(b"EXPANDED ") {
                Some(rest) => (command.slice_ref(rest), true),
                None => (command, false),
            };
            let Command::Rcpt { to, parameters } = parse(&command)? else { return None };
            let ForwardPath::Mailbox(to) = to else { return None };
            Some(Recipient { to, parameters, expanded })
        });
        let recipients = recipients.collect::<Option<Vec<_>>>()?;
        (!recipients.is_empty()).then_some(Self { from, parameters, recipients })
    }

    /// The same in a buffer of its own: what came over the wire keeps what came with it alive.
    pub(crate) fn compact(&self) -> Option<Self> {
        let mut line = String::new();
        self.write(&mut line);
        Self::parse(line.split('\t').skip(1))
    }
}

const WORDS: [(Handover, &str); 5] = [
    (Handover::Passed, "passed"),
    (Handover::Relayed, "relayed"),
    (Handover::Untimed, "untimed"),
    (Handover::Delivered, "delivered"),
    (Handover::Expanded, "expanded"),
];

fn word(how: Handover) -> &'static str {
    WORDS.iter().find(|(it, _)| *it == how).map_or("", |(_, word)| word)
}

fn handover(word: &str) -> Option<Handover> {
    WORDS.iter().find(|(_, it)| *it == word).map(|(how, _)| *how)
}

fn plain(text: &Text) -> String {
    text.to_string().replace('\t', " ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smtp_proto::{Notify, Parameters, Return, ReversePath};

    use super::*;

    fn submission() -> Submission {
        let from = ReversePath::Mailbox(r#""a b"@crepes.fr"#.parse().unwrap());
        let parameters = Parameters::default().with_returned(Return::Full).with_size(7);
        let notify = Parameters::default().with_notify(Notify::SUCCESS.and(Notify::DELAY));
        let mut submission = Submission::new(from, ["bob@hamburger.edu".parse().unwrap()]);
        submission.parameters = parameters;
        submission.recipients.push(Recipient {
            to: "ü@hamburger.edu".parse().unwrap(),
            parameters: notify,
            expanded: true,
        });
        submission
    }

    fn records() -> Vec<Record> {
        let message = MessageId(u64::MAX);
        let why = Cause::said(
            &smtp_proto::Reply::new(550, "5.1.1 No such user").unwrap(),
            "mx.hamburger.edu",
        );
        let told = |delay, recipients: &[u32]| Told {
            message: MessageId(3),
            delay,
            recipients: recipients.to_vec(),
        };
        let plain = Submission::new(ReversePath::Null, ["a@b".parse().unwrap()]);
        let tells = Some(told(true, &[]));
        Vec::from([
            Record::Accepted { message, at: 0, submission: submission(), tells: None },
            Record::Accepted { message, at: 1_700_000_000, submission: plain, tells },
            Record::Delivered { message, recipient: 1, how: Handover::Passed },
            Record::Delivered { message, recipient: 1, how: Handover::Expanded },
            Record::Delivered { message, recipient: 2, how: Handover::Untimed },
            Record::Failed { message, recipient: 0, why },
            Record::Told(told(false, &[0, 7])),
            Record::Told(told(true, &[2])),
            Record::Removed { message },
            Record::Policy(Held {
                domain: r"a\ b.example".parse().unwrap(),
                name: Text::from_static("20160831085700Z"),
                until: 1_700_000_000,
                policy: Policy::of_line("enforce 86400 a.b *.c").unwrap().into(),
            }),
        ])
    }

    #[test]
    fn records_are_written_and_read_again() {
        for record in records() {
            let line = record.write();
            assert_eq!(Record::parse(line.strip_suffix('\n').unwrap()), Some(record), "{line}");
            for end in (0..line.len() - 1).filter(|end| line.is_char_boundary(*end)) {
                let torn = line.get(..end).unwrap();
                assert_eq!(Record::parse(torn), None, "{torn}");
            }
        }
    }

    #[test]
    fn what_is_no_record_is_none() {
        let torn = [
            "",
            ".",
            "accepted\t.",
            "accepted\t1\t2\t.",
            "accepted\t1\t2\tMAIL FROM:<>\t.",
            "accepted\t1\t2\tRCPT TO:<a@b>\t.",
            "accepted\t1\t2\tMAIL FROM:<>\tRCPT TO:<Postmaster>\t.",
            "accepted\t1\t2\tMAIL FROM:<>\tNOOP\t.",
            "accepted\t1\t2\ttells x\tMAIL FROM:<>\tRCPT TO:<a@b>\t.",
            "delivered\t1\t.",
            "delivered\t1\t0\tsomehow\t.",
            "failed\t1\t0\t3.0.0\t\twhy\t.",
            "told\t1\t0,\t.",
            "removed\tx\t.",
            "removed\t1\t2\t.",
            "policy\ta.b\t1\t2\tnever 3\t.",
            "policy\ta.b\t1\t2\tnone 3\t4\t.",
            "policy\ta.b\t1\tx\tnone 3\t.",
        ];
        for line in torn {
            assert_eq!(Record::parse(line), None, "{line}");
        }
    }

    #[test]
    fn a_compact_submission_is_the_same_one() {
        assert_eq!(submission().compact(), Some(submission()));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(line in "(accepted|failed|told|policy)\t[0-9]{1,3}\t[ -~\t]{0,60}\t\\.") {
            if let Some(record) = Record::parse(&line) {
                let written = record.write();
                prop_assert_eq!(Record::parse(written.trim_end_matches('\n')), Some(record));
            }
        }
    }
}

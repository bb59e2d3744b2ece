//! What must survive a crash: a journal, a line a record.
use alloc::{format, string::String, string::ToString, vec::Vec};

use proto_core::Text;
use smtp_proto::{Mailbox, ReversePath};

/// The number of a message in a queue; never used twice.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MessageId(pub u64);

/// Something that happened to a message. All records in order make the queue what it was.
///
/// ```
/// use delivery::{MessageId, Record};
///
/// let record = Record::Delivered { message: MessageId(7), recipient: 0 };
/// assert_eq!(record.write(), "delivered\t7\t0\t.\n");
/// assert_eq!(Record::parse("delivered\t7\t0\t."), Some(record));
/// // What a crash left of "delivered\t7\t01\t." would else be somebody else's mail:
/// assert_eq!(Record::parse("delivered\t7\t0"), None);
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
        /// Where to tell of failure.
        from: ReversePath,
        /// Whom it is for.
        recipients: Vec<Mailbox>,
    },
    /// The next server is responsible for it, as far as this recipient goes.
    Delivered {
        /// Which.
        message: MessageId,
        /// The recipient's place, counted from 0.
        recipient: usize,
    },
    /// It will never reach this recipient.
    Failed {
        /// Which.
        message: MessageId,
        /// The recipient's place, counted from 0.
        recipient: usize,
        /// Why: the server's words.
        why: Text,
    },
    /// Nobody waits for anything any more.
    Removed {
        /// Which.
        message: MessageId,
    },
}

impl Record {
    /// Writes a line. Fields are apart by tabulators, which no mailbox has: a quoted local part
    /// may have spaces. The last one is a dot: a line that a crash cut off is none of a record.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Accepted { message: MessageId(id), at, from, recipients } => {
                let from = from.mailbox().map_or("", Mailbox::as_str);
                let to: String = recipients.iter().map(|to| format!("\t{to}")).collect();
                format!("accepted\t{id}\t{at}\t{from}{to}\t.\n")
            }
            Self::Delivered { message: MessageId(id), recipient } => {
                format!("delivered\t{id}\t{recipient}\t.\n")
            }
            Self::Failed { message: MessageId(id), recipient, why } => {
                let why = why.to_string().replace('\t', " ");
                format!("failed\t{id}\t{recipient}\t{why}\t.\n")
            }
            Self::Removed { message: MessageId(id) } => format!("removed\t{id}\t.\n"),
        }
    }

    /// Reads a line, without its line feed; `None` if it is no record. Only the last line of a
    /// journal can be none after a crash: it was never acknowledged, so nothing is lost with it.
    /// Cut it off before another record is appended.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut fields = line.strip_suffix("\t.")?.split('\t');
        let word = fields.next()?;
        let message = MessageId(fields.next()?.parse().ok()?);
        let record = match word {
            "accepted" => {
                let at = fields.next()?.parse().ok()?;
                let from = match fields.next()? {
                    "" => ReversePath::Null,
                    mailbox => ReversePath::Mailbox(mailbox.parse().ok()?),
                };
                let recipients: Option<Vec<_>> =
                    fields.by_ref().map(|to| to.parse().ok()).collect();
                Self::Accepted { message, at, from, recipients: recipients? }
            }
            "delivered" => Self::Delivered { message, recipient: fields.next()?.parse().ok()? },
            "failed" => Self::Failed {
                message,
                recipient: fields.next()?.parse().ok()?,
                why: Text::new(fields.next()?).ok()?,
            },
            "removed" => Self::Removed { message },
            _ => return None,
        };
        fields.next().is_none().then_some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_written_and_read_again() {
        let message = MessageId(u64::MAX);
        let to: Mailbox = r#""a b"@hamburger.edu"#.parse().unwrap();
        let why = Text::from_static("550 5.1.1 No such user");
        let records = [
            Record::Accepted {
                message,
                at: 1_700_000_000,
                from: ReversePath::Null,
                recipients: [to.clone(), to.clone()].into(),
            },
            Record::Accepted {
                message,
                at: 0,
                from: ReversePath::Mailbox(to.clone()),
                recipients: [to].into(),
            },
            Record::Delivered { message, recipient: 1 },
            Record::Failed { message, recipient: 0, why },
            Record::Removed { message },
        ];
        for record in records {
            let line = record.write();
            assert_eq!(Record::parse(line.strip_suffix('\n').unwrap()), Some(record), "{line}");
            for end in 0..line.len() - 1 {
                let torn = line.get(..end).unwrap();
                assert_eq!(Record::parse(torn), None, "{torn}");
            }
        }
    }

    #[test]
    fn a_torn_line_is_no_record() {
        let torn = [
            "",
            ".",
            "accepted\t.",
            "accepted\t1\t2\t.",
            "delivered\t1\t.",
            "removed\tx\t.",
            "removed\t1\t2\t.",
        ];
        for line in torn {
            assert_eq!(Record::parse(line), None, "{line}");
        }
    }
}

//! What is remembered of a mailbox from one session to the next.
use alloc::{format, string::String, vec::Vec};
use core::num::NonZeroU32;

use crate::{
    Capability, Mailbox, Number64, UidRange, UidSet,
    client::Session,
    command::{QResync, Select, SelectParameters},
};

/// What is remembered of a mailbox from one session to the next, so that it need not be listed
/// anew: the application keeps it beside its own copy of the messages.
///
/// ```
/// use imap_proto::client::Memory;
///
/// let memory = Memory::parse("3857529045 4392 90060115205545359 1:5,7").ok_or("not a memory")?;
/// assert_eq!(memory.uids.as_ref().map(|uids| uids.count()), Some(6));
/// assert_eq!(memory.write(), "3857529045 4392 90060115205545359 1:5,7");
/// # Ok::<_, &str>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Memory {
    /// What makes the UIDs valid: if it changes, nothing else here means anything.
    pub uid_validity: NonZeroU32,
    /// The UID that the next message has at least, if it is known.
    pub uid_next: Option<NonZeroU32>,
    /// The mod-sequence up to which all changes are known (RFC 7162); `None` if the mailbox has
    /// none.
    pub highest_mod_seq: Option<Number64>,
    /// The messages' UIDs; `None` of none.
    pub uids: Option<UidSet>,
}

impl Memory {
    /// Says how to open the mailbox so that the server tells what has changed: by QRESYNC if that
    /// is enabled, with mod-sequences if the server has CONDSTORE.
    #[must_use]
    pub fn select(memory: Option<&Self>, mailbox: Mailbox, session: &Session) -> Select {
        let mut parameters = SelectParameters::default();
        let known = memory.and_then(|memory| Some((memory, memory.highest_mod_seq?)));
        match known {
            Some((memory, mod_seq)) if session.enabled().contains(&Capability::Qresync) => {
                let uid_validity = memory.uid_validity;
                // RFC 7162 §3.2.5.1: if we said what we know, we would hear of nothing new.
                let (known, numbered) = (None, None);
                parameters.qresync = Some(QResync { uid_validity, mod_seq, known, numbered });
            }
            _ => parameters.condstore = session.capabilities().has(&Capability::Condstore),
        }
        Select { mailbox, parameters }
    }

    /// Writes it as a line, without its end: four words, of which `-` is none.
    #[must_use]
    pub fn write(&self) -> String {
        let uids = self.uids.as_ref().map(|uids| {
            let range = |range: &UidRange| match (range.from(), range.to()) {
                (from, to) if from == to => format!("{from}"),
                (from, to) => format!("{from}:{to}"),
            };
            uids.ranges().iter().map(range).collect::<Vec<_>>().join(",")
        });
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".into());
        format!(
            "{} {} {} {}",
            self.uid_validity,
            or_none(self.uid_next.map(|number| format!("{number}"))),
            or_none(self.highest_mod_seq.map(|number| format!("{}", number.get()))),
            or_none(uids),
        )
    }

    /// Reads it again; `None` if that is not what was written.
    #[must_use]
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let uid_validity = words.next()?.parse().ok()?;
        let uid_next = optional(words.next()?, |word| word.parse().ok())?;
        let mod_seq = |word: &str| Number64::new(word.parse().ok()?);
        let highest_mod_seq = optional(words.next()?, mod_seq)?;
        let uids = optional(words.next()?, parse_uids)?;
        words.next().is_none().then_some(Self { uid_validity, uid_next, highest_mod_seq, uids })
    }
}

/// Reads a word, or `-`.
fn optional<T>(word: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if word == "-" { Some(None) } else { parse(word).map(Some) }
}

fn parse_uids(word: &str) -> Option<UidSet> {
    let mut set: Option<UidSet> = None;
    for range in word.split(',') {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let range = UidRange::new(from.parse().ok()?, to.parse().ok()?);
        match &mut set {
            Some(set) => set.push_range(range),
            None => set = Some(UidSet::new(range)),
        }
    }
    set
}

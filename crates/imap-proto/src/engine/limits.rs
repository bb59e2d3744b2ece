//! What a client's commands may cost.

/// What a client's commands may cost the engine, beyond what a line may cost its reader.
///
/// ```
/// let limits = imap_proto::engine::Limits::default();
/// assert!(limits.piece <= limits.inline * 4);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a section that go out as a part of a response; longer ones go out in pieces:
    /// 16 KiB, so that small mail is one write.
    pub inline: usize,
    /// Octets that are read of a message at once when it is passed on as it is: 64 KiB.
    pub piece: usize,
    /// Octets of a message that is read whole, to be taken apart or searched: 64 MiB, above what
    /// mail servers accept. Of a longer one the beginning counts.
    pub parsed: u64,
    /// Messages that the store is asked for at once: 256, a transaction that is short.
    pub batch: usize,
    /// Messages that SORT and THREAD put in order: 200,000. Each costs its keys.
    pub sorted: usize,
    /// Octets of a key by which SORT and THREAD compare: 1,024 of the casemapped text.
    pub sort_key: usize,
    /// References of a message that THREAD follows, the last ones: 500.
    pub references: usize,
    /// Messages above a message that are looked at before THREAD joins it with another: 1,000. A
    /// deeper one stays where it is.
    pub thread_depth: usize,
    /// Messages that APPEND brings at once: 1,000.
    pub appended: usize,
    /// Pieces that CATENATE puts together: 1,000.
    pub catenated: usize,
    /// Mailboxes of which NOTIFY watches the messages: 1,000. Each is looked at whenever the engine
    /// is woken.
    pub watched: usize,
    /// Mailboxes that ESEARCH searches: 1,000. Each is opened for it.
    pub searched: usize,
    /// Octets of one note that SETMETADATA writes: 64 KiB.
    pub note: usize,
    /// Octets of a mailbox's name: 1,000.
    pub name: usize,
    /// Levels of a mailbox's name: 50.
    pub levels: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            inline: 16 << 10,
            piece: 64 << 10,
            parsed: 64 << 20,
            batch: 256,
            sorted: 200_000,
            sort_key: 1_024,
            references: 500,
            thread_depth: 1_000,
            appended: 1_000,
            catenated: 1_000,
            watched: 1_000,
            searched: 1_000,
            note: 64 << 10,
            name: 1_000,
            levels: 50,
        }
    }
}

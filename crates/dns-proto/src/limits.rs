//! What reading one message may cost.

/// What the author of a message may make its reader do.
///
/// ```
/// use dns_proto::MessageLimits;
///
/// let limits = MessageLimits { options: 10, ..MessageLimits::default() };
/// assert!(limits.pointers > 0);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MessageLimits {
    /// Compression pointers in one name. 127: a name has at most 127 labels (255 octets), and a
    /// sane writer puts a label before each pointer. Stops chains of bare pointers, which cost
    /// the square of the message's length.
    pub pointers: u8,
    /// Options in the OPT record. 100, as in Unbound since CVE-2026-41292.
    pub options: u16,
}

impl Default for MessageLimits {
    fn default() -> Self {
        Self { pointers: 127, options: 100 }
    }
}

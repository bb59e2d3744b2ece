//! What a client will not do, whatever it is asked for.

/// What a client does and does not do to prove who it is.
///
/// ```
/// use sasl::client::Policy;
///
/// let mut policy = Policy::default();
/// policy.least_iterations = 10_000;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Policy {
    /// Whether to bind exchanges to the encrypted channel where the server offers that. On; a
    /// server that offers it and knows none of our names for channels would refuse for ever.
    pub channel_binding: bool,
    /// The fewest iterations that SCRAM may have. 4096, by RFC 5802 §5.1 and RFC 7677 §4: a false
    /// server that asks for fewer wants to guess the password from the proof.
    pub least_iterations: u32,
    /// The most iterations that SCRAM may have. A million, some tenths of a second: a server that
    /// asks for more wants us busy.
    pub most_iterations: u32,
}

impl Policy {
    pub(crate) const fn permits(&self, iterations: u32) -> bool {
        self.least_iterations <= iterations && iterations <= self.most_iterations
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self { channel_binding: true, least_iterations: 4096, most_iterations: 1_000_000 }
    }
}

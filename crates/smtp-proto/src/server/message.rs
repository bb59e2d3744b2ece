//! What is learnt of a message while it comes.
use bytes::Bytes;
use memchr::memrchr;
use proto_core::dot::{Bare, BareFilter, BarePolicy};

use super::{Config, LongLines, Refusal};

/// A message on its way.
#[derive(Debug)]
pub(super) struct Message {
    size: u64,
    /// For chunks; dots are looked at by those who remove them.
    filter: BareFilter,
    /// How many octets of an unfinished line there are.
    line: usize,
    long_line: bool,
    too_large: bool,
}

impl Message {
    pub(super) const fn new(config: &Config) -> Self {
        let filter = BareFilter::new(config.bare);
        Self { size: 0, filter, line: 0, long_line: false, too_large: false }
    }

    /// How many octets have come.
    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    /// Takes a piece of a chunk.
    pub(super) fn take_counted(&mut self, data: Bytes, binary: bool, config: &Config) -> Bytes {
        if binary {
            self.size = self.size.saturating_add(data.len() as u64);
            return data;
        }
        let data = self.filter.filter(data);
        self.take(data, config)
    }

    /// Takes a piece. What is within the size limit is passed on: exactly that, wherever the
    /// pieces were cut.
    pub(super) fn take(&mut self, mut data: Bytes, config: &Config) -> Bytes {
        let limit = config.limits.message_size;
        let room = limit.saturating_sub(self.size);
        self.size = self.size.saturating_add(data.len() as u64);
        self.too_large |= self.size > limit;
        if config.long_lines == LongLines::Reject && !self.long_line {
            self.measure(&data, config.limits.text_line);
        }
        data.truncate(usize::try_from(room).unwrap_or(usize::MAX));
        data
    }

    /// Why the message cannot be taken, now that all of it has come; `bare` is what the remover
    /// of dots found.
    pub(super) fn refusal(self, bare: Option<Bare>, config: &Config) -> Option<Refusal> {
        let bare = bare.or(self.filter.finish()).filter(|_| config.bare == BarePolicy::Reject);
        match bare {
            _ if self.too_large => Some(Refusal::TooLarge),
            Some(bare) => Some(Refusal::Bare(bare)),
            None if self.long_line => Some(Refusal::LongLine),
            None => None,
        }
    }

    /// Looks for a line that is too long, in leaps: if any line ends within the limit, it is
    /// the last such end that matters.
    fn measure(&mut self, data: &[u8], limit: usize) {
        let mut rest = data;
        loop {
            let room = limit.saturating_sub(self.line);
            let window = rest.get(..room).unwrap_or(rest);
            match memrchr(b'\n', window) {
                Some(end) => {
                    rest = rest.get(end + 1..).unwrap_or_default();
                    self.line = 0;
                }
                None if window.len() < rest.len() => {
                    self.long_line = true;
                    return;
                }
                None => {
                    self.line += rest.len();
                    return;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lines_are_measured_wherever_the_pieces_are_cut(
            lines in prop::collection::vec(0usize..12, 0..8),
            cut in 0usize..80,
            limit in 2usize..12,
        ) {
            let text: Vec<u8> = lines.iter().flat_map(|n| [&[b'x'].repeat(*n)[..], b"\n"].concat()).collect();
            let mut config = Config::new("foo.com".parse().unwrap());
            (config.long_lines, config.limits.text_line) = (LongLines::Reject, limit);
            let expected = lines.iter().any(|n| n + 1 > limit).then_some(Refusal::LongLine);
            let (a, b) = text.split_at(cut.min(text.len()));
            for pieces in [&[&text[..]][..], &[a, b], &text.chunks(1).collect::<Vec<_>>()] {
                let mut message = Message::new(&config);
                for piece in pieces {
                    let _ = message.take(Bytes::copy_from_slice(piece), &config);
                }
                prop_assert_eq!(message.refusal(None, &config), expected);
            }
        }
    }
}

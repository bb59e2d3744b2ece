//! What has no business in a message by itself: a bare CR, a bare LF, NUL.
use bytes::{BufMut, Bytes, BytesMut};

use super::{Bare, BareKind, BarePolicy, CR, LF, scan::is_clean};

/// Does to a message that needs no dots, one that comes in counted chunks, what a [`BarePolicy`]
/// says.
///
/// ```
/// use proto_core::dot::{BareFilter, BareKind, BarePolicy};
///
/// let mut filter = BareFilter::new(BarePolicy::Reject);
/// assert_eq!(filter.filter("one\r".into()), "one\r");
/// assert_eq!(filter.filter("\ntwo\nthree".into()), "\ntwo\nthree");
/// assert_eq!(filter.finish().map(|bare| bare.kind), Some(BareKind::Lf));
/// ```
#[derive(Debug)]
pub struct BareFilter {
    policy: BarePolicy,
    /// The last octet was a CR: what follows says whether it was bare.
    after_cr: bool,
    offset: u64,
    found: Option<Bare>,
}

impl BareFilter {
    /// Starts before the first octet of a message.
    #[must_use]
    pub const fn new(policy: BarePolicy) -> Self {
        Self { policy, after_cr: false, offset: 0, found: None }
    }

    /// Takes a piece of the message, however it was cut, and returns what is to be passed on:
    /// the same without a copy, unless it had to be normalised.
    #[must_use]
    pub fn filter(&mut self, piece: Bytes) -> Bytes {
        let Some(&last) = piece.last() else { return piece };
        let clean = self.is_clean(&piece);
        let start = self.offset;
        self.offset = start.saturating_add(piece.len() as u64);
        let after_cr = core::mem::replace(&mut self.after_cr, last == CR);
        match self.policy {
            _ if clean && last != CR && !after_cr => piece,
            BarePolicy::Normalise => normalise(&piece, after_cr).freeze(),
            _ => {
                if !clean && self.found.is_none() {
                    self.found = first_bare(&piece, start, after_cr);
                }
                piece
            }
        }
    }

    /// Returns the first bare octet, once the message is over; a normalised message has none.
    #[must_use]
    pub fn finish(self) -> Option<Bare> {
        let last = Bare { kind: BareKind::Cr, offset: self.offset.saturating_sub(1) };
        let open = self.after_cr && self.policy != BarePolicy::Normalise;
        self.found.or(open.then_some(last))
    }

    /// Returns what was found so far.
    #[must_use]
    pub const fn found(&self) -> Option<Bare> {
        self.found
    }

    /// Whether nothing in the piece is bare, as far as that is known: a CR at its end is not.
    fn is_clean(&self, piece: &[u8]) -> bool {
        let body = piece.strip_suffix(&[CR]).unwrap_or(piece);
        match (self.after_cr, piece.first()) {
            (_, None) => true,
            (true, Some(&LF)) => is_clean(body.get(1..).unwrap_or_default()),
            (true, Some(_)) => false,
            (false, Some(_)) => is_clean(body),
        }
    }
}

/// Finds the first bare octet; a CR at the end is not known to be one.
pub(super) fn first_bare(octets: &[u8], start: u64, after_cr: bool) -> Option<Bare> {
    if after_cr && octets.first().is_some_and(|octet| *octet != LF) {
        return Some(Bare { kind: BareKind::Cr, offset: start.saturating_sub(1) });
    }
    let mut previous = if after_cr { CR } else { 0 };
    for (index, &octet) in octets.iter().enumerate() {
        let kind = match octet {
            CR if octets.get(index + 1).is_some_and(|next| *next != LF) => Some(BareKind::Cr),
            LF if previous != CR => Some(BareKind::Lf),
            0 => Some(BareKind::Nul),
            _ => None,
        };
        if let Some(kind) = kind {
            return Some(Bare { kind, offset: start.saturating_add(index as u64) });
        }
        previous = octet;
    }
    None
}

/// Makes CRLF of each bare CR and LF, and nothing of NUL.
pub(super) fn normalise(octets: &[u8], after_cr: bool) -> BytesMut {
    let mut out = BytesMut::with_capacity(octets.len() + octets.len() / 16);
    let mut previous = if after_cr { CR } else { 0 };
    for &octet in octets {
        match octet {
            CR => out.put_slice(b"\r\n"),
            LF if previous == CR => {}
            LF => out.put_slice(b"\r\n"),
            0 => {}
            _ => out.put_u8(octet),
        }
        previous = octet;
    }
    out
}

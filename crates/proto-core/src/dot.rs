//! Dot-stuffing, both ways: how SMTP (RFC 5321 §4.5.2) and POP3 (RFC 1939 §3) end a message.
//!
//! Only CRLF `.` CRLF ends a message. Software that took less for the end let its peers smuggle
//! messages past each other (CVE-2023-51764 and its sisters), so the three octets that have no
//! business in a message by themselves, a bare CR, a bare LF and NUL, are looked for in every
//! piece, and a [`BarePolicy`] says what becomes of them. They never end anything.
mod bare;
mod scan;

use alloc::boxed::Box;

use bytes::{BufMut, Bytes, BytesMut};

pub use bare::BareFilter;
use bare::{first_bare, normalise};
use memchr::memmem::{self, Finder};
use scan::is_clean;

use crate::Input;

const CR: u8 = b'\r';
const LF: u8 = b'\n';

/// How much of a message is handed out at least, if so much has arrived: removing a dot moves
/// the octets around it, so what is longer is handed out as it lies.
const PIECE: usize = 2048;

/// What becomes of bare CR, bare LF and NUL.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum BarePolicy {
    /// Reading: everything is read to the true end, and the end tells what was found, so that
    /// the message can be refused. Writing: an error.
    #[default]
    Reject,
    /// A bare CR or LF becomes CRLF, and NUL is left out.
    Normalise,
    /// They are passed on as they are.
    Pass,
}

/// The first octet that has no business in a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{kind} at octet {offset} of the message")]
pub struct Bare {
    /// What it is.
    pub kind: BareKind,
    /// Where it stands among the octets of the message, without stuffed dots.
    pub offset: u64,
}

/// What can be bare. Closed: RFC 5321 §2.3.8 and RFC 5322 §4 name no other.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BareKind {
    /// A carriage return that no line feed follows.
    #[error("bare CR")]
    Cr,
    /// A line feed that follows no carriage return.
    #[error("bare LF")]
    Lf,
    /// An octet of value zero.
    #[error("NUL")]
    Nul,
}

/// A piece of a message, or its end.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Piece {
    /// Octets of the message, dots removed: 2 KiB at least or as many as arrived, never a line
    /// each. They share the buffer that they were read into.
    Data(Bytes),
    /// The message is complete. Under [`BarePolicy::Reject`] and [`BarePolicy::Pass`] the first
    /// bare octet is named; a normalised message has none.
    End(Option<Bare>),
}

/// Takes the dots out of a message that arrives, and finds its end.
///
/// ```
/// use proto_core::{Input, dot::{BarePolicy, Piece, Unstuffer}};
///
/// let mut input = Input::default();
/// input.push(b"Hello\r\n..etc.\r\n.\r\nQUIT\r\n");
/// let mut body = Unstuffer::new(BarePolicy::Reject);
/// assert_eq!(body.next(&mut input), Some(Piece::Data("Hello\r\n.etc.\r\n".into())));
/// assert_eq!(body.next(&mut input), Some(Piece::End(None)));
/// assert_eq!(input.line(512), Ok(Some("QUIT".into())));
/// ```
#[derive(Debug)]
pub struct Unstuffer {
    /// The next octet begins a line: it does at first, so that `.CRLF` ends an empty message.
    line_start: bool,
    filter: BareFilter,
    /// In a box, for it is larger than all the rest of a session's state.
    dots: Box<Finder<'static>>,
}

impl Unstuffer {
    /// Starts before the first octet of a message.
    #[must_use]
    pub fn new(policy: BarePolicy) -> Self {
        let dots = Box::new(Finder::new(b"\r\n."));
        Self { line_start: true, filter: BareFilter::new(policy), dots }
    }

    /// Takes the next piece from the input; `None` until more arrives. At most two octets, whose
    /// meaning is not known yet, stay in the input. Call no more after [`Piece::End`]: what
    /// follows is not the message's.
    pub fn next(&mut self, input: &mut Input) -> Option<Piece> {
        loop {
            if self.line_start {
                match input.held() {
                    [b'.', CR, LF, ..] => {
                        input.skip(3);
                        return Some(Piece::End(self.filter.found()));
                    }
                    [] | [b'.'] | [b'.', CR] => return None,
                    [b'.', ..] => input.skip(1),
                    _ => {}
                }
                self.line_start = false;
            }
            let data = self.data(input)?;
            // Normalising may have left nothing of it.
            if !data.is_empty() {
                return Some(Piece::Data(data));
            }
        }
    }

    /// Takes what is known to belong to the message.
    fn data(&mut self, input: &mut Input) -> Option<Bytes> {
        let (length, kept) = remove_dots(&self.dots, input.held_mut());
        if length == 0 {
            return None;
        }
        let mut piece = input.split(length);
        piece.truncate(kept);
        self.line_start = piece.ends_with(b"\r\n");
        Some(self.filter.filter(piece.freeze()))
    }
}

/// Puts dots into a message that is sent, and ends it.
///
/// ```
/// use bytes::BytesMut;
/// use proto_core::dot::{BarePolicy, Stuffer};
///
/// let mut out = BytesMut::new();
/// let mut body = Stuffer::new(BarePolicy::Reject);
/// body.write(b"Hello\r\n.etc.", &mut out)?;
/// body.finish(&mut out)?;
/// assert_eq!(out, "Hello\r\n..etc.\r\n.\r\n");
/// # Ok::<_, proto_core::dot::Bare>(())
/// ```
#[derive(Debug)]
pub struct Stuffer {
    policy: BarePolicy,
    line_start: bool,
    /// The last piece ended in a CR, which is not written before its LF is seen.
    held_cr: bool,
    offset: u64,
    /// What was met that could not be sent.
    refused: Option<Bare>,
}

impl Stuffer {
    /// Starts before the first octet of a message.
    #[must_use]
    pub const fn new(policy: BarePolicy) -> Self {
        Self { policy, line_start: true, held_cr: false, offset: 0, refused: None }
    }

    /// Appends a piece of the message, however it was cut.
    ///
    /// # Errors
    /// [`BarePolicy::Reject`] met a bare octet. Nothing of this piece was written, and the
    /// message must be given up: the peer must not see its end, so every later call fails too.
    pub fn write(&mut self, piece: &[u8], out: &mut BytesMut) -> Result<(), Bare> {
        if let Some(bare) = self.refused {
            return Err(bare);
        }
        let Some(&last) = piece.last() else { return Ok(()) };
        let body =
            if last == CR { piece.split_last().map_or(piece, |(_, rest)| rest) } else { piece };
        // What is passed on as it is need not be looked at: that costs more than the dots do.
        let clean = self.policy != BarePolicy::Pass && self.is_clean_after_held(body, piece);
        if !clean && self.policy == BarePolicy::Reject {
            self.refused = first_bare(piece, self.offset, self.held_cr);
            return self.refused.map_or(Ok(()), Err);
        }
        self.offset = self.offset.saturating_add(piece.len() as u64);
        let held = core::mem::replace(&mut self.held_cr, last == CR);
        if clean || self.policy == BarePolicy::Pass {
            if held {
                out.put_u8(CR);
                self.line_start = false;
            }
            self.stuff(body, out, held);
        } else {
            self.stuff_normalised(body, held, out);
        }
        Ok(())
    }

    /// Ends the message: CRLF if its last line has none, then the dot.
    ///
    /// # Errors
    /// [`BarePolicy::Reject`] met a bare octet before, or a CR without its LF here, at the end.
    pub fn finish(self, out: &mut BytesMut) -> Result<(), Bare> {
        if let Some(bare) = self.refused {
            return Err(bare);
        }
        match (self.held_cr, self.policy) {
            (true, BarePolicy::Reject) => {
                return Err(Bare { kind: BareKind::Cr, offset: self.offset.saturating_sub(1) });
            }
            (true, BarePolicy::Pass) => out.put_slice(b"\r\r\n"),
            (true, BarePolicy::Normalise) => out.put_slice(b"\r\n"),
            (false, _) if !self.line_start => out.put_slice(b"\r\n"),
            (false, _) => {}
        }
        out.put_slice(b".\r\n");
        Ok(())
    }

    /// Whether `body`, with the CR held before it and without one at its end, has nothing bare.
    fn is_clean_after_held(&self, body: &[u8], piece: &[u8]) -> bool {
        match (self.held_cr, piece.split_first(), body.split_first()) {
            (true, Some((&LF, _)), Some((_, rest))) => is_clean(rest),
            (true, ..) => false,
            (false, ..) => is_clean(body),
        }
    }

    /// Copies `body`, with a dot before each dot that begins a line.
    fn stuff(&mut self, body: &[u8], out: &mut BytesMut, after_cr: bool) {
        out.reserve(body.len());
        let mut rest = body;
        if after_cr && let Some((&LF, tail)) = rest.split_first() {
            out.put_u8(LF);
            self.line_start = true;
            rest = tail;
        }
        if self.line_start && rest.first() == Some(&b'.') {
            out.put_u8(b'.');
        }
        let mut from = 0;
        for at in memmem::find_iter(rest, b"\r\n.") {
            out.put_slice(rest.get(from..at + 3).unwrap_or_default());
            out.put_u8(b'.');
            from = at + 3;
        }
        out.put_slice(rest.get(from..).unwrap_or_default());
        if !rest.is_empty() {
            self.line_start = rest.ends_with(b"\r\n");
        }
    }

    /// Normalises `body`, and the CR held before it, then stuffs that.
    fn stuff_normalised(&mut self, body: &[u8], held: bool, out: &mut BytesMut) {
        let mut whole = BytesMut::with_capacity(body.len() + 1);
        if held {
            whole.put_u8(CR);
        }
        whole.put_slice(body);
        // A CR that ends `body` and is followed by the one just held is bare.
        self.stuff(&normalise(&whole, false), out, false);
    }
}

/// Removes the dot from each CRLF `.`, in place, until enough is found. Returns how many octets
/// can be taken now, up to a line that may be the last one or to a CR whose next octet has not
/// come, and how many of them are left.
fn remove_dots(finder: &Finder<'_>, octets: &mut [u8]) -> (usize, usize) {
    let (mut read, mut kept) = (0, 0);
    loop {
        let rest = octets.get(read..).unwrap_or_default();
        let found = finder.find(rest).map(|at| read + at + 2);
        let whole_line = found.is_some_and(|dot| {
            !matches!(octets.get(dot + 1..), None | Some([] | [CR] | [CR, LF, ..]))
        });
        let end = match found {
            Some(dot) => dot,
            None => octets.len() - usize::from(rest.last() == Some(&CR)),
        };
        if kept < read {
            octets.copy_within(read..end, kept);
        }
        kept += end - read;
        if !whole_line || kept >= PIECE {
            return (end, kept);
        }
        read = end + 1;
    }
}

#[cfg(test)]
mod tests;

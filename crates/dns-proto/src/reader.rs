//! A cursor over a message: every octet that is read is read here.
use core::cell::Cell;

use crate::error::{ParseError, ParseErrorKind};
use crate::name::{MAX_NAME, NameRef};

/// Reads from somewhere to the end of a message, or of a part of it; names may point back to
/// anywhere before.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    /// As far as may be read.
    message: &'a [u8],
    /// Its end, which has not been read yet.
    rest: &'a [u8],
    /// How many pointers a name may have.
    pointers: u8,
    known: Option<&'a Names>,
}

impl<'a> Reader<'a> {
    /// Reads octets that nobody has looked at.
    pub(crate) const fn new(message: &'a [u8], pointers: u8) -> Self {
        Self { message, rest: message, pointers, known: None }
    }

    /// Reads octets that nobody has looked at, in their order, and remembers what names point to.
    #[inline]
    pub(crate) const fn remembering(self, known: &'a Names) -> Self {
        Self { known: Some(known), ..self }
    }

    /// Reads octets that have been parsed before, from `position` to `end`.
    #[inline]
    pub(crate) fn trusted(message: &'a [u8], position: usize, end: usize) -> Self {
        let message = message.get(..end).unwrap_or(message);
        Self::tail(message, message.get(position..).unwrap_or_default())
    }

    /// Reads the tail of a message that has been parsed before.
    #[inline]
    pub(crate) const fn tail(message: &'a [u8], tail: &'a [u8]) -> Self {
        Self { message, rest: tail, pointers: u8::MAX, known: None }
    }

    #[inline]
    pub(crate) const fn position(&self) -> usize {
        self.message.len() - self.rest.len()
    }

    #[inline]
    pub(crate) const fn message(&self) -> &'a [u8] {
        self.message
    }

    pub(crate) const fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.position())
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Returns what is left, without stepping over it.
    #[inline]
    pub(crate) const fn octets(&self) -> &'a [u8] {
        self.rest
    }

    /// Makes a reader of the octets that have just been taken.
    #[inline]
    pub(crate) fn of_taken(&self, taken: &'a [u8]) -> Self {
        Self {
            message: self.message.get(..self.position()).unwrap_or_default(),
            rest: taken,
            ..*self
        }
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], ParseError> {
        let split = self.rest.split_at_checked(length);
        let (taken, rest) = split.ok_or_else(|| self.error(ParseErrorKind::Short))?;
        self.rest = rest;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.rest)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let split = self.rest.split_first_chunk();
        let (array, rest) = split.ok_or_else(|| self.error(ParseErrorKind::Short))?;
        self.rest = rest;
        Ok(*array)
    }

    #[inline]
    pub(crate) fn octet(&mut self) -> Result<u8, ParseError> {
        self.array().map(u8::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, ParseError> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, ParseError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Reads a name and follows its pointers, to check them; stands behind the name afterwards.
    #[inline]
    pub(crate) fn name(&mut self) -> Result<NameRef<'a>, ParseError> {
        let name = self.here();
        match self.rest {
            // Most owners are nothing but a pointer to what is known.
            [high @ 192..=255, low, rest @ ..] => {
                let known = self.known.and_then(|known| known.get(target([*high, *low])));
                if known.is_some_and(|way| way.pointers < self.pointers) {
                    self.rest = rest;
                    return Ok(name);
                }
            }
            [0, rest @ ..] => {
                self.rest = rest;
                return Ok(name);
            }
            _ => {}
        }
        let end = self.walk()?;
        let rest = self.message.get(end..);
        self.rest = rest.ok_or_else(|| self.error(ParseErrorKind::Short))?;
        Ok(name)
    }

    /// Follows the name here to its root; returns where it ends in this place.
    fn walk(&self) -> Result<usize, ParseError> {
        let start = self.position();
        let (at, octet) = labels(self.message, start, MAX_NAME - 1)?;
        let (mut end, mut whole) = (at + 1, Way { octets: at - start, pointers: 0 });
        if octet != 0 {
            whole = match self.short_cut(at, whole) {
                Some(whole) => whole,
                None => self.follow(start, at, whole)?,
            };
            end += 1;
        }
        if at > start {
            self.remember(start, whole);
        }
        Ok(end)
    }

    /// Returns the whole way of a name that has been read so far, and comes to a pointer, if it is
    /// known what that points to, and is not too much.
    #[inline]
    fn short_cut(&self, at: usize, so_far: Way) -> Option<Way> {
        let pointer = self.message.get(at..)?.first_chunk()?;
        let whole = so_far.then(self.known?.get(target(*pointer))?);
        (whole.octets < MAX_NAME && whole.pointers <= self.pointers).then_some(whole)
    }

    /// Follows the name at `start`, read so far as the pointer at `at`, to its root.
    fn follow(&self, start: usize, mut at: usize, so_far: Way) -> Result<Way, ParseError> {
        // What lies before a pointer's target is before this name, whatever record it is in.
        let (mut area, mut floor, mut whole) = (self.message, start, so_far);
        let mut first = None;
        loop {
            let error = |kind| ParseError::new(kind, at);
            let pointer = area.get(at..).and_then(<[u8]>::first_chunk);
            let target = target(*pointer.ok_or_else(|| error(ParseErrorKind::Short))?);
            // RFC 1035 §4.1.4: "a prior occurrence"; each before the last, or it may loop.
            if target >= floor || target < HEADER {
                return Err(error(ParseErrorKind::Pointer));
            }
            if whole.pointers == self.pointers {
                return Err(error(ParseErrorKind::Pointers));
            }
            whole.pointers += 1;
            first = first.or(Some((target, whole)));
            area = area.get(..floor).unwrap_or(area);
            floor = target;
            let (end, octet) = labels(area, target, MAX_NAME - 1 - whole.octets)?;
            whole.octets += end - target;
            let known = if octet == 0 { Some(whole) } else { self.short_cut(end, whole) };
            if let Some(whole) = known {
                if let Some((target, before)) = first {
                    self.remember(target, whole.without(before));
                }
                return Ok(whole);
            }
            at = end;
        }
    }

    #[inline]
    fn remember(&self, position: usize, way: Way) {
        if let Some(known) = self.known {
            known.insert(position, way);
        }
    }

    /// Wraps the name here, which has been checked before, without stepping over it.
    #[inline]
    pub(crate) const fn here(&self) -> NameRef<'a> {
        NameRef::checked(self.message, self.position())
    }

    /// Reads a name that has been checked before: its pointers are not followed.
    #[inline(always)]
    pub(crate) fn trusted_name(&mut self) -> Option<NameRef<'a>> {
        let (name, mut at) = (self.here(), 0);
        if let [192..=255, _, rest @ ..] = self.rest {
            self.rest = rest;
            return Some(name);
        }
        let end = loop {
            match *self.rest.get(at)? {
                0 => break at + 1,
                octet @ 1..=63 => at += usize::from(octet) + 1,
                _ => break at + 2,
            }
        };
        self.rest = self.rest.get(end..)?;
        Some(name)
    }
}

/// Steps over labels from `at` on, at most so many octets of them; returns where the root or a
/// pointer is, and its first octet.
#[inline]
fn labels(area: &[u8], mut at: usize, most: usize) -> Result<(usize, u8), ParseError> {
    let last = at + most;
    let kind = loop {
        match area.get(at) {
            Some(&octet @ 1..=63) => {
                let next = at + usize::from(octet) + 1;
                if next > last {
                    break ParseErrorKind::NameLength;
                }
                // If the label is cut, nothing is at its end.
                at = next;
            }
            Some(&octet @ (0 | 192..)) => return Ok((at, octet)),
            Some(_) => break ParseErrorKind::LabelKind,
            None => break ParseErrorKind::Short,
        }
    };
    Err(ParseError::new(kind, at))
}

#[inline]
fn target([high, low]: [u8; 2]) -> usize {
    usize::from(u16::from_be_bytes([high & 0x3f, low]))
}

/// What a name has from one place to another, or to its root.
#[derive(Clone, Copy, Debug, Default)]
struct Way {
    /// Octets of the labels, the lengths before them among them.
    octets: usize,
    pointers: u8,
}

impl Way {
    /// Adds what a pointer leads to.
    #[inline]
    const fn then(self, other: Self) -> Self {
        let pointers = self.pointers.saturating_add(other.pointers).saturating_add(1);
        Self { octets: self.octets + other.octets, pointers }
    }

    const fn without(self, before: Self) -> Self {
        Self { octets: self.octets - before.octets, pointers: self.pointers - before.pointers }
    }
}

/// Names of a message that have been followed to their roots: who points to them need not again.
///
/// A later name that points there may have more of the message before it, and never less.
#[derive(Debug, Default)]
pub(crate) struct Names([Cell<Known>; NAMES]);

/// More than the names that others point to at a time.
const NAMES: usize = 32;

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    /// Zero if there is none: no name begins in a header.
    position: u16,
    octets: u8,
    pointers: u8,
}

impl Names {
    #[inline]
    fn slot(&self, position: usize) -> Option<&Cell<Known>> {
        self.0.get((position ^ (position >> 5)) % NAMES)
    }

    #[inline]
    fn get(&self, position: usize) -> Option<Way> {
        let known = self.slot(position)?.get();
        let way = Way { octets: usize::from(known.octets), pointers: known.pointers };
        (usize::from(known.position) == position && position > 0).then_some(way)
    }

    #[inline]
    fn insert(&self, position: usize, way: Way) {
        if let (Some(slot), Ok(position), Ok(octets)) =
            (self.slot(position), u16::try_from(position), u8::try_from(way.octets))
        {
            slot.set(Known { position, octets, pointers: way.pointers });
        }
    }
}

/// The length of a message's header; no name begins inside it.
pub(crate) const HEADER: usize = 12;

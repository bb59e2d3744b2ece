//! A cursor over a message: every octet that is read is read here.
use crate::error::{ParseError, ParseErrorKind};
use crate::name::{MAX_NAME, NameRef};
use crate::way::{Way, Ways};

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
    ways: Option<&'a Ways>,
}

impl<'a> Reader<'a> {
    /// Reads octets that nobody has looked at.
    pub(crate) const fn new(message: &'a [u8], pointers: u8) -> Self {
        Self { message, rest: message, pointers, ways: None }
    }

    /// Reads octets that nobody has looked at, in their order, and remembers what names point to.
    #[inline]
    pub(crate) const fn remembering(self, ways: &'a Ways) -> Self {
        Self { ways: Some(ways), ..self }
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
        Self { message, rest: tail, pointers: u8::MAX, ways: None }
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
                // Names are read in their order: what is known is before this.
                let known = self.ways.and_then(|ways| ways.get(target([*high, *low])));
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
            whole = match self.short_cut(self.message, at, start, whole) {
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

    /// Returns the whole way of a name that has been read so far, and comes to the pointer at `at`
    /// in `area`, if what that points to is known, is before the `floor`, and is not too much.
    #[inline]
    fn short_cut(&self, area: &[u8], at: usize, floor: usize, so_far: Way) -> Option<Way> {
        let target = target(*area.get(at..)?.first_chunk()?);
        let whole = so_far.then(self.ways?.get(target)?);
        let fits = whole.octets < MAX_NAME && whole.pointers <= self.pointers;
        (fits && target < floor).then_some(whole)
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
            let known = match octet {
                0 => Some(whole),
                _ => self.short_cut(area, end, floor, whole),
            };
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
        if let Some(ways) = self.ways {
            ways.insert(position, way);
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

/// The length of a message's header; no name begins inside it.
pub(crate) const HEADER: usize = 12;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// Reads names one behind the other: where each begins, and what is wrong at last.
    fn names(message: &[u8], pointers: u8, ways: Option<&Ways>) -> (Vec<usize>, ParseError) {
        let mut reader = Reader { ways, ..Reader::new(message, pointers) };
        let mut starts = Vec::new();
        reader.take(HEADER).unwrap();
        loop {
            starts.push(reader.position());
            if let Err(error) = reader.name() {
                return (starts, error);
            }
        }
    }

    proptest! {
        #[test]
        fn known_ways_change_no_verdict(
            parts in prop::collection::vec(
                prop_oneof![
                    Just([1, b'a']), Just([2, 1]), Just([0, 0]), Just([b'a', 0]),
                    (0..60_u8).prop_map(|low| [192, low]),
                ],
                0..40,
            ),
            pointers in 0..5_u8,
        ) {
            let message: Vec<u8> = [0; HEADER].into_iter().chain(parts.concat()).collect();
            let known = names(&message, pointers, Some(&Ways::default()));
            prop_assert_eq!(known, names(&message, pointers, None));
        }
    }

    #[test]
    fn known_ways_do_not_make_names_longer_than_255_octets() {
        // A name of 254 octets, then a pointer to it behind labels of one and of two octets.
        let mut message = [0; HEADER].to_vec();
        for length in [63, 63, 63, 60] {
            message.push(length);
            message.extend(core::iter::repeat_n(b'x', usize::from(length)));
        }
        message.push(0);
        let (long, at) = (message.len() - HEADER, message.len());
        assert_eq!(long, 254);
        message.extend(b"\xc0\x0c\x01a\xc0\x0c");
        for ways in [None, Some(&Ways::default())] {
            let (starts, error) = names(&message, 1, ways);
            assert_eq!(starts, [HEADER, at, at + 2]);
            assert_eq!(error, ParseError::new(ParseErrorKind::NameLength, HEADER + 192));
        }
    }

    #[test]
    fn a_pointer_back_must_not_lead_forth_to_a_name_that_is_known() {
        // At 12 a pointer to 14 in what is no name; at 14 a name; then a name that goes to 12.
        let message = b"\0\0\0\0\0\0\0\0\0\0\0\0\x02\xc0\x0f\x01a\0\xc0\x0d";
        for ways in [None, Some(&Ways::default())] {
            let mut reader = Reader { ways, ..Reader::new(message, 127) };
            reader.take(15).unwrap();
            assert!(reader.name().is_ok());
            let error = reader.name().unwrap_err();
            assert_eq!(error, ParseError::new(ParseErrorKind::Pointer, 13));
        }
    }
}

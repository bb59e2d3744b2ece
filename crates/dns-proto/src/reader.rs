//! A cursor over a message: every octet that is read is read here.
use crate::error::{ParseError, ParseErrorKind};
use crate::name::{MAX_NAME, NameRef};

/// Reads from `position` to the end of a message, or of a part of it; names may point back to
/// anywhere before.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    /// As far as may be read.
    message: &'a [u8],
    position: usize,
    /// How many pointers a name may have; `None` if all names have been checked already.
    pointers: Option<u8>,
    /// What the last pointers led to.
    known: Known,
}

/// The ends of names that have been followed to the root: messages point to the same few again
/// and again. The place of each follows from its position.
#[derive(Clone, Copy, Debug)]
struct Known([Suffix; 8]);

#[derive(Clone, Copy, Debug)]
struct Suffix {
    /// Zero, in the header, if there is none.
    position: u16,
    /// Its octets when it is whole.
    length: u8,
    pointers: u8,
}

impl Known {
    const NONE: Self = Self([Suffix { position: 0, length: 0, pointers: 0 }; 8]);

    #[inline]
    const fn place(position: u16) -> usize {
        ((position ^ (position >> 3)) & 7) as usize
    }

    #[inline]
    fn find(&self, position: u16) -> Option<Suffix> {
        let suffix = self.0.get(Self::place(position))?;
        (suffix.position == position).then_some(*suffix)
    }

    #[inline]
    fn keep(&mut self, suffix: Suffix) {
        if let Some(place) = self.0.get_mut(Self::place(suffix.position)) {
            *place = suffix;
        }
    }
}

impl<'a> Reader<'a> {
    /// Reads octets that nobody has looked at.
    pub(crate) const fn new(message: &'a [u8], pointers: u8) -> Self {
        Self { message, position: 0, pointers: Some(pointers), known: Known::NONE }
    }

    /// Reads octets that have been parsed before: names are skipped, not walked again.
    #[inline]
    pub(crate) fn trusted(message: &'a [u8], position: usize, end: usize) -> Self {
        let message = message.get(..end).unwrap_or(message);
        Self { message, position, pointers: None, known: Known::NONE }
    }

    #[inline]
    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    #[inline]
    pub(crate) const fn message(&self) -> &'a [u8] {
        self.message
    }

    #[inline]
    pub(crate) const fn is_trusted(&self) -> bool {
        self.pointers.is_none()
    }

    pub(crate) const fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.position)
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.position >= self.message.len()
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.message.len().saturating_sub(self.position)
    }

    /// Returns what is left, without stepping over it.
    #[inline]
    pub(crate) fn octets(&self) -> &'a [u8] {
        self.message.get(self.position..).unwrap_or_default()
    }

    /// Wraps the name here, which has been checked before, without stepping over it.
    #[inline]
    pub(crate) const fn trusted_name(&self) -> NameRef<'a> {
        NameRef::checked(self.message, self.position)
    }

    /// Sets an end after the next `length` octets; returns the end there was before.
    #[inline]
    pub(crate) fn narrow(&mut self, length: usize) -> Result<&'a [u8], ParseError> {
        let part = self.message.get(..self.position + length);
        let part = part.ok_or(self.error(ParseErrorKind::Short))?;
        Ok(core::mem::replace(&mut self.message, part))
    }

    /// Goes on behind the end that was set.
    #[inline]
    pub(crate) const fn widen(&mut self, message: &'a [u8]) {
        self.position = self.message.len();
        self.message = message;
    }

    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], ParseError> {
        let rest = self.message.get(self.position..).unwrap_or_default();
        let taken = rest.get(..length).ok_or(self.error(ParseErrorKind::Short))?;
        self.position += length;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.message.get(self.position..).unwrap_or_default();
        self.position = self.message.len();
        rest
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let rest = self.message.get(self.position..).unwrap_or_default();
        let array = rest.first_chunk().ok_or(self.error(ParseErrorKind::Short))?;
        self.position += N;
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
        let start = self.position;
        self.position = match self.pointers {
            Some(pointers) => self.walk(start, pointers)?,
            None => self.end_of_name().ok_or(self.error(ParseErrorKind::Short))?,
        };
        Ok(NameRef::checked(self.message, start))
    }

    /// Follows the name at `start` to its root and returns where it ends in this place.
    #[inline]
    fn walk(&mut self, start: usize, pointers: u8) -> Result<usize, ParseError> {
        let (mut at, mut length) = (start, 1);
        loop {
            let error = move |kind| Err(ParseError::new(kind, at));
            match self.message.get(at..).unwrap_or_default() {
                [0, ..] => return Ok(at + 1),
                [octet @ 1..=63, ..] => {
                    let step = usize::from(*octet) + 1;
                    length += step;
                    if length > MAX_NAME {
                        return error(ParseErrorKind::NameLength);
                    }
                    // If the label is cut, nothing is at its end.
                    at += step;
                }
                [high @ 192..=255, low, ..] => {
                    let target = u16::from_be_bytes([high & 0x3f, *low]);
                    self.follow((target, at), start, length, pointers)?;
                    return Ok(at + 2);
                }
                [] | [192..=255] => return error(ParseErrorKind::Short),
                _ => return error(ParseErrorKind::LabelKind),
            }
        }
    }

    /// Checks what the first pointer of a name, which stands `at` some place, leads to.
    #[inline]
    fn follow(
        &mut self,
        (target, at): (u16, usize),
        start: usize,
        length: usize,
        pointers: u8,
    ) -> Result<(), ParseError> {
        // RFC 1035 §4.1.4: "a prior occurrence".
        if usize::from(target) >= start || usize::from(target) < HEADER {
            return Err(ParseError::new(ParseErrorKind::Pointer, at));
        }
        let suffix = match self.known.find(target) {
            // What was sound when it was pointed to from a place before is so from here.
            Some(suffix) => suffix,
            None => self.suffix(target, start, pointers)?,
        };
        if length - 1 + usize::from(suffix.length) > MAX_NAME {
            return Err(ParseError::new(ParseErrorKind::NameLength, at));
        }
        if suffix.pointers >= pointers {
            return Err(ParseError::new(ParseErrorKind::Pointers, at));
        }
        Ok(())
    }

    /// Follows a pointer to the root, and remembers what it led to.
    fn suffix(&mut self, position: u16, start: usize, most: u8) -> Result<Suffix, ParseError> {
        // What lies before a pointer's target is before this name, whatever record it is in.
        let mut area = self.message.get(..start).unwrap_or(self.message);
        let (mut at, mut floor) = (usize::from(position), usize::from(position));
        let (mut length, mut pointers) = (1, 0);
        loop {
            let error = move |kind| Err(ParseError::new(kind, at));
            match area.get(at..).unwrap_or_default() {
                [0, ..] => break,
                [octet @ 1..=63, ..] => {
                    let step = octet + 1;
                    at += usize::from(step);
                    length = match u8::checked_add(length, step) {
                        Some(length) => length,
                        None => return error(ParseErrorKind::NameLength),
                    };
                }
                [high @ 192..=255, low, ..] => {
                    let target = usize::from(u16::from_be_bytes([high & 0x3f, *low]));
                    // Each before the last, or it may loop.
                    if target >= floor || target < HEADER {
                        return error(ParseErrorKind::Pointer);
                    }
                    pointers += 1;
                    if pointers >= most {
                        return error(ParseErrorKind::Pointers);
                    }
                    area = area.get(..floor).unwrap_or(area);
                    (at, floor) = (target, target);
                }
                [] | [192..=255] => return error(ParseErrorKind::Short),
                _ => return error(ParseErrorKind::LabelKind),
            }
        }
        let suffix = Suffix { position, length, pointers };
        self.known.keep(suffix);
        Ok(suffix)
    }

    /// Steps over the labels in this place.
    #[inline]
    fn end_of_name(&self) -> Option<usize> {
        let mut at = self.position;
        loop {
            match *self.message.get(at)? {
                0 => return Some(at + 1),
                octet @ 1..=63 => at += usize::from(octet) + 1,
                _ => return Some(at + 2),
            }
        }
    }
}

/// The length of a message's header; no name begins inside it.
pub(crate) const HEADER: usize = 12;

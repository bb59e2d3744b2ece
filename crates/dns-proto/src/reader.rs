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
}

impl<'a> Reader<'a> {
    /// Reads octets that nobody has looked at.
    pub(crate) const fn new(message: &'a [u8], pointers: u8) -> Self {
        Self { message, position: 0, pointers: Some(pointers) }
    }

    /// Reads octets that have been parsed before: names are skipped, not walked again.
    #[inline]
    pub(crate) fn trusted(message: &'a [u8], position: usize, end: usize) -> Self {
        let message = message.get(..end).unwrap_or(message);
        Self { message, position, pointers: None }
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

    /// Splits off a reader of the next `length` octets and steps over them.
    #[inline]
    pub(crate) fn sub(&mut self, length: usize) -> Result<Self, ParseError> {
        let end = self.position + length;
        let message = self.message.get(..end).ok_or(self.error(ParseErrorKind::Short))?;
        let sub = Self { message, ..*self };
        self.position = end;
        Ok(sub)
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
    fn walk(&self, start: usize, mut pointers: u8) -> Result<usize, ParseError> {
        // What lies before a pointer's target is before this name, whatever record it is in.
        let (mut area, mut at, mut end) = (self.message, start, None);
        let (mut floor, mut length) = (start, 1);
        loop {
            let error = |kind| ParseError::new(kind, at);
            match area.get(at) {
                Some(0) => return Ok(end.unwrap_or(at + 1)),
                Some(&octet @ 1..=63) => {
                    let step = usize::from(octet) + 1;
                    length += step;
                    if length > MAX_NAME {
                        return Err(error(ParseErrorKind::NameLength));
                    }
                    // If the label is cut, nothing is at its end.
                    at += step;
                }
                Some(&high @ 192..=255) => {
                    let low = area.get(at + 1).ok_or(error(ParseErrorKind::Short))?;
                    let target = usize::from(u16::from_be_bytes([high & 0x3f, *low]));
                    // RFC 1035 §4.1.4: "a prior occurrence"; each before the last, or it may loop.
                    if target >= floor || target < HEADER {
                        return Err(error(ParseErrorKind::Pointer));
                    }
                    pointers = pointers.checked_sub(1).ok_or(error(ParseErrorKind::Pointers))?;
                    end = end.or(Some(at + 2));
                    area = area.get(..floor).unwrap_or(area);
                    (at, floor) = (target, target);
                }
                None => return Err(error(ParseErrorKind::Short)),
                Some(_) => return Err(error(ParseErrorKind::LabelKind)),
            }
        }
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

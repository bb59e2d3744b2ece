//! A cursor over a message: every octet that is read is read here.
use crate::error::{ParseError, ParseErrorKind};
use crate::name::{MAX_NAME, NameRef};

/// Reads from `position` to `end` of a message; names may point back to anywhere before.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    message: &'a [u8],
    position: usize,
    end: usize,
    /// How many pointers a name may have; `None` if all names have been checked already.
    pointers: Option<u8>,
}

impl<'a> Reader<'a> {
    /// Reads octets that nobody has looked at.
    pub(crate) const fn new(message: &'a [u8], pointers: u8) -> Self {
        Self { message, position: 0, end: message.len(), pointers: Some(pointers) }
    }

    /// Reads octets that have been parsed before: names are skipped, not walked again.
    pub(crate) const fn trusted(message: &'a [u8], position: usize, end: usize) -> Self {
        Self { message, position, end, pointers: None }
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    pub(crate) const fn message(&self) -> &'a [u8] {
        self.message
    }

    pub(crate) const fn is_trusted(&self) -> bool {
        self.pointers.is_none()
    }

    pub(crate) const fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.position)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.position >= self.end
    }

    /// Splits off a reader of the next `length` octets and steps over them.
    pub(crate) fn sub(&mut self, length: usize) -> Result<Self, ParseError> {
        let mut sub = self.clone();
        self.take(length)?;
        sub.end = self.position;
        Ok(sub)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], ParseError> {
        let end = self.position.saturating_add(length);
        let taken = self.message.get(self.position..end).filter(|_| end <= self.end);
        let taken = taken.ok_or(self.error(ParseErrorKind::Short))?;
        self.position = end;
        Ok(taken)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        let rest = self.message.get(self.position..self.end).unwrap_or_default();
        self.position = self.end;
        rest
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], ParseError> {
        let error = self.error(ParseErrorKind::Short);
        self.take(N)?.first_chunk().copied().ok_or(error)
    }

    pub(crate) fn octet(&mut self) -> Result<u8, ParseError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, ParseError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, ParseError> {
        self.array().map(u32::from_be_bytes)
    }

    /// Reads a name and follows its pointers, to check them; stands behind the name afterwards.
    pub(crate) fn name(&mut self) -> Result<NameRef<'a>, ParseError> {
        let start = self.position;
        match self.pointers {
            Some(pointers) => self.position = self.walk(start, pointers)?,
            None => self.skip_name()?,
        }
        Ok(NameRef::checked(self.message, start))
    }

    /// Follows the name at `start` to its root and returns where it ends in this place.
    fn walk(&self, start: usize, mut pointers: u8) -> Result<usize, ParseError> {
        let (mut at, mut bound, mut end) = (start, self.end, None);
        let (mut floor, mut length) = (start, 1);
        loop {
            let error = |kind| ParseError::new(kind, at);
            let octets = self.message.get(at..bound).unwrap_or_default();
            match *octets {
                [0, ..] => return Ok(end.unwrap_or(at + 1)),
                [octet @ 1..=63, ..] => {
                    let step = usize::from(octet) + 1;
                    length += step;
                    if octets.len() < step {
                        return Err(error(ParseErrorKind::Short));
                    }
                    if length > MAX_NAME {
                        return Err(error(ParseErrorKind::NameLength));
                    }
                    at += step;
                }
                [high @ 192..=255, low, ..] => {
                    let target = usize::from(u16::from_be_bytes([high & 0x3f, low]));
                    // RFC 1035 §4.1.4: "a prior occurrence"; each before the last, or it may loop.
                    if target >= floor || target < HEADER {
                        return Err(error(ParseErrorKind::Pointer));
                    }
                    pointers = pointers.checked_sub(1).ok_or(error(ParseErrorKind::Pointers))?;
                    end = end.or(Some(at + 2));
                    // What lies before the floor is before this name, whatever record it is in.
                    (at, bound, floor) = (target, floor, target);
                }
                [] | [192..=255] => return Err(error(ParseErrorKind::Short)),
                _ => return Err(error(ParseErrorKind::LabelKind)),
            }
        }
    }

    /// Steps over the labels in this place.
    fn skip_name(&mut self) -> Result<(), ParseError> {
        loop {
            match self.octet()? {
                0 => return Ok(()),
                octet @ 1..=63 => self.take(usize::from(octet)).map(drop)?,
                _ => return self.octet().map(drop),
            }
        }
    }
}

/// The length of a message's header; no name begins inside it.
pub(crate) const HEADER: usize = 12;

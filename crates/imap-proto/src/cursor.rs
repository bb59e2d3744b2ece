//! Reading a line: what every grammar of this crate is made of.
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::{BufMut, Bytes, BytesMut};

use crate::{
    Diagnostic, IString, Limits, Line, Number64, ParseError, ParseErrorKind, Quirk, Raw,
    line::Hole,
    octets::{ESCAPED, NOT_ASTRING, NOT_ATOM, NOT_DIGIT, NOT_QUOTED, class, plain_run, same_word},
};

pub(crate) type Parsed<T> = Result<T, ParseError>;

/// Where reading stands.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    /// The text between two literals, and what of it is left.
    text: &'a Bytes,
    rest: &'a [u8],
    holes: &'a [Hole],
    /// Octets of the line before `text`.
    before: usize,
    limits: Limits,
    depth: u32,
    elements: u32,
    /// Where known mistakes are noted; `None` where they are errors.
    quirks: Option<&'a mut Vec<Diagnostic>>,
}

/// A place to go back to.
#[derive(Clone, Copy)]
pub(crate) struct Mark<'a> {
    text: &'a Bytes,
    rest: &'a [u8],
    holes: &'a [Hole],
    before: usize,
    depth: u32,
}

/// What stands where a string may stand.
#[derive(Clone, Debug)]
pub(crate) enum Token {
    Octets {
        octets: Bytes,
        binary: bool,
    },
    /// A literal of this size, which went by as a stream.
    Streamed {
        size: u64,
        binary: bool,
    },
}

impl<'a> Cursor<'a> {
    /// Reads strictly.
    pub(crate) fn new(line: &'a Line, limits: Limits) -> Self {
        let (text, holes) = (line.text(), line.holes());
        let (before, depth, elements) = (0, 0, 0);
        Self { text, rest: text, holes, before, limits, depth, elements, quirks: None }
    }

    /// Accepts known mistakes, and notes them.
    pub(crate) fn lenient(mut self, quirks: &'a mut Vec<Diagnostic>) -> Self {
        self.quirks = Some(quirks);
        self
    }

    pub(crate) const fn is_lenient(&self) -> bool {
        self.quirks.is_some()
    }

    pub(crate) fn offset(&self) -> usize {
        self.before + (self.text.len() - self.rest.len())
    }

    #[cold]
    pub(crate) fn error(&self, kind: ParseErrorKind) -> ParseError {
        ParseError::new(kind, self.offset())
    }

    /// Notes a known mistake, or fails where those are errors.
    #[cold]
    pub(crate) fn quirk(&mut self, quirk: Quirk, kind: ParseErrorKind) -> Parsed<()> {
        let offset = self.offset();
        match &mut self.quirks {
            Some(quirks) => quirks.push(Diagnostic { quirk, offset }),
            None => return Err(ParseError::new(kind, offset)),
        }
        Ok(())
    }

    pub(crate) fn mark(&self) -> Mark<'a> {
        let Self { text, rest, holes, before, depth, .. } = *self;
        Mark { text, rest, holes, before, depth }
    }

    pub(crate) fn back(&mut self, mark: Mark<'a>) {
        Mark {
            text: self.text,
            rest: self.rest,
            holes: self.holes,
            before: self.before,
            depth: self.depth,
        } = mark;
    }

    /// Returns what is left before the next literal.
    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Moves on by octets that have been looked at.
    pub(crate) fn skip(&mut self, octets: usize) {
        self.rest = self.rest.get(octets..).unwrap_or_default();
    }

    #[inline]
    pub(crate) const fn peek(&self) -> Option<u8> {
        match self.rest {
            [octet, ..] => Some(*octet),
            [] => None,
        }
    }

    #[inline]
    pub(crate) fn eat(&mut self, octet: u8) -> bool {
        let here = self.peek() == Some(octet);
        if here {
            self.skip(1);
        }
        here
    }

    #[inline]
    pub(crate) fn expect(&mut self, octet: u8) -> Parsed<()> {
        if self.eat(octet) {
            return Ok(());
        }
        Err(self.error(ParseErrorKind::Expected(char::from(octet))))
    }

    #[inline]
    pub(crate) fn space(&mut self) -> Parsed<()> {
        self.expect(b' ')
    }

    /// Takes the space between two values; servers have left it out, and put two.
    #[inline]
    pub(crate) fn gap(&mut self) -> Parsed<()> {
        if self.eat(b' ') && self.peek() != Some(b' ') {
            return Ok(());
        }
        self.odd_gap()
    }

    #[cold]
    fn odd_gap(&mut self) -> Parsed<()> {
        let kind = ParseErrorKind::Expected(' ');
        match self.peek() {
            Some(b' ') => {
                self.quirk(Quirk::ExtraSpace, kind)?;
                while self.eat(b' ') {}
                Ok(())
            }
            Some(b'(' | b'"' | b'N' | b'n') => self.quirk(Quirk::MissingSpace, kind),
            _ => Err(self.error(kind)),
        }
    }

    /// Eats a word, in any case; what follows it is not looked at.
    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let here = self.rest.split_at_checked(word.len()).filter(|(here, _)| same_word(here, word));
        if let Some((_, rest)) = here {
            self.rest = rest;
        }
        here.is_some()
    }

    /// Eats a word that is a whole atom.
    pub(crate) fn eat_atom(&mut self, word: &str) -> bool {
        let mark = self.mark();
        let here =
            self.eat_word(word) && self.peek().is_none_or(|next| class(next) & NOT_ATOM != 0);
        if !here {
            self.back(mark);
        }
        here
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.error(ParseErrorKind::Word)) }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty() && self.holes.is_empty()
    }

    pub(crate) fn end(&self) -> Parsed<()> {
        if self.is_at_end() { Ok(()) } else { Err(self.error(ParseErrorKind::Trailing)) }
    }

    /// Shares octets of the text.
    pub(crate) fn share(&self, octets: &[u8]) -> Bytes {
        self.text.slice_ref(octets)
    }

    /// Takes octets outside a class, perhaps none.
    #[inline]
    pub(crate) fn while_outside(&mut self, mask: u8) -> &'a [u8] {
        let end = self.rest.iter().position(|octet| class(*octet) & mask != 0);
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Takes octets, as many as there are at most.
    pub(crate) fn take(&mut self, octets: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(octets).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// Takes an atom, borrowed.
    #[inline]
    pub(crate) fn word(&mut self) -> Parsed<&'a [u8]> {
        match self.while_outside(NOT_ATOM) {
            [] => Err(self.error(ParseErrorKind::Atom)),
            atom => Ok(atom),
        }
    }

    pub(crate) fn atom(&mut self) -> Parsed<Bytes> {
        self.word().map(|atom| self.share(atom))
    }

    /// Takes a number of 32 bits.
    #[inline]
    pub(crate) fn number(&mut self) -> Parsed<u32> {
        let (mut number, mut rest) = (0_u64, self.rest);
        while let [octet, more @ ..] = rest {
            let digit = octet.wrapping_sub(b'0');
            if digit > 9 || number > u64::from(u32::MAX) {
                break;
            }
            (number, rest) = (number * 10 + u64::from(digit), more);
        }
        match u32::try_from(number) {
            Ok(number) if rest.len() < self.rest.len() => {
                self.rest = rest;
                Ok(number)
            }
            _ => Err(self.error(ParseErrorKind::Number)),
        }
    }

    /// Takes a number from 1 that does not begin with 0.
    #[inline]
    pub(crate) fn nz_number(&mut self) -> Parsed<NonZeroU32> {
        if !matches!(self.peek(), Some(b'1'..=b'9')) {
            return Err(self.error(ParseErrorKind::Number));
        }
        let number = NonZeroU32::new(self.number()?);
        number.ok_or_else(|| self.error(ParseErrorKind::Number))
    }

    /// Takes a number of 63 bits.
    pub(crate) fn number64(&mut self) -> Parsed<Number64> {
        let mark = self.mark();
        let digits = self.while_outside(NOT_DIGIT);
        Number64::parse_digits(digits).ok_or_else(|| {
            self.back(mark);
            self.error(ParseErrorKind::Number)
        })
    }

    /// Takes a `string`.
    pub(crate) fn string(&mut self) -> Parsed<IString> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            None if !self.holes.is_empty() => self.literal(),
            _ => Err(self.error(ParseErrorKind::String)),
        }
    }

    /// Takes an `nstring`: a string, or `NIL` for none.
    pub(crate) fn nstring(&mut self) -> Parsed<Option<IString>> {
        if self.peek() != Some(b'"') && self.eat_atom("NIL") {
            return Ok(None);
        }
        self.string().map(Some)
    }

    /// Takes an `astring`: a string, or an atom that may hold `]`.
    pub(crate) fn astring(&mut self) -> Parsed<IString> {
        match self.while_outside(NOT_ASTRING) {
            [] => self.string(),
            atom => Ok(IString::trusted(self.share(atom))),
        }
    }

    fn quoted(&mut self) -> Parsed<IString> {
        let inner = self.rest.get(1..).unwrap_or_default();
        let (content, rest) = inner.split_at_checked(plain_run(inner)).unwrap_or_default();
        match rest {
            [b'"', after @ ..] => {
                self.rest = after;
                if content.is_empty() && !matches!(after, [] | [b' ' | b')' | b']' | b'(', ..]) {
                    return self.quoted_twice();
                }
                Ok(IString::trusted(self.share(content)))
            }
            _ => self.escaped(),
        }
    }

    /// `""""` and `""text""`: a string in quotes that was put in quotes again.
    #[cold]
    fn quoted_twice(&mut self) -> Parsed<IString> {
        let end = memchr::memmem::find(self.rest, b"\"\"");
        let content = end.and_then(|end| self.rest.get(..end));
        let plain = |content: &&[u8]| {
            !content.iter().any(|octet| class(*octet) & (ESCAPED | NOT_QUOTED) != 0)
        };
        match content.filter(plain) {
            Some(content) if self.is_lenient() => {
                self.quirk(Quirk::QuoteTwice, ParseErrorKind::Quoted)?;
                self.skip(content.len() + 2);
                Ok(IString::trusted(self.share(content)))
            }
            // What follows is for the caller to judge.
            _ => Ok(IString::default()),
        }
    }

    /// Takes a string where there must be one; servers say `NIL`.
    pub(crate) fn string_or_nil(&mut self) -> Parsed<IString> {
        if !matches!(self.peek(), Some(b'"') | None) && self.is_lenient() && self.eat_atom("NIL") {
            self.quirk(Quirk::NilString, ParseErrorKind::String)?;
            return Ok(IString::default());
        }
        self.string()
    }

    /// Takes a number; servers say `NIL`, nothing, -1, or too large a one.
    pub(crate) fn any_number(&mut self) -> Parsed<Number64> {
        let mark = self.mark();
        self.number64().or_else(|error| {
            self.back(mark);
            self.odd_number(error)
        })
    }

    #[cold]
    fn odd_number(&mut self, error: ParseError) -> Parsed<Number64> {
        if self.eat_atom("NIL") || matches!(self.peek(), Some(b' ' | b')')) {
            self.quirk(Quirk::NoNumber, error.kind())?;
            return Ok(Number64::default());
        }
        let negative = self.eat(b'-');
        if self.while_outside(NOT_DIGIT).is_empty() {
            return Err(error);
        }
        self.quirk(Quirk::NumberRange, error.kind())?;
        Ok(if negative { Number64::default() } else { Number64::MAX })
    }

    /// A quoted string with backslashes in it, which has to be copied.
    fn escaped(&mut self) -> Parsed<IString> {
        let mark = self.mark();
        self.skip(1);
        let mut octets = BytesMut::new();
        loop {
            let plain = self.while_outside(ESCAPED | NOT_QUOTED);
            octets.put_slice(plain);
            match self.rest {
                [b'"', ..] => {
                    self.skip(1);
                    return Ok(IString::trusted(octets.freeze()));
                }
                [b'\\', escaped @ (b'"' | b'\\'), ..] => {
                    octets.put_u8(*escaped);
                    self.skip(2);
                }
                [b'\\', other, ..] if *other >= b' ' && self.is_lenient() => {
                    self.quirk(Quirk::Escape, ParseErrorKind::Quoted)?;
                    octets.put_slice(&[b'\\', *other]);
                    self.skip(2);
                }
                _ => {
                    let error = self.error(ParseErrorKind::Quoted);
                    self.back(mark);
                    return Err(error);
                }
            }
        }
    }

    /// Takes a literal that is text: NUL may not be in it.
    fn literal(&mut self) -> Parsed<IString> {
        let error = self.error(ParseErrorKind::Literal);
        match self.token()? {
            Token::Octets { octets, .. } => IString::new(octets).ok_or(error),
            Token::Streamed { .. } => Err(error),
        }
    }

    /// Whether a literal is next.
    pub(crate) const fn is_at_literal(&self) -> bool {
        self.rest.is_empty() && !self.holes.is_empty()
    }

    /// Takes a literal of any kind, streamed or not.
    pub(crate) fn token(&mut self) -> Parsed<Token> {
        let error = self.error(ParseErrorKind::Literal);
        let ([], Some((hole, holes))) = (self.rest, self.holes.split_first()) else {
            return Err(error);
        };
        let (size, binary) = (hole.literal.size, hole.literal.binary);
        self.before += self.text.len() + hole.octets.as_ref().map_or(0, Bytes::len);
        (self.text, self.rest, self.holes) = (&hole.text, &hole.text, holes);
        Ok(match &hole.octets {
            Some(octets) => Token::Octets { octets: octets.clone(), binary },
            None => Token::Streamed { size, binary },
        })
    }

    /// Enters a list or another thing that can stand in itself; leave it by [`Self::leave`].
    pub(crate) fn enter(&mut self) -> Parsed<()> {
        if self.depth >= self.limits.depth {
            return Err(self.error(ParseErrorKind::TooDeep));
        }
        self.depth += 1;
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Counts an element.
    #[inline]
    pub(crate) fn count(&mut self) -> Parsed<()> {
        if self.elements >= self.limits.elements {
            return Err(self.error(ParseErrorKind::TooMany));
        }
        self.elements += 1;
        Ok(())
    }

    /// Takes elements between parentheses with a space between each two, perhaps none.
    pub(crate) fn list(&mut self, mut element: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.expect(b'(')?;
        if self.eat(b')') {
            return Ok(());
        }
        loop {
            self.count()?;
            element(self)?;
            match self.peek() {
                Some(b' ') => self.skip(1),
                Some(b')') => {
                    self.skip(1);
                    return Ok(());
                }
                _ => return Err(self.error(ParseErrorKind::Expected(')'))),
            }
        }
    }

    /// The same, with one element at least.
    pub(crate) fn list1(&mut self, element: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        if self.rest.starts_with(b"()") {
            self.skip(1);
            return Err(self.error(ParseErrorKind::Expected('(')));
        }
        self.list(element)
    }

    /// Takes whatever stands here, with its strings, literals and balanced parentheses, up to a
    /// space, a closing parenthesis or the end outside them.
    pub(crate) fn raw(&mut self) -> Parsed<Raw> {
        let (start, mut copied) = (self.mark(), BytesMut::new());
        let (mut from, mut depth) = (self.rest, 0_u32);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.quoted()?;
                    continue;
                }
                Some(b'(') => depth += 1,
                Some(b')') if depth == 0 => break,
                Some(b')') => depth -= 1,
                Some(b' ') if depth == 0 => break,
                Some(_) => {}
                None => {
                    copied.put_slice(from);
                    if self.holes.is_empty() {
                        from = &[];
                        break;
                    }
                    self.copy_literal(&mut copied);
                    from = self.rest;
                    continue;
                }
            }
            self.skip(1);
        }
        let taken = from.len() - self.rest.len().min(from.len());
        let last = from.get(..taken).unwrap_or_default();
        if depth > 0 || (last.is_empty() && copied.is_empty()) {
            let error = self.error(ParseErrorKind::Expected(if depth > 0 { ')' } else { ' ' }));
            self.back(start);
            return Err(error);
        }
        if copied.is_empty() {
            return Ok(Raw::trusted(self.share(last)));
        }
        copied.put_slice(last);
        Ok(Raw::trusted(copied.freeze()))
    }

    /// Takes a name, with what is in brackets in it, and its value.
    pub(crate) fn raw_pair(&mut self) -> Parsed<Raw> {
        let start = self.mark();
        let name = self.name_with_brackets();
        let name = self.share(name);
        if name.is_empty() {
            return Err(self.error(ParseErrorKind::Atom));
        }
        let value = if self.eat(b' ') {
            self.raw().inspect_err(|_| self.back(start))?
        } else {
            return Ok(Raw::trusted(name));
        };
        let mut pair = BytesMut::with_capacity(name.len() + 1 + value.as_bytes().len());
        pair.put_slice(&name);
        pair.put_u8(b' ');
        pair.put_slice(value.as_bytes());
        Ok(Raw::trusted(pair.freeze()))
    }

    fn name_with_brackets(&mut self) -> &'a [u8] {
        let mut inside = false;
        let end = self.rest.iter().position(|octet| {
            inside = (inside || *octet == b'[') && *octet != b']';
            !inside && matches!(octet, b' ' | b'(' | b')' | b'"')
        });
        self.take(end.unwrap_or(self.rest.len()))
    }

    /// Takes the rest of the line.
    pub(crate) fn raw_rest(&mut self) -> Raw {
        let mut copied = BytesMut::new();
        loop {
            let piece = self.take(self.rest.len());
            if self.holes.is_empty() && copied.is_empty() {
                return Raw::trusted(self.share(piece));
            }
            copied.put_slice(piece);
            if !self.copy_literal(&mut copied) {
                return Raw::trusted(copied.freeze());
            }
        }
    }

    /// Copies the next literal as it is written, if there is one. A streamed one is gone: an
    /// empty one stands for it.
    fn copy_literal(&mut self, out: &mut BytesMut) -> bool {
        let Ok(token) = self.token() else { return false };
        let (octets, binary) = match token {
            Token::Octets { octets, binary } => (octets, binary),
            Token::Streamed { binary, .. } => (Bytes::new(), binary),
        };
        crate::writer::literal(out, &octets, binary, b"");
        true
    }
}

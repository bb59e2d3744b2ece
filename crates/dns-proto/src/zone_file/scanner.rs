//! The scanner: entries, directives, and what one entry takes over from those before.
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::frame::Frame;
use super::generate::Generate;
use super::{Limits, ScanError};
use crate::error::{ParseError, ParseErrorKind};
use crate::message::RecordRef;
use crate::name::{Name, NameRef};
use crate::number::{Class, RecordType};
use crate::rdata::Rdata;
use crate::text::{Word, Words, unescape};

/// Reads a master file in pieces.
///
/// It holds one entry, the last piece, and the unread rest of the files that include the present
/// one. Errors stick.
///
/// ```
/// use dns_proto::Name;
/// use dns_proto::zone_file::{Scanner, Step};
///
/// let origin: Name = "example".parse()?;
/// let mut scanner = Scanner::new("example.zone", &origin);
/// scanner.push(b"www 3600 IN A 192.0.2.");
/// assert!(matches!(scanner.next()?, Step::NeedInput));
/// scanner.push(b"1\n");
/// scanner.end();
/// let Step::Record(record) = scanner.next()? else { panic!("no record") };
/// assert_eq!(record.to_string(), "www.example. 3600 IN A 192.0.2.1");
/// assert!(matches!(scanner.next()?, Step::Done));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Scanner {
    limits: Limits,
    /// The file being read is the last.
    sources: Vec<Source>,
    generate: Option<Generate>,
    line: Vec<u8>,
    context: Context,
    /// The file that the application has to bring, and the origin in it.
    wanted: Option<(String, Vec<u8>)>,
    failed: Option<ScanError>,
}

/// What the scanner has come to.
#[derive(Debug)]
#[must_use]
pub enum Step<'s> {
    /// A record.
    Record(RecordRef<'s>),
    /// A file is included: call [`Scanner::include`] and push its text, or [`Scanner::refuse`].
    Include(&'s str),
    /// The text so far is used up: [`Scanner::push`] more, or [`Scanner::end`] the file.
    NeedInput,
    /// The file is read.
    Done,
}

#[derive(Debug)]
struct Source {
    file: Arc<str>,
    text: Vec<u8>,
    /// Where the next entry begins.
    start: usize,
    ended: bool,
    frame: Frame,
    /// The line of the entry's beginning.
    line: u64,
    /// What is to be when the file that included this one goes on.
    origin: Vec<u8>,
    owner: Vec<u8>,
}

/// What entries take over from those before.
#[derive(Debug)]
struct Context {
    origin: Vec<u8>,
    owner: Vec<u8>,
    /// By `$TTL`.
    default_ttl: Option<u32>,
    last_ttl: Option<u32>,
    class: Class,
    data: Vec<u8>,
}

/// What an entry is.
enum Entry {
    Record(RecordType, u32),
    Nothing,
    Generate(Generate),
    Include(String, Vec<u8>),
}

impl Scanner {
    /// Begins a file under this name; relative names end in the origin.
    #[must_use]
    pub fn new(file: &str, origin: &Name) -> Self {
        Self::with_limits(file, origin, Limits::default())
    }

    /// Begins a file under limits.
    #[must_use]
    pub fn with_limits(file: &str, origin: &Name, limits: Limits) -> Self {
        let origin = origin.wire().to_vec();
        let context = Context {
            origin: origin.clone(),
            owner: Vec::new(),
            default_ttl: None,
            last_ttl: None,
            class: Class::IN,
            data: Vec::new(),
        };
        let sources = alloc::vec![Source::new(file.into(), origin, Vec::new())];
        let (generate, wanted, failed, line) = (None, None, None, Vec::new());
        Self { limits, sources, generate, line, context, wanted, failed }
    }

    /// Takes the next piece of the present file.
    pub fn push(&mut self, text: &[u8]) {
        let Some(source) = self.sources.last_mut() else { return };
        source.text.drain(..source.start);
        source.start = 0;
        source.text.extend_from_slice(text);
    }

    /// Says that the present file is over.
    pub fn end(&mut self) {
        if let Some(source) = self.sources.last_mut() {
            source.ended = true;
        }
    }

    /// Begins the file that the last step wanted included.
    pub fn include(&mut self) {
        let Some((file, origin)) = self.wanted.take() else { return };
        let (own, owner) = (&self.context.origin, &self.context.owner);
        let source = Source::new(file.into(), own.clone(), owner.clone());
        self.context.origin = origin;
        self.sources.push(source);
    }

    /// Says that the file that the last step wanted cannot be had: an error.
    pub fn refuse(&mut self) {
        if self.wanted.take().is_some() {
            let error = ParseError::new(ParseErrorKind::Expected("a file that can be included"), 0);
            self.failed = self.sources.last().map(|source| source.located(error, true));
        }
    }

    /// Goes on to the next record, or whatever else there is.
    ///
    /// # Errors
    ///
    /// When an entry is malformed; from then on always the same.
    #[expect(clippy::should_implement_trait, reason = "what it returns borrows from it")]
    pub fn next(&mut self) -> Result<Step<'_>, ScanError> {
        loop {
            if let Some(error) = &self.failed {
                return Err(error.clone());
            }
            if self.wanted.is_some() {
                break;
            }
            match self.entry() {
                Ok(Some(Entry::Record(rtype, ttl))) => {
                    let Context { owner, class, data, .. } = &self.context;
                    let owner = NameRef::checked(owner, 0);
                    return Ok(Step::Record(RecordRef::of_data(owner, rtype, *class, ttl, data)));
                }
                Ok(Some(Entry::Nothing)) => {}
                Ok(Some(Entry::Generate(generate))) => self.generate = Some(generate),
                Ok(Some(Entry::Include(file, origin))) => self.wanted = Some((file, origin)),
                Ok(None) if !self.sources.last().is_some_and(|source| source.ended) => {
                    return Ok(Step::NeedInput);
                }
                Ok(None) if self.sources.len() <= 1 => return Ok(Step::Done),
                Ok(None) => self.leave(),
                Err(error) => self.failed = Some(error),
            }
        }
        Ok(self.wanted.as_ref().map_or(Step::Done, |(file, _)| Step::Include(file)))
    }

    /// Reads the next entry; `None` if there is none whole.
    fn entry(&mut self) -> Result<Option<Entry>, ScanError> {
        let depth = self.sources.len();
        let Some(source) = self.sources.last_mut() else { return Ok(None) };
        if let Some(generate) = &mut self.generate {
            let filled = generate.fill(&mut self.line);
            if let Some(filled) = filled {
                let entry =
                    filled.and_then(|()| self.context.entry(&self.line, &self.limits, usize::MAX));
                return entry.map(Some).map_err(|error| source.located(error, true));
            }
            self.generate = None;
        }
        let text = source.text.get(source.start..).unwrap_or_default();
        let framed = source.frame.find(text, source.ended);
        let Some(length) = framed.map_err(|error| source.located(error, false))? else {
            // What is not whole yet is held: no more than this.
            let long = text.len() > self.limits.entry;
            let error = ParseError::new(ParseErrorKind::Entry, self.limits.entry);
            return if long { Err(source.located(error, false)) } else { Ok(None) };
        };
        let text = text.get(..length).unwrap_or_default();
        let entry = if length > self.limits.entry {
            Err(ParseError::new(ParseErrorKind::Entry, self.limits.entry))
        } else {
            self.context.entry(text, &self.limits, depth)
        };
        let entry = entry.map_err(|error| source.located(error, false))?;
        source.start += length;
        source.line += core::mem::take(&mut source.frame).lines;
        Ok(Some(entry))
    }

    /// Goes back to the file that included this one.
    fn leave(&mut self) {
        if let Some(source) = self.sources.pop() {
            // RFC 1035 §5.1: the origin of the parent is not changed.
            (self.context.origin, self.context.owner) = (source.origin, source.owner);
        }
    }
}

impl Source {
    fn new(file: Arc<str>, origin: Vec<u8>, owner: Vec<u8>) -> Self {
        let (text, frame) = (Vec::new(), Frame::default());
        Self { file, text, start: 0, ended: false, frame, line: 1, origin, owner }
    }

    /// Finds the line and column of an error in the present entry, or in the one `before`.
    fn located(&self, error: ParseError, before: bool) -> ScanError {
        let (file, kind) = (Arc::clone(&self.file), error.kind());
        if before {
            return ScanError { file, line: self.line.saturating_sub(1).max(1), column: 1, kind };
        }
        let text = self.text.get(self.start..).unwrap_or_default();
        let text = text.get(..error.offset()).unwrap_or(text);
        let breaks = memchr::memchr_iter(b'\n', text).count();
        let line = self.line + u64::try_from(breaks).unwrap_or(u64::MAX);
        let column = text.len() - memchr::memrchr(b'\n', text).map_or(0, |at| at + 1) + 1;
        ScanError { file, line, column, kind }
    }
}

impl Context {
    /// Reads one entry.
    fn entry(&mut self, text: &[u8], limits: &Limits, depth: usize) -> Result<Entry, ParseError> {
        if text.first() == Some(&b'$') && depth != usize::MAX {
            return directive(self, text, limits, depth);
        }
        let mut words = Words::new(text, &self.origin);
        let (blank, start) = (words.begins_blank(), words.clone());
        let Some(first) = words.next() else { return Ok(Entry::Nothing) };
        if blank {
            words = start;
        }
        if !blank {
            self.owner.clear();
            crate::text::put_name(first, &self.origin, &mut self.owner)?;
        } else if self.owner.is_empty() {
            return Err(first.error("an owner, as there is none before"));
        }
        let (rtype, class, ttl) = head(&mut words)?;
        if let Some(class) = class {
            self.class = class;
        }
        self.data.clear();
        Rdata::scan(rtype, &mut words, &mut self.data)?;
        self.last_ttl = ttl.or(self.last_ttl);
        let known = ttl.or(self.default_ttl).or(self.last_ttl);
        let ttl = known.or_else(|| minimum(rtype, &self.data));
        let ttl = ttl.ok_or_else(|| first.error("a TTL here, or $TTL before"))?;
        if known.is_none() {
            self.last_ttl = Some(ttl);
        }
        Ok(Entry::Record(rtype, ttl))
    }
}

/// What a zone without any TTL means: that of negative answers, before RFC 2308 of all.
fn minimum(rtype: RecordType, data: &[u8]) -> Option<u32> {
    match Rdata::parse(rtype, data) {
        Ok(Rdata::Soa { minimum, .. }) => Some(minimum),
        _ => None,
    }
}

/// Reads TTL and class, in either order, and the type (RFC 1035 §5.1).
fn head(words: &mut Words<'_>) -> Result<(RecordType, Option<Class>, Option<u32>), ParseError> {
    const EXPECTED: &str = "a TTL, a class or a type";
    let (mut class, mut ttl) = (None, None);
    loop {
        let word = words.word(EXPECTED)?;
        let number = word.octets.first().is_some_and(u8::is_ascii_digit);
        if number && ttl.is_none() {
            ttl = Some(seconds(word)?);
        } else if class.is_none() && word.octets.eq_ignore_ascii_case(b"IN") {
            class = Some(Class::IN);
        } else if let Some(rtype) = RecordType::parse(word.octets) {
            return Ok((rtype, class, ttl));
        } else {
            let known = Class::parse(word.octets).filter(|_| class.is_none());
            class = Some(known.ok_or_else(|| word.error(EXPECTED))?);
        }
    }
}

fn seconds(word: Word<'_>) -> Result<u32, ParseError> {
    // RFC 2181 §8.
    let seconds = word.seconds().filter(|ttl| *ttl <= i32::MAX.cast_unsigned());
    seconds.ok_or_else(|| word.error("a time up to 2147483647 seconds, like 3600 or 1h"))
}

fn directive(
    context: &mut Context,
    text: &[u8],
    limits: &Limits,
    depth: usize,
) -> Result<Entry, ParseError> {
    let mut words = Words::new(text, &context.origin);
    let first = words.word("a directive")?;
    let is = |directive: &[u8]| first.octets.eq_ignore_ascii_case(directive);
    let mut origin = Vec::new();
    let entry = if is(b"$ORIGIN") {
        words.name(&mut origin)?;
        Entry::Nothing
    } else if is(b"$TTL") {
        context.default_ttl = Some(seconds(words.word("a TTL")?)?);
        Entry::Nothing
    } else if is(b"$INCLUDE") {
        let (word, mut file) = (words.word("a file")?, Vec::new());
        unescape(word, &mut file)?;
        let file = String::from_utf8(file).map_err(|_| word.error("a file name in UTF-8"))?;
        let mut inside = context.origin.clone();
        if words.peek().is_some() {
            inside.clear();
            words.name(&mut inside)?;
        }
        if depth > limits.includes {
            return Err(ParseError::new(ParseErrorKind::Includes, word.at));
        }
        Entry::Include(file, inside)
    } else if is(b"$GENERATE") {
        return Generate::parse(&mut words, text, limits).map(Entry::Generate);
    } else {
        return Err(first.error("$ORIGIN, $TTL, $INCLUDE, $GENERATE or an owner"));
    };
    if let Some(word) = words.next() {
        return Err(word.error("the end of the line"));
    }
    if !origin.is_empty() {
        context.origin = origin;
    }
    Ok(entry)
}

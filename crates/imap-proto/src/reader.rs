//! Responses as they arrive.
use alloc::vec::Vec;

use bytes::Bytes;
use proto_core::Input;

use crate::{
    Diagnostic, Fetch, Limits, Line, ParseError, Quirk, Response,
    cursor::Cursor,
    frame::{self, Frame, FrameError, Framer, Literal},
    line::Collected,
    response,
};

/// What a server may cost a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ReaderLimits {
    /// For the framing. By default more than a server's, as servers send long lines: 8 MiB of
    /// text, which holds a SEARCH of a million messages, and literals of any size, which stream.
    pub frame: frame::Limits,
    /// For the grammar.
    pub line: Limits,
    /// How many octets of literals are kept with one response: 1 MiB. Beyond it a literal is
    /// passed over, and what it belongs to cannot be read.
    pub attached: u64,
    /// How many octets of a message are kept with its FETCH: 16 KiB. What is longer streams.
    pub body: u64,
}

impl Default for ReaderLimits {
    fn default() -> Self {
        let frame = frame::Limits {
            text: 8 << 20,
            endless_line: 16 << 20,
            literals: 100_000,
            literal: u64::MAX >> 1,
        };
        Self { frame, line: Limits::default(), attached: 1 << 20, body: 16 << 10 }
    }
}

/// What has arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ReadEvent {
    /// Octets of a message begin to stream. Here is the FETCH with the items that came before
    /// them, since the last such event if there was one: the last item is the one whose content
    /// is [`Streamed`](crate::Content::Streamed).
    Body(Fetch),
    /// Octets of that item, as many as arrived at once.
    Octets(Bytes),
    /// A response is complete. A FETCH of which [`Self::Body`] was told comes again, whole.
    Response(Response),
}

/// Why a response could not be had. All but [`FrameError::EndlessLine`] can be gone on from.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It could not be framed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It could not be read. After a streamed literal, offsets count from its end.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Reads responses as they arrive, for clients: each octet is searched once, and the octets of a
/// large body go by in pieces, so that it costs a read's worth of memory.
///
/// ```
/// use imap_proto::{ReadEvent, Reader, ReaderLimits, Response};
/// use proto_core::Input;
///
/// let (mut input, mut reader) = (Input::default(), Reader::new(ReaderLimits::default()));
/// input.push(b"* 3 EXI");
/// assert_eq!(reader.next(&mut input)?, None);
/// input.push(b"STS\r\n");
/// assert_eq!(reader.next(&mut input)?, Some(ReadEvent::Response(Response::Exists(3))));
/// # Ok::<_, imap_proto::ReadError>(())
/// ```
#[derive(Debug)]
pub struct Reader {
    framer: Framer,
    limits: ReaderLimits,
    strict: bool,
    /// The response so far, or what follows the last streamed literal.
    line: Option<Line>,
    /// The FETCH before it, and how many of its items have been told.
    fetch: Option<Fetch>,
    told: usize,
    /// Whether a literal could not stream, as what is before it is no FETCH.
    unreadable: bool,
    literal: Option<(Literal, Taking)>,
    collected: Collected,
    attached: u64,
    diagnostics: Vec<Diagnostic>,
}

/// What happens to the literal that comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Taking {
    Attach,
    Stream,
    PassOver,
}

impl Reader {
    /// Starts before the greeting; known mistakes of servers are read past.
    #[must_use]
    pub fn new(limits: ReaderLimits) -> Self {
        Self {
            framer: Framer::of_responses(limits.frame),
            limits,
            strict: false,
            line: None,
            fetch: None,
            told: 0,
            unreadable: false,
            literal: None,
            collected: Collected::default(),
            attached: 0,
            diagnostics: Vec::new(),
        }
    }

    /// Makes every mistake of the server an error, for tests of servers.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Returns the mistakes that were read past in the last complete response.
    #[must_use]
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Takes the next event; `None` until more arrives.
    ///
    /// # Errors
    /// A response could not be had; the next call goes on with the next one.
    pub fn next(&mut self, input: &mut Input) -> Result<Option<ReadEvent>, ReadError> {
        loop {
            let frame = self.framer.next(input).inspect_err(|_| self.reset())?;
            let Some(frame) = frame else { return Ok(None) };
            match frame {
                Frame::Text(text) => self.text(text),
                Frame::Literal(literal) => {
                    self.framer.accept();
                    if let Some(event) = self.announced(literal) {
                        return Ok(Some(event));
                    }
                }
                Frame::Octets(octets) => match self.literal {
                    Some((_, Taking::Stream)) => return Ok(Some(ReadEvent::Octets(octets))),
                    Some((_, Taking::Attach)) => self.collected.push(octets),
                    _ => {}
                },
                Frame::End => {
                    let response = self.complete();
                    self.reset();
                    return Ok(Some(ReadEvent::Response(response?)));
                }
            }
        }
    }

    /// Takes text: the first of a response, or that after a literal.
    fn text(&mut self, text: Bytes) {
        match (self.literal.take(), &mut self.line) {
            (Some((literal, Taking::Attach)), Some(line)) => {
                line.add(literal, Some(self.collected.take()), text);
            }
            (Some((literal, Taking::PassOver)), Some(line)) => line.add(literal, None, text),
            _ => {
                if self.fetch.is_none() {
                    self.diagnostics.clear();
                }
                self.line = Some(Line::new(text));
            }
        }
    }

    /// Decides what happens to a literal.
    fn announced(&mut self, literal: Literal) -> Option<ReadEvent> {
        let attached = self.attached.saturating_add(literal.size);
        let fits = attached <= self.limits.attached;
        let streams = (literal.size > self.limits.body || !fits) && self.is_body();
        if streams && !self.unreadable {
            if self.head(literal) {
                self.literal = Some((literal, Taking::Stream));
                return self.news().map(ReadEvent::Body);
            }
            // It will not be better later: each try reads all of the line.
            self.unreadable = true;
        }
        if fits {
            self.attached = attached;
        }
        self.literal = Some((literal, if fits { Taking::Attach } else { Taking::PassOver }));
        None
    }

    /// The FETCH with the items that have not been told.
    fn news(&mut self) -> Option<Fetch> {
        let fetch = self.fetch.as_ref()?;
        let items = fetch.items.get(self.told..).unwrap_or_default().to_vec();
        self.told = fetch.items.len();
        Some(Fetch { number: fetch.number, by_uid: fetch.by_uid, items })
    }

    /// Whether the text ends in the name of octets of a message.
    fn is_body(&self) -> bool {
        let Some(line) = &self.line else { return false };
        let text = line.holes().last().map_or(line.text(), |hole| &hole.text);
        let text = text.trim_ascii_end();
        let without = text.strip_suffix(b">").map(without_digits);
        let text = without.and_then(|text| text.strip_suffix(b"<")).unwrap_or(text);
        let ends = |word: &str| {
            let end = text.len().checked_sub(word.len()).and_then(|at| text.get(at..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(word.as_bytes()))
        };
        text.ends_with(b"]") || ["RFC822", "RFC822.TEXT", "RFC822.HEADER"].into_iter().any(ends)
    }

    /// Reads a FETCH up to the literal that is to stream; whether it is one.
    fn head(&mut self, literal: Literal) -> bool {
        let Some(line) = &mut self.line else { return false };
        let mut head = line.clone();
        head.add(literal, None, Bytes::new());
        let before = self.diagnostics.len();
        let mut cursor = Cursor::new(&head, self.limits.line);
        if !self.strict {
            cursor = cursor.lenient(&mut self.diagnostics);
        }
        let read = match self.fetch.take() {
            None => {
                self.fetch = response::read_head(&mut cursor);
                self.fetch.is_some()
            }
            Some(mut fetch) => {
                let items = fetch.items.len();
                let on = fetch.go_on(&mut cursor) == Ok(false);
                if !on {
                    fetch.items.truncate(items);
                }
                self.fetch = Some(fetch);
                on
            }
        };
        if read {
            self.line = None;
        } else {
            self.diagnostics.truncate(before);
        }
        read
    }

    fn complete(&mut self) -> Result<Response, ParseError> {
        let line = self.line.take().unwrap_or_default();
        let limits = self.limits.line;
        let Some(mut fetch) = self.fetch.take() else {
            return if self.strict {
                Response::parse(&line, limits)
            } else {
                Response::parse_leniently(&line, limits, &mut self.diagnostics)
            };
        };
        let mut cursor = Cursor::new(&line, limits);
        if self.strict {
            fetch.go_on(&mut cursor)?;
            return Ok(Response::Fetch(fetch));
        }
        // What has streamed has been told: what can be read is better than nothing.
        if let Err(error) = fetch.go_on(&mut cursor.lenient(&mut self.diagnostics)) {
            self.diagnostics.push(Diagnostic { quirk: Quirk::Line, offset: error.offset() });
        }
        Ok(Response::Fetch(fetch))
    }

    fn reset(&mut self) {
        (self.line, self.fetch, self.literal, self.attached) = (None, None, None, 0);
        (self.told, self.unreadable) = (0, false);
        self.collected = Collected::default();
    }
}

fn without_digits(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|octet| !octet.is_ascii_digit()).map_or(0, |at| at + 1);
    text.get(..end).unwrap_or_default()
}

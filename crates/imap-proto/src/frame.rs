//! Framing: where commands and responses end, and where literals are (RFC 9051 §2.2, §4.3).
//!
//! IMAP is lines with holes: a line may end in `{n}`, and then `n` octets of any kind follow, and
//! then the line goes on. A [`Framer`] takes that apart as it arrives, each octet searched once,
//! so that the grammar is read from whole text, and literals stream past it in any size.

use bytes::Bytes;
use proto_core::{Input, LineError};

use crate::Number64;

/// A piece of a command or a response.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Frame {
    /// Text up to the announcement of a literal, which is cut off, or up to the end.
    Text(Bytes),
    /// A literal is announced. A server answers by [`Framer::accept`] or [`Framer::refuse`].
    Literal(Literal),
    /// Octets of the literal, as many as arrived at once.
    Octets(Bytes),
    /// The command or response is complete.
    End,
}

/// The announcement of a literal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Literal {
    /// How many octets it has.
    pub size: u64,
    /// Whether the sender waits to be asked for it: `{n}`, and not `{n+}` (RFC 7888).
    pub synchronizing: bool,
    /// Whether it may hold NUL: `~{n}` (RFC 3516).
    pub binary: bool,
}

/// What a peer may cost a framer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// The most text of one command or response, literals aside, in octets with CRLF: 8192, the
    /// 8000 of RFC 7162 §4 rounded up.
    pub text: usize,
    /// The most literals in one command or response: 1000. A message with a literal for each
    /// name in its envelope has hundreds.
    pub literals: u32,
    /// The largest literal, in octets: 64 MiB, as Dovecot's default for APPEND was.
    pub literal: u64,
    /// How much of a line without end is skipped before it is an error that ends the session:
    /// 64 KiB.
    pub endless_line: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { text: 8192, literals: 1000, literal: 64 * 1024 * 1024, endless_line: 64 * 1024 }
    }
}

/// Why a command or response cannot be taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The line is bad: answer BAD, and go on with the next one. Literals that it announces
    /// without asking are skipped.
    #[error(transparent)]
    Line(#[from] LineError),
    /// There is more text than the limit allows: answer BAD, and go on with the next line. The
    /// same for its literals.
    #[error("command is too long")]
    TooLong,
    /// A literal is larger than the limit. One that synchronizes never comes, the rest of the
    /// command neither; one that does not is skipped with what follows it.
    #[error("literal of {size} octets is too large")]
    LiteralTooLarge {
        /// How large.
        size: u64,
    },
    /// There are more literals than the limit allows; as for one that is too large.
    #[error("too many literals")]
    TooManyLiterals,
    /// A line has no end: close the connection.
    #[error("a line without end")]
    EndlessLine,
}

/// Takes commands or responses apart.
///
/// ```
/// use imap_proto::frame::{Frame, Framer, Limits, Literal};
/// use proto_core::Input;
///
/// let mut input = Input::default();
/// let mut framer = Framer::new(Limits::default());
/// input.push(b"A1 LOGIN {3}\r\n");
/// assert_eq!(framer.next(&mut input)?, Some(Frame::Text("A1 LOGIN ".into())));
/// let literal = Literal { size: 3, synchronizing: true, binary: false };
/// assert_eq!(framer.next(&mut input)?, Some(Frame::Literal(literal)));
/// framer.accept(); // "+ go ahead" would be written here
/// input.push(b"bob hungry\r\n");
/// assert_eq!(framer.next(&mut input)?, Some(Frame::Octets("bob".into())));
/// assert_eq!(framer.next(&mut input)?, Some(Frame::Text(" hungry".into())));
/// assert_eq!(framer.next(&mut input)?, Some(Frame::End));
/// # Ok::<_, imap_proto::frame::FrameError>(())
/// ```
#[derive(Debug)]
pub struct Framer {
    limits: Limits,
    /// Whether literals come without being asked for, whatever their announcement says.
    unasked: bool,
    state: State,
    text: usize,
    literals: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// A line, or what follows a literal.
    Line,
    /// The text before an announcement was told; this is next.
    Announce(Literal),
    /// The text before the end was told.
    End,
    /// The literal waits for `accept` or `refuse`.
    Offered(Literal),
    Octets(u64),
    /// A refused command's literal, which comes all the same, and then the rest of its line.
    Skip(u64),
    SkipLine,
}

impl Framer {
    /// Starts before a command or response.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self { limits, unasked: false, state: State::Line, text: 0, literals: 0 }
    }

    /// Starts before a response: a server sends its literals without being asked, so that one
    /// that is refused has to be skipped.
    #[must_use]
    pub const fn of_responses(limits: Limits) -> Self {
        Self { limits, unasked: true, state: State::Line, text: 0, literals: 0 }
    }

    /// Changes the limits, from what is read next on: a server allows more after LOGIN.
    pub const fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes the next piece; `None` until more arrives, or while a literal waits for its answer.
    ///
    /// # Errors
    /// The command or response is beyond the limits, and has been given up; all but
    /// [`FrameError::EndlessLine`] can be gone on from.
    pub fn next(&mut self, input: &mut Input) -> Result<Option<Frame>, FrameError> {
        loop {
            match self.state {
                State::Line => return self.line(input),
                State::Announce(literal) => {
                    self.announce(literal)?;
                    return Ok(Some(Frame::Literal(literal)));
                }
                State::End => {
                    self.reset();
                    return Ok(Some(Frame::End));
                }
                State::Offered(_) => return Ok(None),
                State::Octets(0) => self.state = State::Line,
                State::Octets(left) => {
                    let Some(octets) = input.take(left) else { return Ok(None) };
                    self.state = State::Octets(left - octets.len() as u64);
                    return Ok(Some(Frame::Octets(octets)));
                }
                State::Skip(0) => self.state = State::SkipLine,
                State::Skip(left) => {
                    let Some(octets) = input.take(left) else { return Ok(None) };
                    self.state = State::Skip(left - octets.len() as u64);
                }
                State::SkipLine => {
                    let Some(line) = self.take_line(input, self.limits.text)? else {
                        return Ok(None);
                    };
                    let line = line.unwrap_or_else(|_| Bytes::copy_from_slice(input.tail()));
                    self.give_up_line(&line);
                }
            }
        }
    }

    /// Lets the literal come.
    pub fn accept(&mut self) {
        if let State::Offered(literal) = self.state {
            self.state = State::Octets(literal.size);
        }
    }

    /// Gives the command up: a literal that synchronizes does not come, and the next line is the
    /// next command; one that does not is skipped, with what follows it.
    pub fn refuse(&mut self) {
        if let State::Offered(literal) = self.state {
            self.give_up(literal);
        }
    }

    /// Returns how many octets of a refused literal are still to come, and to be thrown away.
    #[must_use]
    pub const fn skipping(&self) -> u64 {
        match self.state {
            State::Skip(left) => left,
            _ => 0,
        }
    }

    /// Whether nothing of a command or response has been taken yet.
    #[must_use]
    pub const fn is_at_start(&self) -> bool {
        matches!(self.state, State::Line) && self.text == 0 && self.literals == 0
    }

    fn line(&mut self, input: &mut Input) -> Result<Option<Frame>, FrameError> {
        let left = self.limits.text.saturating_sub(self.text);
        let line = match self.take_line(input, left)? {
            None => return Ok(None),
            Some(Ok(line)) => line,
            Some(Err(error)) => {
                self.give_up_line(input.tail());
                return Err(match error {
                    LineError::TooLong { .. } => FrameError::TooLong,
                    error => error.into(),
                });
            }
        };
        self.text += line.len() + 2;
        let (text, next) = match self.announced(&line) {
            Some((text, literal)) => (line.slice(..text), State::Announce(literal)),
            None => (line, State::End),
        };
        self.state = next;
        Ok(Some(Frame::Text(text)))
    }

    fn announced(&self, line: &[u8]) -> Option<(usize, Literal)> {
        let (text, literal) = announced(line)?;
        let synchronizing = literal.synchronizing && !self.unasked;
        Some((text, Literal { synchronizing, ..literal }))
    }

    fn take_line(
        &mut self,
        input: &mut Input,
        limit: usize,
    ) -> Result<Option<Result<Bytes, LineError>>, FrameError> {
        let line = input.line(limit).transpose();
        let length = match line {
            Some(Err(LineError::TooLong { length })) => length,
            // What is held belongs to the line that is skipped: pieces are skipped as they come.
            None if input.skipped() > 0 => input.skipped() + input.len() as u64,
            _ => 0,
        };
        if length > self.limits.endless_line {
            return Err(FrameError::EndlessLine);
        }
        Ok(line)
    }

    /// Compares with the limits before anything is taken.
    fn announce(&mut self, literal: Literal) -> Result<(), FrameError> {
        self.literals += 1;
        let error = if literal.size > self.limits.literal {
            FrameError::LiteralTooLarge { size: literal.size }
        } else if self.literals > self.limits.literals {
            FrameError::TooManyLiterals
        } else {
            self.state = State::Offered(literal);
            return Ok(());
        };
        self.give_up(literal);
        Err(error)
    }

    /// Gives the command up at the end of a line. What a bad line announces, and does not ask
    /// for first, comes all the same: taken for commands, it would be whatever somebody wrote
    /// into a message.
    fn give_up_line(&mut self, line: &[u8]) {
        match self.announced(line) {
            Some((_, literal)) => self.give_up(literal),
            None => self.reset(),
        }
    }

    fn give_up(&mut self, literal: Literal) {
        if literal.synchronizing {
            self.reset();
        } else {
            self.state = State::Skip(literal.size);
        }
    }

    fn reset(&mut self) {
        self.text = 0;
        self.literals = 0;
        self.state = State::Line;
    }
}

/// Reads the announcement at the end of a line: where the text before it ends, and what it says.
pub(crate) fn announced(line: &[u8]) -> Option<(usize, Literal)> {
    let inner = line.strip_suffix(b"}")?;
    let open = inner.iter().rposition(|octet| *octet == b'{')?;
    let (before, number) = (line.get(..open)?, inner.get(open + 1..)?);
    let (number, synchronizing) = match number.strip_suffix(b"+") {
        Some(number) => (number, false),
        None => (number, true),
    };
    let size = Number64::parse_digits(number)?.get();
    // RFC 3516 §4.4: the tilde is the announcement's.
    let (text, binary) = match before.strip_suffix(b"~") {
        Some(text) => (text.len(), true),
        None => (open, false),
    };
    Some((text, Literal { size, synchronizing, binary }))
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    /// Frames what comes in chunks, accepting every literal; octets are joined.
    fn frames(limits: Limits, chunks: &[&[u8]]) -> Vec<String> {
        let (mut input, mut framer) = (Input::default(), Framer::new(limits));
        let (mut told, mut octets) = (Vec::<String>::new(), Vec::new());
        for chunk in chunks {
            input.push(chunk);
            loop {
                let frame = framer.next(&mut input);
                if let Ok(Some(Frame::Octets(more))) = &frame {
                    octets.extend_from_slice(more);
                    continue;
                }
                if frame != Ok(None) && !octets.is_empty() {
                    told.push(format!("octets {}", core::mem::take(&mut octets).escape_ascii()));
                }
                match frame {
                    Ok(Some(Frame::Text(text))) => {
                        told.push(format!("text {}", text.escape_ascii()));
                    }
                    Ok(Some(Frame::Literal(literal))) => {
                        told.push(format!("{literal:?}"));
                        framer.accept();
                    }
                    Ok(Some(frame)) => told.push(format!("{frame:?}")),
                    Ok(None) => break,
                    Err(error) => {
                        told.push(format!("{error}"));
                        if error == FrameError::EndlessLine {
                            return told;
                        }
                    }
                }
            }
        }
        told
    }

    fn small() -> Limits {
        Limits { text: 20, literals: 2, literal: 5, endless_line: 60 }
    }

    #[test]
    fn announcements_are_read() {
        let literal = |size, synchronizing, binary| Literal { size, synchronizing, binary };
        let table = [
            ("A {12}", Some((2, literal(12, true, false)))),
            ("A {12+}", Some((2, literal(12, false, false)))),
            ("A ~{0}", Some((2, literal(0, true, true)))),
            ("{9223372036854775807}", Some((0, literal(i64::MAX as u64, true, false)))),
            ("{9223372036854775808}", None),
            ("A {}", None),
            ("A {+}", None),
            ("A {-1}", None),
            ("A {1} ", None),
            ("A \"{1}\"", None),
        ];
        for (line, expected) in table {
            assert_eq!(announced(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn a_command_at_each_limit_is_taken_and_one_beyond_is_not() {
        let text = |length: usize| format!("{}\r\nok\r\n", "x".repeat(length - 2));
        assert_eq!(frames(small(), &[text(20).as_bytes()])[1], "End");
        assert_eq!(frames(small(), &[text(21).as_bytes()])[0], "command is too long");
        let literal = |size: usize| format!("{{{size}+}}\r\n{}\r\nok\r\n", "x".repeat(size));
        assert_eq!(frames(small(), &[literal(5).as_bytes()]).last().unwrap(), "End");
        assert_eq!(
            frames(small(), &[literal(6).as_bytes()]),
            ["text ", "literal of 6 octets is too large", "text ok", "End"]
        );
        let many = |count: usize| format!("{}\r\nok\r\n", "{1+}\r\nx".repeat(count));
        assert_eq!(frames(small(), &[many(2).as_bytes()]).last().unwrap(), "End");
        assert!(frames(small(), &[many(3).as_bytes()]).contains(&"too many literals".into()));
        let line = |length: usize| frames(small(), &[&vec![b'x'; length]]);
        assert!(line(60).is_empty());
        assert_eq!(line(61), ["a line without end"]);
    }

    #[test]
    fn a_line_without_end_is_as_long_octet_by_octet() {
        let line = |length: usize| frames(small(), &vec![&b"x"[..]; length]);
        assert!(line(60).is_empty());
        assert_eq!(line(61), ["a line without end"]);
    }

    #[test]
    fn a_refused_literal_that_does_not_synchronize_is_skipped_with_its_command() {
        let mut input = Input::default();
        let mut framer = Framer::new(Limits::default());
        input.push(b"A APPEND x {5+}\r\nA2 NO more {3+}\r\nabc end\r\nA3 NOOP\r\n");
        assert_eq!(framer.next(&mut input), Ok(Some(Frame::Text("A APPEND x ".into()))));
        assert!(matches!(framer.next(&mut input), Ok(Some(Frame::Literal(_)))));
        framer.refuse();
        assert_eq!(framer.next(&mut input), Ok(Some(Frame::Text("A3 NOOP".into()))));
    }

    #[test]
    fn what_a_bad_line_announces_is_not_taken_for_commands() {
        let long = "x".repeat(20);
        for line in [format!("A {long} {{8+}}\r\n"), "A {8+}\n".into()] {
            let all = format!("{line}B EVIL\r\n rest {long} {{3+}}\r\nB\r\n {{1+}}\nx\r\nC ok\r\n");
            let told = frames(small(), &[all.as_bytes()]);
            assert_eq!(told[1..], ["text C ok", "End"], "{line}");
            let octets: Vec<_> = all.as_bytes().chunks(1).collect();
            assert_eq!(frames(small(), &octets), told);
        }
        let told = frames(small(), &[format!("A {long} {{8}}\r\nB ok\r\n").as_bytes()]);
        assert_eq!(told[1..], ["text B ok", "End"]);
    }

    #[test]
    fn a_refused_literal_that_synchronizes_never_comes() {
        let mut input = Input::default();
        let mut framer = Framer::new(Limits::default());
        input.push(b"A APPEND x {5}\r\n");
        let _ = framer.next(&mut input);
        let _ = framer.next(&mut input);
        framer.refuse();
        input.push(b"A2 NOOP\r\n");
        assert_eq!(framer.next(&mut input), Ok(Some(Frame::Text("A2 NOOP".into()))));
    }

    #[test]
    fn a_servers_literal_comes_unasked_and_is_skipped_if_refused() {
        let mut input = Input::default();
        let mut framer = Framer::of_responses(Limits::default());
        input.push(b"* OK {5}\r\n* BYE more\r\n* OK\r\n");
        let _ = framer.next(&mut input);
        assert!(matches!(framer.next(&mut input), Ok(Some(Frame::Literal(_)))));
        framer.refuse();
        assert_eq!(framer.next(&mut input), Ok(Some(Frame::Text("* OK".into()))));
    }

    proptest! {
        #[test]
        fn splitting_changes_nothing(
            parts in proptest::collection::vec(prop_oneof![
                Just("A "), Just("{1}\r\n"), Just("{3+}\r\n"), Just("~{2+}\r\n"), Just("x"),
                Just("\r\n"), Just("\n"), Just("{9+}\r\n"), Just("{9}\r\n"), Just("{2+}\n"),
                Just("xxxxxxxxxxxxxxxxxxxx{2+}\r\n"),
            ], 0..14),
            cuts in proptest::collection::vec(0_usize..200, 0..6),
        ) {
            let all = parts.concat();
            let whole = frames(small(), &[all.as_bytes()]);
            let octets: Vec<_> = all.as_bytes().chunks(1).collect();
            prop_assert_eq!(&frames(small(), &octets), &whole);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(all.len())).collect();
            cuts.sort_unstable();
            let mut from = 0;
            let mut chunks = vec![];
            for cut in cuts.into_iter().chain([all.len()]) {
                chunks.push(&all.as_bytes()[from..cut]);
                from = cut;
            }
            prop_assert_eq!(&frames(small(), &chunks), &whole);
        }
    }
}

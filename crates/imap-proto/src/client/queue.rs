//! Commands: those that wait, the one that is being written, and those under way.
use alloc::{collections::VecDeque, format, vec::Vec};

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    error::{Error, Misuse},
    state::Purpose,
};
use crate::{
    Condition, Dialect, Literals, RespText, Tag,
    command::{AppendPart, AppendWriter, Command, Tagged},
};

/// A command that was given.
#[derive(Debug)]
pub(super) struct Given {
    /// What the server knows it by.
    pub(super) tag: Tag,
    /// What the application knows it by: another, of an IDLE that was given anew.
    pub(super) told: Tag,
    pub(super) purpose: Purpose,
    pub(super) command: Command,
    parts: Vec<AppendPart>,
}

#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Given>,
    /// Under way: the oldest first.
    sent: Vec<Given>,
    writing: Option<Writing>,
    tags: u64,
}

/// A command that cannot be written at once.
#[derive(Debug)]
struct Writing {
    tag: Tag,
    told: Tag,
    pieces: VecDeque<Piece>,
    /// Whether the application was asked for what is next.
    asked: bool,
    /// How the command ended before it was whole.
    early: Option<(Condition, RespText)>,
}

#[derive(Debug)]
enum Piece {
    Octets(Bytes),
    /// The server has to say `+`.
    Wait,
    /// So many octets are the application's to give.
    Body(u64),
}

impl Queue {
    /// Takes a command, and names it.
    pub(super) fn give(
        &mut self,
        command: Command,
        parts: Vec<AppendPart>,
        purpose: Purpose,
    ) -> Tag {
        let tag = self.tag();
        self.waiting.push_back(Given {
            told: tag.clone(),
            tag: tag.clone(),
            purpose,
            command,
            parts,
        });
        tag
    }

    /// Takes IDLE anew, before anything else that waits.
    pub(super) fn renew(&mut self, idle: Given) {
        let tag = self.tag();
        self.waiting.push_front(Given { tag, ..idle });
    }

    fn tag(&mut self) -> Tag {
        self.tags += 1;
        Tag::new(format!("A{}", self.tags)).expect("letters and digits make a tag")
    }

    /// Whether nothing is under way or waits.
    pub(super) fn is_idle(&self) -> bool {
        self.sent.is_empty() && self.waiting.is_empty()
    }

    /// Whether an answer is due.
    pub(super) fn is_answered(&self) -> bool {
        self.sent.is_empty()
    }

    /// Whether something like this waits or is under way.
    pub(super) fn any(&self, is: impl Fn(&Given) -> bool) -> bool {
        self.waiting.iter().chain(&self.sent).any(is)
    }

    /// Returns the commands that are under way.
    pub(super) fn under_way(&self) -> impl Iterator<Item = &Given> {
        self.sent.iter()
    }

    /// Begins to write the next command, if it may be under way beside the others (RFC 9051 §5.5).
    pub(super) fn send_next(
        &mut self,
        dialect: Dialect,
        window: usize,
        out: &mut BytesMut,
    ) -> Option<&Given> {
        let next = &self.waiting.front()?.command;
        let room = self.writing.is_none() && self.sent.len() < window.max(1);
        if !room || !self.sent.iter().all(|sent| next.may_follow(&sent.command)) {
            return None;
        }
        let Given { tag, told, purpose, command, parts } = self.waiting.pop_front()?;
        let tagged = Tagged { tag: tag.clone(), command };
        let pieces = pieces(&tagged, &parts, dialect).unwrap_or_default();
        let (told2, command) = (told.clone(), tagged.command);
        self.writing = Some(Writing { tag: tag.clone(), told, pieces, asked: false, early: None });
        self.go_on(out);
        self.sent.push(Given { tag, told: told2, purpose, command, parts: Vec::new() });
        self.sent.last()
    }

    /// Writes on, up to where somebody has to be waited for.
    fn go_on(&mut self, out: &mut BytesMut) {
        let Some(writing) = &mut self.writing else { return };
        while let Some(Piece::Octets(octets)) = writing.pieces.front() {
            out.put_slice(octets);
            writing.pieces.pop_front();
        }
        if writing.pieces.is_empty() && writing.early.is_none() {
            self.writing = None;
        }
    }

    /// Goes on after a `+`; false if the command that is being written does not wait for one.
    pub(super) fn go_ahead(&mut self, out: &mut BytesMut) -> bool {
        let Some(writing) = &mut self.writing else { return false };
        let Some(Piece::Wait) = writing.pieces.front() else { return false };
        writing.pieces.pop_front();
        self.go_on(out);
        true
    }

    /// Whether the application owes octets.
    pub(super) fn owes_body(&self) -> bool {
        let front = self.writing.as_ref().and_then(|writing| writing.pieces.front());
        matches!(front, Some(Piece::Body(_)))
    }

    /// What the application has to be asked for, once.
    pub(super) fn ask(&mut self) -> Option<(Tag, u64)> {
        let writing = self.writing.as_mut()?;
        let Some(Piece::Body(size)) = writing.pieces.front() else { return None };
        (!core::mem::replace(&mut writing.asked, true)).then(|| (writing.told.clone(), *size))
    }

    /// Writes octets of a message.
    pub(super) fn body(&mut self, octets: &[u8], out: &mut BytesMut) -> Result<(), Misuse> {
        let writing = self.writing.as_mut().ok_or(Misuse::NotDue)?;
        let Some(Piece::Body(left)) = writing.pieces.front_mut() else {
            return Err(Misuse::NotDue);
        };
        *left = left.checked_sub(octets.len() as u64).ok_or(Misuse::NotDue)?;
        out.put_slice(octets);
        if *left == 0 {
            writing.pieces.pop_front();
            writing.asked = false;
            self.go_on(out);
        }
        Ok(())
    }

    /// Takes the end of a command that came before it was whole, if it is whole by now.
    pub(super) fn take_early(&mut self) -> Option<(Given, Condition, RespText)> {
        let writing = self.writing.as_mut()?;
        if !writing.pieces.is_empty() {
            return None;
        }
        let (condition, text) = writing.early.take()?;
        let tag = self.writing.take()?.tag;
        let at = self.sent.iter().position(|given| given.tag == tag)?;
        Some((self.sent.remove(at), condition, text))
    }

    /// Ends a command; `None` if octets that were promised have to follow first.
    pub(super) fn end(
        &mut self,
        tag: &Tag,
        condition: Condition,
        text: &RespText,
    ) -> Result<Option<Given>, Error> {
        let at = self.sent.iter().position(|given| given.tag == *tag).ok_or(Error::UnknownTag)?;
        if let Some(writing) = self.writing.as_mut().filter(|writing| writing.tag == *tag) {
            if writing.early.is_some() {
                return Err(Error::UnknownTag);
            }
            // RFC 7888 §4: what was announced is read as octets, and then comes a line's end. A
            // literal that was not granted never comes, nor does what follows it.
            if let Some(Piece::Body(_)) = writing.pieces.front() {
                writing.pieces.truncate(1);
                writing.pieces.push_back(Piece::Octets(Bytes::from_static(b"\r\n")));
                writing.early = Some((condition, text.clone()));
                return Ok(None);
            }
            self.writing = None;
        }
        Ok(Some(self.sent.remove(at)))
    }
}

/// Whether these parts make what the command brings.
pub(super) fn are_whole(tagged: &Tagged, parts: &[AppendPart]) -> bool {
    pieces(tagged, parts, Dialect::CLIENT).is_some()
}

/// Takes apart what is written of a command, where somebody has to be waited for; `None` if the
/// parts make no message.
fn pieces(tagged: &Tagged, parts: &[AppendPart], dialect: Dialect) -> Option<VecDeque<Piece>> {
    let brings = tagged.command.brings_messages();
    // A large message waits for the server's consent even where it need not: one that is refused
    // would have to be sent all the same.
    let literals = match dialect.literals {
        Literals::Plus if brings => Literals::Minus,
        literals => literals,
    };
    let dialect = Dialect { literals, ..dialect };
    let (mut pieces, mut out) = (VecDeque::new(), BytesMut::new());
    let waits = tagged.write(dialect, &mut out);
    cut(&mut out, &waits, &mut pieces);
    let Some(mut writer) = AppendWriter::new(&tagged.command, dialect) else {
        return parts.is_empty().then_some(pieces);
    };
    for part in parts {
        let waits = writer.part(part, &mut out)?;
        cut(&mut out, &waits, &mut pieces);
        if let AppendPart::Text(literal) = part
            && literal.size > 0
        {
            pieces.push_back(Piece::Body(literal.size));
        }
    }
    writer.end(&mut out).then(|| {
        cut(&mut out, &[], &mut pieces);
        pieces
    })
}

/// Cuts what was written at the places where to wait.
fn cut(out: &mut BytesMut, waits: &[usize], pieces: &mut VecDeque<Piece>) {
    let mut before = 0;
    for wait in waits {
        pieces.push_back(Piece::Octets(out.split_to(wait - before).freeze()));
        pieces.push_back(Piece::Wait);
        before = *wait;
    }
    if !out.is_empty() {
        pieces.push_back(Piece::Octets(out.split().freeze()));
    }
}

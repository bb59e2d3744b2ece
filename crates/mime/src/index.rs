//! Where the fields and parts of a message lie.
use alloc::vec::Vec;

use crate::header::Known;
use crate::limits::FieldLimits;
use crate::scan::{Head, Name, Scanner, Token, after};
use crate::{Defect, Encoding, PartKind, Span};

/// The index of a message: offsets into its octets, in two flat lists.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) fields: Vec<FieldEntry>,
    pub(crate) parts: Vec<Entry>,
    pub(crate) defects: Vec<Defect>,
    /// For the fields, which are read later.
    pub(crate) limits: FieldLimits,
    /// Defects that may be reported.
    pub(crate) most_defects: usize,
}

/// A header field in the index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FieldEntry {
    pub(crate) start: u64,
    /// Octets, line end included.
    pub(crate) len: usize,
    /// Octets of the name.
    pub(crate) name: usize,
}

impl FieldEntry {
    pub(crate) const fn span(&self) -> Span {
        Span { start: self.start, end: self.start + self.len as u64 }
    }
}

/// A part in the index. Parts stand in the order of their beginnings, so that a part's children
/// follow it and `after` is its next sibling's place.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) head: Head,
    pub(crate) number: u32,
    pub(crate) depth: usize,
    pub(crate) parent: Option<usize>,
    pub(crate) after: usize,
    /// Places of its header fields.
    pub(crate) fields: (usize, usize),
    /// Places of its type and its disposition among the fields.
    pub(crate) kind: Option<usize>,
    pub(crate) disposition: Option<usize>,
    /// Where it starts, its body starts, and it ends.
    pub(crate) start: u64,
    pub(crate) body: u64,
    pub(crate) end: u64,
}

impl Index {
    /// Makes this the index of a message, whatever it was before.
    pub(crate) fn fill(&mut self, octets: &[u8], scanner: &mut Scanner) {
        self.fields.clear();
        self.parts.clear();
        self.defects.clear();
        self.limits = FieldLimits::from(scanner.limits());
        self.most_defects = scanner.limits().defects;
        let (mut window, mut at, mut open) = (octets, 0, None);
        while let Some((token, len)) = scanner.next(window, true) {
            self.note(token, at, len, &mut open);
            window = after(window, len);
            at += len as u64;
        }
    }

    /// Adds a token to the index; `open` is the place of the part that is open.
    fn note(&mut self, token: Token, at: u64, len: usize, open: &mut Option<usize>) {
        match token {
            Token::Field(name) => self.field(name, at, len, *open),
            Token::Begin(number) => self.begin(number, at, open),
            Token::HeaderEnd(head) => {
                let fields = self.fields.len();
                if let Some(part) = open.and_then(|at| self.parts.get_mut(at)) {
                    (part.head, part.body, part.fields.1) = (head, at + len as u64, fields);
                }
            }
            Token::End => {
                let after = self.parts.len();
                if let Some(part) = open.and_then(|at| self.parts.get_mut(at)) {
                    (part.end, part.after) = (at, after);
                    *open = part.parent;
                }
            }
            Token::Defect(defect) => self.defects.push(defect),
            Token::Skipped | Token::Preamble | Token::Body | Token::Delimiter | Token::Epilogue => {
            }
        }
    }

    fn begin(&mut self, number: u32, at: u64, open: &mut Option<usize>) {
        let depth = open.and_then(|at| self.parts.get(at)).map_or(1, |up| up.depth + 1);
        let parent = open.replace(self.parts.len());
        self.parts.push(Entry {
            head: Head { kind: PartKind::Leaf, digest: false, encoding: Encoding::SevenBit },
            number,
            depth,
            parent,
            after: 0,
            fields: (self.fields.len(), self.fields.len()),
            kind: None,
            disposition: None,
            start: at,
            body: at,
            end: at,
        });
    }

    fn field(&mut self, name: Name, at: u64, len: usize, open: Option<usize>) {
        if let Known::Type | Known::Disposition = name.known
            && let Some(part) = open.and_then(|at| self.parts.get_mut(at))
        {
            let place = match name.known {
                Known::Type => &mut part.kind,
                _ => &mut part.disposition,
            };
            place.get_or_insert(self.fields.len());
        }
        self.fields.push(FieldEntry { start: at, len, name: name.len });
    }
}

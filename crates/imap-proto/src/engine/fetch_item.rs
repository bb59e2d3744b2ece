//! An item of FETCH: what is told of one message.
use alloc::boxed::Box;
use alloc::vec::Vec;

use bytes::Bytes;
use mime::Message;

use super::fetch::Source;
use super::message::Lazy;
use super::section::{Decoded, cut, decode, is_of_header, partial};
use super::structure;
use super::view::Style;
use super::{Details, Failure, Limits, Mailbox, Selected};
use crate::command::{FetchItem, Partial};
use crate::response::FetchItem as Item;
use crate::{Content, Number64, Section, SectionText};

/// A message that is being told.
pub(super) struct One {
    details: Details,
    pub(super) octets: Bytes,
    /// Whether `octets` are all of the message, not its header alone.
    is_whole: bool,
    pub(super) sources: Vec<Source>,
}

impl One {
    /// Reads as much of the message as the items need.
    pub(super) fn new<M: Mailbox>(
        wanted: &[FetchItem],
        details: &Details,
        selected: &mut Selected<M>,
        limits: &Limits,
    ) -> Result<Self, Failure> {
        let need = wanted.iter().map(need).max().unwrap_or(Need::Nothing);
        let mut lazy = Lazy::new(details.uid, details.size);
        let small = details.size <= u64::try_from(limits.inline).unwrap_or(u64::MAX);
        let (octets, is_whole) = match need {
            Need::Nothing => (Bytes::new(), false),
            Need::Octets if !small => (Bytes::new(), false),
            Need::Header => (lazy.header(&mut selected.mailbox, limits)?, false),
            Need::Octets | Need::Whole => (lazy.whole(&mut selected.mailbox, limits)?, true),
        };
        Ok(Self { details: details.clone(), octets, is_whole, sources: Vec::new() })
    }

    /// Makes an item; none if a part's encoding is not known.
    pub(super) fn item<M: Mailbox>(
        &mut self,
        item: &FetchItem,
        message: &Message<'_>,
        selected: &Selected<M>,
        style: Style,
        limits: &Limits,
    ) -> Result<Option<Item>, Failure> {
        let row = selected.view.get(self.details.uid.get()).ok_or(Failure::MessageGone)?;
        let details = &self.details;
        Ok(Some(match item {
            FetchItem::Flags => Item::Flags(selected.view.shown_flags(row, style)),
            FetchItem::Uid => Item::Uid(details.uid),
            FetchItem::ModSeq => Item::ModSeq(number(row.mod_seq)),
            FetchItem::InternalDate => Item::InternalDate(details.received),
            FetchItem::Rfc822Size => Item::Size(number(details.size)),
            FetchItem::EmailId => match details.email_id.clone() {
                Some(id) => Item::EmailId(id),
                None => return Err(Failure::NotSupported),
            },
            FetchItem::ThreadId => Item::ThreadId(details.thread_id.clone()),
            FetchItem::SaveDate => Item::SaveDate(details.saved),
            item => return Ok(self.of_octets(item, message, limits)),
        }))
    }

    fn of_octets(
        &mut self,
        item: &FetchItem,
        message: &Message<'_>,
        limits: &Limits,
    ) -> Option<Item> {
        let octets = self.octets.clone();
        Some(match item {
            FetchItem::Envelope => {
                Item::Envelope(Box::new(structure::envelope(&message.envelope())))
            }
            FetchItem::Body => {
                Item::Body(Box::new(structure::body(&message.body_structure(), false)))
            }
            FetchItem::BodyStructure => {
                Item::BodyStructure(Box::new(structure::body(&message.body_structure(), true)))
            }
            FetchItem::Preview { .. } => Item::Preview(Some(structure::string(&message.preview()))),
            FetchItem::Rfc822 => Item::Rfc822(self.raw(None, limits).0),
            FetchItem::Rfc822Header => {
                let header = cut(&octets, message, &of_text(SectionText::Header));
                Item::Rfc822Header(self.content(header, limits))
            }
            FetchItem::Rfc822Text => {
                let text = cut(&octets, message, &of_text(SectionText::Text));
                Item::Rfc822Text(self.content(text, limits))
            }
            FetchItem::BodySection { section, partial: wanted, .. } => {
                let (content, origin) = if *section == Section::default() {
                    self.raw(*wanted, limits)
                } else {
                    self.piece(cut(&octets, message, section), *wanted, limits)
                };
                Item::Section { section: section.clone(), origin, content }
            }
            FetchItem::Binary { part, partial: wanted, .. } => {
                let decoded = match decode(&octets, message, part) {
                    Decoded::Octets(_) if part.is_empty() => {
                        let (content, origin) = self.raw(*wanted, limits);
                        return Some(Item::Binary { part: part.clone(), origin, content });
                    }
                    Decoded::Octets(decoded) => Some(decoded),
                    Decoded::Nil => None,
                    Decoded::UnknownEncoding => return None,
                };
                let (content, origin) = self.piece(decoded, *wanted, limits);
                Item::Binary { part: part.clone(), origin, content }
            }
            FetchItem::BinarySize(part) => {
                let size = match decode(&octets, message, part) {
                    Decoded::Octets(_) if part.is_empty() => self.details.size,
                    Decoded::Octets(decoded) => u64::try_from(decoded.len()).unwrap_or(u64::MAX),
                    Decoded::Nil => 0,
                    Decoded::UnknownEncoding => return None,
                };
                Item::BinarySize { part: part.clone(), size: number(size) }
            }
            // The rest has been refused.
            _ => return None,
        })
    }

    /// The message as it is: read as it goes out, if it is long and not needed for other items.
    fn raw(&mut self, wanted: Option<Partial>, limits: &Limits) -> (Content, Option<u32>) {
        if self.is_whole && u64::try_from(self.octets.len()).is_ok_and(|it| it == self.details.size)
        {
            return self.piece(Some(self.octets.clone()), wanted, limits);
        }
        let size = self.details.size;
        let start = wanted.map_or(0, |it| it.start().get()).min(size);
        let left = wanted.map_or(size, |it| it.count().get()).min(size - start);
        let origin = wanted.map(|it| u32::try_from(it.start().get()).unwrap_or(u32::MAX));
        self.sources.push(Source::Message { uid: self.details.uid, offset: start, left });
        (Content::Streamed(left), origin)
    }

    fn piece(
        &mut self,
        octets: Option<Bytes>,
        wanted: Option<Partial>,
        limits: &Limits,
    ) -> (Content, Option<u32>) {
        match octets {
            None => (Content::Nil, wanted.map(|_| 0)),
            Some(octets) => {
                let (octets, origin) = partial(&octets, wanted);
                (self.content(Some(octets), limits), origin)
            }
        }
    }

    fn content(&mut self, octets: Option<Bytes>, limits: &Limits) -> Content {
        match octets {
            None => Content::Nil,
            Some(octets) if octets.len() <= limits.inline => Content::Octets(octets),
            Some(octets) => {
                let size = u64::try_from(octets.len()).unwrap_or(u64::MAX);
                self.sources.push(Source::Octets(octets));
                Content::Streamed(size)
            }
        }
    }
}

/// How much of a message an item needs to be read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Need {
    Nothing,
    /// Its octets as they are, which can go out as they are read.
    Octets,
    Header,
    Whole,
}

fn need(item: &FetchItem) -> Need {
    match item {
        FetchItem::Envelope | FetchItem::Rfc822Header => Need::Header,
        FetchItem::BodySection { section, .. } if *section == Section::default() => Need::Octets,
        FetchItem::BodySection { section, .. } if is_of_header(section) => Need::Header,
        FetchItem::Rfc822 => Need::Octets,
        FetchItem::Binary { part, .. } if part.is_empty() => Need::Octets,
        FetchItem::BinarySize(part) if part.is_empty() => Need::Nothing,
        FetchItem::Body
        | FetchItem::BodyStructure
        | FetchItem::Rfc822Text
        | FetchItem::Preview { .. }
        | FetchItem::BodySection { .. }
        | FetchItem::Binary { .. }
        | FetchItem::BinarySize(_) => Need::Whole,
        _ => Need::Nothing,
    }
}

fn of_text(text: SectionText) -> Section {
    Section::new(Vec::new(), Some(text)).unwrap_or_default()
}

fn number(number: u64) -> Number64 {
    Number64::new(number).unwrap_or(Number64::MAX)
}

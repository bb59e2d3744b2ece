//! BODY[…] and BINARY[…]: sections of a message.
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use bytes::{Bytes, BytesMut};
use mime::{Encoding, Message, Part, PartKind};

use crate::command::Partial;
use crate::{FieldNames, Section, SectionText};

/// Cuts a section out of a message whose octets these are; none if there is no such part.
pub(super) fn cut(octets: &Bytes, message: &Message<'_>, section: &Section) -> Option<Bytes> {
    let path: Vec<u32> = section.part().iter().map(|number| number.get()).collect();
    let part = message.part(&path)?;
    let Some(text) = section.text() else {
        let all = if path.is_empty() { message.as_bytes() } else { part.body() };
        return Some(share(octets, all));
    };
    // RFC 9051 §6.4.5.1: of a part, HEADER and TEXT are those of the message that it is.
    let inner = if path.is_empty() {
        Some(part)
    } else {
        Some(part)
            .filter(|part| part.kind() == PartKind::Message)
            .and_then(|it| it.children().next())
    };
    Some(match text {
        SectionText::Mime => share(octets, part.header()),
        SectionText::Header => share(octets, inner?.header()),
        SectionText::Text => share(octets, inner?.body()),
        SectionText::HeaderFields(names) => fields(&inner?, names, true),
        SectionText::HeaderFieldsNot(names) => fields(&inner?, names, false),
    })
}

/// Whether a section can be cut out of the message's header alone.
pub(super) fn is_of_header(section: &Section) -> bool {
    let of_header = matches!(
        section.text(),
        Some(SectionText::Header | SectionText::HeaderFields(_) | SectionText::HeaderFieldsNot(_))
    );
    section.part().is_empty() && of_header
}

/// A part of a message without its transfer encoding (RFC 3516).
pub(super) enum Decoded {
    /// These octets.
    Octets(Bytes),
    /// There is no such part.
    Nil,
    /// Nobody knows how it is encoded.
    UnknownEncoding,
}

pub(super) fn decode(octets: &Bytes, message: &Message<'_>, part: &[NonZeroU32]) -> Decoded {
    let path: Vec<u32> = part.iter().map(|number| number.get()).collect();
    if path.is_empty() {
        return Decoded::Octets(octets.clone());
    }
    let Some(part) = message.part(&path) else { return Decoded::Nil };
    if part.encoding() == Encoding::Unknown {
        return Decoded::UnknownEncoding;
    }
    Decoded::Octets(match part.content().into_octets() {
        Cow::Borrowed(body) => share(octets, body),
        Cow::Owned(body) => body.into(),
    })
}

/// Cuts the octets that are wanted out of a section, and says where they begin in it.
pub(super) fn partial(octets: &Bytes, partial: Option<Partial>) -> (Bytes, Option<u32>) {
    let Some(partial) = partial else { return (octets.clone(), None) };
    let length = octets.len();
    let start = usize::try_from(partial.start().get()).unwrap_or(length).min(length);
    let count = usize::try_from(partial.count().get()).unwrap_or(length);
    let end = start.saturating_add(count).min(length);
    // RFC 9051 §7.5.2: the origin is a number of 32 bits; no section is longer.
    let origin = u32::try_from(partial.start().get()).unwrap_or(u32::MAX);
    (octets.slice(start..end), Some(origin))
}

/// RFC 9051 §6.4.5.1: the fields with these names, or the others, and the blank line.
fn fields(part: &Part<'_, '_>, names: &FieldNames, wanted: bool) -> Bytes {
    let mut out = BytesMut::new();
    for field in part.fields() {
        if names.as_slice().iter().any(|name| name.is(field.name())) == wanted {
            out.extend_from_slice(field.raw());
            if !field.raw().ends_with(b"\n") {
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    out.extend_from_slice(b"\r\n");
    out.freeze()
}

/// Shares octets that lie in a buffer.
fn share(octets: &Bytes, part: &[u8]) -> Bytes {
    if part.is_empty() { Bytes::new() } else { octets.slice_ref(part) }
}

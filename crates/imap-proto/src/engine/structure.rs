//! ENVELOPE and BODYSTRUCTURE: what mime knows of a message, as IMAP says it.
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use mime::{BodyPart, BodyStep, BodyStructure, EnvelopeAddress, PartKind};

use crate::{
    Address, AddressField, Body, BodyExtension, BodyKind, Disposition, Envelope, IString,
    MediaType, Multipart, NotEmpty, Number64, Parameters, Part,
};

/// Says an envelope.
pub(super) fn envelope(from: &mime::Envelope) -> Envelope {
    let mut envelope = Envelope::default();
    envelope.date = from.date().map(string);
    envelope.subject = from.subject().map(string);
    envelope.in_reply_to = from.in_reply_to().map(string);
    envelope.message_id = from.message_id().map(string);
    let lists = [
        (AddressField::From, from.from()),
        (AddressField::Sender, from.sender()),
        (AddressField::ReplyTo, from.reply_to()),
        (AddressField::To, from.to()),
        (AddressField::Cc, from.cc()),
        (AddressField::Bcc, from.bcc()),
    ];
    for (field, list) in lists {
        envelope.set_addresses(field, list.iter().map(address).collect());
    }
    envelope
}

fn address(from: &EnvelopeAddress) -> Address {
    Address {
        name: from.name().map(string),
        adl: None,
        mailbox: from.mailbox().map(string),
        host: from.host().map(string),
    }
}

/// Says a structure, with what BODYSTRUCTURE has besides BODY if `extended`.
pub(super) fn body(from: &BodyStructure, extended: bool) -> Body {
    // The parts inside those that have begun; mime limits how deep they are.
    let mut open: Vec<Vec<Body>> = alloc::vec![Vec::new()];
    for step in from.walk() {
        match step {
            BodyStep::Begin(_) => open.push(Vec::new()),
            BodyStep::End(part) => {
                let inner = open.pop().unwrap_or_default();
                if let Some(outer) = open.last_mut() {
                    outer.push(one(part, inner, extended));
                }
            }
        }
    }
    open.pop().and_then(|mut all| all.pop()).unwrap_or_else(|| nothing(extended))
}

fn one(from: &BodyPart, inner: Vec<Body>, extended: bool) -> Body {
    if from.kind() == PartKind::Multipart {
        // The grammar wants a part at least.
        let parts = NotEmpty::new(inner).unwrap_or_else(|| NotEmpty::one(nothing(extended)));
        let extension = extended.then(|| (parameters(from.parameters()), extension(from)));
        return Body::Multipart(Multipart { parts, subtype: string(from.subtype()), extension });
    }
    Body::Part(Part {
        kind: kind(from, inner, extended),
        parameters: parameters(from.parameters()),
        id: from.id().map(string),
        description: from.description().map(string),
        encoding: string(from.encoding()),
        octets: number(from.octets()),
        extension: extended.then(|| (from.md5().map(string), extension(from))),
    })
}

fn kind(from: &BodyPart, inner: Vec<Body>, extended: bool) -> BodyKind {
    let lines = number(from.lines().unwrap_or_default());
    if from.kind() == PartKind::Message {
        let body = inner.into_iter().next().unwrap_or_else(|| nothing(extended));
        return BodyKind::Message {
            global: from.subtype() == "global",
            envelope: Box::new(from.envelope().map(envelope).unwrap_or_default()),
            body: Box::new(body),
            lines,
        };
    }
    if from.top() == "text" {
        return BodyKind::Text { subtype: string(from.subtype()), lines };
    }
    // A message that could not be read as one, for it is encoded, is octets.
    MediaType::new(string(from.top()), string(from.subtype()))
        .or_else(|| {
            let octets = IString::from_static("octet-stream");
            MediaType::new(IString::from_static("application"), octets)
        })
        .map_or_else(|| BodyKind::Text { subtype: string("plain"), lines }, BodyKind::Basic)
}

fn extension(from: &BodyPart) -> BodyExtension {
    let disposition = from
        .disposition()
        .map(|(kind, all)| Disposition { kind: string(kind), parameters: parameters(all) });
    BodyExtension {
        disposition,
        language: from.language().iter().map(|tag| string(tag)).collect(),
        location: from.location().map(string),
        more: Vec::new(),
    }
}

/// A text without anything in it.
fn nothing(extended: bool) -> Body {
    Body::Part(Part {
        kind: BodyKind::Text { subtype: IString::from_static("plain"), lines: number(0) },
        parameters: Parameters::default(),
        id: None,
        description: None,
        encoding: IString::from_static("7bit"),
        octets: number(0),
        extension: extended.then(|| (None, BodyExtension::default())),
    })
}

fn parameters(all: &[(String, String)]) -> Parameters {
    all.iter().map(|(name, value)| (string(name), string(value))).collect()
}

/// NUL, which no string can have, is left out.
pub(super) fn string(text: &str) -> IString {
    let whole = IString::new(text.as_bytes().to_vec());
    whole.unwrap_or_else(|| IString::new(text.replace('\0', "").into_bytes()).unwrap_or_default())
}

fn number(number: u64) -> Number64 {
    Number64::new(number).unwrap_or(Number64::MAX)
}

//! Reading: homing-mime, mail-parser and mailparse over the same messages.
use std::hint::black_box;

use mail_parser::{MessageBuffers, MessageParser};
use mailparse::MailHeaderMap;
use mime::{Limits, Reader};

/// What is asked for: the parts only, the fields that a list of mail shows too, or every body
/// decoded (text as text).
#[derive(Clone, Copy, PartialEq)]
pub enum Depth {
    Structure,
    Fields,
    Full,
}

impl Depth {
    pub const ALL: [Self; 3] = [Self::Structure, Self::Fields, Self::Full];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Fields => "fields",
            Self::Full => "full",
        }
    }
}

/// A reader with whatever it keeps from one message to the next.
pub trait Reads {
    /// Reads a message and returns a number that depends on what was read.
    fn read(&mut self, octets: &[u8], depth: Depth) -> usize;
}

pub struct Homing(Reader);

impl Homing {
    pub fn new() -> Self {
        Self(Reader::new(Limits::default()))
    }
}

impl Reads for Homing {
    fn read(&mut self, octets: &[u8], depth: Depth) -> usize {
        let message = self.0.read(octets);
        let mut sum = message.parts().count();
        if depth == Depth::Fields {
            sum += message.from().mailboxes().count() + message.to().mailboxes().count();
            sum += message.subject().map_or(0, |it| it.len());
            sum += message.date().map_or(0, |it| it.unix_seconds() as usize);
            sum += message.message_id().map_or(0, |it| it.as_str().len());
        }
        if depth == Depth::Full {
            for part in message.parts().filter(|part| part.children().next().is_none()) {
                let text = part.content_type().top().eq_ignore_ascii_case("text");
                sum += match text {
                    true => black_box(part.text()).len(),
                    false => black_box(part.content()).octets().len(),
                };
            }
        }
        sum
    }
}

pub struct MailParser(MessageParser, MessageBuffers);

impl MailParser {
    pub fn new() -> Self {
        Self(MessageParser::default(), MessageBuffers::new())
    }
}

impl Reads for MailParser {
    fn read(&mut self, octets: &[u8], depth: Depth) -> usize {
        let Some(message) = self.0.parse_with(octets, &mut self.1) else { return 0 };
        let mut sum = message.parts().count();
        if depth == Depth::Fields {
            sum += message.from().map_or(0, |it| it.mailboxes().count());
            sum += message.to().map_or(0, |it| it.mailboxes().count());
            sum += message.subject().map_or(0, str::len);
            sum += message.date().map_or(0, |it| it.to_timestamp() as usize);
            sum += message.message_id().map_or(0, str::len);
        }
        if depth == Depth::Full {
            for part in message.parts().filter(|part| !part.is_multipart()) {
                sum += match part.is_text() {
                    true => black_box(part.text()).map_or(0, |it| it.len()),
                    false => black_box(part.decoded()).len(),
                };
            }
        }
        self.1 = message.into_buffers();
        sum
    }
}

pub struct Mailparse;

impl Reads for Mailparse {
    fn read(&mut self, octets: &[u8], depth: Depth) -> usize {
        let Ok(message) = mailparse::parse_mail(octets) else { return 0 };
        let mut sum = message.parts().count();
        if depth == Depth::Fields {
            for name in ["From", "To"] {
                let field = message.headers.get_first_header(name);
                let list = field.and_then(|it| mailparse::addrparse_header(it).ok());
                sum += list.map_or(0, |it| it.count_addrs());
            }
            for name in ["Subject", "Message-ID"] {
                sum += message.headers.get_first_value(name).map_or(0, |it| it.len());
            }
            let date = message.headers.get_first_value("Date");
            sum += date.and_then(|it| mailparse::dateparse(&it).ok()).unwrap_or_default() as usize;
        }
        if depth == Depth::Full {
            for part in message.parts().filter(|part| part.subparts.is_empty()) {
                let text = part.ctype.mimetype.starts_with("text/");
                sum += match text {
                    true => black_box(part.get_body()).map_or(0, |it| it.len()),
                    false => black_box(part.get_body_raw()).map_or(0, |it| it.len()),
                };
            }
        }
        sum
    }
}

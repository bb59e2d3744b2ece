//! What a server says about itself in the class CHAOS (RFC 4892).
use super::options::IDENTITY;
use super::{Config, Outcome};
use crate::message::{Question, Section};
use crate::name::Name;
use crate::number::{Class, RecordType};
use crate::record::Record;
use crate::writer::Writer;

/// Answers questions for the server's identity and version, if it has them to tell.
pub(super) fn answer(
    config: &Config,
    question: Question<'_>,
    writer: &mut Writer<'_>,
) -> Option<Outcome> {
    if question.class != Class::CH {
        return None;
    }
    let text = match () {
        () if is(question, [b"id", b"server"]) => &config.identity,
        () if is(question, [b"hostname", b"bind"]) => &config.identity,
        () if is(question, [b"version", b"server"]) => &config.version,
        () if is(question, [b"version", b"bind"]) => &config.version,
        () => return None,
    };
    let text = text.get(..IDENTITY).unwrap_or(text);
    if text.is_empty() {
        return None;
    }
    writer.header().authoritative = true;
    if !matches!(question.rtype, RecordType::TXT | RecordType::ANY) {
        return Some(Outcome::NoData);
    }
    let record = Record::text(question.name.to_name(), 0, &[text]).ok()?.with_class(Class::CH);
    writer.section(Section::Answer).expect("it is the first");
    // What does not fit sets TC.
    let _ = writer.record(&record);
    Some(Outcome::Answer)
}

fn is(question: Question<'_>, labels: [&[u8]; 2]) -> bool {
    Name::from_labels(labels).is_ok_and(|name| name == question.name)
}

//! URLs that name a message of this server, for CATENATE (RFC 4469, RFC 5092).
use alloc::string::String;
use alloc::vec::Vec;
use core::num::NonZeroU32;

use crate::command::{Command, FetchItem, FetchItems, Partial};
use crate::{Number64, Section};

/// A section of a message, by a URL without server: `/INBOX;UIDVALIDITY=785799047/;UID=113330;
/// section=1.5.9`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MessageUrl {
    pub(super) mailbox: String,
    pub(super) uid_validity: Option<NonZeroU32>,
    pub(super) uid: NonZeroU32,
    pub(super) section: Section,
    pub(super) partial: Option<Partial>,
}

/// Reads a URL; none if it names anything else.
pub(super) fn read(url: &[u8]) -> Option<MessageUrl> {
    let path = core::str::from_utf8(url).ok()?.strip_prefix('/')?;
    let at = find(path, "/;UID=")?;
    let (mailbox, message) = (path.get(..at)?, path.get(at + "/;UID=".len()..)?);
    let (mailbox, uid_validity) = match find(mailbox, ";UIDVALIDITY=") {
        None => (mailbox, None),
        Some(at) => {
            let validity = mailbox.get(at + ";UIDVALIDITY=".len()..)?.parse().ok()?;
            (mailbox.get(..at)?, Some(validity))
        }
    };
    let mut rest = message.split('/');
    let uid = rest.next()?.parse().ok()?;
    let (mut section, mut partial) = (Section::default(), None);
    for parameter in rest {
        let (name, value) = parameter.split_once('=')?;
        if name.eq_ignore_ascii_case(";SECTION") {
            section = read_section(&unescape(value)?)?;
        } else if name.eq_ignore_ascii_case(";PARTIAL") {
            partial = Some(read_partial(value)?);
        } else {
            return None;
        }
    }
    let mut mailbox = unescape(mailbox)?;
    if mailbox.eq_ignore_ascii_case("INBOX") {
        mailbox.make_ascii_uppercase();
    }
    Some(MessageUrl { mailbox, uid_validity, uid, section, partial })
}

/// Where a marker stands, in any case of letters.
fn find(text: &str, marker: &str) -> Option<usize> {
    let (text, marker) = (text.as_bytes(), marker.as_bytes());
    text.windows(marker.len()).position(|window| window.eq_ignore_ascii_case(marker))
}

/// A section is written as in FETCH.
fn read_section(section: &str) -> Option<Section> {
    let command = alloc::format!("FETCH 1 BODY[{section}]");
    match Command::parse(command.into()).ok()? {
        Command::Fetch(fetch) => match fetch.items {
            FetchItems::These(items) => match items.as_slice() {
                [FetchItem::BodySection { section, partial: None, .. }] => Some(section.clone()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// RFC 5092 §6: `partial-range = number ["." nz-number]`.
fn read_partial(range: &str) -> Option<Partial> {
    let (start, count) = match range.split_once('.') {
        None => (range.parse().ok()?, Number64::MAX),
        Some((start, count)) => (start.parse().ok()?, Number64::new(count.parse().ok()?)?),
    };
    Partial::new(Number64::new(start)?, count)
}

fn unescape(text: &str) -> Option<String> {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    loop {
        rest = match rest {
            [] => return String::from_utf8(out).ok(),
            [b'%', one, two, more @ ..] => {
                let digits = [*one, *two];
                out.push(u8::from_str_radix(core::str::from_utf8(&digits).ok()?, 16).ok()?);
                more
            }
            [b'%', ..] => return None,
            [octet, more @ ..] => {
                out.push(*octet);
                more
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SectionText;

    #[test]
    fn urls_of_rfc_4469_are_read() {
        let url = read(b"/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER").unwrap();
        assert_eq!((url.mailbox.as_str(), url.uid.get()), ("Drafts", 20));
        assert_eq!(url.uid_validity, NonZeroU32::new(385759045));
        assert_eq!(url.section.text(), Some(&SectionText::Header));
        let url = read(b"/Entw%C3%BCrfe/;UID=20/;section=1.mime/;partial=0.5").unwrap();
        assert_eq!((url.mailbox.as_str(), url.section.part().len()), ("Entwürfe", 1));
        assert_eq!(url.partial.unwrap().count().get(), 5);
    }

    #[test]
    fn other_urls_are_none() {
        for url in [
            &b""[..],
            b"INBOX/;UID=1",
            b"imap://host/INBOX/;UID=1",
            b"/INBOX",
            b"/INBOX/;UID=0",
            b"/INBOX/;UID=1/;section=9x",
            b"/INBOX/;UID=1/;section=]BODY[",
            b"/INBOX/;UID=1/;urlauth=anonymous:internal:91",
            b"/IN%4/;UID=1",
            b"/\xff/;UID=1",
        ] {
            assert_eq!(read(url), None, "{}", url.escape_ascii());
        }
    }
}

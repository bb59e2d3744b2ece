//! The small fields that describe a part: identifier, place, languages, digest, description.
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::decode::Decoder;
use crate::lex::{Lexer, is_blank};
use crate::{Encoding, Field, MessageId, Part};

impl Part<'_, '_> {
    /// Returns its identifier (RFC 2045 §7), by which `cid:` URLs name it; senders that forget
    /// the angle brackets are understood.
    ///
    /// ```
    /// let message = mime::Message::parse(b"Content-ID: <logo@crepes.fr>\r\n\r\n");
    /// assert_eq!(message.root().content_id().unwrap().as_str(), "logo@crepes.fr");
    /// ```
    #[must_use]
    pub fn content_id(&self) -> Option<MessageId> {
        let field = self.field("content-id")?;
        let bracketed = field.message_ids().into_iter().next();
        bracketed.or_else(|| field.unfolded().parse().ok())
    }

    /// Returns the URL that it has elsewhere (RFC 2557 §4.2), without folds and blanks.
    #[must_use]
    pub fn content_location(&self) -> Option<String> {
        let text = self.field("content-location")?.text();
        // RFC 2557 §4.4.2: long URLs are folded, and blanks are no part of them.
        let url: String = text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect();
        let url = url.strip_prefix('<').and_then(|it| it.strip_suffix('>')).unwrap_or(&url);
        let url = url.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(url);
        (!url.is_empty()).then(|| url.to_string())
    }

    /// Returns what it is, in words (RFC 2045 §8).
    #[must_use]
    pub fn content_description(&self) -> Option<String> {
        self.field("content-description").map(|field| field.text())
    }

    /// Returns the tags of its languages (RFC 3282); empty if that is not said.
    #[must_use]
    pub fn content_language(&self) -> Vec<String> {
        self.field("content-language").map(|field| field.language_tags()).unwrap_or_default()
    }

    /// Returns the MD5 digest of its content (RFC 1864), if it says one of the right length.
    #[must_use]
    pub fn content_md5(&self) -> Option<[u8; 16]> {
        let field = self.field("content-md5")?;
        let mut decoder = Decoder::new(Encoding::Base64);
        let mut octets = Vec::new();
        decoder.feed(field.value(), &mut octets);
        decoder.finish(&mut octets);
        octets.try_into().ok().filter(|_| decoder.problems() == 0)
    }
}

impl Field<'_> {
    /// Reads the value as language tags (RFC 3282 §2): words between commas and comments.
    #[must_use]
    pub fn language_tags(&self) -> Vec<String> {
        let (mut lexer, mut out) = (Lexer::new(self.value()), Vec::new());
        loop {
            lexer.skip_cfws();
            let tag = lexer.take_while(|it| it.is_ascii_alphanumeric() || it == b'-');
            if let Some(tag) = core::str::from_utf8(tag).ok().filter(|it| !it.is_empty()) {
                out.push(tag.into());
            } else if lexer.next().is_none() {
                return out;
            } else {
                // What is no tag is gone over to the next comma.
                lexer.take_while(|octet| !is_blank(octet) && octet != b',' && octet != b'(');
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    #[test]
    fn fields_of_parts_are_read() {
        let message = Message::parse(
            b"Content-ID: a@b\r\nContent-Location: <http://a/\r\n b>\r\n\
            Content-Language: en-GB (English), de, *, fr\r\n\
            Content-MD5: Q2hlY2sgSW50ZWdyaXR5IQ==\r\nContent-Description: a =?utf-8?Q?=C3=A9?=\r\n\r\n",
        );
        let part = message.root();
        assert_eq!(part.content_id().unwrap().as_str(), "a@b");
        assert_eq!(part.content_location().unwrap(), "http://a/b");
        assert_eq!(part.content_language(), ["en-GB", "de", "fr"]);
        assert_eq!(part.content_md5().as_ref(), Some(b"Check Integrity!"));
        assert_eq!(part.content_description().unwrap(), "a é");
    }

    #[test]
    fn fields_that_say_nothing_are_none() {
        let message = Message::parse(
            b"Content-ID: < >\r\nContent-Location: \r\nContent-Language: ,\r\nContent-MD5: abc=\r\n\r\n",
        );
        let part = message.root();
        assert_eq!((part.content_id(), part.content_location()), (None, None));
        assert_eq!((part.content_language(), part.content_md5()), (Vec::new(), None));
    }
}

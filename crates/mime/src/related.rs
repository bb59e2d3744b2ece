//! Parts that belong together: `multipart/related` (RFC 2387) and `multipart/alternative`
//! (RFC 2046 §5.1.4).
use alloc::vec::Vec;

use crate::{Message, Part, PartKind};

impl<'m, 'a> Part<'m, 'a> {
    /// Returns the part that the others of a `multipart/related` are there for: the one that
    /// `start` names, or the first (RFC 2387 §3.2).
    #[must_use]
    pub fn related_root(&self) -> Option<Self> {
        let kind = self.content_type();
        if self.kind() != PartKind::Multipart || !kind.is("multipart", "related") {
            return None;
        }
        let start = kind.parameter("start").unwrap_or_default();
        let start = start.trim().trim_start_matches('<').trim_end_matches('>');
        let named = self.children().find(|part| {
            !start.is_empty() && part.content_id().is_some_and(|id| id.as_str() == start)
        });
        named.or_else(|| self.children().next())
    }

    /// Returns the best form that the reader accepts of a `multipart/alternative`: the last one
    /// (RFC 2046 §5.1.4).
    ///
    /// ```
    /// let message = mime::Message::parse(
    ///     b"Content-Type: multipart/alternative; boundary=b\r\n\r\n\
    ///       --b\r\n\r\nplain\r\n--b\r\nContent-Type: text/x-new\r\n\r\nnew\r\n--b--",
    /// );
    /// let best = message.root().best_alternative(|part| part.content_type().is("text", "plain"));
    /// assert_eq!(best.unwrap().body(), b"plain");
    /// ```
    #[must_use]
    pub fn best_alternative(&self, accepts: impl Fn(&Self) -> bool) -> Option<Self> {
        let alternative = self.kind() == PartKind::Multipart
            && self.content_type().is("multipart", "alternative");
        self.children().filter(|part| alternative && accepts(part)).last()
    }
}

impl<'a> Message<'a> {
    /// Finds the part that a URL in its HTML names: `cid:` by `Content-ID` (RFC 2392), others by
    /// `Content-Location` (RFC 2557 §8).
    ///
    /// ```
    /// let message = mime::Message::parse(b"Content-ID: <a%b@c>\r\n\r\n");
    /// assert!(message.part_by_url("cid:a%25b@c").is_some());
    /// assert!(message.part_by_url("http://c/").is_none());
    /// ```
    #[must_use]
    pub fn part_by_url(&self, url: &str) -> Option<Part<'_, 'a>> {
        let Some((scheme, id)) = url.split_once(':') else { return self.part_at(url) };
        if !scheme.eq_ignore_ascii_case("cid") {
            return self.part_at(url);
        }
        let mut octets = Vec::new();
        percent_decode(id.as_bytes(), &mut octets);
        self.parts()
            .find(|part| part.content_id().is_some_and(|it| it.as_str().as_bytes() == octets))
    }

    fn part_at(&self, url: &str) -> Option<Part<'_, 'a>> {
        self.parts().find(|part| part.content_location().is_some_and(|it| it == url))
    }
}

fn percent_decode(mut text: &[u8], out: &mut Vec<u8>) {
    while let Some((first, rest)) = text.split_first() {
        if let [b'%', high, low, rest @ ..] = text
            && let Some(octet) = crate::decode::hex_pair(*high, *low)
        {
            out.push(octet);
            text = rest;
        } else {
            out.push(*first);
            text = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Message;

    #[test]
    fn the_root_is_the_part_that_start_names_or_the_first() {
        let octets = "Content-Type: multipart/related; start=\"<2@x>\"; boundary=b\r\n\r\n\
            --b\r\nContent-ID: <1@x>\r\n\r\none\r\n--b\r\nContent-ID: <2@x>\r\n\
            Content-Location: http://x/2\r\n\r\ntwo\r\n--b--";
        let message = Message::parse(octets.as_bytes());
        assert_eq!(message.root().related_root().unwrap().body(), b"two");
        assert_eq!(message.part_by_url("CID:1@x").unwrap().body(), b"one");
        assert_eq!(message.part_by_url("http://x/2").unwrap().body(), b"two");
        let octets = octets.replace("<2@x>\";", "<3@x>\";");
        let message = Message::parse(octets.as_bytes());
        assert_eq!(message.root().related_root().unwrap().body(), b"one");
        assert!(message.root().children().next().unwrap().related_root().is_none());
    }
}

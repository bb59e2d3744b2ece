//! Tag lists and the fields that are one: DKIM (RFC 6376) and ARC (RFC 8617) signatures.
use alloc::string::String;
use alloc::vec::Vec;

use crate::decode::Decoder;
use crate::lex::is_blank;
use crate::unfold::clean;
use crate::{Encoding, Field};

/// `name=value` pairs between semicolons (RFC 6376 §3.2).
///
/// ```
/// use mime::Field;
///
/// let seal = Field::new(b"ARC-Seal: i=1; a=rsa-sha256; cv=none;\r\n d=crepes.fr; s=k; b=AQ==\r\n");
/// let tags = seal.unwrap().tag_list();
/// assert_eq!((tags.get("cv"), tags.get("x")), (Some("none"), None));
/// assert_eq!(tags.instance(), Some(1));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TagList {
    tags: Vec<(String, String)>,
}

impl TagList {
    /// Reads the value of a field, or the text of a DNS record. What has no `=` is left out.
    #[must_use]
    pub fn read(value: &[u8]) -> Self {
        let pair = |spec: &[u8]| {
            let at = memchr::memchr(b'=', spec)?;
            let (name, value) = spec.split_at_checked(at)?;
            let (_, value) = value.split_first()?;
            Some((clean(name.trim_ascii()), clean(value.trim_ascii())))
        };
        Self { tags: value.split(|octet| *octet == b';').filter_map(pair).collect() }
    }

    /// Returns the value of the first tag of this name, folds undone. Case counts in names
    /// (RFC 6376 §3.2).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(it, _)| *it == name).map(|(_, value)| value)
    }

    /// Iterates over the tags, in their order; a name that is there twice makes the list invalid
    /// (RFC 6376 §3.2).
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns `v=`, the version: 1 for DKIM.
    #[must_use]
    pub fn version(&self) -> Option<u64> {
        self.number("v")
    }

    /// Returns `a=`, the algorithm, such as `rsa-sha256`.
    #[must_use]
    pub fn algorithm(&self) -> Option<&str> {
        self.get("a")
    }

    /// Returns `b=`, the signature, decoded; `None` if it is not base64.
    #[must_use]
    pub fn signature(&self) -> Option<Vec<u8>> {
        self.base64("b")
    }

    /// Returns `bh=`, the hash of the body, decoded; `None` if it is not base64.
    #[must_use]
    pub fn body_hash(&self) -> Option<Vec<u8>> {
        self.base64("bh")
    }

    /// Returns `c=`, the canonicalisations of header and body; `simple` where nothing is said
    /// (RFC 6376 §3.5).
    #[must_use]
    pub fn canonicalization(&self) -> (&str, &str) {
        let (header, body) = self
            .get("c")
            .map_or(("simple", "simple"), |it| it.split_once('/').unwrap_or((it, "simple")));
        (header.trim_ascii(), body.trim_ascii())
    }

    /// Returns `d=`, the domain that signs.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        self.get("d")
    }

    /// Returns `s=`, the selector of the key in the domain.
    #[must_use]
    pub fn selector(&self) -> Option<&str> {
        self.get("s")
    }

    /// Returns `h=`, the names of the signed fields, in their order.
    #[must_use]
    pub fn signed_fields(&self) -> Vec<&str> {
        let names = self.get("h").unwrap_or_default().split(':').map(str::trim_ascii);
        names.filter(|it| !it.is_empty()).collect()
    }

    /// Returns `i=` of a DKIM signature, the user or agent, by default `@` and the domain
    /// (RFC 6376 §3.5); of an ARC set it is the [`instance`](Self::instance).
    #[must_use]
    pub fn identity(&self) -> Option<String> {
        self.get("i").map(String::from).or_else(|| Some(alloc::format!("@{}", self.domain()?)))
    }

    /// Returns `i=` of an ARC set, from 1 to 50 (RFC 8617 §4.2.1).
    #[must_use]
    pub fn instance(&self) -> Option<u8> {
        self.get("i")?.parse().ok().filter(|it| (1..=50).contains(it))
    }

    /// Returns `l=`, the octets of the canonical body that are signed.
    #[must_use]
    pub fn body_length(&self) -> Option<u64> {
        self.number("l")
    }

    /// Returns `t=`, when it was signed, in seconds since 1970.
    #[must_use]
    pub fn timestamp(&self) -> Option<u64> {
        self.number("t")
    }

    /// Returns `x=`, when the signature expires, in seconds since 1970.
    #[must_use]
    pub fn expiration(&self) -> Option<u64> {
        self.number("x")
    }

    /// Returns `cv=`, what an ARC seal says of the chain before it: `none`, `fail` or `pass`.
    #[must_use]
    pub fn chain(&self) -> Option<&str> {
        self.get("cv")
    }

    fn number(&self, name: &str) -> Option<u64> {
        let digits = self.get(name)?;
        digits.parse().ok().filter(|_| digits.bytes().all(|it| it.is_ascii_digit()))
    }

    fn base64(&self, name: &str) -> Option<Vec<u8>> {
        let (mut decoder, mut out) = (Decoder::new(Encoding::Base64), Vec::new());
        let text: Vec<u8> = self.get(name)?.bytes().filter(|octet| !is_blank(*octet)).collect();
        decoder.feed(&text, &mut out);
        decoder.finish(&mut out);
        (decoder.problems() == 0).then_some(out)
    }
}

impl Field<'_> {
    /// Reads the value as a tag list: `DKIM-Signature` (RFC 6376 §3.5), `ARC-Message-Signature`
    /// and `ARC-Seal` (RFC 8617 §4.1).
    #[must_use]
    pub fn tag_list(&self) -> TagList {
        TagList::read(self.value())
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// RFC 6376 §3.5, shortened where it says `...`.
    #[test]
    fn the_example_of_rfc_6376_is_read() {
        let tags = TagList::read(
            b"v=1; a=rsa-sha256; d=example.net; s=brisbane;\r\n\
            \x20  c=simple; q=dns/txt; i=@eng.example.net;\r\n\
            \x20  t=1117574938; x=1118006938;\r\n\
            \x20  h=from:to:subject:date;\r\n\
            \x20  z=From:foo@eng.example.net|To:joe@example.com;\r\n\
            \x20 bh=MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTI=;\r\n\
            \x20 b=dzdVyOfAKCdL\r\n\x20  XdJOc9G2q8LoXSlEniSb\r\n",
        );
        assert_eq!((tags.version(), tags.algorithm()), (Some(1), Some("rsa-sha256")));
        assert_eq!((tags.domain(), tags.selector()), (Some("example.net"), Some("brisbane")));
        assert_eq!(tags.canonicalization(), ("simple", "simple"));
        assert_eq!(tags.identity().as_deref(), Some("@eng.example.net"));
        assert_eq!(
            (tags.timestamp(), tags.expiration()),
            (Some(1_117_574_938), Some(1_118_006_938))
        );
        assert_eq!(tags.signed_fields(), ["from", "to", "subject", "date"]);
        assert_eq!(tags.body_hash().unwrap(), b"12345678901234567890123456789012");
        assert_eq!(tags.signature().unwrap().len(), 24);
        assert_eq!(tags.body_length(), None);
    }

    #[test]
    fn odd_lists_are_read_as_far_as_they_go() {
        let tags = TagList::read(b"; a ; =x; b=!; l=-1; i=51; c = relaxed / simple ; d=e;d=f;");
        assert_eq!(
            tags.iter().map(|(name, _)| name).collect::<Vec<_>>(),
            vec!["", "b", "l", "i", "c", "d", "d"]
        );
        assert_eq!((tags.signature(), tags.body_length(), tags.instance()), (None, None, None));
        assert_eq!((tags.canonicalization(), tags.domain()), (("relaxed", "simple"), Some("e")));
        assert_eq!(TagList::read(b"").canonicalization(), ("simple", "simple"));
        assert_eq!(TagList::read(b"d=a").identity().as_deref(), Some("@a"));
    }
}

//! Whether an address is one by the letter of an RFC.
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::lex::{Lexer, is_atext, is_blank};
use crate::{AddrSpec, ParseError, ParseErrorKind};

/// Which addresses [`AddrSpec::check`] takes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct AddressRules {
    /// RFC 5321 §4.1.2 and its lengths (§4.5.3.1), as SMTP has addresses in `MAIL` and `RCPT`;
    /// otherwise RFC 5322 §3.4.1, as headers have them, with comments and folds around.
    pub envelope: bool,
    /// Characters outside ASCII too: RFC 6531 §3.3 and RFC 6532 §3.2.
    pub utf8: bool,
    /// Obsolete forms too (RFC 5322 §4.4): comments, folds and quotes between the dots. An
    /// envelope has none.
    pub obsolete: bool,
}

impl AddressRules {
    /// RFC 5321 `Mailbox`.
    pub const SMTP: Self = Self { envelope: true, utf8: false, obsolete: false };
    /// RFC 6531 `Mailbox`.
    pub const SMTPUTF8: Self = Self { envelope: true, utf8: true, obsolete: false };
    /// RFC 5322 `addr-spec` without obsolete forms.
    pub const HEADER: Self = Self { envelope: false, utf8: false, obsolete: false };
    /// RFC 5322 `addr-spec` with obsolete forms.
    pub const OBSOLETE: Self = Self { envelope: false, utf8: false, obsolete: true };
}

impl AddrSpec {
    /// Tells whether text is an address by the letter, as no reader of mail asks but those who
    /// send or register addresses do.
    ///
    /// ```
    /// use mime::{AddrSpec, AddressRules};
    ///
    /// assert!(AddrSpec::check("\"a b\"@[IPv6:2001:db8::1]", AddressRules::SMTP).is_ok());
    /// assert!(AddrSpec::check("a@b_c", AddressRules::SMTP).is_err());
    /// assert!(AddrSpec::check("a . b@c (work)", AddressRules::OBSOLETE).is_ok());
    /// ```
    ///
    /// # Errors
    /// The side of the address that the grammar does not have, and where it goes wrong.
    pub fn check(text: &str, rules: AddressRules) -> Result<(), ParseError> {
        let mut checker = Checker { lexer: Lexer::new(text.as_bytes()), len: text.len(), rules };
        let found = checker
            .local()
            .ok_or(ParseErrorKind::LocalPart)
            .and_then(|local| checker.domain(local).ok_or(ParseErrorKind::Domain));
        found.map_err(|kind| ParseError::new(kind, checker.at()))
    }
}

struct Checker<'a> {
    lexer: Lexer<'a>,
    len: usize,
    rules: AddressRules,
}

impl<'a> Checker<'a> {
    const fn at(&self) -> usize {
        self.len - self.lexer.rest.len()
    }

    /// Goes over the local part and the `@`; returns the octets of both.
    fn local(&mut self) -> Option<usize> {
        self.space()?;
        let start = self.at();
        let mut quoted = self.word()?;
        let mut end = self.at();
        loop {
            let space = self.lexer.rest;
            self.space()?;
            if self.lexer.eat(b'@') {
                break;
            }
            // Only the obsolete grammar has blanks before a dot, or quoted words beside one.
            let blank = space.len() > self.lexer.rest.len();
            if !self.lexer.eat(b'.') || (blank || quoted) && !self.rules.obsolete {
                return None;
            }
            if self.rules.obsolete {
                self.space()?;
            }
            let next = self.word()?;
            if next && !self.rules.obsolete {
                return None;
            }
            (quoted, end) = (quoted || next, self.at());
        }
        // RFC 5321 §4.5.3.1.1.
        (!self.rules.envelope || end - start <= 64).then_some(end - start + 1)
    }

    /// Goes over the domain and all that follows.
    fn domain(&mut self, local: usize) -> Option<()> {
        self.space()?;
        let start = self.at();
        if self.lexer.peek() == Some(b'[') {
            self.literal()?;
        } else {
            self.label()?;
            while self.dot()? {
                self.label()?;
            }
        }
        let len = self.at() - start;
        self.space()?;
        // RFC 5321 §4.5.3.1.2 and 3: a path has its angle brackets in 256 octets.
        let fits = !self.rules.envelope || len <= 255 && local + len <= 254;
        (self.lexer.rest.is_empty() && fits).then_some(())
    }

    /// Goes over a dot, with blanks around where those may be.
    fn dot(&mut self) -> Option<bool> {
        let before = self.lexer;
        if self.rules.obsolete {
            self.space()?;
        }
        let found = self.lexer.eat(b'.');
        if !found {
            self.lexer = before;
        } else if self.rules.obsolete {
            self.space()?;
        }
        Some(found)
    }

    fn label(&mut self) -> Option<()> {
        let label = self.atom()?;
        if !self.rules.envelope {
            return Some(());
        }
        // RFC 5321 §4.1.2 `sub-domain`; RFC 1035 §2.3.4 for its length.
        let letters = |it: &u8| it.is_ascii_alphanumeric() || *it == b'-' || !it.is_ascii();
        let hyphen = label.starts_with(b"-") || label.ends_with(b"-");
        (label.iter().all(letters) && !hyphen && label.len() <= 63).then_some(())
    }

    /// Goes over an atom or a quoted string; tells whether it is quoted.
    fn word(&mut self) -> Option<bool> {
        if self.lexer.peek() == Some(b'"') {
            return self.quoted().map(|()| true);
        }
        self.atom().map(|_| false)
    }

    fn atom(&mut self) -> Option<&'a [u8]> {
        let utf8 = self.rules.utf8;
        let atom = self.lexer.take_while(|octet| is_atext(octet) && (utf8 || octet.is_ascii()));
        // What is text is UTF-8; only its control characters are no `atext`.
        let control = core::str::from_utf8(atom).is_ok_and(|text| text.contains(char::is_control));
        (!atom.is_empty() && !control).then_some(atom)
    }

    fn quoted(&mut self) -> Option<()> {
        self.lexer.eat(b'"');
        loop {
            match self.lexer.next()? {
                b'"' => return Some(()),
                b'\\' => {
                    let octet = self.lexer.next()?;
                    let blank = octet == b'\t' && !self.rules.envelope;
                    self.allowed(octet, matches!(octet, b' '..=b'~') || blank)?;
                }
                b'\t' if !self.rules.envelope => {}
                b'\r' if !self.rules.envelope => self.fold()?,
                octet => self.allowed(octet, matches!(octet, b' '..=b'~'))?,
            }
        }
    }

    /// Takes what the grammar has, characters of UTF-8, and obsolete control characters.
    fn allowed(&self, octet: u8, plain: bool) -> Option<()> {
        let obsolete =
            self.rules.obsolete && octet.is_ascii() && !matches!(octet, 0 | b'\r' | b'\n');
        (plain || obsolete || self.rules.utf8 && !octet.is_ascii()).then_some(())
    }

    fn literal(&mut self) -> Option<()> {
        self.lexer.eat(b'[');
        let inside = self.lexer.take_while(|octet| octet != b']');
        if !self.lexer.eat(b']') {
            return None;
        }
        let text = core::str::from_utf8(inside).ok()?;
        if !self.rules.envelope {
            let dtext = |it: u8| matches!(it, 33..=90 | 94..=126) || matches!(it, b' ' | b'\t');
            return inside.iter().copied().all(dtext).then_some(());
        }
        if text.parse::<Ipv4Addr>().is_ok() {
            return Some(());
        }
        // RFC 5321 §4.1.3: a tag must be registered, and IANA has this one only.
        let (tag, address) = text.split_once(':')?;
        let known = tag.eq_ignore_ascii_case("IPv6") && address.parse::<Ipv6Addr>().is_ok();
        known.then_some(())
    }

    /// Goes over blanks, folds and comments, where they may be.
    fn space(&mut self) -> Option<()> {
        if self.rules.envelope {
            return Some(());
        }
        loop {
            match self.lexer.peek() {
                Some(b' ' | b'\t') => _ = self.lexer.next(),
                Some(b'\r') => {
                    self.lexer.next();
                    self.fold()?;
                }
                Some(b'(') => {
                    let before = self.lexer.rest;
                    let inside = self.lexer.skip_comment();
                    // One that ends has both its parentheses besides what is inside.
                    let whole = before.len() - self.lexer.rest.len();
                    (whole == inside.len() + 2).then_some(())?;
                }
                _ => return Some(()),
            }
        }
    }

    /// Goes over what follows the CR of a fold.
    fn fold(&mut self) -> Option<()> {
        let folded =
            self.lexer.eat(b'\n') && self.lexer.peek().is_some_and(|it| it == b' ' || it == b'\t');
        folded.then(|| self.lexer.take_while(|octet| is_blank(octet) && octet != b'\r'));
        folded.then_some(())
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::String;

    use super::*;

    /// The letters of the rules that take it: Smtp, smtpUtf8, Header, Obsolete.
    fn taken(text: &str) -> String {
        let all = [
            ('S', AddressRules::SMTP),
            ('U', AddressRules::SMTPUTF8),
            ('H', AddressRules::HEADER),
            ('O', AddressRules::OBSOLETE),
        ];
        let taken = all.into_iter().filter(|(_, rules)| AddrSpec::check(text, *rules).is_ok());
        taken.map(|(letter, _)| letter).collect()
    }

    #[test]
    fn addresses_are_taken_by_the_letter() {
        for (text, expected) in [
            ("a@b", "SUHO"),
            ("a.b+c@d.example", "SUHO"),
            ("\"a b\"@c", "SUHO"),
            ("\"a\\\"@b\"@c", "SUHO"),
            ("\"\"@c", "SUHO"),
            ("a@[192.0.2.1]", "SUHO"),
            ("a@[IPv6:2001:db8::1]", "SUHO"),
            ("a@[2001:db8::1]", "HO"),
            ("a@[IPv6:12345::]", "HO"),
            ("a@[x-tag:content]", "HO"),
            ("a@[192.0.2.256]", "HO"),
            ("a@[]", "HO"),
            ("a@b_c", "HO"),
            ("a@-b", "HO"),
            ("jürgen@bücher.example", "U"),
            ("\"jürgen b\"@c", "U"),
            ("(x) a (y) @ (z) b (w)", "HO"),
            ("a\r\n @b", "HO"),
            ("a . b@c", "O"),
            ("a.\"b\"@c", "O"),
            ("\"a\".b@c", "O"),
            ("a@b . c", "O"),
            ("\"a\u{1}\"@c", "O"),
            ("\"a\tb\"@c", "HO"),
            ("", ""),
            ("a", ""),
            ("@b", ""),
            ("a@", ""),
            ("a b@c", ""),
            ("a@b c", ""),
            ("a@b.", ""),
            ("a..b@c", ""),
            (".a@b", ""),
            ("a.@b", ""),
            ("a@@b", ""),
            ("a@b@c", ""),
            ("a@[b", ""),
            ("a@[b]c", ""),
            ("a@b (c", ""),
            ("a\n@b", ""),
            ("a@b\r\n", ""),
            ("\"a@b", ""),
            ("\"a\"b\"@c", ""),
            ("\"a\r\nb\"@c", ""),
        ] {
            assert_eq!(taken(text), expected, "{text:?}");
        }
    }

    #[test]
    fn envelopes_have_lengths() {
        let (local, label) = ("a".repeat(64), "b".repeat(63));
        assert_eq!(taken(&format!("{local}@b")), "SUHO");
        assert_eq!(taken(&format!("{local}a@b")), "HO");
        assert_eq!(taken(&format!("a@{label}")), "SUHO");
        assert_eq!(taken(&format!("a@{label}b")), "HO");
        let domain = format!("{label}.{label}.{label}");
        assert_eq!(taken(&format!("{}@{domain}", "a".repeat(62))), "SUHO");
        assert_eq!(taken(&format!("{}@{domain}", "a".repeat(63))), "HO");
    }

    #[test]
    fn errors_say_where() {
        let error = AddrSpec::check("a@b c", AddressRules::SMTP).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ParseErrorKind::Domain, 3));
        let error = AddrSpec::check("a b@c", AddressRules::SMTP).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ParseErrorKind::LocalPart, 1));
    }
}

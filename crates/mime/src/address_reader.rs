//! Reading address lists as people send them.
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::encoded_word::{self, Words};
use crate::lex::{Lexer, is_blank};
use crate::limits::FieldLimits;
use crate::{AddrSpec, Address, AddressList, Group, Mailbox, Text, charset};

/// A word of an address or a name.
#[derive(Debug)]
enum Word<'a> {
    Atom(Cow<'a, str>),
    /// What is between the quotes. A name may have encoded words there, as some senders write
    /// it; an address may not (RFC 2047 §5), lest it be another one than others read.
    Quoted(Cow<'a, [u8]>),
    /// A domain literal with its brackets.
    Literal(String),
    At,
}

/// What has been read of the entry at hand.
#[derive(Debug, Default)]
struct Draft<'a> {
    words: Vec<Word<'a>>,
    angle: Option<Vec<Word<'a>>>,
    comment: Option<Vec<u8>>,
}

/// Reads in one pass, without recursion: a group cannot hold a group (RFC 5322 §3.4).
pub(crate) fn read(value: &[u8], limits: FieldLimits) -> AddressList {
    let mut lexer = Lexer::new(value);
    let (mut list, mut draft) = (List::new(limits), Draft::default());
    while let Some(octet) = lexer.peek() {
        match octet {
            b',' | b';' => {
                lexer.next();
                list.add(core::mem::take(&mut draft));
                if octet == b';' {
                    list.close();
                }
                if list.truncated {
                    break;
                }
            }
            b':' if list.group.is_none() && draft.angle.is_none() => {
                lexer.next();
                list.open(&core::mem::take(&mut draft).words);
            }
            b'<' => {
                lexer.next();
                let words = angle(&mut lexer);
                draft.angle.get_or_insert(words);
            }
            b'(' => draft.comment = Some(lexer.comment()),
            _ if is_blank(octet) => {
                lexer.next();
            }
            _ => draft.words.extend(word(&mut lexer)),
        }
    }
    list.add(draft);
    list.close();
    AddressList { addresses: list.addresses, truncated: list.truncated }
}

/// What has been read of the field at hand.
#[derive(Debug)]
struct List {
    addresses: Vec<Address>,
    group: Option<(Text, Vec<Mailbox>)>,
    words: Words,
    /// How many more addresses are taken.
    left: usize,
    truncated: bool,
}

impl List {
    const fn new(limits: FieldLimits) -> Self {
        Self {
            addresses: Vec::new(),
            group: None,
            words: Words::new(limits.encoded_words),
            left: limits.addresses,
            truncated: false,
        }
    }

    fn open(&mut self, name: &[Word<'_>]) {
        if self.counts() {
            self.group = Some((Text::from(phrase(name, &mut self.words)), Vec::new()));
        }
    }

    fn close(&mut self) {
        if let Some((name, members)) = self.group.take() {
            self.addresses.push(Address::Group(Group::new(name, members)));
        }
    }

    fn add(&mut self, mut draft: Draft<'_>) {
        let address = draft.address();
        if (address.is_none() && draft.words.is_empty()) || !self.counts() {
            return;
        }
        let mut name = phrase(&draft.words, &mut self.words);
        if let (true, Some(comment), true) = (name.is_empty(), &draft.comment, address.is_some()) {
            name = self.words.decode(comment);
        }
        match (address, &mut self.group) {
            (Some(address), Some((_, members))) => members.push(Mailbox::new(name, address)),
            (Some(address), None) => {
                self.addresses.push(Address::Mailbox(Mailbox::new(name, address)));
            }
            (None, None) if !name.is_empty() => {
                self.addresses.push(Address::Unreadable(Text::from(name)));
            }
            // A group has no place for what is no mailbox.
            (None, _) => {}
        }
    }

    /// Counts an address or a group; tells whether it may be taken.
    fn counts(&mut self) -> bool {
        self.truncated |= self.left == 0;
        self.left = self.left.saturating_sub(1);
        !self.truncated
    }
}

impl Draft<'_> {
    fn address(&mut self) -> Option<AddrSpec> {
        match &self.angle {
            Some(words) => spec(words),
            None => self.split_bare(),
        }
    }

    /// Takes an address without angle brackets off the words, leaving a name before it.
    fn split_bare(&mut self) -> Option<AddrSpec> {
        let at = self.words.iter().rposition(|word| matches!(word, Word::At))?;
        let mut start = at.checked_sub(1)?;
        // `a . b @ c` is one address (RFC 5322 §4.4), `John a@c` is a name and an address.
        while let Some(previous) = start.checked_sub(1) {
            let dot = |at: usize, end: bool| match self.words.get(at) {
                Some(Word::Atom(atom)) if end => atom.ends_with('.'),
                Some(Word::Atom(atom)) => atom.starts_with('.'),
                _ => false,
            };
            if !dot(previous, true) && !dot(start, false) {
                break;
            }
            start = previous;
        }
        let words = self.words.split_off(start);
        spec(&words).or_else(|| {
            self.words.extend(words);
            None
        })
    }
}

/// Reads the words up to `>`; a route before the address (RFC 5322 §4.4) is dropped.
fn angle<'a>(lexer: &mut Lexer<'a>) -> Vec<Word<'a>> {
    let mut words = Vec::new();
    while let Some(octet) = lexer.peek() {
        match octet {
            b'>' => {
                lexer.next();
                break;
            }
            b':' => {
                lexer.next();
                words.clear();
            }
            b'(' => {
                lexer.skip_comment();
            }
            b',' | b';' | b'<' => {
                lexer.next();
            }
            _ if is_blank(octet) => {
                lexer.next();
            }
            _ => words.extend(word(lexer)),
        }
    }
    words
}

fn word<'a>(lexer: &mut Lexer<'a>) -> Option<Word<'a>> {
    match lexer.peek()? {
        b'"' => Some(Word::Quoted(lexer.quoted())),
        b'@' => lexer.next().map(|_| Word::At),
        b'[' => {
            let literal = lexer.take_while(|octet| octet != b']' && octet != b'>');
            lexer.eat(b']');
            let literal = String::from_utf8_lossy(literal).into_owned();
            Some(Word::Literal(
                literal.chars().filter(|c| !c.is_whitespace()).chain([']']).collect(),
            ))
        }
        _ => {
            let atom =
                lexer.take_while(|octet| !is_blank(octet) && !b",;:<>()\"@[".contains(&octet));
            if atom.is_empty() {
                lexer.next();
                return None;
            }
            Some(Word::Atom(String::from_utf8_lossy(atom)))
        }
    }
}

/// Joins words into an address. The last `@` divides it.
fn spec(words: &[Word<'_>]) -> Option<AddrSpec> {
    let at = words.iter().rposition(|word| matches!(word, Word::At))?;
    let (local, domain) = words.split_at_checked(at)?;
    AddrSpec::new(&joined(local, ""), &joined(domain.get(1..)?, "")).ok()
}

/// Joins words into a name and decodes it.
fn phrase(words: &[Word<'_>], encoded: &mut Words) -> String {
    let mut name = String::new();
    for run in words.chunk_by(|a, b| matches!((a, b), (Word::Atom(_), Word::Atom(_)))) {
        let text = match run {
            [Word::Quoted(octets)] => Cow::Owned(encoded.decode(octets)),
            _ => match joined(run, " ") {
                text if encoded_word::find(text.as_bytes()).is_none() => text,
                text if matches!(run, [Word::Atom(_), ..]) => {
                    Cow::Owned(encoded.decode(text.as_bytes()))
                }
                text => text,
            },
        };
        if name.is_empty() {
            name = text.into_owned();
            continue;
        }
        if !name.ends_with('@') && !matches!(run, [Word::At, ..]) {
            name.push(' ');
        }
        name.push_str(&text);
    }
    name
}

fn joined<'s>(words: &'s [Word<'_>], between: &str) -> Cow<'s, str> {
    if let [word] = words {
        return word.text();
    }
    let mut out = String::new();
    for (at, word) in words.iter().enumerate() {
        if at > 0 {
            out.push_str(between);
        }
        out.push_str(&word.text());
    }
    Cow::Owned(out)
}

impl Word<'_> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Atom(text) => Cow::Borrowed(text),
            Self::Literal(text) => Cow::Borrowed(text),
            Self::Quoted(octets) => charset::decode(b"", octets),
            Self::At => Cow::Borrowed("@"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &[u8]) -> Vec<Address> {
        let all = FieldLimits { addresses: usize::MAX, ..FieldLimits::default() };
        super::read(value, all).addresses
    }

    #[test]
    fn addresses_are_read_in_every_disguise() {
        let table: &[(&str, &[&str])] = &[
            ("a@b", &["a@b"]),
            ("John Doe <j@d>", &["John Doe <j@d>"]),
            ("\"Joe Q. Public\" <j@d>", &["Joe Q. Public <j@d>"]),
            ("Joe Q. Public <j@d>", &["Joe Q. Public <j@d>"]),
            ("=?utf-8?Q?Andr=C3=A9?= <a@b>", &["André <a@b>"]),
            ("\"=?utf-8?Q?Andr=C3=A9?=\" <a@b>", &["André <a@b>"]),
            ("\"=?utf-8?Q?a=40b?=\"@c", &["=?utf-8?Q?a=40b?=@c"]),
            ("j@d (John)", &["John <j@d>"]),
            ("a@b,, c@d ,", &["a@b", "c@d"]),
            ("\"a b\"@c", &["\"a b\"@c"]),
            ("\"a@b\"@c", &["\"a@b\"@c"]),
            ("x@[IPv6:2001:db8::1]", &["x@[IPv6:2001:db8::1]"]),
            ("x@[IPv6:2001:db8::1], \"a b\"@c", &["x@[IPv6:2001:db8::1]", "\"a b\"@c"]),
            ("x@[2001:db8::1] (X)", &["X <x@[2001:db8::1]>"]),
            ("<@r1,@r2:a@b>", &["a@b"]),
            ("a . b @ c . d", &["a.b@c.d"]),
            ("John a@b", &["John <a@b>"]),
            ("A: b@c, D <d@e>;, f@g", &["A: b@c, D <d@e>;", "f@g"]),
            ("A:b@c", &["A: b@c;"]),
            ("MAILER-DAEMON", &["MAILER-DAEMON"]),
            ("<>", &[]),
            ("N <>", &["N"]),
            ("a@b <c@d>", &["a@b <c@d>"]),
            ("[", &["[]"]),
            ("", &[]),
        ];
        for (text, expected) in table {
            let found: Vec<_> =
                read(text.as_bytes()).iter().map(alloc::string::ToString::to_string).collect();
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn long_lists_cost_no_more_than_their_octets() {
        assert_eq!(read("a@b,".repeat(100_000).as_bytes()).len(), 100_000);
        for hostile in ["(", "\"", "<", "[", ":", "a ", ". ", "@", "=?"] {
            read(hostile.repeat(200_000).as_bytes());
        }
    }
}

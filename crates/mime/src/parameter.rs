//! The parameters of fields (RFC 2045 §5.1, RFC 2231).
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::charset;
use crate::encoded_word::Words;
use crate::lex::{Lexer, is_blank, unquote};
use crate::limits::FieldLimits;

/// A parameter of a field, decoded (RFC 2231).
///
/// ```
/// use mime::ContentType;
///
/// let value = b" text/plain; Charset=utf-8; name*0*=utf-8'fr'%C3%A9t; name*1=\"e.txt\"";
/// let parameters = ContentType::new(value).parameters();
/// let found: Vec<_> = parameters.iter().map(|it| (it.name(), it.value(), it.language())).collect();
/// assert_eq!(found, [("charset", "utf-8", None), ("name", "éte.txt", Some("fr"))]);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Parameter {
    name: String,
    value: String,
    language: Option<String>,
}

impl Parameter {
    /// Returns the name in lower case, without the marks of RFC 2231.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Returns the tag of its language, if it names one (RFC 2231 §4).
    #[must_use]
    pub fn language(&self) -> Option<&str> {
        self.language.as_deref()
    }
}

/// A parameter in its plain form.
pub(crate) enum Plain<'a> {
    Found(Value<'a>),
    Missing,
    /// There is another form of it, or the value has encoded words.
    Elsewhere,
}

/// The parameters of a field as they are written, as many as may be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameters<'a> {
    lexer: Lexer<'a>,
    limits: FieldLimits,
    left: usize,
}

impl<'a> Parameters<'a> {
    /// What the lexer has left are the parameters.
    pub(crate) const fn new(lexer: Lexer<'a>, limits: FieldLimits) -> Self {
        Self { lexer, limits, left: limits.parameters }
    }

    /// Tells whether there are more than may be read.
    pub(crate) fn is_truncated(mut self) -> bool {
        self.by_ref().for_each(drop);
        next_parameter(&mut self.lexer).is_some()
    }

    /// Finds a parameter in its plain form.
    pub(crate) fn plain(self, name: &str) -> Plain<'a> {
        let mut found = Plain::Missing;
        for (attribute, value) in self {
            let Some((head, tail)) = attribute.split_at_checked(name.len()) else { continue };
            if !head.eq_ignore_ascii_case(name.as_bytes()) {
                continue;
            }
            match (tail, &found) {
                ([], Plain::Missing) if memchr::memmem::find(value.raw, b"=?").is_none() => {
                    found = Plain::Found(value);
                }
                ([], Plain::Missing) | ([b'*', ..], _) => return Plain::Elsewhere,
                _ => {}
            }
        }
        found
    }

    /// Finds a parameter by its name.
    pub(crate) fn find(self, name: &str) -> Option<String> {
        let mut forms = Forms::default();
        for (attribute, value) in self {
            let Some((head, tail)) = attribute.split_at_checked(name.len()) else { continue };
            if head.eq_ignore_ascii_case(name.as_bytes()) {
                forms.add(tail, value);
            }
        }
        Some(forms.read(self.limits)?.0)
    }

    /// Reads them all in one pass, in the order in which their names first appear.
    pub(crate) fn read(self) -> Vec<Parameter> {
        let (mut order, mut found) = (Vec::new(), BTreeMap::<String, Forms<'_>>::new());
        for (attribute, value) in self {
            let star = attribute.iter().position(|it| *it == b'*').unwrap_or(attribute.len());
            let Some((name, tail)) = attribute.split_at_checked(star) else { continue };
            let name = charset::decode(b"", name).to_ascii_lowercase();
            if !found.contains_key(&name) {
                order.push(name.clone());
            }
            found.entry(name).or_default().add(tail, value);
        }
        let read = |name: String| {
            let (value, language) = found.remove(&name)?.read(self.limits)?;
            Some(Parameter { name, value, language })
        };
        order.into_iter().filter_map(read).collect()
    }
}

/// The attribute and the value of each, going over what is neither.
impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a [u8], Value<'a>);
    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        next_parameter(&mut self.lexer)
    }
}

/// What a parameter is written as: in its extended form, which counts before its continuations, and
/// they before its plain form; each the first of its kind.
#[derive(Default)]
struct Forms<'a> {
    plain: Option<Value<'a>>,
    extended: Option<Value<'a>>,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Forms<'a> {
    /// Takes what follows the name, and the value.
    fn add(&mut self, tail: &[u8], value: Value<'a>) {
        match tail {
            [] => self.plain = self.plain.or(Some(value)),
            [b'*'] => self.extended = self.extended.or(Some(value)),
            [b'*', section @ ..] => self.pieces.extend(piece(section, value)),
            _ => {}
        }
    }

    /// Returns the value and its language.
    fn read(mut self, limits: FieldLimits) -> Option<(String, Option<String>)> {
        if let Some(value) = self.extended {
            return Some(join(&[Piece { section: 0, extended: true, value }]));
        }
        let pieces = &mut self.pieces;
        // A stable sort: of two pieces with the same number the first one counts.
        pieces.sort_by_key(|piece| piece.section);
        pieces.dedup_by_key(|piece| piece.section);
        let whole = pieces.iter().zip(0..).take_while(|(piece, at)| piece.section == *at).count();
        match pieces.get(..whole) {
            None | Some([]) => {
                let mut words = Words::new(limits.encoded_words);
                self.plain.map(|value| (words.decode(&value.to_vec()), None))
            }
            Some(pieces) => Some(join(pieces)),
        }
    }
}

/// A continuation (RFC 2231 §3).
struct Piece<'a> {
    section: u32,
    extended: bool,
    value: Value<'a>,
}

fn piece<'a>(section: &[u8], value: Value<'a>) -> Option<Piece<'a>> {
    let (section, extended) = match section {
        [section @ .., b'*'] => (section, true),
        section => (section, false),
    };
    let section = core::str::from_utf8(section).ok()?.parse().ok()?;
    Some(Piece { section, extended, value })
}

/// Joins continuations and decodes them together, since a character may be split between them.
/// Returns the language too, where one is named.
fn join(pieces: &[Piece<'_>]) -> (String, Option<String>) {
    let (mut charset, mut octets, mut language) = (Vec::new(), Vec::new(), None);
    for (at, piece) in pieces.iter().enumerate() {
        let whole = piece.value.to_vec();
        let mut value = &whole[..];
        if at == 0 && piece.extended {
            // RFC 2231 §4: charset'language'value
            let mut parts = value.splitn(3, |octet| *octet == b'\'');
            if let (Some(name), Some(tag), Some(rest)) = (parts.next(), parts.next(), parts.next())
            {
                (charset, value) = (name.to_vec(), rest);
                language = (!tag.is_empty()).then(|| charset::decode(b"", tag).into_owned());
            }
        }
        if piece.extended { percent_decode(value, &mut octets) } else { octets.extend(value) }
    }
    (charset::decode(&charset, &octets).into_owned(), language)
}

fn percent_decode(mut value: &[u8], out: &mut Vec<u8>) {
    while let Some((first, rest)) = value.split_first() {
        let escaped = match value {
            [b'%', high, low, ..] => crate::decode::hex_pair(*high, *low),
            _ => None,
        };
        out.push(escaped.unwrap_or(*first));
        value = if escaped.is_some() { crate::scan::after(value, 3) } else { rest };
    }
}

/// A value as it is written.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    /// Without the quotes, if there were any.
    raw: &'a [u8],
    quoted: bool,
}

impl Value<'_> {
    pub(crate) fn append(self, out: &mut Vec<u8>) {
        if self.quoted { unquote(self.raw, out) } else { out.extend_from_slice(self.raw) }
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.raw.len());
        self.append(&mut out);
        out
    }
}

/// Reads `; attribute=value`, going over what is neither.
fn next_parameter<'a>(lexer: &mut Lexer<'a>) -> Option<(&'a [u8], Value<'a>)> {
    loop {
        lexer.skip_cfws();
        match lexer.peek()? {
            b';' => {
                lexer.next();
            }
            b'"' => {
                lexer.skip_quoted();
            }
            _ => {
                let attribute =
                    lexer.take_while(|octet| !is_blank(octet) && !b";=(\"".contains(&octet));
                lexer.skip_cfws();
                if lexer.eat(b'=') {
                    return Some((attribute, parameter_value(lexer)));
                }
            }
        }
    }
}

/// Reads a value: a quoted string, or all up to the next `;`, since senders forget the quotes.
fn parameter_value<'a>(lexer: &mut Lexer<'a>) -> Value<'a> {
    lexer.skip_cfws();
    if lexer.peek() == Some(b'"') {
        return Value { raw: lexer.skip_quoted(), quoted: true };
    }
    let value = lexer.take_while(|octet| !b";(\"\r\n".contains(&octet));
    Value { raw: value.trim_ascii_end(), quoted: false }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::ContentType;

    #[test]
    fn parameters_are_found_in_every_disguise() {
        let table: &[(&str, Option<&str>)] = &[
            ("; name=a", Some("a")),
            (";NAME = \"a b\" ; x=y", Some("a b")),
            ("; name=a b; x=y", Some("a b")),
            ("; x=\"; name=z\"; name=a", Some("a")),
            ("; (name=z) name=a", Some("a")),
            ("; name=\"=?utf-8?Q?=C3=A9?=\"", Some("é")),
            ("; name*=iso-8859-1'en'%E9", Some("é")),
            ("; name=plain; name*=utf-8''%C3%A9", Some("é")),
            ("; name*1=b; name*0=a", Some("ab")),
            ("; name*0*=utf-8''%C3; name*1*=%A9; name*2=\"%41\"", Some("é%41")),
            ("; name*0=a; name*2=c", Some("a")),
            ("; name*1=b; name=plain", Some("plain")),
            ("; name*99999999999=b", None),
            ("; name", None),
            ("; name=", Some("")),
            ("; name*=%ZZ'", Some("%ZZ'")),
            ("", None),
        ];
        for (parameters, expected) in table {
            assert_eq!(
                ContentType::new(format!("a/b{parameters}").as_bytes())
                    .parameter("name")
                    .as_deref(),
                *expected,
                "{parameters}"
            );
        }
    }

    /// RFC 2231 §3 and §4.1.
    #[test]
    fn the_examples_of_rfc_2231_are_read() {
        let access = b" message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n \
            URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"\r\n";
        let url = ContentType::new(access).parameter("url").unwrap();
        assert_eq!(url, "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar");
        let title =
            b" application/x-stuff\r\n title*0*=us-ascii'en'This%20is%20even%20more%20\r\n \
            title*1*=%2A%2A%2Afun%2A%2A%2A%20\r\n title*2=\"isn't it!\"\r\n";
        let title = ContentType::new(title).parameter("title").unwrap();
        assert_eq!(title, "This is even more ***fun*** isn't it!");
    }

    #[test]
    fn all_parameters_are_those_that_are_found_by_name() {
        let value = b" a/b; x=1; Y*1=b; y*0=a; X=2; z*=utf-8'de'%C3%A4; z=plain; q*2=lost; e=";
        let read = ContentType::new(value);
        let all = read.parameters();
        let names: Vec<_> = all.iter().map(Parameter::name).collect();
        assert_eq!(names, ["x", "y", "z", "e"]);
        for it in &all {
            assert_eq!(read.parameter(it.name()).as_deref(), Some(it.value()));
            assert_eq!(it.language(), (it.name() == "z").then_some("de"));
        }
        let hostile = format!(" a/b{}", "; a*1=b; c*=%".repeat(100_000));
        assert_eq!(ContentType::new(hostile.as_bytes()).parameters().len(), 1);
    }
}

//! Reading `Content-Type` and `Content-Disposition` with their parameters (RFC 2045 §5, RFC 2183,
//! RFC 2231).
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use crate::PartKind;
use crate::charset;
use crate::encoded_word;
use crate::lex::{Lexer, is_blank, is_token, unquote};

/// What a part says its body is (RFC 2045 §5).
///
/// Parameters are decoded on access. What cannot be read is `text/plain`, as RFC 2045 §5.2 wants.
///
/// ```
/// use mime::ContentType;
///
/// let html = ContentType::new(b" Text/HTML; charset=\"utf-8\" (not ascii)\r\n");
/// assert!(html.is("text", "html"));
/// assert_eq!(html.parameter("charset").as_deref(), Some("utf-8"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ContentType<'a> {
    top: &'a str,
    subtype: &'a str,
    parameters: &'a [u8],
}

impl<'a> ContentType<'a> {
    /// Reads the value of a `Content-Type` field: what follows the colon.
    #[must_use]
    pub fn new(value: &'a [u8]) -> Self {
        let mut lexer = Lexer::new(value);
        let top = token(&mut lexer);
        lexer.skip_cfws();
        let subtype = if lexer.eat(b'/') { token(&mut lexer) } else { "" };
        let (top, subtype) = match (top, subtype) {
            ("", _) => ("text", "plain"),
            (top, "") if top.eq_ignore_ascii_case("text") => (top, "plain"),
            (top, "") if top.eq_ignore_ascii_case("multipart") => (top, "mixed"),
            (_, "") => ("text", "plain"),
            both => both,
        };
        Self { top, subtype, parameters: lexer.rest }
    }

    /// Returns the top-level type as it is spelled: `text` of `text/plain`.
    #[must_use]
    pub const fn top(&self) -> &'a str {
        self.top
    }

    /// Returns the subtype as it is spelled: `plain` of `text/plain`.
    #[must_use]
    pub const fn subtype(&self) -> &'a str {
        self.subtype
    }

    /// Tells whether this is `top/subtype`, in any case of letters.
    #[must_use]
    pub const fn is(&self, top: &str, subtype: &str) -> bool {
        self.top.eq_ignore_ascii_case(top) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// Returns a parameter, decoded (RFC 2231; also encoded words, which some senders put there).
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.parameters, name)
    }

    /// Returns all parameters, decoded, in the order in which their names first appear.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        parameters(self.parameters)
    }

    /// Appends a parameter to octets as [`parameter`](Self::parameter) reads it, but for the
    /// character set: without memory of its own in all but odd cases.
    pub(crate) fn append_parameter(&self, name: &str, out: &mut Vec<u8>) {
        match plain_parameter(self.parameters, name) {
            Plain::Found(value) => value.append(out),
            Plain::Missing => {}
            Plain::Elsewhere => {
                out.extend_from_slice(self.parameter(name).unwrap_or_default().as_bytes());
            }
        }
    }

    pub(crate) fn part_kind(&self) -> PartKind {
        if self.top.eq_ignore_ascii_case("multipart") {
            PartKind::Multipart
        } else if self.is("message", "rfc822") || self.is("message", "global") {
            PartKind::Message
        } else {
            PartKind::Leaf
        }
    }
}

/// What a part says should become of it (RFC 2183).
///
/// ```
/// use mime::Disposition;
///
/// let picture = Disposition::new(b" attachment; filename*=utf-8''%C3%A9t%C3%A9.jpg\r\n");
/// assert!(picture.is("attachment"));
/// assert_eq!(picture.parameter("filename").as_deref(), Some("été.jpg"));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Disposition<'a> {
    kind: &'a str,
    parameters: &'a [u8],
}

impl<'a> Disposition<'a> {
    /// Reads the value of a `Content-Disposition` field: what follows the colon.
    #[must_use]
    pub fn new(value: &'a [u8]) -> Self {
        let mut lexer = Lexer::new(value);
        let kind = token(&mut lexer);
        Self { kind, parameters: lexer.rest }
    }

    /// Returns the disposition as it is spelled; empty if there is none.
    #[must_use]
    pub const fn kind(&self) -> &'a str {
        self.kind
    }

    /// Tells whether this is the disposition, in any case of letters.
    #[must_use]
    pub const fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Returns a parameter, decoded as [`ContentType::parameter`] does.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.parameters, name)
    }

    /// Returns all parameters, as [`ContentType::parameters`] does.
    #[must_use]
    pub fn parameters(&self) -> Vec<Parameter> {
        parameters(self.parameters)
    }
}

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

/// Reads a token between comments and blanks; empty if there is none.
fn token<'a>(lexer: &mut Lexer<'a>) -> &'a str {
    lexer.skip_cfws();
    core::str::from_utf8(lexer.take_while(is_token)).unwrap_or_default()
}

/// A parameter in its plain form.
enum Plain<'a> {
    Found(Value<'a>),
    Missing,
    /// There is another form of it, or the value has encoded words.
    Elsewhere,
}

fn plain_parameter<'a>(parameters: &'a [u8], name: &str) -> Plain<'a> {
    let mut found = Plain::Missing;
    let mut lexer = Lexer::new(parameters);
    while let Some((attribute, value)) = next_parameter(&mut lexer) {
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
fn parameter(parameters: &[u8], name: &str) -> Option<String> {
    let mut forms = Forms::default();
    let mut lexer = Lexer::new(parameters);
    while let Some((attribute, value)) = next_parameter(&mut lexer) {
        let Some((head, tail)) = attribute.split_at_checked(name.len()) else { continue };
        if head.eq_ignore_ascii_case(name.as_bytes()) {
            forms.add(tail, value);
        }
    }
    Some(forms.read()?.0)
}

/// Reads all parameters in one pass, in the order in which their names first appear.
fn parameters(parameters: &[u8]) -> Vec<Parameter> {
    let (mut order, mut found) = (Vec::new(), BTreeMap::<String, Forms<'_>>::new());
    let mut lexer = Lexer::new(parameters);
    while let Some((attribute, value)) = next_parameter(&mut lexer) {
        let star = attribute.iter().position(|it| *it == b'*').unwrap_or(attribute.len());
        let Some((name, tail)) = attribute.split_at_checked(star) else { continue };
        let name = charset::decode(b"", name).to_ascii_lowercase();
        if !found.contains_key(&name) {
            order.push(name.clone());
        }
        found.entry(name).or_default().add(tail, value);
    }
    let read = |name: String| {
        let (value, language) = found.remove(&name)?.read()?;
        Some(Parameter { name, value, language })
    };
    order.into_iter().filter_map(read).collect()
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
    fn read(mut self) -> Option<(String, Option<String>)> {
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
                self.plain.map(|value| (encoded_word::decode(&value.to_vec()), None))
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
    fn append(self, out: &mut Vec<u8>) {
        if self.quoted { unquote(self.raw, out) } else { out.extend_from_slice(self.raw) }
    }

    pub(crate) fn to_vec(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.raw.len());
        self.append(&mut out);
        out
    }
}

/// Reads `; attribute=value`, going over what is neither.
pub(crate) fn next_parameter<'a>(lexer: &mut Lexer<'a>) -> Option<(&'a [u8], Value<'a>)> {
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
    use super::*;

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
                parameter(parameters.as_bytes(), "name").as_deref(),
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
        let hostile = alloc::format!(" a/b{}", "; a*1=b; c*=%".repeat(100_000));
        assert_eq!(ContentType::new(hostile.as_bytes()).parameters().len(), 1);
    }

    #[test]
    fn what_cannot_be_read_is_plain_text() {
        for (value, expected) in [
            ("", ("text", "plain")),
            ("text", ("text", "plain")),
            ("multipart", ("multipart", "mixed")),
            ("image/", ("text", "plain")),
            ("(c) image (d) / (e) png", ("image", "png")),
        ] {
            let read = ContentType::new(value.as_bytes());
            assert_eq!((read.top(), read.subtype()), expected, "{value}");
        }
    }
}

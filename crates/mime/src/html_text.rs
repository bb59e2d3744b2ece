//! HTML as readable text.
use alloc::format;
use alloc::string::{String, ToString};

use crate::Limits;
use crate::html_names::named;
use crate::html_writer::Writer;

/// Makes HTML readable as plain text, under the default [`Limits`].
///
/// This is for reading, searching and previews, not for showing pages: scripts and styles are
/// gone, paragraphs, lists, tables and quotations become lines, links are followed by where they
/// lead, and characters are decoded. It takes one pass without recursion and any text whatever.
///
/// ```
/// use mime::html_to_text;
///
/// let html = "<p>Hello &amp; welcome to <a href='http://crepes.fr/'>us</a><ul><li>one<li>two</ul>";
/// assert_eq!(html_to_text(html), "Hello & welcome to us <http://crepes.fr/>\n\n- one\n- two\n");
/// ```
#[must_use]
pub fn html_to_text(html: &str) -> String {
    html_to_text_with(html, &Limits::default())
}

/// Makes HTML readable as plain text; [`Limits::indent`] bounds what is put before each line.
#[must_use]
pub fn html_to_text_with(html: &str, limits: &Limits) -> String {
    let mut reader = Reader { rest: html, writer: Writer::new(limits.indent), link: None };
    while reader.step() {}
    reader.end_link();
    reader.writer.finish()
}

struct Reader<'h> {
    rest: &'h str,
    writer: Writer,
    /// Where the open link leads, and where its text starts in the output.
    link: Option<(String, usize)>,
}

/// A tag: `</name attributes>`.
struct Tag<'h> {
    name: String,
    close: bool,
    attributes: &'h str,
}

impl<'h> Reader<'h> {
    fn step(&mut self) -> bool {
        let at = memchr::memchr2(b'<', b'&', self.rest.as_bytes()).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(at);
        self.writer.text(text);
        self.rest = rest;
        if rest.starts_with('&') {
            let (c, len) = reference(rest).unwrap_or(('&', 1));
            self.writer.character(c);
            self.skip(len);
        } else if rest.starts_with('<') {
            self.markup();
        }
        !self.rest.is_empty()
    }

    fn skip(&mut self, len: usize) {
        self.rest = self.rest.get(len..).unwrap_or_default();
    }

    /// Goes over everything up to and with `end`, or over all.
    fn skip_over(&mut self, end: &str) {
        let at = memchr::memmem::find(self.rest.as_bytes(), end.as_bytes());
        self.skip(at.map_or(self.rest.len(), |at| at + end.len()));
    }

    fn markup(&mut self) {
        if self.rest.starts_with("<!--") {
            self.skip(4);
            // `<!-->` is a whole comment.
            if self.rest.starts_with('>') { self.skip(1) } else { self.skip_over("-->") }
        } else if self.rest.starts_with("<!") || self.rest.starts_with("<?") {
            self.skip_over(">");
        } else if let Some(tag) = self.tag() {
            if !tag.close && matches!(&*tag.name, "script" | "style" | "title" | "template") {
                self.skip_element(&tag.name);
            } else {
                self.element(&tag);
            }
        } else {
            self.writer.character('<');
            self.skip(1);
        }
    }

    /// Reads a tag with its attributes; one without end takes all that is left.
    fn tag(&mut self) -> Option<Tag<'h>> {
        let inner = self.rest.strip_prefix('<')?;
        let (close, inner) = inner.strip_prefix('/').map_or((false, inner), |it| (true, it));
        let len = inner.bytes().take_while(|it| it.is_ascii_alphanumeric()).count();
        let (name, attributes) = inner.split_at_checked(len)?;
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let end = attributes_end(attributes);
        self.rest = attributes.get(end + 1..).unwrap_or_default();
        let attributes = attributes.get(..end).unwrap_or_default();
        Some(Tag { name: name.to_ascii_lowercase(), close, attributes })
    }

    /// Goes over an element whose content is no text.
    fn skip_element(&mut self, name: &str) {
        while let Some(at) = memchr::memmem::find(self.rest.as_bytes(), b"</") {
            self.skip(at + 2);
            let found = self.rest.get(..name.len());
            if found.is_some_and(|it| it.eq_ignore_ascii_case(name)) {
                return self.skip_over(">");
            }
        }
        self.rest = "";
    }

    fn element(&mut self, tag: &Tag<'_>) {
        let (writer, open) = (&mut self.writer, !tag.close);
        match &*tag.name {
            "br" => writer.line_break(),
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "dl" | "figure" => {
                writer.block(2);
            }
            "div" | "tr" | "section" | "article" | "header" | "footer" | "address" | "form"
            | "dt" | "dd" | "caption" | "center" | "nav" | "main" | "body" => writer.block(1),
            "td" | "th" if open => writer.cell(),
            "hr" => {
                writer.block(1);
                writer.text("-----");
                writer.block(1);
            }
            "ul" if open => writer.open_list(None),
            "ol" if open => {
                let start = attribute(tag.attributes, "start").and_then(|it| it.parse().ok());
                writer.open_list(Some(start.unwrap_or(1)));
            }
            "ul" | "ol" => writer.close_list(),
            "li" if open => writer.item(),
            "li" => writer.block(1),
            "blockquote" => writer.quote(open),
            "pre" => writer.preformatted(open),
            "img" => {
                if let Some(alt) = attribute(tag.attributes, "alt") {
                    writer.text(&alt);
                }
            }
            "a" => {
                self.end_link();
                if open {
                    let href = attribute(tag.attributes, "href").filter(|it| leads_out(it));
                    self.link = href.map(|href| (href, self.writer.len()));
                }
            }
            _ => {}
        }
    }

    /// Writes where a link leads, unless its text says just that.
    fn end_link(&mut self) {
        let Some((href, start)) = self.link.take() else { return };
        let said = self.writer.since(start).trim().trim_end_matches('/');
        let href = href.trim();
        let bare = href.strip_prefix("mailto:").unwrap_or(href).trim_end_matches('/');
        let bare_host = bare.split_once("://").map_or(bare, |(_, it)| it);
        if said != bare && said != bare_host {
            self.writer.text(&format!(" <{href}>"));
        }
    }
}

/// Whether a link leads anywhere outside the message.
fn leads_out(href: &str) -> bool {
    ["http:", "https:", "mailto:", "ftp:", "tel:"].iter().any(|scheme| {
        let start = href.trim_start().get(..scheme.len());
        start.is_some_and(|it| it.eq_ignore_ascii_case(scheme))
    })
}

/// Finds the `>` that ends a tag, outside of quotes.
fn attributes_end(attributes: &str) -> usize {
    let (mut quote, mut value) = (None, false);
    for (at, octet) in attributes.bytes().enumerate() {
        match (quote, octet) {
            (Some(open), octet) if open == octet => quote = None,
            (Some(_), _) => {}
            (None, b'>') => return at,
            // Quotes count only where a value begins: `<p it's>`.
            (None, b'"' | b'\'') if value => (quote, value) = (Some(octet), false),
            (None, b'=') => value = true,
            (None, octet) => value &= octet.is_ascii_whitespace(),
        }
    }
    attributes.len()
}

/// Finds an attribute and decodes its value.
fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return None;
        }
        let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(rest.len());
        let (found, tail) = rest.split_at(end);
        let Some(tail) = tail.trim_start().strip_prefix('=') else {
            // A `=` with no name before it is not stepped over by anything else.
            rest = tail;
            continue;
        };
        let tail = tail.trim_start();
        let quote = tail.chars().next().filter(|c| matches!(c, '"' | '\''));
        let (value, tail) = match quote {
            Some(quote) => {
                let inner = tail.get(1..).unwrap_or_default();
                inner.split_once(quote).unwrap_or((inner, ""))
            }
            None => {
                tail.split_at(tail.find(|c: char| c.is_ascii_whitespace()).unwrap_or(tail.len()))
            }
        };
        if found.eq_ignore_ascii_case(name) {
            return Some(unescape(value));
        }
        rest = tail;
    }
}

/// Decodes the character references of an attribute.
fn unescape(value: &str) -> String {
    let (mut out, mut rest) = (String::new(), value);
    while let Some(at) = rest.find('&') {
        let (text, tail) = rest.split_at(at);
        out.push_str(text);
        let (c, len) = reference(tail).unwrap_or(('&', 1));
        out.push(c);
        rest = tail.get(len..).unwrap_or_default();
    }
    out.push_str(rest);
    out.retain(|c| !c.is_control());
    out.trim().to_string()
}

/// Reads a character reference: what it stands for, and its length.
fn reference(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('&')?;
    if let Some(number) = inner.strip_prefix('#') {
        let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |it| (it, 16));
        let len = digits.bytes().take_while(|it| char::from(*it).is_digit(radix)).count();
        let value = u32::from_str_radix(digits.get(..len).filter(|it| !it.is_empty())?, radix);
        let end = text.len() - digits.len() + len;
        let semicolon = usize::from(text.as_bytes().get(end) == Some(&b';'));
        return Some((number_character(value.unwrap_or(0)), end + semicolon));
    }
    // No name is longer than 8.
    let len = inner.bytes().take(9).take_while(|it| it.is_ascii_alphanumeric()).count();
    let (name, tail) = inner.split_at_checked(len)?;
    let closed = tail.starts_with(';');
    // Old pages leave the semicolon out behind these; elsewhere `&` is just itself.
    let open = ["nbsp", "amp", "lt", "gt", "quot", "copy", "reg"].contains(&name);
    (closed || open).then_some(())?;
    Some((named(name)?, 1 + len + usize::from(closed)))
}

/// What a number stands for: from 128 to 159 a character of windows-1252, as browsers have it.
fn number_character(value: u32) -> char {
    match u8::try_from(value) {
        Ok(octet @ 0x80..=0x9f) => {
            let octets = [octet];
            let text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(&octets).0;
            text.chars().next().unwrap_or('\u{fffd}')
        }
        _ => char::from_u32(value).filter(|c| *c != '\0').unwrap_or('\u{fffd}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_become_lines() {
        for (html, expected) in [
            ("", ""),
            ("plain   text\n here", "plain text here\n"),
            ("a<br>b<br/>c<BR >d", "a\nb\nc\nd\n"),
            ("<p>a</p><p>b</p>", "a\n\nb\n"),
            ("<div>a</div><div>b<div>c</div></div>d", "a\nb\nc\nd\n"),
            ("<ol start=3><li>a<li>b<ul><li>c</ul></ol>d", "3. a\n4. b\n  - c\n\nd\n"),
            (
                "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e",
                "a\n\n> b\n> c\n>\n> > d\n\ne\n",
            ),
            ("<pre>a  b\n  c</pre>d", "a  b\n  c\n\nd\n"),
            ("<table><tr><td>a<td>b<tr><td>c</table>", "a\tb\nc\n"),
            ("a<hr>b", "a\n-----\nb\n"),
            ("<script>if (a<b) {}</script>x<style>p{}</style>y<title>t</title>z", "xyz\n"),
            ("<script>a</scripty></SCRIPT >b", "b\n"),
            ("a<!-- <p> -->b<!-->c<!doctype x>d<?xml?>e", "abcde\n"),
            ("<script>never ends", ""),
            ("a <!-- never ends", "a\n"),
            ("a <p title='never ends>", "a\n"),
            ("1 < 2 <3 </ 4", "1 < 2 <3 </ 4\n"),
            ("<p it's>a", "a\n"),
            ("<img src=x alt='a &lt; b'>", "a < b\n"),
            ("a <b>b</b><i> c</i> d", "a b c d\n"),
        ] {
            assert_eq!(html_to_text(html), expected, "{html}");
        }
    }

    #[test]
    fn characters_are_decoded() {
        for (html, expected) in [
            ("&lt;&gt;&amp;&quot;&apos;", "<>&\"'\n"),
            ("&eacute;&Eacute;&euro;&#233;&#xE9;&#XE9;", "éÉ€ééé\n"),
            ("&#147;a&#148;", "“a”\n"),
            ("&#0;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}\n"),
            ("a&nbsp;&nbsp;b", "a  b\n"),
            ("&nope; & &; &#; AT&T &amp", "&nope; & &; &#; AT&T &\n"),
            ("a&shy;b", "ab\n"),
        ] {
            assert_eq!(html_to_text(html), expected, "{html}");
        }
    }

    #[test]
    fn links_say_where_they_lead() {
        for (html, expected) in [
            ("<a href=\"http://a/?b&amp;c\">x</a>", "x <http://a/?b&c>\n"),
            ("<a href=http://a.b/>http://a.b</a>", "http://a.b\n"),
            ("<a href='https://a.b'>a.b</a>", "a.b\n"),
            ("<a href='mailto:a@b'>a@b</a>", "a@b\n"),
            ("<a href='#top'>top</a>", "top\n"),
            ("<a href='javascript:x()'>top</a>", "top\n"),
            ("<a name=x HREF = 'http://a'>x", "x <http://a>\n"),
            ("<a href='http://a\r\n/b'>x</a>", "x <http://a/b>\n"),
        ] {
            assert_eq!(html_to_text(html), expected, "{html}");
        }
    }

    #[test]
    fn hostile_pages_are_read_in_one_pass() {
        for piece in [
            "<div>",
            "<li>",
            "<ul>",
            "<blockquote>x",
            "<ul><li>x",
            "<",
            "&",
            "<a href='",
            "<a href=http:x>",
            "</a",
            "&#",
            "<!--",
            "<script>",
            "</",
            "<p =",
        ] {
            let html = piece.repeat(1_000_000 / piece.len());
            assert!(html_to_text(&html).len() <= 8 * html.len(), "{piece}");
        }
    }

    #[test]
    fn no_line_is_indented_more_than_the_limit() {
        let limits = Limits { indent: 2, ..Limits::default() };
        let quoted = |n| html_to_text_with(&format!("{}x", "<blockquote>".repeat(n)), &limits);
        assert_eq!((quoted(2), quoted(3)), ("> > x\n".into(), "> > x\n".into()));
        let listed = |n| html_to_text_with(&format!("{}x", "<ul><li>".repeat(n)), &limits);
        assert_eq!((listed(2), listed(3)), ("  - x\n".into(), "    - x\n".into()));
        assert_eq!(listed(4), listed(3));
    }
}

//! Which parts of a message are to be read, and which are attached (RFC 8621 §4.1.4).
use alloc::string::String;
use alloc::vec;
use alloc::vec::{IntoIter, Vec};

use crate::{Limits, Message, Part, PartKind, html_text};

/// The parts of a message that people look at, found by the algorithm of RFC 8621 §4.1.4.
///
/// A part may be in more than one list: a picture between texts is shown with them, and is
/// attached for readers of the form that has no place for it.
///
/// ```
/// use mime::Message;
///
/// let message = Message::parse(
///     b"Content-Type: multipart/alternative; boundary=b\r\n\r\n\
///       --b\r\n\r\nHello\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello\r\n--b--",
/// );
/// let bodies = message.bodies();
/// assert_eq!(bodies.text()[0].path().to_string(), "1");
/// assert_eq!(bodies.html()[0].path().to_string(), "2");
/// assert!(bodies.attachments().is_empty());
/// ```
#[derive(Clone, Debug)]
pub struct Bodies<'m, 'a> {
    text: Vec<Part<'m, 'a>>,
    html: Vec<Part<'m, 'a>>,
    attachments: Vec<Part<'m, 'a>>,
}

impl<'m, 'a> Bodies<'m, 'a> {
    /// Returns what is shown to readers who like plain text best, in order (`textBody`).
    #[must_use]
    pub fn text(&self) -> &[Part<'m, 'a>] {
        &self.text
    }

    /// Returns what is shown to readers who like HTML best, in order (`htmlBody`).
    #[must_use]
    pub fn html(&self) -> &[Part<'m, 'a>] {
        &self.html
    }

    /// Returns everything that is not in both lists of bodies (`attachments`).
    #[must_use]
    pub fn attachments(&self) -> &[Part<'m, 'a>] {
        &self.attachments
    }

    /// Tells whether there is something to download: an attachment that does not say `inline`
    /// (RFC 8621 §4.1.4 `hasAttachment`).
    #[must_use]
    pub fn has_attachment(&self) -> bool {
        let is_inline = |part: &Part<'_, '_>| part.disposition().is_some_and(|it| it.is("inline"));
        self.attachments.iter().any(|part| !is_inline(part))
    }

    /// Returns the text that is shown to readers who like plain text best; HTML among it is made
    /// readable by [`html_to_text`](crate::html_to_text).
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for part in &self.text {
            let text = readable(part);
            if !out.is_empty() && !out.ends_with('\n') && !text.is_empty() {
                out.push('\n');
            }
            out.push_str(&text);
        }
        out
    }
}

/// Returns the text of a part for people; nothing of what is no text.
pub(crate) fn readable(part: &Part<'_, '_>) -> String {
    let kind = part.content_type();
    if kind.is("text", "html") {
        html_text::html_to_text_with(&part.text(), &Limits::default())
    } else if kind.top().eq_ignore_ascii_case("text") {
        part.text().into_owned()
    } else {
        String::new()
    }
}

impl<'a> Message<'a> {
    /// Finds the parts to read and those attached.
    #[must_use]
    pub fn bodies(&self) -> Bodies<'_, 'a> {
        self.root().bodies()
    }
}

impl<'m, 'a> Part<'m, 'a> {
    /// Finds the parts to read and those attached in this part; of a message in a message, in
    /// that message.
    #[must_use]
    pub fn bodies(&self) -> Bodies<'m, 'a> {
        let inner = if self.kind() == PartKind::Message && self.depth() > 1 {
            self.children().next()
        } else {
            None
        };
        let mut selection = Selection {
            bodies: Bodies { text: Vec::new(), html: Vec::new(), attachments: Vec::new() },
            open: Vec::new(),
        };
        selection.open.push(Frame {
            parts: vec![inner.unwrap_or(*self)].into_iter(),
            first: true,
            multipart: Multipart::Mixed,
            in_alternative: false,
            text: true,
            html: true,
            text_len: 0,
            html_len: 0,
        });
        while selection.step() {}
        selection.bodies
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Multipart {
    Mixed,
    Alternative,
    Related,
}

/// A call of the RFC's `parseStructure`. The stack is ours: messages choose its depth.
struct Frame<'m, 'a> {
    parts: IntoIter<Part<'m, 'a>>,
    first: bool,
    multipart: Multipart,
    in_alternative: bool,
    /// Whether `textBody` and `htmlBody` are not null in this call.
    text: bool,
    html: bool,
    text_len: usize,
    html_len: usize,
}

struct Selection<'m, 'a> {
    bodies: Bodies<'m, 'a>,
    open: Vec<Frame<'m, 'a>>,
}

/// What the algorithm asks of a part's type.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Plain,
    Html,
    /// A picture, a sound or a film.
    Media,
    Other,
}

impl Selection<'_, '_> {
    /// Takes the next part; `false` at the end.
    fn step(&mut self) -> bool {
        let Some(frame) = self.open.last_mut() else { return false };
        let Some(part) = frame.parts.next() else {
            self.close();
            return true;
        };
        let first = core::mem::replace(&mut frame.first, false);
        if part.kind() == PartKind::Multipart {
            let subtype = part.content_type().subtype();
            let multipart = match subtype {
                it if it.eq_ignore_ascii_case("alternative") => Multipart::Alternative,
                it if it.eq_ignore_ascii_case("related") => Multipart::Related,
                _ => Multipart::Mixed,
            };
            let frame = Frame {
                parts: part.children().collect::<Vec<_>>().into_iter(),
                first: true,
                multipart,
                in_alternative: frame.in_alternative || multipart == Multipart::Alternative,
                text: frame.text,
                html: frame.html,
                text_len: self.bodies.text.len(),
                html_len: self.bodies.html.len(),
            };
            self.open.push(frame);
            return true;
        }
        let kind = kind(&part);
        let named = || part.file_name().is_some_and(|name| !name.is_empty());
        let is_inline = kind != Kind::Other
            && (first
                || frame.multipart != Multipart::Related && (kind == Kind::Media || !named()))
            && !part.disposition().is_some_and(|it| it.is("attachment"));
        let Bodies { text, html, attachments } = &mut self.bodies;
        match (is_inline, frame.multipart, kind) {
            (false, ..) => attachments.push(part),
            (true, Multipart::Alternative, Kind::Plain) if frame.text => text.push(part),
            (true, Multipart::Alternative, Kind::Html) if frame.html => html.push(part),
            // The RFC's code would fail here, on a body that is null.
            (true, Multipart::Alternative, _) => attachments.push(part),
            _ => {
                if frame.in_alternative {
                    frame.html &= kind != Kind::Plain;
                    frame.text &= kind != Kind::Html;
                }
                if frame.text {
                    text.push(part);
                }
                if frame.html {
                    html.push(part);
                }
                if !(frame.text && frame.html) && kind == Kind::Media {
                    attachments.push(part);
                }
            }
        }
        true
    }

    /// Ends a call: an alternative of one form only stands for both.
    fn close(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        if frame.multipart != Multipart::Alternative || !frame.text || !frame.html {
            return;
        }
        let Bodies { text, html, .. } = &mut self.bodies;
        let (texts, htmls) = (text.len() - frame.text_len, html.len() - frame.html_len);
        if texts == 0 {
            text.extend_from_slice(html.get(frame.html_len..).unwrap_or_default());
        } else if htmls == 0 {
            html.extend_from_slice(text.get(frame.text_len..).unwrap_or_default());
        }
    }
}

fn kind(part: &Part<'_, '_>) -> Kind {
    let kind = part.content_type();
    if kind.is("text", "plain") {
        Kind::Plain
    } else if kind.is("text", "html") {
        Kind::Html
    } else if ["image", "audio", "video"].iter().any(|top| kind.top().eq_ignore_ascii_case(top)) {
        Kind::Media
    } else {
        Kind::Other
    }
}

//! Changing a message without touching the rest of it.
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memmem;

use crate::builder_part::PartBuilder;
use crate::builder_write::Writer;
use crate::header::split_field;
use crate::{FieldName, FieldValue, Message, Misuse, Part, PartKind, Span, Target};

/// Changes header fields and parts of a message, and copies every other octet as it is: what is
/// not changed is identical, so that signatures over it stay valid.
///
/// ```
/// use bytes::BytesMut;
/// use mime::{Editor, FieldName, Message};
///
/// let octets = b"DKIM-Signature: v=1;\r\n  b=c2ln\r\nSubject: old\r\nX-Odd :kept \r\n\r\nbody\r\n";
/// let message = Message::parse(octets);
/// let mut out = BytesMut::new();
/// Editor::new(&message).set(FieldName::SUBJECT, "new").remove("x-none").write(&mut out);
/// assert_eq!(out, "DKIM-Signature: v=1;\r\n  b=c2ln\r\nSubject: new\r\nX-Odd :kept \r\n\r\nbody\r\n");
/// ```
#[derive(Clone, Debug)]
#[must_use = "an editor changes nothing until it is written"]
pub struct Editor<'m, 'a> {
    message: &'m Message<'a>,
    header: Vec<Item>,
    /// New octets in place of parts, by what [`key`] says.
    replaced: BTreeMap<Key, Cut>,
    added: Vec<Cut>,
    /// By parent: how many children there are, and which ones go.
    removed: BTreeMap<Key, (Part<'m, 'a>, usize, BTreeSet<Key>)>,
    target: Target,
    seed: u64,
}

/// Where a part starts, and how deep it lies: two parts may start at one place.
type Key = (u64, usize);

/// A field of the message's header, or one that is new.
#[derive(Clone, Debug)]
struct Item {
    name: String,
    /// Empty for a new one.
    span: Span,
    /// `None`: kept as it is.
    octets: Option<Bytes>,
}

/// Octets in place of others.
#[derive(Clone, Debug)]
struct Cut {
    span: Span,
    octets: Bytes,
    /// Begins a line, even if what is before it was cut short.
    line: bool,
}

impl<'m, 'a> Editor<'m, 'a> {
    /// Starts with nothing changed.
    pub fn new(message: &'m Message<'a>) -> Self {
        let root = message.root();
        let header = root.fields().zip(root.field_spans()).map(|(field, span)| Item {
            name: field.name().into(),
            span: whole_field(message.as_bytes(), span),
            octets: None,
        });
        Self {
            message,
            header: header.collect(),
            replaced: BTreeMap::new(),
            added: Vec::new(),
            removed: BTreeMap::new(),
            target: Target::SEVEN_BIT,
            seed: 0,
        }
    }

    /// Says what new parts and fields are written for, as
    /// [`Builder::target`](crate::Builder::target). Applies to what is changed after it.
    pub const fn target(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Gives the boundaries of new parts a random part. They cannot occur in the message even
    /// without it.
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Makes this the one field of its name: in place of the first one, or at the header's end if
    /// there is none.
    pub fn set(mut self, name: FieldName, value: impl Into<FieldValue>) -> Self {
        let octets = self.field(&name, &value.into());
        let same = |item: &Item| item.name.eq_ignore_ascii_case(name.as_str()) && !item.is_gone();
        let Some(at) = self.header.iter().position(same) else { return self.append(&name, octets) };
        for item in self.header.iter_mut().skip(at + 1).filter(|item| same(item)) {
            item.octets = Some(Bytes::new());
        }
        if let Some(item) = self.header.get_mut(at) {
            item.octets = Some(octets);
        }
        self
    }

    /// Adds a field at the header's end.
    pub fn add(self, name: FieldName, value: impl Into<FieldValue>) -> Self {
        let octets = self.field(&name, &value.into());
        self.append(&name, octets)
    }

    /// Adds a field before all others, as servers add trace fields and signatures, and whoever
    /// resends a message adds the `Resent-` ones (RFC 5322 §3.6.6).
    pub fn prepend(mut self, name: FieldName, value: impl Into<FieldValue>) -> Self {
        let octets = Some(self.field(&name, &value.into()));
        let start = self.header.first().map_or(self.end_of_header(), |item| item.span.start);
        let item = Item { name: name.as_str().into(), span: Span { start, end: start }, octets };
        self.header.insert(0, item);
        self
    }

    /// Removes every field of this name, in any case of letters.
    pub fn remove(mut self, name: &str) -> Self {
        for item in self.header.iter_mut().filter(|item| item.name.eq_ignore_ascii_case(name)) {
            item.octets = Some(Bytes::new());
        }
        self
    }

    /// Puts a new part in place of one of a multipart; what was changed inside it is lost. In
    /// place of the message's [root](Message::root), its body is replaced, and the fields of its
    /// header whose names begin with `Content-`.
    ///
    /// ```
    /// use mime::{Editor, Message, PartBuilder};
    ///
    /// let message = Message::parse(
    ///     b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--",
    /// );
    /// let part = message.part(&[2]).ok_or("no part")?;
    /// let mut out = bytes::BytesMut::new();
    /// Editor::new(&message).replace_part(part, &PartBuilder::html("<p>zwei"))?.write(&mut out);
    /// let edited = Message::parse(&out);
    /// assert_eq!(edited.part(&[1]).unwrap().body(), b"one");
    /// assert_eq!(edited.part(&[2]).unwrap().text(), "<p>zwei");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// The part is of another message, or is neither the root nor right inside a multipart; or a
    /// field of the new one looks like a delimiter around it.
    pub fn replace_part(mut self, part: Part<'m, 'a>, new: &PartBuilder) -> Result<Self, Misuse> {
        self.check(&part)?;
        let octets = self.render(new, part.parent())?;
        if key(&part) == key(&self.message.root()) {
            return Ok(self.replace_root(&octets));
        }
        let parent = key(&in_multipart(&part)?);
        if let Some((_, _, gone)) = self.removed.get_mut(&parent) {
            gone.remove(&key(&part));
        }
        let octets = Bytes::from([&octets[..], self.line_end(part.span().end)].concat());
        self.replaced.insert(key(&part), Cut { span: part.span(), octets, line: true });
        Ok(self)
    }

    /// Adds a part after the last one of a multipart.
    ///
    /// # Errors
    /// It is of another message, or no multipart, or one without parts; or a field of the new part
    /// looks like a delimiter around it.
    pub fn add_part(mut self, multipart: Part<'m, 'a>, new: &PartBuilder) -> Result<Self, Misuse> {
        self.check(&multipart)?;
        let boundary = boundary(&multipart).ok_or(Misuse::NotMultipart)?;
        let last = multipart.children().last().ok_or(Misuse::NotMultipart)?;
        let part = self.render(new, Some(multipart))?;
        let mut octets = BytesMut::new();
        let end = last.span().end;
        for piece in [b"\r\n--", boundary.as_bytes(), b"\r\n", &part, self.line_end(end)] {
            octets.put_slice(piece);
        }
        self.added.push(Cut {
            span: Span { start: end, end },
            octets: octets.freeze(),
            line: false,
        });
        Ok(self)
    }

    /// Removes a part of a multipart.
    ///
    /// # Errors
    /// It is of another message, or not right inside a multipart, or the last one that is left
    /// there (RFC 2046 §5.1.1 wants one).
    pub fn remove_part(mut self, part: Part<'m, 'a>) -> Result<Self, Misuse> {
        self.check(&part)?;
        let parent = in_multipart(&part)?;
        let entry = self.removed.entry(key(&parent));
        let (_, count, gone) =
            entry.or_insert_with(|| (parent, parent.children().count(), BTreeSet::new()));
        if gone.len() + 1 == *count && !gone.contains(&key(&part)) {
            return Err(Misuse::OnlyPart);
        }
        gone.insert(key(&part));
        self.replaced.remove(&key(&part));
        Ok(self)
    }

    /// Appends the message with its changes to `out`.
    pub fn write(&self, out: &mut BytesMut) {
        let (octets, start) = (self.message.as_bytes(), out.len());
        let mut at = 0;
        for cut in self.cuts() {
            // What lies inside what was replaced or removed is gone with it.
            if cut.span.start < at {
                continue;
            }
            out.put_slice(Span { start: at, end: cut.span.start }.of(octets));
            let open = cut.line && out.len() > start && !out.ends_with(b"\n");
            out.put_slice(if open { b"\r\n" } else { b"" });
            out.put_slice(&cut.octets);
            at = cut.span.end;
        }
        out.put_slice(Span { start: at, end: octets.len() as u64 }.of(octets));
    }

    /// Collects the changes in the order of their places; what is new at a place comes before what
    /// is replaced there, but for parts that follow it.
    fn cuts(&self) -> Vec<Cut> {
        let header = self.header.iter().filter_map(|item| {
            item.octets.clone().map(|octets| Cut {
                span: item.span,
                line: !octets.is_empty(),
                octets,
            })
        });
        let mut cuts: Vec<_> = header.chain(self.orphans()).chain(self.blank_line()).collect();
        cuts.extend(self.replaced.values().cloned());
        cuts.extend(self.added.iter().cloned());
        for (parent, _, gone) in self.removed.values() {
            let (mut kept, mut previous) = (false, None::<Span>);
            let mut children = parent.children().peekable();
            while let Some(child) = children.next() {
                let span = child.span();
                let next = children.peek().map_or(span.end, |next| next.span().start);
                let before = previous.map_or(span.start, |previous| previous.end);
                previous = Some(span);
                if !gone.contains(&key(&child)) {
                    kept = true;
                    continue;
                }
                // A delimiter goes with it: the one before it if there is a part before that.
                let span = match kept {
                    true => Span { start: before, end: span.end },
                    false => Span { start: span.start, end: next },
                };
                let end = if kept { self.line_end(span.end) } else { b"" };
                cuts.push(Cut { span, octets: Bytes::from_static(end), line: false });
            }
        }
        cuts.sort_by_key(|cut| (cut.span.start, cut.span.end));
        cuts
    }

    /// Separates a new header from the body of a message that had none (RFC 5322 §2.1).
    fn blank_line(&self) -> Option<Cut> {
        let root = self.message.root();
        let bare = root.header().is_empty() && !root.body().is_empty();
        let new = self.header.iter().any(|item| !item.is_gone());
        let needed = bare && new && !self.replaced.contains_key(&key(&root));
        needed.then(|| Cut {
            span: Span::default(),
            octets: Bytes::from_static(b"\r\n"),
            line: false,
        })
    }

    /// Collects the lines that are no fields and would come first, now that the fields before them
    /// are gone: with them in front, the whole header would be read as body.
    fn orphans(&self) -> Vec<Cut> {
        let (mut cuts, mut at) = (Vec::new(), 0);
        let end = self.end_of_header();
        let items = self.header.iter().map(|item| (item.span, item.is_gone()));
        for (span, gone) in items.chain([(Span { start: end, end }, false)]) {
            let gap = Span { start: at, end: span.start };
            let lines = gap.of(self.message.as_bytes()).split_inclusive(|octet| *octet == b'\n');
            let len: usize = lines.take_while(|line| !is_field(line)).map(<[u8]>::len).sum();
            // What a message begins with is left to it.
            if len > 0 && at > 0 {
                let span = Span { start: at, end: at + len as u64 };
                cuts.push(Cut { span, octets: Bytes::new(), line: false });
            }
            if !gone || len as u64 != gap.len() || (at == 0 && len > 0) {
                break;
            }
            at = span.end;
        }
        cuts
    }

    fn field(&self, name: &FieldName, value: &FieldValue) -> Bytes {
        let mut out = BytesMut::new();
        value.write(name, self.target.carries_utf8(), &mut out);
        out.freeze()
    }

    fn append(mut self, name: &FieldName, octets: Bytes) -> Self {
        self.push(name.as_str(), octets);
        self
    }

    /// Adds lines at the header's end.
    fn push(&mut self, name: &str, octets: Bytes) {
        let end = self.header.last().map_or(self.end_of_header(), |item| item.span.end);
        let span = Span { start: end, end };
        self.header.push(Item { name: name.into(), span, octets: Some(octets) });
    }

    /// Returns where a header without fields ends: after what is no field, to which a first line
    /// that begins with a blank may belong.
    fn end_of_header(&self) -> u64 {
        let header = self.message.root().header();
        let lines = header.strip_suffix(b"\n").map(|it| it.strip_suffix(b"\r").unwrap_or(it));
        match lines.filter(|it| is_blank_line(header) && (it.is_empty() || it.ends_with(b"\n"))) {
            Some(lines) => lines.len() as u64,
            None => header.len() as u64,
        }
    }

    /// Returns the line end that the delimiter at this place lacks: one right after a part without
    /// octets has none of its own.
    fn line_end(&self, at: u64) -> &'static [u8] {
        let octets = self.message.as_bytes();
        match (Span { start: at, end: octets.len() as u64 }).of(octets) {
            [] | [b'\r' | b'\n', ..] => b"",
            _ => b"\r\n",
        }
    }

    fn check(&self, part: &Part<'m, 'a>) -> Result<(), Misuse> {
        let here = part.span().of(self.message.as_bytes());
        let there = part.header();
        let same = here.as_ptr() == there.as_ptr() && here.len() >= there.len();
        same.then_some(()).ok_or(Misuse::ForeignPart)
    }

    /// Writes a new part so that no delimiter around it is in it.
    fn render(&self, new: &PartBuilder, parent: Option<Part<'m, 'a>>) -> Result<Bytes, Misuse> {
        let around = core::iter::successors(parent, Part::parent);
        let boundaries: Vec<_> = around.filter_map(|part| boundary(&part)).collect();
        let octets = self.message.as_bytes();
        for armoured in [false, true] {
            let mut out = BytesMut::new();
            Writer::new(&mut out, self.target, self.seed, None).part(new, octets, armoured);
            let hit = |boundary: &String| {
                let line = alloc::format!("--{boundary}");
                let mut places = memmem::find_iter(&out, line.as_bytes());
                places.any(|at| at.checked_sub(1).is_none_or(|at| out.get(at) == Some(&b'\n')))
            };
            if !boundaries.iter().any(hit) {
                return Ok(out.freeze());
            }
        }
        Err(Misuse::Boundary)
    }

    fn replace_root(mut self, part: &Bytes) -> Self {
        let content =
            |name: &str| name.get(..8).is_some_and(|start| start.eq_ignore_ascii_case("content-"));
        for item in self.header.iter_mut().filter(|item| content(&item.name)) {
            item.octets = Some(Bytes::new());
        }
        let end = memmem::find(part, b"\r\n\r\n").map_or(part.len(), |at| at + 2);
        let (header, body) = part.split_at_checked(end).unwrap_or((part, &[]));
        let version = |item: &Item| item.name.eq_ignore_ascii_case("mime-version");
        if !self.header.iter().any(|item| version(item) && !item.is_gone()) {
            self.push("MIME-Version", Bytes::from_static(b"MIME-Version: 1.0\r\n"));
        }
        self.push("Content-Type", part.slice_ref(header));
        let root = self.message.root();
        let blank = is_blank_line(root.header());
        let body = if blank { body.strip_prefix(b"\r\n").unwrap_or(body) } else { body };
        let cut = Cut { span: root.body_span(), octets: part.slice_ref(body), line: true };
        self.replaced.insert(key(&root), cut);
        self
    }
}

impl Item {
    /// Whether it was removed.
    fn is_gone(&self) -> bool {
        self.octets.as_ref().is_some_and(Bytes::is_empty)
    }
}

fn is_field(line: &[u8]) -> bool {
    !line.starts_with(b" ") && !line.starts_with(b"\t") && split_field(line).is_some()
}

fn key(part: &Part<'_, '_>) -> Key {
    (part.span().start, part.depth())
}

fn in_multipart<'m, 'a>(part: &Part<'m, 'a>) -> Result<Part<'m, 'a>, Misuse> {
    let parent = part.parent().filter(|parent| parent.kind() == PartKind::Multipart);
    parent.ok_or(Misuse::NotMultipart)
}

/// Returns the boundary of a multipart.
fn boundary(part: &Part<'_, '_>) -> Option<String> {
    (part.kind() == PartKind::Multipart).then_some(())?;
    let boundary = part.content_type().parameter("boundary")?;
    Some(boundary.trim_end_matches([' ', '\t']).into())
}

/// Tells whether a header ends in a blank line.
fn is_blank_line(header: &[u8]) -> bool {
    matches!(header, b"\n" | b"\r\n") || header.ends_with(b"\n\n") || header.ends_with(b"\n\r\n")
}

/// Extends a field that was cut at a limit up to where it ends (RFC 5322 §2.2.3).
fn whole_field(octets: &[u8], span: Span) -> Span {
    if span.of(octets).ends_with(b"\n") {
        return span;
    }
    let rest = Span { start: span.end, end: octets.len() as u64 }.of(octets);
    let mut ends = memchr::memchr_iter(b'\n', rest).map(|at| at + 1);
    let end = ends.find(|at| !matches!(rest.get(*at), Some(b' ' | b'\t')));
    Span { start: span.start, end: span.end + end.unwrap_or(rest.len()) as u64 }
}

//! Writing what was composed.
use alloc::borrow::Cow;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};
use memchr::memmem;

use crate::builder::{Body, Letter, Role};
use crate::builder_boundary::{self as boundary, Boundary};
use crate::builder_flowed::flow;
use crate::builder_part::{Kind, PartBuilder};
use crate::builder_pieces::{Later, PIECE};
use crate::encode::{self, Quoter};
use crate::fold::FieldWriter;
use crate::report::Report;
use crate::{Encoding, Target};

/// Writes parts, in the order in which they stand.
pub(crate) struct Writer<'o> {
    out: &'o mut BytesMut,
    start: usize,
    target: Target,
    seed: u64,
    multiparts: u32,
    /// What multiparts say they hold: the widest of what is in them (RFC 2045 §6.4).
    label: Encoding,
    /// Every body is base64, in which no delimiter can be.
    armoured: bool,
    /// Where large bodies go that are encoded later, with their places.
    later: Option<&'o mut Vec<Later>>,
}

impl<'o> Writer<'o> {
    pub(crate) fn new(
        out: &'o mut BytesMut,
        target: Target,
        seed: u64,
        later: Option<&'o mut Vec<Later>>,
    ) -> Self {
        let start = out.len();
        let label = Encoding::SevenBit;
        Self { out, start, target, seed, multiparts: 0, label, armoured: false, later }
    }

    pub(crate) fn message(&mut self, letter: &Letter) {
        let body = &letter.body;
        if self.later.is_none() {
            // A usual header, and texts that need no encoding.
            let texts: usize = body.text.iter().chain(&body.html).map(Bytes::len).sum();
            self.out.reserve(384 + texts + texts / 16);
        }
        self.header(letter);
        self.prepare(body);
        self.body(body);
    }

    /// Writes a part that goes into a message, between delimiters that are not ours: with
    /// `armoured`, all of it is base64.
    pub(crate) fn part(&mut self, part: &PartBuilder, into: &[u8], armoured: bool) {
        self.armoured = armoured;
        let contents = part.contents();
        self.label(contents.iter().copied());
        self.avoid(&contents, into);
        self.any(part);
    }

    fn prepare(&mut self, body: &Body) {
        let parts = body.attachments.iter().chain(&body.inline).chain(&body.returned);
        let parts: Vec<_> = parts.flat_map(PartBuilder::contents).collect();
        self.avoid(&parts, b"");
        let texts = body.text.iter().chain(&body.html).map(|text| (text, true));
        self.label(texts.chain(parts));
        if let Some(report) = &body.report
            && self.target.carries_eight_bit()
        {
            let mut octets = BytesMut::new();
            report.write(self.target.carries_utf8(), &mut octets);
            self.label([(&octets.freeze(), true)].into_iter());
        }
    }

    fn field(&mut self, name: &str) -> FieldWriter<'_> {
        FieldWriter::new(self.out, name, self.target.carries_utf8())
    }

    pub(crate) fn header(&mut self, letter: &Letter) {
        let mut field = self.field("Date");
        field.date(letter.date);
        field.end();
        for role in Role::ALL {
            let addresses = letter.addresses.iter().filter(|(it, _)| *it == role);
            let mut addresses = addresses.map(|(_, address)| address).peekable();
            let told = role != Role::Bcc || letter.draft;
            if addresses.peek().is_some() && told {
                let mut field = self.field(role.name());
                field.addresses(addresses);
                field.end();
            }
        }
        for (name, ids) in [
            ("Message-ID", letter.message_id.as_slice()),
            ("In-Reply-To", &letter.in_reply_to),
            ("References", &letter.references),
        ] {
            if !ids.is_empty() {
                let mut field = self.field(name);
                field.message_ids(ids);
                field.end();
            }
        }
        if let Some(subject) = &letter.subject {
            let mut field = self.field("Subject");
            field.text(subject.as_str());
            field.end();
        }
        for (name, value) in &letter.fields {
            value.write(name, self.target.carries_utf8(), self.out);
        }
        self.out.put_slice(b"MIME-Version: 1.0\r\n");
    }

    /// Nests what is there: mixed around report around alternative around related.
    fn body(&mut self, body: &Body) {
        let loose = if body.html.is_some() { &[][..] } else { &body.inline };
        if body.attachments.is_empty() && loose.is_empty() {
            return self.main(body);
        }
        let boundary = self.multipart("mixed", &[]);
        if body.text.is_some() || body.html.is_some() || body.report.is_some() {
            self.delimiter(boundary);
            self.main(body);
        }
        for part in loose.iter().chain(&body.attachments) {
            self.delimiter(boundary);
            self.any(part);
        }
        self.close(boundary);
    }

    fn main(&mut self, body: &Body) {
        let Some(report) = &body.report else { return self.texts(body) };
        let boundary = self.multipart("report", &[("report-type", report.report_type())]);
        self.delimiter(boundary);
        self.texts(body);
        self.delimiter(boundary);
        self.report(report);
        if let Some(returned) = &body.returned {
            self.delimiter(boundary);
            self.any(returned);
        }
        self.close(boundary);
    }

    /// Writes the text, or both in the order of RFC 2046 §5.1.4: the best form last.
    fn texts(&mut self, body: &Body) {
        match (&body.text, &body.html) {
            (Some(text), Some(_)) => {
                let boundary = self.multipart("alternative", &[]);
                self.delimiter(boundary);
                self.text("plain", text, body.flowed);
                self.delimiter(boundary);
                self.html(body);
                self.close(boundary);
            }
            (None, Some(_)) => self.html(body),
            (Some(text), None) => self.text("plain", text, body.flowed),
            (None, None) => self.text("plain", &Bytes::new(), false),
        }
    }

    /// RFC 2387: what the HTML shows follows it.
    fn html(&mut self, body: &Body) {
        let html = body.html.clone().unwrap_or_default();
        if body.inline.is_empty() {
            return self.text("html", &html, false);
        }
        let boundary = self.multipart("related", &[("type", "text/html")]);
        self.delimiter(boundary);
        self.text("html", &html, false);
        for part in &body.inline {
            self.delimiter(boundary);
            self.any(part);
        }
        self.close(boundary);
    }

    fn any(&mut self, part: &PartBuilder) {
        let mut open = Vec::from([Step::Part(part)]);
        while let Some(step) = open.pop() {
            match step {
                Step::Delimiter(boundary) => self.delimiter(boundary),
                Step::Close(boundary) => self.close(boundary),
                Step::Part(part) => {
                    self.part_fields(part);
                    match &part.kind {
                        Kind::Multipart { subtype, parts } => {
                            let boundary = self.multipart(subtype, &[]);
                            open.push(Step::Close(boundary));
                            for part in parts.iter().rev() {
                                open.extend([Step::Part(part), Step::Delimiter(boundary)]);
                            }
                        }
                        Kind::Text { subtype, text } => self.text(subtype, text, false),
                        Kind::Octets { media_type, octets } => {
                            let text = media_type.is_text();
                            let encoding = encode::choose_exact(octets, text, self.target);
                            self.leaf(media_type.as_str(), encoding, octets);
                        }
                        Kind::Message(octets) => self.enclosed(octets),
                        Kind::Header(octets) => {
                            let encoding = encode::choose_exact(octets, true, self.target);
                            let ascii = octets.is_ascii();
                            let kind = if ascii {
                                "text/rfc822-headers"
                            } else {
                                "message/global-headers"
                            };
                            self.leaf(kind, encoding, octets);
                        }
                    }
                }
            }
        }
    }

    /// Writes the fields that say what is not its type.
    fn part_fields(&mut self, part: &PartBuilder) {
        if let Some(id) = &part.content_id {
            let mut field = self.field("Content-ID");
            field.message_ids(core::slice::from_ref(id));
            field.end();
        }
        if let Some((kind, name)) = &part.disposition {
            let mut field = self.field("Content-Disposition");
            field.word(kind.as_bytes());
            if let Some(name) = name {
                field.parameter("filename", name.as_str());
            }
            field.end();
        }
        for (name, value) in &part.fields {
            value.write(name, self.target.carries_utf8(), self.out);
        }
    }

    fn text(&mut self, subtype: &str, text: &Bytes, flowed: bool) {
        let text = if flowed { Cow::Owned(flow(text)) } else { Cow::Borrowed(text) };
        let (encoding, canonical) = encode::choose_text(&text, self.target);
        let encoding = if self.armoured { Encoding::Base64 } else { encoding };
        self.out.put_slice(b"Content-Type: text/");
        self.out.put_slice(subtype.as_bytes());
        self.out.put_slice(b"; charset=utf-8");
        if flowed {
            self.out.put_slice(b"; format=flowed");
        }
        self.encoding(encoding);
        match encoding {
            // Line ends are text's own, whatever else it is.
            Encoding::Base64 | Encoding::QuotedPrintable if !canonical => {
                let mut canonical = BytesMut::new();
                encode::canonical(&text, &mut canonical);
                self.content(encoding, &canonical.freeze());
            }
            Encoding::Base64 | Encoding::QuotedPrintable => self.content(encoding, &text),
            _ if canonical => self.out.put_slice(&text),
            _ => encode::canonical(&text, self.out),
        }
    }

    fn report(&mut self, report: &Report) {
        let (mut body, utf8) = (BytesMut::new(), self.target.carries_utf8());
        report.write(utf8, &mut body);
        let global = !body.is_ascii();
        let kind = match (report, global) {
            (Report::Delivery(_), false) => "message/delivery-status",
            (Report::Delivery(_), true) => "message/global-delivery-status",
            (Report::Disposition(_), false) => "message/disposition-notification",
            (Report::Disposition(_), true) => "message/global-disposition-notification",
            (Report::Feedback(_), _) => "message/feedback-report",
        };
        // RFC 6533 §4: those that are not ASCII may be encoded; the others are short lines.
        let encoding = encode::choose(&body, self.target);
        self.leaf(kind, encoding, &body.freeze());
    }

    fn enclosed(&mut self, octets: &Bytes) {
        match encode::choose_message(octets, self.target).filter(|_| !self.armoured) {
            Some(encoding) => self.leaf("message/rfc822", encoding, octets),
            None => self.leaf("message/global", Encoding::Base64, octets),
        }
    }

    fn leaf(&mut self, media_type: &str, encoding: Encoding, octets: &Bytes) {
        let encoding = if self.armoured { Encoding::Base64 } else { encoding };
        self.out.put_slice(b"Content-Type: ");
        self.out.put_slice(media_type.as_bytes());
        self.encoding(encoding);
        self.content(encoding, octets);
    }

    /// Ends the type's field, says the encoding, and ends the header.
    fn encoding(&mut self, encoding: Encoding) {
        self.out.put_slice(b"\r\nContent-Transfer-Encoding: ");
        self.out.put_slice(encoding.name().as_bytes());
        self.out.put_slice(b"\r\n\r\n");
    }

    fn content(&mut self, encoding: Encoding, octets: &Bytes) {
        if octets.len() > PIECE
            && let Some(later) = &mut self.later
        {
            let at = self.out.len() - self.start;
            later.push(Later { at, encoding, octets: octets.clone() });
            return;
        }
        match encoding {
            Encoding::Base64 => encode::base64_lines(octets, self.out),
            Encoding::QuotedPrintable => Quoter::default().feed(octets, None, self.out),
            _ => self.out.put_slice(octets),
        }
    }

    /// Writes the type of a multipart and returns its boundary.
    fn multipart(&mut self, subtype: &str, parameters: &[(&str, &str)]) -> Boundary {
        self.multiparts += 1;
        let boundary = Boundary::new(self.multiparts, self.seed);
        self.line([b"Content-Type: multipart/", subtype.as_bytes(), b";"]);
        for (name, value) in parameters {
            self.line([b" ", name.as_bytes(), b"=\""]);
            self.line([value.as_bytes(), b"\"", b";"]);
        }
        self.line([b"\r\n boundary=\"", boundary.octets(), b"\""]);
        match self.label {
            Encoding::SevenBit => self.out.put_slice(b"\r\n\r\n"),
            label => self.encoding(label),
        }
        boundary
    }

    fn delimiter(&mut self, boundary: Boundary) {
        self.line([b"\r\n--", boundary.octets(), b"\r\n"]);
    }

    fn close(&mut self, boundary: Boundary) {
        self.line([b"\r\n--", boundary.octets(), b"--\r\n"]);
    }

    fn line(&mut self, pieces: [&[u8]; 3]) {
        pieces.into_iter().for_each(|piece| self.out.put_slice(piece));
    }

    /// Widens the label of multiparts to what is in these bodies.
    fn label<'p>(&mut self, bodies: impl Iterator<Item = (&'p Bytes, bool)>) {
        if self.armoured || !self.target.carries_eight_bit() {
            return;
        }
        for (octets, text) in bodies {
            let encoding = match text {
                true => encode::label(octets, self.target),
                false => encode::choose_exact(octets, false, self.target),
            };
            match encoding {
                Encoding::Binary => self.label = encoding,
                Encoding::EightBit if self.label == Encoding::SevenBit => self.label = encoding,
                _ => {}
            }
        }
    }

    /// Changes the seed if one of our boundaries with it is in octets that may go as they are, or
    /// in what the parts go `into`.
    fn avoid(&mut self, contents: &[(&Bytes, bool)], into: &[u8]) {
        let verbatim = contents.iter().filter(|(_, lines)| *lines || self.target.carries_binary());
        let verbatim = verbatim.map(|(octets, _)| &octets[..]).chain([into]);
        let mut taken = BTreeSet::new();
        for octets in verbatim.filter(|octets| !octets.is_empty()) {
            let starts = memmem::find_iter(octets, b"=_");
            taken.extend(starts.filter_map(|at| octets.get(at + 2..).and_then(boundary::seed_of)));
        }
        while taken.contains(&self.seed) {
            self.seed = self.seed.wrapping_add(1);
        }
    }
}

enum Step<'p> {
    Part(&'p PartBuilder),
    Delimiter(Boundary),
    Close(Boundary),
}

//! Messages as they are written: within a limit, compressed where RFC 3597 permits.
use bytes::BytesMut;

use crate::compress::{Place, Table, assemble};
use crate::edns::Edns;
use crate::error::{Error, Misuse};
use crate::header::Header;
use crate::message::{Question, Section};
use crate::name::{MAX_NAME, NameRef};
use crate::number::{Class, RecordType};
use crate::rdata::{Names, Rdata, Sink, put_labels};
use crate::reader::HEADER;
use crate::record::Record;

/// Octets that are made room for at first, and whenever there is none left.
const ROOM: usize = 512;

/// Writes one message behind what is already in a buffer, and never more than a limit.
///
/// Nothing is allocated if the buffer has room. A record that does not fit is not written at all,
/// and sets TC unless it is merely additional (RFC 2181 §9). [`mark`](Self::mark) and
/// [`rollback`](Self::rollback) take back more.
///
/// ```
/// use bytes::BytesMut;
/// use dns_proto::{Class, Header, Message, Name, Question, Rdata, Record, RecordType, Section, Writer};
///
/// let name: Name = "hamburger.edu".parse()?;
/// let mut out = BytesMut::new();
/// let mut writer = Writer::new(&mut out, Header { id: 7, ..Header::default() }, 512);
/// writer.question(Question { name: name.view(), rtype: RecordType::A, class: Class::IN })?;
/// writer.section(Section::Answer)?;
/// writer.record(&Record::address(name, 60, [128, 119, 12, 40].into()))?;
/// writer.finish();
/// assert_eq!(Message::parse(&out)?.answers().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a message is whole after `finish`"]
pub struct Writer<'b> {
    out: &'b mut BytesMut,
    /// Where the message begins in the buffer.
    base: usize,
    /// Octets of the message so far; the buffer has room behind them.
    length: usize,
    limit: usize,
    /// Octets for which there is room already, within the limit.
    room: usize,
    overflow: bool,
    header: Header,
    /// Questions, answers, authorities, additionals.
    counts: [u16; 4],
    section: Option<Section>,
    table: Table,
}

/// A place to come back to.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    length: usize,
    counts: [u16; 4],
    section: Option<Section>,
    truncated: bool,
}

impl<'b> Writer<'b> {
    /// Begins a message of at most `limit` octets (not below 12, nor above 65,535).
    #[inline]
    pub fn new(out: &'b mut BytesMut, header: Header, limit: usize) -> Self {
        let base = out.len();
        let limit = limit.clamp(HEADER, usize::from(u16::MAX));
        let room = limit.min(ROOM);
        out.resize(base + room, 0);
        let (counts, table) = ([0; 4], Table::new());
        let (length, overflow, section) = (HEADER, false, None);
        Self { out, base, length, limit, room, overflow, header, counts, section, table }
    }

    /// Lends the header, which is written at the end.
    pub const fn header(&mut self) -> &mut Header {
        &mut self.header
    }

    /// Keeps the last `octets` of the limit free, for what must be written at the end.
    pub fn reserve(&mut self, octets: usize) {
        self.limit = self.limit.saturating_sub(octets).max(HEADER);
        self.room = self.room.min(self.limit);
    }

    /// Gives back what [`reserve`](Self::reserve) kept.
    pub fn release(&mut self, octets: usize) {
        self.limit = self.limit.saturating_add(octets).min(usize::from(u16::MAX));
    }

    /// Writes a question; only before the first record.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room, or a section has begun.
    pub fn question(&mut self, question: Question<'_>) -> Result<(), Error> {
        if self.section.is_some() {
            return Err(Error::Full);
        }
        let mark = self.mark();
        match question.name.plain() {
            Some(wire) if self.length == HEADER && wire.len() > 1 => {
                self.put(wire);
                if !self.overflow {
                    self.table.first(wire);
                }
            }
            _ => drop(self.put_compressed(question.name, Place::Owner)),
        }
        let [a, b] = question.rtype.number().to_be_bytes();
        let [c, d] = question.class.number().to_be_bytes();
        self.put_array([a, b, c, d]);
        let [questions, ..] = &mut self.counts;
        match questions.checked_add(1) {
            Some(next) if !self.overflow => *questions = next,
            _ => {
                self.rollback(mark);
                return Err(Error::Full);
            }
        }
        Ok(())
    }

    /// Begins a section; records are written into it. The first is begun already.
    ///
    /// # Errors
    ///
    /// [`Misuse::SectionOrder`] after a later one.
    pub fn section(&mut self, section: Section) -> Result<(), Misuse> {
        if self.section > Some(section) {
            return Err(Misuse::SectionOrder);
        }
        self.section = Some(section);
        Ok(())
    }

    /// Writes a record.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room.
    pub fn record(&mut self, record: &Record) -> Result<(), Error> {
        let (owner, class, ttl) = (record.owner().view(), record.class(), record.ttl());
        self.checked(owner, class, ttl, (record.rtype(), record.octets()))
    }

    /// Writes a record of data that were checked when they came in.
    #[inline]
    pub(crate) fn checked(
        &mut self,
        owner: NameRef<'_>,
        class: Class,
        ttl: u32,
        (rtype, octets): (RecordType, &[u8]),
    ) -> Result<(), Error> {
        match Rdata::compressed(rtype) {
            // Without names to compress, the octets are as they shall be.
            None => {
                let mark = self.mark();
                let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
                let section = self.head(owner, rtype, class, ttl, length);
                self.put(octets);
                self.counted(mark, section)
            }
            Some((before, names)) => self.raw(owner, rtype, class, ttl, |writer| {
                writer.put_between(octets, before, names);
            }),
        }
    }

    /// Writes a record from its parts.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room.
    pub fn data(
        &mut self,
        owner: NameRef<'_>,
        class: Class,
        ttl: u32,
        data: &Rdata<'_>,
    ) -> Result<(), Error> {
        self.raw(owner, data.record_type(), class, ttl, |writer| data.write_to(writer))
    }

    /// Writes a record without data, as updates have them (RFC 2136 §2.4 and §2.5).
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room.
    pub fn empty(
        &mut self,
        owner: NameRef<'_>,
        rtype: RecordType,
        class: Class,
    ) -> Result<(), Error> {
        self.raw(owner, rtype, class, 0, |_| ())
    }

    /// Writes the OPT record, with the upper bits of the header's rcode.
    ///
    /// # Errors
    ///
    /// [`Error::Full`] if there is no room.
    pub fn edns(&mut self, edns: &Edns<'_>) -> Result<(), Error> {
        self.section = Some(Section::Additional);
        let mark = self.mark();
        let upper = (self.header.rcode.number() >> 4).to_be_bytes()[1];
        let flags = if edns.dnssec_ok { 0x80 } else { 0 };
        let [a, b] = RecordType::OPT.number().to_be_bytes();
        let [c, d] = edns.payload.to_be_bytes();
        let options = edns.options.octets();
        let [e, f] = u16::try_from(options.len()).unwrap_or(u16::MAX).to_be_bytes();
        self.put_array([0, a, b, c, d, upper, edns.version, flags, 0, e, f]);
        if !options.is_empty() {
            self.put(options);
        }
        self.counted(mark, Section::Additional)
    }

    /// Remembers this place.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark {
            length: self.len(),
            counts: self.counts,
            section: self.section,
            truncated: self.header.truncated,
        }
    }

    /// Takes back everything that was written since the mark.
    pub fn rollback(&mut self, mark: Mark) {
        self.length = mark.length;
        self.table.forget(mark.length);
        self.counts = mark.counts;
        self.section = mark.section;
        self.header.truncated = mark.truncated;
        self.overflow = false;
        // What comes next looks how much there is.
        self.room = 0;
    }

    /// Returns how many octets the message has so far.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a message has a header")]
    pub const fn len(&self) -> usize {
        self.length
    }

    /// Completes the message: header and counts.
    pub fn finish(self) {
        let mut header = [0; HEADER];
        let fields = [self.header.id.to_be_bytes(), self.header.flags()];
        let counts = self.counts.map(u16::to_be_bytes);
        for (place, field) in header.chunks_exact_mut(2).zip(fields.iter().chain(&counts)) {
            place.copy_from_slice(field);
        }
        if let Some(place) = self.out.get_mut(self.base..self.base + HEADER) {
            place.copy_from_slice(&header);
        }
        self.out.truncate(self.base + self.length);
    }

    fn raw(
        &mut self,
        owner: NameRef<'_>,
        rtype: RecordType,
        class: Class,
        ttl: u32,
        data: impl FnOnce(&mut Self),
    ) -> Result<(), Error> {
        let mark = self.mark();
        let section = self.head(owner, rtype, class, ttl, 0);
        let start = self.length;
        data(self);
        let length = u16::try_from(self.length.saturating_sub(start)).unwrap_or_default();
        let place = self.base + start;
        if let Some(place) = self.out.get_mut(place.saturating_sub(2)..place)
            && !self.overflow
        {
            place.copy_from_slice(&length.to_be_bytes());
        }
        self.counted(mark, section)
    }

    /// Writes what comes before a record's data.
    #[inline]
    fn head(
        &mut self,
        owner: NameRef<'_>,
        rtype: RecordType,
        class: Class,
        ttl: u32,
        length: u16,
    ) -> Section {
        let ([a, b], [c, d]) = (rtype.number().to_be_bytes(), class.number().to_be_bytes());
        let ([e, f, g, h], [i, j]) = (ttl.to_be_bytes(), length.to_be_bytes());
        if let Some(pointer) = self.table.again(owner.octets()) {
            let [high, low] = (0xc000 | pointer).to_be_bytes();
            self.put_array([high, low, a, b, c, d, e, f, g, h, i, j]);
        } else {
            self.put_compressed(owner, Place::Owner);
            self.put_array([a, b, c, d, e, f, g, h, i, j]);
        }
        *self.section.get_or_insert(Section::Answer)
    }

    /// Writes data of which so many names, behind so many octets, are compressed.
    #[inline]
    fn put_between(&mut self, octets: &[u8], before: usize, names: usize) {
        let mut at = before;
        match octets.first_chunk() {
            Some(number) if before == 2 => self.put_array::<2>(*number),
            _ => self.put(octets.get(..before).unwrap_or_default()),
        }
        for _ in 0..names {
            at += self.put_compressed(NameRef::checked(octets, at), Place::Data);
        }
        if at < octets.len() {
            self.put(octets.get(at..).unwrap_or_default());
        }
    }

    /// Counts what was written since the mark, or takes it back if it did not fit.
    #[inline]
    fn counted(&mut self, mark: Mark, section: Section) -> Result<(), Error> {
        let [_, answers, authorities, additionals] = &mut self.counts;
        let count = match section {
            Section::Answer => answers,
            Section::Authority => authorities,
            Section::Additional => additionals,
        };
        match count.checked_add(1) {
            Some(next) if !self.overflow => *count = next,
            _ => {
                self.rollback(mark);
                // RFC 2181 §9: additional records are left out in silence.
                self.header.truncated |= section != Section::Additional;
                return Err(Error::Full);
            }
        }
        Ok(())
    }

    /// Writes a name, ending it with a pointer to the longest suffix that is known; returns its
    /// length when it is whole.
    #[inline]
    fn put_compressed(&mut self, name: NameRef<'_>, place: Place) -> usize {
        let octets = name.octets();
        if let [0, ..] = octets {
            self.put_array([0]);
            return 1;
        }
        match self.put_split(octets, place) {
            Some(length) => length,
            None => self.put_assembled(name, place),
        }
    }

    #[cold]
    fn put_assembled(&mut self, name: NameRef<'_>, place: Place) -> usize {
        self.put_compressed(NameRef::checked(assemble(name, &mut [0; MAX_NAME]), 0), place)
    }

    /// Writes a name that is not the root; `None` if it is compressed itself.
    fn put_split(&mut self, octets: &[u8], place: Place) -> Option<usize> {
        let message = self.out.get(self.base..self.base + self.length).unwrap_or_default();
        let split = self.table.split(message, octets, place)?;
        let position = self.length;
        if !split.head().is_empty() {
            self.put(split.head());
        }
        match split.pointer() {
            0 => self.put_array([0]),
            pointer => self.put_array((0xc000 | pointer).to_be_bytes()),
        }
        if !self.overflow {
            self.table.remember(&split, position, place);
        }
        Some(split.len())
    }

    /// Steps over so many octets and returns their place, if the limit permits.
    #[inline]
    fn place(&mut self, octets: usize) -> Option<&mut [u8]> {
        let end = self.length + octets;
        if end > self.room && !self.grow(end) {
            return None;
        }
        let start = self.base + core::mem::replace(&mut self.length, end);
        self.out.get_mut(start..start + octets)
    }

    /// Writes a few octets whose number is known beforehand.
    #[inline]
    fn put_array<const N: usize>(&mut self, octets: [u8; N]) {
        if let Some(place) = self.place(N) {
            place.copy_from_slice(&octets);
        }
    }

    /// Makes room for a message of so many octets; says whether the limit permits it.
    #[cold]
    fn grow(&mut self, length: usize) -> bool {
        self.overflow |= length > self.limit;
        if self.overflow {
            // Nor has what comes after a gap a place.
            self.room = 0;
            return false;
        }
        let present = self.out.len() - self.base;
        if present < length {
            self.out.resize(self.base + (length + ROOM).min(self.limit), 0);
        }
        self.room = self.limit.min(self.out.len() - self.base);
        true
    }
}

impl Sink for Writer<'_> {
    #[inline]
    fn put(&mut self, octets: &[u8]) {
        if let Some(place) = self.place(octets.len()) {
            place.copy_from_slice(octets);
        }
    }

    #[inline]
    fn put_name(&mut self, name: NameRef<'_>, names: Names) {
        match names {
            Names::Compressed => drop(self.put_compressed(name, Place::Data)),
            Names::Lowered | Names::Plain => put_labels(self, name),
        }
    }
}

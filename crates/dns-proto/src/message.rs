//! Messages as they are read: checked once, then walked without errors (RFC 1035 §4).
use bytes::Bytes;

use crate::edns::{Edns, Options};
use crate::error::{ParseError, ParseErrorKind};
use crate::header::Header;
use crate::limits::MessageLimits;
use crate::name::NameRef;
use crate::number::{Class, Opcode, Rcode, RecordType};
use crate::rdata::Rdata;
use crate::reader::{HEADER, Reader};
use crate::way::Ways;

/// The parts of a message that hold records, in their order.
///
/// There are three, and no fourth: exhaustive.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Section {
    /// What was asked for; in an update, the prerequisites.
    Answer,
    /// Who knows better, or how long nobody does; in an update, the changes.
    Authority,
    /// What may be useful beside.
    Additional,
}

/// A message, checked whole and borrowed: names, lengths, counts and the data of known types.
///
/// Parsing allocates nothing. Reading it afterwards cannot fail, and decodes only what is asked
/// for.
///
/// ```
/// use dns_proto::{Message, Name, Query, RecordType};
///
/// let name: Name = "hamburger.edu".parse()?;
/// let octets = Query::new(&name, RecordType::MX).id(7).write();
///
/// let message = Message::parse(&octets)?;
/// let question = message.question().expect("the query asks something");
/// assert_eq!((message.header().id, question.rtype), (7, RecordType::MX));
/// assert_eq!(question.name, name);
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    octets: &'a [u8],
    layout: Layout,
}

/// Where things are in a message.
#[derive(Clone, Copy, Debug)]
struct Layout {
    questions: u16,
    /// Where the questions end, and with each section the next begins.
    ends: [usize; 4],
    /// Where the OPT record's type is, and where the TSIG record begins.
    opt: Option<usize>,
    tsig: Option<usize>,
}

impl<'a> Message<'a> {
    /// Reads a message under the default limits.
    ///
    /// # Errors
    ///
    /// When the octets are not one whole DNS message.
    pub fn parse(octets: &'a [u8]) -> Result<Self, ParseError> {
        Self::parse_with(octets, &MessageLimits::default())
    }

    /// Reads a message.
    ///
    /// # Errors
    ///
    /// When the octets are not one whole DNS message, or it costs more than the limits allow.
    pub fn parse_with(octets: &'a [u8], limits: &MessageLimits) -> Result<Self, ParseError> {
        let ways = Ways::default();
        let mut reader = Reader::new(octets, limits.pointers).remembering(&ways);
        // The header is read when it is asked for.
        let _id_and_flags = [reader.u16()?, reader.u16()?];
        let [questions, answers] = [reader.u16()?, reader.u16()?];
        let [authorities, additionals] = [reader.u16()?, reader.u16()?];
        for _ in 0..questions {
            reader.name()?;
            reader.take(4)?;
        }
        let start = reader.position();
        let mut layout = Layout { questions, ends: [start; 4], opt: None, tsig: None };
        let mut check = |section, count| {
            if count > 0 {
                reader = check_records(reader.clone(), (section, count), limits, &mut layout)?;
            }
            Ok(reader.position())
        };
        let answers = check(Section::Answer, answers)?;
        let authorities = check(Section::Authority, authorities)?;
        let additionals = check(Section::Additional, additionals)?;
        layout.ends = [start, answers, authorities, additionals];
        if reader.is_empty() {
            Ok(Self { octets, layout })
        } else {
            Err(reader.error(ParseErrorKind::Trailing))
        }
    }

    /// Returns the octets it was parsed from.
    #[must_use]
    pub const fn octets(&self) -> &'a [u8] {
        self.octets
    }

    /// Copies the message, to keep it.
    #[must_use]
    pub fn to_buf(&self) -> MessageBuf {
        MessageBuf { octets: Bytes::copy_from_slice(self.octets), layout: self.layout }
    }

    /// Returns the header.
    #[must_use]
    #[inline]
    pub fn header(&self) -> Header {
        header(self.octets)
    }

    /// Returns how it went, with the upper eight bits from EDNS (RFC 6891 §6.1.3).
    #[must_use]
    pub fn rcode(&self) -> Rcode {
        let low = self.header().rcode.number();
        let high = self.opt().map_or(0, |([_, _, upper, ..], _)| u16::from(upper));
        Rcode::new((high << 4) | low)
    }

    /// Iterates over the questions; in practice there is one.
    #[inline]
    pub fn questions(&self) -> impl Iterator<Item = Question<'a>> {
        let [end, ..] = self.layout.ends;
        let mut reader = Reader::trusted(self.octets, HEADER, end);
        (0..self.layout.questions).map_while(move |_| read_question(&mut reader))
    }

    /// Returns the question, if there is exactly one, as every query must have (RFC 9619).
    #[must_use]
    pub fn question(&self) -> Option<Question<'a>> {
        self.questions().next().filter(|_| self.layout.questions == 1)
    }

    /// Iterates over the records of a section.
    #[must_use]
    #[inline]
    pub fn section(&self, section: Section) -> Records<'a> {
        let [questions, answers, authorities, additionals] = self.layout.ends;
        let (start, end) = match section {
            Section::Answer => (questions, answers),
            Section::Authority => (answers, authorities),
            Section::Additional => (authorities, additionals),
        };
        Records::between(self.octets, start, end)
    }

    /// Iterates over the answers.
    #[must_use]
    pub fn answers(&self) -> Records<'a> {
        self.section(Section::Answer)
    }

    /// Iterates over the authority section.
    #[must_use]
    pub fn authorities(&self) -> Records<'a> {
        self.section(Section::Authority)
    }

    /// Iterates over the additional section, the OPT record included.
    #[must_use]
    pub fn additionals(&self) -> Records<'a> {
        self.section(Section::Additional)
    }

    /// Returns what the sender says by EDNS, if it speaks it.
    #[must_use]
    pub fn edns(&self) -> Option<Edns<'a>> {
        let (fields, options) = self.opt()?;
        let [payload_high, payload_low, _, version, flags, _, _, _] = fields;
        Some(Edns {
            payload: u16::from_be_bytes([payload_high, payload_low]),
            version,
            dnssec_ok: flags & 0x80 != 0,
            options: Options::checked(options),
        })
    }

    /// Returns the TSIG record, which is not verified yet, and where it begins.
    pub(crate) fn tsig(&self) -> Option<(RecordRef<'a>, usize)> {
        let start = self.layout.tsig?;
        let tsig = Records::between(self.octets, start, self.octets.len()).next()?;
        Some((tsig, start))
    }

    /// Returns what is between the OPT record's type and its data, and the data.
    fn opt(&self) -> Option<([u8; 8], &'a [u8])> {
        let opt = self.octets.get(self.layout.opt?..)?;
        let (&[_, _, ref fields @ ..], data) = opt.split_first_chunk::<10>()?;
        let [.., high, low] = *fields;
        Some((*fields, data.get(..usize::from(u16::from_be_bytes([high, low])))?))
    }
}

/// A question (RFC 1035 §4.1.2); in an update, the zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Question<'a> {
    /// About whom.
    pub name: NameRef<'a>,
    /// About what.
    pub rtype: RecordType,
    /// Nearly always the Internet.
    pub class: Class,
}

/// A record in a message (RFC 1035 §4.1.3).
#[derive(Clone, Copy, Debug)]
pub struct RecordRef<'a> {
    owner: NameRef<'a>,
    rtype: RecordType,
    class: Class,
    ttl: u32,
    /// The message as far as the end of the data, which may point to names in it.
    message: &'a [u8],
    data: &'a [u8],
}

impl<'a> RecordRef<'a> {
    /// Makes one of data that have been checked.
    pub(crate) const fn of_data(
        owner: NameRef<'a>,
        rtype: RecordType,
        class: Class,
        ttl: u32,
        data: &'a [u8],
    ) -> Self {
        Self { owner, rtype, class, ttl, message: data, data }
    }

    /// Returns whom the record is about.
    #[must_use]
    pub const fn owner(&self) -> NameRef<'a> {
        self.owner
    }

    /// Returns its type.
    #[must_use]
    pub const fn rtype(&self) -> RecordType {
        self.rtype
    }

    /// Returns its class.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// Returns the seconds it may be kept; more than 2^31 is none (RFC 2181 §8).
    #[must_use]
    pub const fn ttl(&self) -> u32 {
        if self.ttl > i32::MAX as u32 { 0 } else { self.ttl }
    }

    /// Returns the TTL as it is on the wire.
    pub(crate) const fn raw_ttl(&self) -> u32 {
        self.ttl
    }

    /// Decodes the data.
    #[must_use]
    #[inline]
    pub fn data(&self) -> Rdata<'a> {
        Rdata::trusted(self.rtype, Reader::tail(self.message, self.data))
    }

    /// Whether there are no data at all, as in some records of updates (RFC 2136 §2.4).
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.data.is_empty()
    }
}

/// The records of a section, in order.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    /// The message as far as the end of the section.
    message: &'a [u8],
    /// The records that are left.
    rest: &'a [u8],
}

impl<'a> Records<'a> {
    #[inline]
    fn between(message: &'a [u8], start: usize, end: usize) -> Self {
        let message = message.get(..end).unwrap_or_default();
        Self { message, rest: message.get(start..).unwrap_or_default() }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = RecordRef<'a>;

    #[inline]
    fn next(&mut self) -> Option<RecordRef<'a>> {
        let mut reader = Reader::tail(self.message, self.rest);
        let record = read_record(&mut reader)?;
        self.rest = reader.octets();
        Some(record)
    }
}

/// A message with its octets: what an event hands out. Borrow it with [`view`](Self::view).
///
/// The octets may be a part of a larger receive buffer, which they keep alive.
#[derive(Clone, Debug)]
pub struct MessageBuf {
    octets: Bytes,
    layout: Layout,
}

impl MessageBuf {
    /// Reads a message under the default limits and keeps it.
    ///
    /// # Errors
    ///
    /// When the octets are not one whole DNS message.
    pub fn parse(octets: Bytes) -> Result<Self, ParseError> {
        let layout = Message::parse(&octets)?.layout;
        Ok(Self { octets, layout })
    }

    /// Borrows the message.
    #[must_use]
    pub fn view(&self) -> Message<'_> {
        Message { octets: &self.octets, layout: self.layout }
    }
}

/// Two messages are equal when their octets are.
impl PartialEq for MessageBuf {
    fn eq(&self, other: &Self) -> bool {
        self.octets == other.octets
    }
}

impl Eq for MessageBuf {}

#[inline]
fn header(message: &[u8]) -> Header {
    let [a, b, c, d] = message.first_chunk().copied().unwrap_or_default();
    Header::parse(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
}

#[inline]
fn read_question<'a>(reader: &mut Reader<'a>) -> Option<Question<'a>> {
    let name = reader.trusted_name()?;
    let [a, b, c, d] = reader.array().ok()?;
    let rtype = RecordType::new(u16::from_be_bytes([a, b]));
    Some(Question { name, rtype, class: Class::new(u16::from_be_bytes([c, d])) })
}

#[inline]
fn read_record<'a>(reader: &mut Reader<'a>) -> Option<RecordRef<'a>> {
    let owner = reader.trusted_name()?;
    let [a, b, c, d, e, f, g, h, i, j] = reader.array().ok()?;
    let rtype = RecordType::new(u16::from_be_bytes([a, b]));
    let class = Class::new(u16::from_be_bytes([c, d]));
    let ttl = u32::from_be_bytes([e, f, g, h]);
    let data = reader.take(usize::from(u16::from_be_bytes([i, j]))).ok()?;
    let message = reader.of_taken(data).message();
    Some(RecordRef { owner, rtype, class, ttl, message, data })
}

/// Checks so many records; returns a reader of what is behind them.
fn check_records<'a>(
    mut reader: Reader<'a>,
    (section, count): (Section, u16),
    limits: &MessageLimits,
    layout: &mut Layout,
) -> Result<Reader<'a>, ParseError> {
    for _ in 0..count {
        let start = reader.position();
        let owner = reader.name()?;
        let fields = reader.position();
        let [high, low, .., long, short] = reader.array::<10>()?;
        // RFC 8945 §5.1: the last record of the message.
        if layout.tsig.is_some() {
            return Err(ParseError::new(ParseErrorKind::Tsig, start));
        }
        let rtype = RecordType::new(u16::from_be_bytes([high, low]));
        let data = reader.take(usize::from(u16::from_be_bytes([long, short])))?;
        if Rdata::is_plain(rtype, data) {
            continue;
        }
        let mut data = reader.of_taken(data);
        match rtype {
            RecordType::OPT => {
                let options = Options::count(&mut data)?;
                // RFC 6891 §6.1.1: one, of the root, in the additional section.
                let misplaced = section != Section::Additional || !owner.is_root();
                if misplaced || layout.opt.replace(fields).is_some() {
                    return Err(ParseError::new(ParseErrorKind::Opt, start));
                }
                if options > usize::from(limits.options) {
                    return Err(ParseError::new(ParseErrorKind::Options, start));
                }
            }
            // RFC 2136 §2.4 and §2.5: data may be missing.
            _ if data.is_empty() && header(reader.message()).opcode == Opcode::UPDATE => {}
            _ => {
                Rdata::check(rtype, &mut data)?;
                if rtype == RecordType::TSIG {
                    if section != Section::Additional {
                        return Err(ParseError::new(ParseErrorKind::Tsig, start));
                    }
                    layout.tsig = Some(start);
                }
            }
        }
    }
    Ok(reader)
}

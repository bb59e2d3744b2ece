//! Master files (RFC 1035 §5): records as text, read as it comes, in constant memory.
//!
//! A [`Scanner`] is given text in pieces of any size and hands out records one by one. It opens no
//! file: what `$INCLUDE` names, the application brings, or refuses. `$TTL` (RFC 2308 §4),
//! `$GENERATE` and times with units (BIND), types and data in general form (RFC 3597), classes and
//! TTLs in either order are all understood. What is wrong is said with file, line and column.
//!
//! A [`Record`] prints itself as such a line, and with `{:#}` aligned and on several.
mod frame;
mod generate;
mod scanner;

use alloc::sync::Arc;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::error::ParseErrorKind;
use crate::name::Name;
use crate::record::Record;

pub use scanner::{Scanner, Step};

/// What a master file may cost.
///
/// ```
/// use dns_proto::zone_file::Limits;
///
/// let limits = Limits { includes: 0, ..Limits::default() };
/// assert_eq!(limits.entry, 262_144);
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Limits {
    /// Octets of one entry. 262,144: 65,535 octets of data in hexadecimal, twice.
    pub entry: usize,
    /// Files included in one another. 10, as in NSD and Unbound.
    pub includes: usize,
    /// Records that one `$GENERATE` makes. 65,536: the addresses of a /16.
    pub generate: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entry: 262_144, includes: 10, generate: 65_536 }
    }
}

/// What is wrong with a master file, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{file}:{line}:{column}: {kind}")]
pub struct ScanError {
    file: Arc<str>,
    line: u64,
    column: usize,
    kind: ParseErrorKind,
}

impl ScanError {
    /// Returns the name that the file was begun with.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Returns the line, counted from 1.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line
    }

    /// Returns the column in octets, counted from 1.
    #[must_use]
    pub const fn column(&self) -> usize {
        self.column
    }

    /// Returns what is wrong; mostly [`ParseErrorKind::Expected`].
    #[must_use]
    pub const fn kind(&self) -> ParseErrorKind {
        self.kind
    }
}

/// Reads a whole master file; `load` brings the files it includes, by the names it gives them.
///
/// ```
/// use dns_proto::zone_file;
///
/// let text = b"$TTL 1h\n@ IN SOA ns host 1 2h 1h 4w 1h\n  NS ns\nns A 192.0.2.1\n";
/// let records = zone_file::read("hamburger.edu.zone", text, "hamburger.edu".parse()?, |_| None)?;
/// assert_eq!(records[2].to_string(), "ns.hamburger.edu. 3600 IN A 192.0.2.1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// What is wrong first; an included file that cannot be loaded among it.
pub fn read(
    file: &str,
    text: &[u8],
    origin: Name,
    mut load: impl FnMut(&str) -> Option<Bytes>,
) -> Result<Vec<Record>, ScanError> {
    let (mut scanner, mut records) = (Scanner::new(file, &origin), Vec::new());
    scanner.push(text);
    loop {
        let included = match scanner.next()? {
            Step::Record(record) => {
                records.push(Record::from(record));
                continue;
            }
            Step::Include(file) => load(file),
            Step::NeedInput => {
                scanner.end();
                continue;
            }
            Step::Done => return Ok(records),
        };
        match included {
            Some(text) => {
                scanner.include();
                scanner.push(&text);
                scanner.end();
            }
            None => scanner.refuse(),
        }
    }
}

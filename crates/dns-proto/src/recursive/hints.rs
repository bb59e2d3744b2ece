//! The root's servers, as IANA publishes them.
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::name::Name;
use crate::record::Record;
use crate::zone_file::ScanError;

/// The root hints of IANA's `named.root`, of 2023-11-27 (b.root moved) and unchanged since.
const ROOTS: [(&[u8], [u8; 4], [u16; 8]); 13] = [
    (b"a", [198, 41, 0, 4], [0x2001, 0x503, 0xba3e, 0, 0, 0, 2, 0x30]),
    (b"b", [170, 247, 170, 2], [0x2801, 0x1b8, 0x10, 0, 0, 0, 0, 0xb]),
    (b"c", [192, 33, 4, 12], [0x2001, 0x500, 2, 0, 0, 0, 0, 0xc]),
    (b"d", [199, 7, 91, 13], [0x2001, 0x500, 0x2d, 0, 0, 0, 0, 0xd]),
    (b"e", [192, 203, 230, 10], [0x2001, 0x500, 0xa8, 0, 0, 0, 0, 0xe]),
    (b"f", [192, 5, 5, 241], [0x2001, 0x500, 0x2f, 0, 0, 0, 0, 0xf]),
    (b"g", [192, 112, 36, 4], [0x2001, 0x500, 0x12, 0, 0, 0, 0, 0xd0d]),
    (b"h", [198, 97, 190, 53], [0x2001, 0x500, 1, 0, 0, 0, 0, 0x53]),
    (b"i", [192, 36, 148, 17], [0x2001, 0x7fe, 0, 0, 0, 0, 0, 0x53]),
    (b"j", [192, 58, 128, 30], [0x2001, 0x503, 0xc27, 0, 0, 0, 2, 0x30]),
    (b"k", [193, 0, 14, 129], [0x2001, 0x7fd, 0, 0, 0, 0, 0, 1]),
    (b"l", [199, 7, 83, 42], [0x2001, 0x500, 0x9f, 0, 0, 0, 0, 0x42]),
    (b"m", [202, 12, 27, 33], [0x2001, 0xdc3, 0, 0, 0, 0, 0, 0x35]),
];

/// Returns the names and addresses of the root's thirteen servers. They are where a resolver
/// begins; it then asks them who they are (RFC 8109).
///
/// ```
/// let hints = dns_proto::recursive::root_hints();
/// assert_eq!(hints.len(), 26);
/// ```
#[must_use]
pub fn root_hints() -> Vec<(Name, IpAddr)> {
    let mut hints = Vec::new();
    for (letter, four, six) in ROOTS {
        let Ok(name) = Name::from_labels([letter, b"root-servers", b"net"]) else { continue };
        let [a, b, c, d, e, f, g, h] = six;
        hints.push((name.clone(), IpAddr::V4(Ipv4Addr::from(four))));
        hints.push((name, IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h))));
    }
    hints
}

/// Reads root hints in the form of `named.root`: a master file with NS records of the root, and
/// their addresses.
///
/// ```
/// use dns_proto::recursive::parse_root_hints;
///
/// let text = b". 3600000 NS a.root.\na.root. 3600000 A 127.0.0.1\n";
/// assert_eq!(parse_root_hints("hints", text)?.len(), 1);
/// # Ok::<(), dns_proto::zone_file::ScanError>(())
/// ```
///
/// # Errors
///
/// When the text is no master file.
pub fn parse_root_hints(file: &str, text: &[u8]) -> Result<Vec<(Name, IpAddr)>, ScanError> {
    let records = crate::zone_file::read(file, text, Name::ROOT, |_| None)?;
    let address = |record: &Record| Some((record.owner().clone(), record.data().address()?));
    Ok(records.iter().filter_map(address).collect())
}

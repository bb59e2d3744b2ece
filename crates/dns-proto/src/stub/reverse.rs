//! The names under which the names of addresses are found.
use alloc::format;
use alloc::string::String;
use core::fmt::Write;
use core::net::IpAddr;

use crate::name::Name;

/// Returns the name whose PTR records say the names of an address (RFC 1035 §3.5, RFC 3596 §2.5).
///
/// ```
/// use dns_proto::stub::reverse_name;
///
/// let name = reverse_name([128, 119, 12, 40].into());
/// assert_eq!(name.to_string(), "40.12.119.128.in-addr.arpa.");
/// ```
#[must_use]
pub fn reverse_name(address: IpAddr) -> Name {
    let text = match address {
        IpAddr::V4(address) => {
            let [a, b, c, d] = address.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(address) => {
            let mut text = String::new();
            for octet in address.octets().iter().rev() {
                // Writing to a string cannot fail.
                let _ = write!(text, "{:x}.{:x}.", octet & 15, octet >> 4);
            }
            text + "ip6.arpa"
        }
    };
    text.parse().expect("digits and dots are a name of at most 73 octets")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    /// RFC 3596 §2.5.
    #[test]
    fn the_example_of_rfc_3596() {
        let name = reverse_name("4321:0:1:2:3:4:567:89ab".parse().unwrap());
        let text = "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa.";
        assert_eq!(name.to_string(), text);
    }
}

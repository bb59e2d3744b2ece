//! Cookies: a little proof of who sent a message (RFC 7873, RFC 9018).
use core::fmt;
use core::hash::Hasher;
use core::net::IpAddr;

/// A client's cookie, and the server's if the client has it (RFC 7873 §4).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Cookie<'a> {
    client: [u8; 8],
    server: &'a [u8],
}

impl<'a> Cookie<'a> {
    /// Makes a cookie without, or with a server's part of 8 to 32 octets.
    #[must_use]
    pub const fn new(client: [u8; 8], server: &'a [u8]) -> Option<Self> {
        match server.len() {
            0 | 8..=32 => Some(Self { client, server }),
            _ => None,
        }
    }

    /// Returns the client's part.
    #[must_use]
    pub const fn client(&self) -> [u8; 8] {
        self.client
    }

    /// Returns the server's part, empty if the client has none.
    #[must_use]
    pub const fn server(&self) -> &'a [u8] {
        self.server
    }
}

/// What a server, or all servers behind one address, make their cookies with (RFC 9018 §4).
///
/// ```
/// use dns_proto::{Cookie, CookieSecret};
///
/// let secret = CookieSecret::new([7; 16]);
/// let (client, address, now) = ([1; 8], [127, 0, 0, 1].into(), 1_559_731_985);
/// let server = secret.server_cookie(client, address, now);
/// let cookie = Cookie::new(client, &server).expect("16 octets");
/// assert!(secret.verify(cookie, address, now + 60));
/// assert!(!secret.verify(cookie, [127, 0, 0, 2].into(), now + 60));
/// ```
#[derive(Clone)]
pub struct CookieSecret([u8; 16]);

/// RFC 9018 §4.3: cookies are good for an hour, and for five minutes before their time.
const PAST: u32 = 3_600;
const FUTURE: u32 = 300;

impl CookieSecret {
    /// Wraps sixteen octets that nobody can guess.
    #[must_use]
    pub const fn new(secret: [u8; 16]) -> Self {
        Self(secret)
    }

    /// Makes the server's part, at a number of seconds since 1970 (modulo 2^32).
    #[must_use]
    pub fn server_cookie(&self, client: [u8; 8], address: IpAddr, now: u32) -> [u8; 16] {
        let [a, b, c, d] = now.to_be_bytes();
        self.cookie(client, [1, 0, 0, 0, a, b, c, d], address)
    }

    /// Whether the server's part was made here for this client, and not long ago.
    #[must_use]
    pub fn verify(&self, cookie: Cookie<'_>, address: IpAddr, now: u32) -> bool {
        let Ok(server) = <[u8; 16]>::try_from(cookie.server()) else { return false };
        let [version, r0, r1, r2, a, b, c, d, ..] = server;
        // RFC 1982: a circle.
        let age = now.wrapping_sub(u32::from_be_bytes([a, b, c, d])).cast_signed();
        let timely = age <= PAST.cast_signed() && age >= -FUTURE.cast_signed();
        let expected = self.cookie(cookie.client(), [version, r0, r1, r2, a, b, c, d], address);
        let differs = expected.iter().zip(&server).fold(0, |sum, (one, other)| sum | (one ^ other));
        version == 1 && timely && core::hint::black_box(differs) == 0
    }

    #[expect(deprecated, reason = "std keeps SipHash-2-4 under this name, and RFC 9018 needs it")]
    fn cookie(&self, client: [u8; 8], head: [u8; 8], address: IpAddr) -> [u8; 16] {
        let [a, b, c, d, e, f, g, h, rest @ ..] = self.0;
        let keys = [[a, b, c, d, e, f, g, h], rest].map(u64::from_le_bytes);
        let mut hasher = core::hash::SipHasher::new_with_keys(keys[0], keys[1]);
        hasher.write(&client);
        hasher.write(&head);
        match address {
            IpAddr::V4(address) => hasher.write(&address.octets()),
            IpAddr::V6(address) => hasher.write(&address.octets()),
        }
        let mut cookie = [0; 16];
        let hash = hasher.finish().to_le_bytes();
        for (place, octet) in cookie.iter_mut().zip(head.iter().chain(&hash)) {
            *place = *octet;
        }
        cookie
    }
}

impl fmt::Debug for CookieSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CookieSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let octet = |at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap();
        core::array::from_fn(octet)
    }

    /// RFC 9018 appendix A.
    #[test]
    fn the_vectors_of_rfc_9018() {
        let old = CookieSecret::new(hex("e5e973e5a6b2a43f48e7dc849e37bfcf"));
        let new = CookieSecret::new(hex("445536bcd2513298075a5d379663c962"));
        let vectors = [
            (
                &old,
                "2464c4abcf10c957",
                "198.51.100.100",
                1_559_731_985,
                "010000005cf79f111f8130c3eee29480",
            ),
            (
                &old,
                "fc93fc62807ddb86",
                "203.0.113.203",
                1_559_734_700,
                "010000005cf7a9acf73a7810aca2381e",
            ),
            (
                &new,
                "22681ab97d52c298",
                "2001:db8:220:1:59de:d0f4:8769:82b8",
                1_559_741_961,
                "010000005cf7c609a6bb79d16625507a",
            ),
        ];
        for (secret, client, address, now, server) in vectors {
            let (client, address) = (hex(client), address.parse().unwrap());
            let made = secret.server_cookie(client, address, now);
            assert_eq!(made, hex(server));
            let cookie = Cookie::new(client, &made).unwrap();
            for (at, good) in [(3_600, true), (3_601, false)] {
                assert_eq!(secret.verify(cookie, address, now + at), good);
            }
            for (before, good) in [(300, true), (301, false)] {
                assert_eq!(secret.verify(cookie, address, now - before), good);
            }
        }
    }

    #[test]
    fn server_parts_have_8_to_32_octets_or_none() {
        for (octets, good) in [(0, true), (7, false), (8, true), (32, true), (33, false)] {
            assert_eq!(Cookie::new([0; 8], &[0; 33][..octets]).is_some(), good);
        }
    }
}

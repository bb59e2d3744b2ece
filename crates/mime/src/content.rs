//! Bodies with their transfer encodings undone.
use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::{Decoder, Encoding};

/// A body with its transfer encoding undone.
///
/// ```
/// use mime::Message;
///
/// let message = Message::parse(b"Content-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n");
/// let content = message.root().content();
/// assert_eq!((content.octets(), content.problems()), (&b"hello"[..], 0));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content<'a> {
    pub(crate) octets: Cow<'a, [u8]>,
    problems: Problems<'a>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Problems<'a> {
    Counted(usize),
    /// Base64 with nothing but symbols and blanks: all that can be wrong is its length, and few
    /// ask for that.
    #[cfg(feature = "simd")]
    Uncounted(&'a [u8]),
    #[cfg(not(feature = "simd"))]
    #[expect(dead_code, reason = "it has the lifetime, which is not to depend on a feature")]
    Never(&'a core::convert::Infallible),
}

impl<'a> Content<'a> {
    pub(crate) fn decode(encoding: Encoding, body: &'a [u8]) -> Self {
        if encoding.is_identity() {
            return Self { octets: Cow::Borrowed(body), problems: Problems::Counted(0) };
        }
        #[cfg(feature = "simd")]
        if encoding == Encoding::Base64
            && let Ok(octets) = encodify::base64::MIME.decode(body)
        {
            return Self { octets: Cow::Owned(octets), problems: Problems::Uncounted(body) };
        }
        let (mut decoder, mut octets) = (Decoder::new(encoding), Vec::new());
        decoder.feed(body, &mut octets);
        decoder.finish(&mut octets);
        Self { octets: Cow::Owned(octets), problems: Problems::Counted(decoder.problems()) }
    }

    /// Returns the octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Returns the octets, still borrowed if they were not encoded.
    #[must_use]
    pub fn into_octets(self) -> Cow<'a, [u8]> {
        self.octets
    }

    /// Returns how many octets could not be decoded: 0 for a sound body.
    #[must_use]
    pub fn problems(&self) -> usize {
        match self.problems {
            Problems::Counted(problems) => problems,
            #[cfg(feature = "simd")]
            Problems::Uncounted(body) => crate::decode_base64::problems(body),
            #[cfg(not(feature = "simd"))]
            Problems::Never(never) => match *never {},
        }
    }
}

//! The value of a field without its folds, and the fields of a message that are read so often
//! that they have a name.
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::{AddressList, AutoSubmitted, Field, ListId, Message, MessageId, ReturnPath, charset};

impl<'a> Field<'a> {
    /// Returns the value without its folds (RFC 5322 §2.2.3) and the blanks around it; encoded
    /// words stay as they are. [`raw`](Self::raw) has every octet, [`text`](Self::text) is for
    /// people.
    ///
    /// ```
    /// use mime::Field;
    ///
    /// let field = Field::new(b"Subject: =?utf-8?Q?=C3=A9?=\r\n and more\r\n").unwrap();
    /// assert_eq!(field.unfolded(), "=?utf-8?Q?=C3=A9?= and more");
    /// ```
    #[must_use]
    pub fn unfolded(&self) -> Cow<'a, str> {
        let value = self.value().trim_ascii();
        if memchr::memchr2(b'\r', b'\n', value).is_none() {
            return charset::decode(b"", value);
        }
        let joined: Vec<u8> =
            value.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
        Cow::Owned(charset::decode(b"", &joined).into_owned())
    }
}

impl Message<'_> {
    /// Returns the identifiers of the messages that this one answers (RFC 5322 §3.6.4).
    #[must_use]
    pub fn in_reply_to(&self) -> Vec<MessageId> {
        self.field("in-reply-to").map(|field| field.message_ids()).unwrap_or_default()
    }

    /// Returns the identifiers of the messages before this one, the oldest first (RFC 5322
    /// §3.6.4).
    ///
    /// ```
    /// let message = mime::Message::parse(b"References: <1@a> (one)\r\n <2@b>\r\n\r\n");
    /// let ids: Vec<_> = message.references().iter().map(ToString::to_string).collect();
    /// assert_eq!(ids, ["<1@a>", "<2@b>"]);
    /// ```
    #[must_use]
    pub fn references(&self) -> Vec<MessageId> {
        self.field("references").map(|field| field.message_ids()).unwrap_or_default()
    }

    /// Returns who sent it on behalf of the authors (RFC 5322 §3.6.2); empty if that is not said.
    #[must_use]
    pub fn sender(&self) -> AddressList {
        self.address_field("sender")
    }

    /// Returns where answers should go (RFC 5322 §3.6.2); empty if that is not said.
    #[must_use]
    pub fn reply_to(&self) -> AddressList {
        self.address_field("reply-to")
    }

    /// Returns the hidden recipients (RFC 5322 §3.6.3); empty if there are none.
    #[must_use]
    pub fn bcc(&self) -> AddressList {
        self.address_field("bcc")
    }

    fn address_field(&self, name: &str) -> AddressList {
        self.field(name).map(|field| field.addresses()).unwrap_or_default()
    }

    /// Returns where bounces go (RFC 5321 §4.4), if the last server said it.
    #[must_use]
    pub fn return_path(&self) -> Option<ReturnPath> {
        self.field("return-path")?.return_path()
    }

    /// Returns the mailing list that it came by (RFC 2919).
    #[must_use]
    pub fn list_id(&self) -> Option<ListId> {
        self.field("list-id")?.list_id()
    }

    /// Tells whether a program sent it (RFC 3834 §5); [`AutoSubmitted::No`] if that is not said.
    ///
    /// Programs do not answer what a program sent: two of them would never stop.
    #[must_use]
    pub fn auto_submitted(&self) -> AutoSubmitted {
        self.field("auto-submitted").map_or(AutoSubmitted::No, |field| field.auto_submitted())
    }
}

/// Reads octets of a header as text without line ends and other controls.
pub(crate) fn clean(octets: &[u8]) -> String {
    let text = charset::decode(b"", octets);
    text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect()
}

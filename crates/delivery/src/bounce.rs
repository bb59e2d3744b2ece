//! What a sender is told when a message did not arrive.
use alloc::string::String;
use core::fmt::Write;

use bytes::Bytes;
use mime::{Builder, MediaType};
use proto_core::Text;
use smtp_proto::Mailbox;

/// Begins the message that tells a sender who did not get what (RFC 5321 §6.1): the application
/// adds a Message-ID, writes it, and submits it to `to` from the null path.
///
/// `host` is our name, `header` the header of the message that did not arrive, `date` is now.
///
/// # Errors
/// A name or an address is none that a header can hold.
pub fn bounce(
    host: &str,
    date: mime::DateTime,
    to: &Mailbox,
    failed: &[(Mailbox, Text)],
    header: Bytes,
) -> Result<Builder, mime::ParseError> {
    let from = mime::AddrSpec::new("MAILER-DAEMON", host)?;
    let from = mime::Mailbox::new("Mail Delivery System", from);
    let to = mime::AddrSpec::new(&to.unquoted_local_part(), to.domain())?;
    let mut text = String::from(
        "Your message did not reach everybody it was for. Nothing more will be tried.\n",
    );
    for (recipient, why) in failed {
        // Writing to a String does not fail.
        let _ = write!(text, "\n{recipient}\n    {why}\n");
    }
    text.push_str("\nThe header of your message is attached.\n");
    let headers: MediaType = "text/rfc822-headers".parse()?;
    Ok(Builder::new(date)
        .from(from)
        .to(mime::Mailbox::new("", to))
        .subject("Undelivered mail returned to sender")
        .text(&text)
        .attach("header.txt", headers, header))
}

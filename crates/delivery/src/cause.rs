//! Why a recipient does not have the message.
use core::fmt;

use mime::report::StatusCode;
use proto_core::Text;
use smtp_proto::Reply;

/// Why a recipient does not have the message: for programs, for people, and who says so.
///
/// ```
/// use delivery::Cause;
/// use smtp_proto::Reply;
///
/// let reply = Reply::new(550, "5.1.1 No such user")?;
/// let cause = Cause::said(&reply, "mail.hamburger.edu");
/// assert_eq!(cause.status().to_string(), "5.1.1");
/// assert_eq!(cause.to_string(), "mail.hamburger.edu said: 550 5.1.1 No such user");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    status: StatusCode,
    words: Text,
    remote: Text,
}

impl Cause {
    /// Makes one in our own words.
    #[must_use]
    pub fn new(status: StatusCode, words: Text) -> Self {
        Self { status, words, remote: Text::default() }
    }

    /// Makes one of a server's reply; `host` is what we know the server by.
    #[must_use]
    pub fn said(reply: &Reply, host: &str) -> Self {
        let coded =
            reply.enhanced().and_then(|it| StatusCode::new(it.class, it.subject, it.detail));
        let plain = match reply.code() {
            500.. => StatusCode::PERMANENT,
            400.. => StatusCode::TRANSIENT,
            _ => StatusCode::SUCCESS,
        };
        let status = coded.unwrap_or(plain);
        Self { status, words: words(reply), remote: Text::new(host).unwrap_or_default() }
    }

    /// Returns why, for programs (RFC 3463).
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns why, for people: the server's reply, or words of our own.
    #[must_use]
    pub const fn words(&self) -> &Text {
        &self.words
    }

    /// Returns the server that said so, if it was one.
    #[must_use]
    pub fn remote(&self) -> Option<&Text> {
        Some(&self.remote).filter(|host| !host.as_bytes().is_empty())
    }

    pub(crate) fn restore(status: StatusCode, words: Text, remote: Text) -> Self {
        Self { status, words, remote }
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.remote() {
            Some(host) => write!(f, "{host} said: {}", self.words),
            None => fmt::Display::fmt(&self.words, f),
        }
    }
}

/// One of our own, known when the program is written.
pub(crate) const fn status(class: u8, subject: u16, detail: u16) -> StatusCode {
    StatusCode::new(class, subject, detail).expect("class 2, 4 or 5, and numbers below 1000")
}

pub(crate) fn own(code: StatusCode, words: &'static str) -> Cause {
    Cause::new(code, Text::from_static(words))
}

/// Somebody's words on one line.
pub(crate) fn words(from: &impl fmt::Display) -> Text {
    use alloc::string::ToString;
    let line = from.to_string().replace(|c: char| c.is_control(), " ");
    Text::new(&line).unwrap_or_default()
}

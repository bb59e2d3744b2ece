//! What a client's application hears about.
use bytes::Bytes;

use crate::{Condition, Fetch, RespText, Response, Tag};

/// What happened.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// The server is ready for TLS: do the handshake, then call `secured`.
    StartTls,
    /// The connection is as the configuration wants it, and the server's capabilities are known:
    /// log in, unless the [state](super::Session::state) says that this is done.
    Ready,
    /// The login succeeded, and the server's capabilities are known anew.
    LoggedIn(RespText),
    /// The server would not have us; one may try again.
    LoginRefused(RespText),
    /// The server said something: to a command, or unasked. A FETCH whose octets streamed has
    /// here the items after them.
    Response(Response),
    /// Octets of a message begin to stream. Here is the FETCH with the items that came before
    /// them, if they have not been told; the last item is the one whose content is
    /// [`Streamed`](crate::Content::Streamed).
    Body(Fetch),
    /// Octets of that item, as many as arrived at once. They share the buffer that they were read
    /// into: copy what is kept for long.
    Octets(Bytes),
    /// The server waits for octets of a message: give them by
    /// [`body`](super::Session::body).
    SendBody {
        /// The command that brings the message.
        tag: Tag,
        /// How many octets were announced.
        size: u64,
    },
    /// The server tells from here on what happens, until [`done`](super::Session::done) is called.
    Idling(Tag),
    /// All that follows is compressed: have the driver do that, which calls `compressed`.
    Compress,
    /// A command is over.
    Done {
        /// Which.
        tag: Tag,
        /// How it went.
        condition: Condition,
        /// Why.
        text: RespText,
    },
}

//! Drives any [`Machine`](crate::Machine) over any tokio stream.
//!
//! ```
//! use std::time::Duration;
//! use proto_core::tokio::{Driver, Error, Stream};
//! # use bytes::{Bytes, BytesMut};
//! # use proto_core::{Input, Instant, LineError, Machine, Step};
//! # #[derive(Default)]
//! # struct Upper { input: Input, output: BytesMut, owed: bool, eof: bool }
//! # impl Upper { fn answer(&mut self, line: &[u8]) { self.output.extend_from_slice(line); self.output.extend_from_slice(b"\r\n"); self.owed = false } }
//! # impl Machine for Upper {
//! #     type Event = Bytes;
//! #     type Error = LineError;
//! #     fn receive(&mut self, _: Instant, bytes: &[u8]) { self.input.push(bytes) }
//! #     fn receive_eof(&mut self) { self.eof = true }
//! #     fn poll(&mut self) -> Result<Step<Bytes>, LineError> {
//! #         if self.owed { return Ok(Step::Paused) }
//! #         match self.input.line(1000)? {
//! #             Some(line) => { self.owed = true; Ok(Step::Event(line)) }
//! #             None if self.eof => Ok(Step::Closed),
//! #             None => Ok(Step::NeedInput),
//! #         }
//! #     }
//! #     fn output(&mut self) -> &mut BytesMut { &mut self.output }
//! #     fn deadline(&self) -> Option<Instant> { None }
//! #     fn expire(&mut self, _: Instant) {}
//! #     fn secured(&mut self) {}
//! # }
//!
//! /// A whole server: each event is answered, after some thought.
//! async fn serve(stream: impl Stream) -> Result<(), Error<LineError>> {
//!     let mut driver = Driver::new(stream, |_now| Upper::default());
//!     while let Some(line) = driver.next().await? {
//!         let thought = async { line.to_ascii_uppercase() };
//!         let answer = driver.wait(thought).await?;
//!         driver.machine().answer(&answer);
//!     }
//!     Ok(())
//! }
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! #     use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! #     let (a, mut b) = tokio::io::duplex(64);
//! #     let server = tokio::spawn(serve(a));
//! #     b.write_all(b"hello\r\n").await.unwrap();
//! #     b.shutdown().await.unwrap();
//! #     let mut all = String::new();
//! #     b.read_to_string(&mut all).await.unwrap();
//! #     assert_eq!(all, "HELLO\r\n");
//! #     server.await.unwrap().unwrap();
//! # }
//! ```
mod accept;
mod driver;
mod shutdown;
#[cfg(test)]
mod tests;

pub use accept::{AcceptLimits, accept_loop};
pub use driver::{BoxStream, Driver, Stream, channel_binding};
pub use shutdown::Shutdown;
/// TLS: the rustls adapter whose types [`Driver::secure_server`] and
/// [`Driver::secure_client`] take.
pub use tokio_rustls as tls;

pub use crate::driver::{Direction, Error, Limits, Observer, random};

//! Reading and keeping mail over tokio's streams, in a few lines.
//!
//! ```no_run
//! use imap_proto::command::{Criteria, FetchItem, SearchKey};
//! use imap_proto::tokio::{Client, Error, Place, Security};
//! use imap_proto::{Mailbox, Section, client::Config};
//! use proto_core::tokio::tls::TlsConnector;
//! use sasl::Credentials;
//!
//! /// Writes all that is unseen into files.
//! async fn unseen(tls: &TlsConnector, bob: Credentials) -> Result<(), Error> {
//!     let place = Place::new("imap.example.org", Security::Tls);
//!     let mut client = Client::connect(&place, Config::default(), Some(tls), None).await?;
//!     client.login(bob).await?;
//!     client.select(Mailbox::INBOX).await?;
//!     if let Some(uids) = client.search(Criteria::from(SearchKey::Unseen)).await? {
//!         let all = FetchItem::BodySection { peek: true, section: Section::default(), partial: None };
//!         let mut fetching = client.fetch(&uids, all)?;
//!         while let Some(mut message) = fetching.next().await? {
//!             let name = format!("{}.eml", message.number());
//!             let file = tokio::fs::File::create(name).await.map_err(Error::Message)?;
//!             message.copy_to(file).await?;
//!         }
//!     }
//!     client.logout().await
//! }
//! ```
//!
//! Everything here is made of [`Driver`](proto_core::tokio::Driver) and the session; where it does
//! not fit, use those. To see the dialogue, give an observer.
mod client;
mod server;
#[cfg(all(test, unix))]
mod tests;

pub use client::{Client, Fetching, Idling, Message};
pub use server::{Handler, Responder, serve};

pub use crate::common::{
    Answer, Appended, Ending, Error, Listener, Place, Security, Selected, ServeError,
};

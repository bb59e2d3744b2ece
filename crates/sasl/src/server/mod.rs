//! The server's side.
mod claim;
mod exchange;

pub use claim::Claim;
pub use exchange::{Exchange, Step};

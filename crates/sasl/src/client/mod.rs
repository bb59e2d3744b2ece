//! The client's side.
mod exchange;
mod identity;
mod policy;

pub use exchange::Exchange;
pub use identity::Identity;
pub use policy::Policy;

#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;

mod bounce;
mod lane;
mod queue;
mod record;
mod route;
mod schedule;
mod verdict;

pub use bounce::bounce;
#[doc(no_inline)]
pub use proto_core;
pub use queue::{Action, Config, Full, JobId, Limits, Queue, Routed};
pub use record::{MessageId, Record};
pub use route::{NoRoute, Target, route};
pub use schedule::Schedule;
pub use verdict::Verdict;

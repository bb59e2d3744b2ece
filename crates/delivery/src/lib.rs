#![doc = include_str!("../README.md")]
#![no_std]
extern crate alloc;

mod action;
mod cause;
mod config;
mod dane;
mod der;
mod lane;
mod policies;
mod queue;
mod record;
mod report;
mod route;
mod schedule;
mod search;
mod security;
mod sts;
mod submission;
mod tls_report;
mod verdict;

pub use action::{Action, Answer, Hop, LinkId};
pub use cause::Cause;
pub use config::{Config, Limits, Transport, count_hops};
pub use dane::{DaneMatch, Tlsa, TlsaMatching, TlsaSelector, TlsaUsage, dane_matches};
#[doc(no_inline)]
pub use proto_core;
pub use queue::{Peer, Queue, Refusal, Statistics};
pub use record::{Held, MessageId, Record, Told};
pub use report::{Report, ReportedRecipient, Reporter};
pub use route::{NoRoute, Target, route};
pub use schedule::Schedule;
pub use security::Security;
pub use sts::{Policy, PolicyError, PolicyErrorKind, PolicyMode};
pub use submission::{Recipient, Submission};
pub use tls_report::{TlsFailure, TlsPolicy, TlsReport};
pub use verdict::{Handover, Verdict};

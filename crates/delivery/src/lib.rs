//! Outbound mail without I/O: queue, MX routing, retry and bounce.
#![no_std]
extern crate alloc;

//! DNS without I/O: messages, zones, an authority and resolvers as state machines.
#![no_std]
extern crate alloc;

//! SMTP without I/O: client and server sessions as state machines.
#![no_std]
extern crate alloc;

//! Internet messages: parse, inspect and build MIME without losing an octet.
#![no_std]
extern crate alloc;

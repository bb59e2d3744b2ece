//! IMAP without I/O: framing and values.
#![no_std]
extern crate alloc;

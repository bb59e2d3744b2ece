//! SASL exchanges without I/O, client and server, for SMTP, POP3 and IMAP.
#![no_std]
extern crate alloc;

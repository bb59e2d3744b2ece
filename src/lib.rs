//! Mail and DNS protocols without I/O.
#![no_std]

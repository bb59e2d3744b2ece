//! Checks that every store can be put to.

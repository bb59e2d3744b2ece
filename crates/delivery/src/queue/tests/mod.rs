//! The queue, driven by a world of a few lines.
mod crash;
mod properties;
mod reports;
mod routing;
mod security;
mod sending;
mod world;

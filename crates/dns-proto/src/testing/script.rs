//! Scripts as they are read.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::entry::Entry;

/// A whole script.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) config: String,
    pub(super) ranges: Vec<Range>,
    pub(super) steps: Vec<Step>,
    /// Whether state files of trust anchors are part of it.
    pub(super) autotrust: bool,
}

/// A server, and when it is alive.
#[derive(Debug)]
pub(super) struct Range {
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) addresses: Vec<IpAddr>,
    pub(super) entries: Vec<Entry>,
}

/// Something that happens.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) number: u32,
    pub(super) what: String,
    pub(super) arguments: Vec<String>,
    pub(super) entry: Option<Entry>,
}

/// Reads lines one by one.
pub(super) struct Lines<'t> {
    lines: Vec<&'t str>,
    at: usize,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        Self { lines: text.lines().collect(), at: 0 }
    }

    /// Returns the next line that says something, without its comment unless it is a record's.
    pub(super) fn next(&mut self) -> Option<&'t str> {
        loop {
            let line = self.lines.get(self.at)?.trim();
            self.at += 1;
            if !line.is_empty() && !line.starts_with(';') {
                return Some(line);
            }
        }
    }

    /// What is wrong, and where.
    pub(super) fn error(&self, what: &str) -> String {
        format!("line {}: {what}", self.at)
    }
}

/// Splits a line into words, up to a comment.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(';').next().unwrap_or_default().split_whitespace()
}

impl Script {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut script = Self::default();
        let body = match text.split_once("CONFIG_END") {
            Some((config, body)) => {
                script.config = config.to_string();
                body
            }
            None => text,
        };
        script.autotrust = script.config.contains("AUTOTRUST_FILE");
        let mut lines = Lines::new(body);
        while let Some(line) = lines.next() {
            let mut parts = words(line);
            match parts.next().unwrap_or_default() {
                "RANGE_BEGIN" => {
                    let mut number = || parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
                    let (first, last) = (number(), number());
                    script.ranges.push(read_range(first, last, &mut lines)?);
                }
                "STEP" => {
                    let number = parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
                    let what = parts.next().unwrap_or_default().to_string();
                    let arguments: Vec<String> = parts.map(ToString::to_string).collect();
                    let entry = match what.as_str() {
                        "QUERY" | "CHECK_ANSWER" | "CHECK_OUT_QUERY" | "REPLY" => {
                            Some(read_entry_after(&mut lines)?)
                        }
                        "CHECK_AUTOTRUST" => {
                            while lines.next().is_some_and(|line| line != "FILE_END") {}
                            None
                        }
                        _ => None,
                    };
                    script.steps.push(Step { number, what, arguments, entry });
                }
                _ => {}
            }
        }
        Ok(script)
    }
}

fn read_range(first: u32, last: u32, lines: &mut Lines<'_>) -> Result<Range, String> {
    let mut range = Range { first, last, addresses: Vec::new(), entries: Vec::new() };
    while let Some(line) = lines.next() {
        let mut parts = words(line);
        match parts.next().unwrap_or_default() {
            "ADDRESS" => range.addresses.extend(parts.filter_map(|it| it.parse::<IpAddr>().ok())),
            "ENTRY_BEGIN" => range.entries.push(Entry::parse(lines)?),
            "RANGE_END" => break,
            _ => {}
        }
    }
    Ok(range)
}

fn read_entry_after(lines: &mut Lines<'_>) -> Result<Entry, String> {
    while let Some(line) = lines.next() {
        if words(line).next() == Some("ENTRY_BEGIN") {
            return Entry::parse(lines);
        }
    }
    Err(lines.error("no entry"))
}

//! Scripts as they are read.
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::IpAddr;

use super::entry::Entry;
use crate::rdata::Rdata;

/// A whole script.
#[derive(Debug, Default)]
pub(super) struct Script {
    pub(super) title: String,
    pub(super) config: String,
    pub(super) ranges: Vec<Range>,
    pub(super) steps: Vec<Step>,
    /// State files of trust anchors.
    pub(super) files: Vec<File>,
}

/// A file that the resolver keeps, and how it is or should be.
#[derive(Clone, Debug)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) text: String,
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
    /// How a file should be.
    pub(super) file: Option<String>,
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

    /// Returns the lines up to one, whatever they say.
    fn until(&mut self, end: &str) -> String {
        let left = self.lines.iter().skip(self.at);
        let text: Vec<&str> = left.copied().take_while(|line| line.trim() != end).collect();
        self.at += text.len() + 1;
        text.join("\n")
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
        let (config, body) = text.split_once("CONFIG_END").unwrap_or(("", text));
        let mut script = Self { config: config.to_string(), ..Self::default() };
        script.files = files(config);
        let mut lines = Lines::new(body);
        while let Some(line) = lines.next() {
            let mut parts = words(line);
            match parts.next().unwrap_or_default() {
                "RANGE_BEGIN" => {
                    let mut number = || parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
                    let (first, last) = (number(), number());
                    script.ranges.push(read_range(first, last, &mut lines)?);
                }
                "SCENARIO_BEGIN" => script.title = parts.collect::<Vec<_>>().join(" "),
                "STEP" => script.steps.push(read_step(parts, &mut lines)?),
                _ => {}
            }
        }
        Ok(script)
    }

    /// Returns when the last of its signatures was made.
    pub(super) fn signed(&self) -> Option<u64> {
        let entries = self.ranges.iter().flat_map(|range| &range.entries);
        let records = entries.flat_map(|entry| &entry.records);
        let made = records.filter_map(|(_, record)| match record.data() {
            Rdata::Rrsig { inception, .. } => Some(u64::from(inception.0)),
            _ => None,
        });
        made.max()
    }
}

/// Finds the state files of trust anchors.
fn files(config: &str) -> Vec<File> {
    let (mut lines, mut files) = (Lines::new(config), Vec::new());
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("AUTOTRUST_FILE") {
            let name = name.trim().to_string();
            files.push(File { name, text: lines.until("AUTOTRUST_END") });
        }
    }
    files
}

fn read_step<'t>(
    mut parts: impl Iterator<Item = &'t str>,
    lines: &mut Lines<'t>,
) -> Result<Step, String> {
    let number = parts.next().and_then(|it| it.parse().ok()).unwrap_or(0);
    let what = parts.next().unwrap_or_default().to_string();
    let arguments = parts.map(ToString::to_string).collect();
    let (mut entry, mut file) = (None, None);
    match what.as_str() {
        "QUERY" | "CHECK_ANSWER" | "CHECK_OUT_QUERY" | "REPLY" => {
            entry = Some(read_entry_after(lines)?);
        }
        "CHECK_AUTOTRUST" => {
            lines.until("FILE_BEGIN");
            file = Some(lines.until("FILE_END"));
        }
        _ => {}
    }
    Ok(Step { number, what, arguments, entry, file })
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

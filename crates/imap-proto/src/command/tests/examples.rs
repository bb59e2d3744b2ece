//! The commands that RFCs print, as they print them; lines that they broke are joined.
use super::*;

const EXAMPLES: &str = include_str!("examples.txt");

fn examples() -> impl Iterator<Item = &'static str> {
    EXAMPLES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// Literals are written as `{n}\r\n` in the table.
fn octets(line: &str) -> Bytes {
    line.replace("\\r\\n", "\r\n").into()
}

#[test]
fn examples_are_read_and_written_again() {
    for line in examples() {
        let command =
            Command::parse(octets(line)).unwrap_or_else(|error| panic!("{line}: {error}"));
        let written = written(&command);
        assert_eq!(Command::parse(written.clone()).as_ref(), Ok(&command), "{line} {written:?}");
        let command = Command::parse(written.clone()).unwrap();
        assert_eq!(super::written(&command), written, "canonical: {line}");
    }
}

#[test]
fn examples_grown_octet_by_octet_are_commands_or_mistakes() {
    for line in examples() {
        let octets = octets(line);
        for length in 0..octets.len() {
            if let Ok(command) = Command::parse(octets.slice(..length)) {
                let written = written(&command);
                assert_eq!(Command::parse(written), Ok(command), "{line} {length}");
            }
        }
    }
}

#[test]
fn nothing_may_follow_a_command() {
    for line in examples() {
        for more in [" ", " x", ")", "\0", " (", "\""] {
            let mut octets = BytesMut::from(&octets(line)[..]);
            octets.extend_from_slice(more.as_bytes());
            let read = Command::parse(octets.freeze());
            // An argument more, or a longer word, is another command; it is never the same.
            assert_ne!(read.ok(), Command::parse(self::octets(line)).ok(), "{line}{more}");
        }
    }
}

#[test]
fn words_are_read_in_any_case() {
    for line in ["SELECT INBOX", "UID FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (DATE)])"] {
        let lower = Command::parse(line.to_ascii_lowercase().into());
        let upper = Command::parse(line.into());
        assert!(lower.is_ok() && upper.is_ok(), "{line}");
    }
}

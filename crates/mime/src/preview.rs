//! A first glance at a message.
use alloc::string::String;

use crate::Message;
use crate::bodies::readable;

impl Message<'_> {
    /// Returns up to 256 characters of its text for a list of messages (RFC 8621 §4.1.4
    /// `preview`): blanks and line ends are one space, and quoted lines, the lines that announce
    /// them and signatures are left out.
    ///
    /// ```
    /// let message = mime::Message::parse(b"\r\nYes,\r\n  gladly.\r\n> Lunch?\r\n-- \r\nBob\r\n");
    /// assert_eq!(message.preview(), "Yes, gladly.");
    /// ```
    #[must_use]
    pub fn preview(&self) -> String {
        let (mut out, mut room) = (String::new(), CHARACTERS);
        for part in self.bodies().text() {
            let text = readable(part);
            let mut lines = text.lines().peekable();
            while let Some(line) = lines.next().filter(|line| *line != "-- ") {
                let quoted = |line: &str| line.starts_with('>');
                // `On Monday, Alice wrote:` before what she wrote.
                let announces =
                    line.trim_end().ends_with(':') && lines.peek().is_some_and(|it| quoted(it));
                if quoted(line) || announces {
                    continue;
                }
                for word in line.split_whitespace() {
                    let space = if out.is_empty() { "" } else { " " };
                    for c in space.chars().chain(word.chars()) {
                        if room == 0 {
                            return out;
                        }
                        out.push(c);
                        room -= 1;
                    }
                }
            }
        }
        out
    }
}

/// RFC 8621 §4.1.4: a preview is at most 256 characters long.
const CHARACTERS: usize = 256;

#[cfg(test)]
mod tests {
    use alloc::format;

    use crate::Message;

    #[test]
    fn a_preview_has_256_characters_and_no_more() {
        for n in [255, 256, 257, 1000] {
            let octets =
                format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{}", "é".repeat(n));
            let preview = Message::parse(octets.as_bytes()).preview();
            assert_eq!(preview.chars().count(), n.min(256));
        }
    }

    #[test]
    fn html_is_made_readable_and_replies_lose_what_they_answer() {
        let octets = b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>A &amp; B</p>";
        assert_eq!(Message::parse(octets).preview(), "A & B");
        let octets = b"\r\nOn Monday, A wrote:\r\n> Hi\r\nHello\r\n";
        assert_eq!(Message::parse(octets).preview(), "Hello");
        assert_eq!(Message::parse(b"Content-Type: image/png\r\n\r\nx").preview(), "");
    }
}

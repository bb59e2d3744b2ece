//! Paragraphs of `format=flowed` text (RFC 3676).
use alloc::string::String;
use alloc::vec::Vec;

use crate::Part;

/// A paragraph, or a fixed line, of flowed text (RFC 3676 §4).
///
/// ```
/// use mime::{FlowedLine, read_flowed};
///
/// let lines = read_flowed("> Do you like \r\n> ketchup?\r\nYes!\r\n", false);
/// let shown: Vec<_> = lines.iter().map(|it| (it.quotes(), it.text())).collect();
/// assert_eq!(shown, [(1, "Do you like ketchup?"), (0, "Yes!")]);
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FlowedLine {
    quotes: usize,
    text: String,
    flowed: bool,
}

impl FlowedLine {
    /// Returns how often it is quoted.
    #[must_use]
    pub const fn quotes(&self) -> usize {
        self.quotes
    }

    /// Returns its text, without line ends, quote marks and stuffing.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Tells whether it was made of flowed lines: a paragraph that may be wrapped anew. Others
    /// are fixed.
    #[must_use]
    pub const fn is_flowed(&self) -> bool {
        self.flowed
    }
}

/// Reads flowed text, `del_sp` being what the type's `DelSp` says (RFC 3676 §4.4).
///
/// A paragraph ends where the depth of quotation changes, even if its last line is flowed, and
/// `-- ` stands alone (RFC 3676 §4.3, §4.5).
#[must_use]
pub fn read_flowed(text: &str, del_sp: bool) -> Vec<FlowedLine> {
    let (mut out, mut open) = (Vec::new(), None::<FlowedLine>);
    for line in text.split_inclusive('\n') {
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let content = line.trim_start_matches('>');
        let quotes = line.len() - content.len();
        // RFC 3676 §4.4: unstuff after the quote marks are gone.
        let content = content.strip_prefix(' ').unwrap_or(content);
        let signature = content == "-- ";
        if open.as_ref().is_some_and(|it| signature || it.quotes != quotes) {
            out.extend(open.take());
        }
        let flows = content.ends_with(' ') && !signature;
        let content =
            if flows && del_sp { content.strip_suffix(' ') } else { None }.unwrap_or(content);
        let paragraph = open.get_or_insert_with(|| FlowedLine { quotes, ..FlowedLine::default() });
        paragraph.text.push_str(content);
        paragraph.flowed |= flows;
        if !flows {
            out.extend(open.take());
        }
    }
    out.extend(open);
    out
}

impl Part<'_, '_> {
    /// Reads its text as paragraphs, if it says `text/plain; format=flowed` (RFC 3676 §4).
    #[must_use]
    pub fn flowed(&self) -> Option<Vec<FlowedLine>> {
        let kind = self.content_type();
        let says = |name: &str, value: &str| {
            kind.parameter(name).is_some_and(|it| it.trim().eq_ignore_ascii_case(value))
        };
        let flowed = kind.is("text", "plain") && says("format", "flowed");
        flowed.then(|| read_flowed(&self.text(), says("delsp", "yes")))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::Message;

    fn shown(text: &str, del_sp: bool) -> Vec<(usize, String, bool)> {
        let lines = read_flowed(text, del_sp);
        lines.into_iter().map(|it| (it.quotes, it.text, it.flowed)).collect()
    }

    fn line(quotes: usize, text: &str, flowed: bool) -> (usize, String, bool) {
        (quotes, text.into(), flowed)
    }

    /// RFC 3676 §4.5 and §5.
    #[test]
    fn the_examples_of_rfc_3676_are_read() {
        let text = ">> I've run into \r\n>> trouble \r\n>> here.\r\n> That happens \r\nYes.\r\n";
        let expected = [
            line(2, "I've run into trouble here.", true),
            line(1, "That happens ", true),
            line(0, "Yes.", false),
        ];
        assert_eq!(shown(text, false), expected);
        let text = ">>>> Exit, Stage Left\n>>> Take some \n>>> more tea.\n>> Thou art a villainous \n>> ill-breeding spongy dizzy-eyed \n>> reeky elf-skinned pigeon-egg!\n";
        let expected = [
            line(4, "Exit, Stage Left", false),
            line(3, "Take some more tea.", true),
            line(
                2,
                "Thou art a villainous ill-breeding spongy dizzy-eyed reeky elf-skinned pigeon-egg!",
                true,
            ),
        ];
        assert_eq!(shown(text, false), expected);
    }

    #[test]
    fn lines_are_unstuffed_and_joined() {
        for (text, del_sp, expected) in [
            ("", false, vec![]),
            ("a", false, vec![line(0, "a", false)]),
            (
                " From x\n  y\n >z\n",
                false,
                vec![line(0, "From x", false), line(0, " y", false), line(0, ">z", false)],
            ),
            (
                "a \n-- \nb\n",
                false,
                vec![line(0, "a ", true), line(0, "-- ", false), line(0, "b", false)],
            ),
            ("> a \n> -- \n", false, vec![line(1, "a ", true), line(1, "-- ", false)]),
            ("ab \ncd  \ne\n", true, vec![line(0, "abcd e", true)]),
            ("a \n\nb", false, vec![line(0, "a ", true), line(0, "b", false)]),
        ] {
            assert_eq!(shown(text, del_sp), expected, "{text:?}");
        }
    }

    #[test]
    fn only_flowed_parts_are_read_so() {
        let octets = b"Content-Type: text/plain; Format=Flowed; DelSp=Yes\r\n\r\na \r\nb";
        assert_eq!(Message::parse(octets).root().flowed().unwrap()[0].text(), "ab");
        assert_eq!(Message::parse(b"\r\na \r\nb").root().flowed(), None);
    }
}

//! The subject without `Re:` and its like (RFC 5256 §2.1).
use alloc::string::String;

/// What a subject is about (RFC 5256 §2.1), by which messages are sorted and threaded.
///
/// ```
/// use mime::BaseSubject;
///
/// let base = BaseSubject::new("Re: [crepes] Fwd: Lunch  today (fwd)");
/// assert_eq!((base.as_str(), base.is_reply()), ("Lunch today", true));
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BaseSubject {
    text: String,
    reply: bool,
}

impl BaseSubject {
    /// Takes the artifacts off a decoded subject, as [`Field::text`](crate::Field::text) gives it.
    #[must_use]
    pub fn new(subject: &str) -> Self {
        let mut text = String::with_capacity(subject.len());
        // Step 1, and blanks at the ends, which steps 2 and 3 would remove.
        for word in subject.split([' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()) {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(word);
        }
        let (mut base, mut reply) = (text.as_str(), false);
        loop {
            base = strip_trailers(base, &mut reply);
            base = strip_leaders(base, &mut reply);
            // Step 6. The brackets are those that mailers put around what they forward.
            let Some(inner) = strip_prefix(base, "[fwd:").and_then(|it| it.strip_suffix(']'))
            else {
                break;
            };
            (base, reply) = (inner, true);
        }
        Self { text: base.into(), reply }
    }

    /// Returns the text. Compare it without regard to case (RFC 5256 §5, `i;unicode-casemap`).
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Tells whether it is of an answer or of something forwarded: threads are joined by such
    /// subjects only (RFC 5256 §3).
    #[must_use]
    pub const fn is_reply(&self) -> bool {
        self.reply
    }
}

/// Step 2: `subj-trailer`.
fn strip_trailers<'t>(mut text: &'t str, reply: &mut bool) -> &'t str {
    loop {
        text = text.trim_ascii_end();
        let Some(at) = text.len().checked_sub(5) else { return text };
        match text.split_at_checked(at) {
            Some((rest, trailer)) if trailer.eq_ignore_ascii_case("(fwd)") => {
                (text, *reply) = (rest, true);
            }
            _ => return text,
        }
    }
}

/// Steps 3 to 5: `subj-leader` and `subj-blob`. A run of blobs is read once, whether or not
/// `Re:` follows it.
fn strip_leaders<'t>(mut text: &'t str, reply: &mut bool) -> &'t str {
    loop {
        text = text.trim_ascii_start();
        let (mut rest, mut last) = (text, text);
        while let Some(after) = strip_blob(rest) {
            (last, rest) = (rest, after);
        }
        if let Some(after) = strip_word(rest) {
            (text, *reply) = (after, true);
        } else {
            // Step 4: something must be left, if it is the last blob.
            return if rest.is_empty() { last } else { rest };
        }
    }
}

/// `subj-blob`: brackets with none inside, and blanks.
fn strip_blob(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('[')?;
    let (_, rest) = inner.split_at_checked(inner.find(['[', ']'])?)?;
    Some(rest.strip_prefix(']')?.trim_ascii_start())
}

/// `subj-refwd`: `re`, `fw` or `fwd`, perhaps a blob, and a colon.
fn strip_word(text: &str) -> Option<&str> {
    let rest = ["re", "fwd", "fw"].iter().find_map(|word| strip_prefix(text, word))?;
    let rest = rest.trim_ascii_start();
    strip_blob(rest).unwrap_or(rest).strip_prefix(':')
}

fn strip_prefix<'t>(text: &'t str, prefix: &str) -> Option<&'t str> {
    let (head, rest) = text.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_removed_as_rfc_5256_says() {
        for (subject, expected, reply) in [
            ("Lunch", "Lunch", false),
            ("Re: Lunch", "Lunch", true),
            ("RE : re:Re: Lunch", "Lunch", true),
            ("Re[2]: Lunch", "Lunch", true),
            ("Re [2] : Lunch", "Lunch", true),
            ("Fw: FWD: Lunch", "Lunch", true),
            ("[list] Lunch", "Lunch", false),
            ("[list] [two] Re: [three] Lunch", "Lunch", true),
            ("[list]", "[list]", false),
            ("[a] [b]", "[b]", false),
            ("[a] Re: [b]", "[b]", true),
            ("Lunch (fwd) (FWD)", "Lunch", true),
            ("[Fwd: Lunch]", "Lunch", true),
            ("[fwd: Re: [x] Lunch (fwd)] (fwd)", "Lunch", true),
            ("[Fwd: [Fwd: Lunch]]", "Lunch", true),
            ("[Fwd: Lunch", "[Fwd: Lunch", false),
            ("[a [b] Lunch", "[a [b] Lunch", false),
            ("Reply: Lunch", "Reply: Lunch", false),
            ("Re", "Re", false),
            ("Re:", "", true),
            ("  a \t b\r\n c ", "a b c", false),
            ("Ré: x", "Ré: x", false),
            ("", "", false),
            ("(fwd)", "", true),
        ] {
            let base = BaseSubject::new(subject);
            assert_eq!((base.as_str(), base.is_reply()), (expected, reply), "{subject}");
        }
    }

    #[test]
    fn long_runs_of_artifacts_are_removed_in_no_time() {
        for piece in ["re:", "[a]", "[", "re[", "(fwd)", "[fwd:", "re [a]", "[a] re:"] {
            let _ = BaseSubject::new(&piece.repeat(200_000));
            let nested = piece.repeat(50_000) + &"]".repeat(50_000);
            let _ = BaseSubject::new(&nested);
        }
    }
}

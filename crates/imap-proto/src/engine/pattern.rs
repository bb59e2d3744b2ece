//! Patterns of LIST (RFC 9051 §6.3.9).

/// Whether a name matches a pattern, in which `*` stands for anything, and `%` for anything without
/// the delimiter. INBOX matches in any case of letters.
///
/// Takes time in proportion to the product of both lengths, however many wildcards there are.
pub(super) fn matches(pattern: &str, name: &str, delimiter: Option<char>) -> bool {
    let inbox = name == "INBOX";
    let same = |one: char, other: char| one == other || inbox && one.eq_ignore_ascii_case(&other);
    // Where the last `*` and the last `%` were, and up to where of the name each has reached.
    let (mut star, mut percent) = (None, None);
    let (mut pattern, mut rest) = (pattern.chars(), name.chars());
    loop {
        let mut after = pattern.clone();
        match after.next() {
            Some('*') => {
                (star, percent) = (Some((after.clone(), rest.clone())), None);
                pattern = after;
                continue;
            }
            Some('%') => {
                percent = Some((after.clone(), rest.clone()));
                pattern = after;
                continue;
            }
            Some(wanted) => {
                let mut next = rest.clone();
                if next.next().is_some_and(|c| same(wanted, c)) {
                    (pattern, rest) = (after, next);
                    continue;
                }
            }
            None if rest.as_str().is_empty() => return true,
            None => {}
        }
        // It did not go on: the last wildcard takes one character more, if it can.
        if let Some((after, reached)) = &mut percent {
            let next = reached.next();
            if next.is_some_and(|c| Some(c) != delimiter) {
                (pattern, rest) = (after.clone(), reached.clone());
                continue;
            }
            percent = None;
        }
        let Some((after, reached)) = &mut star else { return false };
        if reached.next().is_none() {
            return false;
        }
        (pattern, rest) = (after.clone(), reached.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_names() {
        for (pattern, name, is_match) in [
            ("*", "a/b/c", true),
            ("%", "a/b", false),
            ("%", "a", true),
            ("%/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("*c", "a/b/c", true),
            ("a%c", "abbc", true),
            ("a%c", "ab/c", false),
            ("*%", "a/b", true),
            ("%*", "a/b", true),
            ("inbox", "INBOX", true),
            ("Inbox/x", "INBOX/x", false),
            ("box", "INBOX", false),
            ("", "", true),
            ("", "a", false),
            ("*a*b*", "xaxxb", true),
            ("*/%b", "a/ab/cb", true),
        ] {
            assert_eq!(matches(pattern, name, Some('/')), is_match, "{pattern} {name}");
        }
        assert!(matches("%", "a/b", None));
    }

    #[test]
    fn wildcards_do_not_multiply() {
        let pattern = "*a%".repeat(2_000);
        assert!(!matches(&pattern, &"a/".repeat(1_000), Some('/')));
    }

    proptest! {
        #[test]
        fn a_match_is_what_the_definition_says(pattern in "[ab/*%]{0,8}", name in "[ab/]{0,8}") {
            fn slow(pattern: &str, name: &str) -> bool {
                let Some(first) = pattern.chars().next() else { return name.is_empty() };
                let rest = &pattern[1..];
                match first {
                    '*' => (0..=name.len()).any(|at| slow(rest, &name[at..])),
                    '%' => (0..=name.len()).take_while(|at| !name[..*at].contains('/')).any(|at| slow(rest, &name[at..])),
                    c => name.starts_with(c) && slow(rest, &name[1..]),
                }
            }
            let name: String = name;
            prop_assert_eq!(matches(&pattern, &name, Some('/')), slow(&pattern, &name));
        }
    }
}

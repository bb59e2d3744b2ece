//! Names for files that strangers name.
use alloc::string::String;

/// Makes a file name of what a stranger suggests: one that stays in its folder, on every system.
///
/// Folders are cut off; controls, marks that turn the direction of writing and what Windows
/// forbids become `_`; leading dots, and trailing dots and blanks, are gone; device names of
/// Windows get a `_`; it is 255 octets long at most and keeps its extension. What has nothing
/// left is `attachment`.
///
/// ```
/// use mime::safe_file_name;
///
/// assert_eq!(safe_file_name("../../etc/passwd"), "passwd");
/// assert_eq!(safe_file_name("C:\\crêpe?.png"), "crêpe_.png");
/// assert_eq!(safe_file_name(".."), "attachment");
/// ```
#[must_use]
pub fn safe_file_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut out: String = name.chars().map(|c| if is_unsafe(c) { '_' } else { c }).collect();
    let trimmed = out.trim().trim_start_matches('.').trim_end_matches(['.', ' ']).trim_start();
    out = String::from(trimmed);
    if out.is_empty() {
        return String::from("attachment");
    }
    let stem = out.split('.').next().unwrap_or_default().trim_end();
    if is_device(stem) {
        out.insert(0, '_');
    }
    shorten(&mut out);
    out
}

fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\u{fffd}')
        // Marks of direction and isolates: `exe.gpj` is shown as `jpg.exe`.
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Names that Windows opens as devices, whatever their extension.
fn is_device(stem: &str) -> bool {
    if ["con", "prn", "aux", "nul"].iter().any(|it| stem.eq_ignore_ascii_case(it)) {
        return true;
    }
    let Some((word, number)) = stem.split_at_checked(3) else { return false };
    let serial = ["com", "lpt"].iter().any(|it| word.eq_ignore_ascii_case(it));
    serial && matches!(number.as_bytes(), [b'1'..=b'9'])
}

/// Cuts before the extension, if that is short, to what file systems take.
fn shorten(name: &mut String) {
    const OCTETS: usize = 255;
    if name.len() <= OCTETS {
        return;
    }
    let extension = name.rfind('.').and_then(|at| name.get(at..)).filter(|it| it.len() <= 32);
    let extension = String::from(extension.unwrap_or_default());
    let mut end = OCTETS - extension.len();
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name.push_str(&extension);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_safe() {
        for (name, expected) in [
            ("a.txt", "a.txt"),
            ("/a/b.txt", "b.txt"),
            ("a/", "attachment"),
            ("", "attachment"),
            ("...", "attachment"),
            (".bashrc", "bashrc"),
            ("a. . ", "a"),
            ("con.txt", "_con.txt"),
            ("COM1", "_COM1"),
            ("com0", "com0"),
            ("a\0b\r\nc", "a_b__c"),
            ("a\u{202e}gpj.exe", "a_gpj.exe"),
            ("a:b|c", "a_b_c"),
        ] {
            assert_eq!(safe_file_name(name), expected, "{name:?}");
            assert_eq!(safe_file_name(expected), expected, "safe names stay");
        }
    }

    #[test]
    fn long_names_are_cut_at_a_character_and_keep_their_extension() {
        for n in [250, 251, 252, 1000] {
            let name = alloc::format!("{}.png", "x".repeat(n));
            let safe = safe_file_name(&name);
            assert_eq!(safe.len(), (n + 4).min(255));
            assert!(safe.ends_with(".png"));
        }
        assert_eq!(safe_file_name(&"é".repeat(128)).len(), 254);
    }
}

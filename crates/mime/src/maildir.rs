//! Names of files in a Maildir.
use core::fmt;

/// The name of a message's file in a Maildir: a unique name, and flags after `:2,`.
///
/// Where `:` cannot be in file names, writers use `;` or `!`, which are read as well.
///
/// ```
/// use mime::{MaildirFlag, MaildirName};
///
/// let name = MaildirName::new("1763800000.M1P2.crepes.fr,S=2043:2,FS");
/// assert_eq!(name.unique(), "1763800000.M1P2.crepes.fr,S=2043");
/// assert!(name.has(MaildirFlag::Seen) && !name.has(MaildirFlag::Trashed));
/// assert_eq!((name.seconds(), name.size()), (Some(1_763_800_000), Some(2043)));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MaildirName<'a> {
    unique: &'a str,
    flags: Option<&'a str>,
}

/// A flag of a message in a Maildir. Closed: other capitals are reserved, and small letters are
/// keywords that [`MaildirName::keywords`] gives.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MaildirFlag {
    /// `D`: a draft.
    Draft,
    /// `F`: marked by the user.
    Flagged,
    /// `P`: resent, forwarded or bounced.
    Passed,
    /// `R`: answered.
    Replied,
    /// `S`: read.
    Seen,
    /// `T`: to be deleted.
    Trashed,
}

impl MaildirFlag {
    /// All flags, in the order of their letters, in which they stand in a name.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Flagged, Self::Passed, Self::Replied, Self::Seen, Self::Trashed];

    /// Returns its letter.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Draft => 'D',
            Self::Flagged => 'F',
            Self::Passed => 'P',
            Self::Replied => 'R',
            Self::Seen => 'S',
            Self::Trashed => 'T',
        }
    }
}

impl<'a> MaildirName<'a> {
    /// Reads a file name, without its folder. Names without flags, as in `new`, are whole names.
    #[must_use]
    pub fn new(name: &'a str) -> Self {
        // The last one: unique names may have the mark.
        let mark = name.rfind([':', ';', '!']).and_then(|at| {
            let (unique, info) = name.split_at_checked(at)?;
            Some((unique, info.get(1..)?.strip_prefix("2,")?))
        });
        match mark {
            Some((unique, flags)) => Self { unique, flags: Some(flags) },
            None => Self { unique: name, flags: None },
        }
    }

    /// Returns what the message keeps while its flags change.
    #[must_use]
    pub const fn unique(&self) -> &'a str {
        self.unique
    }

    /// Returns the flags as they are spelled; `None` if the name has no place for them.
    #[must_use]
    pub const fn flags(&self) -> Option<&'a str> {
        self.flags
    }

    /// Tells whether it has the flag.
    #[must_use]
    pub fn has(&self, flag: MaildirFlag) -> bool {
        self.flags.is_some_and(|flags| flags.contains(flag.letter()))
    }

    /// Iterates over the keywords, `a` to `z`, whose meaning Dovecot keeps beside the messages.
    pub fn keywords(&self) -> impl Iterator<Item = char> + use<'a> {
        self.flags.unwrap_or_default().chars().filter(char::is_ascii_lowercase)
    }

    /// Returns when it was delivered, in seconds since 1970, which unique names begin with.
    #[must_use]
    pub fn seconds(&self) -> Option<u64> {
        self.unique.split('.').next()?.parse().ok()
    }

    /// Returns the octets of the message, if the name says them (`,S=`, from Maildir++).
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        self.unique.split(',').find_map(|it| it.strip_prefix("S=")?.parse().ok())
    }
}

impl fmt::Display for MaildirName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.unique)?;
        self.flags.map_or(Ok(()), |flags| write!(f, ":2,{flags}"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    #[test]
    fn names_are_split_at_the_last_mark() {
        for (name, unique, flags, keywords) in [
            ("1.2.h:2,", "1.2.h", Some(""), ""),
            ("1.2.h:2,FSa", "1.2.h", Some("FSa"), "a"),
            ("1.2.h;2,S", "1.2.h", Some("S"), ""),
            ("1.2.h!2,S", "1.2.h", Some("S"), ""),
            ("1.2.h", "1.2.h", None, ""),
            ("1.2.h:1,x", "1.2.h:1,x", None, ""),
            ("1:2,.h:2,T", "1:2,.h", Some("T"), ""),
            ("é:2,é", "é", Some("é"), ""),
            ("", "", None, ""),
            (":", ":", None, ""),
        ] {
            let read = MaildirName::new(name);
            assert_eq!((read.unique(), read.flags()), (unique, flags), "{name}");
            assert_eq!(read.keywords().collect::<String>(), keywords);
            assert_eq!(MaildirName::new(&read.to_string()), read);
        }
    }

    #[test]
    fn every_flag_has_its_letter() {
        let name = MaildirName::new("x:2,DFPRST");
        assert!(MaildirFlag::ALL.iter().all(|flag| name.has(*flag)));
        assert!(!MaildirFlag::ALL.iter().any(|flag| MaildirName::new("DFPRST").has(*flag)));
    }
}

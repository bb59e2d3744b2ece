//! Short names, and how they are completed.
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::error::ParseError;
use crate::name::Name;

/// A host or a domain as somebody says it: perhaps shortly, with the rest to be guessed.
///
/// ```
/// use dns_proto::stub::{Host, ToHost};
///
/// assert!(!"www".to_host()?.is_absolute());
/// assert!("www.poly.edu.".to_host()?.is_absolute());
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Host {
    name: Name,
    absolute: bool,
    address: Option<IpAddr>,
}

impl Host {
    /// Returns the name as it was said.
    #[must_use]
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// Whether the name is whole: a [`Name`] always is, text if a dot is at its end.
    #[must_use]
    pub const fn is_absolute(&self) -> bool {
        self.absolute
    }

    /// Returns the address, if one was said in the place of a name.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

impl From<Name> for Host {
    fn from(name: Name) -> Self {
        Self { name, absolute: true, address: None }
    }
}

/// What says a host or a domain: text, or a [`Name`].
pub trait ToHost {
    /// Returns the host.
    ///
    /// # Errors
    ///
    /// When the text is no name.
    fn to_host(&self) -> Result<Host, ParseError>;
}

impl ToHost for str {
    fn to_host(&self) -> Result<Host, ParseError> {
        let name: Name = self.parse()?;
        // `\.` belongs to a label, and `\\.` does not.
        let escapes =
            self.strip_suffix('.').map(|rest| rest.len() - rest.trim_end_matches('\\').len());
        let absolute = escapes.is_some_and(|escapes| escapes.is_multiple_of(2));
        Ok(Host { name, absolute, address: self.parse().ok() })
    }
}

impl ToHost for String {
    fn to_host(&self) -> Result<Host, ParseError> {
        self.as_str().to_host()
    }
}

impl ToHost for Name {
    fn to_host(&self) -> Result<Host, ParseError> {
        Ok(self.clone().into())
    }
}

impl ToHost for Host {
    fn to_host(&self) -> Result<Host, ParseError> {
        Ok(self.clone())
    }
}

impl<T: ToHost + ?Sized> ToHost for &T {
    fn to_host(&self) -> Result<Host, ParseError> {
        (**self).to_host()
    }
}

/// How short names are completed (RFC 1535, resolv.conf(5)).
///
/// The names are tried in turn until one has data. That a name does not exist, or has no such
/// data, leads to the next; a failure ends the search, lest a server's bad hour make a name mean
/// another host. (So does musl; glibc goes on after SERVFAIL.)
///
/// ```
/// use dns_proto::stub::{Search, ToHost};
///
/// let search = Search { domains: vec!["poly.edu".parse()?], dots: 1 };
/// let names = |said: &str| {
///     let names = search.candidates(&said.to_host()?);
///     Ok::<_, dns_proto::ParseError>(names.iter().map(|name| name.to_string()).collect::<Vec<_>>())
/// };
/// assert_eq!(names("www")?, ["www.poly.edu.", "www."]);
/// assert_eq!(names("www.cis")?, ["www.cis.", "www.cis.poly.edu."]);
/// assert_eq!(names("www.")?, ["www."]);
/// # Ok::<(), dns_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Search {
    /// The domains that are put behind a name, in turn.
    pub domains: Vec<Name>,
    /// With so many dots or more, a name is tried as it is first; with fewer, last (`ndots`).
    pub dots: u8,
}

impl Default for Search {
    fn default() -> Self {
        Self { domains: Vec::new(), dots: 1 }
    }
}

impl Search {
    /// Returns the names that a host may mean, the likeliest first. What would be too long is left
    /// out.
    #[must_use]
    pub fn candidates(&self, host: &Host) -> Vec<Name> {
        let own = host.name().clone();
        if host.is_absolute() || own.is_root() {
            return vec![own];
        }
        let longer = self
            .domains
            .iter()
            .filter_map(|domain| Name::from_labels(own.labels().chain(domain.labels())).ok());
        let mut names: Vec<Name> = longer.filter(|name| *name != own).collect();
        let dots = own.labels().count() - 1;
        let place = if dots >= usize::from(self.dots) { 0 } else { names.len() };
        names.insert(place, own);
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn names(dots: u8, said: &str) -> String {
        let domains = ["cis.poly.edu", ".", "edu."].map(|domain| domain.parse().unwrap()).to_vec();
        let search = Search { domains, dots };
        let names = search.candidates(&said.to_host().unwrap());
        names.iter().map(Name::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_are_tried_as_resolv_conf_says() {
        for (dots, said, tried) in [
            (1, "www", "www.cis.poly.edu. www.edu. www."),
            (0, "www", "www. www.cis.poly.edu. www.edu."),
            (1, "www.x", "www.x. www.x.cis.poly.edu. www.x.edu."),
            (2, "www.x", "www.x.cis.poly.edu. www.x.edu. www.x."),
            (2, "www.x.y", "www.x.y. www.x.y.cis.poly.edu. www.x.y.edu."),
            (9, "www.x.", "www.x."),
            (1, ".", "."),
            (1, r"www\.", r"www\..cis.poly.edu. www\..edu. www\.."),
            (1, r"www\\.", r"www\\."),
        ] {
            assert_eq!(names(dots, said), tried, "{said}");
        }
    }

    #[test]
    fn what_becomes_too_long_is_not_tried() {
        let label = "x".repeat(63);
        let said = [label.as_str(), &label, &label, &"x".repeat(57)].join(".");
        assert_eq!(names(1, &said), [&said, ". ", &said, ".edu."].concat().trim());
    }

    #[test]
    fn addresses_and_names_are_told_apart() {
        for (said, is_address) in [("192.0.2.1", true), ("::1", true), ("192.0.2.1.", false)] {
            assert_eq!(said.to_host().unwrap().address().is_some(), is_address);
        }
        assert!("a..b".to_host().is_err());
    }
}

//! Lists that are never empty.
use alloc::{vec, vec::Vec};
use core::ops::Deref;

/// A list with something in it, as most of IMAP's lists are: there is no `()` for them.
///
/// ```
/// use imap_proto::OneOrMore;
///
/// assert_eq!(OneOrMore::new(vec![1, 2]).map(|list| list.len()), Some(2));
/// assert_eq!(OneOrMore::<u8>::new(vec![]), None);
/// assert_eq!(*OneOrMore::from(7), [7]);
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OneOrMore<T>(Vec<T>);

impl<T> OneOrMore<T> {
    /// Makes a list; `None` of nothing.
    #[must_use]
    pub fn new(items: Vec<T>) -> Option<Self> {
        (!items.is_empty()).then_some(Self(items))
    }

    /// Appends an item.
    pub fn push(&mut self, item: T) {
        self.0.push(item);
    }
}

impl<T> From<T> for OneOrMore<T> {
    fn from(item: T) -> Self {
        Self(vec![item])
    }
}

impl<T> Deref for OneOrMore<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T> IntoIterator for OneOrMore<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T> From<OneOrMore<T>> for Vec<T> {
    fn from(items: OneOrMore<T>) -> Self {
        items.0
    }
}

impl<'a, T> IntoIterator for &'a OneOrMore<T> {
    type Item = &'a T;
    type IntoIter = core::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

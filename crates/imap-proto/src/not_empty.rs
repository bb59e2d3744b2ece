//! Lists with something in them are used as lists.
use alloc::vec::{self, Vec};
use core::ops::Deref;

use crate::NotEmpty;

impl<T> From<T> for NotEmpty<T> {
    fn from(item: T) -> Self {
        Self::one(item)
    }
}

impl<T> From<NotEmpty<T>> for Vec<T> {
    fn from(items: NotEmpty<T>) -> Self {
        items.into_vec()
    }
}

impl<T> Deref for NotEmpty<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T> IntoIterator for NotEmpty<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.into_vec().into_iter()
    }
}

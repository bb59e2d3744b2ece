//! Connections for reading, which are used again.
use std::sync::Mutex;

use super::lock;
use crate::database::{Connection, Failure, Url};

/// How many connections are kept for later.
const KEPT: usize = 16;

/// Connections for reading.
pub(super) struct Readers {
    url: Url,
    idle: Mutex<Vec<Box<dyn Connection>>>,
}

impl Readers {
    pub(super) fn new(url: Url, first: Box<dyn Connection>) -> Self {
        Self { url, idle: Mutex::new(vec![first]) }
    }

    /// Asks something. A connection that failed is not used again; one that has only told us what
    /// cannot be is.
    pub(super) fn read<T>(
        &self,
        ask: impl FnOnce(&mut dyn Connection) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let idle = lock(&self.idle).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.url.open()?,
        };
        let answer = ask(&mut *connection);
        if matches!(answer, Ok(_) | Err(Failure::Refused(_))) {
            let mut idle = lock(&self.idle);
            if idle.len() < KEPT {
                idle.push(connection);
            }
        }
        answer
    }
}

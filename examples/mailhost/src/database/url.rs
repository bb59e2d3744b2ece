//! Where a database is.
use std::path::{Path, PathBuf};

use super::{Changed, Connection, Failure, postgres, postgres::Postgres, sqlite::Sqlite};

/// Where a database is.
#[derive(Clone, Debug)]
pub(crate) enum Url {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Url {
    /// Reads `--store`: `postgres://…`, `sqlite:FILE`, or nothing, for a file in the data directory.
    pub(crate) fn new(store: Option<&str>, directory: &Path) -> Result<Self, String> {
        match store {
            None => Ok(Self::Sqlite(directory.join("mail.sqlite"))),
            Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
                Ok(Self::Postgres(url.into()))
            }
            Some(url) => match url.strip_prefix("sqlite:") {
                Some(path) => Ok(Self::Sqlite(path.into())),
                // It may have a password.
                None => {
                    let scheme = url.split(':').next().unwrap_or_default();
                    Err(format!("--store {scheme}:…: say postgres://… or sqlite:FILE"))
                }
            },
        }
    }

    /// Opens a connection.
    pub(crate) fn open(&self) -> Result<Box<dyn Connection>, Failure> {
        Ok(match self {
            Self::Sqlite(path) => Box::new(Sqlite::open(path)?),
            Self::Postgres(url) => Box::new(Postgres::open(url)?),
        })
    }

    /// Whether other programs may change what is in it.
    pub(crate) const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Hears of changes that programs make, until the connection is lost: first of nothing in
    /// particular, once it listens.
    pub(crate) fn listen(&self, changed: impl FnMut(Option<Changed>)) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(url) => postgres::listen(url, changed),
        }
    }
}

//! SQLite, in a file of the data directory.
use std::path::Path;

use rusqlite::{
    ErrorCode,
    config::DbConfig,
    params_from_iter,
    types::{ToSqlOutput, ValueRef},
};

use super::{Changed, Connection, Failure, Row, Types, Value};

/// How long a connection waits for another one that writes, in milliseconds.
const PATIENCE: u32 = 30_000;

/// A connection to a file.
pub(super) struct Sqlite(rusqlite::Connection);

impl Sqlite {
    /// Opens the file, or makes it.
    ///
    /// The journal is a write-ahead log, so that reading waits for nobody; and a commit is on the
    /// disk when it returns (`synchronous=FULL`).
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let connection = rusqlite::Connection::open(path)?;
        connection.execute_batch(&format!(
            "PRAGMA busy_timeout={PATIENCE}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; \
             PRAGMA cache_size=-8192; PRAGMA temp_store=MEMORY;"
        ))?;
        // Else statements are planned again for each range that they are asked for.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        connection.set_prepared_statement_cache_capacity(128);
        Ok(Self(connection))
    }
}

impl Connection for Sqlite {
    fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        Ok(self.0.execute_batch(sql)?)
    }

    fn run(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failure> {
        let changed = self.0.prepare_cached(sql)?.execute(params_from_iter(parameters))?;
        Ok(changed.try_into().unwrap_or(u64::MAX))
    }

    fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Failure> {
        let mut statement = self.0.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(parameters))?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            let read = |column| row.get_ref(column).map_err(Failure::from).and_then(value);
            out.push(Row((0..columns).map(read).collect::<Result<_, _>>()?));
        }
        Ok(out)
    }

    fn announce(&mut self, _change: Changed) -> Result<(), Failure> {
        // The directory is locked: there is nobody else.
        Ok(())
    }

    fn types(&self) -> Types {
        Types { blob: "BLOB", identity: "INTEGER PRIMARY KEY AUTOINCREMENT" }
    }
}

fn value(value: ValueRef<'_>) -> Result<Value, Failure> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => {
            Value::Text(String::from_utf8(text.to_vec()).map_err(|_| Failure::Damaged)?)
        }
        ValueRef::Blob(octets) => Value::Blob(octets.to_vec()),
        ValueRef::Real(_) => return Err(Failure::Damaged),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(octets) => ValueRef::Blob(octets),
        }))
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Conflict,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Damaged,
            _ => Self::Broken(error.into()),
        }
    }
}

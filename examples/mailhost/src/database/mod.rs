//! Two databases behind one way to ask them.
//!
//! Both read the same SQL: parameters are `$1`, `$2`, … and appear for the first time in that
//! order, since SQLite numbers them so; integers are BIGINT and nothing is a boolean.
mod postgres;
mod sqlite;
mod url;

use homing::imap::engine;

pub(crate) use self::url::Url;

/// What is put into a database, and read out of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// One row of an answer.
#[derive(Debug)]
pub(crate) struct Row(Vec<Value>);

impl Row {
    /// Returns the number in a column; 0 where there is none.
    pub(crate) fn int(&self, column: usize) -> i64 {
        if let Some(Value::Int(number)) = self.0.get(column) { *number } else { 0 }
    }

    /// Returns the number in a column, if it is one that fits.
    pub(crate) fn number<N: TryFrom<i64>>(&self, column: usize) -> Result<N, Failure> {
        N::try_from(self.int(column)).map_err(|_| Failure::Damaged)
    }

    pub(crate) fn text(&mut self, column: usize) -> String {
        match self.0.get_mut(column).map(|value| std::mem::replace(value, Value::Null)) {
            Some(Value::Text(text)) => text,
            _ => String::new(),
        }
    }

    pub(crate) fn blob(&mut self, column: usize) -> Vec<u8> {
        match self.0.get_mut(column).map(|value| std::mem::replace(value, Value::Null)) {
            Some(Value::Blob(octets)) => octets,
            _ => Vec::new(),
        }
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Int(number.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(octets: Vec<u8>) -> Self {
        Self::Blob(octets)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Why a database did not do what it was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The disk, or what it may take, is full.
    Full,
    /// Somebody else was faster; the same again may work.
    Conflict,
    /// Something is in it that we did not put there.
    Damaged,
    /// What was asked cannot be; whatever was done for it is undone.
    Refused(engine::Failure),
    /// Anything else, in its own words.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Full => f.write_str("the disk of the database is full"),
            Self::Conflict => f.write_str("the database is busy with a conflicting change"),
            Self::Damaged => f.write_str("the database holds what mailhost did not write"),
            Self::Refused(why) => why.fmt(f),
            Self::Broken(error) => {
                write!(f, "the database failed: {error}")?;
                // That of PostgreSQL has its words one below.
                error.source().map_or(Ok(()), |source| write!(f, ": {source}"))
            }
        }
    }
}

impl std::error::Error for Failure {}

impl From<engine::Failure> for Failure {
    fn from(why: engine::Failure) -> Self {
        Self::Refused(why)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Broken(error.into()),
        }
    }
}

/// What others hear of a change.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Changed {
    /// Messages of the mailbox of that number.
    Mailbox(i64),
    /// Which mailboxes the user of that number has, or what is noted of them.
    List(i64),
}

impl std::fmt::Display for Changed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mailbox(id) => write!(f, "mailbox {id}"),
            Self::List(user) => write!(f, "list {user}"),
        }
    }
}

impl Changed {
    /// Reads what [`Display`](std::fmt::Display) writes.
    fn parse(text: &str) -> Option<Self> {
        let (what, number) = text.split_once(' ')?;
        let number = number.parse().ok()?;
        match what {
            "mailbox" => Some(Self::Mailbox(number)),
            "list" => Some(Self::List(number)),
            _ => None,
        }
    }
}

/// One connection to a database.
pub(crate) trait Connection: Send {
    /// Runs statements that take no parameters and answer nothing.
    fn batch(&mut self, sql: &str) -> Result<(), Failure>;

    /// Runs a statement; returns how many rows it changed.
    fn run(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failure>;

    /// Asks for rows.
    fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Failure>;

    /// Asks for one row.
    fn row(&mut self, sql: &str, parameters: &[Value]) -> Result<Option<Row>, Failure> {
        Ok(self.rows(sql, parameters)?.into_iter().next())
    }

    /// Tells other programs on this database of a change, once that is committed.
    fn announce(&mut self, change: Changed) -> Result<(), Failure>;

    /// Returns how the types of columns are called here: of octets, and of the number that a new
    /// row gets.
    fn types(&self) -> Types;
}

/// The names of types that differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Types {
    pub(crate) blob: &'static str,
    pub(crate) identity: &'static str,
}

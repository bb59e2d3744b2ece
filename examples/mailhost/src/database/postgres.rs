//! PostgreSQL, for several mailhosts in front of one store.
use std::{collections::HashMap, error::Error, time::Duration};

use bytes::BytesMut;
use postgres::{
    Client, NoTls, Statement,
    error::SqlState,
    fallible_iterator::FallibleIterator,
    types::{IsNull, ToSql, Type, to_sql_checked},
};

use super::{Changed, Connection, Failure, Row, Types, Value};

/// The channel on which changes are announced.
const CHANNEL: &str = "homing_mailbox";

/// How long nothing is heard before somebody asks whether the server is still there.
const QUIET: Duration = Duration::from_secs(60);

/// What may succeed when it is tried again.
static CONFLICTS: [SqlState; 4] = [
    SqlState::T_R_SERIALIZATION_FAILURE,
    SqlState::T_R_DEADLOCK_DETECTED,
    SqlState::UNIQUE_VIOLATION,
    SqlState::FOREIGN_KEY_VIOLATION,
];

/// A connection to a server.
pub(super) struct Postgres {
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Postgres {
    pub(super) fn open(url: &str) -> Result<Self, Failure> {
        let client = Client::connect(url, NoTls)?;
        Ok(Self { client, statements: HashMap::new() })
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, Failure> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }
}

impl Connection for Postgres {
    fn batch(&mut self, sql: &str) -> Result<(), Failure> {
        Ok(self.client.batch_execute(sql)?)
    }

    fn run(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, Failure> {
        let statement = self.statement(sql)?;
        Ok(self.client.execute(&statement, &referred(parameters))?)
    }

    fn rows(&mut self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Failure> {
        let statement = self.statement(sql)?;
        let rows = self.client.query(&statement, &referred(parameters))?;
        rows.iter().map(row).collect()
    }

    fn announce(&mut self, change: Changed) -> Result<(), Failure> {
        let text = Value::Text(change.to_string());
        self.rows("SELECT pg_notify('homing_mailbox', $1)", &[text]).map(drop)
    }

    fn types(&self) -> Types {
        Types { blob: "BYTEA", identity: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY" }
    }
}

/// Hears of changes; returns when the connection is lost.
pub(super) fn listen(url: &str, mut changed: impl FnMut(Option<Changed>)) -> Result<(), Failure> {
    let mut client = Client::connect(url, NoTls)?;
    client.batch_execute(&format!("LISTEN {CHANNEL}"))?;
    changed(None);
    loop {
        // As a statement of its own, so that the connection is free afterwards.
        client.notifications().timeout_iter(QUIET).for_each(|notification| {
            Changed::parse(notification.payload()).into_iter().for_each(|it| changed(Some(it)));
            Ok(())
        })?;
        // A connection can be lost without a word.
        client.is_valid(QUIET)?;
    }
}

fn referred(parameters: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn row(row: &postgres::Row) -> Result<Row, Failure> {
    let read = |(at, column): (usize, &postgres::Column)| {
        let value = match *column.type_() {
            Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map(Value::Int),
            Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map(|it| Value::Int(it.into())),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.map(Value::Blob),
            Type::VOID => None,
            _ => row.try_get::<_, Option<String>>(at)?.map(Value::Text),
        };
        Ok(value.unwrap_or(Value::Null))
    };
    Ok(Row(row.columns().iter().enumerate().map(read).collect::<Result<_, Failure>>()?))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Int(number) if *kind == Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
            Self::Int(number) => number.to_sql(kind, out),
            Self::Text(text) => text.to_sql(kind, out),
            Self::Blob(octets) => octets.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // The server checks them against its columns.
        true
    }

    to_sql_checked!();
}

impl From<postgres::Error> for Failure {
    fn from(error: postgres::Error) -> Self {
        match error.code() {
            Some(code) if *code == SqlState::DISK_FULL => Self::Full,
            // Octets that somebody swept away while they were referred to, among others.
            Some(code) if CONFLICTS.contains(code) => Self::Conflict,
            _ => Self::Broken(error.into()),
        }
    }
}

//! The journal of the queue, and the messages that wait in it.
use homing::delivery::{MessageId, Record};

use super::{BlobId, Octets, Store};
use crate::database::{Connection, Failure, Value};

/// A record of the queue's, with the octets of the message that it brings, if it does.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) line: String,
    pub(crate) octets: Option<(MessageId, Octets)>,
}

impl Store {
    /// Makes records durable, in their order and all or none.
    pub(crate) fn journal(&self, host: &str, entries: Vec<Entry>) -> Result<(), Failure> {
        let host = Value::from(host);
        self.writer.write(move |connection| {
            for entry in &entries {
                if let Some((message, octets)) = &entry.octets {
                    let blob = octets.keep(connection)?;
                    let sql = "INSERT INTO queued (host, message, blob) VALUES ($1, $2, $3)";
                    connection.run(sql, &[host.clone(), id(*message), blob.into()])?;
                }
                let sql = "INSERT INTO journal (host, record) VALUES ($1, $2)";
                connection.run(sql, &[host.clone(), entry.line.as_str().into()])?;
            }
            Ok(())
        })
    }

    /// Returns all records in their order.
    pub(crate) fn records(&self, host: &str) -> Result<Vec<Record>, Failure> {
        let sql = "SELECT record FROM journal WHERE host = $1 ORDER BY number";
        let rows = self.readers.read(|connection| connection.rows(sql, &[host.into()]))?;
        let parse = |mut row: crate::database::Row| {
            Record::parse(row.text(0).trim_end_matches('\n')).ok_or(Failure::Damaged)
        };
        rows.into_iter().map(parse).collect()
    }

    /// Replaces the journal by records that come to the same, and throws away the octets of
    /// messages that the queue does not hold.
    pub(crate) fn rewrite_journal(
        &self,
        host: &str,
        lines: Vec<String>,
        held: impl Fn(MessageId) -> bool + Send + 'static,
    ) -> Result<(), Failure> {
        let host = Value::from(host);
        self.writer.write(move |connection| {
            connection.run("DELETE FROM journal WHERE host = $1", std::slice::from_ref(&host))?;
            for line in &lines {
                let sql = "INSERT INTO journal (host, record) VALUES ($1, $2)";
                connection.run(sql, &[host.clone(), line.as_str().into()])?;
            }
            let sql = "SELECT message FROM queued WHERE host = $1";
            for row in connection.rows(sql, std::slice::from_ref(&host))? {
                let message = row.int(0);
                if !u64::try_from(message).is_ok_and(|number| held(MessageId(number))) {
                    forget(connection, &host, message)?;
                }
            }
            Ok(())
        })
    }

    /// Throws away the octets of a message that left the queue.
    pub(crate) fn forget(&self, host: &str, message: MessageId) -> Result<(), Failure> {
        let host = Value::from(host);
        let message = number(message);
        self.writer.write(move |connection| forget(connection, &host, message))
    }

    /// Finds the octets of a message in the queue, and how many there are.
    pub(crate) fn queued(&self, host: &str, message: MessageId) -> Result<(BlobId, u64), Failure> {
        let sql = "SELECT blob, size FROM queued JOIN blobs ON blob = id \
                   WHERE host = $1 AND message = $2";
        let values = [host.into(), id(message)];
        let row = self.readers.read(|connection| connection.row(sql, &values))?;
        let row = row.ok_or(Failure::Damaged)?;
        Ok((row.int(0), row.number(1)?))
    }
}

fn forget(connection: &mut dyn Connection, host: &Value, message: i64) -> Result<(), Failure> {
    let sql = "DELETE FROM queued WHERE host = $1 AND message = $2 RETURNING blob";
    let rows = connection.rows(sql, &[host.clone(), message.into()])?;
    let blobs: Vec<_> = rows.iter().map(|row| row.int(0)).collect();
    Store::sweep(connection, &blobs)
}

fn id(message: MessageId) -> Value {
    number(message).into()
}

fn number(MessageId(message): MessageId) -> i64 {
    i64::try_from(message).unwrap_or(i64::MAX)
}

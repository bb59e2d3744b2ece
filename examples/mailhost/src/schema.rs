//! The tables, which both databases have alike.
use std::{thread, time::Duration};

use crate::database::{Connection, Failure, Types};

/// The number of this schema. A database of another is not touched.
const VERSION: i64 = 1;

/// How often making the tables is tried, while another host does the same.
const TRIES: u32 = 5;

/// Makes the tables, if they are not there.
pub(crate) fn prepare(connection: &mut dyn Connection) -> Result<(), String> {
    for _ in 1..TRIES {
        if let Ok(version) = make(connection) {
            return check(version);
        }
        let _ = connection.batch("ROLLBACK");
        thread::sleep(Duration::from_millis(200));
    }
    make(connection)
        .map_err(|error| format!("the store cannot be prepared: {error}"))
        .and_then(check)
}

fn make(connection: &mut dyn Connection) -> Result<i64, Failure> {
    connection.batch(
        "CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value BIGINT NOT NULL)",
    )?;
    let sql = "SELECT value FROM settings WHERE name = 'schema'";
    if let Some(row) = connection.row(sql, &[])? {
        return Ok(row.int(0));
    }
    let tables = tables(connection.types());
    connection.batch(&format!("BEGIN; {tables}; COMMIT"))?;
    Ok(VERSION)
}

fn check(version: i64) -> Result<(), String> {
    match version {
        VERSION => Ok(()),
        other => Err(format!("the store has schema {other}; this mailhost knows {VERSION}")),
    }
}

/// Octets of messages are kept once, in pieces, by what they are; mailboxes refer to them, and so
/// does the queue. Whoever changes a mailbox raises its `mod_seq`; what is removed leaves a line in
/// `expunged`, for clients that come back (RFC 7162).
fn tables(Types { blob, identity }: Types) -> String {
    format!(
        "CREATE TABLE users (
            id {identity},
            name TEXT NOT NULL UNIQUE,
            verifier TEXT NOT NULL,
            validity BIGINT NOT NULL DEFAULT 0
        );
        CREATE TABLE blobs (
            id {identity},
            hash {blob} NOT NULL UNIQUE,
            size BIGINT NOT NULL,
            crlf_size BIGINT NOT NULL
        );
        CREATE TABLE pieces (
            blob BIGINT NOT NULL REFERENCES blobs (id),
            number BIGINT NOT NULL,
            octets {blob} NOT NULL,
            PRIMARY KEY (blob, number)
        );
        CREATE TABLE mailboxes (
            id {identity},
            user_id BIGINT NOT NULL REFERENCES users (id),
            name TEXT NOT NULL,
            uses TEXT NOT NULL DEFAULT '',
            uid_validity BIGINT NOT NULL,
            uid_next BIGINT NOT NULL DEFAULT 1,
            mod_seq BIGINT NOT NULL DEFAULT 1,
            recent BIGINT NOT NULL DEFAULT 1,
            UNIQUE (user_id, name)
        );
        CREATE TABLE subscriptions (
            user_id BIGINT NOT NULL REFERENCES users (id),
            name TEXT NOT NULL,
            PRIMARY KEY (user_id, name)
        );
        CREATE TABLE messages (
            mailbox BIGINT NOT NULL REFERENCES mailboxes (id),
            uid BIGINT NOT NULL,
            blob BIGINT NOT NULL REFERENCES blobs (id),
            size BIGINT NOT NULL,
            bits BIGINT NOT NULL,
            keywords TEXT NOT NULL,
            received BIGINT NOT NULL,
            zone BIGINT NOT NULL,
            saved BIGINT NOT NULL,
            mod_seq BIGINT NOT NULL,
            PRIMARY KEY (mailbox, uid)
        );
        CREATE INDEX messages_by_blob ON messages (blob);
        CREATE INDEX messages_by_change ON messages (mailbox, mod_seq);
        CREATE TABLE expunged (
            mailbox BIGINT NOT NULL REFERENCES mailboxes (id),
            uid BIGINT NOT NULL,
            mod_seq BIGINT NOT NULL,
            PRIMARY KEY (mailbox, uid)
        );
        CREATE INDEX expunged_by_change ON expunged (mailbox, mod_seq);
        CREATE TABLE notes (
            user_id BIGINT NOT NULL REFERENCES users (id),
            mailbox TEXT NOT NULL,
            name TEXT NOT NULL,
            value {blob} NOT NULL,
            PRIMARY KEY (user_id, mailbox, name)
        );
        CREATE TABLE journal (
            number {identity},
            host TEXT NOT NULL,
            record TEXT NOT NULL
        );
        CREATE TABLE queued (
            host TEXT NOT NULL,
            message BIGINT NOT NULL,
            blob BIGINT NOT NULL REFERENCES blobs (id),
            PRIMARY KEY (host, message)
        );
        CREATE INDEX queued_by_blob ON queued (blob);
        INSERT INTO settings VALUES ('schema', {VERSION})"
    )
}

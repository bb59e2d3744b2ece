//! Mailboxes: their names, their numbers, and what is subscribed.
use std::time::{SystemTime, UNIX_EPOCH};

use crate::database::{Connection, Failure, Value};

/// Makes a mailbox; returns its id, or `None` if there is one of the name.
pub(super) fn create(
    connection: &mut dyn Connection,
    user: i64,
    name: &str,
    uses: &str,
) -> Result<Option<i64>, Failure> {
    let validity = next_validity(connection, user)?;
    let sql = "INSERT INTO mailboxes (user_id, name, uses, uid_validity) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING RETURNING id";
    let row = connection.row(sql, &[user.into(), name.into(), uses.into(), validity.into()])?;
    Ok(row.map(|row| row.int(0)))
}

/// Returns a UIDVALIDITY that no mailbox of this user has had: the time in seconds, or one more
/// than the last one, whichever is higher (RFC 9051 §2.3.1.1).
fn next_validity(connection: &mut dyn Connection, user: i64) -> Result<i64, Failure> {
    let sql = "UPDATE users SET validity = \
               CASE WHEN validity >= $1 THEN validity + 1 ELSE $1 END \
               WHERE id = $2 RETURNING validity";
    let row = connection.row(sql, &[unix_time().into(), user.into()])?;
    Ok(row.ok_or(Failure::Damaged)?.int(0))
}

/// Subscribes to a name, or no longer does.
pub(super) fn subscribe(
    connection: &mut dyn Connection,
    user: i64,
    name: &str,
    subscribed: bool,
) -> Result<(), Failure> {
    let values: [Value; 2] = [user.into(), name.into()];
    let sql = match subscribed {
        true => "INSERT INTO subscriptions (user_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        false => "DELETE FROM subscriptions WHERE user_id = $1 AND name = $2",
    };
    connection.run(sql, &values).map(drop)
}

/// Returns the seconds since 1970.
pub(super) fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

//! Mailboxes: their names, their numbers, and what is subscribed.
use std::{
    num::NonZeroU32,
    time::{SystemTime, UNIX_EPOCH},
};

use homing::imap::engine;

use super::{Store, account::number, folder, messages};
use crate::database::{Changed, Connection, Failure, Value};

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

/// Finds a mailbox by its name.
pub(super) fn find(connection: &mut dyn Connection, user: i64, name: &str) -> Result<i64, Failure> {
    let sql = "SELECT id FROM mailboxes WHERE user_id = $1 AND name = $2";
    let row = connection.row(sql, &[user.into(), name.into()])?;
    Ok(row.ok_or(engine::Failure::NonExistent)?.int(0))
}

/// Returns a mailbox's UIDVALIDITY.
pub(super) fn validity(
    connection: &mut dyn Connection,
    mailbox: i64,
) -> Result<NonZeroU32, Failure> {
    let sql = "SELECT uid_validity FROM mailboxes WHERE id = $1";
    let row = connection.row(sql, &[mailbox.into()])?.ok_or(engine::Failure::NonExistent)?;
    NonZeroU32::new(row.number(0)?).ok_or(Failure::Damaged)
}

/// Deletes a mailbox with all that is in it.
pub(super) fn delete(
    connection: &mut dyn Connection,
    user: i64,
    mailbox: i64,
    name: &str,
) -> Result<(), Failure> {
    let id = [Value::from(mailbox)];
    let rows = connection.rows("DELETE FROM messages WHERE mailbox = $1 RETURNING blob", &id)?;
    let blobs: Vec<_> = rows.iter().map(|row| row.int(0)).collect();
    connection.run("DELETE FROM expunged WHERE mailbox = $1", &id)?;
    let sql = "DELETE FROM notes WHERE user_id = $1 AND mailbox = $2";
    connection.run(sql, &[user.into(), name.into()])?;
    connection.run("DELETE FROM mailboxes WHERE id = $1", &id)?;
    connection.announce(Changed::Mailbox(mailbox))?;
    Store::sweep(connection, &blobs)
}

/// Renames a mailbox and all below it; returns the mailboxes whose messages changed. INBOX stays,
/// and its messages move (RFC 9051 §6.3.6).
pub(super) fn rename(
    connection: &mut dyn Connection,
    user: i64,
    from: &str,
    to: &str,
) -> Result<Vec<i64>, Failure> {
    if from == "INBOX" {
        let inbox = find(connection, user, from)?;
        let new = create(connection, user, to, "")?.ok_or(engine::Failure::AlreadyExists)?;
        let sql = "SELECT uid FROM messages WHERE mailbox = $1 ORDER BY uid";
        let rows = connection.rows(sql, &[inbox.into()])?;
        let uids: Vec<NonZeroU32> =
            rows.iter().map(|row| number(row, 0)).collect::<Result<_, _>>()?;
        folder::copy(connection, inbox, &uids, new)?;
        let uids: Vec<_> = uids.iter().map(|uid| uid.get()).collect();
        messages::remove(connection, inbox, &uids)?;
        return Ok(vec![inbox, new]);
    }
    find(connection, user, from)?;
    let sql = "SELECT id, name FROM mailboxes WHERE user_id = $1";
    let below = format!("{from}/");
    for mut row in connection.rows(sql, &[user.into()])? {
        let (id, name) = (row.int(0), row.text(1));
        let Some(rest) =
            name.strip_prefix(from).filter(|it| it.is_empty() || name.starts_with(&below))
        else {
            continue;
        };
        let new = format!("{to}{rest}");
        let sql = "SELECT 1 FROM mailboxes WHERE user_id = $1 AND name = $2";
        if connection.row(sql, &[user.into(), new.as_str().into()])?.is_some() {
            return Err(engine::Failure::AlreadyExists.into());
        }
        // A name that had another mailbox gets numbers that nobody takes for that one's: its
        // UIDVALIDITY was never used before.
        connection.run("UPDATE mailboxes SET name = $1 WHERE id = $2", &[new.into(), id.into()])?;
    }
    Ok(Vec::new())
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

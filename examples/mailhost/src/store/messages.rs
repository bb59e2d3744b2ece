//! Messages in mailboxes: arriving, being listed, and being removed.
use super::{BlobId, Octets, Store, User, mailboxes::unix_time, octets::int};
use crate::database::{Changed, Connection, Failure, Value};

/// What a new message is beside its octets.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) blob: BlobId,
    pub(crate) size: u64,
    /// Its flags that have bits, and its keywords between blanks.
    pub(crate) bits: i64,
    pub(crate) keywords: String,
    /// When, in seconds since 1970, and how many minutes east of Greenwich that was said.
    pub(crate) received: (i64, i64),
}

/// A message that has been accepted, for some of our users.
pub(crate) struct Delivery {
    pub(crate) octets: Octets,
    pub(crate) users: Vec<User>,
}

/// A message as POP3 lists it.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) uid: u32,
    pub(crate) blob: BlobId,
    /// With CRLF at the end of every line.
    pub(crate) size: u64,
}

/// A user's INBOX as POP3 sees it.
#[derive(Clone, Debug)]
pub(crate) struct Inbox {
    pub(crate) mailbox: i64,
    pub(crate) validity: u32,
    pub(crate) messages: Vec<Listed>,
}

impl Store {
    /// Puts a message into everybody's INBOX; it is there, and on the disk, when this returns.
    pub(crate) fn deliver(&self, delivery: Delivery) -> Result<(), Failure> {
        let Delivery { octets, users } = delivery;
        let mailboxes = self.writer.write(move |connection| {
            let (blob, size) = (octets.keep(connection)?, octets.size());
            users.iter().map(|user| add_to_inbox(connection, blob, size, user)).collect()
        });
        let mailboxes: Vec<_> = mailboxes?;
        mailboxes.into_iter().for_each(|mailbox| self.changed(mailbox));
        Ok(())
    }

    /// Puts a message whose octets are kept already into somebody's INBOX.
    pub(crate) fn deliver_kept(&self, blob: BlobId, size: u64, user: &User) -> Result<(), Failure> {
        let user = user.clone();
        let mailbox =
            self.writer.write(move |connection| add_to_inbox(connection, blob, size, &user))?;
        self.changed(mailbox);
        Ok(())
    }

    /// Lists the messages of a user's INBOX, the oldest first.
    pub(crate) fn inbox(&self, user: &User) -> Result<Inbox, Failure> {
        let user = [Value::from(user.id)];
        self.readers.read(|connection| {
            let sql = "SELECT id, uid_validity FROM mailboxes \
                       WHERE user_id = $1 AND name = 'INBOX'";
            let row = connection.row(sql, &user)?.ok_or(Failure::Damaged)?;
            let (mailbox, validity) = (row.int(0), row.number(1)?);
            let sql = "SELECT uid, blob, crlf_size FROM messages JOIN blobs ON blob = id \
                       WHERE mailbox = $1 ORDER BY uid";
            let rows = connection.rows(sql, &[mailbox.into()])?;
            let listed = |row: &crate::database::Row| {
                Ok(Listed { uid: row.number(0)?, blob: row.int(1), size: row.number(2)? })
            };
            let messages = rows.iter().map(listed).collect::<Result<_, Failure>>()?;
            Ok(Inbox { mailbox, validity, messages })
        })
    }

    /// Removes messages for good, those that are there.
    pub(crate) fn remove(&self, mailbox: i64, uids: Vec<u32>) -> Result<(), Failure> {
        self.writer.write(move |connection| remove(connection, mailbox, &uids))?;
        self.changed(mailbox);
        Ok(())
    }
}

/// Puts a message into somebody's INBOX; returns which mailbox that is.
fn add_to_inbox(
    connection: &mut dyn Connection,
    blob: BlobId,
    size: u64,
    user: &User,
) -> Result<i64, Failure> {
    let sql = "SELECT id FROM mailboxes WHERE user_id = $1 AND name = 'INBOX'";
    let mailbox = connection.row(sql, &[user.id.into()])?.ok_or(Failure::Damaged)?.int(0);
    let received = (unix_time(), 0);
    let arrival = Arrival { blob, size, bits: 0, keywords: String::new(), received };
    add(connection, mailbox, &arrival)?;
    Ok(mailbox)
}

/// Puts a message into a mailbox; returns its UID.
pub(super) fn add(
    connection: &mut dyn Connection,
    mailbox: i64,
    arrival: &Arrival,
) -> Result<u32, Failure> {
    // The row stays locked to the end of the transaction: numbers become visible in their order.
    let sql = "UPDATE mailboxes SET uid_next = uid_next + 1, mod_seq = mod_seq + 1 \
               WHERE id = $1 RETURNING uid_next, mod_seq";
    let row = connection.row(sql, &[mailbox.into()])?.ok_or(Failure::Damaged)?;
    let (uid, mod_seq) = (row.int(0) - 1, row.int(1));
    let sql = "INSERT INTO messages \
               (mailbox, uid, blob, size, bits, keywords, received, zone, saved, mod_seq) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let values = [
        mailbox.into(),
        uid.into(),
        arrival.blob.into(),
        int(arrival.size),
        arrival.bits.into(),
        arrival.keywords.as_str().into(),
        arrival.received.0.into(),
        arrival.received.1.into(),
        unix_time().into(),
        mod_seq.into(),
    ];
    connection.run(sql, &values)?;
    connection.announce(Changed::Mailbox(mailbox))?;
    u32::try_from(uid).map_err(|_| Failure::Full)
}

/// Removes messages with one new mod-sequence, and the octets that nobody else has.
pub(super) fn remove(
    connection: &mut dyn Connection,
    mailbox: i64,
    uids: &[u32],
) -> Result<(), Failure> {
    if uids.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE mailboxes SET mod_seq = mod_seq + 1 WHERE id = $1 RETURNING mod_seq";
    let Some(row) = connection.row(sql, &[mailbox.into()])? else { return Ok(()) };
    let (mod_seq, mut blobs) = (row.int(0), Vec::new());
    for uid in uids {
        let sql = "DELETE FROM messages WHERE mailbox = $1 AND uid = $2 RETURNING blob";
        let Some(row) = connection.row(sql, &[mailbox.into(), (*uid).into()])? else { continue };
        blobs.push(row.int(0));
        let sql = "INSERT INTO expunged (mailbox, uid, mod_seq) VALUES ($1, $2, $3)";
        connection.run(sql, &[mailbox.into(), (*uid).into(), mod_seq.into()])?;
    }
    connection.announce(Changed::Mailbox(mailbox))?;
    Store::sweep(connection, &blobs)
}

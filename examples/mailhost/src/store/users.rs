//! Who has mail here.
use homing::sasl::scram::Verifier;

use super::{Store, mailboxes};
use crate::database::{Connection, Failure, Value};

/// Somebody who has mail here.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct User {
    pub(crate) id: i64,
    /// A local part, or a whole address; in lower case.
    pub(crate) name: String,
}

/// The mailboxes that everybody has from the beginning, with what they are for (RFC 6154).
const MAILBOXES: [(&str, &str); 6] = [
    ("INBOX", ""),
    ("Archive", "Archive"),
    ("Drafts", "Drafts"),
    ("Junk", "Junk"),
    ("Sent", "Sent"),
    ("Trash", "Trash"),
];

impl Store {
    /// Adds a user, or gives one a new password; tells whether it was added.
    pub(crate) fn set_user(&self, name: &str, verifier: &Verifier) -> Result<bool, Failure> {
        let (name, verifier) = (name.to_lowercase(), verifier.to_string());
        self.writer.write(move |connection| {
            let sql = "UPDATE users SET verifier = $1 WHERE name = $2";
            if connection.run(sql, &[verifier.clone().into(), name.clone().into()])? > 0 {
                return Ok(false);
            }
            let sql = "INSERT INTO users (name, verifier) VALUES ($1, $2) RETURNING id";
            let row = connection.row(sql, &[name.clone().into(), verifier.clone().into()])?;
            let user = row.ok_or(Failure::Damaged)?.int(0);
            for (name, uses) in MAILBOXES {
                mailboxes::create(connection, user, name, uses)?;
                mailboxes::subscribe(connection, user, name, true)?;
            }
            Ok(true)
        })
    }

    /// Lists everybody, by name.
    pub(crate) fn users(&self) -> Result<Vec<User>, Failure> {
        let rows =
            self.readers.read(|it| it.rows("SELECT id, name FROM users ORDER BY name", &[]))?;
        Ok(rows.into_iter().map(|mut row| User { id: row.int(0), name: row.text(1) }).collect())
    }

    /// Finds a user by name.
    pub(crate) fn user(&self, name: &str) -> Result<Option<User>, Failure> {
        Ok(self.find(name)?.map(|(user, _)| user))
    }

    /// Finds a user, and what is stored of the password.
    pub(crate) fn verifier(&self, name: &str) -> Result<Option<(User, Verifier)>, Failure> {
        let Some((user, stored)) = self.find(name)? else { return Ok(None) };
        let verifier = stored.parse().map_err(|_| Failure::Damaged)?;
        Ok(Some((user, verifier)))
    }

    fn find(&self, name: &str) -> Result<Option<(User, String)>, Failure> {
        let name = [Value::from(name.to_lowercase())];
        let ask = |connection: &mut dyn Connection| {
            connection.row("SELECT id, name, verifier FROM users WHERE name = $1", &name)
        };
        let row = self.readers.read(ask)?;
        Ok(row.map(|mut row| (User { id: row.int(0), name: row.text(1) }, row.text(2))))
    }
}

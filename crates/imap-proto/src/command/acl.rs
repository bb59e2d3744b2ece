//! Who may do what (RFC 4314).
use bytes::Buf;

use crate::cursor::{Cursor, Parsed};
use crate::writer::Writer;
use crate::{IString, Mailbox, ParseErrorKind};

use super::{Change, Rights};

/// SETACL: says what somebody may do with a mailbox (RFC 4314 §3.1).
///
/// ```
/// use imap_proto::command::{Change, Command};
///
/// let line = "SETACL INBOX/Drafts John +w";
/// let Command::SetAcl(set) = Command::parse(line.into())? else { panic!("it is SETACL") };
/// assert_eq!(set.change, Change::Add);
/// # Ok::<_, imap_proto::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SetAcl {
    /// Which mailbox.
    pub mailbox: Mailbox,
    /// Who.
    pub identifier: IString,
    /// How the rights change.
    pub change: Change,
    /// Which.
    pub rights: Rights,
}

impl SetAcl {
    pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Self> {
        let (mailbox, identifier) = of_somebody(cursor)?;
        cursor.space()?;
        let error = cursor.error(ParseErrorKind::Word);
        let rights = cursor.astring()?;
        // RFC 4314 §7, mod-rights: the sign is inside of the string, however it is written.
        let mut rights = rights.into_bytes();
        let change = match rights.first() {
            Some(b'+') => Change::Add,
            Some(b'-') => Change::Remove,
            _ => Change::Replace,
        };
        if change != Change::Replace {
            rights.advance(1);
        }
        let rights = Rights::new(rights).ok_or(error)?;
        Ok(Self { mailbox, identifier, change, rights })
    }

    pub(super) fn write(&self, out: &mut Writer<'_>) {
        out.put("SETACL ");
        write_of_somebody(&self.mailbox, &self.identifier, out);
        out.put(" \"");
        self.change.write(out);
        out.put(self.rights.as_bytes());
        out.put("\"");
    }
}

/// A mailbox and somebody, as DELETEACL and LISTRIGHTS have them.
pub(super) fn of_somebody(cursor: &mut Cursor<'_>) -> Parsed<(Mailbox, IString)> {
    cursor.space()?;
    let mailbox = Mailbox::read(cursor)?;
    cursor.space()?;
    Ok((mailbox, cursor.astring()?))
}

pub(super) fn write_of_somebody(mailbox: &Mailbox, identifier: &IString, out: &mut Writer<'_>) {
    mailbox.write(out);
    out.put(" ");
    out.astring(identifier);
}

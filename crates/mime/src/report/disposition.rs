//! What a reader did with a message (RFC 8098).
use alloc::vec::Vec;
use core::fmt;

use bytes::BytesMut;

use super::{Fields, Typed};
use crate::fold::FieldWriter;
use crate::{FieldName, MessageId, Text};

/// A message disposition notification (RFC 8098 §3): a reader's receipt.
///
/// Its fields may be set at will: every value is of a type that cannot break a header.
///
/// ```
/// use bytes::BytesMut;
/// use mime::report::{Disposal, DispositionNotification, Mode, Typed};
///
/// let bob = Typed::address(&"bob@hamburger.edu".parse()?)?;
/// let mut receipt = DispositionNotification::new(bob, Mode::Manual, Mode::Manual, Disposal::Displayed);
/// receipt.original_message_id = Some("17b2@crepes.fr".parse()?);
/// let mut out = BytesMut::new();
/// receipt.write(false, &mut out);
/// assert_eq!(out, "Final-Recipient: rfc822; bob@hamburger.edu\r\n\
///     Original-Message-ID: <17b2@crepes.fr>\r\n\
///     Disposition: manual-action/MDN-sent-manually; displayed\r\n");
/// # Ok::<(), mime::ParseError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DispositionNotification {
    /// The program that says so: its host's name or its own, and perhaps `; ` and its version
    /// (§3.2.1).
    pub reporting_ua: Option<Text>,
    /// What translated the report of another network (§3.2.2).
    pub mdn_gateway: Option<Typed>,
    /// The recipient as the sender gave it (§3.2.3).
    pub original_recipient: Option<Typed>,
    /// The reader (§3.2.4).
    pub final_recipient: Typed,
    /// The message (§3.2.5).
    pub original_message_id: Option<MessageId>,
    /// Who did what was done: a person, or a program (§3.2.6.1).
    pub action: Mode,
    /// Who had this report sent (§3.2.6.1).
    pub sending: Mode,
    /// What was done (§3.2.6.2).
    pub disposal: Disposal,
    /// More about it: `error` (§3.2.6.3), or other words without commas. Written without what
    /// they may not have.
    pub modifiers: Vec<Text>,
    /// What went wrong, where there is the modifier `error` (§3.2.7).
    pub errors: Vec<Text>,
    /// Other fields (§3.3).
    pub extensions: Vec<(FieldName, Text)>,
}

impl DispositionNotification {
    /// Makes what the RFC demands.
    #[must_use]
    pub const fn new(
        final_recipient: Typed,
        action: Mode,
        sending: Mode,
        disposal: Disposal,
    ) -> Self {
        Self {
            reporting_ua: None,
            mdn_gateway: None,
            original_recipient: None,
            final_recipient,
            original_message_id: None,
            action,
            sending,
            disposal,
            modifiers: Vec::new(),
            errors: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// Appends the body of a `message/disposition-notification`; with `utf8`, of a
    /// `message/global-disposition-notification` (RFC 6533 §5).
    pub fn write(&self, utf8: bool, out: &mut BytesMut) {
        let mut fields = Fields { out, utf8 };
        fields.text("Reporting-UA", self.reporting_ua.as_ref());
        fields.typed("MDN-Gateway", self.mdn_gateway.as_ref());
        fields.typed("Original-Recipient", self.original_recipient.as_ref());
        fields.typed("Final-Recipient", Some(&self.final_recipient));
        if let Some(id) = &self.original_message_id {
            let mut field = FieldWriter::new(fields.out, "Original-Message-ID", utf8);
            field.message_ids(core::slice::from_ref(id));
            field.end();
        }
        self.write_disposition(&mut fields);
        self.errors.iter().for_each(|error| fields.text("Error", Some(error)));
        fields.extensions(&self.extensions);
    }

    fn write_disposition(&self, fields: &mut Fields<'_>) {
        let mut field = FieldWriter::new(fields.out, "Disposition", fields.utf8);
        field.display(format_args!(
            "{}/{};",
            if self.action == Mode::Manual { "manual-action" } else { "automatic-action" },
            if self.sending == Mode::Manual {
                "MDN-sent-manually"
            } else {
                "MDN-sent-automatically"
            },
        ));
        field.display(self.disposal);
        for (at, modifier) in self.modifiers.iter().enumerate() {
            // RFC 8098 §3.2.6.3: an atom.
            let atom = modifier.as_str().bytes().filter(|it| it.is_ascii_graphic() && *it != b',');
            field.glued(if at == 0 { b"/" } else { b"," });
            field.glued(&atom.take(64).collect::<Vec<_>>());
        }
        field.end();
    }
}

/// Whether a person or a program acted (RFC 8098 §3.2.6.1). Closed, as the grammar is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Mode {
    /// A person did it.
    Manual,
    /// A program did it by itself.
    Automatic,
}

/// What was done with a message (RFC 8098 §3.2.6.2). Closed, as the grammar is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Disposal {
    /// It was shown; nobody knows whether it was read.
    Displayed,
    /// It was deleted, perhaps unseen.
    Deleted,
    /// It was sent on somewhere, unseen.
    Dispatched,
    /// It was processed without being shown.
    Processed,
}

impl Disposal {
    /// Returns the word, as the RFC spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Displayed => "displayed",
            Self::Deleted => "deleted",
            Self::Dispatched => "dispatched",
            Self::Processed => "processed",
        }
    }
}

impl fmt::Display for Disposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

//! Reports that programs read: what became of a message.
//!
//! A report is a `multipart/report` (RFC 6522) of words for people, one of the values of this
//! module, and the message it is about or its header. [`Builder::report`](crate::Builder::report)
//! makes one.
mod delivery;
mod disposition;
mod feedback;
mod read;
mod status;
mod typed;

use bytes::{BufMut, BytesMut};

pub use delivery::{DeliveryAction, DeliveryStatus, RecipientStatus};
pub use disposition::{Disposal, DispositionNotification, Mode};
pub use feedback::{FeedbackReport, FeedbackType};
pub use status::StatusCode;
pub use typed::Typed;

use crate::fold::FieldWriter;
use crate::{FieldName, Text};

/// A report of any kind. Closed: a new kind of report is a new type here.
///
/// ```
/// use mime::report::{FeedbackReport, FeedbackType, Report};
///
/// let report = Report::from(FeedbackReport::new(FeedbackType::Abuse, "ExampleFilter/1.0"));
/// assert_eq!(report.report_type(), "feedback-report");
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Report {
    /// What became of a message on its way (RFC 3464).
    Delivery(DeliveryStatus),
    /// What its reader did with it (RFC 8098).
    Disposition(DispositionNotification),
    /// What its reader thinks of it (RFC 5965).
    Feedback(FeedbackReport),
}

impl Report {
    /// Returns the `report-type` of the `multipart/report` around it (RFC 6522 §3).
    #[must_use]
    pub const fn report_type(&self) -> &'static str {
        match self {
            Self::Delivery(_) => "delivery-status",
            Self::Disposition(_) => "disposition-notification",
            Self::Feedback(_) => "feedback-report",
        }
    }

    /// Appends the body of the machine-readable part. `utf8`: UTF-8 may stand as it is, in the
    /// types of RFC 6533.
    pub fn write(&self, utf8: bool, out: &mut BytesMut) {
        match self {
            Self::Delivery(report) => report.write(utf8, out),
            Self::Disposition(report) => report.write(utf8, out),
            Self::Feedback(report) => report.write(out),
        }
    }
}

impl From<DeliveryStatus> for Report {
    fn from(report: DeliveryStatus) -> Self {
        Self::Delivery(report)
    }
}

impl From<DispositionNotification> for Report {
    fn from(report: DispositionNotification) -> Self {
        Self::Disposition(report)
    }
}

impl From<FeedbackReport> for Report {
    fn from(report: FeedbackReport) -> Self {
        Self::Feedback(report)
    }
}

/// Writes the fields of a report.
struct Fields<'o> {
    out: &'o mut BytesMut,
    utf8: bool,
}

impl Fields<'_> {
    /// Writes text for people, if there is any.
    fn text(&mut self, name: &str, text: Option<&Text>) {
        if let Some(text) = text {
            let mut field = FieldWriter::new(self.out, name, self.utf8);
            field.text(text.as_str());
            field.end();
        }
    }

    fn typed(&mut self, name: &str, value: Option<&Typed>) {
        if let Some(value) = value {
            let mut field = FieldWriter::new(self.out, name, self.utf8);
            value.write(self.utf8, &mut field);
            field.end();
        }
    }

    fn display(&mut self, name: &str, value: Option<impl core::fmt::Display>) {
        if let Some(value) = value {
            let mut field = FieldWriter::new(self.out, name, self.utf8);
            field.display(value);
            field.end();
        }
    }

    fn extensions(&mut self, extensions: &[(FieldName, Text)]) {
        extensions.iter().for_each(|(name, text)| self.text(name.as_str(), Some(text)));
    }

    fn blank_line(&mut self) {
        self.out.put_slice(b"\r\n");
    }
}

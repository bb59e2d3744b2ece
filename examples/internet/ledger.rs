//! What was promised, and what was kept.
use bytes::Bytes;
use homing::mime::{
    Message,
    report::{DeliveryAction, Report},
};
use homing::smtp::Mailbox;

use crate::clock::Micros;
use crate::random::Digest;

/// All letters, by number.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) letters: Vec<Letter>,
    /// Promises that are neither kept nor reported yet.
    pub(crate) open: u64,
    pub(crate) fetched: u64,
    pub(crate) bounced: u64,
    pub(crate) duplicates: u64,
    pub(crate) doubts: u64,
    pub(crate) stolen: u64,
    pub(crate) receipts: u64,
    pub(crate) warnings: u64,
}

#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) from: u32,
    pub(crate) to: Box<[To]>,
    digest: Digest,
    length: u32,
    pub(crate) submitted: Micros,
    pub(crate) accepted: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct To {
    pub(crate) address: Address,
    pub(crate) fetched: u16,
    pub(crate) failed: u16,
    /// SMTP cannot say whether somebody has it (RFC 1047).
    pub(crate) doubt: bool,
    /// Somebody else has it, or the report on it.
    pub(crate) stolen: bool,
}

impl To {
    /// Whether it is known what became of the promise.
    const fn is_settled(&self) -> bool {
        self.fetched > 0 || self.failed > 0 || self.stolen
    }
}

/// Who can be written to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Address {
    User(u32),
    /// A domain that has no such user.
    Nobody(u32),
    /// A domain that is not there.
    Nowhere,
}

/// A promise that was broken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Broken(pub(crate) String);

impl Ledger {
    pub(crate) fn add(&mut self, from: u32, to: &[Address], octets: &[u8], now: Micros) -> u32 {
        let to = to.iter().map(|address| To {
            address: *address,
            fetched: 0,
            failed: 0,
            doubt: false,
            stolen: false,
        });
        let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
        let digest = Digest::of(octets);
        let letter =
            Letter { from, to: to.collect(), digest, length, submitted: now, accepted: false };
        self.letters.push(letter);
        u32::try_from(self.letters.len() - 1).unwrap_or(u32::MAX)
    }

    /// A server has said 250.
    pub(crate) fn accept(&mut self, letter: u32) {
        let letter = &mut self.letters[letter as usize];
        if !std::mem::replace(&mut letter.accepted, true) {
            self.open += letter.to.iter().filter(|to| !to.is_settled()).count() as u64;
        }
    }

    /// Nobody can know whether a message arrived.
    pub(crate) fn doubt(&mut self, octets: &[u8], address: impl Fn(Address) -> bool) {
        let Some(letter) = number(octets) else { return };
        let Some(letter) = self.letters.get_mut(letter as usize) else { return };
        for to in letter.to.iter_mut().filter(|to| address(to.address)) {
            self.doubts += u64::from(!to.doubt);
            to.doubt = true;
        }
    }

    /// A user has read a message; returns how long a letter took, if it is one and new.
    pub(crate) fn read(
        &mut self,
        user: u32,
        octets: &Bytes,
        now: Micros,
    ) -> Result<Option<Micros>, Broken> {
        if Self::is_report(octets) {
            return self.read_report(octets).map(|()| None);
        }
        let broken = |why: &str| Broken(format!("user {user} has a message that {why}"));
        let number = number(octets).ok_or_else(|| broken("is no letter"))?;
        let letter =
            self.letters.get_mut(number as usize).ok_or_else(|| broken("was never sent"))?;
        let start = octets.len().checked_sub(letter.length as usize);
        let body = start.and_then(|start| octets.get(start..));
        if body.map(Digest::of) != Some(letter.digest) {
            return Err(broken(&format!("is not letter {number} as it was sent")));
        }
        let to = letter.to.iter_mut().find(|to| to.address == Address::User(user));
        let to = to.ok_or_else(|| broken(&format!("is letter {number}, for others")))?;
        let settled = to.is_settled();
        to.fetched += 1;
        if to.fetched > 1 {
            self.duplicates += 1;
            if !to.doubt {
                return Err(broken(&format!("came twice without doubt: letter {number}")));
            }
            return Ok(None);
        }
        if to.failed > 0 && !to.doubt {
            return Err(broken(&format!("was reported as lost: letter {number}")));
        }
        self.fetched += 1;
        self.open -= u64::from(letter.accepted && !settled);
        Ok(Some(now - letter.submitted))
    }

    /// Somebody has taken a message that was for these: for their promises, that is the end. Whether
    /// he could is judged elsewhere.
    pub(crate) fn steal(&mut self, octets: &Bytes, to: &[Mailbox]) -> Result<(), Broken> {
        let broken = |why: &str| Broken(format!("a thief has a message that {why}"));
        let names = match Self::is_report(octets) {
            true => failed(octets).ok_or_else(|| broken("cannot be read"))?,
            false => to.iter().map(ToString::to_string).collect(),
        };
        let number = number(octets).ok_or_else(|| broken("is no letter"))?;
        let letter =
            self.letters.get_mut(number as usize).ok_or_else(|| broken("was never sent"))?;
        let is_named = |to: &To| {
            let name = crate::names::local_part(to.address);
            names.iter().any(|it| local(it) == name)
        };
        for to in letter.to.iter_mut().filter(|to| is_named(to)) {
            self.stolen += u64::from(!to.stolen);
            self.open -= u64::from(letter.accepted && !to.is_settled());
            to.stolen = true;
        }
        Ok(())
    }

    pub(crate) fn is_report(octets: &[u8]) -> bool {
        memchr_find(&octets[..octets.len().min(4096)], b"multipart/report").is_some()
    }

    fn read_report(&mut self, octets: &Bytes) -> Result<(), Broken> {
        let message = Message::parse(octets);
        let Some(Report::Delivery(report)) = message.root().report() else {
            return Err(Broken("a report that cannot be read".into()));
        };
        let number = number(octets).ok_or_else(|| Broken("a report on nothing".into()))?;
        let letter = &mut self.letters[number as usize];
        for recipient in report.recipients {
            match recipient.action {
                DeliveryAction::Failed => {}
                DeliveryAction::Delayed => {
                    self.warnings += 1;
                    continue;
                }
                _ => {
                    self.receipts += 1;
                    continue;
                }
            }
            let address = recipient.final_recipient.value();
            let named = letter
                .to
                .iter_mut()
                .find(|to| crate::names::local_part(to.address) == local(address));
            let Some(to) = named else {
                return Err(Broken(format!("letter {number} was never for {address}")));
            };
            let settled = to.is_settled();
            to.failed += 1;
            if to.fetched > 0 && !to.doubt {
                return Err(Broken(format!(
                    "letter {number} was read, and reported as lost: {address}"
                )));
            }
            if to.failed == 1 {
                self.bounced += 1;
                self.open -= u64::from(letter.accepted && !settled);
            }
        }
        Ok(())
    }

    /// At the end of the world.
    pub(crate) fn close(&self) -> Result<(), Broken> {
        for (number, letter) in self.letters.iter().enumerate().filter(|(_, it)| it.accepted) {
            if let Some(to) = letter.to.iter().find(|to| !to.is_settled()) {
                let address = to.address;
                return Err(Broken(format!(
                    "letter {number} to {address:?} is lost without a word"
                )));
            }
        }
        Ok(())
    }
}

/// Whom a report says to have failed.
fn failed(report: &Bytes) -> Option<Vec<String>> {
    let message = Message::parse(report);
    let Some(Report::Delivery(report)) = message.root().report() else { return None };
    let failed = report.recipients.iter().filter(|it| it.action == DeliveryAction::Failed);
    Some(failed.map(|it| it.final_recipient.value().to_string()).collect())
}

/// Finds a letter's number in its header, or in the header that a report returns.
pub(crate) fn number(octets: &[u8]) -> Option<u32> {
    const FIELD: &[u8] = b"X-Letter: ";
    let at = memchr_find(octets, FIELD)? + FIELD.len();
    let digits = octets[at..].iter().take_while(|octet| octet.is_ascii_digit());
    std::str::from_utf8(&octets[at..at + digits.count()]).ok()?.parse().ok()
}

fn local(address: &str) -> &str {
    address.split('@').next().unwrap_or_default()
}

fn memchr_find(octets: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(octets, wanted)
}

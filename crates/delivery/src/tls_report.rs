//! What a domain is told of TLS with its servers: TLSRPT (RFC 8460).
use alloc::{
    borrow::ToOwned,
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use smtp_proto::DateTime;

/// A day's report for one policy domain (RFC 8460 §4), as it is counted together.
///
/// ```
/// use delivery::{TlsFailure, TlsPolicy, TlsReport};
///
/// let mut report = TlsReport::new("Crepes", "tls@crepes.fr", 1_700_006_400);
/// let policy = TlsPolicy::sts("hamburger.edu", &["version: STSv1".into()], &["mx.hamburger.edu".into()]);
/// report.success(&policy);
/// report.failure(&policy, TlsFailure::CertificateExpired, Some("mx.hamburger.edu"));
/// assert!(report.write("1@crepes.fr").contains("\"total-failure-session-count\":1"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TlsReport {
    organization: String,
    contact: String,
    start: u64,
    policies: BTreeMap<TlsPolicy, Counts>,
    limit: usize,
}

#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Counts {
    successes: u64,
    failures: BTreeMap<(TlsFailure, Option<String>), u64>,
    /// Failures of which there was no room to say more.
    others: u64,
}

/// The policy that sessions were held to.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct TlsPolicy {
    kind: &'static str,
    domain: String,
    lines: Vec<String>,
    hosts: Vec<String>,
}

impl TlsPolicy {
    /// Of MTA-STS: the lines of the policy, and its hosts.
    #[must_use]
    pub fn sts(domain: &str, lines: &[String], hosts: &[String]) -> Self {
        Self {
            kind: "sts",
            domain: domain.to_owned(),
            lines: lines.to_vec(),
            hosts: hosts.to_vec(),
        }
    }

    /// Of DANE: the TLSA records of a host, each as a line.
    #[must_use]
    pub fn tlsa(domain: &str, records: &[String], host: &str) -> Self {
        let hosts = [host.to_owned()].into();
        Self { kind: "tlsa", domain: domain.to_owned(), lines: records.to_vec(), hosts }
    }

    /// There was none.
    #[must_use]
    pub fn none(domain: &str) -> Self {
        let (lines, hosts) = (Vec::new(), Vec::new());
        Self { kind: "no-policy-found", domain: domain.to_owned(), lines, hosts }
    }
}

/// How a session failed (RFC 8460 §4.3).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum TlsFailure {
    /// STARTTLS was not offered.
    StartTlsNotSupported,
    /// The certificate is for other names.
    CertificateHostMismatch,
    /// It has expired.
    CertificateExpired,
    /// No authority that is trusted vouches for it.
    CertificateNotTrusted,
    /// Another trouble.
    ValidationFailure,
    /// The TLSA records are of no use.
    TlsaInvalid,
    /// DNSSEC does not vouch for them.
    DnssecInvalid,
    /// DANE was wanted, and there are no usable records.
    DaneRequired,
    /// The policy could not be fetched.
    StsPolicyFetchError,
    /// It could be, and is none.
    StsPolicyInvalid,
    /// The server that has it could not be trusted.
    StsWebpkiInvalid,
}

impl TlsFailure {
    /// Returns the registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StartTlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::DaneRequired => "dane-required",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
        }
    }
}

const DAY: u64 = 86_400;

impl TlsReport {
    /// The most different failures of one policy that are told apart: 100. More are counted.
    const FAILURES: usize = 100;

    /// Begins the report of a day, which starts at this second since 1970. `contact` is a mail
    /// address.
    #[must_use]
    pub fn new(organization: &str, contact: &str, start: u64) -> Self {
        let (organization, contact) = (organization.to_owned(), contact.to_owned());
        Self { organization, contact, start, policies: BTreeMap::new(), limit: Self::FAILURES }
    }

    /// Counts a session that was secured as the policy wants it.
    pub fn success(&mut self, policy: &TlsPolicy) {
        self.counts(policy).successes += 1;
    }

    /// Counts a session that was not; `host` is the server, if it came to one: it does not where the
    /// policy itself was the trouble (RFC 8460 §4.3.2).
    pub fn failure(&mut self, policy: &TlsPolicy, failure: TlsFailure, host: Option<&str>) {
        let limit = self.limit;
        let counts = self.counts(policy);
        let key = (failure, host.map(ToOwned::to_owned));
        if counts.failures.len() < limit || counts.failures.contains_key(&key) {
            *counts.failures.entry(key).or_default() += 1;
        } else {
            counts.others += 1;
        }
    }

    /// Whether nothing was counted: then there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
    }

    fn counts(&mut self, policy: &TlsPolicy) -> &mut Counts {
        self.policies.entry(policy.clone()).or_default()
    }

    /// Writes the report as JSON (RFC 8460 §4.4), under an id of its own. It is sent compressed by
    /// gzip, as a part of type `application/tlsrpt+gzip`, or so by HTTPS.
    #[must_use]
    pub fn write(&self, id: &str) -> String {
        let mut out = String::from("{");
        field(&mut out, "organization-name", &self.organization);
        let end = self.start.saturating_add(DAY - 1);
        let _ = write!(
            out,
            ",\"date-range\":{{\"start-datetime\":{},\"end-datetime\":{}}},",
            quoted(&time(self.start)),
            quoted(&time(end))
        );
        field(&mut out, "contact-info", &self.contact);
        out.push(',');
        field(&mut out, "report-id", id);
        out.push_str(",\"policies\":[");
        for (index, (policy, counts)) in self.policies.iter().enumerate() {
            out.push_str(if index > 0 { "," } else { "" });
            policy.write(counts, &mut out);
        }
        out.push_str("]}");
        out
    }
}

impl TlsPolicy {
    fn write(&self, counts: &Counts, out: &mut String) {
        out.push_str("{\"policy\":{");
        field(out, "policy-type", self.kind);
        if !self.lines.is_empty() {
            let _ = write!(out, ",\"policy-string\":{}", list(&self.lines));
        }
        out.push(',');
        field(out, "policy-domain", &self.domain);
        if !self.hosts.is_empty() {
            let _ = write!(out, ",\"mx-host\":{}", list(&self.hosts));
        }
        let failed = counts.failures.values().sum::<u64>() + counts.others;
        let _ = write!(
            out,
            "}},\"summary\":{{\"total-successful-session-count\":{},\
             \"total-failure-session-count\":{failed}}},\"failure-details\":[",
            counts.successes
        );
        for (index, ((failure, host), count)) in counts.failures.iter().enumerate() {
            out.push_str(if index > 0 { ",{" } else { "{" });
            field(out, "result-type", failure.as_str());
            if let Some(host) = host {
                out.push(',');
                field(out, "receiving-mx-hostname", host);
            }
            let _ = write!(out, ",\"failed-session-count\":{count}}}");
        }
        out.push_str("]}");
    }
}

fn field(out: &mut String, name: &str, value: &str) {
    let _ = write!(out, "\"{name}\":{}", quoted(value));
}

fn list(words: &[String]) -> String {
    let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", words.join(","))
}

/// A string of JSON (RFC 8259 §7).
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\u{1F}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

fn time(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(DateTime::from_unix);
    time.map(|time| time.as_str().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of RFC 8460 appendix B.
    #[test]
    fn a_report_is_written_as_the_rfc_has_it() {
        let mut report =
            TlsReport::new("Company-X", "sts-reporting@company-x.example", 1_459_468_800);
        let lines = ["version: STSv1".into(), "mode: testing".into()];
        let policy =
            TlsPolicy::sts("company-y.example", &lines, &["*.mail.company-y.example".into()]);
        report.success(&policy);
        for _ in 0..2 {
            report.failure(
                &policy,
                TlsFailure::CertificateExpired,
                Some("mx1.mail.company-y.example"),
            );
        }
        report.failure(&policy, TlsFailure::StartTlsNotSupported, Some("mx2.\"mail"));
        assert_eq!(
            report.write("5065427c"),
            "{\"organization-name\":\"Company-X\",\
             \"date-range\":{\"start-datetime\":\"2016-04-01T00:00:00Z\",\
             \"end-datetime\":\"2016-04-01T23:59:59Z\"},\
             \"contact-info\":\"sts-reporting@company-x.example\",\
             \"report-id\":\"5065427c\",\
             \"policies\":[{\"policy\":{\"policy-type\":\"sts\",\
             \"policy-string\":[\"version: STSv1\",\"mode: testing\"],\
             \"policy-domain\":\"company-y.example\",\
             \"mx-host\":[\"*.mail.company-y.example\"]},\
             \"summary\":{\"total-successful-session-count\":1,\
             \"total-failure-session-count\":3},\
             \"failure-details\":[\
             {\"result-type\":\"starttls-not-supported\",\
             \"receiving-mx-hostname\":\"mx2.\\\"mail\",\"failed-session-count\":1},\
             {\"result-type\":\"certificate-expired\",\
             \"receiving-mx-hostname\":\"mx1.mail.company-y.example\",\
             \"failed-session-count\":2}]}]}"
        );
    }

    /// RFC 8460 §4.3, and the registry of §6.6.
    #[test]
    fn each_type_of_failure_is_counted_by_itself_under_each_policy() {
        use TlsFailure as F;
        let table = [
            (F::StartTlsNotSupported, "starttls-not-supported", true),
            (F::CertificateHostMismatch, "certificate-host-mismatch", true),
            (F::CertificateExpired, "certificate-expired", true),
            (F::CertificateNotTrusted, "certificate-not-trusted", true),
            (F::ValidationFailure, "validation-failure", true),
            (F::TlsaInvalid, "tlsa-invalid", true),
            (F::DnssecInvalid, "dnssec-invalid", true),
            (F::DaneRequired, "dane-required", true),
            (F::StsPolicyFetchError, "sts-policy-fetch-error", false),
            (F::StsPolicyInvalid, "sts-policy-invalid", false),
            (F::StsWebpkiInvalid, "sts-webpki-invalid", false),
        ];
        let kinds = [
            (TlsPolicy::sts("c", &[], &["mx".into()]), "sts"),
            (TlsPolicy::tlsa("c", &["3 1 1 AB".into()], "mx"), "tlsa"),
            (TlsPolicy::none("c"), "no-policy-found"),
        ];
        for (policy, kind) in &kinds {
            let mut report = TlsReport::new("a", "b", 0);
            for (times, (failure, _, host)) in (1..).zip(&table) {
                (0..times).for_each(|_| report.failure(policy, *failure, host.then_some("mx")));
            }
            report.success(policy);
            let text = report.write("1");
            assert!(text.contains(&format!("\"policy-type\":\"{kind}\"")), "{text}");
            for (times, (_, name, host)) in (1..).zip(&table) {
                let host = if *host { "\"receiving-mx-hostname\":\"mx\"," } else { "" };
                let line = format!(
                    "{{\"result-type\":\"{name}\",{host}\"failed-session-count\":{times}}}"
                );
                assert_eq!(text.matches(&line).count(), 1, "{line} in {text}");
            }
            let (good, bad) = ("total-successful-session-count", "total-failure-session-count");
            assert!(text.contains(&format!("\"{good}\":1,\"{bad}\":66}}")), "{text}");
        }
    }

    /// A server's failure and the policy's are not the same, and nor are two servers'.
    #[test]
    fn failures_are_told_apart_by_server_and_policy() {
        let mut report = TlsReport::new("a", "b", 0);
        let (one, other) = (TlsPolicy::none("c"), TlsPolicy::tlsa("c", &[], "mx"));
        for (policy, host) in
            [(&one, Some("mx1")), (&one, Some("mx2")), (&one, None), (&one, None), (&other, None)]
        {
            report.failure(policy, TlsFailure::ValidationFailure, host);
        }
        let text = report.write("1");
        assert_eq!(text.matches("\"policy-type\"").count(), 2);
        assert_eq!(text.matches("\"failed-session-count\":1}").count(), 3);
        assert_eq!(text.matches("\"failed-session-count\":2}").count(), 1);
        assert!(text.contains("\"total-failure-session-count\":4}"));
    }

    #[test]
    fn failures_beyond_the_limit_are_counted_all_the_same() {
        for (hosts, told) in [(100, 100), (101, 100)] {
            let (mut report, policy) = (TlsReport::new("a", "b", 0), TlsPolicy::none("c"));
            assert!(report.is_empty());
            for host in 0..hosts {
                report.failure(&policy, TlsFailure::ValidationFailure, Some(&format!("mx{host}")));
            }
            let text = report.write("1");
            assert_eq!(text.matches("result-type").count(), told);
            assert!(text.contains(&format!("\"total-failure-session-count\":{hosts}}}")));
        }
    }
}

//! Expressions in scripts: `${30*24*3600}`, `${$t0 + $probe}`, `${ctime $t0}`.
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};

use crate::dnssec::Date;

/// What the names in expressions stand for.
#[derive(Clone, Debug, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, u64>,
}

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: u64) {
        self.values.insert(name.to_string(), value);
    }

    /// Writes values where expressions stand.
    pub(super) fn expand(&self, text: &str) -> Result<String, String> {
        let mut text = text.to_string();
        // The last to begin has none within it.
        while let Some(at) = text.rfind("${") {
            let (before, rest) = text.split_at(at);
            let (inner, after) = rest.split_once('}').ok_or("an expression without an end")?;
            let value = self.evaluate(inner.trim_start_matches("${").trim())?;
            text = format!("{before}{value}{after}");
        }
        Ok(text)
    }

    fn evaluate(&self, text: &str) -> Result<String, String> {
        if let Some(text) = text.strip_prefix("ctime ") {
            return Ok(Date(self.number(text)?).to_string());
        }
        if let Some(text) = text.strip_prefix("range ") {
            let mut bounds = text.split_whitespace().map(|it| self.number(it));
            let mut next = || bounds.next().unwrap_or_else(|| Err(format!("range {text}")));
            let (low, value, high) = (next()?, next()?, next()?);
            let within = (low..=high).contains(&value);
            let outside = || format!("{value} is not between {low} and {high}");
            return within.then(|| value.to_string()).ok_or_else(outside);
        }
        self.number(text).map(|it| it.to_string())
    }

    /// Numbers and names, multiplied and added.
    fn number(&self, text: &str) -> Result<u64, String> {
        text.split('+').try_fold(0, |sum: u64, term| {
            let product = term.split('*').try_fold(1, |product: u64, factor| {
                Ok::<_, String>(product.saturating_mul(self.value(factor.trim())?))
            })?;
            Ok(sum.saturating_add(product))
        })
    }

    fn value(&self, text: &str) -> Result<u64, String> {
        let known = self.values.get(text.trim_start_matches('$')).copied();
        known.or_else(|| text.parse().ok()).ok_or_else(|| format!("{text:?} is no number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_what_they_come_to() {
        let mut variables = Variables::default();
        variables.set("time", 1_258_962_400);
        variables.set("probe", 4860);
        for (text, expected) in [
            ("none", "none"),
            ("${30*24*3600}", "2592000"),
            ("a ${$time + 2 * $probe} b", "a 1258972120 b"),
            ("${ctime ${time}}", "Mon Nov 23 07:46:40 2009"),
            ("${range 4800 ${probe} 5400}", "4860"),
        ] {
            assert_eq!(variables.expand(text).as_deref(), Ok(expected), "{text}");
        }
        for wrong in ["${", "${x}", "${range 1 ${probe} 2}", "${range 1}"] {
            assert!(variables.expand(wrong).is_err(), "{wrong}");
        }
    }
}

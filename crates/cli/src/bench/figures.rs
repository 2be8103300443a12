//! Percentiles, ratios, and whether a target is reached.

use std::time::Duration;

use serde_json::{Value, json};

/// The value that this share of the values does not exceed, by the nearest rank.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank in a list in memory"
    )]
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.max(1) - 1)
        .or(sorted.last())
        .copied()
        .unwrap_or(f64::NAN)
}

/// The middle one of some values.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    percentile(&sorted, 0.5)
}

/// How long changes took, in microseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Latency {
    pub(super) changes: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl Latency {
    pub(super) fn of(latencies: &[Duration]) -> Self {
        let mut sorted: Vec<f64> = latencies
            .iter()
            .map(|one| one.as_secs_f64() * 1e6)
            .collect();
        sorted.sort_by(f64::total_cmp);
        Self {
            changes: sorted.len(),
            p50: percentile(&sorted, 0.5),
            p99: percentile(&sorted, 0.99),
        }
    }

    pub(super) fn json(self) -> Value {
        json!({ "changes": self.changes, "p50Micros": rounded(self.p50), "p99Micros": rounded(self.p99) })
    }
}

/// A number with two digits after the point.
pub(super) fn rounded(number: f64) -> Value {
    json!((number * 100.0).round() / 100.0)
}

/// What is to be reached.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// A figure with its limit.
#[derive(Clone, Debug)]
pub(super) struct Target {
    /// What it is, as the table says it.
    pub(super) what: &'static str,
    /// Its key in the JSON.
    pub(super) key: &'static str,
    pub(super) figure: f64,
    pub(super) limit: Limit,
}

impl Target {
    pub(super) fn is_reached(&self) -> bool {
        match self.limit {
            Limit::AtMost(most) => self.figure <= most,
            Limit::AtLeast(least) => self.figure >= least,
        }
    }

    /// A line of the table.
    pub(super) fn line(&self) -> String {
        let (word, limit) = match self.limit {
            Limit::AtMost(most) => ("at most", most),
            Limit::AtLeast(least) => ("at least", least),
        };
        let reached = if self.is_reached() {
            "reached"
        } else {
            "MISSED"
        };
        format!(
            "  {:<50} {:>7.2}   {word:>8} {limit:<5} {reached}",
            self.what, self.figure
        )
    }

    pub(super) fn json(&self) -> Value {
        let (word, limit) = match self.limit {
            Limit::AtMost(most) => ("atMost", most),
            Limit::AtLeast(least) => ("atLeast", least),
        };
        json!({ "target": self.key, "figure": rounded(self.figure), word: limit, "reached": self.is_reached() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(
            [0.5, 0.99, 1.0].map(|share| percentile(&values, share).to_bits()),
            [50.0_f64, 99.0, 100.0].map(f64::to_bits)
        );
        assert_eq!(percentile(&[7.0], 0.99).to_string(), "7");
        assert!(percentile(&[], 0.5).is_nan());
    }

    #[test]
    fn a_target_is_reached_at_its_limit() {
        let target = |figure, limit| Target {
            what: "x",
            key: "x",
            figure,
            limit,
        };
        assert!(target(1.75, Limit::AtMost(1.75)).is_reached());
        assert!(!target(1.76, Limit::AtMost(1.75)).is_reached());
        assert!(target(4.0, Limit::AtLeast(4.0)).is_reached());
        assert!(!target(f64::NAN, Limit::AtLeast(4.0)).is_reached());
    }
}

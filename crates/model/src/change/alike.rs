//! When two values say the same.

use serde_json::{Number, Value};

/// Whether two values are the same one, however their numbers are written: `1`, `1.0` and `10e-1` are one number. Numbers are
/// compared by their digits, so that two are never taken for one because a machine's number cannot tell them apart.
pub fn alike(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => are_equal(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| alike(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let has = |(key, one)| other.get(key).is_some_and(|other| alike(one, other));
            one.len() == other.len() && one.iter().all(has)
        }
        _ => one == other,
    }
}

fn are_equal(one: &Number, other: &Number) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    one == other || Decimal::of(one).is_some_and(|one| Decimal::of(other) == Some(one))
}

/// A number by its value: its digits without zeros at either end, and the power of ten of the last of them.
#[derive(PartialEq, Eq)]
struct Decimal {
    negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    /// Nothing where the exponent is beyond what can be counted.
    fn of(number: &str) -> Option<Self> {
        let (negative, number) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number),
        };
        let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0').trim_end_matches('0');
        if digits.is_empty() {
            let (negative, exponent) = (false, 0);
            return Some(Self {
                negative,
                digits: String::new(),
                exponent,
            });
        }
        let zeros = all.len() - all.trim_end_matches('0').len();
        let moved = i64::try_from(zeros).ok()? - i64::try_from(fraction.len()).ok()?;
        Some(Self {
            negative,
            digits: digits.to_owned(),
            exponent: exponent.parse::<i64>().ok()?.checked_add(moved)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn a_number_is_what_it_says_however_it_is_written() {
        for (one, other) in [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("1", "0.1E+1"),
            ("1200", "1.2e3"),
            ("0", "-0.0e7"),
            ("-0.50", "-5e-1"),
            ("[{\"a\":1}]", "[{\"a\":1.00}]"),
            ("{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1}"),
        ] {
            assert!(alike(&value(one), &value(other)), "{one} {other}");
            assert!(alike(&value(other), &value(one)), "{other} {one}");
        }
        for (one, other) in [
            ("1", "-1"),
            ("1", "10"),
            ("1", "\"1\""),
            ("1", "true"),
            ("9007199254740992", "9007199254740993"),
            ("1e99999999999999999999", "2e99999999999999999999"),
            ("[1]", "[1,1]"),
            ("{\"a\":1}", "{\"b\":1}"),
            ("{\"a\":1}", "{\"a\":1,\"b\":null}"),
        ] {
            assert!(!alike(&value(one), &value(other)), "{one} {other}");
        }
    }
}

//! The time of an entry: RFC 3339, section 5.6, in UTC with exactly six digits.
//!
//! Done on the civil calendar, since `jiff::Timestamp` ends a day before the year 9999 does.

use jiff::{
    SignedDuration,
    civil::DateTime,
    fmt::temporal::{DateTimeParser, DateTimePrinter},
};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));
const PARSER: DateTimeParser = DateTimeParser::new();

/// Writes a time given in microseconds since the Unix epoch; nothing outside the years 0001 to 9999.
pub(super) fn write_time(out: &mut Vec<u8>, at: i64) -> Option<()> {
    let time = EPOCH.checked_add(SignedDuration::from_micros(at)).ok()?;
    if time.year() < 1 {
        return None;
    }
    PRINTER.print_datetime(&time, &mut *out).ok()?;
    out.push(b'Z');
    Some(())
}

/// Reads what [`write_time`] writes, and nothing else that means the same time.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let time = PARSER.parse_datetime(text.strip_suffix('Z')?).ok()?;
    let at = i64::try_from(time.duration_since(EPOCH).as_micros()).ok()?;
    let mut written = Vec::with_capacity(text.len());
    write_time(&mut written, at)?;
    (written == text.as_bytes()).then_some(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIRST: i64 = -62_135_596_800_000_000;
    const LAST: i64 = 253_402_300_799_999_999;

    fn written(at: i64) -> Option<String> {
        let mut out = Vec::new();
        write_time(&mut out, at)?;
        Some(String::from_utf8(out).expect("ASCII"))
    }

    #[test]
    fn times_have_six_digits_whatever_they_are() {
        let cases = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_795_390_080_123_456, "2026-11-22T23:28:00.123456Z"),
            (1_795_390_080_100_000, "2026-11-22T23:28:00.100000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
            (FIRST, "0001-01-01T00:00:00.000000Z"),
            (LAST, "9999-12-31T23:59:59.999999Z"),
        ];
        for (at, text) in cases {
            assert_eq!(written(at).as_deref(), Some(text));
            assert_eq!(parse_time(text), Some(at));
        }
    }

    #[test]
    fn the_years_end_at_0001_and_9999() {
        for at in [FIRST - 1, LAST + 1, i64::MIN, i64::MAX] {
            assert_eq!(written(at), None, "{at}");
        }
        for text in [
            "0000-12-31T23:59:59.999999Z",
            "-000001-01-01T00:00:00.000000Z",
        ] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }

    #[test]
    fn other_ways_to_write_a_time_are_refused() {
        let cases = [
            "",
            "Z",
            "2026-11-22T23:28:00Z",
            "2026-11-22T23:28:00.123Z",
            "2026-11-22T23:28:00.1234567Z",
            "2026-11-22T23:28:00.123456000Z",
            "2026-11-22T23:28:00,123456Z",
            "2026-11-22t23:28:00.123456Z",
            "2026-11-22T23:28:00.123456z",
            "2026-11-22 23:28:00.123456Z",
            "2026-11-22T23:28:00.123456",
            "2026-11-22T23:28:00.123456ZZ",
            "2026-11-22T23:28:00.123456Z ",
            " 2026-11-22T23:28:00.123456Z",
            "2026-11-22T23:28:00.123456+00:00",
            "2026-11-22T23:28:00.123456+00:00Z",
            "2026-11-22T23:28:00.123456[UTC]Z",
            "2026-11-22T23:28:60.123456Z",
            "2026-11-22T24:00:00.000000Z",
            "2026-02-29T00:00:00.000000Z",
            "2026-13-01T00:00:00.000000Z",
            "20261122T232800.123456Z",
            "+002026-11-22T23:28:00.123456Z",
            "2026-11-22",
        ];
        for text in cases {
            assert_eq!(parse_time(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_time_comes_back_and_texts_sort_like_times(a in FIRST..=LAST, b in FIRST..=LAST) {
            let (first, second) = (written(a).expect("in range"), written(b).expect("in range"));
            prop_assert_eq!(first.len(), 27);
            prop_assert_eq!(parse_time(&first), Some(a));
            prop_assert_eq!(first.cmp(&second), a.cmp(&b));
        }
    }
}

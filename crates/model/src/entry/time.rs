//! The time of an entry: RFC 3339, section 5.6, in UTC with exactly six digits.
//!
//! Done on the civil calendar, since `jiff::Timestamp` ends a day before the year 9999 does.

use jiff::{SignedDuration, civil::DateTime, fmt::temporal::DateTimePrinter};

const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(6));

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
///
/// Digit by digit, since it is done for every entry that is verified; the tests hold it to the calendar of `jiff`.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    const FORM: &[u8; 27] = b"0000-00-00T00:00:00.000000Z";
    let text: &[u8; 27] = text.as_bytes().try_into().ok()?;
    let fits = |(byte, form): (&u8, &u8)| match form {
        b'0' => byte.is_ascii_digit(),
        other => byte == other,
    };
    if !text.iter().zip(FORM).all(fits) {
        return None;
    }
    let number = |from: usize, to: usize| {
        let digits = text[from..to].iter();
        digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let (hour, minute, second) = (number(11, 13), number(14, 16), number(17, 19));
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_of_month = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(is_leap),
        1..=12 => 31,
        _ => return None,
    };
    if year < 1 || !(1..=days_of_month).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Years are counted from March on, so that the day that only some have is the last.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1;
    // 719,468 days lie between 0000-03-01 and 1970-01-01.
    let seconds = (((days - 719_468) * 24 + hour) * 60 + minute) * 60 + second;
    Some(seconds * 1_000_000 + number(20, 26))
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

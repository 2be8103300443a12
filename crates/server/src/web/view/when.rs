//! A moment, as a reader wants it: the clock in the own zone, how long ago, on which day, and the exact time in UTC.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};

/// A moment, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    /// RFC 3339 in UTC, as precise as it is known: for `datetime` and for copying.
    pub utc: String,
    /// `14:27:40` in the reader's zone.
    pub clock: String,
    /// `4 min ago`.
    pub relative: String,
    /// `Monday 23 November 2026` in the reader's zone.
    pub day: String,
    /// The day as one says it: `Today`, `Yesterday`, `Friday`, `12 November`, `11 March 2024`.
    pub day_name: String,
    /// `23 Nov 2026` in the reader's zone.
    pub date: String,
    /// For the middle of a sentence: `today at 14:27`, `20 Nov 2026, 12:05`.
    pub moment: String,
}

impl When {
    /// Shows `at` to a reader in `zone` whose clock says `now`.
    pub fn new(at: Timestamp, zone: &TimeZone, now: Timestamp) -> Self {
        let local = at.to_zoned_datetime(zone.clone());
        let today = now.to_zoned_datetime(zone.clone());
        let date = local.strftime("%-d %b %Y").to_string();
        let minutes = local.strftime("%H:%M");
        Self {
            utc: at.to_string(),
            clock: local.strftime("%H:%M:%S").to_string(),
            relative: relative(at, now),
            day: local.strftime("%A %-d %B %Y").to_string(),
            day_name: day_name(&local, &today),
            moment: match days_before(&local, &today) {
                0 => format!("today at {minutes}"),
                1 => format!("yesterday at {minutes}"),
                _ => format!("{date}, {minutes}"),
            },
            date,
        }
    }

    /// The exact time in UTC, for people: `2026-11-23 13:27:40.118 UTC`.
    pub fn exact(&self) -> String {
        format!("{} UTC", self.utc.replace('T', " ").trim_end_matches('Z'))
    }
}

/// Whole days of the calendar from `day` to `today`; negative for days to come.
fn days_before(day: &ZonedDateTime, today: &ZonedDateTime) -> i32 {
    day.date()
        .until(today.date())
        .map_or(i32::MAX, |span| span.get_days())
}

fn day_name(day: &ZonedDateTime, today: &ZonedDateTime) -> String {
    match days_before(day, today) {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        2..=6 => day.strftime("%A").to_string(),
        _ if day.year() == today.year() => day.strftime("%-d %B").to_string(),
        _ => day.strftime("%-d %B %Y").to_string(),
    }
}

/// How long ago, in the largest unit that leaves at least one; the log's clock may go back, so a moment may lie ahead.
fn relative(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second() - at.as_second();
    let (amount, unit) = match seconds.unsigned_abs() {
        0 => return "just now".to_owned(),
        s @ 1..60 => (s, "s"),
        s @ 60..3_600 => (s / 60, "min"),
        s @ 3_600..86_400 => (s / 3_600, "h"),
        s @ 86_400..5_184_000 => (s / 86_400, "d"),
        s @ 5_184_000..63_072_000 => (s / 2_592_000, "mo"),
        s => (s / 31_536_000, "y"),
    };
    if seconds > 0 {
        format!("{amount} {unit} ago")
    } else {
        format!("in {amount} {unit}")
    }
}

/// The city of a zone: `Copenhagen` for `Europe/Copenhagen`.
pub fn city(zone: &str) -> String {
    zone.rsplit('/').next().unwrap_or(zone).replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::{When, city};
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a timestamp")
    }

    fn when(moment: &str, zone: &str) -> When {
        let zone = TimeZone::get(zone).expect("a zone");
        When::new(at(moment), &zone, at("2026-11-23T13:32:19Z"))
    }

    #[test]
    fn the_clock_is_the_readers_and_the_exact_time_is_utc() {
        let when = when("2026-11-23T13:27:40.118Z", "Europe/Copenhagen");
        assert_eq!(when.clock, "14:27:40");
        assert_eq!(when.relative, "4 min ago");
        assert_eq!(when.day, "Monday 23 November 2026");
        assert_eq!(when.moment, "today at 14:27");
        assert_eq!(when.utc, "2026-11-23T13:27:40.118Z");
        assert_eq!(when.exact(), "2026-11-23 13:27:40.118 UTC");
    }

    #[test]
    fn the_day_changes_at_the_readers_midnight() {
        let late = "2026-11-22T23:30:00Z";
        assert_eq!(when(late, "UTC").day_name, "Yesterday");
        assert_eq!(when(late, "Europe/Copenhagen").day_name, "Today");
        assert_eq!(when(late, "America/New_York").moment, "yesterday at 18:30");
    }

    #[test]
    fn a_day_is_named_as_one_says_it() {
        assert_eq!(when("2026-11-20T12:00:00Z", "UTC").day_name, "Friday");
        assert_eq!(when("2026-11-12T12:00:00Z", "UTC").day_name, "12 November");
        assert_eq!(
            when("2024-03-11T12:00:00Z", "UTC").day_name,
            "11 March 2024"
        );
        assert_eq!(
            when("2026-11-20T12:05:00Z", "UTC").moment,
            "20 Nov 2026, 12:05"
        );
    }

    #[test]
    fn how_long_ago_is_said_in_one_unit() {
        let relative = |moment| when(moment, "UTC").relative;
        assert_eq!(relative("2026-11-23T13:32:19Z"), "just now");
        assert_eq!(relative("2026-11-23T13:32:12Z"), "7 s ago");
        assert_eq!(relative("2026-11-23T11:20:00Z"), "2 h ago");
        assert_eq!(relative("2026-11-20T12:05:00Z"), "3 d ago");
        assert_eq!(relative("2026-06-23T12:05:00Z"), "5 mo ago");
        assert_eq!(relative("2024-03-11T12:00:00Z"), "2 y ago");
        assert_eq!(relative("2026-11-23T13:35:19Z"), "in 3 min");
    }

    #[test]
    fn a_zone_is_called_by_its_city() {
        assert_eq!(city("America/Argentina/Buenos_Aires"), "Buenos Aires");
        assert_eq!(city("UTC"), "UTC");
    }
}

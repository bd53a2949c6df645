//! Expressions that are read and that are refused, and their times against oracles that know nothing of the code.

use super::*;

mod clock_changes;
mod oracle;

fn cron(text: &str) -> Cron {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The instants after `from`, as RFC 3339 in the zone, without the zone's name.
fn times(text: &str, zone: &str, from: &str, n: usize) -> Vec<String> {
    let zone = jiff::tz::TimeZone::get(zone).unwrap();
    let from = from.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp().as_second();
    let cron = cron(text);
    std::iter::successors(cron.first_after(&zone, from), |at| cron.first_after(&zone, *at))
        .take(n)
        .map(|at| {
            jiff::Timestamp::from_second(at)
                .unwrap()
                .display_with_offset(zone.to_offset(jiff::Timestamp::from_second(at).unwrap()))
                .to_string()
        })
        .map(|text| text.replace(":00+", "+").replace(":00-", "-"))
        .collect()
}

#[test]
fn expressions_are_read_as_crontab_reads_them() {
    for (text, expected) in [
        ("0 9 * * 1-5", ["2026-11-23T09:00+00:00", "2026-11-24T09:00+00:00"]),
        ("0 9 * * mon-FRI", ["2026-11-23T09:00+00:00", "2026-11-24T09:00+00:00"]),
        ("*/20 * * * *", ["2026-11-20T22:20+00:00", "2026-11-20T22:40+00:00"]),
        ("10-30/10 3 * * *", ["2026-11-21T03:10+00:00", "2026-11-21T03:20+00:00"]),
        ("0 0 * * 7", ["2026-11-22T00:00+00:00", "2026-11-29T00:00+00:00"]),
        ("0 0 * * SAT-SUN", ["2026-11-21T00:00+00:00", "2026-11-22T00:00+00:00"]),
        ("0 0 * * 5-7", ["2026-11-21T00:00+00:00", "2026-11-22T00:00+00:00"]),
        ("0 0 1 jan,JUL *", ["2027-01-01T00:00+00:00", "2027-07-01T00:00+00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00+00:00", "2032-02-29T00:00+00:00"]),
        ("0 0 L * *", ["2026-11-30T00:00+00:00", "2026-12-31T00:00+00:00"]),
        ("0 0 LW * *", ["2026-11-30T00:00+00:00", "2026-12-31T00:00+00:00"]),
        ("0 0 15W * ?", ["2026-12-15T00:00+00:00", "2027-01-15T00:00+00:00"]),
        ("0 0 * * mon#2", ["2026-12-14T00:00+00:00", "2027-01-11T00:00+00:00"]),
        ("0 0 ? * 5L", ["2026-11-27T00:00+00:00", "2026-12-25T00:00+00:00"]),
        // Both days restricted: either suffices. One with a star: both must hold.
        ("0 0 1 * 0", ["2026-11-22T00:00+00:00", "2026-11-29T00:00+00:00"]),
        ("0 0 */2 * 0", ["2026-11-29T00:00+00:00", "2026-12-13T00:00+00:00"]),
        ("@hourly", ["2026-11-20T23:00+00:00", "2026-11-21T00:00+00:00"]),
        ("@daily", ["2026-11-21T00:00+00:00", "2026-11-22T00:00+00:00"]),
        ("@Midnight", ["2026-11-21T00:00+00:00", "2026-11-22T00:00+00:00"]),
        ("@weekly", ["2026-11-22T00:00+00:00", "2026-11-29T00:00+00:00"]),
        ("@monthly", ["2026-12-01T00:00+00:00", "2027-01-01T00:00+00:00"]),
        ("@yearly", ["2027-01-01T00:00+00:00", "2028-01-01T00:00+00:00"]),
    ] {
        assert_eq!(times(text, "UTC", "2026-11-20T22:10", 2), expected, "{text}");
    }
}

#[test]
fn what_is_no_expression_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "Enter a cron expression"),
        ("  ", "Enter a cron expression"),
        ("0 9 * *", "has five fields, this one has 4"),
        ("*/10 * * * * *", "has six fields. Cron expressions have five here"),
        ("0 0 9 * * 1 2027", "has five fields, this one has 7"),
        ("60 * * * *", "The minute `60` is not from 0 to 59."),
        ("* 24 * * *", "The hour `24` is not from 0 to 23."),
        ("0 0 0 * *", "The day of the month `0` is not from 1 to 31."),
        ("0 0 * 13 *", "The month `13` is not from 1 to 12."),
        ("0 0 * * 8", "The day of the week `8` is not from 0 to 7."),
        ("JAN 0 * * *", "The minute `JAN` is no number from 0 to 59."),
        ("0 0 * MON *", "The month `MON` is neither a number from 1 to 12 nor a name from JAN to DEC."),
        ("0 0 * * SUNMON", "neither a number"),
        ("*/0 * * * *", "has a step that is not from 1 to 59"),
        ("*/x * * * *", "has a step that is no number"),
        ("5/15 * * * *", "has a step but no range; write 5-59/15 or */15"),
        ("30-10 * * * *", "is a range that ends before it begins"),
        ("0 0 * * FRI-MON", "is a range that ends before it begins"),
        ("1,,2 * * * *", "is incomplete"),
        ("1-2-3 * * * *", "is no number"),
        ("-5 * * * *", "is incomplete"),
        ("5- * * * *", "is incomplete"),
        ("1.5 * * * *", "is no number"),
        ("+1 * * * *", "is no number"),
        ("1234 * * * *", "is not from 0 to 59"),
        ("0 0 32W * *", "is no day from 1 to 31 before the W"),
        ("0 0 * * 1#6", "has no number from 1 to 5, or L, after #"),
        ("0 0 * * 9L", "is no day of the week from 0 to 7"),
        ("? * * * *", "is no number"),
        ("@every 1s", "`@every` is no cron expression. Choose a schedule of the kind"),
        ("@reboot", "has no meaning here"),
        ("@noon", "`@noon` is unknown"),
        ("0 0 30 2 *", "This never comes: no Feb has a day `30`."),
        ("0 0 31 2,4,JUN,9,11 *", "no Feb or Apr or Jun or Sep or Nov has a day `31`."),
        ("0 0 30 2 */2", "no Feb has a day `30` on such a day of the week."),
        ("\u{0}", "has five fields, this one has 1"),
        (&"1,".repeat(200), "at most 256 characters"),
    ] {
        let wrong = text.parse::<Cron>().unwrap_err().to_string();
        assert!(wrong.contains(reason), "{text}: {wrong}");
    }
}

#[test]
fn an_expression_is_kept_as_it_was_written() {
    let cron = cron("  0   9 * *\tmon-fri ");
    assert_eq!(cron.to_string(), "0 9 * * mon-fri");
    assert_eq!(serde_json::to_string(&cron).unwrap(), "\"0 9 * * mon-fri\"");
    assert_eq!(serde_json::from_str::<Cron>("\"0 9 * * mon-fri\"").unwrap(), cron);
    assert!(serde_json::from_str::<Cron>("\"0 0 30 2 *\"").is_err());
}

#[test]
fn a_date_every_28_or_40_years_is_found() {
    // February 29 on a Monday; 2100 has none.
    assert_eq!(
        times("0 0 29 2 */7", "UTC", "2026-01-01T00:00", 2),
        ["2032-02-29T00:00+00:00", "2060-02-29T00:00+00:00"]
    );
    assert_eq!(times("0 0 29 2 */7", "UTC", "2088-03-01T00:00", 1), ["2128-02-29T00:00+00:00"]);
}

//! Timetables in words.

use super::*;

#[test]
fn usual_expressions_are_sentences() {
    for (text, sentence) in [
        ("0 9 * * 1-5", "Every weekday at 09:00, Europe/Berlin time"),
        ("0 9 * * MON-FRI", "Every weekday at 09:00, Europe/Berlin time"),
        ("@daily", "Every day at 00:00, Europe/Berlin time"),
        ("30 8,17 * * *", "Every day at 08:30 and 17:30, Europe/Berlin time"),
        ("0 8,12,17 * * *", "Every day at 08:00, 12:00 and 17:00, Europe/Berlin time"),
        ("0 9 * * 1", "Every Monday at 09:00, Europe/Berlin time"),
        ("0 9 * * 0,6,7", "Every Saturday and Sunday at 09:00, Europe/Berlin time"),
        ("0 9 * * mon,wed,fri", "Every Monday, Wednesday and Friday at 09:00, Europe/Berlin time"),
        ("@weekly", "Every Sunday at 00:00, Europe/Berlin time"),
        ("@monthly", "On the 1st of every month at 00:00, Europe/Berlin time"),
        ("0 6 2,15,23 * *", "On the 2nd, 15th and 23rd of every month at 06:00, Europe/Berlin time"),
        ("0 6 11,13 */3 *", "On the 11th and 13th of January, April, July and October at 06:00, Europe/Berlin time"),
        ("@yearly", "Every year on January 1 at 00:00, Europe/Berlin time"),
        ("0 9 * 12 1-5", "Every weekday in December at 09:00, Europe/Berlin time"),
        ("0 9 L * *", "On the last day of every month at 09:00, Europe/Berlin time"),
        ("0 9 LW 3,6 *", "On the last weekday of March and June at 09:00, Europe/Berlin time"),
        ("0 9 * * 1#2", "On the second Monday of every month at 09:00, Europe/Berlin time"),
        ("0 9 * * 7L", "On the last Sunday of every month at 09:00, Europe/Berlin time"),
        ("* * * * *", "Every minute"),
        ("*/5 * * * *", "Every 5 minutes"),
        ("0,15,30,45 * * * *", "Every 15 minutes"),
        ("@hourly", "Every hour"),
        ("15 * * * *", "Every hour at 15 minutes past"),
        ("1 * * * *", "Every hour at 1 minute past"),
        ("0 */2 * * *", "Every 2 hours, Europe/Berlin time"),
        ("5 */2 * * 1-5", "Every 2 hours at 5 minutes past, every weekday, Europe/Berlin time"),
        ("*/15 9-17 * * 1-5", "Every 15 minutes from 09:00 to 17:45, every weekday, Europe/Berlin time"),
        ("*/15 9 * * *", "Every day at 09:00, 09:15, 09:30 and 09:45, Europe/Berlin time"),
        ("0 8-18 * * *", "Every hour from 08:00 to 18:00, Europe/Berlin time"),
        ("* 9 * * *", "Every minute from 09:00 to 09:59, Europe/Berlin time"),
        ("*/5 * * * 6,0", "Every 5 minutes, every Saturday and Sunday, Europe/Berlin time"),
        // Nobody would say these.
        ("*/7 * * * *", "On the cron expression */7 * * * *, Europe/Berlin time"),
        ("3,7 */5 * * *", "On the cron expression 3,7 */5 * * *, Europe/Berlin time"),
        ("0 9 13 * 5", "On the cron expression 0 9 13 * 5, Europe/Berlin time"),
        ("0 9 15W * *", "On the cron expression 0 9 15W * *, Europe/Berlin time"),
    ] {
        assert_eq!(cron(text, "Europe/Berlin").sentence(), sentence, "{text}");
    }
    assert_eq!(cron("0 9 * * *", "UTC").sentence(), "Every day at 09:00, UTC");
}

#[test]
fn intervals_and_moments_are_sentences() {
    let start = "2026-11-20T10:00:00Z";
    for (table, sentence) in [
        (every("1h", "0s", start), "Every hour"),
        (every("10s", "0s", start), "Every 10 seconds"),
        (every("1h30m", "5m", start), "Every 1 hour 30 minutes, each up to 5 minutes later"),
        (every("1d", "0s", start), "Every 24 hours"),
        (every("7d", "0s", start), "Every 7 days"),
        (at(&["2026-12-24T18:00:00Z"]), "Once, on December 24, 2026 at 18:00, UTC"),
        (
            at(&["2026-12-24T18:00:00Z", "2026-12-25T18:00:00Z", "2027-01-01T00:00:30Z"]),
            "3 times, from December 24, 2026 at 18:00 to January 1, 2027 at 00:00:30, UTC",
        ),
    ] {
        assert_eq!(table.sentence(), sentence);
    }
}

#[test]
fn bounds_are_told_in_the_zone_of_the_schedule() {
    let mut table = cron("0 9 * * *", "Europe/Berlin");
    table.after = Some(instant("2026-12-01T08:00:00Z"));
    table.before = Some(instant("2027-07-01T08:00:00Z"));
    table.repeats = Some(5);
    assert_eq!(
        table.sentence(),
        "Every day at 09:00, Europe/Berlin time, from December 1, 2026 at 09:00, until July 1, 2027 at 10:00, 5 times in all"
    );
}

#[test]
fn what_the_next_clock_change_does_is_told() {
    let (winter, summer) = ("2026-11-20T10:00:00Z", "2027-06-01T10:00:00Z");
    let start = "2026-11-20T10:00:00Z";
    let spring = "On March 28, 2027 the clocks in Europe/Berlin go from 02:00 to 03:00.";
    let autumn = "On October 31, 2027 the clocks in Europe/Berlin go back from 03:00 to 02:00.";
    let hour = "An interval counts real time: from then on it is due";
    for (table, now, sentence) in [
        (
            cron("30 2 * * *", "Europe/Berlin"),
            winter,
            Some(format!("{spring} 02:30 does not exist that day: it is due at 03:00 instead.")),
        ),
        (
            cron("30 2 * * *", "Europe/Berlin"),
            summer,
            Some(format!("{autumn} 02:30 comes twice that day: it is due the first time only.")),
        ),
        (
            cron("0,30 2 * * *", "Europe/Berlin"),
            winter,
            Some(format!(
                "{spring} The 2 due times in between do not exist that day: it is due once instead of them, at 03:00."
            )),
        ),
        (
            cron("0,30 2 * * *", "Europe/Berlin"),
            summer,
            Some(format!("{autumn} The 2 due times in between come twice that day: each is due the first time only.")),
        ),
        (
            cron("0 */2 * * *", "Europe/Berlin"),
            winter,
            Some(format!("{spring} 02:00 does not exist that day and is left out.")),
        ),
        (
            cron("0 */2 * * *", "Europe/Berlin"),
            summer,
            Some(format!("{autumn} 02:00 comes twice that day, and it is due both times.")),
        ),
        (
            cron("*/20 2 * * *", "Europe/Berlin"),
            winter,
            Some(format!("{spring} The 3 due times in between do not exist that day and are left out.")),
        ),
        (
            cron("*/20 2 * * *", "Europe/Berlin"),
            summer,
            Some(format!("{autumn} The 3 due times in between come twice that day, and it is due both times.")),
        ),
        // The next change does nothing, the one after it does.
        (cron("0 9 * * *", "Europe/Berlin"), winter, None),
        (cron("30 2 * * 1", "Europe/Berlin"), winter, None),
        (
            cron("30 2 31 10 *", "Europe/Berlin"),
            winter,
            Some(format!("{autumn} 02:30 comes twice that day: it is due the first time only.")),
        ),
        (cron("*/5 * * * *", "Europe/Berlin"), winter, None),
        (cron("0 * * * *", "Europe/Berlin"), winter, None),
        (cron("30 2 * * *", "UTC"), winter, None),
        (every("1h", "0s", start), winter, None),
        (every("10s", "0s", start), winter, None),
        (every("1d", "0s", start), winter, Some(format!("{spring} {hour} 1 hour later by the clock."))),
        (every("7h", "0s", start), summer, Some(format!("{autumn} {hour} 1 hour earlier by the clock."))),
        (at(&["2027-03-28T01:30:00Z"]), winter, None),
    ] {
        assert_eq!(table.clock_change(instant(now)), sentence, "{}", table.sentence());
    }
}

#[test]
fn clock_changes_of_half_an_hour_and_of_a_whole_day_are_told() {
    let lord_howe = |text| cron(text, "Australia/Lord_Howe").clock_change(instant("2027-06-01T00:00:00Z"));
    let sentence = "On October 3, 2027 the clocks in Australia/Lord_Howe go from 02:00 to 02:30.";
    assert_eq!(
        lord_howe("15 2 * * *"),
        Some(format!("{sentence} 02:15 does not exist that day: it is due at 02:30 instead."))
    );
    assert_eq!(lord_howe("0 * * * *"), Some(format!("{sentence} 02:00 does not exist that day and is left out.")));
    assert_eq!(lord_howe("*/15 * * * *"), None);
    assert_eq!(
        cron("0 9 * * *", "Pacific/Apia").clock_change(instant("2011-12-01T00:00:00Z")).as_deref(),
        Some(
            "On December 30, 2011 the clocks in Pacific/Apia go from 00:00 to 00:00 on December 31, 2011. 09:00 does \
             not exist that day: it is due at 00:00 instead."
        )
    );
}

#[test]
fn a_change_outside_the_bounds_is_not_told() {
    let mut table = cron("30 2 * * *", "Europe/Berlin");
    table.before = Some(instant("2027-03-01T00:00:00Z"));
    assert_eq!(table.clock_change(instant("2026-11-20T10:00:00Z")), None);
    table.before = None;
    table.after = Some(instant("2027-04-01T00:00:00Z"));
    let told = table.clock_change(instant("2026-11-20T10:00:00Z")).unwrap();
    assert!(told.starts_with("On October 31, 2027"), "{told}");
}

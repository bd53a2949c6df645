//! What happens to due times when clocks change: written down by hand.

use super::times;

#[test]
fn a_fixed_time_that_is_skipped_comes_when_the_clock_jumps() {
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2027-03-27T00:00", 3),
        ["2027-03-27T02:30+01:00", "2027-03-28T03:00+02:00", "2027-03-29T02:30+02:00"]
    );
    assert_eq!(
        times("30 2 * * *", "America/New_York", "2027-03-13T12:00", 2),
        ["2027-03-14T03:00-04:00", "2027-03-15T02:30-04:00"]
    );
}

#[test]
fn several_fixed_times_in_one_jump_come_once() {
    assert_eq!(
        times("0,30 2,3 * * *", "Europe/Berlin", "2027-03-28T00:00", 3),
        ["2027-03-28T03:00+02:00", "2027-03-28T03:30+02:00", "2027-03-29T02:00+02:00"]
    );
}

#[test]
fn a_fixed_time_that_comes_twice_is_due_the_first_time() {
    assert_eq!(
        times("30 2 * * *", "Europe/Berlin", "2027-10-30T12:00", 2),
        ["2027-10-31T02:30+02:00", "2027-11-01T02:30+01:00"]
    );
    // Also for one who looks between the two.
    assert_eq!(times("0 2,4 * * *", "Europe/Berlin", "2027-10-31T02:59", 1), ["2027-10-31T04:00+01:00"]);
}

#[test]
fn what_follows_the_clock_on_the_wall_goes_on_through_both_changes() {
    assert_eq!(
        times("*/30 * * * *", "Europe/Berlin", "2027-03-28T01:00", 3),
        ["2027-03-28T01:30+01:00", "2027-03-28T03:00+02:00", "2027-03-28T03:30+02:00"]
    );
    assert_eq!(
        times("0 * * * *", "Europe/Berlin", "2027-10-31T01:00", 4),
        ["2027-10-31T02:00+02:00", "2027-10-31T02:00+01:00", "2027-10-31T03:00+01:00", "2027-10-31T04:00+01:00"]
    );
    // Every two hours by the clock: the skipped one is left out, the one that comes twice comes twice.
    assert_eq!(
        times("0 */2 * * *", "Europe/Berlin", "2027-03-28T00:00", 2),
        ["2027-03-28T04:00+02:00", "2027-03-28T06:00+02:00"]
    );
    assert_eq!(
        times("0 */2 * * *", "Europe/Berlin", "2027-10-31T00:00", 3),
        ["2027-10-31T02:00+02:00", "2027-10-31T02:00+01:00", "2027-10-31T04:00+01:00"]
    );
}

#[test]
fn what_comes_twice_is_found_also_if_the_next_is_far_away() {
    assert_eq!(
        times("15 */3 * 11 0", "America/Havana", "2024-11-02T12:00", 3),
        ["2024-11-03T00:15-04:00", "2024-11-03T00:15-05:00", "2024-11-03T03:15-05:00"]
    );
    assert_eq!(
        times("*/50 0 3 11 *", "America/Havana", "2024-11-02T12:00", 5),
        [
            "2024-11-03T00:00-04:00",
            "2024-11-03T00:50-04:00",
            "2024-11-03T00:00-05:00",
            "2024-11-03T00:50-05:00",
            "2025-11-03T00:00-05:00"
        ]
    );
}

#[test]
fn half_an_hour_of_lord_howe_is_skipped_and_repeated() {
    assert_eq!(
        times("15 2 * * *", "Australia/Lord_Howe", "2027-10-02T12:00", 2),
        ["2027-10-03T02:30+11:00", "2027-10-04T02:15+11:00"]
    );
    assert_eq!(
        times("45 1 * * *", "Australia/Lord_Howe", "2027-04-03T12:00", 2),
        ["2027-04-04T01:45+11:00", "2027-04-05T01:45+10:30"]
    );
    assert_eq!(
        times("*/15 * * * *", "Australia/Lord_Howe", "2027-10-03T01:45", 2),
        ["2027-10-03T02:30+11:00", "2027-10-03T02:45+11:00"]
    );
}

#[test]
fn a_midnight_that_is_skipped_comes_at_one() {
    assert_eq!(
        times("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00", 2),
        ["2018-11-04T01:00-02:00", "2018-11-05T00:00-02:00"]
    );
    assert_eq!(
        times("@daily", "Asia/Beirut", "2027-03-27T12:00", 2),
        ["2027-03-28T01:00+03:00", "2027-03-29T00:00+03:00"]
    );
}

#[test]
fn a_whole_day_that_is_skipped_comes_with_the_jump() {
    // Samoa had no December 30 in 2011.
    assert_eq!(
        times("0 9 * * *", "Pacific/Apia", "2011-12-29T00:00", 3),
        ["2011-12-29T09:00-10:00", "2011-12-31T00:00+14:00", "2011-12-31T09:00+14:00"]
    );
    assert_eq!(
        times("0 * * * *", "Pacific/Apia", "2011-12-29T22:00", 2),
        ["2011-12-29T23:00-10:00", "2011-12-31T00:00+14:00"]
    );
}

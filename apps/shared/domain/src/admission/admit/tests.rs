//! What is taken, what is not, and what is said.

use super::*;
use crate::Tiers;

fn asked() -> Asked {
    Asked {
        over_limit: None,
        restriction: Restriction::None,
        when_busy: WhenBusy::Refuse,
        overlap: None,
        caught_up: false,
        previous: None,
        plan_busy: None,
        organization_busy: false,
        used_today: 0,
        used_this_month: 0,
        now: "2026-11-20T22:10:00Z".parse().unwrap(),
    }
}

fn limits() -> Limits {
    Limits { runs_a_day: Some(10), ..Tiers::default().free }
}

fn refused(asked: &Asked) -> String {
    match admit(asked, &limits()) {
        Admitted::Refuse(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_run_that_nothing_speaks_against_is_queued() {
    let busy = Asked { plan_busy: Some(7), organization_busy: true, used_today: 9, used_this_month: 99, ..asked() };
    assert_eq!(admit(&busy, &limits()), Admitted::Queue);
}

#[test]
fn a_month_that_is_used_up_says_how_much_and_until_when() {
    assert_eq!(
        refused(&Asked { used_this_month: 100, ..asked() }),
        "All 100 runs of this month are used. The count begins anew on December 1, 2026 (UTC). Run less often, or move \
         to a higher tier."
    );
}

#[test]
fn a_day_that_is_used_up_says_how_much_and_until_when() {
    let december = Asked { used_today: 12, now: "2026-12-31T23:59:59Z".parse().unwrap(), ..asked() };
    assert_eq!(
        refused(&december),
        "All 10 runs of today are used. The count begins anew on January 1, 2027 at 00:00 (UTC). Run less often, or \
         move to a higher tier."
    );
}

#[test]
fn without_a_limit_nothing_is_used_up() {
    let asked = Asked { used_today: u32::MAX, used_this_month: u32::MAX, ..asked() };
    assert_eq!(admit(&asked, &Tiers::default().enterprise), Admitted::Queue);
}

#[test]
fn a_plan_restricted_to_itself_is_refused_while_one_of_its_runs_has_not_finished() {
    let free = Asked { restriction: Restriction::Itself, organization_busy: true, ..asked() };
    assert_eq!(admit(&free, &limits()), Admitted::Queue);
    let busy = Asked { plan_busy: Some(7), ..free };
    let reason = refused(&busy);
    assert!(reason.starts_with("Run 7 of this plan has not finished"), "{reason}");
    assert!(reason.contains("(restriction: self)") && reason.contains("`when_busy: queue`"), "{reason}");
    assert_eq!(admit(&Asked { when_busy: WhenBusy::Queue, ..busy }, &limits()), Admitted::Queue);
}

#[test]
fn a_global_plan_is_refused_while_anything_has_not_finished() {
    let busy = Asked { restriction: Restriction::Global, organization_busy: true, ..asked() };
    assert!(refused(&busy).contains("this plan runs alone (restriction: global)"));
    assert_eq!(admit(&Asked { when_busy: WhenBusy::Queue, ..busy.clone() }, &limits()), Admitted::Queue);
    assert_eq!(admit(&Asked { organization_busy: false, ..busy }, &limits()), Admitted::Queue);
}

#[test]
fn overlap_skips_or_queues_the_next_run_of_a_schedule() {
    let overlapping = |overlap| Asked { overlap: Some(overlap), previous: Some(3), ..asked() };
    assert_eq!(
        admit(&overlapping(Overlap::Skip), &limits()),
        Admitted::Skip("Run 3 of this schedule had not finished when this one was due.".to_owned())
    );
    assert_eq!(admit(&overlapping(Overlap::Queue), &limits()), Admitted::Queue);
    assert_eq!(admit(&overlapping(Overlap::Cancel), &limits()), Admitted::Queue);
    assert_eq!(admit(&Asked { overlap: Some(Overlap::Skip), ..asked() }, &limits()), Admitted::Queue);
}

#[test]
fn a_due_time_that_is_caught_up_waits_instead() {
    let asked = Asked { overlap: Some(Overlap::Skip), previous: Some(3), caught_up: true, ..asked() };
    assert_eq!(admit(&asked, &limits()), Admitted::Queue);
}

#[test]
fn limits_go_before_restrictions_and_these_before_overlap() {
    let all = Asked {
        restriction: Restriction::Itself,
        overlap: Some(Overlap::Skip),
        previous: Some(3),
        plan_busy: Some(3),
        used_today: 10,
        used_this_month: 100,
        ..asked()
    };
    assert!(refused(&all).contains("of this month"));
    assert!(refused(&Asked { used_this_month: 0, ..all.clone() }).contains("of today"));
    let within = Asked { used_this_month: 0, used_today: 0, ..all };
    assert!(refused(&within).contains("restriction: self"));
    assert!(matches!(admit(&Asked { restriction: Restriction::None, ..within }, &limits()), Admitted::Skip(_)));
}

//! Who writes what, and when: without a database and without a clock.

use std::sync::atomic::{AtomicBool, AtomicI64};

use domain::{Actor, OrganizationId, PlanId, RunState};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{Ending, RunChange, Tenant, lease::Lease, recorder::batch::Last};

fn run() -> Arc<RunRecord> {
    let tenant = Tenant::new(OrganizationId::new(), Actor::System);
    let lease = Lease { run: RunId::new(), plan: PlanId::new(), tenant, fence: 1, again: false };
    let (untidy, unrepeatable) = (AtomicBool::new(false), AtomicI64::new(-1));
    Arc::new(RunRecord { lease, lost: CancellationToken::new(), untidy, unrepeatable })
}

fn ends(pending: &mut Pending, run: &Arc<RunRecord>, now: Instant) -> Wake {
    let ending = Ending { state: RunState::Passed, ..Ending::errored("") };
    pending.add(run, now, Urgency::Sometime, |run| run.last = Some(Last::End(ending)))
}

fn reports(pending: &mut Pending, run: &Arc<RunRecord>, position: u32, now: Instant) -> Wake {
    let step = StepWrite { state: StepState::Passed, ..StepWrite::running(position, 0) };
    pending.add(run, now, Urgency::Sometime, |run| run.step(step))
}

/// A step that must not be repeated is about to go out.
fn marks(pending: &mut Pending, run: &Arc<RunRecord>, position: u32, now: Instant) -> Wake {
    pending.add(run, now, Urgency::AtOnce, |run| {
        run.step(StepWrite::running(position, 0));
        run.waiting.push(oneshot::channel().0);
    })
}

/// What a lane writes at this time: each run with the positions of its steps.
fn written(pending: &mut Pending, lane: Lane, now: Instant) -> Vec<(RunId, Vec<u32>)> {
    match pending.next(lane, now) {
        Next::Write(runs, _) => {
            let positions = |run: &RunWrites| run.steps.iter().map(|step| step.position).collect();
            runs.iter().map(|run| (run.lease().run, positions(run))).collect()
        }
        Next::Sleep(_) | Next::Close => Vec::new(),
    }
}

#[test]
fn what_a_run_waits_for_does_not_wait_for_the_ends_of_others() {
    let (mut pending, now) = (Pending::new(Lane::Awaited), Instant::now());
    let (over, waiting) = (run(), run());
    let _ = ends(&mut pending, &over, now);
    assert_eq!(marks(&mut pending, &waiting, 0, now), Wake { awaited: true, rest: false });
    assert_eq!(written(&mut pending, Lane::Awaited, now), [(waiting.lease.run, vec![0])]);
    assert_eq!(written(&mut pending, Lane::Rest, now), []);
    assert_eq!(written(&mut pending, Lane::Rest, now + LINGER), [(over.lease.run, vec![])]);
}

#[test]
fn a_mark_takes_along_what_came_before_of_its_run() {
    let (mut pending, now) = (Pending::new(Lane::Awaited), Instant::now());
    let run = run();
    let _ = reports(&mut pending, &run, 0, now);
    let _ = marks(&mut pending, &run, 1, now);
    assert_eq!(written(&mut pending, Lane::Rest, now + LINGER), []);
    assert_eq!(written(&mut pending, Lane::Awaited, now), [(run.lease.run, vec![0, 1])]);
}

#[test]
fn a_mark_never_overtakes_a_report_of_its_run() {
    let (mut pending, now) = (Pending::new(Lane::Awaited), Instant::now());
    let run = run();
    let _ = reports(&mut pending, &run, 0, now);
    assert_eq!(written(&mut pending, Lane::Rest, now + LINGER), [(run.lease.run, vec![0])]);
    assert_eq!(marks(&mut pending, &run, 1, now), Wake::default());
    assert_eq!(written(&mut pending, Lane::Awaited, now + LINGER), []);
    assert_eq!(pending.settled([&*run].into_iter()), Wake { awaited: true, rest: false });
    assert_eq!(written(&mut pending, Lane::Awaited, now + LINGER), [(run.lease.run, vec![1])]);
}

#[test]
fn an_end_never_overtakes_a_mark_of_its_run() {
    let (mut pending, now) = (Pending::new(Lane::Awaited), Instant::now());
    let run = run();
    let _ = marks(&mut pending, &run, 0, now);
    assert_eq!(written(&mut pending, Lane::Awaited, now), [(run.lease.run, vec![0])]);
    let _ = ends(&mut pending, &run, now);
    assert_eq!(written(&mut pending, Lane::Rest, now + LINGER), []);
    assert_eq!(pending.settled([&*run].into_iter()), Wake { awaited: false, rest: true });
    assert_eq!(written(&mut pending, Lane::Rest, now + LINGER), [(run.lease.run, vec![])]);
}

#[test]
fn where_only_one_can_write_everything_goes_together() {
    let (mut pending, now) = (Pending::new(Lane::Rest), Instant::now());
    let (over, waiting) = (run(), run());
    let _ = ends(&mut pending, &over, now);
    assert_eq!(marks(&mut pending, &waiting, 0, now), Wake { awaited: false, rest: true });
    assert_eq!(written(&mut pending, Lane::Awaited, now), []);
    assert_eq!(written(&mut pending, Lane::Rest, now), [(over.lease.run, vec![]), (waiting.lease.run, vec![0])]);
}

#[test]
fn a_flush_waits_for_what_is_under_way_and_for_what_waits() {
    let (mut pending, now) = (Pending::new(Lane::Awaited), Instant::now());
    let (one, other) = (run(), run());
    let _ = marks(&mut pending, &one, 0, now);
    assert_eq!(written(&mut pending, Lane::Awaited, now).len(), 1);
    let _ = reports(&mut pending, &other, 0, now);
    let (done, mut all_done) = mpsc::channel(1);
    assert_eq!(pending.flush(&done, now), Wake { awaited: false, rest: true });
    drop(done);
    let mut is_done = || all_done.try_recv() == Err(mpsc::error::TryRecvError::Disconnected);
    let Next::Write(batch, _) = pending.next(Lane::Rest, now) else { panic!("a flush hurries") };
    assert!(!is_done());
    let _ = pending.settled([&*one].into_iter());
    assert!(!is_done());
    let _ = pending.settled([&*other].into_iter());
    drop(batch);
    assert!(is_done());
}

#[test]
fn nobody_closes_while_writes_are_under_way() {
    let (mut pending, now) = (Pending::new(Lane::Awaited), Instant::now());
    let run = run();
    let _ = marks(&mut pending, &run, 0, now);
    assert_eq!(written(&mut pending, Lane::Awaited, now).len(), 1);
    let _ = ends(&mut pending, &run, now);
    assert_eq!(pending.close(), Wake { awaited: true, rest: true });
    assert!(matches!(pending.next(Lane::Rest, now), Next::Sleep(None)));
    assert_eq!(pending.settled([&*run].into_iter()), Wake { awaited: false, rest: true });
    assert!(matches!(pending.next(Lane::Awaited, now), Next::Close));
    assert_eq!(written(&mut pending, Lane::Rest, now), [(run.lease.run, vec![])]);
    let _ = pending.settled([&*run].into_iter());
    assert!(matches!(pending.next(Lane::Rest, now), Next::Close));
}

#[test]
fn what_was_written_silently_is_told_by_the_other_lane() {
    let (mut pending, now) = (Pending::new(Lane::Awaited), Instant::now());
    let change = run().lease.change(RunChange::Step);
    assert_eq!(pending.tell([change], now), Wake { awaited: false, rest: true });
    assert_eq!(pending.tell([change], now), Wake::default());
    assert!(matches!(pending.next(Lane::Rest, now), Next::Sleep(Some(until)) if until == now + LINGER));
    let Next::Write(runs, untold) = pending.next(Lane::Rest, now + LINGER) else { panic!("it is to be told") };
    assert!(runs.is_empty());
    assert_eq!(untold, [change, change]);
    assert!(matches!(pending.next(Lane::Rest, now + LINGER), Next::Sleep(None)));
}

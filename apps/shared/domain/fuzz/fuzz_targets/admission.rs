//! Any runs that wait, six bytes each: what starts may go side by side, and nothing waits that might start too.

#![no_main]

use std::collections::HashSet;

use domain::{
    OrganizationId, PlanId, Restriction, RunId, ScheduleId,
    admission::{Going, Priority, Waiting, choose},
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fn id(owner: u8, n: u8) -> Uuid {
    Uuid::from_u128(u128::from(owner) << 8 | u128::from(n))
}

fn may_join(run: &Waiting, going: &[&Waiting]) -> bool {
    going.iter().filter(|other| other.organization == run.organization).all(|other| {
        let alone = [run, other].iter().any(|run| run.restriction == Restriction::Global);
        let of_plan = [run, other].iter().any(|run| run.restriction == Restriction::Itself) && run.plan == other.plan;
        let of_schedule = run.schedule.is_some() && run.schedule == other.schedule;
        !alone && !of_plan && !of_schedule
    })
}

fuzz_target!(|bytes: &[u8]| {
    let [slots, most, rows @ ..] = bytes else { return };
    let (rows, _) = rows.as_chunks::<6>();
    let runs: Vec<Waiting> = rows
        .iter()
        .zip(0u128..)
        .map(|([owner, plan, restriction, schedule, priority, due_at], n)| Waiting {
            run: RunId(Uuid::from_u128(n)),
            organization: OrganizationId(id(0, owner % 4)),
            plan: PlanId(id(owner % 4, plan % 4)),
            priority: Priority((*priority).into()),
            due_at: Timestamp::from_second((*due_at).into()).expect("a small number"),
            restriction: Restriction::ALL[usize::from(restriction % 3)],
            schedule: (schedule % 2 == 0).then(|| ScheduleId(id(owner % 4, schedule % 8))),
        })
        .collect();
    let slots = usize::from(slots % 32);
    let most =
        |owner: OrganizationId| (most % 2 == 0).then_some(u32::from(most / 2 % 8) + owner.0.as_bytes()[15] as u32);

    // In two rounds, the second beside the first.
    let first = choose(&runs, &[], most, slots);
    let (started, waiting): (Vec<_>, Vec<_>) = runs.iter().cloned().partition(|run| first.runs.contains(&run.run));
    let going: Vec<Going> = started
        .iter()
        .map(|run| Going {
            organization: run.organization,
            plan: run.plan,
            restriction: run.restriction,
            schedule: run.schedule,
            count: 1,
        })
        .collect();
    let second = choose(&waiting, &going, most, slots);

    let chosen: HashSet<_> = first.runs.iter().chain(&second.runs).collect();
    assert_eq!(chosen.len(), first.runs.len() + second.runs.len());
    let together: Vec<_> = runs.iter().filter(|run| chosen.contains(&run.run)).collect();
    for (n, run) in together.iter().enumerate() {
        assert!(may_join(run, &together[..n]), "{run:?}");
        let of_owner = together.iter().filter(|other| other.organization == run.organization).count();
        assert!(most(run.organization).is_none_or(|most| of_owner <= most as usize));
    }
    for (choice, round) in [(&first, &runs), (&second, &waiting)] {
        assert!(choice.runs.len() <= slots);
        if choice.runs.len() == slots {
            continue;
        }
        for left in round.iter().filter(|run| !chosen.contains(&run.run)) {
            let of_owner = together.iter().filter(|run| run.organization == left.organization).count();
            let is_full = most(left.organization).is_some_and(|most| of_owner >= most as usize);
            let behind = round.iter().any(|run| {
                run.organization == left.organization
                    && run.restriction == Restriction::Global
                    && !first.runs.contains(&run.run)
            });
            assert!(is_full || behind || !may_join(left, &together), "{left:?} may start");
        }
    }
});

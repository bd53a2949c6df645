//! The choice, by example and by what must always hold.

use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn organization(n: u8) -> OrganizationId {
    OrganizationId(Uuid::from_u128(u128::from(n)))
}

/// Plans belong to one organization.
fn plan(owner: u8, n: u8) -> PlanId {
    PlanId(Uuid::from_u128(u128::from(owner) << 8 | u128::from(n)))
}

fn schedule(owner: u8, n: u8) -> ScheduleId {
    ScheduleId(Uuid::from_u128(u128::from(owner) << 8 | u128::from(n)))
}

fn waiting(run: u128, owner: u8, priority: i16, due_at: i64) -> Waiting {
    Waiting {
        run: RunId(Uuid::from_u128(run)),
        organization: organization(owner),
        plan: plan(owner, (run % 3) as u8),
        priority: Priority(priority),
        due_at: Timestamp::from_second(due_at).unwrap(),
        restriction: Restriction::None,
        schedule: None,
    }
}

fn restricted(run: u128, number: u8, restriction: Restriction) -> Waiting {
    Waiting { plan: plan(1, number), restriction, ..waiting(run, 1, 0, run as i64) }
}

fn going(owner: u8, count: u32) -> Going {
    Going {
        organization: organization(owner),
        plan: plan(owner, 9),
        restriction: Restriction::None,
        schedule: None,
        count,
    }
}

fn numbers(choice: &Choice) -> Vec<u128> {
    choice.runs.iter().map(|run| run.0.as_u128()).collect()
}

fn unlimited(_: OrganizationId) -> Option<u32> {
    None
}

fn at_most(most: u32) -> impl Fn(OrganizationId) -> Option<u32> {
    move |_| Some(most)
}

#[test]
fn only_what_a_schedule_wants_has_nobody_waiting_for_it() {
    for cause in Cause::ALL {
        let expected = if *cause == Cause::Schedule { Priority::SCHEDULED } else { Priority::REQUESTED };
        assert_eq!(Priority::from(*cause), expected, "{cause}");
    }
}

#[test]
fn within_an_organization_urgency_goes_before_age() {
    let queue = [waiting(1, 1, 0, 10), waiting(2, 1, 10, 30), waiting(3, 1, 10, 20)];
    assert_eq!(numbers(&choose(&queue, &[], unlimited, 9)), [3, 2, 1]);
}

#[test]
fn organizations_take_turns() {
    let queue: Vec<_> =
        (0..100).map(|n| waiting(n, 1, 10, 0)).chain([waiting(500, 2, 0, 99), waiting(501, 3, 0, 98)]).collect();
    assert_eq!(numbers(&choose(&queue, &[], unlimited, 4)), [0, 501, 500, 1]);
}

#[test]
fn an_organization_that_has_more_going_comes_later() {
    let queue = [waiting(1, 1, 0, 0), waiting(2, 2, 0, 50)];
    assert_eq!(numbers(&choose(&queue, &[going(1, 5)], unlimited, 1)), [2]);
}

#[test]
fn a_full_share_gets_nothing_more_and_is_held_back() {
    let queue = [waiting(1, 1, 0, 0), waiting(2, 1, 0, 1), waiting(3, 1, 0, 2)];
    let choice = choose(&queue, &[going(1, 1)], at_most(3), 9);
    assert_eq!(numbers(&choice), [1, 2]);
    assert!(choice.held_back);
}

#[test]
fn runs_that_only_want_slots_are_not_held_back() {
    let queue = [waiting(1, 1, 0, 0), waiting(2, 1, 0, 1), waiting(3, 1, 0, 2)];
    let choice = choose(&queue, &[], at_most(3), 1);
    assert_eq!(numbers(&choice), [1]);
    assert!(!choice.held_back);
    assert!(choose(&queue, &[], at_most(2), 1).held_back, "the third waits for more than a slot");
}

#[test]
fn a_plan_restricted_to_itself_goes_once_and_others_pass() {
    let queue = [
        restricted(1, 1, Restriction::Itself),
        restricted(2, 1, Restriction::Itself),
        restricted(3, 2, Restriction::None),
    ];
    let choice = choose(&queue, &[], unlimited, 9);
    assert_eq!(numbers(&choice), [1, 3]);
    assert!(choice.held_back);
    let same = Going { plan: plan(1, 1), ..going(1, 1) };
    assert_eq!(numbers(&choose(&queue, &[same], unlimited, 9)), [3]);
    // The plan was unrestricted when the second run was queued: the first still goes alone.
    let queue = [restricted(1, 1, Restriction::Itself), restricted(2, 1, Restriction::None)];
    assert_eq!(numbers(&choose(&queue, &[], unlimited, 9)), [1]);
}

#[test]
fn a_global_run_goes_alone() {
    let queue = [restricted(1, 1, Restriction::Global), restricted(2, 2, Restriction::None), waiting(3, 2, 0, 9)];
    let choice = choose(&queue, &[], unlimited, 9);
    assert_eq!(numbers(&choice), [1, 3], "other organizations do not mind");
    let alone = Going { restriction: Restriction::Global, ..going(1, 1) };
    assert_eq!(numbers(&choose(&queue[1..], &[alone], unlimited, 9)), [3]);
}

#[test]
fn behind_a_global_run_that_waits_nothing_starts() {
    let queue = [
        restricted(1, 1, Restriction::None),
        restricted(2, 2, Restriction::Global),
        restricted(3, 3, Restriction::None),
    ];
    let choice = choose(&queue, &[going(1, 1)], unlimited, 9);
    assert_eq!(numbers(&choice), [1]);
    assert!(choice.held_back);
    assert_eq!(numbers(&choose(&queue[1..], &[], unlimited, 9)), [2], "once the others have ended its turn comes");
}

#[test]
fn runs_of_one_schedule_go_one_after_the_other() {
    let of = |run: u128, n: u8| Waiting { schedule: Some(schedule(1, n)), ..waiting(run, 1, 0, run as i64) };
    let choice = choose(&[of(1, 1), of(2, 1), of(3, 2)], &[], unlimited, 9);
    assert_eq!(numbers(&choice), [1, 3]);
    let same = Going { schedule: Some(schedule(1, 2)), ..going(1, 1) };
    assert_eq!(numbers(&choose(&[of(1, 1), of(3, 2)], &[same], unlimited, 9)), [1]);
}

#[test]
fn ten_thousand_that_wait_behind_a_limit_are_passed_in_no_time() {
    let mut queue: Vec<_> =
        (0..10_000).map(|n| Waiting { schedule: Some(schedule(1, 1)), ..waiting(n, 1, 10, 0) }).collect();
    queue.push(waiting(20_000, 2, 0, 99));
    let busy = Going { schedule: Some(schedule(1, 1)), ..going(1, 1) };
    assert_eq!(numbers(&choose(&queue, &[busy], unlimited, 100)), [20_000]);
}

/// A world: what waits, what goes, what may go.
#[derive(Clone, Debug)]
struct World {
    waiting: Vec<Waiting>,
    going: Vec<Going>,
    most: HashMap<OrganizationId, Option<u32>>,
    slots: usize,
}

impl World {
    fn choose(&self) -> Choice {
        choose(&self.waiting, &self.going, |organization| self.most.get(&organization).copied().flatten(), self.slots)
    }

    /// Everything of an organization that goes once these runs have started too: plan, restriction, schedule.
    fn together(&self, owner: OrganizationId, runs: &[RunId]) -> Vec<(PlanId, Restriction, Option<ScheduleId>)> {
        let old = self.going.iter().filter(|going| going.organization == owner);
        let old = old.flat_map(|g| (0..g.count).map(|_| (g.plan, g.restriction, g.schedule)));
        let new = runs.iter().filter_map(|run| self.waiting.iter().find(|waiting| waiting.run == *run));
        let new = new.filter(|run| run.organization == owner).map(|run| (run.plan, run.restriction, run.schedule));
        old.chain(new).collect()
    }

    /// Whether all of these may go side by side.
    fn is_allowed(&self, owner: OrganizationId, runs: &[RunId]) -> bool {
        let together = self.together(owner, runs);
        let most = self.most.get(&owner).copied().flatten().unwrap_or(u32::MAX) as usize;
        together.len() <= most
            && together.iter().enumerate().all(|(n, (plan, restriction, schedule))| {
                let mut others = together.iter().enumerate().filter(|(m, _)| *m != n).map(|(_, other)| other);
                others.all(|other| {
                    let of_schedule = schedule.is_some() && other.2 == *schedule;
                    let of_plan = *restriction == Restriction::Itself && other.0 == *plan;
                    *restriction != Restriction::Global && !of_schedule && !of_plan
                })
            })
    }
}

fn restrictions() -> impl Strategy<Value = Restriction> {
    prop_oneof![6 => Just(Restriction::None), 3 => Just(Restriction::Itself), 1 => Just(Restriction::Global)]
}

prop_compose! {
    fn rows()(
        owner in 0u8..4, number in 0u8..4, restriction in restrictions(), of in prop::option::weighted(0.4, 0u8..3),
        priority in -2i16..3, due_at in 0i64..20,
    ) -> Waiting {
        Waiting {
            plan: plan(owner, number),
            restriction,
            schedule: of.map(|of| schedule(owner, of)),
            ..waiting(0, owner, priority, due_at)
        }
    }
}

prop_compose! {
    /// What goes was started by the same rules.
    fn worlds()(
        rows in prop::collection::vec(rows(), 0..40),
        most in prop::collection::vec(prop::option::of(0u32..6), 4),
        started in 0usize..8,
        slots in 0usize..20,
    ) -> World {
        let run = |(n, row): (u128, Waiting)| Waiting { run: RunId(Uuid::from_u128(n)), ..row };
        let waiting: Vec<_> = (0..).zip(rows).map(run).collect();
        let most = (0..4).map(|n| (organization(n), most[n as usize])).collect();
        let mut world = World { waiting, going: Vec::new(), most, slots: started };
        let first = world.choose().runs;
        let (going, waiting) = world.waiting.into_iter().partition(|waiting: &Waiting| first.contains(&waiting.run));
        let going: Vec<Waiting> = going;
        world.waiting = waiting;
        world.going = going.iter().map(|run| Going {
            organization: run.organization, plan: run.plan, restriction: run.restriction, schedule: run.schedule, count: 1,
        }).collect();
        world.slots = slots;
        world
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn never_more_than_allowed_and_never_the_same_run_twice(world in worlds()) {
        let choice = world.choose();
        prop_assert!(choice.runs.len() <= world.slots);
        prop_assert_eq!(choice.runs.iter().collect::<BTreeSet<_>>().len(), choice.runs.len());
        for owner in (0..4).map(organization) {
            prop_assert!(world.is_allowed(owner, &choice.runs));
        }
    }

    #[test]
    fn no_slot_stays_free_while_a_run_may_have_it(world in worlds()) {
        let choice = world.choose();
        if choice.runs.len() < world.slots {
            for left in world.waiting.iter().filter(|run| !choice.runs.contains(&run.run)) {
                let with: Vec<_> = choice.runs.iter().copied().chain([left.run]).collect();
                // What stands behind a global run of its organization leaves that the first go.
                let behind_global = world.waiting.iter().any(|other| {
                    other.restriction == Restriction::Global && other.organization == left.organization
                        && !choice.runs.contains(&other.run) && order(other) < order(left)
                });
                prop_assert!(behind_global || !world.is_allowed(left.organization, &with), "{left:?} may start");
            }
        }
    }

    #[test]
    fn held_back_is_what_more_slots_would_not_start(world in worlds()) {
        let choice = world.choose();
        let more = World { slots: usize::MAX, ..world.clone() }.choose();
        prop_assert_eq!(choice.held_back, more.runs.len() < world.waiting.len());
    }

    #[test]
    fn more_slots_only_add_runs(world in worlds()) {
        let more = World { slots: world.slots + 3, ..world.clone() }.choose();
        let choice = world.choose();
        prop_assert_eq!(&more.runs[..choice.runs.len()], &choice.runs[..]);
    }

    #[test]
    fn nobody_is_passed_by_one_that_has_two_more_going(world in worlds()) {
        let choice = world.choose();
        for starved in world.waiting.iter().filter(|run| !choice.runs.contains(&run.run)) {
            let with: Vec<_> = choice.runs.iter().copied().chain([starved.run]).collect();
            let barrier = world.waiting.iter().any(|other| other.restriction == Restriction::Global && other.organization == starved.organization);
            if barrier || !world.is_allowed(starved.organization, &with) {
                continue;
            }
            let theirs = world.together(starved.organization, &choice.runs).len();
            for owner in (0..4).map(organization) {
                let taken = world.waiting.iter().any(|run| run.organization == owner && choice.runs.contains(&run.run));
                let others = world.together(owner, &choice.runs).len();
                prop_assert!(!taken || others <= theirs + 1, "{others} going, {theirs} going and one waiting");
            }
        }
    }

    #[test]
    fn everybody_gets_a_turn(world in worlds(), slots in 1usize..4) {
        // Whoever may go at all has gone once as many rounds have passed as there are runs.
        let mut world = World { slots, ..world };
        let rounds = world.waiting.len() + world.going.len() + 1;
        for _ in 0..rounds {
            world.going.clear();
            let chosen = world.choose().runs;
            world.waiting.retain(|run| !chosen.contains(&run.run));
        }
        prop_assert!(world.waiting.iter().all(|run| world.most[&run.organization] == Some(0)));
    }

    #[test]
    fn a_global_run_is_not_overtaken_for_ever(world in worlds(), newcomers in prop::collection::vec(0u8..4, 1..20)) {
        // Newcomers of the same urgency keep coming while others end: a waiting global run still gets its turn.
        let mut world = World { slots: 4, most: HashMap::new(), ..world };
        world.waiting.retain(|run| run.organization == organization(0));
        world.going.retain(|run| run.organization == organization(0));
        let global = Waiting { plan: plan(0, 9), restriction: Restriction::Global, ..waiting(1000, 0, 5, 30) };
        world.waiting.push(global.clone());
        let (mut going, mut rounds) = (world.going.clone(), 0);
        loop {
            world.going.clone_from(&going);
            let chosen = world.choose().runs;
            if chosen.contains(&global.run) {
                break;
            }
            rounds += 1;
            prop_assert!(rounds < 200, "never its turn");
            going.extend(world.waiting.iter().filter(|run| chosen.contains(&run.run)).map(|run| Going {
                organization: run.organization, plan: run.plan, restriction: run.restriction, schedule: run.schedule, count: 1,
            }));
            world.waiting.retain(|run| !chosen.contains(&run.run));
            let number = newcomers[rounds % newcomers.len()];
            world.waiting.push(Waiting { plan: plan(0, number), ..waiting(2000 + rounds as u128, 0, 5, 100 + rounds as i64) });
            if !going.is_empty() {
                going.remove(0);
            }
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(world in worlds()) {
        let mut turned = world.clone();
        turned.waiting.reverse();
        turned.going.reverse();
        prop_assert_eq!(world.choose(), turned.choose());
    }
}

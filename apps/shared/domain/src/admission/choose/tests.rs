use std::collections::HashSet;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn organization(n: u8) -> OrganizationId {
    OrganizationId(Uuid::from_u128(u128::from(n)))
}

fn waiting(run: u128, owner: u8, priority: i16, due_at: i64) -> Waiting {
    Waiting {
        run: RunId(Uuid::from_u128(run)),
        organization: organization(owner),
        plan: PlanId(Uuid::from_u128(run % 3)),
        priority: Priority(priority),
        due_at: Timestamp::from_second(due_at).unwrap(),
    }
}

fn numbers(chosen: &[RunId]) -> Vec<u128> {
    chosen.iter().map(|run| run.0.as_u128()).collect()
}

#[test]
fn within_an_organization_urgency_goes_before_age() {
    let queue = [waiting(1, 1, 0, 10), waiting(2, 1, 10, 30), waiting(3, 1, 10, 20)];
    assert_eq!(numbers(&choose(&queue, &HashMap::new(), 9)), [3, 2, 1]);
}

#[test]
fn organizations_take_turns() {
    let queue: Vec<_> =
        (0..100).map(|n| waiting(n, 1, 10, 0)).chain([waiting(500, 2, 0, 99), waiting(501, 3, 0, 98)]).collect();
    let chosen = numbers(&choose(&queue, &HashMap::new(), 4));
    assert_eq!(chosen, [0, 501, 500, 1]);
}

#[test]
fn an_organization_that_has_more_going_comes_later() {
    let queue = [waiting(1, 1, 0, 0), waiting(2, 2, 0, 50)];
    let shares = HashMap::from([(organization(1), Share { running: 5, most: None })]);
    assert_eq!(numbers(&choose(&queue, &shares, 1)), [2]);
}

#[test]
fn a_full_share_gets_nothing() {
    let queue = [waiting(1, 1, 0, 0), waiting(2, 1, 0, 1), waiting(3, 1, 0, 2)];
    let shares = HashMap::from([(organization(1), Share { running: 1, most: Some(3) })]);
    assert_eq!(numbers(&choose(&queue, &shares, 9)), [1, 2]);
}

fn queues() -> impl Strategy<Value = Vec<Waiting>> {
    prop::collection::vec((0u8..5, -2i16..3, 0i64..20), 0..60).prop_map(|runs| {
        runs.into_iter()
            .enumerate()
            .map(|(n, (owner, priority, due_at))| waiting(n as u128, owner, priority, due_at))
            .collect()
    })
}

fn shares() -> impl Strategy<Value = HashMap<OrganizationId, Share>> {
    prop::collection::hash_map(
        (0u8..5).prop_map(organization),
        (0u32..6, prop::option::of(0u32..8)).prop_map(|(running, most)| Share { running, most }),
        0..5,
    )
}

proptest! {
    #[test]
    fn never_more_than_allowed_and_never_the_same_run_twice(queue in queues(), shares in shares(), slots in 0usize..40) {
        let chosen = choose(&queue, &shares, slots);
        prop_assert!(chosen.len() <= slots);
        prop_assert_eq!(chosen.iter().collect::<HashSet<_>>().len(), chosen.len());
        for (owner, share) in &shares {
            let mine = queue.iter().filter(|run| run.organization == *owner && chosen.contains(&run.run)).count();
            let room = share.most.map_or(usize::MAX, |most| most.saturating_sub(share.running) as usize);
            prop_assert!(mine <= room);
        }
    }

    #[test]
    fn no_slot_stays_free_while_a_run_may_have_it(queue in queues(), shares in shares(), slots in 0usize..40) {
        let chosen = choose(&queue, &shares, slots);
        let may_run: usize = (0..5).map(organization).map(|owner| {
            let share = shares.get(&owner).copied().unwrap_or_default();
            let room = share.most.map_or(usize::MAX, |most| most.saturating_sub(share.running) as usize);
            queue.iter().filter(|run| run.organization == owner).count().min(room)
        }).sum();
        prop_assert_eq!(chosen.len(), slots.min(may_run));
    }

    #[test]
    fn nobody_is_passed_by_one_that_has_two_more_going(queue in queues(), shares in shares(), slots in 0usize..40) {
        let chosen = choose(&queue, &shares, slots);
        let going = |owner| {
            let mine = queue.iter().filter(|run| run.organization == owner && chosen.contains(&run.run)).count();
            (mine, shares.get(&owner).copied().unwrap_or_default().running as usize + mine)
        };
        for starved in queue.iter().filter(|run| !chosen.contains(&run.run)) {
            let share = shares.get(&starved.organization).copied().unwrap_or_default();
            let (_, theirs) = going(starved.organization);
            if share.most.is_some_and(|most| theirs >= most as usize) {
                continue;
            }
            for owner in (0..5).map(organization) {
                let (taken, others) = going(owner);
                prop_assert!(taken == 0 || others <= theirs + 1, "{others} going, {theirs} going and one waiting");
            }
        }
    }

    #[test]
    fn the_order_of_the_candidates_does_not_matter(queue in queues(), shares in shares(), slots in 0usize..40) {
        let mut turned = queue.clone();
        turned.reverse();
        prop_assert_eq!(choose(&queue, &shares, slots), choose(&turned, &shares, slots));
    }
}

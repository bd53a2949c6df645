//! Which of the queued runs may start now: a pure choice, so that its promises can be tested without a database.
//!
//! What belongs here is the order and the limits. Reading the candidates, leases and attempts belong to `store`.

use std::{cmp::Reverse, collections::HashMap};

use jiff::Timestamp;

use crate::{Cause, OrganizationId, PlanId, RunId};

/// How urgent a queued run is to its own organization. It never puts one organization before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub i16);

impl Priority {
    /// Nobody is waiting in front of a screen.
    pub const SCHEDULED: Self = Self(0);
    /// Somebody, or some program, waits for the result.
    pub const REQUESTED: Self = Self(10);
}

impl From<Cause> for Priority {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Manual | Cause::Api => Self::REQUESTED,
            Cause::Schedule => Self::SCHEDULED,
        }
    }
}

/// A queued run that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The run.
    pub run: RunId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What it runs.
    pub plan: PlanId,
    /// Its urgency within its organization.
    pub priority: Priority,
    /// Since when it may start.
    pub due_at: Timestamp,
}

/// What one organization has going, and how much it may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Its runs that hold a lease.
    pub running: u32,
    /// How many its tier lets run at the same time; none means as many as there are slots.
    pub most: Option<u32>,
}

impl Share {
    fn has_room(self) -> bool {
        self.most.is_none_or(|most| self.running < most)
    }
}

/// Chooses at most `slots` of the `waiting` runs, in the order in which they should start.
///
/// - An organization never gets more than its share allows; one that `shares` does not name has nothing
///   running and no limit.
/// - No slot stays free while a waiting run may have it.
/// - Each slot goes to the organization that has the fewest runs going, so that one with ten thousand
///   queued runs cannot keep another's single run waiting. Among equals, the one whose next run is more
///   urgent, then the one that has waited longer.
/// - Within an organization the more urgent run goes first, then the older one.
#[must_use]
pub fn choose(waiting: &[Waiting], shares: &HashMap<OrganizationId, Share>, slots: usize) -> Vec<RunId> {
    let mut queues: HashMap<OrganizationId, Queue<'_>> = HashMap::new();
    for run in waiting {
        let share = || shares.get(&run.organization).copied().unwrap_or_default();
        queues.entry(run.organization).or_insert_with(|| Queue { runs: Vec::new(), share: share() }).runs.push(run);
    }
    for queue in queues.values_mut() {
        // The next one stands at the end, where taking it is cheap.
        queue.runs.sort_by_key(|run| Reverse((Reverse(run.priority), run.due_at, run.run)));
    }
    let mut queues: Vec<_> = queues.into_values().collect();
    let mut chosen = Vec::with_capacity(slots.min(waiting.len()));
    while chosen.len() < slots {
        let next = queues
            .iter_mut()
            .filter(|queue| queue.share.has_room())
            .filter_map(|queue| queue.runs.last().copied().map(|head| (queue, head)))
            .min_by_key(|(queue, head)| (queue.share.running, Reverse(head.priority), head.due_at, head.run));
        let Some((queue, head)) = next else { break };
        queue.runs.pop();
        queue.share.running += 1;
        chosen.push(head.run);
    }
    chosen
}

/// What one organization has waiting, the next one last.
struct Queue<'a> {
    runs: Vec<&'a Waiting>,
    share: Share,
}

#[cfg(test)]
mod tests {
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
}

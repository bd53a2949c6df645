//! Which of the queued runs may start now.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use jiff::Timestamp;

use crate::{Cause, OrganizationId, PlanId, Restriction, RunId, ScheduleId};

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
            Cause::Manual | Cause::Api | Cause::Hook => Self::REQUESTED,
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
    /// Beside which other runs it may go.
    pub restriction: Restriction,
    /// Its schedule, if the runs of that go one after the other.
    pub schedule: Option<ScheduleId>,
}

/// Runs that hold a lease and are alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Going {
    /// Whose they are.
    pub organization: OrganizationId,
    /// What they run.
    pub plan: PlanId,
    /// Beside which other runs they may go.
    pub restriction: Restriction,
    /// The schedule they come from, if any.
    pub schedule: Option<ScheduleId>,
    /// How many they are.
    pub count: u32,
}

/// What starts now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The runs, in the order in which they should start.
    pub runs: Vec<RunId>,
    /// A run that waits would not start even if there were more slots: a limit or a restriction holds it
    /// back, and it may start when another run of its organization ends.
    pub held_back: bool,
}

/// Chooses at most `slots` of the `waiting` runs, beside those that are `going`. `most` tells how many runs of an
/// organization may go at the same time; none is no limit.
///
/// - An organization never has more runs going than it may.
/// - A run that is restricted to itself never goes beside another run of its plan, a global one beside no
///   other run of its organization, and one of a schedule never beside another of that schedule.
/// - No slot stays free while a waiting run may have it.
/// - Each slot goes to the organization that has the fewest runs going, so that one with ten thousand
///   queued runs cannot keep another's single run waiting. Among equals, the one whose next run is more
///   urgent, then the one that has waited longer.
/// - Within an organization the more urgent run goes first, then the older one. What a run of its plan or schedule
///   holds back is passed over; behind a global run that waits for the others to end nothing starts, so
///   that its turn comes.
#[must_use]
pub fn choose(
    waiting: &[Waiting],
    going: &[Going],
    most: impl Fn(OrganizationId) -> Option<u32>,
    slots: usize,
) -> Choice {
    let mut queues: HashMap<OrganizationId, Queue<'_>> = HashMap::new();
    for run in waiting {
        queues.entry(run.organization).or_default().waiting.push(run);
    }
    for runs in going {
        if let Some(queue) = queues.get_mut(&runs.organization) {
            queue.start(runs.plan, runs.restriction, runs.schedule, runs.count);
        }
    }
    for (organization, queue) in &mut queues {
        // The next one stands at the end, where taking it is cheap.
        queue.waiting.sort_by_key(|run| Reverse(order(run)));
        queue.most = most(*organization);
    }
    let mut queues: Vec<_> = queues.into_values().collect();
    let mut runs = Vec::with_capacity(slots.min(waiting.len()));
    queues.iter_mut().for_each(Queue::pass_over);
    while runs.len() < slots {
        let next = queues
            .iter_mut()
            .filter_map(|queue| queue.next().map(|next| (queue, next)))
            .min_by_key(|(queue, next)| (queue.running, order(next)));
        let Some((queue, next)) = next else { break };
        queue.waiting.pop();
        queue.start(next.plan, next.restriction, next.schedule, 1);
        queue.pass_over();
        runs.push(next.run);
    }
    let held_back = queues.iter_mut().any(Queue::holds_back);
    Choice { runs, held_back }
}

/// Within an organization the smaller one goes first.
fn order(run: &Waiting) -> (Reverse<Priority>, Timestamp, RunId) {
    (Reverse(run.priority), run.due_at, run.run)
}

/// What one organization has waiting and going.
#[derive(Default)]
struct Queue<'a> {
    /// The next one last.
    waiting: Vec<&'a Waiting>,
    most: Option<u32>,
    running: u32,
    /// A global run is among those going.
    global: bool,
    /// The plans of the runs that are going, and whether one of them is restricted to itself.
    plans: HashMap<PlanId, bool>,
    schedules: HashSet<ScheduleId>,
    /// A run was passed over.
    passed_over: bool,
}

impl<'a> Queue<'a> {
    fn start(&mut self, plan: PlanId, restriction: Restriction, schedule: Option<ScheduleId>, count: u32) {
        if count == 0 {
            return;
        }
        self.running = self.running.saturating_add(count);
        self.global |= restriction == Restriction::Global;
        *self.plans.entry(plan).or_default() |= restriction == Restriction::Itself;
        self.schedules.extend(schedule);
    }

    /// Takes away what a run of its plan or schedule holds back. What goes only becomes more during one
    /// choice, so none of it could start later in the same.
    fn pass_over(&mut self) {
        while let Some(next) = self.waiting.last()
            && next.restriction != Restriction::Global
            && self.is_held_by_its_own(next)
        {
            self.waiting.pop();
            self.passed_over = true;
        }
    }

    fn is_held_by_its_own(&self, run: &Waiting) -> bool {
        let plan = self.plans.get(&run.plan);
        let by_plan = plan.is_some_and(|restricted| *restricted || run.restriction == Restriction::Itself);
        by_plan || run.schedule.is_some_and(|schedule| self.schedules.contains(&schedule))
    }

    /// The run that starts next, if one may.
    fn next(&self) -> Option<&'a Waiting> {
        let next = *self.waiting.last()?;
        let has_room = self.most.is_none_or(|most| self.running < most);
        let alone = next.restriction != Restriction::Global || self.running == 0;
        (has_room && alone && !self.global).then_some(next)
    }

    /// Whether a limit or a restriction keeps one of the waiting runs from starting.
    fn holds_back(&mut self) -> bool {
        let mut left = self.most.map(|most| most.saturating_sub(self.running));
        while let Some(next) = self.next() {
            if left == Some(0) {
                return true;
            }
            left = left.map(|left| left - 1);
            self.waiting.pop();
            self.start(next.plan, next.restriction, next.schedule, 1);
            self.pass_over();
        }
        self.passed_over || !self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests;

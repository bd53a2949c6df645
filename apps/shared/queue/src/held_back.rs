//! What waits only for a limit or a restriction, and when to look again: as soon as a run ends that may
//! have been in its way, and not at every end of any run.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use domain::OrganizationId;
use tokio::sync::Notify;

/// Whose runs the last claims held back, since one began at the front.
#[derive(Default)]
pub(crate) struct HeldBack {
    state: Mutex<State>,
    look: Notify,
}

#[derive(Default)]
struct State {
    organizations: HashSet<OrganizationId>,
    /// While a claim is under way, whose runs end meanwhile: it may have seen them going still.
    ended: Option<HashSet<OrganizationId>>,
    /// The last claim has not looked at everything: the next one goes on.
    more: bool,
}

impl HeldBack {
    /// A claim begins.
    pub(crate) fn claiming(&self) {
        let mut state = self.state();
        if !state.more {
            state.organizations.clear();
        }
        state.ended = Some(HashSet::new());
    }

    /// A claim is over and held runs of these back; `more`: another one goes on where it left off.
    pub(crate) fn claimed(&self, held_back: HashSet<OrganizationId>, more: bool) {
        let mut state = self.state();
        let ended = state.ended.take().unwrap_or_default();
        state.organizations.extend(held_back);
        state.more = more;
        if !state.organizations.is_disjoint(&ended) {
            self.look.notify_one();
        }
    }

    /// A run of this organization is over.
    pub(crate) fn ended(&self, organization: OrganizationId) {
        let mut state = self.state();
        if let Some(ended) = &mut state.ended {
            ended.insert(organization);
        } else if state.organizations.remove(&organization) {
            self.look.notify_one();
        }
    }

    /// Waits until it is worth while to look again.
    pub(crate) async fn may_go(&self) {
        self.look.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn asks_to_look(held_back: &HeldBack) -> bool {
        held_back.may_go().now_or_never().is_some()
    }

    #[test]
    fn the_first_end_of_a_run_that_may_be_in_the_way_is_told_and_no_other() {
        let (waiting, other) = (OrganizationId::new(), OrganizationId::new());
        let held_back = HeldBack::default();
        held_back.claiming();
        held_back.claimed(HashSet::from([waiting]), false);
        held_back.ended(other);
        assert!(!asks_to_look(&held_back));
        held_back.ended(waiting);
        assert!(asks_to_look(&held_back));
        held_back.ended(waiting);
        assert!(!asks_to_look(&held_back), "the claim that follows sees both");
    }

    #[test]
    fn an_end_in_the_middle_of_a_claim_is_not_missed() {
        let waiting = OrganizationId::new();
        let held_back = HeldBack::default();
        held_back.claiming();
        held_back.ended(waiting);
        assert!(!asks_to_look(&held_back), "nobody knows yet whether it matters");
        held_back.claimed(HashSet::from([waiting]), false);
        assert!(asks_to_look(&held_back));
        held_back.claiming();
        held_back.ended(waiting);
        held_back.claimed(HashSet::new(), false);
        assert!(!asks_to_look(&held_back));
    }

    #[test]
    fn claims_that_go_on_where_another_left_off_hold_back_together() {
        let (first, second) = (OrganizationId::new(), OrganizationId::new());
        let held_back = HeldBack::default();
        held_back.claiming();
        held_back.claimed(HashSet::from([first]), true);
        held_back.claiming();
        held_back.claimed(HashSet::from([second]), false);
        held_back.ended(first);
        assert!(asks_to_look(&held_back));
    }
}

//! Which plans use which names, by their current texts.

use std::collections::BTreeMap;

use domain::PlanId;

use crate::{editing, error::WebError, session::SignedIn, state::State};

/// So many plans that nobody has read yet are read for one page; the next page reads on.
const READ_AT_ONCE: u32 = 100;

/// A plan as a link.
pub(super) struct PlanLink {
    pub(super) id: PlanId,
    pub(super) name: String,
}

/// The plans by the names that they use and give no value themselves.
pub(super) struct Uses {
    plans: BTreeMap<String, Vec<PlanLink>>,
    /// Whether there are plans that were not looked at.
    pub(super) is_cut: bool,
}

impl Uses {
    pub(super) async fn of(state: &State, member: &SignedIn) -> Result<Self, WebError> {
        let unread = state.store.unread_plans(member.tenant(), READ_AT_ONCE).await?;
        let is_behind = unread.len() == READ_AT_ONCE as usize;
        for plan in unread {
            let outside = editing::outside(plan.text).await?;
            state.store.note_outside(member.tenant(), plan.id, plan.version, outside).await?;
        }
        let found = state.store.plans_in_need(member.tenant()).await?;
        let mut plans: BTreeMap<String, Vec<PlanLink>> = BTreeMap::new();
        for plan in found.plans {
            for name in plan.outside {
                plans.entry(name).or_default().push(PlanLink { id: plan.id, name: plan.name.clone() });
            }
        }
        Ok(Self { plans, is_cut: found.is_cut || is_behind })
    }

    /// The names that are used, in alphabetical order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.plans.keys().map(String::as_str)
    }

    /// The plans that use a name.
    pub(super) fn plans(&self, name: &str) -> &[PlanLink] {
        self.plans.get(name).map_or(&[], Vec::as_slice)
    }
}

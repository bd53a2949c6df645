//! The proof that a caller may act for an organization.

use domain::{Actor, OrganizationId};

use crate::Once;

/// Whose data a query may see, and who it is that asks. Only the store makes one: for a member who is signed in,
/// for whoever holds a token or calls a hook, and for a run that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    organization: OrganizationId,
    actor: Actor,
    once: Option<Once>,
}

impl Tenant {
    /// To be called only where the database has just confirmed that the caller belongs there.
    pub(crate) fn new(organization: OrganizationId, actor: Actor) -> Self {
        Self { organization, actor, once: None }
    }

    /// The same one with a request that may come twice: what it makes is made once.
    #[must_use]
    pub fn once(self, once: Option<Once>) -> Self {
        Self { once, ..self }
    }

    /// The organization itself.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Who acts: what they change is told of them in the audit log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.actor
    }

    pub(crate) fn request(&self) -> Option<Once> {
        self.once
    }
}

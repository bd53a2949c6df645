//! The proof that a caller may act for an organization.

use domain::OrganizationId;

/// Whose data a query may see. Only the store makes one: for a member who is signed in, and for a run
/// that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tenant(OrganizationId);

impl Tenant {
    /// To be called only where the database has just confirmed that the caller belongs there.
    pub(crate) fn new(organization: OrganizationId) -> Self {
        Self(organization)
    }

    /// The organization itself.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.0
    }
}

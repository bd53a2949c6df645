//! What a step leaves to those after it, sealed: captured values may be secrets.

use domain::{OrganizationId, RunId};

use crate::{KeyRing, lease::Lease};

/// Names the place, so that a sealed value moved to another row does not open.
pub(crate) fn context(lease: &Lease, position: u32) -> Vec<u8> {
    place(lease.organization(), lease.run, position)
}

/// The same without a lease.
pub(crate) fn place(organization: OrganizationId, run: RunId, position: u32) -> Vec<u8> {
    let mut context = b"steps.progress".to_vec();
    context.extend_from_slice(organization.0.as_bytes());
    context.extend_from_slice(run.0.as_bytes());
    context.extend_from_slice(&position.to_be_bytes());
    context
}

/// As it stands in the database.
pub(super) fn seal(keys: &KeyRing, lease: &Lease, position: u32, plain: &[u8]) -> Vec<u8> {
    keys.seal(&context(lease, position), plain).0
}

//! What a step leaves to those after it, sealed: captured values may be secrets.

use crate::{SealingKey, lease::Lease};

/// Names the place, so that a sealed value moved to another row does not open.
pub(crate) fn context(lease: &Lease, position: u32) -> Vec<u8> {
    let mut context = b"steps.progress".to_vec();
    context.extend_from_slice(lease.organization().0.as_bytes());
    context.extend_from_slice(lease.run.0.as_bytes());
    context.extend_from_slice(&position.to_be_bytes());
    context
}

/// As it stands in the database.
pub(super) fn seal(key: &SealingKey, lease: &Lease, position: u32, plain: &[u8]) -> Vec<u8> {
    key.seal(&context(lease, position), plain).0
}

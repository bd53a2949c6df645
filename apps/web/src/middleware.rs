//! What happens to every request around its handler.

pub(crate) mod observe;
pub(crate) mod origin;
pub(crate) mod protect;

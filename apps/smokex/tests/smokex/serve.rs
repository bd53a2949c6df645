//! (placeholder until the roles run)

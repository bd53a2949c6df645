//! The clock and the upkeep: due schedules become runs; reconciliation; retention.

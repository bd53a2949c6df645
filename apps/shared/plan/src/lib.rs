//! The plan language: text to plan and diagnostics, interpolation, JSON Schema. No I/O.

//! The worker: claims runs, executes them, records results.

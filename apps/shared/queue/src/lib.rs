//! Persistent runs as apalis jobs: our storage, worker set-up, supervision.

//! What a schedule does about due times it could not keep.

use serde::{Deserialize, Serialize};

/// Which of the due times that passed while no scheduler was there are made up for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// The last one.
    #[default]
    Latest,
    /// All of them, at most the newest [`MOST_CAUGHT_UP`](super::due::MOST_CAUGHT_UP).
    All,
    /// None; only what is at most [`IN_TIME`](super::due::IN_TIME) late still runs.
    None,
}

crate::state::text_enum!(CatchUp { Latest = "latest", All = "all", None = "none" });

/// What happens if the run before has not finished when the next one is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The next one is skipped.
    #[default]
    Skip,
    /// The next one waits for the end of the one before.
    Queue,
    /// The one before is cancelled.
    Cancel,
}

crate::state::text_enum!(Overlap { Skip = "skip", Queue = "queue", Cancel = "cancel" });

//! The states of runs and steps, and which may follow which.

use serde::{Deserialize, Serialize};

/// Gives an enum its one spelling for database, API and pages.
macro_rules! text_enum {
    ($name:ident { $($variant:ident = $text:literal),* $(,)? }) => {
        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word for it, the same in the database, the API and the pages.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::openapi::words(Self::ALL.iter().map(|word| word.as_str()))
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::state::UnknownWord;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err($crate::state::UnknownWord { word: text.to_owned(), noun: stringify!($name) }),
                }
            }
        }
    };
}
pub(crate) use text_enum;

/// A word that names no value of an enum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` is no {noun}")]
pub struct UnknownWord {
    /// What was found.
    pub word: String,
    /// What was looked for.
    pub noun: &'static str,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits to be claimed.
    Queued,
    /// An executor holds its lease.
    Running,
    /// Stopped by somebody, to go on later.
    Paused,
    /// Waits for somebody's decision.
    ActionNeeded,
    /// Every expectation held.
    Passed,
    /// An expectation did not hold.
    Failed,
    /// We could not tell: the plan is invalid, the worker was lost, the deadline passed.
    Errored,
    /// Somebody stopped it.
    Cancelled,
    /// A limit or a restriction did not let it start.
    Refused,
    /// Its occurrence found the previous run still going.
    Skipped,
}

text_enum!(RunState {
    Queued = "queued",
    Running = "running",
    Paused = "paused",
    ActionNeeded = "action_needed",
    Passed = "passed",
    Failed = "failed",
    Errored = "errored",
    Cancelled = "cancelled",
    Refused = "refused",
    Skipped = "skipped",
});

impl RunState {
    /// Nothing follows a final state.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running | Self::Paused | Self::ActionNeeded)
    }

    /// Whether a run in this state may go over to `next`. The store applies a transition only if
    /// this says so, by compare-and-set.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use RunState::{ActionNeeded, Cancelled, Errored, Failed, Passed, Paused, Queued, Refused, Running, Skipped};
        match self {
            Queued => matches!(next, Running | Cancelled | Refused | Errored),
            // Back to `Queued`: the executor stopped in good order and handed the run back.
            Running => matches!(next, Queued | Paused | ActionNeeded | Passed | Failed | Errored | Cancelled),
            Paused | ActionNeeded => matches!(next, Running | Errored | Cancelled | Failed),
            Passed | Failed | Errored | Cancelled | Refused | Skipped => false,
        }
    }
}

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Under way.
    Running,
    /// Waits for somebody's decision.
    ActionNeeded,
    /// Every expectation held.
    Passed,
    /// An expectation did not hold, or no response came.
    Failed,
    /// We could not tell.
    Errored,
    /// Not run, because of what came before it.
    Skipped,
}

text_enum!(StepState {
    Pending = "pending",
    Running = "running",
    ActionNeeded = "action_needed",
    Passed = "passed",
    Failed = "failed",
    Errored = "errored",
    Skipped = "skipped",
});

impl StepState {
    /// Nothing follows a final state.
    #[must_use]
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Running | Self::ActionNeeded)
    }

    /// Whether a step in this state may go over to `next`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use StepState::{ActionNeeded, Errored, Failed, Passed, Pending, Running, Skipped};
        match self {
            Pending => matches!(next, Running | Skipped | Errored),
            // Back to `Running`: an idempotent step whose worker was lost is run again.
            Running => matches!(next, Running | ActionNeeded | Passed | Failed | Errored | Skipped),
            ActionNeeded => matches!(next, Running | Passed | Failed | Errored | Skipped),
            Passed | Failed | Errored | Skipped => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_as_its_value() {
        for state in RunState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        for state in StepState::ALL {
            assert_eq!(state.as_str().parse(), Ok(*state));
        }
        assert_eq!("done".parse::<RunState>().unwrap_err().to_string(), "`done` is no RunState");
    }

    #[test]
    fn the_table_of_run_transitions_is_this_one() {
        use RunState::{ActionNeeded, Cancelled, Errored, Failed, Passed, Paused, Queued, Refused, Running};
        let allowed = [
            (Queued, vec![Running, Cancelled, Refused, Errored]),
            (Running, vec![Queued, Paused, ActionNeeded, Passed, Failed, Errored, Cancelled]),
            (Paused, vec![Running, Errored, Cancelled, Failed]),
            (ActionNeeded, vec![Running, Errored, Cancelled, Failed]),
        ];
        for from in RunState::ALL {
            for to in RunState::ALL {
                let expected = allowed.iter().any(|(state, next)| state == from && next.contains(to));
                assert_eq!(from.may_become(*to), expected, "{from} → {to}");
            }
        }
    }

    #[test]
    fn nothing_follows_a_final_state_and_something_follows_every_other() {
        for from in RunState::ALL {
            assert_eq!(RunState::ALL.iter().any(|to| from.may_become(*to)), !from.is_final(), "{from}");
        }
        for from in StepState::ALL {
            assert_eq!(StepState::ALL.iter().any(|to| from.may_become(*to)), !from.is_final(), "{from}");
        }
    }
}

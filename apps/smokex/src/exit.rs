//! How commands end.

use std::process::ExitCode;

/// The exit codes that scripts rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every plan passed; nothing is wrong; server and folder hold the same.
    Passed,
    /// At least one step of one plan failed; something is wrong in the database; server and folder differ.
    Failed,
    /// A plan or the call is wrong; nothing was run or changed.
    Wrong,
    /// Nothing failed, but of at least one plan nobody can tell: it was stopped or ran out of time. The
    /// database could not be looked at, the server not be asked.
    Unknown,
}

impl Exit {
    /// Of two plans: what failed for sure says more than what nobody can tell.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let weight = |exit| match exit {
            Self::Passed => 0,
            Self::Unknown => 1,
            Self::Failed => 2,
            Self::Wrong => 3,
        };
        if weight(other) > weight(self) { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Wrong => 2,
            Exit::Unknown => 3,
        })
    }
}

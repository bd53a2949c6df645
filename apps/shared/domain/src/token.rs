//! What an API token may do, and what it is called.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{Action, Role};

/// How many tokens an organization has at most.
pub const MOST_TOKENS: u32 = 100;

/// What a token allows: each scope all that the ones before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Reads.
    Read,
    /// Starts and stops runs, pauses schedules.
    Run,
    /// Changes plans, schedules and secrets.
    Write,
    /// Manages members and tokens.
    Admin,
}

crate::state::text_enum!(Scope { Read = "read", Run = "run", Write = "write", Admin = "admin" });

impl Scope {
    /// The role whose rights it gives. There is none for owners: what only they may is done by a person.
    #[must_use]
    pub fn role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Run => Role::Operator,
            Self::Write => Role::Editor,
            Self::Admin => Role::Admin,
        }
    }

    /// Whether it allows this.
    #[must_use]
    pub fn may(self, action: Action) -> bool {
        self.role().may(action)
    }

    /// What it allows, in a few words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Read => "Reads plans, runs, schedules, statistics and members",
            Self::Run => "Reads, starts and stops runs, pauses schedules",
            Self::Write => "What run may, and changes plans, schedules and secrets",
            Self::Admin => "What write may, and manages members and tokens, reads the audit log",
        }
    }

    /// Why it does not allow this, and which ones do.
    #[must_use]
    pub fn refusal(self, action: Action) -> String {
        match Self::ALL.iter().find(|scope| scope.may(action)) {
            Some(lowest) => format!(
                "The token has the scope `{self}`, and this wants `{lowest}`: {}. Use a token with that scope.",
                action.label().to_lowercase()
            ),
            None => format!("No token may do this: {}. Sign in to do it.", action.label().to_lowercase()),
        }
    }
}

/// What people call a token: 1 to 100 characters on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenName(String);

/// Why that is no name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("A token's name has 1 to 100 characters on one line, such as `deployments`.")]
pub struct InvalidTokenName;

impl TokenName {
    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TokenName {
    type Err = InvalidTokenName;

    fn from_str(text: &str) -> Result<Self, InvalidTokenName> {
        let text = text.trim();
        let is_name = (1..=100).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if is_name { Ok(Self(text.to_owned())) } else { Err(InvalidTokenName) }
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Actor, TokenId, UserId};

    #[test]
    fn a_scope_gives_the_rights_of_a_role_and_none_those_of_owners() {
        for (scope, may, may_not) in [
            (Scope::Read, Action::ListSecrets, Action::Run),
            (Scope::Run, Action::PauseSchedules, Action::EditPlans),
            (Scope::Write, Action::ChangeSecrets, Action::Invite),
            (Scope::Admin, Action::ManageTokens, Action::DeleteOrganization),
        ] {
            assert!(scope.may(may) && !scope.may(may_not), "{scope}");
        }
        assert!(Scope::ALL.is_sorted() && !Scope::ALL.iter().any(|scope| scope.may(Action::TransferOwnership)));
    }

    #[test]
    fn a_token_may_what_its_scope_and_the_role_of_its_maker_both_allow() {
        let actor = |scope| Actor::Token { token: TokenId::new(), scope, user: UserId::new() };
        assert_eq!(actor(Scope::Write).role(Role::Owner), Role::Editor);
        assert_eq!(actor(Scope::Admin).role(Role::Viewer), Role::Viewer);
        assert_eq!(Actor::User(UserId::new()).role(Role::Owner), Role::Owner);
    }

    #[test]
    fn a_refusal_names_the_scope_that_is_wanted() {
        let refusal = "The token has the scope `read`, and this wants `run`: run plans. Use a token with that scope.";
        assert_eq!(Scope::Read.refusal(Action::Run), refusal);
        let refusal = "No token may do this: delete the organization. Sign in to do it.";
        assert_eq!(Scope::Admin.refusal(Action::DeleteOrganization), refusal);
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(" deployments ".parse::<TokenName>().unwrap().as_str(), "deployments");
        for text in ["", "  ", "a\nb", &"x".repeat(101)] {
            assert!(text.parse::<TokenName>().is_err(), "{text:?}");
        }
    }
}

//! What the audit log tells: who did what to what.

use uuid::Uuid;

use crate::{PlanId, Role, Scope, TokenId, UserId};

/// Whoever acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Somebody who is signed in.
    User(UserId),
    /// A program that holds an API token.
    Token {
        /// Its token.
        token: TokenId,
        /// What the token allows.
        scope: Scope,
        /// Who made the token: it acts in their name.
        user: UserId,
    },
    /// Whoever called the hook of this plan.
    Hook(PlanId),
    /// Smokex itself: its clock, its executors, what follows from a payment.
    System,
}

impl Actor {
    /// The word for what kind of actor it is.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Token { .. } => "token",
            Self::Hook(_) => "hook",
            Self::System => "system",
        }
    }

    /// In whose name it acts; none if in nobody's.
    #[must_use]
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User(user) | Self::Token { user, .. } => Some(user),
            Self::Hook(_) | Self::System => None,
        }
    }

    /// Which one of its kind it is: a user's id, a token's, that of a hook's plan; none for the system.
    #[must_use]
    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::User(user) => Some(user.0),
            Self::Token { token, .. } => Some(token.0),
            Self::Hook(plan) => Some(plan.0),
            Self::System => None,
        }
    }

    /// What it may, where the user in whose name it acts has this role: a token never more than its scope.
    #[must_use]
    pub fn role(self, of_user: Role) -> Role {
        match self {
            Self::Token { scope, .. } => of_user.lower(scope.role()),
            _ => of_user,
        }
    }
}

/// What was done: the words of the audit log, each with the noun it was done to in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// An organization was made.
    OrganizationCreated,
    /// It got another name.
    OrganizationRenamed,
    /// Its owner made another member the owner in their place.
    OrganizationHandedOver,
    /// It came to another tier.
    OrganizationTierChanged,
    /// Somebody accepted an invitation.
    MemberJoined,
    /// A member got another role.
    MemberRoleChanged,
    /// A member was removed.
    MemberRemoved,
    /// A member left by themselves.
    MemberLeft,
    /// A member chose another password for their account, knowing the old one or by a link in a mail.
    MemberPasswordChanged,
    /// Their account got another address.
    MemberEmailChanged,
    /// It asks for a second factor from then on.
    MemberSecondFactorEnabled,
    /// It asks for none any more.
    MemberSecondFactorDisabled,
    /// Somebody was invited.
    InvitationSent,
    /// Their invitation was sent once more.
    InvitationSentAgain,
    /// It was taken back.
    InvitationRevoked,
    /// A plan was made.
    PlanCreated,
    /// It got a new version.
    PlanSaved,
    /// Other operators may run it.
    PlanOperatorsChanged,
    /// It was deleted.
    PlanDeleted,
    /// A secret got its first value, or its first one after it was deleted.
    SecretAdded,
    /// It got another value.
    SecretReplaced,
    /// It was deleted.
    SecretDeleted,
    /// A schedule was made.
    ScheduleCreated,
    /// It was changed.
    ScheduleSaved,
    /// One or several were paused.
    SchedulePaused,
    /// One or several were resumed.
    ScheduleResumed,
    /// One or several were deleted.
    ScheduleDeleted,
    /// Somebody asked for a run.
    RunRequested,
    /// Somebody stopped a run.
    RunCancelled,
    /// An API token was made.
    TokenCreated,
    /// It was revoked.
    TokenRevoked,
    /// A plan got a hook, or its hook another address.
    HookCreated,
    /// Its hook was deleted.
    HookDeleted,
}

crate::state::text_enum!(Deed {
    OrganizationCreated = "organization_created",
    OrganizationRenamed = "organization_renamed",
    OrganizationHandedOver = "organization_handed_over",
    OrganizationTierChanged = "organization_tier_changed",
    MemberJoined = "member_joined",
    MemberRoleChanged = "member_role_changed",
    MemberRemoved = "member_removed",
    MemberLeft = "member_left",
    MemberPasswordChanged = "member_password_changed",
    MemberEmailChanged = "member_email_changed",
    MemberSecondFactorEnabled = "member_second_factor_enabled",
    MemberSecondFactorDisabled = "member_second_factor_disabled",
    InvitationSent = "invitation_sent",
    InvitationSentAgain = "invitation_sent_again",
    InvitationRevoked = "invitation_revoked",
    PlanCreated = "plan_created",
    PlanSaved = "plan_saved",
    PlanOperatorsChanged = "plan_operators_changed",
    PlanDeleted = "plan_deleted",
    SecretAdded = "secret_added",
    SecretReplaced = "secret_replaced",
    SecretDeleted = "secret_deleted",
    ScheduleCreated = "schedule_created",
    ScheduleSaved = "schedule_saved",
    SchedulePaused = "schedule_paused",
    ScheduleResumed = "schedule_resumed",
    ScheduleDeleted = "schedule_deleted",
    RunRequested = "run_requested",
    RunCancelled = "run_cancelled",
    TokenCreated = "token_created",
    TokenRevoked = "token_revoked",
    HookCreated = "hook_created",
    HookDeleted = "hook_deleted",
});

impl Deed {
    /// What it was done to.
    #[must_use]
    pub fn noun(self) -> &'static str {
        self.as_str().split('_').next().unwrap_or_default()
    }

    /// The word as people read it: `plan saved`.
    #[must_use]
    pub fn words(self) -> String {
        self.as_str().replace('_', " ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_is_done_to_a_noun_and_reads_as_words() {
        for deed in Deed::ALL {
            let nouns = ["organization", "member", "invitation", "plan", "secret", "schedule", "run", "token", "hook"];
            assert!(nouns.contains(&deed.noun()), "{deed}");
            assert_eq!(deed.as_str().parse(), Ok(*deed));
        }
        assert_eq!(Deed::MemberRoleChanged.words(), "member role changed");
    }
}

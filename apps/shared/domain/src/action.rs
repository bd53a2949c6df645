//! What members do in an organization, and the one table of which roles may.

use crate::Role;

/// Something a member may do, or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// Read plans, schedules, runs and who the members are.
    View,
    /// Start runs.
    Run,
    /// Stop runs.
    Cancel,
    /// Pause and resume schedules.
    PauseSchedules,
    /// Make and change plans, and say who runs them.
    EditPlans,
    /// Delete plans with their runs.
    DeletePlans,
    /// Make, change and delete schedules.
    ChangeSchedules,
    /// Read the names of secrets.
    ListSecrets,
    /// Set and delete secrets.
    ChangeSecrets,
    /// Invite people, and take invitations back.
    Invite,
    /// Change roles and remove members.
    ManageMembers,
    /// Change the organization's name.
    Rename,
    /// Read who changed what.
    ReadAuditLog,
    /// Make and revoke API tokens.
    ManageTokens,
    /// See and change what the organization pays for.
    Bill,
    /// Make another member the owner in one's own place.
    TransferOwnership,
    /// Delete the organization with everything in it.
    DeleteOrganization,
}

/// Each action with the lowest role that may, what it is called, and the beginning of the sentence that refuses
/// it.
const TABLE: &[(Action, Role, &str, &str)] = &[
    (Action::View, Role::Viewer, "Read plans, schedules, runs and members", "This is read"),
    (Action::Run, Role::Operator, "Run plans", "Plans are run"),
    (Action::Cancel, Role::Operator, "Stop runs", "Runs are stopped"),
    (Action::PauseSchedules, Role::Operator, "Pause and resume schedules", "Schedules are paused and resumed"),
    (Action::EditPlans, Role::Editor, "Make and change plans, say who runs them", "Plans are changed"),
    (Action::DeletePlans, Role::Editor, "Delete plans", "Plans are deleted"),
    (
        Action::ChangeSchedules,
        Role::Editor,
        "Make, change and delete schedules",
        "Schedules are made, changed and deleted",
    ),
    (Action::ListSecrets, Role::Viewer, "Read the names of secrets", "The names of secrets are read"),
    (Action::ChangeSecrets, Role::Editor, "Set and delete secrets", "Secrets are set and deleted"),
    (Action::Invite, Role::Admin, "Invite people", "People are invited"),
    (Action::ManageMembers, Role::Admin, "Change roles, remove members", "Members are managed"),
    (Action::Rename, Role::Admin, "Rename the organization", "The organization is renamed"),
    (Action::ReadAuditLog, Role::Admin, "Read the audit log", "The audit log is read"),
    (Action::ManageTokens, Role::Admin, "Make and revoke API tokens", "API tokens are made and revoked"),
    (Action::Bill, Role::Admin, "See and change what is paid for", "What the organization pays for is decided"),
    (Action::TransferOwnership, Role::Owner, "Hand the organization over", "The organization is handed over"),
    (Action::DeleteOrganization, Role::Owner, "Delete the organization", "The organization is deleted"),
];

impl Action {
    /// Every action, from what everybody may to what only owners may.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(action, ..)| *action)
    }

    fn row(self) -> &'static (Self, Role, &'static str, &'static str) {
        TABLE.iter().find(|(action, ..)| *action == self).expect("every action has a row in the table")
    }

    /// What it is called in a list of rights.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.row().2
    }

    /// Why somebody may not, and who may: `Plans are run by owners, admins, editors and operators. Ask one of
    /// them.`
    #[must_use]
    pub fn refusal(self) -> String {
        let roles: Vec<_> = Role::ALL.iter().filter(|role| role.may(self)).map(|role| format!("{role}s")).collect();
        let by = match roles.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => "nobody".to_owned(),
        };
        format!("{} by {by}. Ask one of them.", self.row().3)
    }
}

impl Role {
    /// Whether members of this role may do that.
    #[must_use]
    pub fn may(self, action: Action) -> bool {
        self.is_at_least(action.row().1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_row_and_each_role_the_rights_it_is_to_have() {
        let rights = |role: Role| Action::all().filter(|action| role.may(*action)).collect::<Vec<_>>();
        use Action::{
            Bill, Cancel, ChangeSchedules, ChangeSecrets, DeleteOrganization, DeletePlans, EditPlans, Invite,
            ListSecrets, ManageMembers, ManageTokens, PauseSchedules, ReadAuditLog, Rename, Run, TransferOwnership,
            View,
        };
        assert_eq!(rights(Role::Viewer), [View, ListSecrets]);
        assert_eq!(rights(Role::Operator), [View, Run, Cancel, PauseSchedules, ListSecrets]);
        let editor =
            [View, Run, Cancel, PauseSchedules, EditPlans, DeletePlans, ChangeSchedules, ListSecrets, ChangeSecrets];
        assert_eq!(rights(Role::Editor), editor);
        let admin = [Invite, ManageMembers, Rename, ReadAuditLog, ManageTokens, Bill];
        assert_eq!(rights(Role::Admin), [editor.as_slice(), &admin].concat());
        let owner = [TransferOwnership, DeleteOrganization];
        assert_eq!(rights(Role::Owner), [editor.as_slice(), &admin, &owner].concat());
    }

    #[test]
    fn a_refusal_says_who_may() {
        assert_eq!(Action::Run.refusal(), "Plans are run by owners, admins, editors and operators. Ask one of them.");
        assert_eq!(Action::Invite.refusal(), "People are invited by owners and admins. Ask one of them.");
        assert_eq!(Action::DeleteOrganization.refusal(), "The organization is deleted by owners. Ask one of them.");
    }
}

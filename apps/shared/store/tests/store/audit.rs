//! The audit log: that every change is in it, once, with who did it; and that nothing takes it out again.

use domain::{Deed, Role, Tier, TotpSecret, UserId};
use store::{AuditFilter, AuditRow, Member, NewInvitation, PageRequest, Renewed, Store, Which};
use testkit::factory;

use crate::raw;

async fn lines(store: &Store, member: &Member, filter: AuditFilter) -> Vec<AuditRow> {
    store
        .audit(member.tenant(), AuditFilter { page: PageRequest { after: None, size: 100 }, ..filter })
        .await
        .unwrap()
        .items
}

/// What was done, oldest first: by whom, what, the name.
async fn told(store: &Store, member: &Member) -> Vec<(Option<UserId>, Deed, String)> {
    let lines = lines(store, member, AuditFilter::default()).await;
    lines.into_iter().rev().map(|line| (line.actor_id.map(UserId), line.deed, line.name)).collect()
}

testkit::on_both! {
    async fn every_change_of_a_plan_its_schedules_and_runs_is_told_once(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (tenant, user) = (owner.tenant(), owner.user_id);
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        store.save_plan(tenant, user, plan, 1, factory::plan("Better")).await.unwrap();
        // The same once more is no change.
        store.save_plan(tenant, user, plan, 2, factory::plan("Better")).await.unwrap();
        let schedule = factory::scheduled(&store, &owner, plan, factory::hourly("Hourly")).await;
        store.save_schedule(tenant, schedule, factory::hourly("Often")).await.unwrap();
        for _ in 0..2 {
            store.pause_schedules(tenant, user, Which::One(schedule), "noon").await.unwrap();
        }
        for _ in 0..2 {
            store.resume_schedules(tenant, Which::All).await.unwrap();
        }
        let run = factory::queued_run(&store, &owner, plan).await;
        for _ in 0..2 {
            store.cancel_run(tenant, run).await.unwrap();
        }
        store.delete_schedule(tenant, schedule).await.unwrap();
        store.delete_plan(tenant, plan).await.unwrap();
        let expected = [
            (Deed::OrganizationCreated, owner.organization_name.as_str()),
            (Deed::PlanCreated, "Plan"),
            (Deed::PlanSaved, "Better"),
            (Deed::ScheduleCreated, "Hourly"),
            (Deed::ScheduleSaved, "Often"),
            (Deed::SchedulePaused, "Often"),
            (Deed::ScheduleResumed, "1 schedule"),
            (Deed::RunRequested, "Better #1"),
            (Deed::RunCancelled, "Better #1"),
            (Deed::ScheduleDeleted, "Often"),
            (Deed::PlanDeleted, "Better"),
        ];
        let expected: Vec<_> = expected.map(|(deed, name)| (Some(user), deed, name.to_owned())).into();
        assert_eq!(told(&store, &owner).await, expected);
        let all = lines(&store, &owner, AuditFilter::default()).await;
        let line = all.iter().find(|line| line.deed == Deed::SchedulePaused).unwrap();
        assert_eq!((line.thing, &line.details), (Some(schedule.0), &serde_json::json!({ "reason": "noon" })));
        assert!(all.iter().all(|line| line.actor == "user" && line.actor_name == owner.email.as_str()), "{all:?}");
    }

    async fn every_change_of_the_organization_and_its_people_is_told(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let tenant = owner.tenant();
        store.rename_organization(tenant, "Better".parse().unwrap()).await.unwrap();
        let colleague = factory::colleague(&store, &owner, Role::Viewer).await;
        store.change_role(tenant, colleague.user_id, Role::Operator).await.unwrap();
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        store.name_plan_operators(tenant, plan, vec![colleague.user_id]).await.unwrap();
        let (new, _) = factory::invitation(Role::Viewer);
        let invited = new.email.to_string();
        let invitation = store.invite(tenant, new).await.unwrap();
        raw::sql(&database, "UPDATE invitations SET sent_at = 1");
        store.invite_again(tenant, invitation, factory::invitation_link()).await.unwrap();
        store.revoke_invitation(tenant, invitation).await.unwrap();
        store.hand_over(tenant, colleague.user_id).await.unwrap();
        store.grant_tier(tenant.organization(), Tier::Pro).await.unwrap();
        store.grant_tier(tenant.organization(), Tier::Pro).await.unwrap();
        let guest = factory::colleague(&store, &owner, Role::Viewer).await;
        store.remove_member(tenant, guest.user_id).await.unwrap();
        store.remove_member(tenant, owner.user_id).await.unwrap();
        let (me, them, other) = (Some(owner.user_id), Some(colleague.user_id), Some(guest.user_id));
        let email = |member: &Member| member.email.to_string();
        let expected = vec![
            (me, Deed::OrganizationCreated, owner.organization_name.clone()),
            (me, Deed::OrganizationRenamed, "Better".to_owned()),
            (me, Deed::InvitationSent, email(&colleague)),
            (them, Deed::MemberJoined, email(&colleague)),
            (me, Deed::MemberRoleChanged, email(&colleague)),
            (me, Deed::PlanCreated, "Plan".to_owned()),
            (me, Deed::PlanOperatorsChanged, "Plan".to_owned()),
            (me, Deed::InvitationSent, invited.clone()),
            (me, Deed::InvitationSentAgain, invited.clone()),
            (me, Deed::InvitationRevoked, invited),
            (me, Deed::OrganizationHandedOver, email(&colleague)),
            (None, Deed::OrganizationTierChanged, "Better".to_owned()),
            (me, Deed::InvitationSent, email(&guest)),
            (other, Deed::MemberJoined, email(&guest)),
            (me, Deed::MemberRemoved, email(&guest)),
            (me, Deed::MemberLeft, email(&owner)),
        ];
        assert_eq!(told(&store, &colleague).await, expected);
    }

    async fn every_change_of_a_secret_is_told_with_its_version_and_never_its_value(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let (tenant, user, name) = (owner.tenant(), owner.user_id, || "KEY".parse().unwrap());
        factory::secret(&store, &owner, "KEY", "first-value").await;
        store.add_secret(tenant, user, name(), "other-value".parse().unwrap()).await.unwrap_err();
        assert!(store.replace_secret(tenant, user, name(), "second-value".parse().unwrap()).await.unwrap());
        for _ in 0..2 {
            store.delete_secret(tenant, user, name()).await.unwrap();
        }
        factory::secret(&store, &owner, "KEY", "third-value").await;
        let all = lines(&store, &owner, AuditFilter::default()).await;
        let told: Vec<_> = all.iter().map(|line| (line.deed, line.name.as_str(), line.details["version"].as_i64())).collect();
        assert_eq!(told[..4], [
            (Deed::SecretAdded, "KEY", Some(3)),
            (Deed::SecretDeleted, "KEY", Some(2)),
            (Deed::SecretReplaced, "KEY", Some(2)),
            (Deed::SecretAdded, "KEY", Some(1)),
        ]);
        assert_eq!(told.len(), 5, "the organization was created before: {told:?}");
        assert!(all.iter().all(|line| line.actor_id == Some(user.0) && line.details.to_string().len() < 20), "{all:?}");
    }

    async fn what_a_member_does_to_their_account_is_told_in_each_of_their_organizations(database: TestDatabase) {
        let store = database.open().await;
        let (owner, other) = (factory::member(&store).await, factory::member(&store).await);
        let stranger = factory::member(&store).await;
        let member = factory::colleague(&store, &owner, Role::Viewer).await;
        let (invitation, token_hash) = factory::invitation(Role::Editor);
        let invitation = NewInvitation { email: member.email.clone(), ..invitation };
        store.invite(other.tenant(), invitation).await.unwrap();
        store.accept_invitation(&member.person(), token_hash, factory::token()).await.unwrap();
        let before = [told(&store, &owner).await.len(), told(&store, &other).await.len(), told(&store, &stranger).await.len()];

        store.change_password(&member, "hash".to_owned(), factory::token(), factory::mail()).await.unwrap();
        let reset = factory::ticket();
        store.request_reset(&member.email, reset.clone()).await.unwrap();
        for _ in 0..2 {
            store.reset_password(reset.token_hash, "hash".to_owned(), factory::mail()).await.unwrap();
        }
        let member = factory::same_member(&store, &member).await;
        let renewed = || Renewed { token_hash: factory::token(), told: factory::mail() };
        let secret = TotpSecret::new([7; 20]);
        store.begin_second_factor(&member, &secret).await.unwrap();
        // One that nobody was asked for yet is no loss.
        store.disable_second_factor(&member, renewed()).await.unwrap();
        store.begin_second_factor(&member, &secret).await.unwrap();
        assert!(store.enable_second_factor(&member, 1, vec![], renewed()).await.unwrap());
        for _ in 0..2 {
            store.disable_second_factor(&member, renewed()).await.unwrap();
        }
        let change = factory::ticket();
        let new = factory::account().email;
        store.request_email_change(&member, new.clone(), change.clone(), factory::mail()).await.unwrap();
        store.change_email(change.token_hash, factory::mail()).await.unwrap();
        store.change_email(change.token_hash, factory::mail()).await.unwrap_err();

        let deeds = [
            Deed::MemberPasswordChanged,
            Deed::MemberPasswordChanged,
            Deed::MemberSecondFactorEnabled,
            Deed::MemberSecondFactorDisabled,
            Deed::MemberEmailChanged,
        ];
        let expected = deeds.map(|deed| (Some(member.user_id), deed, member.email.to_string()));
        assert_eq!(told(&store, &owner).await[before[0]..], expected);
        assert_eq!(told(&store, &other).await[before[1]..], expected);
        assert_eq!(told(&store, &stranger).await.len(), before[2]);
        let last = lines(&store, &other, AuditFilter::default()).await.remove(0);
        assert_eq!((last.thing, last.details), (Some(member.user_id.0), serde_json::json!({ "after": new.as_str() })));
    }

    async fn a_password_changes_while_an_organization_goes(database: TestDatabase) {
        let store = database.open().await;
        for _ in 0..8 {
            let owner = factory::member(&store).await;
            let member = factory::colleague(&store, &owner, Role::Viewer).await;
            let change = store.change_password(&member, "hash".to_owned(), factory::token(), factory::mail());
            let (changed, deleted) = tokio::join!(change, store.delete_organization(owner.tenant()));
            changed.unwrap();
            deleted.unwrap();
        }
    }

    async fn what_is_refused_is_not_told_as_done(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let viewer = factory::colleague(&store, &owner, Role::Viewer).await;
        let before = told(&store, &owner).await;
        store.change_role(viewer.tenant(), owner.user_id, Role::Viewer).await.unwrap_err();
        store.remove_member(owner.tenant(), owner.user_id).await.unwrap_err();
        store.invite(viewer.tenant(), factory::invitation(Role::Viewer).0).await.unwrap_err();
        assert_eq!(told(&store, &owner).await, before);
    }

    async fn runs_of_schedules_do_not_fill_it(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        factory::scheduled(&store, &owner, plan, factory::every("Often", 1)).await;
        let before = told(&store, &owner).await.len();
        raw::sql(&database, "UPDATE schedules SET next_due_at = next_due_at - 5000000");
        let fired = store.fire(jiff::Timestamp::now(), 10).await.unwrap();
        assert!(fired.queued > 0, "{fired:?}");
        assert_eq!(told(&store, &owner).await.len(), before);
    }

    async fn it_is_only_added_to_and_goes_with_its_organization(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let before = told(&store, &owner).await;
        for statement in ["UPDATE audit SET name = 'forged'", "DELETE FROM audit", "UPDATE audit SET at = at"] {
            let refused = raw::try_sql(&database, statement).unwrap_err().to_string();
            assert!(refused.contains("the audit log is only added to"), "{refused}");
        }
        assert_eq!(told(&store, &owner).await, before);
        store.delete_organization(owner.tenant()).await.unwrap();
        assert!(told(&store, &owner).await.is_empty());
    }

    async fn it_is_narrowed_down_by_who_what_and_when_and_comes_in_pages(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let editor = factory::colleague(&store, &owner, Role::Editor).await;
        for n in 0..5 {
            factory::saved_plan(&store, &owner, &format!("A{n}")).await;
            factory::saved_plan(&store, &editor, &format!("B{n}")).await;
        }
        let who = editor.email.as_str()[..12].to_uppercase();
        let theirs = lines(&store, &owner, AuditFilter { who: Some(who), deed: Some(Deed::PlanCreated), ..AuditFilter::default() }).await;
        assert_eq!(theirs.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(), ["B4", "B3", "B2", "B1", "B0"]);
        let since = Some(theirs[1].at);
        let late = lines(&store, &owner, AuditFilter { since, ..AuditFilter::default() }).await;
        assert_eq!(late.last().map(|line| line.name.as_str()), Some("B3"), "{late:?}");
        let none = lines(&store, &owner, AuditFilter { who: Some("%".to_owned()), ..AuditFilter::default() }).await;
        assert!(none.is_empty(), "a sign is no pattern");
        let mut page = PageRequest { after: None, size: 4 };
        let mut seen = Vec::new();
        loop {
            let part = store.audit(owner.tenant(), AuditFilter { page, ..AuditFilter::default() }).await.unwrap();
            seen.extend(part.items.into_iter().map(|line| line.id));
            let Some(next) = part.next else { break };
            page.after = Some(next);
        }
        assert_eq!(seen, lines(&store, &owner, AuditFilter::default()).await.iter().map(|line| line.id).collect::<Vec<_>>());
    }
}

//! The audit log: that every change is in it, once, with who did it; and that nothing takes it out again.

use domain::{Deed, Role, Tier, UserId};
use store::{AuditFilter, AuditRow, Member, PageRequest, Store, Which};
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

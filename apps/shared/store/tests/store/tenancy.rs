//! What is not yours does not exist: every call that takes a tenant, with another organization's ids.

use std::path::Path;

use domain::{
    Cause, InvitationId, PlanId, Role, RunId, RunState, ScheduleId, Scope, Tier, TokenId,
    schedule::CheckedSchedule,
    statistics::{StatisticsDraft, StatisticsQuestion},
};
use jiff::Timestamp;
use store::{
    AuditFilter, CancelOutcome, InviteError, Member, MemberError, NewRun, PageRequest, PlanFilter, QueueError,
    RunFilter, SaveError, ScheduleFilter, Store, Summary, Used, Waiting, Which,
};
use testkit::factory;

use crate::raw;

/// Everything a stranger can try; a test below looks that nothing is missing.
async fn try_everything(store: &Store, stranger: &Member, plan: PlanId, run: RunId, schedule: ScheduleId) {
    let tenant = stranger.tenant();
    assert!(store.plan(tenant, plan).await.unwrap().is_none());
    assert!(store.plan_version(tenant, plan, 1).await.unwrap().is_none());
    assert!(store.plan_versions(tenant, plan, PageRequest::default()).await.unwrap().items.is_empty());
    assert!(store.plans(tenant, PlanFilter::default()).await.unwrap().items.is_empty());
    let saved = store.save_plan(tenant, stranger.user_id, plan, 1, factory::plan("Mine now")).await;
    assert!(matches!(saved, Err(SaveError::NotFound)), "{saved:?}");
    assert!(!store.delete_plan(tenant, plan).await.unwrap());
    let queued = store.queue_run(tenant, NewRun::of(plan, Cause::Manual)).await;
    assert!(matches!(queued, Err(QueueError::NotFound)), "{queued:?}");
    assert!(store.run(tenant, run).await.unwrap().is_none());
    assert!(store.run_row(tenant, run).await.unwrap().is_none());
    assert!(store.step(tenant, run, 0).await.unwrap().is_none());
    assert!(store.run_variables(tenant, run).await.unwrap().is_none());
    assert_eq!(store.cancel_run(tenant, run).await.unwrap(), CancelOutcome::NotFound);
    for filter in [
        RunFilter::default(),
        RunFilter { plan: Some(plan), ..RunFilter::default() },
        RunFilter { states: RunState::ALL.to_vec(), ..RunFilter::default() },
        RunFilter { states: RunState::ALL.to_vec(), plan: Some(plan), ..RunFilter::default() },
        RunFilter { search: Some("Plan".to_owned()), ..RunFilter::default() },
    ] {
        assert!(store.runs(tenant, filter).await.unwrap().items.is_empty());
    }
    assert_eq!(store.summary(tenant).await.unwrap(), Summary::default());
    for plan in [String::new(), plan.to_string()] {
        let bins = store.statistics(tenant, last_day(plan)).await.unwrap();
        assert!(bins.len() >= 24 && bins.iter().all(|bin| bin.runs() == 0), "{bins:?}");
    }
    assert_eq!(store.used(tenant).await.unwrap(), Used::default());
    let made = store.create_schedule(tenant, stranger.user_id, plan, factory::hourly("Mine")).await.unwrap();
    assert_eq!(made, None);
    assert!(!store.save_schedule(tenant, schedule, factory::hourly("Mine")).await.unwrap());
    assert!(store.schedule(tenant, schedule).await.unwrap().is_none());
    for filter in [
        ScheduleFilter::default(),
        ScheduleFilter {
            plan: Some(plan),
            tag: Some("eu".to_owned()),
            enabled: Some(true),
            ..ScheduleFilter::default()
        },
    ] {
        assert!(store.schedules(tenant, filter).await.unwrap().items.is_empty());
    }
    assert!(store.coming_schedules(tenant, None, 10).await.unwrap().is_empty());
    assert!(store.coming_timetables(tenant, 10).await.unwrap().is_empty());
    assert_eq!(store.number_of_plans(tenant).await.unwrap(), 0);
    assert_eq!(store.would_wait(tenant, Tier::Free).await.unwrap(), Waiting::default());
    assert!(store.metered(tenant, 12).await.unwrap().iter().all(|month| month.runs == 0));
    assert_eq!(store.customer(tenant).await.unwrap(), None);
    assert!(store.occurrences(tenant, schedule, PageRequest::default()).await.unwrap().items.is_empty());
    for which in [Which::One(schedule), Which::Tag("eu".to_owned()), Which::All] {
        let paused = store.pause_schedules(tenant, stranger.user_id, which.clone(), "Mine").await.unwrap();
        assert_eq!((paused, store.resume_schedules(tenant, which).await.unwrap()), (0, 0));
    }
    assert!(!store.delete_schedule(tenant, schedule).await.unwrap());
    let name: domain::SecretName = "KEY".parse().unwrap();
    let value: domain::SecretValue = "mine now".parse().unwrap();
    assert!(store.secrets(tenant).await.unwrap().is_empty());
    assert!(store.secret_names(tenant).await.unwrap().is_empty());
    assert!(store.secret_changes(tenant, 10).await.unwrap().is_empty());
    assert!(!store.replace_secret(tenant, stranger.user_id, name.clone(), value).await.unwrap());
    assert!(!store.delete_secret(tenant, stranger.user_id, name).await.unwrap());
    assert!(store.plans_in_need(tenant).await.unwrap().plans.is_empty());
    assert!(store.unread_plans(tenant, 10).await.unwrap().is_empty());
    assert!(!store.note_outside(tenant, plan, 1, Vec::new()).await.unwrap());
    assert!(store.plan_operators(tenant, plan).await.unwrap().is_empty());
    let named = store.name_plan_operators(tenant, plan, vec![stranger.user_id]).await;
    assert!(matches!(named, Err(MemberError::NotFound)), "{named:?}");
    let made = store.make_hook(tenant, plan, factory::token()).await;
    assert!(matches!(made, Err(MemberError::NotFound)), "{made:?}");
    assert!(matches!(store.delete_hook(tenant, plan).await, Err(MemberError::NotFound)));
    assert_eq!(store.plan_hook(tenant, plan).await.unwrap(), None);
    // What nobody is named for is no secret: whose plan it is, is asked elsewhere.
    assert!(store.may_operate(tenant, plan).await.unwrap());
    assert_eq!(store.clear_schedules(tenant, "eu").await.unwrap(), 0);
    assert!(store.customer(tenant).await.unwrap().is_none());
    assert!(store.add_customer(tenant, "cus_owner", None).await.is_err(), "a customer is one organization");
}

/// The statistics of the last day, of this plan or of all.
fn last_day(plan: String) -> StatisticsQuestion {
    StatisticsDraft { plan, ..StatisticsDraft::default() }.check(Timestamp::now()).unwrap()
}

/// What a stranger can try with the people of another organization.
async fn try_members(store: &Store, stranger: &Member, owner: &Member, invitation: InvitationId, token: TokenId) {
    let (tenant, theirs) = (stranger.tenant(), owner.user_id);
    let rows = store.members(tenant, PageRequest::default()).await.unwrap().items;
    assert_eq!(rows.iter().map(|row| row.user).collect::<Vec<_>>(), [stranger.user_id]);
    assert_eq!(store.number_of_members(tenant).await.unwrap(), 1);
    assert!(store.member_row(tenant, theirs).await.unwrap().is_none());
    for tried in [
        store.change_role(tenant, theirs, Role::Viewer).await,
        store.remove_member(tenant, theirs).await,
        store.hand_over(tenant, theirs).await,
    ] {
        assert!(matches!(tried, Err(MemberError::NotFound)), "{tried:?}");
    }
    assert!(store.invitations(tenant).await.unwrap().is_empty());
    for tried in [
        store.invite_again(tenant, invitation, factory::invitation_link()).await,
        store.revoke_invitation(tenant, invitation).await,
    ] {
        assert!(matches!(tried, Err(InviteError::Member(MemberError::NotFound))), "{tried:?}");
    }
    assert!(store.tokens(tenant).await.unwrap().is_empty());
    assert!(matches!(store.revoke_token(tenant, token).await, Err(MemberError::NotFound)));
    let lines = store.audit(tenant, AuditFilter::default()).await.unwrap().items;
    assert!(lines.iter().all(|line| line.actor_id == Some(stranger.user_id.0)), "{lines:?}");
    assert!(!store.switch_organization(&stranger.person(), owner.tenant().organization(), [7; 32]).await.unwrap());
}

testkit::on_both! {
    async fn the_people_of_another_organization_are_not_there(database: TestDatabase) {
        let store = database.open().await;
        let (owner, stranger) = (factory::member(&store).await, factory::member(&store).await);
        let invitation = store.invite(owner.tenant(), factory::invitation(Role::Admin).0).await.unwrap();
        let token = factory::bearer(&store, &owner, Scope::Read).await.token;
        let before = store.audit(owner.tenant(), AuditFilter::default()).await.unwrap().items;
        try_members(&store, &stranger, &owner, invitation, token).await;
        let invitations = store.invitations(owner.tenant()).await.unwrap();
        assert_eq!(invitations.iter().map(|row| row.id).collect::<Vec<_>>(), [invitation]);
        assert_eq!(store.tokens(owner.tenant()).await.unwrap().len(), 1);
        assert_eq!(store.audit(owner.tenant(), AuditFilter::default()).await.unwrap().items, before);
    }

    async fn another_organization_finds_and_changes_nothing(database: TestDatabase) {
        let store = database.open().await;
        let owner = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &owner, "Plan").await;
        let ended = factory::ended_run(&store, &owner, plan, RunState::Failed).await;
        let queued = factory::queued_run(&store, &owner, plan).await;
        let tagged = |name| CheckedSchedule { tags: "eu".parse().unwrap(), ..factory::hourly(name) };
        let going = factory::scheduled(&store, &owner, plan, tagged("Going")).await;
        let paused = factory::scheduled(&store, &owner, plan, tagged("Paused")).await;
        store.pause_schedules(owner.tenant(), owner.user_id, Which::One(paused), "").await.unwrap();
        let customer = store.add_customer(owner.tenant(), "cus_owner", Some("ada@example.com")).await.unwrap();
        factory::secret(&store, &owner, "KEY", "the owner's").await;
        let needy = store::NewPlan { outside: vec!["KEY".to_owned()], ..factory::plan("Plan in need") };
        let needy = store.create_plan(owner.tenant(), owner.user_id, needy).await.unwrap();
        let unread = store.create_plan(owner.tenant(), owner.user_id, factory::plan("Unread plan")).await.unwrap();
        raw::sql(&database, &format!("UPDATE plans SET outside = NULL WHERE id = {}", raw::id(&database, unread.0)));
        let hook = factory::token();
        store.make_hook(owner.tenant(), plan, hook).await.unwrap();
        let stranger = factory::member(&store).await;
        try_everything(&store, &stranger, unread, queued, paused).await;

        for (run, schedule) in [(ended, going), (queued, paused), (RunId::new(), ScheduleId::new())] {
            try_everything(&store, &stranger, plan, run, schedule).await;
        }
        let after = store.schedules(owner.tenant(), ScheduleFilter::default()).await.unwrap().items;
        let after: Vec<_> = after.iter().map(|row| (row.id, row.name.as_str(), row.paused.is_some())).collect();
        assert_eq!(after, [(paused, "Paused", true), (going, "Going", false)]);
        assert_eq!(store.customer(owner.tenant()).await.unwrap(), Some(customer));
        assert_eq!(store.secrets(owner.tenant()).await.unwrap()[0].version, 1);
        let needs: Vec<_> = store.plans_in_need(owner.tenant()).await.unwrap().plans.iter().map(|plan| plan.id).collect();
        assert_eq!((needs, store.unread_plans(owner.tenant(), 10).await.unwrap()[0].id), (vec![needy], unread));
        assert!(store.hook(hook).await.unwrap().is_some());
        let after = store.plan(owner.tenant(), plan).await.unwrap().unwrap();
        assert_eq!((after.name.as_str(), after.version), ("Plan", 1));
        let runs = store.runs(owner.tenant(), RunFilter::default()).await.unwrap().items;
        assert_eq!(runs.iter().map(|run| (run.id, run.state)).collect::<Vec<_>>(), [(queued, RunState::Queued), (ended, RunState::Failed)]);
        let bins = store.statistics(owner.tenant(), last_day(plan.to_string())).await.unwrap();
        assert_eq!(bins.iter().map(|bin| bin.runs()).sum::<u64>(), 2);
    }
}

/// The names of the store's calls that take a tenant, from its sources.
fn calls_with_a_tenant(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            calls_with_a_tenant(&path, names);
            continue;
        }
        let source = std::fs::read_to_string(&path).unwrap();
        for call in source.split("pub async fn ").skip(1) {
            let (name, rest) = call.split_once('(').unwrap();
            let (arguments, _) = rest.split_once('{').unwrap();
            if arguments.contains("&Tenant") {
                names.push(name.to_owned());
            }
        }
    }
}

#[test]
fn every_call_that_takes_a_tenant_is_tried_by_a_stranger() {
    let mut names = Vec::new();
    calls_with_a_tenant(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut names);
    assert!(names.len() > 10, "{names:?}");
    // They take nobody's id.
    let own = [
        "create_plan",
        "add_secret",
        "add_customer",
        "create_token",
        "invite",
        "rename_organization",
        "delete_organization",
    ];
    names.retain(|name| !own.contains(&name.as_str()));
    let missing: Vec<_> =
        names.iter().filter(|name| !include_str!("tenancy.rs").contains(&format!("store.{name}(tenant"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

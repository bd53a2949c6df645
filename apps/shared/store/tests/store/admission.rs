//! Which runs are taken when somebody asks for them.

use domain::{Cause, PlanId, Restriction, RunState, Tier, Tiers, WhenBusy};
use store::{Change, Member, NewRun, Options, QueuedRun, RunChange, Store, Used};
use testkit::{TestDatabase, factory};

/// A plan whose runs may go only so.
pub async fn restricted_plan(store: &Store, member: &Member, restriction: Restriction, when_busy: WhenBusy) -> PlanId {
    let plan = store::NewPlan { restriction, when_busy, ..factory::plan("Plan") };
    store.create_plan(member.tenant(), member.user_id, plan).await.unwrap()
}

/// A store whose organizations are all on a tier with these limits.
pub async fn limited(database: &TestDatabase, limit: impl FnOnce(&mut domain::Limits)) -> Store {
    let mut tiers = Tiers { in_force: Some(Tier::Free), ..Tiers::default() };
    limit(&mut tiers.free);
    database.open_with(Options { tiers, ..Options::default() }).await
}

async fn ask(store: &Store, member: &Member, plan: PlanId) -> QueuedRun {
    store.queue_run(member.tenant(), NewRun::of(plan, Cause::Manual)).await.unwrap()
}

/// Asks for runs of these plans, all at the same time, and tells how many were queued.
async fn ask_at_once(store: &Store, member: &Member, plans: impl IntoIterator<Item = PlanId>) -> usize {
    let asking = plans.into_iter().map(|plan| {
        let (store, tenant) = (store.clone(), *member.tenant());
        tokio::spawn(async move { store.queue_run(&tenant, NewRun::of(plan, Cause::Manual)).await.unwrap().state })
    });
    let asking: Vec<_> = asking.collect();
    let mut queued = 0;
    for asked in asking {
        queued += usize::from(asked.await.unwrap() == RunState::Queued);
    }
    queued
}

testkit::on_both! {
    async fn a_plan_restricted_to_itself_refuses_a_run_while_another_is_not_over(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = restricted_plan(&store, &member, Restriction::Itself, WhenBusy::Refuse).await;
        let first = ask(&store, &member, plan).await;
        assert_eq!((first.number, first.state, first.reason), (1, RunState::Queued, None));

        let mut changes = store.changes();
        let second = ask(&store, &member, plan).await;
        assert_eq!((second.number, second.state), (2, RunState::Refused));
        let reason = second.reason.unwrap();
        assert!(reason.starts_with("Run 1 of this plan has not finished"), "{reason}");
        let row = store.run_row(member.tenant(), second.id).await.unwrap().unwrap();
        assert_eq!((row.state, row.reason), (RunState::Refused, Some(reason)));
        assert!(row.finished_at.is_some() && row.started_at.is_none());
        let recent = store.plan(member.tenant(), plan).await.unwrap().unwrap().recent;
        assert_eq!(recent.iter().map(|run| run.state).collect::<Vec<_>>(), [RunState::Refused]);
        loop {
            if let Change::Run { kind, run, .. } = changes.next().await && run == second.id {
                assert_eq!(kind, RunChange::Finished);
                break;
            }
        }

        store.cancel_run(member.tenant(), first.id).await.unwrap();
        assert_eq!(ask(&store, &member, plan).await.state, RunState::Queued);
        assert_eq!(store.used(member.tenant()).await.unwrap(), Used { today: 2, this_month: 2 });
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn a_restricted_plan_that_waits_is_never_refused(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        for restriction in [Restriction::Itself, Restriction::Global] {
            let plan = restricted_plan(&store, &member, restriction, WhenBusy::Queue).await;
            for _ in 0..3 {
                assert_eq!(ask(&store, &member, plan).await.state, RunState::Queued);
            }
        }
    }

    async fn a_plan_that_runs_alone_is_refused_while_anything_of_its_organization_is_not_over(database: TestDatabase) {
        let store = database.open().await;
        let (member, other) = (factory::member(&store).await, factory::member(&store).await);
        let theirs = factory::saved_plan(&store, &other, "Plan").await;
        factory::queued_run(&store, &other, theirs).await;
        let alone = restricted_plan(&store, &member, Restriction::Global, WhenBusy::Refuse).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let first = ask(&store, &member, plan).await;
        let refused = ask(&store, &member, alone).await;
        assert_eq!(refused.state, RunState::Refused);
        assert!(refused.reason.unwrap().contains("restriction: global"));
        store.cancel_run(member.tenant(), first.id).await.unwrap();
        assert_eq!(ask(&store, &member, alone).await.state, RunState::Queued);
    }

    async fn of_two_clicks_at_the_same_time_one_is_refused(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        for _ in 0..5 {
            let plan = restricted_plan(&store, &member, Restriction::Itself, WhenBusy::Refuse).await;
            assert_eq!(ask_at_once(&store, &member, [plan; 6]).await, 1);
        }
        let member = factory::member(&store).await;
        let mut alone = Vec::new();
        for _ in 0..6 {
            alone.push(restricted_plan(&store, &member, Restriction::Global, WhenBusy::Refuse).await);
        }
        assert_eq!(ask_at_once(&store, &member, alone).await, 1);
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn no_more_runs_are_taken_than_the_month_has(database: TestDatabase) {
        let store = limited(&database, |limits| limits.runs_a_month = Some(5)).await;
        let (member, other) = (factory::member(&store).await, factory::member(&store).await);
        let plans = [factory::saved_plan(&store, &member, "A").await, factory::saved_plan(&store, &member, "B").await];
        assert_eq!(ask_at_once(&store, &member, plans.into_iter().cycle().take(12)).await, 5);
        let refused = ask(&store, &member, plans[0]).await;
        assert_eq!(refused.state, RunState::Refused);
        let reason = refused.reason.unwrap();
        assert!(reason.starts_with("All 5 runs of this month are used."), "{reason}");
        assert_eq!(store.used(member.tenant()).await.unwrap(), Used { today: 5, this_month: 5 });
        let theirs = factory::saved_plan(&store, &other, "Plan").await;
        assert_eq!(ask(&store, &other, theirs).await.state, RunState::Queued, "others have a month of their own");
        assert_eq!(store.doctor().await.unwrap(), []);
    }

    async fn no_more_runs_are_taken_than_the_day_has(database: TestDatabase) {
        let store = limited(&database, |limits| limits.runs_a_day = Some(2)).await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let mut states = Vec::new();
        for _ in 0..3 {
            states.push(ask(&store, &member, plan).await.state);
        }
        assert_eq!(states, [RunState::Queued, RunState::Queued, RunState::Refused]);
    }

    async fn a_run_keeps_the_variables_it_was_asked_for_with(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let variables = [("host", "a.example"), ("quoted", "\"\u{0}\\u0000'")];
        let variables: std::collections::BTreeMap<_, _> =
            variables.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let new = NewRun { variables: variables.clone(), ..NewRun::of(plan, Cause::Api) };
        store.queue_run(member.tenant(), new).await.unwrap();
        let claims = crate::claims::claims(&store, crate::claims::LONG);
        assert_eq!(crate::claims::claim_one(&claims).await.variables, variables);
    }
}

//! Runs as people see and cause them.

use domain::{Cause, RunId, RunState, StepState};
use jiff::{Timestamp, ToSpan};
use store::{CancelOutcome, Cursor, PageRequest, QueueError, RunFilter, Summary};
use testkit::factory;

testkit::on_both! {
    async fn a_queued_run_waits_and_is_numbered_per_plan(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let other = factory::saved_plan(&store, &member, "Other").await;
        let first = factory::queued_run(&store, &member, plan).await;
        let second = factory::queued_run(&store, &member, plan).await;
        let third = factory::queued_run(&store, &member, other).await;

        for (run, number) in [(first, 1), (second, 2), (third, 1)] {
            let found = store.run_row(member.tenant(), run).await.unwrap().unwrap();
            assert_eq!((found.number, found.state, found.cause), (number, RunState::Queued, Cause::Manual));
            assert_eq!((found.version, found.steps, found.user.as_ref()), (1, 2, Some(&member.email)));
            assert_eq!((found.started_at, found.finished_at, found.duration), (None, None, None));
        }
    }

    async fn runs_queued_at_once_get_numbers_without_gaps_or_doubles(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let tries: Vec<_> = (0..20)
            .map(|_| {
                let (store, member) = (store.clone(), member.clone());
                let new = store::NewRun::of(plan, Cause::Api);
                tokio::spawn(async move { store.queue_run(member.tenant(), new).await.unwrap().number })
            })
            .collect();
        let mut numbers = Vec::new();
        for attempt in tries {
            numbers.push(attempt.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    }

    async fn a_run_keeps_the_version_it_was_queued_with(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let mut new = factory::plan("Plan");
        new.text.push_str("# changed\n");
        new.outline = "[]".to_owned();
        store.save_plan(member.tenant(), member.user_id, plan, 1, new).await.unwrap();
        let found = store.run(member.tenant(), run).await.unwrap().unwrap();
        assert_eq!((found.row.version, found.outline), (1, factory::plan("x").outline));
    }

    async fn an_ended_run_shows_its_steps_with_their_reports_as_they_were_told(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::ended_run(&store, &member, plan, RunState::Failed).await;

        let found = store.run(member.tenant(), run).await.unwrap().unwrap();
        assert_eq!((found.row.state, found.row.reason.as_deref()), (RunState::Failed, Some("The run failed.")));
        assert_eq!((found.row.steps_passed, found.row.steps_failed, found.row.steps_skipped), (1, 1, 0));
        assert!(found.row.queued_at <= found.row.started_at.unwrap());
        assert!(found.row.started_at <= found.row.finished_at && found.row.duration.is_some());
        assert_eq!(found.steps.iter().map(|step| step.state).collect::<Vec<_>>(), [StepState::Passed, StepState::Failed]);
        let report = found.steps[1].report().unwrap().unwrap();
        let expected = factory::report(1, StepState::Failed);
        assert_eq!((report.reason, report.response, report.duration), (expected.reason, expected.response, expected.duration));
        assert_eq!(found.steps[1].duration, Some(expected.duration));

        let step = store.step(member.tenant(), run, 1).await.unwrap().unwrap();
        assert_eq!((step.state, step.report_json.as_ref()), (StepState::Failed, found.steps[1].report_json.as_ref()));
        assert!(store.step(member.tenant(), run, 2).await.unwrap().is_none());
    }

    async fn the_list_is_filtered_by_plan_state_cause_name_and_time(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let shop = factory::saved_plan(&store, &member, "Shop").await;
        let login = factory::saved_plan(&store, &member, "Login").await;
        let before = Timestamp::now();
        let passed = factory::ended_run(&store, &member, shop, RunState::Passed).await;
        let failed = factory::ended_run(&store, &member, login, RunState::Failed).await;
        let errored = factory::ended_run(&store, &member, shop, RunState::Errored).await;
        let by_api = store::NewRun::of(login, Cause::Api);
        let queued = store.queue_run(member.tenant(), by_api).await.unwrap().id;
        let all = RunFilter::default;
        let future = Some(Timestamp::now() + 1.hour());
        let cases = [
            (all(), vec![queued, errored, failed, passed]),
            (RunFilter { plan: Some(shop), ..all() }, vec![errored, passed]),
            (RunFilter { states: vec![RunState::Failed, RunState::Errored], ..all() }, vec![errored, failed]),
            (RunFilter { states: vec![RunState::Queued, RunState::Passed], ..all() }, vec![queued, passed]),
            (RunFilter { states: vec![RunState::Queued, RunState::Queued], ..all() }, vec![queued]),
            (RunFilter { states: vec![RunState::Running], ..all() }, vec![]),
            (RunFilter { states: vec![RunState::Errored], plan: Some(shop), ..all() }, vec![errored]),
            (RunFilter { cause: Some(Cause::Api), ..all() }, vec![queued]),
            (RunFilter { search: Some("sho".to_owned()), ..all() }, vec![errored, passed]),
            (RunFilter { since: Some(before), until: future, ..all() }, vec![queued, errored, failed, passed]),
            (RunFilter { since: future, ..all() }, vec![]),
            (RunFilter { until: Some(before - 1.second()), ..all() }, vec![]),
        ];
        for (filter, expected) in cases {
            let found = store.runs(member.tenant(), filter.clone()).await.unwrap();
            assert_eq!(found.items.iter().map(|run| run.id).collect::<Vec<_>>(), expected, "{filter:?}");
        }
    }

    async fn the_list_pages_without_gaps_or_doubles_whatever_the_filter(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let mut expected = Vec::new();
        for n in 0..11 {
            let run = factory::queued_run(&store, &member, plan).await;
            if n % 3 == 0 {
                store.cancel_run(member.tenant(), run).await.unwrap();
            }
            expected.insert(0, run);
        }
        let both = vec![RunState::Cancelled, RunState::Queued];
        for filter in [
            RunFilter::default(),
            RunFilter { plan: Some(plan), ..RunFilter::default() },
            RunFilter { states: both.clone(), ..RunFilter::default() },
            RunFilter { states: both, plan: Some(plan), ..RunFilter::default() },
        ] {
            let mut seen = Vec::new();
            let mut request = PageRequest { after: None, size: 4 };
            loop {
                let page = store.runs(member.tenant(), RunFilter { page: request, ..filter.clone() }).await.unwrap();
                seen.extend(page.items.iter().map(|run| run.id));
                match page.next {
                    Some(next) => request.after = Some(next.to_string().parse::<Cursor>().unwrap()),
                    None => break,
                }
            }
            assert_eq!(seen, expected, "{filter:?}");
        }
    }

    async fn a_run_that_waits_is_cancelled_at_once_and_only_once(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        assert_eq!(store.cancel_run(member.tenant(), run).await.unwrap(), CancelOutcome::Cancelled);
        let row = store.run_row(member.tenant(), run).await.unwrap().unwrap();
        assert_eq!((row.state, row.duration), (RunState::Cancelled, None));
        assert!(row.finished_at.is_some());
        let again = store.cancel_run(member.tenant(), run).await.unwrap();
        assert_eq!(again, CancelOutcome::Over(RunState::Cancelled));
        assert_eq!(store.cancel_run(member.tenant(), RunId::new()).await.unwrap(), CancelOutcome::NotFound);
    }

    async fn a_run_that_is_over_stays_as_it_ended(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::ended_run(&store, &member, plan, RunState::Passed).await;
        assert_eq!(store.cancel_run(member.tenant(), run).await.unwrap(), CancelOutcome::Over(RunState::Passed));
    }

    async fn a_run_under_way_is_asked_to_stop(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let plan = factory::saved_plan(&store, &member, "Plan").await;
        let run = factory::queued_run(&store, &member, plan).await;
        let claims = store.claims(domain::WorkerId::new(), std::time::Duration::from_secs(60));
        assert_eq!(claims.claim(1).await.unwrap().runs[0].lease.run, run);
        assert_eq!(store.cancel_run(member.tenant(), run).await.unwrap(), CancelOutcome::Cancelling);
        let row = store.run_row(member.tenant(), run).await.unwrap().unwrap();
        assert_eq!((row.state, row.cancelling), (RunState::Running, true));
    }

    async fn nothing_is_queued_for_a_plan_that_does_not_exist(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let new = store::NewRun::of(domain::PlanId::new(), Cause::Manual);
        assert!(matches!(store.queue_run(member.tenant(), new).await, Err(QueueError::NotFound)));
    }

    async fn the_summary_counts_plans_by_health_and_runs_by_state(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        assert_eq!(store.summary(member.tenant()).await.unwrap(), Summary::default());
        for (name, state) in [("a", RunState::Passed), ("b", RunState::Failed), ("c", RunState::Errored), ("d", RunState::Passed)] {
            let plan = factory::saved_plan(&store, &member, name).await;
            factory::ended_run(&store, &member, plan, state).await;
        }
        let plan = factory::saved_plan(&store, &member, "new").await;
        factory::queued_run(&store, &member, plan).await;
        let expected = Summary {
            plans: 5, passing: 2, slow: 0, failing: 1, errored: 1, queued: 1, running: 0, passed_today: 2, failed_today: 2,
        };
        assert_eq!(store.summary(member.tenant()).await.unwrap(), expected);
    }
}

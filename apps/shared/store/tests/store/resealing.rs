//! Changing the key-encryption key while everything goes on.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use domain::{SecretValue, StepState, TotpSecret, WorkerId};
use jiff::Timestamp;
use store::{DatabaseUrl, KeyRing, Lease, Member, OpenError, Options, Recorder, Repeatable, SealingKey, Store};
use testkit::{TestDatabase, database::TEST_KEY, factory};
use tokio_util::sync::CancellationToken;

use crate::{
    raw,
    secrets::{lease, seen},
};

const NEW: [u8; 32] = [2; 32];

async fn try_open(database: &TestDatabase, current: [u8; 32], former: &[[u8; 32]]) -> Result<Store, OpenError> {
    let keys = KeyRing::new(SealingKey::new(&current), former.iter().map(SealingKey::new).collect());
    let options = Options { connections: 4, ..Options::default() };
    Store::open(&database.url().parse::<DatabaseUrl>().unwrap(), keys, options).await
}

async fn open(database: &TestDatabase, current: [u8; 32], former: &[[u8; 32]]) -> Store {
    try_open(database, current, former).await.unwrap()
}

/// So many organizations, each with a secret and a run that somebody executes.
async fn organizations(store: &Store, number: usize) -> Vec<(Member, Lease)> {
    let mut organizations = Vec::new();
    for n in 0..number {
        let member = factory::member(store).await;
        factory::secret(store, &member, "KEY", &format!("value {n}")).await;
        let lease = lease(store, &member).await;
        organizations.push((member, lease));
    }
    organizations
}

testkit::on_both! {
    async fn no_read_fails_while_keys_are_changed_and_the_old_one_can_go_afterwards(database: TestDatabase) {
        // Processes that were not told to change yet, but have the new key already; and those that change.
        let before = open(&database, TEST_KEY, &[NEW]).await;
        let organizations = Arc::new(organizations(&before, 120).await);
        let after = open(&database, NEW, &[TEST_KEY]).await;
        let (over, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let reading: Vec<_> = [before.clone(), after.clone()].into_iter().map(|store| {
            let (organizations, over, reads) = (Arc::clone(&organizations), Arc::clone(&over), Arc::clone(&reads));
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    for (n, (_, lease)) in organizations.iter().enumerate() {
                        let secrets = store.run_secrets(lease, vec!["KEY".to_owned()]).await.unwrap();
                        let value = secrets[0].value.as_str();
                        assert!(value == format!("value {n}") || value == format!("other {n}"), "{value}");
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                }
            })
        }).collect();
        // Others write meanwhile.
        let writing = tokio::spawn({
            let (store, organizations) = (before.clone(), Arc::clone(&organizations));
            async move {
                for (n, (member, _)) in organizations.iter().enumerate() {
                    let value: SecretValue = format!("other {n}").parse().unwrap();
                    let name = "KEY".parse().unwrap();
                    assert!(store.replace_secret(member.tenant(), member.user_id, name, value).await.unwrap());
                }
            }
        });
        while reads.load(Ordering::Relaxed) < 50 {
            tokio::task::yield_now().await;
        }
        let (done, twice) = tokio::join!(after.reseal(), after.reseal());
        let (done, twice) = (done.unwrap(), twice.unwrap());
        assert_eq!((done.data_keys + twice.data_keys, done.unopened, done.needed.len()), (120, 0, 0), "{done:?} {twice:?}");
        writing.await.unwrap();
        let so_far = reads.load(Ordering::Relaxed);
        while reads.load(Ordering::Relaxed) < so_far + 100 {
            tokio::task::yield_now().await;
        }
        over.store(true, Ordering::Relaxed);
        for reading in reading {
            reading.await.unwrap();
        }

        let alone = open(&database, NEW, &[]).await;
        for (n, (_, lease)) in organizations.iter().enumerate() {
            assert_eq!(seen(&alone, lease, &["KEY"]).await[0].1, format!("other {n}"));
        }
        let refused = try_open(&database, TEST_KEY, &[]).await.err().unwrap();
        assert!(matches!(refused, OpenError::WrongKey { .. }), "{refused}");
        let again = alone.reseal().await.unwrap();
        assert_eq!((again.data_keys, again.steps, again.retired.len()), (0, 0, 0));
    }

    async fn what_steps_have_captured_is_sealed_again(database: TestDatabase) {
        let before = open(&database, TEST_KEY, &[]).await;
        let member = factory::member(&before).await;
        let plan = factory::saved_plan(&before, &member, "Plan").await;
        factory::queued_run(&before, &member, plan).await;
        let claimed = before.claims(WorkerId::new(), Duration::from_secs(60)).claim(1).await.unwrap().runs.pop().unwrap();
        let recorder = Recorder::start(&before);
        let record = recorder.run(claimed.lease, CancellationToken::new());
        for position in 0..2 {
            record.step_started(position, Timestamp::now(), Repeatable::Yes).await.unwrap();
            let captured = format!("captured {position}").into_bytes();
            record.step_finished(position, &factory::report(position, StepState::Passed), Some(captured.into())).await.unwrap();
        }
        record.hand_back(()).await.unwrap();
        recorder.close().await;
        let done = open(&database, NEW, &[TEST_KEY]).await.reseal().await.unwrap();
        assert_eq!((done.steps, done.data_keys, done.retired.len()), (2, 0, 1), "{done:?}");
        let alone = open(&database, NEW, &[]).await;
        let run = alone.claims(WorkerId::new(), Duration::from_secs(60)).claim(1).await.unwrap().runs.pop().unwrap();
        let captured: Vec<_> = run.finished.iter().map(|step| step.progress.as_ref().unwrap().to_vec()).collect();
        assert!(!run.unreadable);
        assert_eq!(captured, [b"captured 0", b"captured 1"]);
    }

    async fn second_factors_are_sealed_again_and_open_with_the_new_key_alone(database: TestDatabase) {
        let before = open(&database, TEST_KEY, &[]).await;
        let mut members = Vec::new();
        for n in 0..60 {
            let member = factory::member(&before).await;
            assert!(before.begin_second_factor(&member, &TotpSecret::new([n; 20])).await.unwrap());
            members.push(member);
        }
        let done = open(&database, NEW, &[TEST_KEY]).await.reseal().await.unwrap();
        assert_eq!((done.second_factors, done.unopened, done.retired.len()), (60, 0, 1), "{done:?}");
        let alone = open(&database, NEW, &[]).await;
        for (n, member) in (0..).zip(&members) {
            let factor = alone.second_factor(member.user_id).await.unwrap().unwrap();
            assert_eq!(factor.secret.expose(), &[n; 20]);
        }
        assert_eq!(alone.reseal().await.unwrap().second_factors, 0);
    }

    async fn broken_off_in_the_middle_the_next_call_does_the_rest(database: TestDatabase) {
        let before = open(&database, TEST_KEY, &[]).await;
        let organizations = organizations(&before, 70).await;
        let after = open(&database, NEW, &[TEST_KEY]).await;
        // The state after one transaction of the first call.
        let old = if database.is_sqlite() { "hex(sealed_with)" } else { "encode(sealed_with, 'hex')" };
        let (first, lease) = &organizations[0];
        raw::sql(&database, &format!("CREATE TABLE kept AS SELECT {old} AS old, data_keys.* FROM data_keys"));
        assert_eq!(after.reseal().await.unwrap().data_keys, 70);
        raw::sql(&database, &format!(
            "INSERT INTO sealing_keys SELECT DISTINCT sealed_with, sealed_with, 0 FROM kept;
             UPDATE data_keys SET sealed = (SELECT sealed FROM kept WHERE kept.organization_id = data_keys.organization_id),
                             sealed_with = (SELECT sealed_with FROM kept WHERE kept.organization_id = data_keys.organization_id)
             WHERE organization_id > {}", raw::id(&database, organizations[19].0.tenant().organization().0)));
        assert_eq!(first.tenant().organization(), lease.organization());
        let rest = after.reseal().await.unwrap();
        assert_eq!((rest.data_keys, rest.retired.len()), (50, 1), "{rest:?}");
        let alone = open(&database, NEW, &[]).await;
        for (n, (_, lease)) in organizations.iter().enumerate() {
            assert_eq!(seen(&alone, lease, &["KEY"]).await[0].1, format!("value {n}"));
        }
    }

    async fn a_key_that_something_still_needs_is_not_forgotten(database: TestDatabase) {
        let before = open(&database, TEST_KEY, &[]).await;
        let (ada, eve) = (factory::member(&before).await, factory::member(&before).await);
        factory::secret(&before, &ada, "KEY", "value of ada").await;
        factory::secret(&before, &eve, "KEY", "value of eve").await;
        let after = open(&database, NEW, &[TEST_KEY]).await;
        // One that was damaged.
        let bytes = if database.is_sqlite() { "x'01'" } else { "'\\x01'" };
        let organization = raw::id(&database, eve.tenant().organization().0);
        raw::sql(&database, &format!("UPDATE data_keys SET sealed = {bytes} WHERE organization_id = {organization}"));
        let done = after.reseal().await.unwrap();
        assert_eq!((done.data_keys, done.unopened, done.retired.len(), done.needed.len()), (1, 1, 0, 1), "{done:?}");
        // It still starts with both keys, and says which one is missing without.
        open(&database, NEW, &[TEST_KEY]).await;
        let refused = try_open(&database, NEW, &[]).await.err().unwrap().to_string();
        assert!(refused.contains(&done.needed[0]) && refused.contains(&done.current), "{refused}");
        assert!(refused.contains("SMOKEX_OLD_KEYS"), "{refused}");
        // A process that was never told of the new key cannot go on unnoticed either.
        let refused = try_open(&database, TEST_KEY, &[]).await.err().unwrap().to_string();
        assert!(refused.contains(&format!("(id {}; given:", done.current)), "{refused}");
    }

    async fn a_process_with_the_old_key_that_makes_a_data_key_late_keeps_that_key_known(database: TestDatabase) {
        let before = open(&database, TEST_KEY, &[NEW]).await;
        let after = open(&database, NEW, &[TEST_KEY]).await;
        assert_eq!(after.reseal().await.unwrap().retired.len(), 1);
        let late = factory::member(&before).await;
        factory::secret(&before, &late, "KEY", "value of a latecomer").await;
        assert!(matches!(try_open(&database, NEW, &[]).await, Err(OpenError::WrongKey { .. })));
        let done = after.reseal().await.unwrap();
        assert_eq!((done.data_keys, done.retired.len()), (1, 1), "{done:?}");
        let lease = lease(&after, &late).await;
        assert_eq!(seen(&open(&database, NEW, &[]).await, &lease, &["KEY"]).await[0].1, "value of a latecomer");
    }
}

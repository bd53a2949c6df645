//! Secrets: what goes in, who sees what of it, and that nothing opens anywhere but in its place.

use std::time::Duration;

use domain::{SecretName, SecretValue, WorkerId, secret::MOST_SECRETS};
use store::{AddSecretError, Lease, Member, RunSecretsError, SecretChange, Store};
use testkit::factory;

use crate::raw;

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

fn value(text: &str) -> SecretValue {
    text.parse().unwrap()
}

/// A run of theirs that somebody executes. No other run may wait in this database.
pub async fn lease(store: &Store, member: &Member) -> Lease {
    let plan = factory::saved_plan(store, member, "Plan").await;
    let run = factory::queued_run(store, member, plan).await;
    let claimed = store.claims(WorkerId::new(), Duration::from_secs(600)).claim(1).await.unwrap().runs.pop().unwrap();
    assert_eq!(claimed.lease.run, run);
    claimed.lease
}

/// What a run gets to see, in alphabetical order.
pub async fn seen(store: &Store, lease: &Lease, names: &[&str]) -> Vec<(String, String)> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let secrets = store.run_secrets(lease, names).await.unwrap();
    let mut seen: Vec<_> = secrets.into_iter().map(|secret| (secret.name, secret.value.to_string())).collect();
    seen.sort();
    seen
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The name of the one secret that does not open.
async fn unopenable(store: &Store, lease: &Lease, name: &str) -> String {
    match store.run_secrets(lease, vec![name.to_owned()]).await {
        Err(RunSecretsError::Unopenable(name)) => name,
        other => panic!("{other:?}"),
    }
}

testkit::on_both! {
    async fn a_run_sees_the_secrets_that_its_plan_names_and_no_others(database: TestDatabase) {
        let store = database.open().await;
        let (ada, eve) = (factory::member(&store).await, factory::member(&store).await);
        for (of, key, text) in [(&ada, "PASSWORD", "hunter22"), (&ada, "Schlüssel", "grün\n\u{0}!"), (&eve, "PASSWORD", "of eve")] {
            factory::secret(&store, of, key, text).await;
        }
        let lease = lease(&store, &ada).await;
        assert_eq!(seen(&store, &lease, &["PASSWORD", "OTHER"]).await, [pair("PASSWORD", "hunter22")]);
        assert_eq!(seen(&store, &lease, &["Schlüssel"]).await, [pair("Schlüssel", "grün\n\u{0}!")]);
        assert_eq!(seen(&store, &lease, &[]).await, []);
        let many: Vec<String> = (0..1200).map(|n| format!("N{n}")).chain(["PASSWORD".to_owned()]).collect();
        assert_eq!(store.run_secrets(&lease, many).await.unwrap().len(), 1);
    }

    async fn each_change_makes_a_version_and_says_who_and_when(database: TestDatabase) {
        let store = database.open().await;
        let ada = factory::member(&store).await;
        let (tenant, user) = (ada.tenant(), ada.user_id);
        factory::secret(&store, &ada, "KEY", "first value").await;
        assert!(store.replace_secret(tenant, user, name("KEY"), value("second value")).await.unwrap());
        assert!(!store.replace_secret(tenant, user, name("OTHER"), value("nothing there")).await.unwrap());
        let lease = lease(&store, &ada).await;
        assert_eq!(seen(&store, &lease, &["KEY"]).await, [pair("KEY", "second value")]);
        let rows = store.secrets(tenant).await.unwrap();
        assert_eq!((rows[0].name.as_str(), rows[0].version, rows[0].changed_by.as_ref()), ("KEY", 2, Some(&ada.email)));
        assert!(store.delete_secret(tenant, user, name("KEY")).await.unwrap());
        assert!(!store.delete_secret(tenant, user, name("KEY")).await.unwrap());
        assert_eq!((store.secrets(tenant).await.unwrap(), store.secret_names(tenant).await.unwrap()), (vec![], vec![]));
        assert_eq!(seen(&store, &lease, &["KEY"]).await, []);
        factory::secret(&store, &ada, "KEY", "third value").await;
        assert_eq!(store.secrets(tenant).await.unwrap()[0].version, 3, "an old value does not fit a new secret of its name");
        let changes = store.secret_changes(tenant, 10).await.unwrap();
        let told: Vec<_> = changes.iter().map(|change| (change.version, change.change, change.by == Some(ada.email.clone()))).collect();
        assert_eq!(told, [
            (3, SecretChange::Added, true),
            (2, SecretChange::Deleted, true),
            (2, SecretChange::Replaced, true),
            (1, SecretChange::Added, true),
        ]);
        assert!(changes.is_sorted_by(|later, earlier| later.at >= earlier.at));
        assert_eq!(store.secret_changes(tenant, 2).await.unwrap().len(), 2);
    }

    async fn a_name_is_taken_once_and_so_many_fit(database: TestDatabase) {
        let store = database.open().await;
        let ada = factory::member(&store).await;
        for n in 1..MOST_SECRETS {
            factory::secret(&store, &ada, &format!("N{n}"), "value").await;
        }
        let again = store.add_secret(ada.tenant(), ada.user_id, name("N1"), value("other")).await;
        assert!(matches!(again, Err(AddSecretError::Exists)), "{again:?}");
        // Of several at once that want the last place, one gets it.
        let add = |n: u32| {
            let (store, ada) = (store.clone(), ada.clone());
            tokio::spawn(async move { store.add_secret(ada.tenant(), ada.user_id, name(&format!("LAST{n}")), value("value")).await })
        };
        let adding = [add(1), add(2), add(3), add(4)];
        let mut added = 0;
        for adding in adding {
            match adding.await.unwrap() {
                Ok(()) => added += 1,
                Err(error) => assert!(matches!(error, AddSecretError::TooMany), "{error}"),
            }
        }
        assert_eq!((added, store.secrets(ada.tenant()).await.unwrap().len()), (1, MOST_SECRETS as usize));
    }

    async fn the_first_secrets_of_an_organization_share_one_data_key_even_if_they_come_at_once(database: TestDatabase) {
        let store = database.open().await;
        let ada = factory::member(&store).await;
        let add = |n: u32| {
            let (store, ada) = (store.clone(), ada.clone());
            tokio::spawn(async move { factory::secret(&store, &ada, &format!("N{n}"), "value").await })
        };
        for adding in [add(1), add(2), add(3), add(4), add(5), add(6)] {
            adding.await.unwrap();
        }
        let lease = lease(&store, &ada).await;
        assert_eq!(seen(&store, &lease, &["N1", "N2", "N3", "N4", "N5", "N6"]).await.len(), 6);
    }

    async fn a_sealed_value_opens_in_its_own_row_only(database: TestDatabase) {
        let store = database.open().await;
        let (ada, eve) = (factory::member(&store).await, factory::member(&store).await);
        for (of, key, text) in [(&ada, "A", "value of a"), (&ada, "B", "value of b"), (&eve, "A", "value of eve")] {
            factory::secret(&store, of, key, text).await;
        }
        let lease = lease(&store, &ada).await;
        let id = |member: &Member| raw::id(&database, member.tenant().organization().0);
        let (ada, eve) = (id(&ada), id(&eve));
        let take = |column: &str, table: &str, rest: &str| format!("(SELECT {column} FROM {table} WHERE organization_id = {rest})");
        // To another name, to another version, from another organization.
        raw::sql(&database, &format!(
            "CREATE TABLE kept AS SELECT * FROM secrets; CREATE TABLE kept_keys AS SELECT * FROM data_keys;
             UPDATE secrets SET sealed = {} WHERE organization_id = {ada} AND name = 'B'",
            take("sealed", "kept", &format!("{ada} AND name = 'A'")),
        ));
        assert_eq!(unopenable(&store, &lease, "B").await, "B");
        assert_eq!(seen(&store, &lease, &["A"]).await, [pair("A", "value of a")]);
        raw::sql(&database, &format!("UPDATE secrets SET version = 2 WHERE organization_id = {ada} AND name = 'A'"));
        assert_eq!(unopenable(&store, &lease, "A").await, "A");
        let stolen = take("sealed", "kept", &format!("{eve} AND name = 'A'"));
        raw::sql(&database, &format!("UPDATE secrets SET version = 1, sealed = {stolen} WHERE organization_id = {ada} AND name = 'A'"));
        assert_eq!(unopenable(&store, &lease, "A").await, "A");
        // Not even with the other organization's data key beside it.
        let key = take("sealed", "kept_keys", &eve);
        raw::sql(&database, &format!("UPDATE data_keys SET sealed = {key} WHERE organization_id = {ada}"));
        assert_eq!(unopenable(&store, &lease, "A").await, "A");
        // Everything back in its place opens again.
        let (key, a) = (take("sealed", "kept_keys", &ada), take("sealed", "kept", &format!("{ada} AND name = 'A'")));
        raw::sql(&database, &format!(
            "UPDATE data_keys SET sealed = {key} WHERE organization_id = {ada};
             UPDATE secrets SET sealed = {a} WHERE organization_id = {ada} AND name = 'A'"
        ));
        assert_eq!(seen(&store, &lease, &["A"]).await, [pair("A", "value of a")]);
    }

    async fn nothing_in_the_database_holds_a_value(database: TestDatabase) {
        let store = database.open().await;
        let ada = factory::member(&store).await;
        factory::secret(&store, &ada, "KEY", "correct-horse-battery").await;
        store.replace_secret(ada.tenant(), ada.user_id, name("KEY"), value("staple-correct-horse")).await.unwrap();
        let bytes = match database.url().strip_prefix("sqlite:") {
            Some(path) => [path.to_owned(), format!("{path}-wal")].iter().flat_map(|path| std::fs::read(path).unwrap_or_default()).collect(),
            None => database.sql("SELECT encode(sealed, 'escape') FROM secrets; SELECT * FROM secret_changes; SELECT * FROM audit; SELECT * FROM data_keys").into_bytes(),
        };
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!holds("correct-horse") && !holds("staple"));
        assert!(holds("KEY"), "the test looks in the right place");
    }

    async fn whoever_goes_leaves_the_secrets_and_the_organization_takes_them_along(database: TestDatabase) {
        let store = database.open().await;
        let ada = factory::member(&store).await;
        factory::secret(&store, &ada, "KEY", "some value").await;
        let foreign_keys = if database.is_sqlite() { "PRAGMA foreign_keys = ON;" } else { "" };
        raw::sql(&database, &format!("{foreign_keys} DELETE FROM users"));
        let rows = store.secrets(ada.tenant()).await.unwrap();
        assert_eq!((rows.len(), rows[0].changed_by.clone()), (1, None));
        assert_eq!(store.secret_changes(ada.tenant(), 5).await.unwrap()[0].by, None);
        raw::sql(&database, &format!("{foreign_keys} DELETE FROM organizations"));
        assert!(store.secrets(ada.tenant()).await.unwrap().is_empty());
        assert!(store.secret_changes(ada.tenant(), 5).await.unwrap().is_empty());
    }

    async fn what_plans_need_is_kept_by_their_current_text(database: TestDatabase) {
        let store = database.open().await;
        let ada = factory::member(&store).await;
        let needs = |name: &str, outside: &[&str]| store::NewPlan {
            text: format!("# {name} {outside:?}"),
            outside: outside.iter().map(|name| (*name).to_owned()).collect(),
            ..factory::plan(name)
        };
        let tenant = ada.tenant();
        let plan = store.create_plan(tenant, ada.user_id, needs("One", &["A", "B"])).await.unwrap();
        let nothing = store.create_plan(tenant, ada.user_id, needs("Two", &[])).await.unwrap();
        let told = async || {
            let found = store.plans_in_need(tenant).await.unwrap();
            assert!(!found.is_cut);
            found.plans.into_iter().map(|plan| (plan.name, plan.outside.join(" "))).collect::<Vec<_>>()
        };
        assert_eq!(told().await, [pair("One", "A B")]);
        store.save_plan(tenant, ada.user_id, plan, 1, needs("One", &["C"])).await.unwrap();
        assert_eq!(told().await, [pair("One", "C")]);
        // A plan from before anybody noted this.
        raw::sql(&database, &format!("UPDATE plans SET outside = NULL WHERE id = {}", raw::id(&database, nothing.0)));
        let unread = store.unread_plans(tenant, 10).await.unwrap();
        assert_eq!(unread.iter().map(|plan| (plan.id, plan.version, plan.text.as_str())).collect::<Vec<_>>(), [(nothing, 1, "# Two []")]);
        assert!(!store.note_outside(tenant, nothing, 2, vec!["D".to_owned()]).await.unwrap(), "not of another version");
        assert!(store.note_outside(tenant, nothing, 1, vec!["D".to_owned()]).await.unwrap());
        assert!(!store.note_outside(tenant, nothing, 1, vec!["E".to_owned()]).await.unwrap(), "once");
        assert_eq!(told().await, [pair("Two", "D"), pair("One", "C")]);
        assert!(store.unread_plans(tenant, 10).await.unwrap().is_empty());
    }
}

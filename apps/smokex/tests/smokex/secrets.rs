//! `smokex secrets rotate`: what it says and how it ends; and a server that goes on beside it.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use testkit::{
    TestDatabase, factory,
    target::{Reply, Target},
};

use super::{browser::Browser, program::Folder, roles::test_key};

const NEW: [u8; 32] = [2; 32];

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_changed_and_the_old_one_is_not_needed_afterwards() {
    let (database, folder) = (TestDatabase::postgres().await, Folder::new());
    let store = database.open().await;
    let member = factory::member(&store).await;
    factory::secret(&store, &member, "PASSWORD", "hunter22").await;
    let (old, new) = (test_key(), STANDARD.encode(NEW));
    let rotate = async |key: &str, former: &str, arguments: &[&str]| {
        let variables = [("DATABASE_URL", database.url()), ("SMOKEX_KEY", key), ("SMOKEX_OLD_KEYS", former)];
        folder.run_with([&["secrets", "rotate"], arguments].concat(), &variables, "").await
    };
    let ended = rotate(&new, "", &[]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended:?}");
    assert!(ended.stderr.contains("The key does not fit the database") && ended.stderr.contains("SMOKEX_OLD_KEYS"));
    let ended = rotate(&new, "aaaa", &[]).await;
    assert!(ended.code == Some(3) && ended.stderr.contains("SMOKEX_OLD_KEYS has a key, number 1"), "{ended:?}");
    let ended = rotate(&new, &old, &[]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("1 organization's data key, 0 second factors and what 0 steps"), "{}", ended.stdout);
    assert!(ended.stdout.contains("any more: leave it out of SMOKEX_OLD_KEYS."), "{}", ended.stdout);
    let ended = rotate(&new, "", &["--json"]).await;
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, &report["data_keys"], &report["needed"]), (Some(0), &0.into(), &Value::Array(vec![])));
    let ended = rotate(&old, "", &[]).await;
    assert!(ended.code == Some(3) && ended.stderr.contains("The key does not fit the database"), "{ended:?}");
    assert_eq!(folder.content(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_over_sqlite_changes_its_key_while_it_runs() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("GET /", Reply::made(|request| Reply::text(request.header("x-key").unwrap_or_default().to_owned())));
    let (old, new) = (STANDARD.encode([1; 32]), STANDARD.encode(NEW));
    let allowed = target.address().to_string();
    let ports = [("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "127.0.0.1:0"), ("EGRESS_ALLOW", allowed.as_str())];
    let with = |keys: [(&'static str, &str); 2]| -> Vec<(String, String)> {
        ports.iter().chain(&keys).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let start = |variables: &[(String, String)]| {
        let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        folder.start(["serve"], &variables)
    };
    let mut running = start(&with([("SMOKEX_KEY", &old), ("SMOKEX_OLD_KEYS", "")]));
    let origin = running.origin();
    let browser = Browser::sign_up(&origin, "ada@example.com").await;
    browser.submit(&format!("{origin}/secrets"), &[("name", "KEY"), ("value", "correct-horse")]).await;
    let text =
        format!("name: Keyed\nsteps:\n- get: {{ url: \"{}\", headers: {{ x-key: \"${{KEY}}\" }} }}\n", target.url("/"));
    let plan = browser.submit(&format!("{origin}/plans"), &[("name", ""), ("text", &text)]).await;
    running.signal("TERM");
    tokio::task::spawn_blocking(|| running.end()).await.unwrap();

    let both = with([("SMOKEX_KEY", &new), ("SMOKEX_OLD_KEYS", &old)]);
    let mut running = start(&both);
    let origin = running.origin();
    let go = async |origin: &str| {
        let run = browser.submit(&format!("{origin}{plan}/runs"), &[]).await;
        browser.eventually(&format!("{origin}{run}"), " passed ·").await;
        // What was sent and what came back, on the page.
        for (tab, shows) in [("request", true), ("response", true), ("expectations", false), ("captures", false)] {
            let page = browser.page(&format!("{origin}{run}?step=1&tab={tab}")).await;
            assert!(page.contains("•••") == shows && !page.contains("correct-horse"), "{page}");
        }
    };
    go(&origin).await;
    let variables: Vec<_> = both.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let ended = folder.run_with(["secrets", "rotate"], &variables, "").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    go(&origin).await;
    running.signal("TERM");
    tokio::task::spawn_blocking(|| running.end()).await.unwrap();

    let mut running = start(&with([("SMOKEX_KEY", &new), ("SMOKEX_OLD_KEYS", "")]));
    go(&running.origin()).await;
    assert!(target.requests().iter().all(|request| request.header("x-key") == Some("correct-horse")));
    assert_eq!(target.requests().len(), 3);
}

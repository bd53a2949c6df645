//! The roles as processes of their own over PostgreSQL.

use testkit::{
    TestDatabase,
    target::{Gate, Reply, Target},
};

use super::{
    browser::Browser,
    program::{Folder, Running},
};

/// The tests' key in base64.
pub fn test_key() -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    STANDARD.encode(testkit::database::TEST_KEY)
}

struct Roles<'t> {
    folder: Folder,
    variables: Vec<(&'t str, String)>,
}

impl Roles<'_> {
    fn start(&self, role: &str) -> Running {
        let variables: Vec<(&str, &str)> = self.variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.folder.start([role], &variables)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_started_in_one_process_shows_live_in_another() {
    let (database, target) = (TestDatabase::postgres().await, Target::start().await);
    let gate = Gate::new();
    target.on("/first", Reply::ok()).on("/second", Reply::ok().after(&gate));
    let roles = Roles {
        folder: Folder::new(),
        variables: vec![
            ("DATABASE_URL", database.url().to_owned()),
            ("SMOKEX_KEY", test_key()),
            ("LISTEN", "127.0.0.1:0".into()),
            ("DEMO_LISTEN", "127.0.0.1:0".into()),
            ("EGRESS_ALLOW", target.address().to_string()),
        ],
    };
    let (mut here, mut there) = (roles.start("web"), roles.start("web"));
    let (_scheduler, _executor) = (roles.start("scheduler"), roles.start("executor"));
    let (here, there) = (here.origin(), there.origin());

    let browser = Browser::sign_up(&here, "ada@example.com").await;
    let text = format!(
        "name: Across\nsteps:\n  - name: First\n    get: {{ url: \"{}\" }}\n  - name: Second\n    \
         get: {{ url: \"{}\", options: {{ timeout: 1m }} }}\n",
        target.url("/first"),
        target.url("/second")
    );
    let plan = browser.submit(&format!("{here}/plans"), &[("name", ""), ("text", &text)]).await;
    let plan = plan.split('?').next().unwrap_or_default().to_owned();
    let run = browser.submit(&format!("{here}{plan}/runs"), &[]).await;

    let mut events = browser.events(&format!("{there}{run}/events")).await;
    // The first request has gone out, the second waits at the gate: both show in the other process.
    target.received(2).await;
    let address = format!("{there}{run}");
    let page = browser.until(&address, &mut events, " running ·").await;
    assert!(!page.contains(" passed ·"));
    gate.open();
    browser.until(&address, &mut events, " passed ·").await;
    assert_eq!(target.counts().requests, 2, "each request was sent once");
    // But for the mail of whoever signed up, which has no server to go to.
    let kept = roles.folder.content().into_iter().filter(|path| path != "var" && !path.starts_with("var/mail"));
    assert_eq!(kept.collect::<Vec<_>>(), Vec::<String>::new(), "nothing is kept outside of the database");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_ask_for_a_migrated_database() {
    let database = TestDatabase::postgres().await;
    let _ = database.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    let (folder, key) = (Folder::new(), test_key());
    let variables = [
        ("DATABASE_URL", database.url()),
        ("SMOKEX_KEY", key.as_str()),
        ("LISTEN", "127.0.0.1:0"),
        ("DEMO_LISTEN", "127.0.0.1:0"),
    ];
    for role in ["web", "scheduler", "executor"] {
        let ended = folder.run_with([role], &variables, "").await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains("is not up to date. Run `smokex migrate` first."), "{}", ended.stderr);
    }
    for _ in 0..2 {
        let ended = folder.run_with(["migrate"], &variables, "").await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout.contains("is up to date"), "{}", ended.stdout);
    }
    let mut web = folder.start(["web"], &variables);
    assert!(web.origin().starts_with("http://localhost:"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_roles_refuse_a_database_that_belongs_to_one_process() {
    let folder = Folder::new();
    for role in ["web", "scheduler", "executor"] {
        let ended = folder.run([role]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(&format!("`smokex {role}` needs PostgreSQL: a SQLite file")), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    }
    assert_eq!(folder.content(), Vec::<String>::new());
}

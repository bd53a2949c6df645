//! What the server is told wrongly or finds wrong: one clear sentence, a non-zero exit, nothing changed.

use std::net::TcpListener;

use testkit::TestDatabase;

use super::{
    program::{Ended, Folder},
    roles::test_key,
};

const SERVE: [&str; 1] = ["serve"];

/// 32 bytes of zero and of one, in base64.
const ONE_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const OTHER_KEY: &str = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

/// It ended at once, with one line that holds each of these.
fn assert_sentence(ended: &Ended, texts: &[&str]) {
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("smokex: ") && ended.stderr.ends_with(".\n"), "{}", ended.stderr);
    for text in texts {
        assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (variable, other) in [("LISTEN", "DEMO_LISTEN"), ("DEMO_LISTEN", "LISTEN")] {
        let folder = Folder::new();
        let ended = folder.run_with(SERVE, &[(variable, &address), (other, "127.0.0.1:0")], "").await;
        assert_sentence(&ended, &[variable, &format!("{address} is in use")]);
        assert_eq!(folder.content(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_ours() {
    let folder = Folder::new();
    let ended = folder.run_with(SERVE, &[("LISTEN", "192.0.2.1:8080")], "").await;
    assert_sentence(&ended, &["LISTEN", "192.0.2.1:8080 cannot be listened on"]);
    assert_eq!(folder.content(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written() {
    let folder = Folder::new();
    folder.file("var", "a file of somebody else");
    let any = [("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "127.0.0.1:0")];
    let ended = folder.run_with(SERVE, &any, "").await;
    assert_sentence(&ended, &["./var cannot be written", "VAR_DIR"]);
    assert_eq!(folder.content(), ["var"]);
    let ended = folder.run_with(["migrate"], &[("VAR_DIR", "/proc/smokex")], "").await;
    assert_sentence(&ended, &["/proc/smokex cannot be written", "VAR_DIR"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_that_cannot_be_used() {
    for (variable, value, text) in [
        ("LISTEN", "8080", "which is no address with a port"),
        ("ORIGIN", "smokex.example.com", "is no address"),
        ("DATABASE_URL", "mysql://ada:hunter2@db/smokex", "sqlite:PATH"),
        ("DATABASE_URL", "postgres://ada:hunter2@db:port/smokex", "sqlite:PATH"),
        ("DATABASE_URL", "postgres://ada:hunter2@db/", "names no database"),
        ("DATABASE_URL", "sqlite:", "names no file"),
        ("SMOKEX_KEY", "hunter2", "openssl rand -base64 32"),
        ("EGRESS_ALLOW", "127.0.0.1:9000,everything", "`everything`, which is no address"),
        ("OPERATORS", "ada@example.com, grace", "`grace`, which is no e-mail address"),
        ("SMTP_URL", "smtp://ada:hunter2@mail.example.com/inbox", "smtp://USER:PASSWORD@"),
        ("MAIL_FROM", "Smokex", "`Smokex`, which is no address"),
        ("TIER", "gold", "which is no tier"),
        ("TIERS", "missing.yml", "missing.yml, which cannot be read"),
        ("STRIPE_SECRET_KEY", "pk_test_hunter2", "which begins with sk_ or rk_"),
        ("STRIPE_SECRET_KEY", "sk_test_hunter2", "Run `smokex billing setup`"),
        ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2", "STRIPE_SECRET_KEY is not set"),
        ("STRIPE_API_URL", "http://ada:hunter2@stripe.example.com", "is no address to which a key may be sent"),
        ("RUN_CONCURRENCY", "0", "a number from 1 to 1024"),
        ("TRUSTED_PROXIES", "proxy", "which is no address"),
        ("LOG_FORMAT", "xml", "text or json"),
        ("SENTRY_DSN", "hunter2", "no address of a Sentry project"),
    ] {
        let folder = Folder::new();
        let ended = folder.run_with(SERVE, &[(variable, value)], "").await;
        assert_sentence(&ended, &[variable, text]);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
        assert_eq!(folder.content(), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tier_for_everybody_where_tiers_are_sold() {
    let folder = Folder::new();
    let variables =
        [("STRIPE_SECRET_KEY", "sk_test_hunter2"), ("STRIPE_WEBHOOK_SECRET", "whsec_hunter2"), ("TIER", "pro")];
    let ended = folder.run_with(SERVE, &variables, "").await;
    assert_sentence(&ended, &["TIER puts everybody on one tier, but STRIPE_SECRET_KEY says that tiers are sold"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    assert_eq!(folder.content(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_reached() {
    let folder = Folder::new();
    let url = "postgres://ada:hunter2@127.0.0.1:9/smokex";
    let ended = folder.run_with(["executor"], &[("DATABASE_URL", url), ("SMOKEX_KEY", ONE_KEY)], "").await;
    assert_sentence(&ended, &["postgres://ada:…@127.0.0.1:9/smokex cannot be reached"]);
    assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_database() {
    let folder = Folder::new();
    let text = "Dear diary, today I wrote more than a hundred bytes, so that this looks like something. ".repeat(3);
    folder.file("diary.txt", &text);
    let variables = [("DATABASE_URL", "sqlite:diary.txt"), ("SMOKEX_KEY", ONE_KEY)];
    let ended = folder.run_with(["migrate"], &variables, "").await;
    assert_sentence(&ended, &["diary.txt is not a SQLite database"]);
    assert_eq!(folder.content(), ["diary.txt"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("diary.txt")).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_version() {
    let database = TestDatabase::postgres().await;
    let _ = database.sql("INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231235959')");
    let (folder, key) = (Folder::new(), test_key());
    let before = database.sql("SELECT * FROM __diesel_schema_migrations ORDER BY version");
    for role in ["serve", "migrate", "executor"] {
        let variables = [
            ("DATABASE_URL", database.url()),
            ("SMOKEX_KEY", key.as_str()),
            ("LISTEN", "127.0.0.1:0"),
            ("DEMO_LISTEN", "127.0.0.1:0"),
        ];
        let ended = folder.run_with([role], &variables, "").await;
        assert_sentence(&ended, &["belongs to a newer version of Smokex", "99991231235959"]);
    }
    assert_eq!(database.sql("SELECT * FROM __diesel_schema_migrations ORDER BY version"), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key() {
    let folder = Folder::new();
    let migrate = async |key: &str| folder.run_with(["migrate"], &[("SMOKEX_KEY", key)], "").await;
    assert_eq!(migrate(ONE_KEY).await.code, Some(0));
    let before = std::fs::read(folder.path().join("var/smokex.db")).unwrap();
    assert_sentence(&migrate(OTHER_KEY).await, &["The key does not fit the database", "SMOKEX_KEY"]);
    assert_eq!(std::fs::read(folder.path().join("var/smokex.db")).unwrap(), before);
    assert_eq!(migrate(ONE_KEY).await.code, Some(0), "the right key still fits");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_key_file_is_not_replaced_by_one_that_does_not_fit() {
    let folder = Folder::new();
    assert_eq!(folder.run(["migrate"]).await.code, Some(0));
    std::fs::remove_file(folder.path().join("var/key")).unwrap();
    let ended = folder.run(["migrate"]).await;
    assert_sentence(&ended, &["The key does not fit the database", "put the key file back"]);
    assert!(!folder.content().contains(&"var/key".to_owned()), "{:?}", folder.content());
    folder.file("var/key", "not a key");
    assert_sentence(&folder.run(["migrate"]).await, &["does not hold a key"]);
}

//! What whoever runs a server does at Stripe, and what a server does there by itself.

use std::time::Duration;

use domain::{Tier, Tiers};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use store::{Member, NewSession, Options, Store};
use testkit::{
    factory,
    stripe::{FakeStripe, Fault},
};

use super::{
    program::{Ended, Folder, PATIENCE},
    roles::test_key,
};

/// The fake, and where its key is known.
struct Account {
    stripe: FakeStripe,
    folder: Folder,
    url: String,
}

impl Account {
    async fn open() -> Self {
        let stripe = FakeStripe::start().await;
        let url = stripe.url();
        Self { stripe, folder: Folder::new(), url }
    }

    async fn run(&self, arguments: &[&str], more: &[(&str, &str)]) -> Ended {
        let variables = [("STRIPE_SECRET_KEY", self.stripe.secret_key()), ("STRIPE_API_URL", &self.url)];
        self.folder.run_with(arguments, &[variables.as_slice(), more].concat(), "").await
    }
}

fn parse(ended: &Ended) -> Value {
    assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
    serde_json::from_str(&ended.stdout).expect("one JSON object")
}

async fn tier(store: &Store, member: &Member) -> Tier {
    let token_hash = factory::token();
    let expires_at = Timestamp::now() + SignedDuration::from_hours(1);
    let session = NewSession { token_hash, user_agent: "Tests".to_owned(), expires_at };
    store.create_session(member.user_id, session).await.unwrap();
    store.member(token_hash).await.unwrap().unwrap().tier
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_prepared_once_and_the_secret_is_told_once() {
    let account = Account::open().await;
    let ended = account.run(&["billing", "setup", "--price", "49", "--currency", "EUR"], &[]).await;
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    let lines: Vec<&str> = ended.stdout.lines().collect();
    assert_eq!(lines[0], "  product  made     smokex_pro");
    assert!(
        lines[1].starts_with("  price    made     price_") && lines[1].ends_with("  49.00 EUR a month"),
        "{ended:?}"
    );
    assert!(lines[3].ends_with("  http://localhost:8080/webhooks/stripe"), "{ended:?}");
    let secret = lines.iter().find_map(|line| line.strip_prefix("STRIPE_WEBHOOK_SECRET=")).expect("it is told");
    assert!(secret.starts_with("whsec_"), "{secret}");
    assert!(ended.stdout.contains("Give this variable to every process of the server, and restart them."), "{ended:?}");

    let again = account.run(&["billing", "setup", "--price", "49", "--currency", "eur", "--json"], &[]).await;
    assert_eq!(again.code, Some(0), "{again:?}");
    let report = parse(&again);
    for part in ["product", "price", "portal", "webhook"] {
        assert_eq!(report[part]["outcome"], "found", "{report}");
    }
    assert_eq!((&report["webhook_secret"], &report["outdated_webhooks"]), (&Value::Null, &serde_json::json!([])));
    let text = account.run(&["billing", "setup", "--price", "49", "--currency", "eur"], &[]).await.stdout;
    assert!(text.contains("  found  ") && !text.contains("whsec_") && !text.contains("made"), "{text}");
    assert_eq!(account.folder.content(), Vec::<String>::new(), "no database is needed, and none is made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_wrong_asks_nothing_of_stripe() {
    let account = Account::open().await;
    for (arguments, text) in [
        (["billing", "setup", "--price", "39,99"].as_slice(), "`39,99` is no amount"),
        (&["billing", "setup", "--currency", "dollars"], "`dollars` is no currency"),
        (&["billing", "setup", "--price", "1.5", "--currency", "jpy"], "more decimals"),
        (&["billing"], "Usage: smokex billing"),
    ] {
        let ended = account.run(arguments, &[]).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr);
    }
    let ended = account.run(&["billing", "setup"], &[("STRIPE_API_URL", "https://stripe.example.com/")]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("Stripe cannot reach http://localhost:8080/"), "{}", ended.stderr);
    assert_eq!(account.stripe.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_it_from_being_done_is_told_in_one_line() {
    let account = Account::open().await;
    for (key, text) in
        [("", "STRIPE_SECRET_KEY is not set"), ("sk_test_hunter2", "has to look at its STRIPE_SECRET_KEY")]
    {
        let ended = account
            .run(
                &["billing", "setup"],
                &[("STRIPE_SECRET_KEY", key), ("STRIPE_API_URL", if key.is_empty() { "" } else { &account.url })],
            )
            .await;
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.lines().count()), (Some(3), "", 1), "{ended:?}");
        assert!(ended.stderr.contains(text) && !ended.stderr.contains("hunter2"), "{text}: {}", ended.stderr);
    }
    account.stripe.fail_next(100, Fault::Status(503));
    let ended = account.run(&["billing", "setup"], &[]).await;
    assert_eq!((ended.code, ended.stderr.lines().count()), (Some(3), 1), "{ended:?}");
    assert!(ended.stderr.starts_with("smokex: Stripe does not answer at the moment."), "{}", ended.stderr);
    let ended = account.run(&["billing", "sweep"], &[]).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.starts_with("smokex: There is no database"), "{}", ended.stderr);
}

testkit::on_both! {
    async fn a_sweep_tells_what_had_changed_and_who_could_not_be_read(database: TestDatabase) {
        let (store, account, key) = (database.open().await, Account::open().await, test_key());
        let member = factory::member(&store).await;
        store.add_customer(member.tenant(), &account.stripe.subscriber("pro"), None).await.unwrap();
        let variables = [("DATABASE_URL", database.url()), ("SMOKEX_KEY", &key)];
        let ended = account.run(&["billing", "sweep"], &variables).await;
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
        let changed = format!("  {}: free, no subscription → pro, active\n", member.organization_name);
        assert_eq!(ended.stdout, format!("{changed}1 customer was read, 1 had changed.\n"));
        assert_eq!(tier(&store, &member).await, Tier::Pro);

        let stranger = factory::member(&store).await;
        store.add_customer(stranger.tenant(), "cus_elsewhere", None).await.unwrap();
        let ended = account.run(&["billing", "sweep", "--json"], &variables).await;
        assert_eq!(ended.code, Some(3), "{ended:?}");
        let report = parse(&ended);
        assert_eq!((&report["read"], &report["changed"]), (&1.into(), &serde_json::json!([])));
        assert_eq!(report["failed"][0]["organization_id"], stranger.tenant().organization().to_string());
        assert!(report["failed"][0]["problem"].as_str().unwrap().contains("cus_elsewhere"), "{report}");
    }

    async fn a_server_that_starts_reads_whoever_was_not_read_for_a_day(database: TestDatabase) {
        let (store, account, key) = (database.open().await, Account::open().await, test_key());
        let member = factory::member(&store).await;
        store.add_customer(member.tenant(), &account.stripe.subscriber("pro"), None).await.unwrap();
        let variables = [
            ("DATABASE_URL", database.url()),
            ("SMOKEX_KEY", &key),
            ("LISTEN", "127.0.0.1:0"),
            ("DEMO_LISTEN", "127.0.0.1:0"),
            ("STRIPE_SECRET_KEY", account.stripe.secret_key()),
            ("STRIPE_API_URL", &account.url),
            ("STRIPE_WEBHOOK_SECRET", "whsec_test"),
        ];
        let role = if database.is_sqlite() { "serve" } else { "scheduler" };
        let running = account.folder.start([role], &variables);
        let synced = async {
            // Over SQLite, nobody tells another process.
            while tier(&store, &member).await != Tier::Pro {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, synced).await.expect("it is read");
        running.signal("TERM");
        let ended = tokio::task::spawn_blocking(|| running.end()).await.unwrap();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(!ended.stderr.contains(account.stripe.secret_key()), "{}", ended.stderr);
    }
}

testkit::on_both! {
    async fn a_tier_is_granted_by_contract_and_taken_back(database: TestDatabase) {
        let tiers = Tiers { in_force: None, ..Tiers::default() };
        let store = database.open_with(Options { tiers, ..Options::default() }).await;
        let (account, key, member) = (Account::open().await, test_key(), factory::member(&store).await);
        let variables = [("DATABASE_URL", database.url()), ("SMOKEX_KEY", &key)];
        let grant = async |organization: &str, tier: &str| {
            account.run(&["billing", "grant", organization, tier], &variables).await
        };
        let granted = grant(member.email.as_str(), "enterprise").await;
        assert_eq!(granted.code, Some(0), "{granted:?}");
        assert_eq!(tier(&store, &member).await, Tier::Enterprise);
        assert_eq!(grant(&member.tenant().organization().to_string(), "free").await.code, Some(0));
        assert_eq!(tier(&store, &member).await, Tier::Free);
        let wrong = [("nobody@example.com", "pro", 1), ("ada", "pro", 2), (member.email.as_str(), "gold", 2)];
        for (organization, word, code) in wrong {
            let ended = grant(organization, word).await;
            assert_eq!(ended.code, Some(code), "{ended:?}");
            assert!(!ended.stderr.is_empty());
        }
    }
}

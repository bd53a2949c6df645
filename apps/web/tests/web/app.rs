//! A running application of a test's own, on free ports.

use std::{net::SocketAddr, num::NonZeroU32, time::Duration};

use domain::{Email, OrganizationName, PlanId, Role, Tiers, UserId, WorkerId};
use jiff::Timestamp;
use runtime::config::{Environment, ServingConfig};
use sha2::{Digest, Sha256};
use store::{MailRow, Member, NewAccount, NewPlan, NewSession, Options, Store};
use testkit::{TestDatabase, factory};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use web::{Application, Config, Route, routes};

use crate::browser::Browser;

/// The routes for browsers.
pub fn pages() -> impl Iterator<Item = &'static Route> {
    routes().iter().filter(|route| !route.path.starts_with("/api/"))
}

/// Which database a test runs on.
#[derive(Clone, Copy, Debug)]
pub enum On {
    Sqlite,
    Postgres,
}

/// Stops when dropped.
pub struct TestApp {
    pub store: Store,
    pub address: SocketAddr,
    pub demo_address: SocketAddr,
    pub demo_url: String,
    shutdown: CancellationToken,
    server: Option<JoinHandle<()>>,
    // Dropped last: the server uses it.
    pub database: TestDatabase,
}

/// A member of an organization of their own, with their browser.
pub struct Someone {
    pub browser: Browser,
    pub member: Member,
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_with(On::Sqlite, &[], |_| {}).await
    }

    pub async fn start_on(on: On) -> Self {
        Self::start_with(on, &[], |_| {}).await
    }

    /// With variables such as `ORIGIN`, and limits of the test's own.
    pub async fn start_with(on: On, variables: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        Self::start_all(on, Options::default(), variables, change).await
    }

    /// With tiers that have limits.
    pub async fn start_limited(on: On, tiers: Tiers) -> Self {
        Self::start_all(on, Options { tiers, ..Options::default() }, &[], |_| {}).await
    }

    async fn start_all(on: On, options: Options, variables: &[(&str, &str)], change: impl FnOnce(&mut Config)) -> Self {
        let database = match on {
            On::Sqlite => TestDatabase::sqlite().await,
            On::Postgres => TestDatabase::postgres().await,
        };
        let store = database.open_with(options).await;
        let mut given = vec![("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "127.0.0.1:0")];
        given.extend(variables);
        let serving = ServingConfig::read(&Environment::given(given)).expect("the variables are right");
        let mut config = Config::new(serving);
        config.workers = 1;
        // Every test comes from the same address.
        config.limits.address_burst = NonZeroU32::new(10_000).expect("not zero");
        change(&mut config);
        let application = Application::build(config, store.clone()).expect("free ports can be bound");
        let (address, demo_address) = (application.address(), application.demo_address());
        let demo_url = application.demo_url().to_owned();
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone();
        let server = tokio::spawn(async move { application.run(stop).await.expect("the application runs") });
        Self { store, address, demo_address, demo_url, shutdown, server: Some(server), database }
    }

    /// A browser without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(format!("http://{}", self.address))
    }

    /// Somebody new with a confirmed address, signed in.
    pub async fn someone(&self, name: &str) -> Someone {
        let user = self.sign_up(name).await;
        self.sign_in(user).await
    }

    /// Signs somebody in once more: a session is believed for a moment, a new one is not.
    pub async fn sign_in_again(&self, someone: &Someone) -> Someone {
        self.sign_in(someone.member.user_id).await
    }

    /// Somebody new in an organization of somebody else, signed in.
    pub async fn colleague(&self, someone: &Someone, role: Role) -> Someone {
        let colleague = factory::colleague(&self.store, &someone.member, role).await;
        self.sign_in(colleague.user_id).await
    }

    async fn sign_in(&self, user: UserId) -> Someone {
        let token = [WorkerId::new().0.as_bytes().as_slice(), user.0.as_bytes().as_slice()].concat();
        let hash: [u8; 32] = Sha256::digest(&token).into();
        let expires_at = Timestamp::now() + Duration::from_secs(3600);
        let session = NewSession { token_hash: hash, user_agent: "test".to_owned(), expires_at };
        self.store.create_session(user, session).await.expect("a session is made");
        let member = self.store.member(hash).await.expect("the store answers").expect("the session is there");
        let browser = self.browser();
        let token: String = token.iter().map(|byte| format!("{byte:02x}")).collect();
        browser.keep("smokex", &token);
        Someone { browser, member }
    }

    async fn sign_up(&self, name: &str) -> UserId {
        let confirmation = factory::ticket();
        let account = NewAccount {
            email: format!("{name}@example.com").parse::<Email>().expect("an address"),
            password_hash: "no password fits".to_owned(),
            organization_name: format!("{name}'s team").parse::<OrganizationName>().expect("a name"),
            sample: None,
            confirmation: Some(confirmation.clone()),
        };
        let user = self.store.sign_up(account).await.expect("somebody signs up");
        self.store.confirm_email(confirmation.token_hash).await.expect("the address is confirmed");
        user
    }

    /// The mails to an address, the newest first.
    pub async fn mails_to(&self, recipient: &str) -> Vec<MailRow> {
        let mails = self.store.mails(1000).await.expect("the store answers");
        mails.into_iter().filter(|mail| mail.recipient == recipient).collect()
    }

    /// The path of the link in the newest mail to an address; it must lead to this application.
    pub async fn link_to(&self, recipient: &str) -> String {
        let mails = self.mails_to(recipient).await;
        let origin = format!("http://localhost:{}/", self.address.port());
        let text = &mails.first().unwrap_or_else(|| panic!("{recipient} got no mail")).text;
        let link = text.lines().find(|line| line.starts_with("http")).unwrap_or_else(|| panic!("no link: {text}"));
        format!("/{}", link.strip_prefix(&origin).unwrap_or_else(|| panic!("{link} is not at {origin}")))
    }

    /// Stops the application and waits for it.
    pub async fn stop(&mut self) {
        self.shutdown.cancel();
        if let Some(server) = self.server.take() {
            server.await.expect("the server ends well");
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.shutdown.cancel();
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}

impl Someone {
    /// A plan of theirs, made through the store.
    pub async fn plan(&self, app: &TestApp, name: &str, text: &str) -> PlanId {
        let plan::Checked { plan, outside, .. } = plan::check(text, &plan::Known::default());
        let plan = plan.expect("the text is a plan");
        let steps = plan::outline(&plan);
        let new = NewPlan {
            text: text.to_owned(),
            outside,
            outline: serde_json::to_string(&steps).expect("an outline is JSON"),
            steps: u32::try_from(steps.len()).expect("few steps"),
            ..factory::plan(name)
        };
        app.store.create_plan(self.member.tenant(), self.member.user_id, new).await.expect("a plan is made")
    }
}

/// Two steps.
pub const PLAN: &str = "- get: { url: \"https://api.example.com/one\" }\n- name: Second\n  post:\n    url: \"https://api.example.com/two\"\n    body: { a: 1 }\n";

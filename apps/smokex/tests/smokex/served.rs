//! A real server with somebody's organization on it, and a folder in which they type commands.

use std::{ffi::OsStr, path::PathBuf};

use domain::{Scope, TokenId};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::{Member, NewToken, Store};
use testkit::{TestDatabase, factory};

use super::{
    program::{Ended, Folder, Running},
    roles::test_key,
    terminal::Terminal,
};

/// A server over SQLite; ends when dropped.
pub struct Served {
    pub origin: String,
    pub store: Store,
    /// Who owns the organization.
    pub member: Member,
    /// Where commands are typed.
    pub here: Folder,
    /// With which they ask.
    pub token: String,
    _running: Running,
    _home: Folder,
    _database: TestDatabase,
}

impl Served {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// With more variables for the server.
    pub async fn start_with(variables: &[(&str, &str)]) -> Self {
        let database = TestDatabase::sqlite().await;
        let (store, home, key) = (database.open().await, Folder::new(), test_key());
        let member = factory::member(&store).await;
        let own = [
            ("DATABASE_URL", database.url()),
            ("SMOKEX_KEY", &key),
            ("LISTEN", "127.0.0.1:0"),
            ("DEMO_LISTEN", "127.0.0.1:0"),
        ];
        let mut running = home.start(["serve"], &[&own, variables].concat());
        let origin = running.origin();
        let (token, _) = token(&store, &member, Scope::Write).await;
        Self { origin, store, member, here: Folder::new(), token, _running: running, _home: home, _database: database }
    }

    /// A token of this scope, which can be revoked by its id.
    pub async fn token(&self, scope: Scope) -> (String, TokenId) {
        token(&self.store, &self.member, scope).await
    }

    /// Types a command to its end.
    pub async fn smokex<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ended {
        self.smokex_with(&self.token, arguments).await
    }

    /// As [`Self::smokex`], with another token.
    pub async fn smokex_with<A: AsRef<OsStr>>(&self, token: &str, arguments: impl IntoIterator<Item = A>) -> Ended {
        self.here.run_with(arguments, &[("SMOKEX_SERVER", &self.origin), ("SMOKEX_TOKEN", token)], "").await
    }

    /// Types a command that goes on.
    pub fn starts<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        self.here.start(arguments, &[("SMOKEX_SERVER", &self.origin), ("SMOKEX_TOKEN", &self.token)])
    }

    /// Types a command on a terminal.
    pub fn terminal<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Terminal {
        let variables = [("SMOKEX_SERVER", self.origin.as_str()), ("SMOKEX_TOKEN", &self.token)];
        Terminal::start(self.here.command(arguments, &variables))
    }

    /// Writes a file into the folder of plans.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        std::fs::create_dir_all(self.here.path().join(".smokex")).expect("the folder can be made");
        self.here.file(&format!(".smokex/{name}"), text)
    }

    /// What a file of the folder of plans holds.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.here.path().join(".smokex").join(name)).expect("the file is there")
    }

    /// Asks the API beside the command line; the answer has to be a success.
    pub async fn api(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let client = Client::builder().no_proxy().build().expect("a client");
        let mut request = client.request(method, format!("{}/api/v1/{path}", self.origin)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.expect("an answer comes");
        let status = response.status();
        let text = response.text().await.expect("it is text");
        assert!(status.is_success(), "{path}: {status}: {text}");
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("it is JSON") }
    }

    /// Makes a plan, and gives its id.
    pub async fn plan(&self, name: &str, text: &str) -> String {
        let made = self.api(Method::POST, "plans", Some(json!({"name": name, "text": text}))).await;
        made["id"].as_str().expect("it has an id").to_owned()
    }

    /// Each plan of the server: its name, its version, its text.
    pub async fn plans(&self) -> Vec<(String, u64, String)> {
        let list = self.api(Method::GET, "plans?limit=100", None).await;
        let mut plans = Vec::new();
        for item in list["items"].as_array().expect("it is a list") {
            let plan = self.api(Method::GET, &format!("plans/{}", item["id"].as_str().unwrap_or_default()), None).await;
            let text = |key: &str| plan[key].as_str().expect("it is text").to_owned();
            plans.push((text("name"), plan["version"].as_u64().expect("it is a number"), text("text")));
        }
        plans.sort();
        plans
    }
}

async fn token(store: &Store, member: &Member, scope: Scope) -> (String, TokenId) {
    let bytes = factory::token();
    let text = format!("smx_{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    let name = "Command line".parse().expect("a name");
    let new = NewToken { name, scope, expires_at: None, token_hash: Sha256::digest(bytes).into() };
    let id = store.create_token(member.tenant(), new).await.expect("the owner may make tokens");
    (text, id)
}

//! A program that follows a run from the request to its end, through the real API and the real executor.

use domain::Scope;
use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use store::NewToken;
use testkit::{
    TestDatabase, factory,
    target::{Gate, Received, Reply, Target},
};
use tokio::time::timeout;

use super::{
    program::{Folder, PATIENCE},
    roles::test_key,
};

const SECRET: &str = "correct-horse-battery";

struct Api {
    client: Client,
    origin: String,
    token: String,
}

impl Api {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/api/v1{path}", self.origin)).bearer_auth(&self.token)
    }

    async fn get(&self, path: &str) -> Value {
        answer(self.request(Method::GET, path), 200).await
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.request(Method::POST, path);
        answer(request.header("content-type", "application/json").body(body.to_string()), 201).await
    }

    async fn events(&self, query: &str) -> Response {
        let response = self.request(Method::GET, &format!("/events?{query}")).send().await.expect("an answer comes");
        assert_eq!(response.status().as_u16(), 200);
        response
    }
}

async fn answer(request: RequestBuilder, status: u16) -> Value {
    let response = timeout(PATIENCE, request.send()).await.expect("an answer comes in time").expect("an answer comes");
    let (got, text) = (response.status().as_u16(), response.text().await.expect("the body comes"));
    assert_eq!(got, status, "{text}");
    assert!(!text.contains(SECRET), "{text}");
    serde_json::from_str(&text).expect("the body is JSON")
}

/// What the stream tells of a run until it ends: its changes in order, each once where it comes several times on end.
async fn changes(stream: Response) -> Vec<String> {
    let text = timeout(PATIENCE, stream.text()).await.expect("the stream ends in time").expect("events are text");
    let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
    let change = |data: &str| {
        let data: Value = serde_json::from_str(data).expect("data is JSON");
        data["change"].as_str().unwrap_or_else(|| panic!("{data} is about no run")).to_owned()
    };
    let mut changes: Vec<String> = data.map(change).collect();
    changes.dedup();
    changes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_follows_a_run_from_its_request_to_its_end_and_reads_no_secret() {
    let (database, target, folder) = (TestDatabase::postgres().await, Target::start().await, Folder::new());
    let gate = Gate::new();
    let held = gate.clone();
    let echo = move |request: &Received| Reply::text(request.header("x-key").unwrap_or_default()).after(&held);
    target.on("GET /8080", Reply::made(echo));
    let store = database.open().await;
    let member = factory::member(&store).await;
    factory::secret(&store, &member, "KEY", SECRET).await;
    let bytes = factory::token();
    let name = "CI".parse().expect("this is a name");
    let token_hash = Sha256::digest(bytes).into();
    let new = NewToken { name, scope: Scope::Write, expires_at: None, token_hash };
    store.create_token(member.tenant(), new).await.expect("the member may make tokens");

    let (key, allowed) = (test_key(), target.address().to_string());
    let variables = [
        ("DATABASE_URL", database.url()),
        ("SMOKEX_KEY", key.as_str()),
        ("LISTEN", "127.0.0.1:0"),
        ("DEMO_LISTEN", "127.0.0.1:0"),
        ("EGRESS_ALLOW", allowed.as_str()),
    ];
    let mut running = folder.start(["serve"], &variables);
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let client = Client::builder().no_proxy().build().expect("a client is made");
    let api = Api { client, origin: running.origin(), token: format!("smx_{token}") };

    let text = format!(
        "name: Shop\nvariables: {{ place: 80 }}\nsteps:\n- name: Look\n  get: {{ url: \"{}${{place}}\", headers: {{ x-key: \
         \"${{KEY}}\" }}, options: {{ timeout: 1m }} }}\n",
        target.url("/")
    );
    let plan = api.post("/plans", &json!({ "text": text })).await;
    let plan = plan["id"].as_str().unwrap();
    let run = api.post(&format!("/plans/{plan}/runs"), &json!({ "variables": { "place": "8080" } })).await;
    let path = format!("/runs/{}", run["id"].as_str().unwrap());
    let stream = api.events(&format!("run={}", run["id"].as_str().unwrap())).await;
    // The request waits at the gate: the run is under way, whoever waits for its end does so.
    target.received(1).await;
    assert_eq!(api.get(&path).await["state"], "running");
    let end = format!("{path}?wait=60");
    let waiting = api.get(&end);
    let (over, heard) = tokio::join!(waiting, async {
        gate.open();
        changes(stream).await
    });
    assert_eq!((&over["state"], &over["steps"]["passed"]), (&json!("passed"), &json!(1)));
    let step = &over["step_list"][0];
    assert_eq!((&step["name"], &step["state"]), (&json!("Look"), &json!("passed")));
    assert_eq!(step["report"]["response"]["body"]["text"], "••••••••", "what the target sent back is masked");
    assert!(step["report"]["request"]["headers"].to_string().contains("••••••••"), "{step}");
    assert_eq!(target.requests()[0].header("x-key"), Some(SECRET), "the target got the secret itself");
    // Whether it was heard how the run began depends on who was faster.
    assert_eq!(heard.last().map(String::as_str), Some("finished"));
    let order = ["queued", "started", "step", "finished"];
    let places: Vec<_> = heard.iter().map(|change| order.iter().position(|known| known == change)).collect();
    assert!(places.is_sorted() && places.iter().all(Option::is_some) && heard.len() >= 2, "{heard:?}");

    let rerun = api.post(&format!("{path}/rerun"), &json!({})).await;
    let again = api.get(&format!("/runs/{}?wait=60", rerun["id"].as_str().unwrap())).await;
    assert_eq!((&again["state"], &again["number"]), (&json!("passed"), &json!(2)));
    assert_eq!(target.requests()[1].path(), "/8080", "with the same variables");
    let counted = api.get(&format!("/statistics?plan={plan}")).await;
    let passed = counted["bins"].as_array().unwrap().iter().map(|bin| bin["passed"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(passed, 2);
}

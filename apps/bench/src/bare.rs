//! The floor: the same five requests and the same checks, written out over bare reqwest.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

/// The requests of one plan have been sent and checked.
pub struct Done {
    /// What each answered, for floors that store it.
    pub bodies: Vec<Value>,
}

/// One client for all, as one would write it: no cookies, no redirects, five seconds.
pub fn client() -> anyhow::Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(std::time::Duration::from_secs(5))
        .build()?)
}

/// Sends the plan's requests one after the other and checks what the plan checks.
pub async fn plan(client: &reqwest::Client, base: &str) -> anyhow::Result<Done> {
    let mut bodies = Vec::with_capacity(5);
    let login = json!({ "user": "ada", "password": "lovelace" });
    let response = client.post(format!("{base}/login")).json(&login).send().await?;
    ensure!(response.status() == 200);
    let body: Value = response.json().await?;
    ensure!(body["ok"] == true);
    let token = body["auth"]["token"].as_str().context("a token")?.to_owned();
    bodies.push(body);
    for page in 1..=3 {
        let response = client.get(format!("{base}/players?page={page}")).bearer_auth(&token).send().await?;
        ensure!(response.status() == 200);
        ensure!(response.headers()["content-type"].to_str()?.starts_with("application/json"));
        let body: Value = response.json().await?;
        ensure!(body["ok"] == true && body["team"] == "reds");
        ensure!(body["players"][0]["name"] == "Ada");
        bodies.push(body);
    }
    let order = json!({ "player": "Ada", "amount": 2, "note": "first order" });
    let response = client.post(format!("{base}/orders")).bearer_auth(&token).json(&order).send().await?;
    ensure!(response.status() == 201);
    let body: Value = response.json().await?;
    ensure!(body["order"]["state"] == "open");
    bodies.push(body);
    Ok(Done { bodies })
}

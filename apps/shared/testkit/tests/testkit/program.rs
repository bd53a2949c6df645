//! The program, as it is started by hand.

use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::shop;

const PATIENCE: Duration = Duration::from_secs(20);

/// Starts it and reads its one line.
async fn start(state: &Path) -> (Child, String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_fake-stripe"))
        .args(["--listen", "127.0.0.1:0", "--key", "sk_test_demo", "--state"])
        .arg(state)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the program starts");
    let mut lines = BufReader::new(program.stdout.take().expect("its output is ours")).lines();
    let line = timeout(PATIENCE, lines.next_line()).await.expect("it is ready in time").expect("text");
    let line = line.expect("it says when it is ready");
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).expect("it says where").to_owned();
    (program, url, line)
}

async fn terminate(mut program: Child) -> ExitStatus {
    let id = program.id().expect("it runs").to_string();
    let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("a signal can be sent");
    assert!(sent.success());
    timeout(PATIENCE, program.wait()).await.expect("it stops in time").expect("it has a status")
}

#[tokio::test]
async fn it_says_when_it_is_ready_keeps_its_state_and_stops_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("stripe.json");
    let (program, url, line) = start(&state).await;
    assert!(line.contains("sk_test_demo"), "{line}");
    let http = reqwest::Client::new();
    let made = http.post(format!("{url}v1/customers")).bearer_auth("sk_test_demo").body("email=ada%40example.com");
    let made: Value = made.send().await.unwrap().json().await.unwrap();
    let ahead = http.post(format!("{url}_fake/clock")).header("accept", "application/json").body("by=day");
    let ahead: Value = ahead.send().await.unwrap().json().await.unwrap();
    assert!(terminate(program).await.success());

    let (program, url, _) = start(&state).await;
    let path = format!("{url}v1/customers/{}", shop::text(&made, "id"));
    let kept: Value = http.get(path).bearer_auth("sk_test_demo").send().await.unwrap().json().await.unwrap();
    assert_eq!(kept, made);
    let now = http.get(format!("{url}_fake/state")).header("accept", "application/json").send();
    let now: Value = now.await.unwrap().json().await.unwrap();
    assert!(now["now"].as_i64() >= ahead["now"].as_i64(), "the clock stays ahead");
    assert!(terminate(program).await.success());
}

#[tokio::test]
async fn it_says_why_it_cannot_start() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("stripe.json");
    std::fs::write(&state, "not JSON").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_fake-stripe"));
    let output = program.args(["--listen", "127.0.0.1:0", "--state"]).arg(&state).output().await.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("stripe.json"), "{said}");
}

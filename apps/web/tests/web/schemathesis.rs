//! The API, tried by schemathesis: whatever it makes of the description, no answer is 5xx, and none is one that the
//! description does not know.

use std::{path::PathBuf, process::Stdio};

use domain::Scope;
use tokio::process::Command;

use crate::{
    app::{On, PLAN, TestApp},
    executed::{execute, passed},
    tenancy::Ids,
};

/// Where `script/bootstrap` has put it.
fn program() -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
    target.join("tools/python/bin/schemathesis")
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_that_can_be_sent_gets_a_5xx_or_an_answer_that_is_not_described() {
    let program = program();
    assert!(program.exists(), "{} is not there: run `script/bootstrap test`", program.display());
    let app =
        TestApp::start_with(On::Sqlite, &[], |config| config.limits.api_burst = u32::MAX.try_into().unwrap()).await;
    let ada = app.someone("ada").await;
    for number in 1..=3 {
        let plan = ada.plan(&app, &format!("Plan {number}"), PLAN).await;
        execute(&app, &ada, plan, &[passed("1"), passed("2")]).await;
    }
    let token = app.token(&ada, Scope::Admin, None).await;
    let folder = tempfile::tempdir().unwrap();
    // Something that is there: what is not there is 404 before anything else is looked at.
    let known = Ids::of(&app, &ada).await.known();
    std::fs::write(folder.path().join("schemathesis.toml"), format!("[parameters]\nwait = 0\n{known}")).unwrap();
    let tried = Command::new(program)
        .current_dir(&folder)
        .args(["run", &format!("http://{}/api/v1/openapi.json", app.address)])
        .args(["--header", &format!("Authorization: Bearer {token}")])
        // The same cases each time: a change that breaks something is found by the change, not by chance.
        .args(["--seed", &std::env::var("SEED").unwrap_or_else(|_| "1".to_owned())])
        .args(["--max-examples", &std::env::var("EXAMPLES").unwrap_or_else(|_| "10".to_owned())])
        .args(["--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure", "--no-shrink"])
        // Streams have no end. What the others need is not to be deleted.
        .args(["--exclude-path", "/api/v1/events", "--exclude-operation-id", "delete_plans"])
        .args(["--checks", CHECKS, "--suppress-health-check", "all", "--request-timeout", "30"])
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("schemathesis starts");
    let told = String::from_utf8_lossy(&tried.stdout);
    assert!(tried.status.success(), "{told}\n{}", String::from_utf8_lossy(&tried.stderr));
    assert!(told.contains("Test cases"), "it did try something: {told}");
}

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,\
                      unsupported_method,ignored_auth,allow_header_conformance";

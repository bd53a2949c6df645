//! `smokex run`: exit codes, variables, what is printed.

use testkit::target::{Reply, Target};

use super::program::Folder;

/// Logs in with a token that is captured, and asks with it.
fn journey(target: &Target) -> String {
    target.on("POST /login", Reply::json(r#"{"auth": {"token": "t0p-s3cret"}}"#));
    target.on(
        "GET /me",
        Reply::made(|request| match request.header("authorization") {
            Some("Bearer t0p-s3cret") => Reply::json(r#"{"name": "Ada"}"#),
            _ => Reply::ok().status(401),
        }),
    );
    format!(
        r#"name: Journey
variables: {{ who: Ada }}
steps:
  - name: Log in
    post: {{ url: "{}", body: {{ user: ada, password: lovelace }} }}
    save_from_response:
      - {{ variable_name: token, json_path: auth.token, secret: true }}
  - name: Who am I
    get: {{ url: "{}", headers: {{ authorization: "Bearer ${{token}}" }} }}
    expect:
      status_code: 200
      json: {{ name: "${{who}}" }}
"#,
        target.url("/login"),
        target.url("/me")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_holds_ends_with_0_and_a_line_per_step() {
    let (folder, target) = (Folder::new(), Target::start().await);
    folder.file("journey.yml", journey(&target));
    let ended = folder.run(["run", "journey.yml"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("journey.yml  Journey\n"), "{}", ended.stdout);
    for text in ["✓ Log in ", "POST http://127.0.0.1:", "✓ Who am I ", "  200  ", "passed: 2 passed in "] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    assert_eq!(ended.stderr, "");
    assert!(!ended.stdout.contains('\x1b'), "no colors where there is no terminal");
    assert_eq!(target.counts().requests, 2);
    assert_eq!(folder.content(), ["journey.yml"], "nothing is left behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expectation_that_fails_ends_with_1_and_shows_both_sides() {
    let (folder, target) = (Folder::new(), Target::start().await);
    folder.file("journey.yml", journey(&target));
    let ended = folder.run(["run", "journey.yml", "--var", "who=Grace"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for text in ["✗ Who am I", "json", "\"Grace\"", "\"Ada\"", "time: ", "failed: 1 passed, 1 failed in "] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("t0p-s3cret"), "a secret capture is masked: {}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_plan_ends_with_2_and_nothing_is_sent() {
    let (folder, target) = (Folder::new(), Target::start().await);
    folder.file("good.yml", journey(&target));
    folder.file("bad.yml", format!("- get:\n    url: \"{}\"\n    expect: {{ satus_code: 200 }}\n", target.url("/me")));
    let ended = folder.run(["run", "good.yml", "bad.yml"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "");
    for text in ["error: ", "--> bad.yml:3:", "expect: { satus_code: 200 }", "^^^^^^^^^^", "status_code"] {
        assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr);
    }
    assert_eq!(target.counts().requests, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_call_ends_with_2_and_says_what_to_write() {
    let folder = Folder::new();
    folder.file("plan.yml", "- get: { url: http://127.0.0.1:9/ }\n");
    folder.file("broken.env", "GOOD=1\nthis is no assignment\n");
    for (arguments, sentence) in [
        (vec!["run"], "<PLAN>"),
        (vec!["run", "plan.yml", "--var", "novalue"], "write NAME=VALUE"),
        (vec!["run", "plan.yml", "--report", "html"], "possible values: text, json, junit"),
        (vec!["run", "plan.yml", "--allow", "nonsense"], "--allow nonsense: this is no HOST:PORT"),
        (vec!["run", "missing.yml"], "missing.yml cannot be read"),
        (vec!["run", "plan.yml", "--env-file", "missing.env"], "missing.env cannot be read"),
        (vec!["run", "plan.yml", "--env-file", "broken.env"], "broken.env:2: this is not NAME=VALUE"),
        (vec!["walk"], "unrecognized subcommand"),
    ] {
        let ended = folder.run(&arguments).await;
        assert_eq!(ended.code, Some(2), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(sentence), "{arguments:?}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_nobody_gives_is_a_mistake_of_the_plan() {
    let folder = Folder::new();
    folder.file("plan.yml", "- get: { url: \"http://127.0.0.1:9/${where}\" }\n");
    let ended = folder.run(["run", "plan.yml"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("where"), "{}", ended.stderr);
    let ended = folder.run(["run", "plan.yml", "--var", "where=here"]).await;
    assert_eq!(ended.code, Some(1), "nothing listens there: {ended:?}");
    assert!(ended.stdout.contains("no response"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_plans_run_one_after_the_other_and_the_worst_counts() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("/good", Reply::ok());
    let good = folder.file("good.yml", format!("- get: {{ url: \"{}\" }}\n", target.url("/good")));
    let bad = folder.file("bad.yml", format!("- get: {{ url: \"{}\" }}\n", target.url("/missing")));
    let ended = folder.run(["run".as_ref(), bad.as_os_str(), good.as_os_str()]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let paths: Vec<String> = target.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(paths, ["/missing", "/good"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_may_come_through_the_standard_input() {
    let (folder, target) = (Folder::new(), Target::start().await);
    let ended = folder.run_with(["run", "-"], &[], &journey(&target)).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.starts_with("-  Journey\n"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_an_env_file_are_sent_and_never_shown() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("/echo", Reply::made(|request| Reply::text(request.header("x-key").unwrap_or_default()).status(500)));
    folder.file(
        "plan.yml",
        format!("- get: {{ url: \"{}\", headers: {{ x-key: \"${{KEY}}\" }} }}\n", target.url("/echo")),
    );
    folder.file("secrets.env", "# for the test\nexport KEY='correct horse battery'\n");
    for report in ["text", "json", "junit"] {
        let ended = folder.run(["run", "plan.yml", "--env-file", "secrets.env", "--report", report]).await;
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(!ended.stdout.contains("horse") && !ended.stderr.contains("horse"), "{ended:?}");
    }
    assert_eq!(target.requests()[0].header("x-key"), Some("correct horse battery"));
}

#[tokio::test(flavor = "multi_thread")]
async fn with_allow_only_public_addresses_and_the_allowed_one_are_reached() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("/", Reply::ok());
    folder.file("plan.yml", format!("- get: {{ url: \"{}\" }}\n", target.url("/")));
    let ended = folder.run(["run", "plan.yml", "--allow", "10.0.0.0/8"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("not a public address"), "{}", ended.stdout);
    assert_eq!(target.counts().requests, 0);
    let ended = folder.run(["run", "plan.yml", "--allow", &target.address().to_string()]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_response_cannot_command_the_terminal() {
    let (folder, target) = (Folder::new(), Target::start().await);
    target.on("/", Reply::text("\x1b]0;owned\x07\x1b[2J").status(500));
    folder.file("plan.yml", format!("- get: {{ url: \"{}\" }}\n", target.url("/")));
    let ended = folder.run(["run", "plan.yml"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("owned") && !ended.stdout.contains('\x1b'), "{:?}", ended.stdout);
}

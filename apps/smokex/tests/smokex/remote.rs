//! A server that is away, busy, somewhere else or none at all.

use testkit::target::{Act, Reply, Target};

use super::program::{Ended, Folder};

const TOKEN: &str = "smx_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

const DETAIL: &str = r#"{"id": "0193a1b2-0000-7000-8000-000000000001", "name": "CI", "scope": "write", "expires_at": null,
    "organization": {"id": "0193a1b2-0000-7000-8000-000000000002", "name": "Engines", "tier": "free"}, "user": "a@b.c"}"#;

const NO_PLANS: &str = r#"{"items": [], "next": null}"#;

fn problem(status: u16, title: &str, detail: &str) -> Reply {
    let body = format!(r#"{{"type": "about:blank", "title": "{title}", "status": {status}, "detail": "{detail}"}}"#);
    Reply::ok().status(status).header("content-type", "application/problem+json").body(body)
}

fn busy() -> Reply {
    problem(429, "Too many requests", "Come again soon.").header("retry-after", "0")
}

/// `smokex push --yes` of one plan to this address.
async fn push(server: &str) -> Ended {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join(".smokex")).unwrap();
    folder.file(".smokex/Players.yml", "- get: { url: https://example.com }\n");
    folder.run_with(["push", "--yes"], &[("SMOKEX_SERVER", server), ("SMOKEX_TOKEN", TOKEN)], "").await
}

fn made(target: &Target) -> Vec<(String, String)> {
    let asked = target.requests().into_iter().filter(|request| request.method == "POST");
    asked.map(|request| (request.header("idempotency-key").unwrap().to_owned(), request.text().to_owned())).collect()
}

async fn server() -> Target {
    let target = Target::start().await;
    target.on("GET /api/v1/token", Reply::json(DETAIL)).on("GET /api/v1/plans", Reply::json(NO_PLANS));
    target
}

fn created() -> Reply {
    Reply::json(r#"{"id": "0193a1b2-0000-7000-8000-000000000003", "name": "Players", "version": 1, "text": ""}"#)
        .status(201)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_asked_again_and_then_told() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = push(&format!("http://{free}")).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(ended.stderr, format!("smokex: Nothing listens at {free} (connection refused).\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_server_is_asked_again_when_it_says_and_makes_one_plan() {
    let target = server().await;
    target.on_each("GET /api/v1/token", [busy(), busy(), Reply::json(DETAIL)]);
    let away = problem(503, "Starting", "Come again soon.").header("retry-after", "0");
    target.on_each("POST /api/v1/plans", [busy(), away, created()]);
    let ended = push(&target.url("/")).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let made = made(&target);
    assert_eq!(made.len(), 3);
    assert!(made.iter().all(|one| *one == made[0]), "the same request under the same key: {made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_breaks_is_made_anew_under_the_same_key() {
    let target = server().await;
    target.on_each("POST /api/v1/plans", [Reply::script([Act::Reset]), created()]);
    let ended = push(&target.url("/")).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let made = made(&target);
    assert_eq!(made.len(), 2);
    assert_eq!(made[0], made[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stays_busy_is_given_up() {
    let target = server().await;
    target.on("GET /api/v1/plans", busy());
    let ended = push(&target.url("/")).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(ended.stderr, "smokex: Too many requests. Come again soon.\n");
    assert_eq!(target.counts().requests, 6, "one about the token, five about the plans");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_not_carried_to_where_a_server_sends() {
    let (target, elsewhere) = (Target::start().await, Target::start().await);
    target.on("GET /api/v1/token", Reply::redirect(elsewhere.url("/api/v1/token")));
    let ended = push(&target.url("/")).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains(&format!("The server sends to {}", elsewhere.url("/"))), "{}", ended.stderr);
    assert_eq!(elsewhere.counts().connections, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_smokex_server_is_told() {
    let target = Target::start().await;
    for reply in [Reply::text("It works!"), Reply::json("[]"), Reply::text("Bad gateway").status(404)] {
        target.on("GET /api/v1/token", reply);
        let ended = push(&target.url("/")).await;
        assert_eq!(ended.code, Some(3), "{ended:?}");
        assert!(ended.stderr.contains("is not what a Smokex server answers"), "{}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_server_says_cannot_command_the_terminal() {
    let target = Target::start().await;
    target.on("GET /api/v1/token", problem(403, r"No\u001b[2J", r"Ask \u202eadA."));
    let ended = push(&target.url("/")).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stderr, "smokex: No\\u{1b}[2J. Ask \\u{202e}adA.\n");
}

/// A plan that differs from the one in the folder.
async fn server_with_a_plan() -> (Target, String) {
    let target = server().await;
    let path = "/api/v1/plans/0193a1b2-0000-7000-8000-000000000003".to_owned();
    target.on("GET /api/v1/plans", Reply::json(format!(r#"{{"items": [{}], "next": null}}"#, plan(1, "- old"))));
    target.on(&format!("GET {path}"), Reply::json(plan(1, "- old")));
    (target, path)
}

fn plan(version: u32, text: &str) -> String {
    let id = "0193a1b2-0000-7000-8000-000000000003";
    format!(r#"{{"id": "{id}", "name": "Players", "version": {version}, "text": "{text}\n"}}"#)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_change_whose_answer_is_lost_nobody_says_what_became_of_it() {
    let (target, path) = server_with_a_plan().await;
    target.on(&format!("PUT {path}"), Reply::script([Act::Reset]));
    let ended = push(&target.url("/")).await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stderr.contains("Whether it was done cannot be told."), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_arrived_before_its_connection_broke_is_not_taken_for_that_of_somebody_else() {
    let (target, path) = server_with_a_plan().await;
    let conflict = problem(409, "Conflict", "Version 2 is the current one.");
    target.on_each(&format!("PUT {path}"), [Reply::script([Act::Reset]), conflict]);
    let mine = plan(2, "- get: { url: https://example.com }");
    target.on_each(&format!("GET {path}"), [Reply::json(plan(1, "- old")), Reply::json(mine)]);
    let ended = push(&target.url("/")).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("✓ Players: version 2"), "{}", ended.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_not_lost_while_the_server_begins_anew_and_is_not_asked_for_all_the_time() {
    let (target, path) = server_with_a_plan().await;
    let run = |state: &str| {
        format!(
            r#"{{"id": "0193a1b2-0000-7000-8000-000000000004", "state": "{state}", "queued_at": "2026-03-01T12:00:00Z",
                "started_at": null, "duration_us": 1500, "reason": null, "step_list": []}}"#
        )
    };
    target.on(&format!("POST {path}/runs"), Reply::json(run("queued")).status(201));
    let away = [Reply::script([Act::Reset]), problem(503, "Stopping", ""), Reply::text("Bad gateway").status(502)];
    let goes_on = ["running", "running", "passed"].map(|state| Reply::json(run(state)));
    target.on_each("GET /api/v1/runs/0193a1b2-0000-7000-8000-000000000004", away.into_iter().chain(goes_on));
    let server = target.url("/");
    let variables = [("SMOKEX_SERVER", server.as_str()), ("SMOKEX_TOKEN", TOKEN)];
    let began = std::time::Instant::now();
    let ended = Folder::new().run_with(["run", "--remote", "Players"], &variables, "").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("passed\n"), "{}", ended.stdout);
    assert!(began.elapsed() >= std::time::Duration::from_secs(4), "it was left alone in between");
    assert_eq!(target.requests().iter().filter(|request| request.method == "POST").count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_nowhere_readable() {
    for command in [&["push", "--yes"][..], &["pull"], &["run", "--remote", "a"], &["login"]] {
        let folder = Folder::new();
        std::fs::create_dir(folder.path().join(".smokex")).unwrap();
        let variables = [("SMOKEX_SERVER", "http://192.0.2.1"), ("SMOKEX_TOKEN", TOKEN)];
        let ended = folder.run_with(command, &variables, TOKEN).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains("Everybody on the way to http://192.0.2.1 could read the token"), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_is_asked() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join(".smokex")).unwrap();
    let home = folder.path().display().to_string();
    for command in [&["push"][..], &["pull"], &["run", "--remote", "a"]] {
        let ended = folder.run_with(command, &[("HOME", &home)], "").await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert_eq!(ended.stderr, "smokex: Log in first with `smokex login`, or set SMOKEX_SERVER and SMOKEX_TOKEN.\n");
    }
}

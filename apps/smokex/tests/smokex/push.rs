//! `smokex push`.

use domain::Scope;
use reqwest::Method;
use serde_json::json;

use super::{program::Folder, served::Served};

fn text(number: u32) -> String {
    format!("- get: {{ url: \"https://example.com/{number}\" }}\n")
}

fn plan(name: &str, version: u64, number: u32) -> (String, u64, String) {
    (name.to_owned(), version, text(number))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_gets_what_the_folder_holds_and_ci_can_ask_whether_it_has_it() {
    let served = Served::start().await;
    served.file("Players.yml", &text(1));
    served.file("orders.yml", "name: Orders\nsteps:\n  - get: { url: \"https://example.com/${KEY | default(1)}\" }\n");
    let ended = served.smokex(["push", "--dry-run"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains(".smokex/Players.yml: Players is new"), "{}", ended.stdout);
    assert_eq!(served.plans().await, []);
    let ended = served.smokex(["push", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with("2 applied.\n"), "{}", ended.stdout);
    let names: Vec<String> = served.plans().await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["Orders", "Players"]);
    for arguments in [&["push", "--dry-run"][..], &["push"]] {
        let ended = served.smokex(arguments).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.stdout, "0 new, 0 changed, 0 deleted, 2 unchanged.\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_shown_and_becomes_a_new_version() {
    let served = Served::start().await;
    served.plan("Players", &text(1)).await;
    // As Windows writes it, which is no difference by itself.
    served.file("Players.yml", &text(1).replace('\n', "\r\n"));
    assert_eq!(served.smokex(["push", "--dry-run"]).await.code, Some(0));
    served.file("Players.yml", &text(2));
    let ended = served.smokex(["push"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let diff = "--- Players on the server, version 1\n+++ .smokex/Players.yml\n@@ -1 +1 @@\n\
        -- get: { url: \"https://example.com/1\" }\n+- get: { url: \"https://example.com/2\" }\n";
    assert!(ended.stdout.starts_with(diff), "{}", ended.stdout);
    assert!(ended.stderr.contains("Say --yes."), "{}", ended.stderr);
    assert_eq!(served.plans().await, [plan("Players", 1, 1)], "nobody was there to ask");
    assert_eq!(served.smokex(["push", "--yes"]).await.code, Some(0));
    assert_eq!(served.plans().await, [plan("Players", 2, 2)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_is_found_from_within_the_project() {
    let served = Served::start().await;
    served.file("Players.yml", &text(1));
    let below = served.here.path().join("src/deep");
    std::fs::create_dir_all(&below).unwrap();
    let variables = [("SMOKEX_SERVER", served.origin.as_str()), ("SMOKEX_TOKEN", &served.token)];
    let mut command = served.here.command(["push", "--dry-run"], &variables);
    let output = tokio::task::spawn_blocking(move || command.current_dir(below).output()).await.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("../../.smokex/Players.yml: Players is new"));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sits_at_the_terminal_decides() {
    let served = Served::start().await;
    served.plan("Players", &text(1)).await;
    served.file("Players.yml", &text(2));
    for (answer, code, version) in [("n\n", 1, 1), ("yes\n", 0, 2)] {
        let mut terminal = served.terminal(["push"]);
        terminal.until(&format!("Apply this to {} at {}? [y/N]", served.member.organization_name, served.origin));
        terminal.types(answer);
        assert_eq!(terminal.ended(), Some(code));
        let seen = terminal.seen();
        assert!(seen.contains("\u{1b}[31m-- get") && seen.contains("\u{1b}[32m+- get"), "in color: {seen}");
        assert_eq!(served.plans().await[0].1, version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_somebody_saves_meanwhile_is_not_overwritten_and_the_rest_is_applied() {
    let served = Served::start().await;
    let id = served.plan("Players", &text(1)).await;
    served.plan("Orders", &text(1)).await;
    served.file("Players.yml", &text(2));
    served.file("Orders.yml", &text(2));
    let mut terminal = served.terminal(["push"]);
    terminal.until("[y/N]");
    served
        .api(Method::PUT, &format!("plans/{id}"), Some(json!({"name": "Players", "text": text(3), "version": 1})))
        .await;
    terminal.types("y\n");
    assert_eq!(terminal.ended(), Some(1));
    let seen = terminal.seen();
    for text in ["Players: not applied", "Somebody else was faster.", "Orders: version 2", "1 applied, 1 not."] {
        assert!(seen.contains(text), "{text}: {seen}");
    }
    assert_eq!(served.plans().await, [plan("Orders", 2, 2), plan("Players", 2, 3)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_without_a_file_stay_unless_they_are_to_be_deleted() {
    let served = Served::start().await;
    served.plan("Players", &text(1)).await;
    served.plan("Old", &text(2)).await;
    served.file("Players.yml", &text(1));
    let ended = served.smokex(["push", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.contains("1 of the server have no file and stay"), "{}", ended.stdout);
    assert_eq!(served.plans().await.len(), 2);
    let ended = served.smokex(["push", "--delete", "--dry-run"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.contains("Old has no file and is deleted with its runs"), "{}", ended.stdout);
    assert_eq!(served.smokex(["push", "--delete", "--yes"]).await.code, Some(0));
    assert_eq!(served.plans().await, [plan("Players", 1, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plans_of_one_name_are_told_with_their_ids_and_nothing_is_changed() {
    let served = Served::start().await;
    let (one, other) = (served.plan("Players", &text(1)).await, served.plan("Players", &text(1)).await);
    served.file("Players.yml", &text(2));
    served.file("Orders.yml", &text(2));
    let ended = served.smokex(["push", "--yes"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(&one) && ended.stderr.contains(&other), "{}", ended.stderr);
    assert_eq!(served.plans().await, [plan("Players", 1, 1), plan("Players", 1, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_here_are_told_before_the_server_is_asked() {
    let served = Served::start().await;
    served.file("Players.yml", &text(1));
    served.file("Orders.yml", "- get: { urll: x }\n");
    served.file("Users.yml", "- fetch: {}\n");
    let ended = served.smokex_with("smx_nobody", ["push", "--yes"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    for place in [".smokex/Orders.yml:1:10", ".smokex/Users.yml:1:3"] {
        assert!(ended.stderr.contains(place), "{place}: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("token"), "{}", ended.stderr);
    assert_eq!(served.plans().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_that_only_the_server_knows_of_are_told_with_their_lines() {
    let served = Served::start().await;
    served.file("Orders.yml", "- get:\n    url: \"https://example.com/${NOT_A_SECRET}\"\n");
    served.file("Players.yml", &text(1));
    let ended = served.smokex(["push", "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for text in ["Orders: ", ".smokex/Orders.yml:2:", "${NOT_A_SECRET}", "^^^"] {
        assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr);
    }
    assert!(ended.stdout.ends_with("1 applied, 1 not.\n"), "{}", ended.stdout);
    assert_eq!(served.plans().await, [plan("Players", 1, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_tier_does_not_allow_is_told_and_nothing_is_deleted_then() {
    let figures = Folder::new();
    let figures = figures.file("tiers.yml", "free: { plans: 2 }\n");
    let served = Served::start_with(&[("TIER", "free"), ("TIERS", figures.to_str().unwrap())]).await;
    served.plan("Old", &text(1)).await;
    for number in 1..4 {
        served.file(&format!("Plan {number}.yml"), &text(number));
    }
    let ended = served.smokex(["push", "--yes", "--delete"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stdout.ends_with("1 applied, 2 not, 1 not tried.\n"), "{}", ended.stdout);
    assert_eq!(served.plans().await, [plan("Old", 1, 1), plan("Plan 1", 1, 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_may_only_read_changes_nothing() {
    let served = Served::start().await;
    let (token, _) = served.token(Scope::Read).await;
    for number in 1..4 {
        served.file(&format!("Plan {number}.yml"), &text(number));
    }
    let ended = served.smokex_with(&token, ["push", "--yes"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("scope"), "{}", ended.stderr);
    assert!(ended.stdout.contains("✗ Plan 1: not applied\n– Plan 2: not tried\n"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("0 applied, 1 not, 2 not tried.\n"), "{}", ended.stdout);
    assert_eq!(served.plans().await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_there_is_nothing_to_push() {
    let served = Served::start().await;
    let ended = served.smokex(["push", "--yes", "--delete"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("There is no folder .smokex here or above."), "{}", ended.stderr);
}

//! `smokex pull`.

use reqwest::Method;

use super::served::Served;

fn text(number: u32) -> String {
    format!("- get: {{ url: \"https://example.com/{number}\" }}\n")
}

fn named(name: &str, number: u32) -> String {
    format!("name: {name:?}\nsteps:\n  {}", text(number))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_has_comes_into_the_folder_and_nothing_differs_then() {
    let served = Served::start().await;
    served.plan("Players", &text(1)).await;
    served.plan("", &named("Log in: then out", 2)).await;
    let ended = served.smokex(["pull"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.stdout.ends_with("2 new, 0 changed, 0 unchanged.\n"), "{}", ended.stdout);
    assert_eq!(served.read("Players.yml"), text(1));
    assert_eq!(served.read("Log in%3A then out.yml"), named("Log in: then out", 2));
    let ended = served.smokex(["pull"]).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "0 new, 0 changed, 2 unchanged.\n"));
    let ended = served.smokex(["push", "--dry-run", "--delete"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_name_of_a_plan_leads_out_of_the_folder_and_each_has_its_file() {
    let served = Served::start().await;
    let names = [
        "../../escaped",
        "/tmp/escaped",
        r"..\escaped",
        "..",
        "CON",
        "nul.yml",
        ".hidden",
        "-rf",
        "a:b",
        "a\u{202e}lmy.exe",
        "100%",
        "%2e%2e",
        "~",
        "🔥",
    ];
    for name in names {
        served.plan(name, &text(1)).await;
    }
    // Their texts say who they are, for their files cannot where case does not count.
    for name in ["Players", "players", "PLAYERS", &"/".repeat(120)] {
        served.plan("", &named(name, 1)).await;
    }
    let ended = served.smokex(["pull"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.stdout.contains('\u{202e}'), "{}", ended.stdout);
    let content = served.here.content();
    assert_eq!(content.len(), 1 + names.len() + 4, "{content:?}");
    assert!(content[1..].iter().all(|path| path.starts_with(".smokex/") && path.ends_with(".yml")), "{content:?}");
    assert!(content[1..].iter().all(|path| !path[8..].starts_with(['.', '-', '~'])), "{content:?}");
    let mut folded: Vec<String> = content.iter().map(|path| path.to_lowercase()).collect();
    folded.dedup();
    assert_eq!(folded.len(), content.len());
    let ended = served.smokex(["push", "--dry-run", "--delete"]).await;
    assert_eq!(ended.code, Some(0), "each is found again: {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_no_file_can_tell_from_another_is_left_out_and_told() {
    let served = Served::start().await;
    served.plan("Players", &text(1)).await;
    served.plan("PLAYERS", &text(2)).await;
    let ended = served.smokex(["pull", "--yes"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("is left out: the name of a file cannot hold its name"), "{}", ended.stderr);
    assert_eq!(served.here.content().len(), 2, "{:?}", served.here.content());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_holds_a_plan_is_the_one_that_is_updated_whatever_it_is_called() {
    let served = Served::start().await;
    served.file("mine.yml", &named("Players", 1));
    served.plan("", &named("Players", 2)).await;
    let ended = served.smokex(["pull", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(served.read("mine.yml"), named("Players", 2));
    assert_eq!(served.here.content(), [".smokex", ".smokex/mine.yml"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_anybody_to_ask_nothing_is_overwritten() {
    let served = Served::start().await;
    served.file("Players.yml", &text(1));
    served.file("Mine.yml", &text(7));
    served.plan("Players", &text(2)).await;
    served.plan("Orders", &text(3)).await;
    let ended = served.smokex(["pull"]).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for line in ["-- get: { url: \"https://example.com/1\" }", "+- get: { url: \"https://example.com/2\" }"] {
        assert!(ended.stdout.contains(line), "{line}: {}", ended.stdout);
    }
    assert!(ended.stdout.contains(".smokex/Mine.yml: Mine is not on the server"), "{}", ended.stdout);
    assert!(ended.stderr.contains("Say --yes."), "{}", ended.stderr);
    let files = [served.read("Players.yml"), served.read("Orders.yml"), served.read("Mine.yml")];
    assert_eq!(files, [text(1), text(3), text(7)], "what was not there is written all the same");
    let ended = served.smokex(["pull", "--yes"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!([served.read("Players.yml"), served.read("Mine.yml")], [text(2), text(7)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sits_at_the_terminal_decides() {
    let served = Served::start().await;
    served.file("Players.yml", &text(1));
    served.plan("Players", &text(2)).await;
    for (answer, code, holds) in [("n\n", 1, text(1)), ("\n", 1, text(1)), ("y\n", 0, text(2))] {
        let mut terminal = served.terminal(["pull"]);
        terminal.until("Overwrite 1 file? [y/N]");
        terminal.types(answer);
        assert_eq!(terminal.ended(), Some(code), "{answer:?}");
        let seen = terminal.seen();
        assert!(seen.contains("\u{1b}[32m+- get"), "in color: {seen}");
        assert_eq!(served.read("Players.yml"), holds, "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_plans_of_one_name_are_told_with_their_ids_and_nothing_is_written() {
    let served = Served::start().await;
    let (one, other) = (served.plan("Players", &text(1)).await, served.plan("Players", &text(2)).await);
    served.plan("Orders", &text(3)).await;
    let ended = served.smokex(["pull", "--yes"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains(&one) && ended.stderr.contains(&other), "{}", ended.stderr);
    assert_eq!(served.here.content(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_plan_any_more_is_mended() {
    let served = Served::start().await;
    served.plan("", &named("Players", 1)).await;
    assert_eq!(served.smokex(["pull"]).await.code, Some(0));
    served.file("Players.yml", "name: Players\nsteps: [\n");
    assert_eq!(served.smokex(["pull"]).await.code, Some(1));
    assert_eq!(served.smokex(["pull", "--yes"]).await.code, Some(0));
    assert_eq!(served.read("Players.yml"), named("Players", 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn more_plans_than_one_page_of_the_list_all_come() {
    let served = Served::start().await;
    for number in 0..105 {
        served.plan(&format!("Plan {number}"), &text(number)).await;
    }
    let ended = served.smokex(["pull"]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(served.here.content().len(), 106);
    assert_eq!(served.api(Method::GET, "plans?limit=1", None).await["items"].as_array().unwrap().len(), 1);
}

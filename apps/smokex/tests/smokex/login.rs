//! `smokex login` and `smokex logout`.

use domain::Scope;

use super::{program::Ended, served::Served, terminal::Terminal};

const KEPT: &str = "config/smokex/credentials.json";

/// Types a command with a home of one's own and no token in the environment.
async fn at_home(served: &Served, arguments: &[&str], input: &str) -> Ended {
    let config = served.here.path().join("config").display().to_string();
    served.here.run_with(arguments, &[("XDG_CONFIG_HOME", &config)], input).await
}

fn kept(served: &Served) -> bool {
    served.here.path().join(KEPT).exists()
}

fn terminal(served: &Served) -> Terminal {
    let home = served.here.path().display().to_string();
    let command = served.here.command(["login", "--server", &served.origin], &[("HOME", &home)]);
    Terminal::start(command)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_kept_for_its_owner_alone_and_used_from_then_on() {
    let served = Served::start().await;
    let ended = at_home(&served, &["login", "--server", &served.origin], &format!("{}\n", served.token)).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let organization = served.member.organization_name.to_string();
    for text in [served.origin.as_str(), &organization, "scope         write", "expires       never", KEPT] {
        assert!(ended.stdout.contains(text), "{text}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains(&served.token) && !ended.stderr.contains(&served.token), "{ended:?}");
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(served.here.path().join(KEPT)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ended = at_home(&served, &["pull"], "").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");

    let ended = at_home(&served, &["logout"], "").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!kept(&served));
    assert_eq!(at_home(&served, &["pull"], "").await.code, Some(2));
    assert_eq!(at_home(&served, &["logout"], "").await.code, Some(0), "twice does no harm");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_good_token_is_not_kept() {
    let served = Served::start().await;
    let (revoked, id) = served.token(Scope::Write).await;
    served.store.revoke_token(served.member.tenant(), id).await.unwrap();
    for (typed, text) in [
        (revoked.as_str(), "Log in with `smokex login`"),
        (&format!("smx_{}", "0".repeat(64)), "Log in with `smokex login`"),
        ("hunter2", "one begins with smx_"),
        ("", "No token came"),
    ] {
        let ended = at_home(&served, &["login", "--server", &served.origin], typed).await;
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(ended.stderr.contains(text), "{text}: {}", ended.stderr);
        assert!(!kept(&served));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_later_is_told() {
    let served = Served::start().await;
    let (token, id) = served.token(Scope::Write).await;
    let ended = at_home(&served, &["login", "--server", &served.origin], &token).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    served.store.revoke_token(served.member.tenant(), id).await.unwrap();
    let ended = at_home(&served, &["pull"], "").await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("Log in with `smokex login`, or set SMOKEX_TOKEN."), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_does_not_show_the_token_and_shows_again_what_is_typed_afterwards() {
    let served = Served::start().await;
    let mut terminal = terminal(&served);
    terminal.until("Token for ");
    assert!(!terminal.echoes());
    terminal.types(&format!("{}\n", served.token));
    assert_eq!(terminal.ended(), Some(0));
    assert!(terminal.echoes());
    let seen = terminal.seen();
    assert!(seen.contains("Logged in to ") && !seen.contains(&served.token), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gives_up_at_the_question_gets_the_terminal_back() {
    let served = Served::start().await;
    let mut terminal = terminal(&served);
    terminal.until("Token for ");
    terminal.interrupt();
    assert_eq!(terminal.ended(), Some(130));
    assert!(terminal.echoes());
    assert_eq!(served.here.content(), Vec::<String>::new());
}

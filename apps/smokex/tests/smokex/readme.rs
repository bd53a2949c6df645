//! What the README promises.

use super::program::Folder;

const README: &str = include_str!("../../../../README.md");

/// The first block of this kind.
fn block(kind: &str) -> &'static str {
    let start = README.split(&format!("```{kind}\n")).nth(1).expect("the README has such a block");
    start.split("```").next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn its_first_plan_passes_on_the_demo_endpoints() {
    let folder = Folder::new();
    let demo = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut running = folder.start::<&str>([], &[("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", &demo)]);
    running.origin();
    folder.file("plan.yml", block("yaml"));
    let ended = folder.run(["run", "plan.yml", "--var", &format!("base=http://{demo}")]).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_file_of_figures_can_be_used() {
    let folder = Folder::new();
    folder.file("tiers.yml", block("yml"));
    let ended = folder.run_with(["migrate"], &[("TIERS", "tiers.yml"), ("TIER", "free")], "").await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn its_table_names_every_variable_that_is_read() {
    let sources = [
        include_str!("../../../shared/runtime/src/config/billing.rs"),
        include_str!("../../../shared/runtime/src/config/database.rs"),
        include_str!("../../../shared/runtime/src/config/execution.rs"),
        include_str!("../../../shared/runtime/src/config/key_source.rs"),
        include_str!("../../../shared/runtime/src/config/logging.rs"),
        include_str!("../../../shared/runtime/src/config/mail.rs"),
        include_str!("../../../shared/runtime/src/config/metrics.rs"),
        include_str!("../../../shared/runtime/src/config/serving.rs"),
        include_str!("../../../shared/runtime/src/config/tiers.rs"),
        include_str!("../../../shared/runtime/src/var_dir.rs"),
    ];
    let is_name = |text: &str| text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let mut names: Vec<&str> =
        sources.iter().flat_map(|source| source.split('"')).filter(|text| is_name(text)).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() >= 22, "{names:?}");
    for name in names {
        assert!(README.contains(&format!("| `{name}` |")), "{name} is missing");
    }
}

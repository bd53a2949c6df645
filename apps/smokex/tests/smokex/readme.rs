//! What the README promises.

use super::program::Folder;
#[cfg(unix)]
use super::served::Served;

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

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn its_commands_for_plans_as_code_do_what_it_says() {
    let served = Served::start().await;
    served.plan("Players", "- get: { url: \"https://smokex.invalid/\" }\n").await;
    let section =
        README.split("## Plans as code").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a section");
    let blocks: Vec<&str> = section.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let program = env!("CARGO_BIN_EXE_smokex");
    for block in blocks {
        // Each line alone, with the code of its end behind it. Nothing answers there, so runs end with 1.
        let lines = block.lines().map(|line| format!("{line}\necho \"code $?\"\n")).collect::<String>();
        let script = lines.replace("https://smokex.example.com", &served.origin).replace("smokex ", "\"$PROGRAM\" ");
        let mut shell = std::process::Command::new("sh");
        shell.arg("-c").arg(script).current_dir(served.here.path()).env_clear();
        shell.env("PROGRAM", program).env("HOME", served.here.path()).env("TOKEN", &served.token);
        let token = served.token.clone();
        let output = tokio::task::spawn_blocking(move || output(shell, &token)).await.expect("no panic");
        let codes: Vec<&str> = output.lines().filter_map(|line| line.strip_prefix("code ")).collect();
        let expected =
            if block.contains("login") { ["0", "0", "0", "0", "1"].as_slice() } else { &["0", "0", "1", "0"] };
        assert_eq!(codes, expected, "{output}");
    }
    assert!(served.here.content().contains(&"results.xml".to_owned()), "{:?}", served.here.content());
}

/// What a command prints, given this to read.
#[cfg(unix)]
fn output(mut command: std::process::Command, input: &str) -> String {
    use std::{io::Write, process::Stdio};
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("there is a shell");
    writeln!(child.stdin.take().expect("it is a pipe"), "{input}").expect("it is read");
    String::from_utf8(child.wait_with_output().expect("it ends").stdout).expect("it is text")
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

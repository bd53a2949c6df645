//! `smokex check`.

use super::program::Folder;

#[tokio::test(flavor = "multi_thread")]
async fn every_mistake_of_every_plan_is_told_at_once() {
    let folder = Folder::new();
    folder.file("good.yml", "- get: { url: \"https://example.com/${FROM_OUTSIDE}\" }\n");
    folder.file("bad.yml", "- get:\n    urll: x\n    options: { timeout: soon }\n- fetch: {}\n");
    let ended = folder.run(["check", "good.yml", "bad.yml"]).await;
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "good.yml: 1 step, 1 warning\n");
    for place in ["bad.yml:2:5", "bad.yml:3:", "bad.yml:4:3", "good.yml:1:"] {
        assert!(ended.stderr.contains(place), "{place}: {}", ended.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn good_plans_end_with_0() {
    let folder = Folder::new();
    let plan = "- get: { url: https://example.com }\n- post: { url: https://example.com }\n";
    let ended = folder.run_with(["check", "-"], &[], plan).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "-: 2 steps, no mistakes\n"), "{}", ended.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_texts_are_refused_with_their_place_and_at_once() {
    let folder = Folder::new();
    let megabyte = format!("- get: {{ url: \"{}\" }}\n", "x".repeat(1 << 20));
    for (name, text) in [
        ("brackets", "[".repeat(20_000).into_bytes()),
        ("long", megabyte.into_bytes()),
        ("encoding", b"- get: { url: \"\xff\" }\n".to_vec()),
        ("twice", b"- get: { url: a, url: b }\n".to_vec()),
    ] {
        folder.file(name, text);
        let ended = folder.run(["check", name]).await;
        assert_eq!(ended.code, Some(2), "{name}: {ended:?}");
        assert!(ended.stderr.contains(&format!("--> {name}:1:")), "{name}: {}", ended.stderr);
        assert!(ended.stderr.len() < 20_000, "{name}: the text is not repeated whole");
    }
}

//! A run that somebody stops.

use testkit::target::{Gate, Reply, Target};

use super::program::Folder;

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_run_tells_what_it_knows_cleans_up_and_ends_with_3() {
    let (folder, target) = (Folder::new(), Target::start().await);
    let gate = Gate::new();
    target.on("GET /slow", Reply::ok().after(&gate)).on("DELETE /order", Reply::ok());
    folder.file(
        "plan.yml",
        format!(
            "steps:\n  - get: {{ url: \"{slow}\", options: {{ timeout: 1m }} }}\n  - get: {{ url: \"{slow}\" }}\n\
             finally:\n  - delete: {{ url: \"{order}\" }}\n",
            slow = target.url("/slow"),
            order = target.url("/order")
        ),
    );
    let running = folder.start(["run", "plan.yml"], &[]);
    target.received(1).await;
    running.signal("INT");
    let ended = tokio::task::spawn_blocking(|| running.end()).await.unwrap();
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert!(ended.stdout.contains("cancelled: "), "{}", ended.stdout);
    let last = target.requests().pop().unwrap();
    assert_eq!((last.method.as_str(), last.target.as_str()), ("DELETE", "/order"), "`finally` ran");
}

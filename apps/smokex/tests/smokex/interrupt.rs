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

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_does_not_wait_for_the_cleaning_up() {
    let (folder, target) = (Folder::new(), Target::start().await);
    let gate = Gate::new();
    target.on("GET /slow", Reply::ok().after(&gate)).on("DELETE /slow", Reply::ok().after(&gate));
    let url = target.url("/slow");
    let options = "options: { timeout: 1m }";
    let plan = format!(
        "steps:\n  - get: {{ url: \"{url}\", {options} }}\nfinally:\n  - delete: {{ url: \"{url}\", {options} }}\n"
    );
    folder.file("plan.yml", plan);
    let running = folder.start(["run", "plan.yml"], &[]);
    target.received(1).await;
    running.signal("INT");
    target.received(2).await;
    running.signal("INT");
    let ended = tokio::task::spawn_blocking(|| running.end()).await.expect("no panic");
    assert_eq!(ended.code, Some(130), "{ended:?}");
}

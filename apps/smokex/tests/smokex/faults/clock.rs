//! The clock of the machine steps by an hour, forth and back: nothing comes twice, nothing is left out.
//!
//! libfaketime shows the processes another time. The changes of summer time are no matter of processes: the
//! tests of the crate `domain` try them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use testkit::TestDatabase;

use super::{
    fleet::pass,
    form::Form,
    world::{Setting, World},
};

/// What is shown instead of the time, by a file that may change.
struct FakeTime {
    library: PathBuf,
    folder: tempfile::TempDir,
}

impl FakeTime {
    /// None if libfaketime is not installed.
    fn new() -> Option<Self> {
        let inside = |folder: &Path| {
            let entries = fs::read_dir(folder).ok()?.flatten();
            entries.map(|entry| entry.path().join("faketime/libfaketime.so.1")).find(|path| path.exists())
        };
        let direct = ["/usr/lib", "/usr/lib64"].map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
        let library = inside(Path::new("/usr/lib")).or_else(|| direct.into_iter().find(|path| path.exists()))?;
        let time = Self { library, folder: tempfile::tempdir().expect("a temporary folder can be made") };
        time.show("+0");
        Some(time)
    }

    /// Steps the clock to so much before or after the real time.
    fn show(&self, offset: &str) {
        let next = self.folder.path().join("next");
        fs::write(&next, format!("{offset}\n")).expect("the folder can be written");
        fs::rename(next, self.file()).expect("the folder can be written");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("time")
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file().display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            // A machine's monotonic clock does not step.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
    }
}

/// Steps forth and back, and ends with the real time.
fn step_often(world: &mut World, time: &FakeTime, steps: usize) {
    for step in 0..steps {
        pass(world.form.moment(1200..2500));
        time.show(["+1h", "+0", "-1h", "+0"][step % 4]);
    }
    pass(world.form.moment(500..1500));
    time.show("+0");
}

/// The processes' clocks step; the database's, by which everything is due, does not.
#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_of_processes_over_postgresql_do_not_matter() {
    let Some(time) = FakeTime::new() else { return eprintln!("SKIPPED: libfaketime is not installed") };
    let form = Form::from_env();
    let steps = form.of(4, 24);
    let setting =
        Setting { variables: time.variables(), ..Setting::of(&["web", "scheduler", "scheduler", "executor"], 5) };
    let mut world = World::new(form, TestDatabase::postgres().await, setting).await;
    world.keep_calendar(3, "1s", None).await;
    world.load(Duration::from_millis(100));
    world.accepts(5).await;
    tokio::task::block_in_place(|| step_often(&mut world, &time, steps));
    let figures = world.judge("clock steps of 1 h of the processes over PostgreSQL", steps).await;
    assert_eq!(figures.broken_off, 0, "leases last by the database's time");
}

/// Over SQLite the process's clock is the database's.
#[tokio::test(flavor = "multi_thread")]
async fn a_machine_whose_clock_steps_makes_no_due_time_twice() {
    let Some(time) = FakeTime::new() else { return eprintln!("SKIPPED: libfaketime is not installed") };
    let form = Form::from_env();
    let steps = form.of(4, 24);
    let setting = Setting { variables: time.variables(), ..Setting::of(&["serve"], 5) };
    let mut world = World::new(form, TestDatabase::sqlite().await, setting).await;
    // By the clock on the wall, a run that was under way may have taken an hour.
    world.excuses.push("it may take no longer than");
    world.keep_calendar(3, "1m", None).await;
    world.load(Duration::from_millis(100));
    world.accepts(5).await;
    tokio::task::block_in_place(|| step_often(&mut world, &time, steps));
    world.judge("clock steps of 1 h of serve over SQLite", steps).await;
}

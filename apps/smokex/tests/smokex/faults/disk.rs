//! The disk is full under load: the program says so, stays alive, and goes on when there is room again.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use testkit::TestDatabase;

use super::{
    super::program::PATIENCE,
    fleet::pass,
    form::Form,
    world::{Setting, World},
};

/// Enough for what is there at the beginning and a good many runs, and little enough to be filled.
const SIZE: &str = "16m";

/// A small file system in memory, mounted where only its own processes see it.
struct SmallDisk {
    /// Keeps it; ends when its standard input does.
    holder: Child,
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts it over a folder, or says why that cannot be had.
    fn mount(folder: &Path) -> Result<Self, String> {
        let script = r#"mount -t tmpfs -o "size=$1" smokex "$0" && echo mounted && exec cat"#;
        let mut holder = Command::new("unshare")
            .args(["--user", "--map-root-user", "--mount", "sh", "-c", script])
            .arg(folder)
            .arg(SIZE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut line = String::new();
        let mut stdout = BufReader::new(holder.stdout.take().expect("it is a pipe"));
        let read = stdout.read_line(&mut line).map_err(|error| error.to_string());
        let disk = Self { holder, folder: folder.to_owned() };
        if read? == 0 { Err("no namespace, or no mount in it".to_owned()) } else { Ok(disk) }
    }

    /// The folder as its own processes see it.
    fn inside(&self) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.holder.id()));
        root.join(self.folder.strip_prefix("/").expect("it is absolute"))
    }

    /// Takes every byte that is free.
    fn fill(&self) {
        let mut file =
            fs::OpenOptions::new().append(true).create(true).open(self.filler()).expect("a file can be made");
        for size in [1 << 16, 1 << 10, 1] {
            while file.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives it back.
    fn clear(&self) {
        fs::remove_file(self.filler()).expect("the file is there");
    }

    fn filler(&self) -> PathBuf {
        self.inside().join("filler")
    }

    /// Copies what is on it to the folder as everybody else sees it, which then holds nothing else.
    fn move_out(&self) {
        let copy = |from: &Path, to: &Path| {
            for entry in fs::read_dir(from).expect("it can be read").flatten() {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("it can be copied");
            }
        };
        for old in fs::read_dir(&self.folder).expect("it can be read").flatten() {
            fs::remove_file(old.path()).expect("it can be removed");
        }
        copy(&self.inside(), &self.folder);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Starts runs until one is refused: SQLite's log may have some room of its own left.
async fn until_refused(world: &World, runs: &str) {
    let began = Instant::now();
    while let Some(location) = world.browser.try_submit(runs).await {
        world.accepted.add(&location);
        assert!(began.elapsed() < PATIENCE, "runs are still accepted with a full disk");
    }
    let status = world.browser.post(runs, &[]).await.status();
    assert!(status.is_server_error(), "with a full disk it answers {status}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_disk_is_full_says_so_and_goes_on_when_there_is_room_again() {
    let form = Form::from_env();
    let (times, lasts) = form.of((1, Duration::from_secs(8)), (5, Duration::from_secs(15)));
    // Everybody else finds another database under the same name, until what is on the small disk is moved there.
    let database = TestDatabase::sqlite().await;
    let folder =
        Path::new(database.url().trim_start_matches("sqlite:")).parent().expect("it is in a folder").to_owned();
    let disk = match SmallDisk::mount(&folder) {
        Ok(disk) => disk,
        Err(problem) => return eprintln!("SKIPPED: a full disk cannot be tried here: {problem}"),
    };
    let setting = Setting { within: Some(disk.holder.id()), ..Setting::of(&["serve"], 60) };
    let mut world = World::new(form, database, setting).await;
    world.load(Duration::from_millis(50));
    for _ in 0..times {
        world.accepts(20).await;
        let origin = world.origin();
        tokio::task::block_in_place(|| disk.fill());
        let runs = format!("{origin}{}/runs", world.plan);
        until_refused(&world, &runs).await;
        assert_eq!(world.browser.status(&format!("{origin}/healthz")).await, 200, "it is alive");
        assert_eq!(world.browser.status(&format!("{origin}/runs")).await, 200, "what is there can be looked at");
        tokio::task::block_in_place(|| {
            pass(lasts);
            disk.clear();
        });
        world.accepts(20).await;
        let run = world.browser.submit(&runs, &[]).await;
        world.browser.eventually(&format!("{origin}{run}"), " passed ·").await;
    }
    world.rest().await;
    tokio::task::block_in_place(|| {
        world.fleet.stop(0);
        disk.move_out();
        world.fleet.within = None;
        world.fleet.begin(0);
        world.fleet.ready(0);
    });
    assert!(world.fleet.said().contains("disk is full"), "it did not say so: {}", world.fleet.said());
    world.store = world.database.open().await;
    let figures = world.judge(&format!("disk full for {lasts:?} under load"), times).await;
    assert_eq!(figures.broken_off, 0, "what could not be recorded waited for room");
}

//! The verdict after the faults: what was lost, what was done twice, and what else is not as it should be.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, HashMap, HashSet},
    fs::OpenOptions,
    io::Write,
};

use domain::{RunId, RunState};
use store::{Member, PageRequest, RunDetail, RunFilter, RunRow, Store};

use super::{
    calendar::Calendar,
    shop::{ORDERS, Shop},
};

/// What is looked at.
pub struct Evidence<'w> {
    pub store: &'w Store,
    pub member: &'w Member,
    pub shop: &'w Shop,
    /// Runs that an answer said were accepted.
    pub accepted: &'w [RunId],
    pub calendar: &'w Calendar,
    /// See [`World::excuses`](super::world::World::excuses).
    pub excuses: &'w [&'static str],
    /// What the processes said on standard error.
    pub said: &'w str,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Figures {
    pub runs: usize,
    pub passed: usize,
    /// Runs that had to be broken off, such as one whose worker was lost while a POST was in flight.
    pub broken_off: usize,
    pub posts: u32,
    /// Due times of schedules.
    pub occurrences: usize,
    /// Those of them that found the run before not over, or nobody there in time.
    pub skipped: usize,
    lost: Vec<String>,
    doubled: Vec<String>,
    wrong: Vec<String>,
}

impl Evidence<'_> {
    /// Looks at every run, every due time, everything the shop has seen, and asks the doctor.
    pub async fn judge(&self) -> Figures {
        let Self { store, member, shop, accepted, calendar, excuses, said } = self;
        let rows = all_runs(store, member).await;
        let posts = shop.posts();
        let mut figures = Figures { runs: rows.len(), posts: shop.post_count(), ..Figures::default() };
        let known: HashSet<RunId> = rows.iter().map(|row| row.id).collect();
        figures
            .lost
            .extend(accepted.iter().filter(|run| !known.contains(run)).map(|run| format!("{run} is not there")));
        let mut tickets = HashMap::new();
        for row in &rows {
            let detail = store.run(member.tenant(), row.id).await.unwrap().expect("nobody deletes runs");
            let ticket = ticket_of(&detail);
            figures.end_of(row, ticket.as_deref(), &posts, excuses);
            if let Some(ticket) = ticket
                && let Some(other) = tickets.insert(ticket.clone(), row.id)
            {
                figures.wrong.push(format!("{} and {other} both have the ticket {ticket}", row.id));
            }
        }
        for ((path, ticket), times) in &posts {
            match tickets.get(ticket) {
                Some(run) if *times > 1 => figures.doubled.push(format!("{run} sent POST {path} {times} times")),
                Some(_) => {}
                None => figures.doubled.push(format!("POST {path} came with {ticket}, which no run has in the end")),
            }
        }
        let (occurrences, lost, doubled) = calendar.judge(store, member).await;
        figures.occurrences = occurrences;
        figures.lost.extend(lost);
        figures.doubled.extend(doubled);
        // Each run that was taken is metered once, in the transaction that ended it.
        let ended = |row: &&RunRow| row.state.is_final() && !matches!(row.state, RunState::Refused | RunState::Skipped);
        let ended = rows.iter().filter(ended).count() as u64;
        let metered: u64 = store.metered(member.tenant(), 12).await.unwrap().iter().map(|month| month.runs).sum();
        match metered.cmp(&ended) {
            Ordering::Less => figures.lost.push(format!("{metered} of {ended} runs are metered")),
            Ordering::Greater => figures.doubled.push(format!("{metered} runs are metered, and {ended} ended")),
            Ordering::Equal => {}
        }
        let findings = store.doctor().await.unwrap();
        figures.wrong.extend(findings.into_iter().map(|finding| format!("doctor: {}", finding.sentence)));
        figures.wrong.extend(said.lines().filter(|line| line.contains("panicked")).map(str::to_owned));
        figures
    }
}

impl Figures {
    fn end_of(&mut self, row: &RunRow, ticket: Option<&str>, posts: &HashMap<(String, String), u32>, excuses: &[&str]) {
        let reason = row.reason.as_deref().unwrap_or_default().to_lowercase();
        match row.state {
            RunState::Passed => {
                self.passed += 1;
                let came = |path: &&str| {
                    ticket.is_some_and(|ticket| posts.contains_key(&((*path).to_owned(), ticket.to_owned())))
                };
                let missing = ORDERS.iter().filter(|path| !came(path));
                self.lost.extend(missing.map(|path| format!("{} passed, but its POST {path} never came", row.id)));
            }
            RunState::Errored if excuses.iter().any(|excuse| reason.contains(excuse)) => self.broken_off += 1,
            RunState::Skipped => self.skipped += 1,
            state if state.is_final() => self.wrong.push(format!("{} {state}: {reason}", row.id)),
            state => self.lost.push(format!("{} is still {state}", row.id)),
        }
    }

    /// Prints one line, and adds it to the file `FAULTS_REPORT`, if that is set.
    ///
    /// # Panics
    /// If anything is not as it should be.
    pub fn tell(self, scenario: &str, faults: usize, seed: u64) -> Self {
        let counted = |what: &[String]| if what.is_empty() { "nothing".to_owned() } else { what.len().to_string() };
        let Self { runs, passed, broken_off, posts, occurrences, skipped, .. } = self;
        let (lost, doubled) = (counted(&self.lost), counted(&self.doubled));
        let line = format!(
            "{scenario}: {faults} faults; {runs} runs ({passed} passed, {broken_off} broken off, {skipped} skipped), \
             {occurrences} of them scheduled; {posts} POSTs; lost: {lost}, doubled: {doubled} (FAULTS_SEED={seed})"
        );
        eprintln!("{line}");
        if let Some(report) = std::env::var_os("FAULTS_REPORT") {
            let mut file = OpenOptions::new().append(true).create(true).open(report).expect("FAULTS_REPORT is a file");
            let (lost, doubled) = (self.lost.len(), self.doubled.len());
            writeln!(file, "{faults}\t{lost}\t{doubled}\t{line}").expect("FAULTS_REPORT can be written");
        }
        let problems = BTreeMap::from([("lost", &self.lost), ("doubled", &self.doubled), ("wrong", &self.wrong)]);
        assert!(problems.values().all(|found| found.is_empty()), "{line}\n{problems:#?}");
        assert!(passed > 0, "nothing passed, so nothing was shown");
        self
    }
}

/// What the run was given by its first step.
fn ticket_of(detail: &RunDetail) -> Option<String> {
    let first = detail.steps.first().filter(|step| step.position == 0)?;
    let report = first.report().expect("a report can be read")?;
    let ticket = report.captures.iter().find(|capture| capture.name == "ticket")?;
    ticket.value.as_str().map(str::to_owned)
}

async fn all_runs(store: &Store, member: &Member) -> Vec<RunRow> {
    let (mut rows, mut page) = (Vec::new(), PageRequest { size: 100, ..PageRequest::default() });
    loop {
        let filter = RunFilter { page, ..RunFilter::default() };
        let found = store.runs(member.tenant(), filter).await.unwrap();
        rows.extend(found.items);
        let Some(next) = found.next else { return rows };
        page.after = Some(next);
    }
}

//! Any text as a schedule, its fields with `|` between them: checking neither panics nor hangs, and what is taken
//! keeps its promises, also after an outage.

#![no_main]

use domain::{
    ScheduleId, Tiers,
    schedule::{CatchUp, Fate, ScheduleDraft, State, Timetable, due},
};
use jiff::{SignedDuration, Timestamp};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fuzz_target!(|text: &str| {
    let mut fields = text.split('|').map(str::to_owned);
    let mut field = || fields.next().unwrap_or_default();
    let draft = ScheduleDraft {
        kind: match field().as_str() {
            "a" => "at".to_owned(),
            "e" => "every".to_owned(),
            _ => "cron".to_owned(),
        },
        cron: field(),
        interval: field(),
        jitter: field(),
        at: field(),
        zone: field(),
        after: field(),
        before: field(),
        repeats: field(),
        tags: field(),
        variables: field(),
        name: field(),
        ..ScheduleDraft::default()
    };
    let now = Timestamp::from_second(1_795_212_600).expect("a time of this century");
    let limits = &Tiers::default().enterprise;
    let names = ["base".to_owned()];
    let schedule = match draft.check(now, limits, &names) {
        Ok(schedule) => schedule,
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| !problem.message.is_empty()));
            return;
        }
    };
    let again = ScheduleDraft::of(&schedule, now).check(now, limits, &names);
    assert_eq!(again.as_ref(), Ok(&schedule));
    let table = &schedule.timetable;
    let json = serde_json::to_string(table).expect("a timetable has a form in JSON");
    assert_eq!(&serde_json::from_str::<Timetable>(&json).expect("what was written is read"), table);
    assert!(!table.sentence().is_empty());
    let _ = table.clock_change(now);
    assert!(table.shortest_interval(now).is_none_or(|shortest| shortest >= limits.shortest_interval));

    let seed = ScheduleId(Uuid::from_u128(7));
    let times = table.upcoming(seed, 0, now, 20);
    assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
    let first = *times.first().expect("a schedule that never comes is refused");
    assert!(first > now);
    for outage in [0, 59, 3600, 86_400 * 400] {
        let Ok(late) = first.checked_add(SignedDuration::from_secs(outage)) else { continue };
        for catch_up in CatchUp::ALL {
            let state = State { timetable: table.clone(), catch_up: *catch_up, seed, fired: 0, next_due_at: first };
            let found = due(&state, late);
            assert!(!found.occurrences.is_empty() && found.occurrences.len() <= 200);
            assert!(found.occurrences.windows(2).all(|pair| pair[0].due_at < pair[1].due_at));
            assert!(found.occurrences.iter().all(|occurrence| occurrence.due_at <= late));
            assert!(found.next.is_none_or(|next| next > late));
            let runs = found.occurrences.iter().filter(|o| matches!(o.fate, Fate::Run { .. })).count();
            assert!(runs > 0 || *catch_up == CatchUp::None);
            assert!(found.fired as usize >= found.occurrences.len());
        }
    }
});

//! A schedule as JSON: what is sent to make or change one, and how it is told.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    Limits,
    schedule::{self, CatchUp, CheckedSchedule, FieldProblem, Overlap, ScheduleDraft, Timetable},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    api::variables::mistakes,
    error::{FieldError, WebError},
};

/// A schedule to be made or saved. What only reading tells may be sent back with it, and is not looked at.
#[derive(Deserialize, ToSchema)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(super) struct ScheduleToSave {
    /// What it is called, 120 characters at most; without a name it is called what it does.
    #[serde(default)]
    name: String,
    timing: Timing,
    /// The name of a time zone, such as `Europe/Berlin`.
    #[serde(default)]
    #[schema(default = "UTC")]
    zone: String,
    /// Nothing is due before this time: RFC 3339, or a local time of the zone such as `2026-12-24 18:00`.
    after: Option<String>,
    /// Nothing is due at this time or later.
    before: Option<String>,
    /// What is made up for after an outage.
    #[serde(default)]
    #[schema(value_type = CatchUp, default = "latest")]
    catch_up: String,
    /// What happens if the run before is still going.
    #[serde(default)]
    #[schema(value_type = Overlap, default = "skip")]
    overlap: String,
    /// Words by which it is paused, resumed and deleted together with others: 20 at most, of letters, digits and
    /// `._:-`. Capital letters become small.
    #[serde(default)]
    tags: Vec<String>,
    /// Values of the plan's variables.
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

/// When it is due: one of `cron`, `every` and `at`.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = ScheduleTiming)]
pub(super) struct Timing {
    /// Five fields, or `@daily` and the like; in the schedule's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("0 9 * * 1-5"))]
    cron: Option<String>,
    /// A length of time in whole seconds, such as `5m` or `1h30m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples("5m"))]
    every: Option<String>,
    /// With `every`: how much later than its nominal time each may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    jitter: Option<String>,
    /// With `every`: the first nominal time. Without it `after`, or now.
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    /// These times, 100 at most: RFC 3339, or local times of the schedule's zone. Those that have passed are not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(examples(json!(["2030-12-24T18:00:00Z"])))]
    at: Option<Vec<String>>,
    /// How many times it is due in all; without it for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    repeats: Option<u32>,
}

/// What only reading tells.
const TOLD: [&str; 11] = [
    "id",
    "plan",
    "sentence",
    "next_due_at",
    "paused",
    "over_limit",
    "fired",
    "last_run",
    "author",
    "created_at",
    "updated_at",
];

impl<'de> Deserialize<'de> for ScheduleToSave {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Map::<String, Value>::deserialize(deserializer)?;
        fields.retain(|name, _| !TOLD.contains(&name.as_str()));
        // The function that `remote` makes, not this one.
        Self::deserialize(Value::Object(fields)).map_err(D::Error::custom)
    }
}

impl ScheduleToSave {
    /// Checks every field, as the form does.
    pub(super) fn check(
        self,
        now: Timestamp,
        limits: &Limits,
        plan_variables: &[String],
    ) -> Result<CheckedSchedule, WebError> {
        let mistakes = mistakes(&self.variables, plan_variables);
        let variables = self.variables.clone();
        // What the tier does not allow is no mistake in a field here.
        let any = Limits { shortest_interval: Duration::ZERO, ..limits.clone() };
        let checked = match self.draft().and_then(|draft| draft.check(now, &any, &[])) {
            Ok(checked) if mistakes.is_empty() => checked,
            outcome => {
                let fields: Vec<_> = outcome.err().into_iter().flatten().map(at_field).chain(mistakes).collect();
                let detail = fields.first().map(|first| first.message.clone()).unwrap_or_default();
                return Err(WebError::Invalid { detail, fields, diagnostics: Vec::new() });
            }
        };
        limits.allow_timetable(&checked.timetable, now).map_err(|over| WebError::OverLimit(over.to_string()))?;
        Ok(CheckedSchedule { variables, ..checked })
    }

    /// In the words of the form, without the variables: as lines of text not every value would be what it is.
    fn draft(self) -> Result<ScheduleDraft, Vec<FieldProblem>> {
        let Timing { cron, every, jitter, start, at, repeats } = self.timing;
        let wrong = |message: &str| vec![FieldProblem { field: "kind", message: message.to_owned() }];
        if every.is_none() && (jitter.is_some() || start.is_some()) {
            return Err(wrong("Only what comes `every` so often has `jitter` and `start`."));
        }
        let timing = match (cron, every, at) {
            (Some(cron), None, None) => ScheduleDraft { kind: "cron".to_owned(), cron, ..ScheduleDraft::default() },
            (None, Some(interval), None) => ScheduleDraft {
                kind: "every".to_owned(),
                interval,
                jitter: jitter.unwrap_or_default(),
                start: start.unwrap_or_default(),
                ..ScheduleDraft::default()
            },
            (None, None, Some(at)) => {
                ScheduleDraft { kind: "at".to_owned(), at: at.join("\n"), ..ScheduleDraft::default() }
            }
            _ => return Err(wrong("Say when it is due: `cron`, `every` or `at`, one of them.")),
        };
        Ok(ScheduleDraft {
            name: self.name,
            zone: self.zone,
            after: self.after.unwrap_or_default(),
            before: self.before.unwrap_or_default(),
            repeats: repeats.map(|repeats| repeats.to_string()).unwrap_or_default(),
            tags: self.tags.join(" "),
            catch_up: self.catch_up,
            overlap: self.overlap,
            variables: String::new(),
            ..timing
        })
    }
}

/// The problem at the field of the JSON.
fn at_field(FieldProblem { field, message }: FieldProblem) -> FieldError {
    let field = match field {
        "kind" => "timing",
        "cron" => "timing.cron",
        "interval" => "timing.every",
        "jitter" => "timing.jitter",
        "start" => "timing.start",
        "at" => "timing.at",
        "repeats" => "timing.repeats",
        other => other,
    };
    FieldError { field, message }
}

impl Timing {
    /// As it can be sent back: of given times those to come.
    pub(super) fn of(timetable: &Timetable, now: Timestamp) -> Self {
        let timing = match &timetable.timing {
            schedule::Timing::Cron(cron) => Self { cron: Some(cron.to_string()), ..Self::default() },
            schedule::Timing::Every { interval, jitter, start } => Self {
                every: Some(interval.to_string()),
                jitter: (*jitter != schedule::Interval::ZERO).then(|| jitter.to_string()),
                start: Some(start.to_string()),
                ..Self::default()
            },
            schedule::Timing::At(times) => {
                let to_come = times.iter().filter(|at| **at > now).map(Timestamp::to_string);
                Self { at: Some(to_come.collect()), ..Self::default() }
            }
        };
        Self { repeats: timetable.repeats, ..timing }
    }
}

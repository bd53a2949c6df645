//! The steps of a run's page: one line each, and the chosen one with everything about it.

use domain::{Elapsed, StepReport, StepState, report::Attempt};
use jiff::Timestamp;
use serde::Deserialize;
use store::StepRow;

use crate::{
    error::WebError,
    pages::plan,
    show::waterfall::{Scale, Span, Stretch, in_words},
};

/// A step in the list.
pub(crate) struct Line {
    /// Counted from one, over the steps and those of `finally`.
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) state: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) duration: Option<Elapsed>,
    pub(crate) stretches: Vec<Stretch>,
    pub(crate) label: String,
    /// Whether the steps of `finally` begin here.
    pub(crate) begins_finally: bool,
    pub(crate) is_chosen: bool,
}

impl Line {
    /// Whether it is called something else than what it asks for.
    pub(crate) fn has_name(&self) -> bool {
        is_named(&self.name, &self.method, &self.url)
    }

    /// The URL without scheme and host, where it has more than these: lines are short.
    pub(crate) fn place(&self) -> &str {
        let Some((_, rest)) = self.url.split_once("://") else { return &self.url };
        rest.find(['/', '?']).map_or(rest, |start| &rest[start..])
    }

    pub(crate) fn was_run(&self) -> bool {
        !matches!(self.state, "pending" | "running" | "action_needed" | "skipped")
    }
}

fn is_named(name: &str, method: &str, url: &str) -> bool {
    name.split_once(' ') != Some((method, url))
}

/// What a line needs of a report: bodies and expectations are passed over unread.
#[derive(Deserialize)]
struct Brief {
    name: String,
    method: String,
    url: String,
    started_at: Option<Timestamp>,
    duration: Elapsed,
    status: Option<u16>,
    #[serde(default)]
    slow: bool,
    attempts: Vec<Attempt>,
}

impl Brief {
    fn span(&self) -> Span<'_> {
        Span { started_at: self.started_at, duration: self.duration, attempts: &self.attempts }
    }
}

/// The lines of all steps: what the outline says of those that have not begun, and what the reports
/// say of the others.
pub(crate) fn lines(outline: &str, rows: &[StepRow]) -> Result<Vec<Line>, WebError> {
    let outline = plan::steps(outline)?;
    let mut briefs: Vec<Option<(&StepRow, Option<Brief>)>> = outline.iter().map(|_| None).collect();
    for row in rows {
        let brief = row.report_json.as_deref().map(read::<Brief>).transpose()?;
        if let Some(place) = briefs.get_mut(row.position as usize) {
            *place = Some((row, brief));
        }
    }
    let scale = Scale::of(briefs.iter().flatten().filter_map(|(_, brief)| Some(brief.as_ref()?.span())));
    let mut before_finally = true;
    let lines = outline.into_iter().zip(briefs).enumerate().map(|(index, (step, brief))| {
        let is_finally = step.path.starts_with("finally");
        let begins_finally = is_finally && before_finally;
        before_finally = !is_finally;
        let state = brief.as_ref().map_or(StepState::Pending, |(row, _)| row.state);
        let mut line = Line {
            number: index + 1,
            name: step.name,
            method: step.method,
            url: step.url,
            state: state.as_str(),
            status: None,
            duration: None,
            stretches: Vec::new(),
            label: "No time yet".to_owned(),
            begins_finally,
            is_chosen: false,
        };
        if let Some((_, Some(brief))) = brief {
            line.stretches = scale.stretches(brief.span());
            line.label = in_words(brief.attempts.last());
            line.status = brief.status;
            line.duration = brief.started_at.map(|_| brief.duration);
            line.state = if brief.slow && state == StepState::Passed { "slow" } else { line.state };
            line.name = brief.name;
            line.method = brief.method;
            line.url = brief.url;
        }
        line
    });
    Ok(lines.collect())
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, WebError> {
    serde_json::from_str(json).map_err(|error| WebError::internal(format!("a step report was not read: {error}")))
}

/// The step somebody wants to see first: the first that failed, else the one under way, else the last
/// that ended, else the first.
pub(crate) fn most_telling(lines: &[Line]) -> Option<usize> {
    let first = |states: &[&str]| lines.iter().position(|line| states.contains(&line.state));
    first(&["failed", "errored"])
        .or_else(|| first(&["running", "action_needed"]))
        .or_else(|| lines.iter().rposition(|line| matches!(line.state, "passed" | "slow")))
        .or(if lines.is_empty() { None } else { Some(0) })
}

/// A part of what is known about a step.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Expectations,
    Response,
    Request,
    Captures,
    Timing,
}

impl Tab {
    pub(crate) const ALL: [Self; 5] = [Self::Expectations, Self::Response, Self::Request, Self::Captures, Self::Timing];

    pub(crate) fn of(word: Option<&str>) -> Self {
        Self::ALL.into_iter().find(|tab| Some(tab.word()) == word).unwrap_or(Self::Expectations)
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Expectations => "expectations",
            Self::Response => "response",
            Self::Request => "request",
            Self::Captures => "captures",
            Self::Timing => "timing",
        }
    }

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Expectations => "Expectations",
            Self::Response => "Response",
            Self::Request => "Request",
            Self::Captures => "Captures",
            Self::Timing => "Timing",
        }
    }
}

/// The step that is looked at.
pub(crate) struct Chosen {
    pub(crate) number: usize,
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) state: &'static str,
    pub(crate) tab: Tab,
    /// None before its end.
    pub(crate) report: Option<StepReport>,
}

impl Chosen {
    pub(crate) fn read(line: &Line, row: Option<&StepRow>, tab: Tab) -> Result<Self, WebError> {
        Ok(Self {
            number: line.number,
            name: line.name.clone(),
            method: line.method.clone(),
            url: line.url.clone(),
            state: line.state,
            tab,
            report: row.map(StepRow::report).transpose()?.flatten(),
        })
    }

    /// Whether it is called something else than what it asks for.
    pub(crate) fn has_name(&self) -> bool {
        is_named(&self.name, &self.method, &self.url)
    }

    pub(crate) fn tabs(&self) -> [Tab; 5] {
        Tab::ALL
    }

    /// The number behind a tab's title: what failed, what was captured, how many attempts.
    pub(crate) fn failed(&self) -> usize {
        self.report.as_ref().map_or(0, |report| report.expectations.iter().filter(|one| !one.passed).count())
    }

    /// The phases of one attempt on their own scale.
    pub(crate) fn phases(&self, attempt: &Attempt) -> Vec<Phase> {
        phases(attempt)
    }
}

/// A phase of an attempt, drawn.
pub(crate) struct Phase {
    pub(crate) class: &'static str,
    pub(crate) name: &'static str,
    pub(crate) length: Elapsed,
    pub(crate) stretches: Vec<Stretch>,
}

fn phases(attempt: &Attempt) -> Vec<Phase> {
    crate::show::waterfall::each_alone(attempt)
        .into_iter()
        .map(|(class, name, length, stretch)| Phase { class, name, length, stretches: vec![stretch] })
        .collect()
}

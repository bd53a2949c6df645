//! Making and changing schedules: the form, and what it comes to while it is filled in.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path, Query},
};
use askama::Template;
use domain::{
    Action, Limits, PlanId, ScheduleId,
    schedule::{CatchUp, CheckedSchedule, FieldProblem, Overlap, ScheduleDraft, Zone},
};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use store::{PlanDetail, ScheduleDetail, Used};

use crate::{
    body::Form,
    editing,
    error::WebError,
    page::{Page, Section, go, html, html_of, html_with, rendered},
    pages::schedule::{COMING, load},
    session::SignedIn,
    show::{count, times},
    state::State,
};

/// What a new schedule may start from: what people read, and the fields that say so.
const PRESETS: [(&str, &str); 6] = [
    ("Every 5 minutes", "kind=every&interval=5m"),
    ("Every hour", "kind=every&interval=1h"),
    ("Every day at 09:00", "kind=cron&cron=0+9+*+*+*"),
    ("Weekdays at 09:00", "kind=cron&cron=0+9+*+*+mon-fri"),
    ("Mondays at 06:30", "kind=cron&cron=30+6+*+*+mon"),
    ("The first of each month", "kind=cron&cron=0+6+1+*+*"),
];

/// Over how long its cost is counted.
const MONTH: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Template)]
#[template(path = "schedule_form.html", blocks = ["preview"])]
struct FormPage {
    page: Page,
    plan: PlanDetail,
    /// None for a new one.
    schedule: Option<ScheduleId>,
    draft: ScheduleDraft,
    /// The names of the variables that a schedule may give values for.
    plan_variables: Vec<String>,
    /// Nobody has typed anything yet, so the time zone may become the viewer's.
    is_untouched: bool,
    /// It was to be saved, and was not.
    refused: bool,
    problems: Vec<FieldProblem>,
    preview: Option<Preview>,
}

impl FormPage {
    fn action(&self) -> String {
        match self.schedule {
            Some(schedule) => format!("/schedules/{schedule}"),
            None => format!("/plans/{}/schedules", self.plan.id),
        }
    }

    fn back(&self) -> String {
        match self.schedule {
            Some(schedule) => format!("/schedules/{schedule}"),
            None => format!("/plans/{}/schedules", self.plan.id),
        }
    }

    fn presets(&self) -> &'static [(&'static str, &'static str)] {
        &PRESETS
    }

    fn zones(&self) -> Vec<String> {
        Zone::names()
    }

    fn catch_ups(&self) -> [(CatchUp, &'static str, &'static str); 3] {
        [
            (CatchUp::Latest, "Run once", "The last missed time is made up for, the others are noted as missed."),
            (CatchUp::All, "Run them all", "Each missed time is made up for, at most the newest 100."),
            (
                CatchUp::None,
                "Leave them out",
                "Only what is less than a minute late still runs, the others are noted as missed.",
            ),
        ]
    }

    fn overlaps(&self) -> [(Overlap, &'static str, &'static str); 3] {
        [
            (Overlap::Skip, "Skip the new one", "It is noted as skipped."),
            (Overlap::Queue, "Wait", "The new run starts when the one before has ended."),
            (Overlap::Cancel, "Cancel the old one", "The one before is stopped, the new run takes its place."),
        ]
    }

    /// What is wrong with a field; nothing before the form was sent.
    fn problem(&self, field: &str) -> Option<&str> {
        let found = self.problems.iter().find(|problem| problem.field == field)?;
        self.refused.then_some(found.message.as_str())
    }
}

/// What happens after an outage, in one line.
pub(crate) fn catch_up_words(catch_up: &CatchUp) -> &'static str {
    match catch_up {
        CatchUp::Latest => "The last missed time is made up for",
        CatchUp::All => "Each missed time is made up for, at most the newest 100",
        CatchUp::None => "Missed times are left out",
    }
}

/// What happens if the run before is still going, in one line.
pub(crate) fn overlap_words(overlap: &Overlap) -> &'static str {
    match overlap {
        Overlap::Skip => "The new one is skipped",
        Overlap::Queue => "The new one waits",
        Overlap::Cancel => "The old one is cancelled",
    }
}

/// What a schedule would do.
struct Preview {
    sentence: String,
    zone: String,
    /// Each with what a clock in its zone shows.
    upcoming: Vec<(Timestamp, String)>,
    clock_change: Option<String>,
    cost: String,
    is_too_much: bool,
}

impl Preview {
    /// None as long as it does not say when. What is wrong with the rest does not matter here.
    fn of(draft: &ScheduleDraft, now: Timestamp, limits: &Limits, used: &Used) -> Option<Self> {
        let mut timing = draft.clone();
        for rest in [&mut timing.name, &mut timing.tags, &mut timing.variables] {
            rest.clear();
        }
        let CheckedSchedule { timetable, .. } = timing.check(now, limits, &[]).ok()?;
        let upcoming = timetable.upcoming(ScheduleId::new(), 0, now, COMING);
        let runs = timetable.runs_within(now, now + MONTH);
        Some(Self {
            sentence: timetable.sentence(),
            zone: timetable.zone.to_string(),
            upcoming: upcoming.into_iter().map(|time| (time, times::in_zone(&time, &timetable.zone))).collect(),
            clock_change: timetable.clock_change(now),
            cost: cost(runs, limits, used),
            is_too_much: limits.runs_a_month.is_some_and(|most| runs > u64::from(most)),
        })
    }
}

/// What so many runs in 30 days mean for the quota.
fn cost(runs: u64, limits: &Limits, used: &Used) -> String {
    let runs_are = match runs {
        1 => "1 run".to_owned(),
        runs => format!("{} runs", count(runs)),
    };
    let Some(most) = limits.runs_a_month else {
        return format!("{runs_are} in the next 30 days. Your tier does not limit runs.");
    };
    let quota = format!(
        "{runs_are} in the next 30 days. Your tier allows {} a month; {} used this month.",
        count(u64::from(most)),
        match used.this_month {
            1 => "1 was".to_owned(),
            used => format!("{} were", count(u64::from(used))),
        }
    );
    if runs > u64::from(most) { format!("{quota} What goes beyond is refused.") } else { quota }
}

/// What is typed.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    #[serde(flatten)]
    draft: ScheduleDraft,
    /// The schedule that is edited, for a preview.
    schedule: String,
    /// `preview`: only that part of the page is wanted.
    part: String,
}

/// `GET /plans/{plan}/schedules/new?kind=…`: the fields may begin with what the address says.
pub(crate) async fn new(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
    Query(Typed { draft, .. }): Query<Typed>,
) -> Result<HttpResponse, WebError> {
    let plan = plan_of(&member, *plan, &state).await?;
    member.must(Action::ChangeSchedules)?;
    let is_untouched = !request.query_string().contains("zone=");
    let (page, _) = FormPage::read(&request, member, &state, plan, None, draft).await?;
    html(&FormPage { is_untouched, ..page })
}

/// `POST /plans/{plan}/schedules`
pub(crate) async fn create(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
    Form(Typed { draft, .. }): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    let plan = plan_of(&member, *plan, &state).await?;
    member.must(Action::ChangeSchedules)?;
    let (tenant, user, id) = (*member.tenant(), member.user_id, plan.id);
    let (page, checked) = FormPage::read(&request, member, &state, plan, None, draft).await?;
    let Some(checked) = checked else { return page.refuse() };
    let schedule = state.store.create_schedule(&tenant, user, id, checked).await?.ok_or(WebError::NotFound)?;
    Ok(go(&format!("/schedules/{schedule}")))
}

/// `POST /plans/{plan}/schedules/preview`: the form as it is, with what it comes to; or only the latter.
pub(crate) async fn preview(
    request: HttpRequest,
    plan: Path<PlanId>,
    member: SignedIn,
    state: Data<State>,
    Form(Typed { draft, schedule, part }): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    let plan = plan_of(&member, *plan, &state).await?;
    let schedule = match schedule.parse::<ScheduleId>() {
        Ok(schedule) => Some(load(&member, schedule, &state).await?.row.id),
        Err(_) => None,
    };
    let (page, _) = FormPage::read(&request, member, &state, plan, schedule, draft).await?;
    if part == "preview" { Ok(html_of(rendered(&page.as_preview())?)) } else { html(&page) }
}

/// `GET /schedules/{schedule}/edit`
pub(crate) async fn edit(
    request: HttpRequest,
    schedule: Path<ScheduleId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let schedule = load(&member, *schedule, &state).await?;
    member.must(Action::ChangeSchedules)?;
    let (id, plan) = (schedule.row.id, plan_of(&member, schedule.row.plan, &state).await?);
    let draft = ScheduleDraft::of(&checked(schedule), Timestamp::now());
    let (page, _) = FormPage::read(&request, member, &state, plan, Some(id), draft).await?;
    html(&page)
}

/// `POST /schedules/{schedule}`
pub(crate) async fn save(
    request: HttpRequest,
    schedule: Path<ScheduleId>,
    member: SignedIn,
    state: Data<State>,
    Form(Typed { draft, .. }): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    let row = load(&member, *schedule, &state).await?.row;
    member.must(Action::ChangeSchedules)?;
    let plan = plan_of(&member, row.plan, &state).await?;
    let tenant = *member.tenant();
    let (page, checked) = FormPage::read(&request, member, &state, plan, Some(row.id), draft).await?;
    let Some(checked) = checked else { return page.refuse() };
    if !state.store.save_schedule(&tenant, row.id, checked).await? {
        return Err(WebError::NotFound);
    }
    Ok(go(&format!("/schedules/{}", row.id)))
}

/// As it was checked before it was saved.
fn checked(schedule: ScheduleDetail) -> CheckedSchedule {
    let ScheduleDetail { row, variables, .. } = schedule;
    let (name, timetable, tags) = (row.name, row.timetable, row.tags);
    CheckedSchedule { name, timetable, catch_up: row.catch_up, overlap: row.overlap, tags, variables }
}

async fn plan_of(member: &SignedIn, plan: PlanId, state: &State) -> Result<PlanDetail, WebError> {
    state.store.plan(member.tenant(), plan).await?.ok_or(WebError::NotFound)
}

impl FormPage {
    /// Reads what was typed: the page that shows it, and the schedule if nothing is wrong with it.
    async fn read(
        request: &HttpRequest,
        member: SignedIn,
        state: &State,
        plan: PlanDetail,
        schedule: Option<ScheduleId>,
        draft: ScheduleDraft,
    ) -> Result<(Self, Option<CheckedSchedule>), WebError> {
        let plan_variables = editing::variables(plan.text.clone()).await?;
        let limits = state.store.limits(&member);
        let used = state.store.used(member.tenant()).await?;
        let now = Timestamp::now();
        let (problems, checked) = match draft.check(now, limits, &plan_variables) {
            Ok(checked) => (Vec::new(), Some(checked)),
            Err(problems) => (problems, None),
        };
        let preview = Preview::of(&draft, now, limits, &used);
        let page = Page::of(request, Section::Schedules, member);
        let (is_untouched, refused) = (false, false);
        Ok((Self { page, plan, schedule, draft, plan_variables, is_untouched, refused, problems, preview }, checked))
    }

    /// The form again, with what keeps it from being saved.
    fn refuse(self) -> Result<HttpResponse, WebError> {
        html_with(StatusCode::UNPROCESSABLE_ENTITY, &Self { refused: true, ..self })
    }
}

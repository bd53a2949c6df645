//! Schedules: making, changing, pausing and deleting them, and what their pages tell.

use domain::{PlanId, RunState, ScheduleId, Tiers};
use jiff::{Timestamp, ToSpan};
use store::{RunFilter, ScheduleFilter};

use crate::{
    app::{On, PLAN, Someone, TestApp},
    executed::queue,
};

/// Makes a schedule through the form; what is not given is left as it stands there.
pub async fn schedule(someone: &Someone, plan: PlanId, fields: &[(&str, &str)]) -> ScheduleId {
    let answer = someone.browser.post(&format!("/plans/{plan}/schedules"), fields).await;
    answer.location()["/schedules/".len()..].parse().expect("the page of a schedule")
}

const HOURLY: &[(&str, &str)] = &[("name", "Hourly"), ("kind", "every"), ("interval", "1h"), ("zone", "UTC")];

/// Lets the clock come to a moment: whatever is due by then is fired.
async fn come_to(app: &TestApp, moment: Timestamp) {
    app.store.fire(moment, 1000).await.expect("what is due is fired");
}

fn in_hours(hours: i64) -> Timestamp {
    Timestamp::now() + hours.hours() + 1.second()
}

#[tokio::test]
async fn empty_lists_teach() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let page = ada.browser.get("/schedules").await.page();
    assert!(page.contains("No schedules yet") && page.contains("href=\"/docs#schedules\""), "{page}");
    let page = ada.browser.get(&format!("/plans/{plan}/schedules")).await.page();
    assert!(page.contains("No schedule yet") && page.contains("Every hour</button>"), "{page}");
    let id = schedule(&ada, plan, HOURLY).await;
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert!(page.contains("Nothing has come due yet"), "{page}");
}

#[tokio::test]
async fn one_click_on_the_plans_page_schedules_it() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let page = ada.browser.get(&format!("/plans/{plan}")).await.page();
    let form = page.split(&format!("action=\"/plans/{plan}/schedules\">")).nth(1).expect("a form");
    let form = form.split("</form>").next().unwrap();
    let fields: Vec<(&str, &str)> = form
        .split("<input ")
        .skip(1)
        .map(|input| {
            let value = |name: &str| input.split(&format!(" {name}=\"")).nth(1).unwrap().split('"').next().unwrap();
            (value("name"), value("value"))
        })
        .collect();
    assert_eq!(fields[0], ("name", "Every hour"));
    let id = schedule(&ada, plan, &fields).await;
    let page = ada.browser.get(&format!("/plans/{plan}")).await.page();
    assert!(page.contains("next run <time") && page.contains(&format!("/schedules/{id}\">Every hour")), "{page}");
    assert!(!page.contains("Run it by itself"), "it is scheduled: {page}");
    let home = ada.browser.get("/").await.page();
    assert!(home.contains("What comes next") && home.contains(&format!("/schedules/{id}\"")), "{home}");
}

#[tokio::test]
async fn a_schedule_tells_what_it_does_next_in_its_zone() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let fields = [
        ("name", "Mornings"),
        ("kind", "cron"),
        ("cron", "0 9 * * *"),
        ("zone", "America/New_York"),
        ("tags", "Nightly, eu"),
        ("overlap", "queue"),
        ("catch_up", "all"),
    ];
    let id = schedule(&ada, plan, &fields).await;
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert!(page.contains("09:00") && page.contains("America/New_York"), "{page}");
    assert_eq!(page.matches(" 09:00</td>").count(), 5, "five times in its zone: {page}");
    assert_eq!(page.matches(" data-exact data-here>").count(), 5, "and for the viewer: {page}");
    assert!(page.contains("href=\"/schedules?tag=nightly\">nightly</a>"), "{page}");
    assert!(page.contains("The new one waits") && page.contains("at most the newest 100"), "{page}");
    assert!(page.contains("<span class=\"pill active\">active</span>"), "{page}");
}

#[tokio::test]
async fn mistakes_stand_at_their_fields_and_what_was_typed_is_kept() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let wrong: [(&[(&str, &str)], &str); 7] = [
        (&[("kind", "cron"), ("cron", "0 0 30 2 *")], "cron"),
        (&[("kind", "cron"), ("cron", "0 0 9 * * *")], "cron"),
        (&[("kind", "every"), ("interval", "often")], "interval"),
        (&[("kind", "at"), ("at", "2020-01-01 09:00")], "at"),
        (&[("kind", "every"), ("interval", "1h"), ("zone", "Europe/Berln")], "zone"),
        (
            &[("kind", "every"), ("interval", "1h"), ("after", "2030-01-02 00:00"), ("before", "2030-01-01 00:00")],
            "before",
        ),
        (&[("kind", "every"), ("interval", "1h"), ("variables", "nothing=1")], "variables"),
    ];
    for (fields, at) in wrong {
        let mut fields = fields.to_vec();
        fields.extend([("name", "Kept \"as typed\""), ("tags", "kept")]);
        let answer = ada.browser.post(&format!("/plans/{plan}/schedules"), &fields).await;
        assert_eq!(answer.status, 422, "{fields:?}");
        let page = answer.text;
        assert!(page.contains(&format!("class=\"error\" id=\"{at}-error\"")), "{at}: {page}");
        assert!(page.contains(&format!("aria-describedby=\"{at}-hint {at}-error\"")) || at == "before", "{at}: {page}");
        assert_eq!(page.matches("class=\"error\" id=").count(), 1, "only there: {page}");
        assert!(page.contains("value=\"Kept &#34;as typed&#34;\"") && page.contains("value=\"kept\""), "{page}");
        assert!(page.contains("Nothing was saved yet."), "{page}");
    }
    let made = app.store.schedules(ada.member.tenant(), ScheduleFilter::default()).await.unwrap();
    assert!(made.items.is_empty());
}

#[tokio::test]
async fn the_preview_tells_what_it_comes_to_before_anything_is_saved() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let preview = async |fields: &[(&str, &str)]| {
        ada.browser.post(&format!("/plans/{plan}/schedules/preview"), fields).await.page()
    };
    let typed = [("kind", "cron"), ("cron", "0 9 * * mon-fri"), ("zone", "Europe/Berlin"), ("part", "preview")];
    let part = preview(&typed).await;
    assert!(part.trim_start().starts_with("<section class=\"card\" id=\"preview\""), "{part}");
    assert_eq!(part.matches(" 09:00</td>").count(), 5, "{part}");
    assert!(part.contains("Your tier does not limit runs."), "{part}");
    assert!(!part.contains("data-field"), "nothing is missing, not even a name: {part}");
    let nothing = preview(&[("kind", "cron"), ("cron", "rubbish"), ("part", "preview")]).await;
    assert!(nothing.contains("Not a schedule yet") && nothing.contains("data-field=\"cron\""), "{nothing}");
    // Without scripts the button answers with the whole form.
    let page = preview(&typed[..3]).await;
    assert!(page.contains("value=\"0 9 * * mon-fri\"") && page.contains("id=\"preview\""), "{page}");
    assert!(!page.contains("Nothing was saved yet."), "it was not to be saved: {page}");
}

#[tokio::test]
async fn the_preview_counts_against_the_quota_and_a_tier_has_a_shortest_interval() {
    let tiers = Tiers { in_force: None, ..Tiers::default() };
    let app = TestApp::start_limited(On::Sqlite, tiers).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    queue(&app, &ada, plan).await;
    let preview = async |interval: &str| {
        let typed = [("kind", "every"), ("interval", interval), ("part", "preview")];
        ada.browser.post(&format!("/plans/{plan}/schedules/preview"), &typed).await.page()
    };
    let part = preview("1h").await;
    assert!(part.contains("720 runs in the next 30 days. Your tier allows 100 a month; 1 was used"), "{part}");
    assert!(part.contains("class=\"error\""), "{part}");
    let part = preview("12h").await;
    assert!(part.contains("60 runs in the next 30 days.") && !part.contains("class=\"error\""), "{part}");
    let part = preview("30m").await;
    assert!(part.contains("data-field=\"interval\""), "{part}");
}

#[tokio::test]
async fn the_history_tells_when_it_was_due_and_what_became_of_it() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let id = schedule(&ada, plan, HOURLY).await;
    come_to(&app, in_hours(1)).await;
    come_to(&app, in_hours(2)).await;
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert!(page.contains("<span class=\"pill queued live\">queued</span>"), "{page}");
    assert!(page.contains("<span class=\"pill skipped\">skipped</span>"), "the first is not over: {page}");
    let runs = app.store.runs(ada.member.tenant(), RunFilter::default()).await.unwrap().items;
    assert_eq!(runs.len(), 2);
    let (skipped, queued) = (&runs[0], &runs[1]);
    assert_eq!((skipped.state, queued.state), (RunState::Skipped, RunState::Queued));
    let page = ada.browser.get(&format!("/runs/{}", skipped.id)).await.page();
    assert!(page.contains("Nothing was sent.") && !page.contains("steps</h2>"), "{page}");
    assert!(page.contains(&format!("schedule <a href=\"/schedules/{id}\">Hourly</a>")), "{page}");
    let page = ada.browser.get(&format!("/runs/{}", queued.id)).await.page();
    assert!(page.contains("<span>due <time") && page.contains(" late</span>"), "{page}");
    let list = ada.browser.get("/runs?cause=schedule").await.page();
    assert!(list.contains(&format!("/runs/{}\"", queued.id)), "{list}");
    let list = ada.browser.get("/runs?cause=manual").await.page();
    assert!(!list.contains(&format!("/runs/{}\"", queued.id)), "{list}");
}

#[tokio::test]
async fn a_long_history_comes_in_pages() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let id = schedule(&ada, plan, &[("name", "All"), ("kind", "every"), ("interval", "1h"), ("catch_up", "all")]).await;
    come_to(&app, in_hours(30)).await;
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert_eq!(page.matches("<td><a href=\"/runs/").count(), 20, "{page}");
    let older = page.split(&format!("href=\"/schedules/{id}?after=")).nth(1).expect("a link to older ones");
    let older = older.split('"').next().unwrap();
    let page = ada.browser.get(&format!("/schedules/{id}?after={older}")).await.page();
    assert_eq!(page.matches("<td><a href=\"/runs/").count(), 10, "{page}");
}

#[tokio::test]
async fn it_is_paused_with_a_reason_and_resumed() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let id = schedule(&ada, plan, HOURLY).await;
    let answer = ada.browser.post(&format!("/schedules/{id}/pause"), &[("reason", "Maintenance\r\nuntil noon")]).await;
    assert_eq!(answer.location(), format!("/schedules/{id}"));
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert!(page.contains("<p>Maintenance until noon</p>") && page.contains("by ada@example.com"), "{page}");
    assert!(page.contains("<span class=\"pill paused\">paused</span>"), "{page}");
    come_to(&app, in_hours(2)).await;
    let runs = app.store.runs(ada.member.tenant(), RunFilter::default()).await.unwrap();
    assert!(runs.items.is_empty(), "nothing runs while it is paused");
    ada.browser.post(&format!("/schedules/{id}/resume"), &[]).await.location();
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert!(page.contains("<span class=\"pill active\">active</span>") && !page.contains("card why paused"), "{page}");
}

#[tokio::test]
async fn many_are_paused_resumed_and_deleted_by_their_tag() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let tagged = async |name: &str, tag: &str| {
        let fields = [("name", name), ("kind", "every"), ("interval", "1h"), ("tags", tag)];
        schedule(&ada, plan, &fields).await
    };
    let (eu, us) = (tagged("In Europe", "eu").await, tagged("In America", "us").await);
    let states = async || {
        let mut states = Vec::new();
        for id in [eu, us] {
            let page = ada.browser.get(&format!("/schedules/{id}")).await;
            states.push((page.status, page.text.contains("<span class=\"pill paused\">")));
        }
        states
    };
    let answer = ada.browser.post("/schedules/pause", &[("tag", "eu"), ("reason", "Moving")]).await;
    assert_eq!(answer.location(), "/schedules?tag=eu");
    assert_eq!(states().await, [(200, true), (200, false)]);
    let list = ada.browser.get("/schedules?state=paused").await.page();
    assert!(list.contains("In Europe") && !list.contains("In America"), "{list}");
    let list = ada.browser.get("/schedules?tag=us").await.page();
    assert!(list.contains("In America") && !list.contains("In Europe") && list.contains("Pause these"), "{list}");
    ada.browser.post("/schedules/pause", &[]).await.location();
    assert_eq!(states().await, [(200, true), (200, true)]);
    ada.browser.post("/schedules/resume", &[]).await.location();
    assert_eq!(states().await, [(200, false), (200, false)]);
    let asked = ada.browser.get("/schedules/clear?tag=eu").await.page();
    assert!(asked.contains("Delete all schedules with the tag eu?"), "{asked}");
    assert_eq!(ada.browser.post("/schedules/clear", &[("tag", " ")]).await.status, 400, "never all by mistake");
    assert_eq!(states().await, [(200, false), (200, false)], "only asked so far");
    ada.browser.post("/schedules/clear", &[("tag", "eu")]).await.location();
    assert_eq!(states().await, [(404, false), (200, false)]);
}

#[tokio::test]
async fn it_is_changed_and_keeps_what_was_not_changed() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let text = format!("variables: {{ region: eu }}\nsteps:\n{PLAN}");
    let plan = ada.plan(&app, "Checkout", &text).await;
    let fields = [
        ("name", "Mornings"),
        ("kind", "cron"),
        ("cron", "0 9 * * mon-fri"),
        ("zone", "Europe/Berlin"),
        ("tags", "eu nightly"),
        ("repeats", "12"),
        ("variables", "region=us"),
        ("overlap", "cancel"),
        ("catch_up", "none"),
    ];
    let id = schedule(&ada, plan, &fields).await;
    let page = ada.browser.get(&format!("/schedules/{id}/edit")).await.page();
    for kept in [
        "value=\"Mornings\"",
        "value=\"Europe/Berlin\"",
        "value=\"eu nightly\"",
        "value=\"12\"",
        "region = us</textarea>",
    ] {
        assert!(page.contains(kept), "{kept}: {page}");
    }
    for chosen in ["id=\"kind-cron\"", "id=\"overlap-cancel\"", "id=\"catch_up-none\""] {
        let input = page.split(chosen).nth(1).unwrap().split('>').next().unwrap();
        assert!(input.contains(" checked"), "{chosen} {input}");
    }
    let mut changed = fields.to_vec();
    changed[0] = ("name", "Early mornings");
    changed[2] = ("cron", "0 7 * * mon-fri");
    let answer = ada.browser.post(&format!("/schedules/{id}"), &changed).await;
    assert_eq!(answer.location(), format!("/schedules/{id}"));
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert!(page.contains("Early mornings") && page.matches(" 07:00</td>").count() == 5, "{page}");
    assert!(page.contains("<dt><code>region</code></dt><dd class=\"mono\">us</dd>"), "{page}");
    let refused = ada.browser.post(&format!("/schedules/{id}"), &[("name", ""), ("kind", "cron"), ("cron", "x")]).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"cron-error\""), "{}", refused.text);
}

#[tokio::test]
async fn it_is_deleted_after_asking_and_its_runs_stay() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let id = schedule(&ada, plan, HOURLY).await;
    come_to(&app, in_hours(1)).await;
    let asked = ada.browser.get(&format!("/schedules/{id}/delete")).await.page();
    assert!(asked.contains("Delete Hourly?") && asked.contains("the runs this schedule made"), "{asked}");
    let answer = ada.browser.post(&format!("/schedules/{id}/delete"), &[]).await;
    assert_eq!(answer.location(), format!("/plans/{plan}/schedules"));
    assert_eq!(ada.browser.get(&format!("/schedules/{id}")).await.status, 404);
    let run = app.store.runs(ada.member.tenant(), RunFilter::default()).await.unwrap().items[0].id;
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(page.contains("a schedule that was deleted") && !page.contains("href=\"/schedules/"), "{page}");
}

#[tokio::test]
async fn what_never_comes_again_says_so() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let id = schedule(&ada, plan, &[("name", "Once"), ("kind", "every"), ("interval", "1h"), ("repeats", "1")]).await;
    come_to(&app, in_hours(1)).await;
    let page = ada.browser.get(&format!("/schedules/{id}")).await.page();
    assert!(
        page.contains("<span class=\"pill over\">over</span>") && page.contains("Nothing more comes of it."),
        "{page}"
    );
    assert!(page.contains("1 of 1 times done"), "{page}");
}

#[tokio::test]
async fn roles_decide_who_changes_and_who_pauses() {
    let app = TestApp::start_on(On::Postgres).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let id = schedule(&ada, plan, HOURLY).await;
    for (role, edits, pauses) in [("viewer", false, false), ("operator", false, true), ("editor", true, true)] {
        let _none = app.database.sql(&format!("UPDATE members SET role = '{role}'"));
        let someone = app.sign_in_again(&ada).await;
        let status = async |path: &str| someone.browser.get(path).await.status;
        assert_eq!(status(&format!("/schedules/{id}")).await, 200, "{role} looks");
        assert_eq!(status("/schedules").await, 200, "{role} looks");
        let expected = if edits { 200 } else { 403 };
        for path in [
            format!("/plans/{plan}/schedules/new"),
            format!("/schedules/{id}/edit"),
            format!("/schedules/{id}/delete"),
            "/schedules/clear?tag=x".to_owned(),
        ] {
            assert_eq!(status(&path).await, expected, "{role} at {path}");
        }
        let sent = async |path: &str| someone.browser.post(path, HOURLY).await.status;
        let expected = if edits { 303 } else { 403 };
        for path in [format!("/plans/{plan}/schedules"), format!("/schedules/{id}")] {
            assert_eq!(sent(&path).await, expected, "{role} at {path}");
        }
        let expected = if pauses { 303 } else { 403 };
        for path in [
            format!("/schedules/{id}/pause"),
            format!("/schedules/{id}/resume"),
            "/schedules/pause".to_owned(),
            "/schedules/resume".to_owned(),
        ] {
            assert_eq!(sent(&path).await, expected, "{role} at {path}");
        }
    }
}

#[tokio::test]
async fn texts_from_people_stay_texts() {
    const EVIL: &str = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\"'{{7*7}}";
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let id = schedule(&ada, plan, &[("name", EVIL), ("kind", "every"), ("interval", "1h"), ("tags", "eu")]).await;
    ada.browser.post(&format!("/schedules/{id}/pause"), &[("reason", EVIL)]).await.location();
    ada.browser.post("/clock/pause", &[("reason", EVIL)]).await.location();
    let evil = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    let paths = [
        "/".to_owned(),
        "/clock".to_owned(),
        "/schedules".to_owned(),
        format!("/schedules?tag={evil}&state={evil}"),
        format!("/schedules/clear?tag={evil}"),
        format!("/schedules/{id}"),
        format!("/schedules/{id}/edit"),
        format!("/schedules/{id}/delete"),
        format!("/plans/{plan}/schedules"),
        format!("/plans/{plan}/schedules/new?name={evil}&cron={evil}&zone={evil}&kind={evil}"),
    ];
    let mut seen = 0;
    for path in paths {
        let page = ada.browser.get(&path).await.page();
        for alive in ["<script>alert", "<img", "onerror=alert(2)>"] {
            assert!(!page.contains(alive), "{path} holds {alive}");
        }
        seen += page.matches("&#60;script&#62;alert(1)").count();
    }
    assert!(seen >= 12, "the text is on the pages, as text: {seen} times");
    let all = [
        "name",
        "kind",
        "cron",
        "interval",
        "jitter",
        "at",
        "zone",
        "after",
        "before",
        "repeats",
        "tags",
        "catch_up",
        "overlap",
        "variables",
    ];
    let fields: Vec<(&str, &str)> = all.iter().map(|name| (*name, EVIL)).collect();
    for path in
        [format!("/plans/{plan}/schedules"), format!("/plans/{plan}/schedules/preview"), format!("/schedules/{id}")]
    {
        for kind in ["cron", "every", "at", EVIL] {
            let mut fields = fields.clone();
            fields[1].1 = kind;
            let answer = ada.browser.post(&path, &fields).await;
            assert!(matches!(answer.status, 200 | 422), "{path}: {}", answer.status);
            assert!(!answer.text.contains("<script>alert") && !answer.text.contains("<img"), "{path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_run_that_is_refused_has_a_page_that_says_why() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let text = format!("name: Alone\nrestriction: self\nsteps:\n{PLAN}");
    let answer = ada.browser.post("/plans", &[("text", &text), ("then", "run")]).await;
    let first = answer.location().to_owned();
    let again = ada.browser.post(&format!("{first}/again"), &[]).await.location().to_owned();
    let page = ada.browser.get(&again).await.page();
    assert!(page.contains("<span class=\"pill refused\">refused</span>"), "{page}");
    assert!(page.contains("class=\"card why refused\"") && page.contains("Nothing was sent."), "{page}");
    assert!(!page.contains("data-events"), "it is over: {page}");

    let text = text.replace("restriction: self\n", "restriction: self\nwhen_busy: queue\n").replace("Alone", "Patient");
    let answer = ada.browser.post("/plans", &[("text", &text), ("then", "run")]).await;
    let first = answer.location().to_owned();
    let again = ada.browser.post(&format!("{first}/again"), &[]).await.location().to_owned();
    let page = ada.browser.get(&again).await.page();
    assert!(page.contains("Waits until no other run of this plan is going."), "{page}");
}

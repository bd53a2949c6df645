//! The docs page, whose examples run, and the schema.

use std::{collections::HashSet, sync::Arc, time::Duration};

use domain::{Action, Role, RunState, StepReport};
use egress::{Egress, Policy};
use engine::{Abandoned, Input, Observer, StepFinished, StepStarted};
use rstest::rstest;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use web::SAMPLES;

use crate::app::TestApp;

#[derive(Default)]
struct Reports(Vec<StepReport>);

impl Observer for Reports {
    async fn step_started(&mut self, _: StepStarted) -> Result<(), Abandoned> {
        Ok(())
    }

    async fn step_finished(&mut self, finished: StepFinished) -> Result<(), Abandoned> {
        self.0.push(finished.report);
        Ok(())
    }
}

#[rstest]
#[tokio::test]
async fn every_example_does_what_the_page_says(#[values(0, 1, 2, 3, 4, 5, 6, 7, 8)] index: usize) {
    let app = TestApp::start().await;
    let sample = &SAMPLES[index];
    let checked = plan::check(&sample.text(&app.demo_url), &plan::Known::default());
    assert!(checked.diagnostics.is_empty(), "{}: {:?}", sample.slug, checked.diagnostics);
    let input = Input {
        plan: Arc::new(checked.plan.unwrap()),
        variables: Vec::new(),
        deadline: Duration::from_secs(60),
        progress: engine::Progress::default(),
        cancel: CancellationToken::new(),
    };
    // As on a server: the demo API is the one loopback address that plans reach.
    let policy = Policy::public().allow(app.demo_address.to_string().parse().unwrap());
    let mut reports = Reports::default();
    let outcome = engine::execute(input, &Egress::new(policy), &mut reports).await.expect("nothing is lost here");
    let expected = if sample.passes { RunState::Passed } else { RunState::Failed };
    assert_eq!(outcome.state, expected, "{}: {:?} {:#?}", sample.slug, outcome.reason, reports.0);
}

#[tokio::test]
async fn all_examples_are_on_the_page_as_they_run() {
    assert_eq!(SAMPLES.len(), 9, "add the new one to the test above");
    let app = TestApp::start().await;
    let page = app.browser().get("/docs").await.page();
    for sample in &SAMPLES {
        let example = page.split(&format!("id=\"example-{}\"", sample.slug)).nth(1).expect("the page has it");
        let code = example.split("<code").nth(1).expect("its text").split("</code>").next().unwrap();
        let shown = code.split_once('>').unwrap().1;
        let plain = shown
            .replace("&#34;", "\"")
            .replace("&#39;", "'")
            .replace("&#60;", "<")
            .replace("&#62;", ">")
            .replace("&#38;", "&");
        assert_eq!(plain, sample.text(&app.demo_url), "{}", sample.slug);
    }
}

#[tokio::test]
async fn the_table_of_rights_is_the_one_that_is_enforced() {
    let app = TestApp::start().await;
    let page = app.browser().get("/docs").await.page();
    let table = page.split("id=\"rights\"").nth(1).expect("there is a table").split("</table>").next().unwrap();
    for action in Action::all() {
        let row = table.split("<tr>").find(|row| row.contains(action.label())).expect("each right has a row");
        let cell = row.split("<td>").nth(2).expect("and says whose it is").split("</td>").next().unwrap();
        let may = Role::ALL.iter().filter(|role| role.may(action)).map(|role| role.as_str());
        assert_eq!(cell.split_whitespace().collect::<Vec<_>>(), may.collect::<Vec<_>>(), "{action:?}");
    }
}

#[tokio::test]
async fn links_within_the_page_lead_somewhere() {
    let app = TestApp::start().await;
    let page = app.browser().get("/docs").await.page();
    let ids: HashSet<&str> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let links: Vec<&str> = page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(links.len() > 10);
    assert!(links.iter().all(|link| ids.contains(link)), "{links:?} {ids:?}");
}

#[tokio::test]
async fn the_schema_is_served_to_everybody() {
    let app = TestApp::start().await;
    let answer = app.browser().get("/schema/plan.json").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/schema+json"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    let schema: Value = serde_json::from_str(&answer.text).unwrap();
    assert!(schema["$schema"].as_str().unwrap().contains("json-schema.org"), "{}", answer.text);
}

#[tokio::test]
async fn the_page_of_the_api_tells_of_every_operation_and_what_each_field_is() {
    let app = TestApp::start().await;
    let page = app.browser().get("/docs/api").await.page();
    let document: Value = serde_json::from_str(web::openapi()).unwrap();
    for route in web::routes().iter().filter(|route| route.path.starts_with("/api/v1")) {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let (id, summary) = (operation["operationId"].as_str().unwrap(), operation["summary"].as_str().unwrap());
        let summary = summary.replace('\'', "&#39;");
        assert!(page.contains(&format!("id=\"{id}\">{summary}")), "{route:?}");
    }
    assert!(!page.contains("<td class=\"kind\"></td>"), "a field says what it is");
    assert!(page.contains("read | run | write | admin"), "words are listed");
}

//! How plans are written, with examples that can be run; and the schema of the language.

pub(crate) mod api;

use std::sync::LazyLock;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data},
};
use askama::Template;
use domain::{Action, Role};

use crate::{
    error::WebError,
    page::{Page, Section, html},
    samples::Sample,
    session::SignedIn,
    state::State,
};

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    page: Page,
    demo_url: String,
}

impl DocsPage {
    /// The text of an example; empty if there is none of this name, which a test would find.
    fn example(&self, slug: &str) -> String {
        Sample::find(slug).map(|sample| sample.text(&self.demo_url)).unwrap_or_default()
    }

    fn roles(&self) -> &'static [Role] {
        Role::ALL
    }

    fn actions(&self) -> Vec<Action> {
        Action::all().collect()
    }

    fn example_title(&self, slug: &str) -> &'static str {
        Sample::find(slug).map_or("", |sample| sample.title)
    }
}

/// `GET /docs`
pub(crate) async fn page(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, WebError> {
    let member = SignedIn::of(&request).await?;
    let page = Page::open(&request, Section::Docs, member);
    html(&DocsPage { page, demo_url: state.demo_url.clone() })
}

static SCHEMA: LazyLock<Bytes> = LazyLock::new(|| {
    let text = serde_json::to_string_pretty(&plan::schema()).expect("a JSON value can be written");
    Bytes::from(text)
});

/// `GET /schema/plan.json`: for editors, also those elsewhere.
pub(crate) async fn schema() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/schema+json")
        .insert_header((header::CACHE_CONTROL, "public, max-age=3600"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("cross-origin-resource-policy", "cross-origin"))
        .body(SCHEMA.clone())
}

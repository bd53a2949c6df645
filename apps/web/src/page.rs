//! What every page has around its content, and how templates become answers.

use std::borrow::Borrow;

use actix_web::{HttpMessage, HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::{Action, Confirmation, Email};
use jiff::Timestamp;

use crate::{
    assets,
    config::MailDelivery,
    error::WebError,
    middleware::protect::Nonce,
    session::{SignedIn, Somebody},
    show::standing::Standing,
    state::State,
};

/// The part of the product a page belongs to; marked in the side bar.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Home,
    Plans,
    Schedules,
    Runs,
    Secrets,
    /// Its members, its name, its audit log.
    Organization,
    Billing,
    Account,
    Docs,
    /// For operators.
    Clock,
    /// For operators.
    Mail,
    /// In front of the door.
    Public,
}

/// The frame of a page.
pub(crate) struct Page {
    section: Section,
    pub(crate) member: Option<SignedIn>,
    /// Who is signed in, where that matters and they may belong to no organization.
    pub(crate) email: Option<Email>,
    pub(crate) nonce: String,
    is_failing: bool,
    /// Where mail goes, as far as it is known.
    mail: Option<MailDelivery>,
}

impl Page {
    /// For a member.
    pub(crate) fn of(request: &HttpRequest, section: Section, member: SignedIn) -> Self {
        Self { member: Some(member), ..Self::public(request, section) }
    }

    /// For everybody, whether signed in or not.
    pub(crate) fn open(request: &HttpRequest, section: Section, member: Option<SignedIn>) -> Self {
        Self { member, ..Self::public(request, section) }
    }

    /// For whoever is signed in, whether they belong to an organization or not.
    pub(crate) fn of_somebody(request: &HttpRequest, somebody: &Somebody, member: Option<SignedIn>) -> Self {
        Self { email: Some(somebody.person.email.clone()), ..Self::open(request, Section::Organization, member) }
    }

    /// In front of the door.
    pub(crate) fn public(request: &HttpRequest, section: Section) -> Self {
        let nonce = request.extensions().get::<Nonce>().map(|nonce| nonce.as_str().to_owned()).unwrap_or_default();
        let mail = request.app_data::<Data<State>>().map(|state| state.config.mail);
        Self { section, member: None, email: None, nonce, is_failing: false, mail }
    }

    /// Shows in the icon whether something fails.
    pub(crate) fn failing(self, is_failing: bool) -> Self {
        Self { is_failing, ..self }
    }

    /// The icon of the page.
    pub(crate) fn icon(&self) -> Option<&'static str> {
        assets::url(if self.is_failing { "favicon-failed.svg" } else { "favicon.svg" })
    }

    /// Whether this is the section of the page.
    pub(crate) fn is_in(&self, section: &str) -> bool {
        let ours = match self.section {
            Section::Home => "home",
            Section::Plans => "plans",
            Section::Schedules => "schedules",
            Section::Runs => "runs",
            Section::Secrets => "secrets",
            Section::Organization => "organization",
            Section::Billing => "billing",
            Section::Account => "account",
            Section::Docs => "docs",
            Section::Clock => "clock",
            Section::Mail => "mail",
            Section::Public => "",
        };
        ours == section
    }

    /// Whether whoever looks runs this server.
    pub(crate) fn is_operator(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.is_operator)
    }

    /// Whether whoever looks may read all mail.
    pub(crate) fn shows_mail(&self) -> bool {
        self.is_operator() && self.mail == Some(MailDelivery::Folder)
    }

    /// Whether whoever looks may do this.
    pub(crate) fn may(&self, action: impl Borrow<Action>) -> bool {
        self.member.as_ref().is_some_and(|member| member.role.may(*action.borrow()))
    }

    /// What is wrong with what the organization pays for; only for those who can do something about it, and
    /// not on the page that says it anyway.
    pub(crate) fn banner(&self) -> Option<Standing> {
        let subscription = self.member.as_ref()?.subscription.as_ref()?;
        let is_wanted = self.may(Action::Bill) && self.section != Section::Billing;
        Standing::of(subscription, Timestamp::now()).filter(|standing| is_wanted && standing.is_problem)
    }

    /// Whether whoever looks has yet to show that mail reaches them.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        self.member.as_ref().is_some_and(|member| member.confirmation == Confirmation::Pending)
    }

    /// Where an asset is; none if it has not been built.
    #[allow(clippy::unused_self, reason = "templates know the page only")]
    pub(crate) fn asset(&self, name: &str) -> Option<&'static str> {
        assets::url(name)
    }
}

/// The page, with status 200.
pub(crate) fn html(template: &impl Template) -> Result<HttpResponse, WebError> {
    html_with(StatusCode::OK, template)
}

/// The page, with another status.
pub(crate) fn html_with(status: StatusCode, template: &impl Template) -> Result<HttpResponse, WebError> {
    let text = rendered(template)?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(text))
}

/// A page, or a part of one, that is rendered already.
pub(crate) fn html_of(text: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(text)
}

/// The template's text.
pub(crate) fn rendered(template: &impl Template) -> Result<String, WebError> {
    template.render().map_err(|error| WebError::internal(format!("a page was not rendered: {error}")))
}

/// On to another page, with GET.
pub(crate) fn go(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("location", path)).finish()
}

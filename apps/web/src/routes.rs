//! Every address there is: the table of the pages', with which they are registered, and the API's.

use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, dev::ResourceDef, guard, http::Method, web, web::ServiceConfig};

use crate::{api, assets, error::WebError, metrics, pages};

/// Who may use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody.
    Public,
    /// Whoever is signed in, whether they belong to an organization or not.
    Person,
    /// Whoever is signed in to an organization, for what is its own.
    Member,
    /// Whoever runs this server; for everybody else there is no such thing.
    Operator,
    /// Programs that hold a token.
    Token,
}

/// An address with a method.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// `GET` stands for `HEAD` too.
    pub method: &'static str,
    /// With placeholders such as `{plan}`.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
}

macro_rules! routes {
    ($($access:ident $method:ident $path:literal => $handler:path;)*) => {
        /// Every route for browsers: none is registered anywhere else.
        const PAGES: &[Route] = &[
            $(Route { method: stringify!($method), path: $path, access: Access::$access },)*
        ];

        pub(crate) fn configure(services: &mut ServiceConfig) {
            $(services.route($path, method(stringify!($method)).to($handler));)*
        }
    };
}

routes! {
    Public GET "/" => pages::home::home;
    Public GET "/sign-up" => pages::account::sign_up_form;
    Public POST "/sign-up" => pages::account::sign_up;
    Public GET "/welcome" => pages::account::welcome;
    Public GET "/sign-in" => pages::account::sign_in_form;
    Public POST "/sign-in" => pages::account::sign_in;
    Public GET "/sign-in/code" => pages::account::second_step::form;
    Public POST "/sign-in/code" => pages::account::second_step::check;
    Public POST "/sign-out" => pages::account::sign_out;
    Public GET "/forgot" => pages::account::forgot::form;
    Public POST "/forgot" => pages::account::forgot::ask;
    Public GET "/forgot/sent" => pages::account::forgot::sent;
    Public GET "/reset/{token}" => pages::account::forgot::reset_form;
    Public POST "/reset/{token}" => pages::account::forgot::reset;
    Public GET "/confirm/{token}" => pages::account::confirm::form;
    Public POST "/confirm/{token}" => pages::account::confirm::confirm;
    Public GET "/change-email/{token}" => pages::account::confirm::new_email_form;
    Public POST "/change-email/{token}" => pages::account::confirm::change_email;

    Member GET "/account" => pages::account::overview::page;
    Member POST "/account/confirmation" => pages::account::confirm::again;
    Member POST "/account/password" => pages::account::password::change;
    Member POST "/account/email" => pages::account::email::change;
    Member GET "/account/second-factor" => pages::account::second_factor::set_up;
    Member POST "/account/second-factor" => pages::account::second_factor::begin;
    Member POST "/account/second-factor/enable" => pages::account::second_factor::enable;
    Member POST "/account/second-factor/disable" => pages::account::second_factor::disable;
    Member POST "/account/sessions/end" => pages::account::sessions::end_others;
    Member POST "/account/sessions/{session}/end" => pages::account::sessions::end;
    Member GET "/account/export" => pages::account::export::export;
    Member GET "/account/delete" => pages::account::delete::ask;
    Member POST "/account/delete" => pages::account::delete::delete;

    Member GET "/plans" => pages::plans::list;
    Member POST "/plans" => pages::editor::create;
    Member GET "/plans/new" => pages::editor::new;
    Member POST "/plans/check" => pages::editor::check;
    Member GET "/plans/{plan}" => pages::plan::overview;
    Member POST "/plans/{plan}" => pages::editor::save;
    Member GET "/plans/{plan}/edit" => pages::editor::edit;
    Member GET "/plans/{plan}/delete" => pages::plan::ask_to_delete;
    Member POST "/plans/{plan}/delete" => pages::plan::delete;
    Member POST "/plans/{plan}/runs" => pages::plan::run;
    Member POST "/plans/{plan}/operators" => pages::operators::save;
    Member POST "/plans/{plan}/hook" => pages::hook::make;
    Member GET "/plans/{plan}/hook/rotate" => pages::hook::ask_to_rotate;
    Member GET "/plans/{plan}/hook/delete" => pages::hook::ask_to_delete;
    Member POST "/plans/{plan}/hook/delete" => pages::hook::delete;
    Member GET "/plans/{plan}/events" => pages::events::of_plan;
    Member GET "/plans/{plan}/versions" => pages::versions::list;
    Member GET "/plans/{plan}/versions/{version}" => pages::versions::version;
    Member GET "/plans/{plan}/schedules" => pages::schedules::of_plan;
    Member POST "/plans/{plan}/schedules" => pages::schedule_form::create;
    Member GET "/plans/{plan}/schedules/new" => pages::schedule_form::new;
    Member POST "/plans/{plan}/schedules/preview" => pages::schedule_form::preview;

    Member GET "/schedules" => pages::schedules::all;
    Member POST "/schedules/pause" => pages::schedules::pause;
    Member POST "/schedules/resume" => pages::schedules::resume;
    Member GET "/schedules/clear" => pages::schedules::ask_to_clear;
    Member POST "/schedules/clear" => pages::schedules::clear;
    Member GET "/schedules/{schedule}" => pages::schedule::page;
    Member POST "/schedules/{schedule}" => pages::schedule_form::save;
    Member GET "/schedules/{schedule}/edit" => pages::schedule_form::edit;
    Member POST "/schedules/{schedule}/pause" => pages::schedule::pause;
    Member POST "/schedules/{schedule}/resume" => pages::schedule::resume;
    Member GET "/schedules/{schedule}/delete" => pages::schedule::ask_to_delete;
    Member POST "/schedules/{schedule}/delete" => pages::schedule::delete;

    Member GET "/runs" => pages::runs::list;
    Member GET "/runs/{run}" => pages::run::page;
    Member GET "/runs/{run}/live" => pages::run::live;
    Member GET "/runs/{run}/events" => pages::events::of_run;
    Member POST "/runs/{run}/cancel" => pages::run::cancel;
    Member POST "/runs/{run}/again" => pages::run::again;
    Member GET "/events" => pages::events::all;

    Member GET "/secrets" => pages::secrets::list;
    Member POST "/secrets" => pages::secrets::add;
    Member GET "/secrets/{secret}" => pages::secrets::edit;
    Member POST "/secrets/{secret}" => pages::secrets::replace;
    Member GET "/secrets/{secret}/delete" => pages::secrets::ask_to_delete;
    Member POST "/secrets/{secret}/delete" => pages::secrets::delete;

    Member GET "/billing" => pages::billing::page;
    Member POST "/billing/checkout" => pages::billing::checkout;
    Member POST "/billing/portal" => pages::billing::portal;
    Member GET "/billing/done" => pages::billing::done;
    Member GET "/billing/cancel" => pages::billing::ask_to_cancel;
    Member POST "/billing/cancel" => pages::billing::cancel;
    Member POST "/billing/resume" => pages::billing::resume;
    Public POST "/webhooks/stripe" => pages::billing::webhook;

    Person GET "/organizations" => pages::organizations::list;
    Person POST "/organizations" => pages::organizations::create;
    Person POST "/organizations/{organization}/switch" => pages::organizations::switch;
    Public GET "/invitations" => pages::invitation::page;
    Person POST "/invitations" => pages::invitation::accept;
    Public POST "/invitations/sign-up" => pages::invitation::sign_up;

    Member GET "/organization" => pages::organization::page;
    Member POST "/organization" => pages::organization::rename;
    Member GET "/organization/delete" => pages::organization::ask_to_delete;
    Member POST "/organization/delete" => pages::organization::delete;
    Member GET "/members" => pages::members::list;
    Member POST "/members/leave" => pages::members::leave;
    Member POST "/members/invitations" => pages::members::invite;
    Member POST "/members/invitations/{invitation}/again" => pages::members::invite_again;
    Member POST "/members/invitations/{invitation}/revoke" => pages::members::revoke;
    Member POST "/members/{member}/role" => pages::members::change_role;
    Member GET "/members/{member}/remove" => pages::members::ask_to_remove;
    Member POST "/members/{member}/remove" => pages::members::remove;
    Member GET "/members/{member}/owner" => pages::members::ask_to_hand_over;
    Member POST "/members/{member}/owner" => pages::members::hand_over;
    Member GET "/tokens" => pages::tokens::list;
    Member POST "/tokens" => pages::tokens::create;
    Member GET "/tokens/{token}/revoke" => pages::tokens::ask_to_revoke;
    Member POST "/tokens/{token}/revoke" => pages::tokens::revoke;
    Member GET "/audit" => pages::audit::page;
    Member GET "/audit.csv" => pages::audit::csv;
    Member GET "/audit.json" => pages::audit::json;

    Operator GET "/clock" => pages::clock::page;
    Operator POST "/clock/pause" => pages::clock::pause;
    Operator POST "/clock/resume" => pages::clock::resume;

    Operator GET "/mail" => pages::mail::page;

    Public GET "/docs" => pages::docs::page;
    Public GET "/docs/api" => pages::docs::api::page;
    Public GET "/schema/plan.json" => pages::docs::schema;
    Public GET "/assets/{name:.*}" => assets::get;
    Public GET "/healthz" => pages::health::alive;
    Public GET "/readyz" => pages::health::ready;
    Public GET "/metrics" => metrics::page;
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let of_api = api::operations().map(|(method, path, operation)| {
        let access = if api::document::is_public(operation) { Access::Public } else { Access::Token };
        Route { method, path, access }
    });
    PAGES.iter().copied().chain(of_api).collect()
});

/// Every route there is: those of the pages, and those that the API describes.
#[must_use]
pub fn routes() -> &'static [Route] {
    &ROUTES
}

fn method(name: &str) -> actix_web::Route {
    match name {
        "GET" => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
        _ => web::method(Method::from_bytes(name.as_bytes()).expect("the table holds HTTP methods")),
    }
}

/// The pattern in the table; what is in none of its lines is `other`.
pub(crate) fn pattern(path: Option<&str>) -> &'static str {
    path.and_then(|path| ROUTES.iter().find(|route| route.path == path)).map_or("other", |route| route.path)
}

/// See [`crate::Config::panics_at`].
pub(crate) fn panic_at(path: &str, services: &mut ServiceConfig) {
    async fn handler() -> HttpResponse {
        panic!("a handler was asked to panic")
    }
    services.route(path, web::get().to(handler));
}

/// Whatever no route takes: an unknown address, or a known one with a method it does not have.
pub(crate) async fn nothing_here(request: HttpRequest) -> Result<HttpResponse, WebError> {
    Err(refusal(&request))
}

/// Why there is no answer at this address with this method.
pub(crate) fn refusal(request: &HttpRequest) -> WebError {
    let fits = |route: &&Route| ResourceDef::new(route.path).is_match(request.path());
    let placeholders = |route: &Route| route.path.matches('{').count();
    let fitting: Vec<&Route> = ROUTES.iter().filter(fits).collect();
    // `/schedules/pause` is not a schedule that is called so.
    let fewest = fitting.iter().map(|route| placeholders(route)).min();
    let nearest = fitting.iter().filter(|route| Some(placeholders(route)) == fewest);
    let allowed: Vec<&str> = nearest.map(|route| route.method).collect();
    if allowed.is_empty() || allowed.contains(&request.method().as_str()) {
        return WebError::NotFound;
    }
    WebError::Method { allowed: allowed.join(", ") }
}

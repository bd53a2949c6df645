//! The REST API under `/api/v1`: what the pages can do, for programs. Whoever calls holds a token.
//!
//! Each handler stands with its description; `document` makes OpenAPI of them, and nothing is registered that is not
//! described.

#![allow(unused_qualifications, reason = "what `utoipa::path` writes has some")]

mod audit;
mod body;
pub(crate) mod caller;
mod check;
pub(crate) mod document;
mod events;
pub(crate) mod hook;
mod invitations;
mod list;
mod members;
mod operators;
mod organization;
mod plans;
mod problem;
mod query;
mod runs;
mod schedules;
mod secrets;
mod statistics;
mod token;
mod tokens;
mod usage;
mod variables;
mod versions;

use actix_web::{
    dev::HttpServiceFactory,
    middleware::from_fn,
    web::{self, PathConfig, QueryConfig},
};
use utoipa_actix_web::service_config::ServiceConfig;

pub use self::document::openapi;
pub(crate) use self::{caller::text as token_text, document::operations};
use crate::{error::WebError, routes};

/// Where it is.
pub(crate) const ROOT: &str = "/api/v1";

fn configure(services: &mut ServiceConfig) {
    services
        .service(document::read)
        .service(token::read)
        .service(tokens::list)
        .service(tokens::create)
        .service(tokens::revoke)
        .service(check::check)
        .service(plans::list)
        .service(plans::create)
        .service(plans::read)
        .service(plans::save)
        .service(plans::delete)
        .service(versions::list)
        .service(versions::read)
        .service(schedules::list)
        .service(schedules::many::pause_many)
        .service(schedules::many::resume_many)
        .service(schedules::many::delete_many)
        .service(schedules::create)
        .service(schedules::read)
        .service(schedules::save)
        .service(schedules::delete)
        .service(schedules::pause)
        .service(schedules::resume)
        .service(schedules::occurrences)
        .service(secrets::list)
        .service(secrets::changes)
        .service(secrets::set)
        .service(secrets::delete)
        .service(members::list)
        .service(members::change)
        .service(members::remove)
        .service(invitations::list)
        .service(invitations::create)
        .service(invitations::again)
        .service(invitations::revoke)
        .service(organization::read)
        .service(organization::rename)
        .service(usage::read)
        .service(operators::read)
        .service(operators::save)
        .service(audit::list)
        .service(hook::read)
        .service(hook::make)
        .service(hook::delete)
        .service(hook::call::call)
        .service(runs::list)
        .service(runs::create)
        .service(runs::read)
        .service(runs::read_step)
        .service(runs::cancel)
        .service(runs::rerun)
        .service(statistics::read)
        .service(events::listen);
}

/// Everything under [`ROOT`].
pub(crate) fn services() -> impl HttpServiceFactory {
    utoipa_actix_web::scope(ROOT)
        .app_data(PathConfig::default().error_handler(|_, request| routes::refusal(request).into()))
        .app_data(
            QueryConfig::default().error_handler(|error, _| {
                WebError::BadRequest(format!("The query could not be read: {error}.")).into()
            }),
        )
        .wrap(from_fn(problem::dress))
        .configure(configure)
        .default_service(web::to(routes::nothing_here))
}

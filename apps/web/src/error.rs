//! What a handler may answer instead of what was asked for: as a page, and in the API as problem details
//! (`api/problem.rs`).

use actix_web::{HttpResponse, ResponseError, http::StatusCode, http::header};
use askama::Template;
use plan::Diagnostic;
use serde::Serialize;
use store::{CreateTokenError, InviteError, MemberError};
use utoipa::ToSchema;

use crate::assets;

/// Why there is no answer to what was asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    /// Nobody is signed in; the page to come back to.
    #[error("sign in first")]
    SignIn {
        /// Path and query.
        next: String,
    },
    /// Whoever is signed in belongs to no organization.
    #[error("no organization")]
    NoOrganization,
    /// An invitation that was never made, was used or taken back, or is too old.
    #[error("no such invitation")]
    NoInvitation,
    /// No token came with a request that wants one, or one that is not good.
    #[error("unauthorized: {0}")]
    Unauthorized(String),
    /// It cannot be done as things are.
    #[error("conflict: {0}")]
    Conflict(String),
    /// Somebody has saved another version meanwhile.
    #[error("conflict with version {current}")]
    Stale {
        /// The version that is current now.
        current: u32,
    },
    /// The organization's tier does not allow it.
    #[error("over a limit: {0}")]
    OverLimit(String),
    /// The request was read, and what it asks for cannot be.
    #[error("invalid: {detail}")]
    Invalid {
        /// What is wrong, in a sentence.
        detail: String,
        /// At which fields.
        fields: Vec<FieldError>,
        /// In a plan's text.
        diagnostics: Vec<Diagnostic>,
    },
    /// The body is of a kind that is not read.
    #[error("unsupported media type")]
    MediaType,
    /// There is no such thing, or it is somebody else's.
    #[error("not found")]
    NotFound,
    /// The role does not allow it.
    #[error("not allowed: {0}")]
    Forbidden(String),
    /// Another site caused it.
    #[error("caused by another site")]
    CrossSite,
    /// The request makes no sense.
    #[error("bad request: {0}")]
    BadRequest(String),
    /// The body is longer than any that is taken.
    #[error("too large")]
    TooLarge,
    /// The body did not come in time.
    #[error("timed out")]
    TimedOut,
    /// Too many attempts.
    #[error("throttled for {seconds} s")]
    Throttled {
        /// Until the next one is allowed.
        seconds: u64,
    },
    /// Too much is going on.
    #[error("busy")]
    Busy,
    /// The thing has no such method.
    #[error("method not allowed")]
    Method {
        /// For the `Allow` header.
        allowed: String,
    },
    /// Our fault. The text is for the log, not for the page.
    #[error("{0}")]
    Internal(String),
}

/// What is wrong with one field.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// Its name.
    pub(crate) field: &'static str,
    /// What is wrong, in a sentence.
    pub(crate) message: String,
}

impl WebError {
    pub(crate) fn internal(text: impl Into<String>) -> Self {
        Self::Internal(text.into())
    }

    /// What is wrong with one field.
    pub(crate) fn field(field: &'static str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Invalid { detail: message.clone(), fields: vec![FieldError { field, message }], diagnostics: Vec::new() }
    }

    /// What happened, and what to do about it.
    pub(crate) fn words(&self) -> (&'static str, String) {
        match self {
            Self::SignIn { .. } => ("Sign in first", "This page is for members.".to_owned()),
            Self::NoOrganization => ("Choose an organization", "You belong to none.".to_owned()),
            Self::NoInvitation => (
                "This invitation does not hold",
                "It was used, taken back or replaced by a newer one, it is older than 7 days, or the address has a typing \
                 error. Ask whoever invited you to send it again."
                    .to_owned(),
            ),
            Self::Unauthorized(reason) => ("This wants a token", reason.clone()),
            Self::Stale { current } => (
                "Somebody else was faster",
                format!("Version {current} was saved meanwhile. Read it, then save over it."),
            ),
            Self::OverLimit(reason) => ("This is more than the tier allows", reason.clone()),
            Self::Invalid { detail, .. } => ("This cannot be taken", detail.clone()),
            Self::MediaType => (
                "This kind of body is not read",
                "Send JSON, with the header `Content-Type: application/json`.".to_owned(),
            ),
            Self::Conflict(reason) => ("This cannot be done now", reason.clone()),
            Self::NotFound => (
                "There is nothing here",
                "It was deleted, it belongs to another organization, or the address has a typing error.".to_owned(),
            ),
            Self::Forbidden(reason) => ("This is not yours to do", reason.clone()),
            Self::CrossSite => (
                "This request came from another site",
                "It was refused, and nothing was changed. Open the page here and try again.".to_owned(),
            ),
            Self::BadRequest(reason) => ("This request could not be read", reason.clone()),
            Self::TooLarge => (
                "This is too much at once",
                "A request may hold at most 1 MiB; a plan holds at most 256 KiB.".to_owned(),
            ),
            Self::TimedOut => ("The request took too long", "Its body did not come in time. Try again.".to_owned()),
            Self::Throttled { seconds } => {
                ("Too many attempts", format!("Nothing is locked. Wait {seconds} s, then try again."))
            }
            Self::Busy => ("Too much is going on", "Wait a few seconds, then try again.".to_owned()),
            Self::Method { allowed } => ("This address cannot do that", format!("It understands {allowed}.")),
            Self::Internal(_) => (
                "This did not work",
                "It is our fault, and it has been noted. Try again; if it stays like this, tell us the number of \
                 the request that stands in the answer's X-Request-Id header."
                    .to_owned(),
            ),
        }
    }
}

impl From<store::Error> for WebError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::KeyReused => Self::field("Idempotency-Key", error.to_string()),
            store::Error::Busy(_) => {
                tracing::warn!("{error}");
                Self::Busy
            }
            error => Self::internal(error.to_string()),
        }
    }
}

impl From<CreateTokenError> for WebError {
    fn from(error: CreateTokenError) -> Self {
        match error {
            CreateTokenError::TooMany => Self::Conflict(error.to_string()),
            CreateTokenError::Member(error) => error.into(),
        }
    }
}

impl From<InviteError> for WebError {
    fn from(error: InviteError) -> Self {
        match error {
            InviteError::AlreadyMember(_) | InviteError::AlreadyInvited(_) => Self::field("email", error.to_string()),
            InviteError::TooSoon | InviteError::TooMany => Self::Conflict(error.to_string()),
            InviteError::OverLimit(over_limit) => Self::OverLimit(over_limit.to_string()),
            InviteError::Member(error) => error.into(),
        }
    }
}

impl From<MemberError> for WebError {
    fn from(error: MemberError) -> Self {
        match error {
            MemberError::NotFound => Self::NotFound,
            MemberError::Forbidden(reason) => Self::Forbidden(reason),
            MemberError::LastOwner => Self::Conflict(error.to_string()),
            MemberError::Store(error) => error.into(),
        }
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    status: u16,
    heading: &'a str,
    text: &'a str,
    icon: Option<&'static str>,
    stylesheet: Option<&'static str>,
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignIn { .. } | Self::NoOrganization => StatusCode::SEE_OTHER,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Conflict(_) | Self::Stale { .. } => StatusCode::CONFLICT,
            Self::OverLimit(_) => StatusCode::PAYMENT_REQUIRED,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotFound | Self::NoInvitation => StatusCode::NOT_FOUND,
            Self::Forbidden(_) | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Internal(text) = self {
            tracing::error!("{text}");
        }
        let status = self.status_code();
        let mut response = HttpResponse::build(status);
        match self {
            Self::SignIn { next } => {
                let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
                return response.insert_header((header::LOCATION, format!("/sign-in?{query}"))).finish();
            }
            Self::NoOrganization => {
                return response.insert_header((header::LOCATION, "/organizations")).finish();
            }
            Self::Throttled { seconds } => {
                response.insert_header((header::RETRY_AFTER, *seconds));
            }
            Self::Unauthorized(_) => {
                response.insert_header((header::WWW_AUTHENTICATE, "Bearer realm=\"smokex\""));
            }
            Self::Busy => {
                response.insert_header((header::RETRY_AFTER, 5));
            }
            Self::Method { allowed } => {
                response.insert_header((header::ALLOW, allowed.as_str()));
            }
            // What is left of the body would be read as the next request.
            Self::TooLarge | Self::TimedOut => {
                response.force_close();
            }
            _ => {}
        }
        let (heading, text) = self.words();
        let page = ErrorPage {
            status: status.as_u16(),
            heading,
            text: &text,
            icon: assets::url("favicon.svg"),
            stylesheet: assets::url("app.css"),
        };
        let html = page.render().unwrap_or_else(|_| heading.to_owned());
        response.content_type("text/html; charset=utf-8").body(html)
    }
}

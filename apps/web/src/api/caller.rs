//! Who calls: the token in the header, and whoever is behind it.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header, web::Data};
use domain::{Action, Limits, Tier};
use futures_util::future::LocalBoxFuture;
use store::{Bearer, Presented, Tenant};

use crate::{error::WebError, session::Token, state::State};

/// What every token begins with: who finds one in a file knows what it is.
const PREFIX: &str = "smx_";

/// A token as people copy it.
pub(crate) fn text(token: &Token) -> String {
    format!("{PREFIX}{}", token.text())
}

/// Whoever calls with a token that is good. Handlers that take one are for them only.
pub(crate) struct Caller {
    bearer: Box<Bearer>,
    /// What the database knows the token by.
    hash: [u8; 32],
}

impl Caller {
    /// What the token proves.
    pub(crate) fn bearer(&self) -> &Bearer {
        &self.bearer
    }

    /// The organization, and that it is this token which asks.
    pub(crate) fn tenant(&self) -> &Tenant {
        self.bearer.tenant()
    }

    /// The tier that holds for the organization, and what it may do on it.
    pub(crate) fn tier<'a>(&self, state: &'a State) -> (Tier, &'a Limits) {
        let (tiers, own) = (state.store.tiers(), self.bearer.tier);
        (tiers.in_force.unwrap_or(own), tiers.limits(own))
    }

    /// Lets only callers go on whose token, and whose token's maker, may do this.
    pub(crate) fn must(&self, action: Action) -> Result<(), WebError> {
        if !self.bearer.scope.may(action) {
            return Err(WebError::Forbidden(self.bearer.scope.refusal(action)));
        }
        if !self.bearer.role.may(action) {
            return Err(WebError::Forbidden(format!("Whoever made this token may not do this. {}", action.refusal())));
        }
        Ok(())
    }

    /// Whether the token was neither revoked nor has ended meanwhile, and its maker has not left.
    pub(crate) async fn is_still_good(&self, state: &State) -> bool {
        matches!(state.store.bearer(self.hash).await, Ok(Presented::Good(_)))
    }

    async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let state = request.app_data::<Data<State>>().expect("every application has a state");
        let unauthorized = |reason: &str| WebError::Unauthorized(reason.to_owned());
        let Some(given) = request.headers().get(header::AUTHORIZATION) else {
            return Err(unauthorized(
                "Send a token in the header `Authorization: Bearer smx_…`. Tokens are made on the page `/tokens`.",
            ));
        };
        let token = given
            .to_str()
            .ok()
            .and_then(|line| line.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .and_then(|(_, token)| Token::read(token.trim().strip_prefix(PREFIX)?));
        let Some(token) = token else {
            return Err(unauthorized("The header `Authorization` holds no token: it reads `Bearer smx_…`."));
        };
        let hash = token.hash();
        let bearer = match state.store.bearer(hash).await? {
            Presented::Good(bearer) => bearer,
            Presented::Expired(at) => {
                return Err(WebError::Unauthorized(format!("This token ended at {at}. Make another one.")));
            }
            Presented::Unknown => {
                return Err(unauthorized("There is no such token: it was revoked, or it has a typing error."));
            }
        };
        let (allowance, taken) = state.throttle.api(bearer.tenant().organization());
        request.extensions_mut().insert(allowance);
        taken.map(|()| Self { bearer, hash })
    }
}

impl FromRequest for Caller {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

//! Signing up, in and out.
//!
//! What is answered does not tell whether an address has an account. At sign-in a wrong password and
//! an unknown address look the same and take the same work. At sign-up the answer is the same redirect
//! with a cookie of the same shape; only for a free address does a session stand behind it. Whoever
//! follows the redirect learns which it was: that cannot be hidden as long as people are signed in
//! without confirming their address by mail.

use std::time::{Duration, SystemTime};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Query},
};
use askama::Template;
use domain::{Email, OrganizationName, Password, UserId};
use jiff::Timestamp;
use serde::Deserialize;
use store::{NewAccount, NewSession, SignUpError};
use tokio::time::Instant;

use crate::{
    address,
    body::Form,
    editing::Draft,
    error::PageError,
    page::{Page, Section, go, html, html_with},
    samples::SAMPLES,
    session::{self, Somebody, Token},
    state::State,
};

/// An answer to a sign-up comes no sooner than this after it was asked for, so that what the database
/// had to do cannot be read from the time.
pub(crate) const SIGN_UP_TAKES: Duration = Duration::from_millis(300);

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    page: Page,
    form: SignUp,
    email_error: Option<String>,
    organization_error: Option<String>,
    password_error: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    email: String,
    next: String,
    note: Option<&'static str>,
    is_wrong: bool,
}

/// What is typed to sign up.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignUp {
    email: String,
    organization: String,
    password: String,
}

/// What is typed to sign in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct SignIn {
    email: String,
    password: String,
    next: String,
}

/// `GET /sign-up`
pub(crate) async fn sign_up_form(request: HttpRequest) -> Result<HttpResponse, PageError> {
    if Somebody::of(&request).await?.is_some() {
        return Ok(go("/"));
    }
    let page = Page::public(&request, Section::Public);
    html(&SignUpPage {
        page,
        form: SignUp::default(),
        email_error: None,
        organization_error: None,
        password_error: None,
    })
}

/// `POST /sign-up`
pub(crate) async fn sign_up(
    request: HttpRequest,
    state: Data<State>,
    Form(form): Form<SignUp>,
) -> Result<HttpResponse, PageError> {
    let begun = Instant::now();
    state.throttle.address(address::of(&request, &state.config.serving.trusted_proxies))?;
    let email = form.email.parse::<Email>();
    // An organization that is given no name takes that of its first member's address.
    let named = if form.organization.trim().is_empty() { named_after(&form.email) } else { form.organization.clone() };
    let organization = named.parse::<OrganizationName>();
    let password = form.password.parse::<Password>();
    let (email, organization, password) = match (email, organization, password) {
        (Ok(email), Ok(organization), Ok(password)) => (email, organization, password),
        (email, organization, password) => {
            let page = SignUpPage {
                page: Page::public(&request, Section::Public),
                email_error: email.err().map(|error| error.to_string()),
                organization_error: organization.err().map(|error| error.to_string()),
                password_error: password.err().map(|error| error.to_string()),
                form,
            };
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let password_hash = state.passwords.hash(password.expose().to_owned()).await?;
    let sample = Draft::read(String::new(), SAMPLES[0].text(&state.demo_url)).await?.into_plan().ok();
    let account = NewAccount { email, password_hash, organization_name: organization, sample };
    let token = match state.store.sign_up(account).await {
        Ok(user) => begin_session(&request, &state, user).await?,
        // A token without a session: see the head of this file.
        Err(SignUpError::EmailTaken) => Token::new(),
        Err(SignUpError::Store(error)) => return Err(error.into()),
    };
    tokio::time::sleep_until(begun + SIGN_UP_TAKES).await;
    let mut response = go("/welcome");
    set_cookie(&mut response, &token.cookie(&state))?;
    Ok(response)
}

/// `GET /welcome`: where a sign-up leads.
pub(crate) async fn welcome(request: HttpRequest, query: Query<Next>) -> Result<HttpResponse, PageError> {
    if Somebody::of(&request).await?.is_some() {
        return Ok(go("/"));
    }
    let note = "We could not sign you in. If you already have an account with this address, sign in with its password.";
    let form = SignIn { next: query.into_inner().next, ..SignIn::default() };
    sign_in_page(&request, form, Some(note), StatusCode::OK)
}

/// Where to go after signing in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Next {
    next: String,
}

/// `GET /sign-in`
pub(crate) async fn sign_in_form(request: HttpRequest, query: Query<Next>) -> Result<HttpResponse, PageError> {
    let next = query.into_inner().next;
    if Somebody::of(&request).await?.is_some() {
        return Ok(go(local(&next)));
    }
    sign_in_page(&request, SignIn { next, ..SignIn::default() }, None, StatusCode::OK)
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    request: HttpRequest,
    state: Data<State>,
    Form(form): Form<SignIn>,
) -> Result<HttpResponse, PageError> {
    state.throttle.address(address::of(&request, &state.config.serving.trusted_proxies))?;
    let account = match form.email.parse::<Email>() {
        Ok(email) => {
            state.throttle.account(&email)?;
            state.store.password_hash(&email).await?
        }
        Err(_) => None,
    };
    let (user, hash) = account.unzip();
    let is_right = state.passwords.verify(form.password.clone(), hash).await?;
    let Some(user) = user.filter(|_| is_right) else {
        return sign_in_page(&request, form, None, StatusCode::UNPROCESSABLE_ENTITY);
    };
    // The session before, if there was one, is not carried on.
    end_session(&request, &state).await?;
    let token = begin_session(&request, &state, user).await?;
    let mut response = go(local(&form.next));
    set_cookie(&mut response, &token.cookie(&state))?;
    Ok(response)
}

/// `POST /sign-out`
pub(crate) async fn sign_out(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, PageError> {
    end_session(&request, &state).await?;
    let mut response = go("/");
    set_cookie(&mut response, &session::forget(&state))?;
    Ok(response)
}

fn sign_in_page(
    request: &HttpRequest,
    form: SignIn,
    note: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, PageError> {
    let page = Page::public(request, Section::Public);
    let is_wrong = status != StatusCode::OK;
    html_with(status, &SignInPage { page, email: form.email, next: form.next, note, is_wrong })
}

pub(crate) async fn begin_session(request: &HttpRequest, state: &State, user: UserId) -> Result<Token, PageError> {
    let token = Token::new();
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let expires = SystemTime::now() + state.config.limits.session;
    let expires_at = Timestamp::try_from(expires).map_err(|error| PageError::internal(error.to_string()))?;
    let user_agent = user_agent.unwrap_or_default().to_owned();
    state.store.create_session(user, NewSession { token_hash: token.hash(), user_agent, expires_at }).await?;
    Ok(token)
}

async fn end_session(request: &HttpRequest, state: &State) -> Result<(), PageError> {
    if let Some(somebody) = Somebody::of(request).await? {
        state.store.end_session(&somebody.person).await?;
        state.sessions.forget(&somebody.hash);
    }
    Ok(())
}

pub(crate) fn set_cookie(response: &mut HttpResponse, cookie: &actix_web::cookie::Cookie<'_>) -> Result<(), PageError> {
    response.add_cookie(cookie).map_err(|error| PageError::internal(format!("a cookie was not set: {error}")))
}

/// A path of ours; anything else is the start page.
fn local(next: &str) -> &str {
    // Browsers read a backslash as a slash, and two slashes as another host.
    let is_ours = next.starts_with('/')
        && !next.starts_with("//")
        && !next.contains('\\')
        && next.bytes().all(|byte| byte.is_ascii_graphic());
    if is_ours { next } else { "/" }
}

/// `ada@example.com` is at `example.com`.
fn named_after(email: &str) -> String {
    email.rsplit_once('@').map_or("My organization", |(_, domain)| domain.trim()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(local("/plans?state=failed"), "/plans?state=failed");
        for foreign in ["", "https://evil.example", "//evil.example", "/\\evil.example", "plans", "/a\r\nb", "/\tx"] {
            assert_eq!(local(foreign), "/", "{foreign:?}");
        }
    }
}

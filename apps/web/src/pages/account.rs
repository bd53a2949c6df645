//! Signing up, in and out.
//!
//! What is answered does not tell whether an address has an account. At sign-in a wrong password and
//! an unknown address look the same and take the same work. What a sign-up answers depends on whether mail
//! reaches mailboxes:
//!
//! - Through a mail server, everybody is sent to the same page, which says to look into the mailbox, and nobody
//!   is signed in. The mailbox gets a link to confirm the address, or the news that it has an account.
//! - On a server that puts mail into a folder (a laptop, a trial) nobody could look there, so people are signed
//!   in at once. The answer is the same redirect with a cookie of the same shape; only for a free address does a
//!   session stand behind it. Whoever follows the redirect learns which it was.
//!
//! What stays: an unconfirmed account may be used, so whoever signs up and then signs in with the password they
//! chose learns whether the address was free. That makes an account, sends a mail there and is throttled.

pub(crate) mod confirm;
pub(crate) mod delete;
pub(crate) mod email;
pub(crate) mod export;
pub(crate) mod forgot;
pub(crate) mod overview;
pub(crate) mod password;
pub(crate) mod second_factor;
pub(crate) mod second_step;
pub(crate) mod sessions;

use std::time::{Duration, SystemTime};

use actix_web::{
    HttpRequest, HttpResponse,
    cookie::Cookie,
    http::{StatusCode, header},
    web::{Data, Query},
};
use askama::Template;
use domain::{Email, OrganizationName, Password, UserId};
use jiff::Timestamp;
use plan::Known;
use serde::Deserialize;
use store::{NewAccount, NewSession, NewTicket, SignUpError};
use tokio::time::Instant;

use crate::{
    address,
    body::Form,
    config::MailDelivery,
    editing::Draft,
    error::WebError,
    mail,
    page::{Page, Section, go, html, html_with},
    samples::SAMPLES,
    session::{self, Somebody, Token},
    state::State,
};

/// An answer that must not tell whether an address has an account comes no sooner than this after it was asked
/// for, so that what the database had to do cannot be read from the time.
pub(crate) const ANSWER_TAKES: Duration = Duration::from_millis(300);

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
pub(crate) async fn sign_up_form(request: HttpRequest) -> Result<HttpResponse, WebError> {
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
) -> Result<HttpResponse, WebError> {
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
    state.throttle.mail(&email)?;
    let password_hash = state.passwords.hash(password.expose().to_owned()).await?;
    let sample = Draft::read(String::new(), SAMPLES[0].text(&state.demo_url), Known::default()).await?.into_plan().ok();
    let link = Token::new();
    let confirm = mail::confirm(&state.origin, &link, &email);
    let account = NewAccount {
        email: email.clone(),
        password_hash,
        organization_name: organization,
        sample,
        confirmation: Some(NewTicket { token_hash: link.hash(), mail: Some(confirm) }),
    };
    let user = match state.store.sign_up(account).await {
        Ok(user) => Some(user),
        Err(SignUpError::EmailTaken) => {
            state.store.queue_mail(mail::taken(&state.origin, &email)).await?;
            None
        }
        Err(SignUpError::Store(error)) => return Err(error.into()),
    };
    let mut response = go("/welcome");
    if state.config.mail == MailDelivery::Folder {
        let token = match user {
            Some(user) => begin_session(&request, &state, user).await?,
            // A token without a session: see the head of this file.
            None => Token::new(),
        };
        response = with_cookie(response, &token.cookie(&state))?;
    }
    tokio::time::sleep_until(begun + ANSWER_TAKES).await;
    Ok(response)
}

/// `GET /welcome`: where a sign-up leads.
pub(crate) async fn welcome(
    request: HttpRequest,
    state: Data<State>,
    query: Query<Next>,
) -> Result<HttpResponse, WebError> {
    if Somebody::of(&request).await?.is_some() {
        return Ok(go("/"));
    }
    if state.config.mail == MailDelivery::Server {
        return forgot::look_into_mailbox(
            &request,
            &state,
            "We have sent you a link to confirm your address. If you have an account already, the mail says so.",
        );
    }
    let note = "We could not sign you in. If you already have an account with this address, sign in with its password.";
    let form = SignIn { next: query.into_inner().next, ..SignIn::default() };
    sign_in_page(&request, form, Some(note), StatusCode::OK)
}

/// Where to go after signing in, and what was done before.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Next {
    next: String,
    done: String,
}

impl Next {
    /// What is said above the form.
    fn note(&self) -> Option<&'static str> {
        match self.done.as_str() {
            "confirmed" => Some("Your e-mail address is confirmed."),
            "reset" => Some("Your password is changed. Sign in with the new one."),
            "deleted" => Some("Your account is deleted."),
            "email" => Some("Your e-mail address is changed. Sign in with the new one."),
            _ => None,
        }
    }
}

/// `GET /sign-in`
pub(crate) async fn sign_in_form(request: HttpRequest, query: Query<Next>) -> Result<HttpResponse, WebError> {
    let query = query.into_inner();
    if Somebody::of(&request).await?.is_some() {
        return Ok(go(local(&query.next)));
    }
    let note = query.note();
    sign_in_page(&request, SignIn { next: query.next, ..SignIn::default() }, note, StatusCode::OK)
}

/// `POST /sign-in`
pub(crate) async fn sign_in(
    request: HttpRequest,
    state: Data<State>,
    Form(form): Form<SignIn>,
) -> Result<HttpResponse, WebError> {
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
    if second_factor::is_asked_for(&state, user).await? {
        return second_step::begin(&state, user, local(&form.next)).await;
    }
    let token = change_session(&request, &state, user).await?;
    with_cookie(go(local(&form.next)), &token.cookie(&state))
}

/// Signs somebody in. The session before, if there was one, is not carried on.
async fn change_session(request: &HttpRequest, state: &State, user: UserId) -> Result<Token, WebError> {
    end_session(request, state).await?;
    begin_session(request, state, user).await
}

/// `POST /sign-out`
pub(crate) async fn sign_out(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, WebError> {
    end_session(&request, &state).await?;
    with_cookie(go("/"), &session::forget(&state))
}

fn sign_in_page(
    request: &HttpRequest,
    form: SignIn,
    note: Option<&'static str>,
    status: StatusCode,
) -> Result<HttpResponse, WebError> {
    let page = Page::public(request, Section::Public);
    let is_wrong = status != StatusCode::OK;
    html_with(status, &SignInPage { page, email: form.email, next: form.next, note, is_wrong })
}

pub(crate) async fn begin_session(request: &HttpRequest, state: &State, user: UserId) -> Result<Token, WebError> {
    let token = Token::new();
    let user_agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let expires = SystemTime::now() + state.config.limits.session;
    let expires_at = Timestamp::try_from(expires).map_err(|error| WebError::internal(error.to_string()))?;
    let user_agent = user_agent.unwrap_or_default().to_owned();
    state.store.create_session(user, NewSession { token_hash: token.hash(), user_agent, expires_at }).await?;
    Ok(token)
}

async fn end_session(request: &HttpRequest, state: &State) -> Result<(), WebError> {
    if let Some(somebody) = Somebody::of(request).await? {
        state.store.end_session(&somebody.person).await?;
        state.sessions.forget(&somebody.hash);
    }
    Ok(())
}

/// The answer, which sets or ends a cookie as well.
pub(crate) fn with_cookie(mut response: HttpResponse, cookie: &Cookie<'_>) -> Result<HttpResponse, WebError> {
    let set = response.add_cookie(cookie);
    set.map_err(|error| WebError::internal(format!("a cookie was not set: {error}")))?;
    Ok(response)
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

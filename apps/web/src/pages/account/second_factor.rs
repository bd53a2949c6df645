//! Setting a second factor up, turning it off, and taking its codes.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use askama::Template;
use domain::{RecoveryCode, TotpSecret, UserId};
use jiff::Timestamp;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use store::Renewed;

use super::{
    overview::{Mistakes, refused},
    password::mistaken,
    with_cookie,
};
use crate::{
    body::Form,
    error::WebError,
    mail,
    page::{Page, Section, go, html, html_with},
    session::{SignedIn, Token},
    show::qr,
    state::State,
};

/// What is said of a code that was not taken.
pub(super) const WRONG_CODE: &str =
    "This code is not right, or was used before. Wait for the next one, and look whether the clock of your device is.";

#[derive(Template)]
#[template(path = "second_factor.html")]
struct SetUpPage {
    page: Page,
    /// The secret for people.
    secret: String,
    /// The secret for apps.
    address: String,
    code_error: Option<&'static str>,
}

impl SetUpPage {
    fn qr(&self) -> Option<qr::Code> {
        qr::Code::of(&self.address)
    }
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct CodesPage {
    page: Page,
    codes: Vec<RecoveryCode>,
}

/// What is typed to set it up or to turn it off.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Proof {
    factor_password: String,
    code: String,
}

/// `POST /account/second-factor`: a new secret, not asked for yet.
pub(crate) async fn begin(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(proof): Form<Proof>,
) -> Result<HttpResponse, WebError> {
    // Otherwise a browser left open would be enough to keep its owner out for good.
    let factor_password = mistaken(&state, &member, proof.factor_password).await?;
    if factor_password.is_some() {
        let mistakes = Mistakes { factor_password, ..Mistakes::default() };
        return refused(&request, &state, member, mistakes).await;
    }
    let begun = state.store.begin_second_factor(&member, &TotpSecret::new(random())).await?;
    Ok(go(if begun { "/account/second-factor" } else { "/account" }))
}

/// `GET /account/second-factor`
pub(crate) async fn set_up(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    match waiting(&state, &member).await? {
        Some(secret) => html(&set_up_page(&request, &state, member, &secret, None)),
        None => Ok(go("/account")),
    }
}

/// `POST /account/second-factor/enable`: with a code that shows that the app knows the secret.
pub(crate) async fn enable(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(proof): Form<Proof>,
) -> Result<HttpResponse, WebError> {
    state.throttle.code(member.user_id)?;
    let Some(secret) = waiting(&state, &member).await? else { return Ok(go("/account")) };
    let Some(step) = secret.step_of(&proof.code, Timestamp::now()) else {
        let page = set_up_page(&request, &state, member, &secret, Some(WRONG_CODE));
        return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
    };
    let codes: Vec<RecoveryCode> = (0..RecoveryCode::NUMBER).map(|_| RecoveryCode::new(random())).collect();
    let hashes = codes.iter().map(hash).collect();
    let token = Token::new();
    let renewed = Renewed { token_hash: token.hash(), told: mail::second_factor_enabled(&state.origin, &member.email) };
    if !state.store.enable_second_factor(&member, step, hashes, renewed).await? {
        return Ok(go("/account"));
    }
    state.sessions.forget_user(member.user_id);
    let page = Page::of(&request, Section::Account, member);
    with_cookie(html(&CodesPage { page, codes })?, &token.cookie(&state))
}

/// `POST /account/second-factor/disable`
pub(crate) async fn disable(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(proof): Form<Proof>,
) -> Result<HttpResponse, WebError> {
    let factor_password = mistaken(&state, &member, proof.factor_password).await?;
    if factor_password.is_some() {
        let mistakes = Mistakes { factor_password, ..Mistakes::default() };
        return refused(&request, &state, member, mistakes).await;
    }
    if take(&state, member.user_id, &proof.code).await?.is_none() {
        let mistakes = Mistakes { code: Some(WRONG_CODE), ..Mistakes::default() };
        return refused(&request, &state, member, mistakes).await;
    }
    let token = Token::new();
    let told = mail::second_factor_disabled(&state.origin, &member.email);
    state.store.disable_second_factor(&member, Renewed { token_hash: token.hash(), told }).await?;
    state.sessions.forget_user(member.user_id);
    with_cookie(go("/account?done=factor-off"), &token.cookie(&state))
}

/// What was taken in place of a password's second half.
pub(super) enum Taken {
    /// The code of the app.
    Code,
    /// A recovery code; so many are left.
    Recovery(u32),
}

/// Whether somebody has to give a code to sign in.
pub(super) async fn is_asked_for(state: &State, user: UserId) -> Result<bool, WebError> {
    Ok(state.store.second_factor(user).await?.is_some_and(|factor| factor.enabled_at.is_some()))
}

/// Takes a code of the app or a recovery code; none if it is not good, or was taken before.
pub(super) async fn take(state: &State, user: UserId, typed: &str) -> Result<Option<Taken>, WebError> {
    state.throttle.code(user)?;
    let Some(factor) = state.store.second_factor(user).await? else { return Ok(None) };
    if factor.enabled_at.is_none() {
        return Ok(None);
    }
    if let Some(step) = factor.secret.step_of(typed, Timestamp::now()) {
        return Ok(state.store.take_step(user, step).await?.then_some(Taken::Code));
    }
    let Ok(code) = typed.parse::<RecoveryCode>() else { return Ok(None) };
    let is_taken = state.store.take_recovery_code(user, hash(&code)).await?;
    Ok(is_taken.then(|| Taken::Recovery(factor.codes_left.saturating_sub(1))))
}

/// The secret that is not asked for yet.
async fn waiting(state: &State, member: &SignedIn) -> Result<Option<TotpSecret>, WebError> {
    let factor = state.store.second_factor(member.user_id).await?;
    Ok(factor.filter(|factor| factor.enabled_at.is_none()).map(|factor| factor.secret))
}

fn set_up_page(
    request: &HttpRequest,
    state: &State,
    member: SignedIn,
    secret: &TotpSecret,
    code_error: Option<&'static str>,
) -> SetUpPage {
    let issuer = format!("Smokex {}", state.origin.host_str().unwrap_or_default());
    let address = secret.address(issuer.trim_end(), &member.email);
    SetUpPage { page: Page::of(request, Section::Account, member), secret: secret.in_groups(), address, code_error }
}

fn hash(code: &RecoveryCode) -> [u8; 32] {
    Sha256::digest(code.expose()).into()
}

fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes
}

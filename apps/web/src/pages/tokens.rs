//! The API tokens of the organization: which there are, making one, revoking one.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::{Action, Scope, TokenId, TokenName, token::MOST_TOKENS};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use store::{CreateTokenError, NewToken, TokenRow};

use crate::{
    api,
    body::Form,
    error::WebError,
    page::{Page, Section, go, html, html_with},
    session::{SignedIn, Token},
    state::State,
};

/// After how many days a token may end: what the form sends, and what people read.
const ENDS: [(&str, &str); 4] =
    [("30", "After 30 days"), ("90", "After 90 days"), ("365", "After a year"), ("never", "Never")];

#[derive(Template)]
#[template(path = "tokens.html")]
struct TokensPage {
    page: Page,
    tokens: Vec<TokenRow>,
    now: Timestamp,
    /// A command that uses a token.
    example: String,
    form: Typed,
    name_error: Option<String>,
    scope_error: Option<&'static str>,
    ends_error: Option<&'static str>,
    /// Why none was made, whatever was typed.
    problem: Option<String>,
}

impl TokensPage {
    fn scopes(&self) -> &'static [Scope] {
        Scope::ALL
    }

    fn ends(&self) -> &'static [(&'static str, &'static str)] {
        &ENDS
    }

    fn is_chosen(&self, scope: &Scope) -> bool {
        self.form.scope.parse().unwrap_or(Scope::Read) == *scope
    }

    fn ends_then(&self, word: &str) -> bool {
        let chosen = if self.form.ends.is_empty() { "90" } else { self.form.ends.as_str() };
        chosen == word
    }

    fn is_over(&self, token: &TokenRow) -> bool {
        token.expires_at.is_some_and(|at| at <= self.now)
    }

    fn is_full(&self) -> bool {
        self.tokens.len() >= MOST_TOKENS as usize
    }
}

/// A token that was just made: the one page that shows it.
#[derive(Template)]
#[template(path = "tokens/made.html")]
struct MadePage {
    page: Page,
    name: TokenName,
    scope: Scope,
    expires_at: Option<Timestamp>,
    token: String,
    example: String,
}

#[derive(Template)]
#[template(path = "tokens/revoke.html")]
struct RevokePage {
    page: Page,
    row: TokenRow,
}

/// What is typed to make one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Typed {
    name: String,
    scope: String,
    ends: String,
}

/// `GET /tokens`
pub(crate) async fn list(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::ManageTokens)?;
    html(&TokensPage::load(&request, member, &state, Typed::default()).await?)
}

/// `POST /tokens`
pub(crate) async fn create(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(form): Form<Typed>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::ManageTokens)?;
    let (name, scope, ends) = (form.name.parse::<TokenName>(), form.scope.parse::<Scope>(), end(&form.ends));
    let (name, scope, expires_at) = match (name, scope, ends) {
        (Ok(name), Ok(scope), Some(ends)) => (name, scope, ends),
        (name, scope, ends) => {
            let page = TokensPage {
                name_error: name.err().map(|error| error.to_string()),
                scope_error: scope.err().map(|_| "Choose what it may do."),
                ends_error: ends.is_none().then_some("Choose when it ends."),
                ..TokensPage::load(&request, member, &state, form).await?
            };
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let token = Token::new();
    let new = NewToken { name: name.clone(), scope, expires_at, token_hash: token.hash() };
    match state.store.create_token(member.tenant(), new).await {
        Ok(_) => {
            let page = Page::of(&request, Section::Organization, member);
            html(&MadePage { page, name, scope, expires_at, token: api::token_text(&token), example: example(&state) })
        }
        Err(error @ CreateTokenError::TooMany) => {
            let page = TokensPage::load(&request, member, &state, form).await?;
            html_with(StatusCode::CONFLICT, &TokensPage { problem: Some(error.to_string()), ..page })
        }
        Err(error) => Err(error.into()),
    }
}

/// When a token ends, by the word of the form; none if it is none of them.
fn end(word: &str) -> Option<Option<Timestamp>> {
    let known = ENDS.iter().any(|(known, _)| *known == word);
    let days: Option<i64> = word.parse().ok();
    known.then(|| days.map(|days| Timestamp::now() + SignedDuration::from_hours(days * 24)))
}

/// A command that shows that a token works.
fn example(state: &State) -> String {
    let plans = state.origin.join("/api/v1/plans").expect("the path is one");
    format!("curl -H \"Authorization: Bearer $SMOKEX_TOKEN\" {plans}")
}

/// `GET /tokens/{token}/revoke`
pub(crate) async fn ask_to_revoke(
    request: HttpRequest,
    token: Path<TokenId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let row = find(&member, *token, &state).await?;
    html(&RevokePage { page: Page::of(&request, Section::Organization, member), row })
}

/// `POST /tokens/{token}/revoke`
pub(crate) async fn revoke(
    token: Path<TokenId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    find(&member, *token, &state).await?;
    state.store.revoke_token(member.tenant(), *token).await?;
    Ok(go("/tokens"))
}

/// The token, for those who may manage it.
async fn find(member: &SignedIn, token: TokenId, state: &State) -> Result<TokenRow, WebError> {
    let tokens = state.store.tokens(member.tenant()).await?;
    let found = tokens.into_iter().find(|row| row.id == token).ok_or(WebError::NotFound)?;
    member.must(Action::ManageTokens)?;
    Ok(found)
}

impl TokensPage {
    async fn load(request: &HttpRequest, member: SignedIn, state: &State, form: Typed) -> Result<Self, WebError> {
        Ok(Self {
            tokens: state.store.tokens(member.tenant()).await?,
            page: Page::of(request, Section::Organization, member),
            now: Timestamp::now(),
            example: example(state),
            form,
            name_error: None,
            scope_error: None,
            ends_error: None,
            problem: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_as_the_form_says_and_in_no_other_way() {
        assert_eq!(end("never"), Some(None));
        let days = end("30").flatten().expect("an end") - Timestamp::now();
        assert_eq!(days.total(jiff::Unit::Hour).expect("hours").round(), 720.0);
        for word in ["", "31", "-30", "soon"] {
            assert_eq!(end(word), None, "{word}");
        }
    }
}

//! Who is signed in: the cookie, the token in it, and the member behind it.

use std::{
    collections::HashMap,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use actix_web::{
    FromRequest, HttpRequest,
    cookie::{Cookie, SameSite, time},
    dev::Payload,
    http::Method,
    web::Data,
};
use domain::{Action, OrganizationId, TicketPurpose, UserId};
use futures_util::future::LocalBoxFuture;
use sha2::{Digest, Sha256};
use store::{Member, Person};

use crate::{error::WebError, state::State};

/// For how long a member is believed without asking the database again. A session that ends in this
/// process is forgotten at once; one that ends in another process lives on here for this long, unless it ends
/// with its member, of which every process is told.
const BELIEVED: Duration = Duration::from_secs(3);

/// More than this many remembered members are thinned out.
const MANY: usize = 10_000;

/// 256 random bits, known to one browser only. The database holds their hash.
pub(crate) struct Token([u8; 32]);

impl Token {
    pub(crate) fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the operating system has random numbers");
        Self(bytes)
    }

    /// What the database knows it by.
    pub(crate) fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// As it stands in cookies and links.
    pub(crate) fn text(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// From a cookie or a link; none if it is no token.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(0..) {
            *byte = u8::from_str_radix(text.get(pair * 2..pair * 2 + 2)?, 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// For the browser to keep until it signs out or the session is over.
    pub(crate) fn cookie(&self, state: &State) -> Cookie<'static> {
        let lifetime = time::Duration::try_from(state.config.limits.session).unwrap_or(time::Duration::DAY);
        Cookie::build(cookie_name(state), self.text())
            .path("/")
            .http_only(true)
            .secure(state.is_https())
            .same_site(SameSite::Lax)
            .max_age(lifetime)
            .finish()
    }

    /// For the browser to keep between the two steps of signing in.
    pub(crate) fn step_cookie(&self, state: &State) -> Cookie<'static> {
        let lifetime = TicketPurpose::SecondStep.lifetime().as_secs();
        Cookie::build(step_cookie_name(state), self.text())
            .path("/")
            .http_only(true)
            .secure(state.is_https())
            .same_site(SameSite::Lax)
            .max_age(time::Duration::seconds(lifetime))
            .finish()
    }

    /// What [`Self::step_cookie`] holds.
    pub(crate) fn of_step(request: &HttpRequest, state: &State) -> Option<Self> {
        Self::read(request.cookie(step_cookie_name(state))?.value())
    }

    fn of(request: &HttpRequest, state: &State) -> Option<Self> {
        Self::read(request.cookie(cookie_name(state))?.value())
    }
}

/// Tells the browser to forget the session.
pub(crate) fn forget(state: &State) -> Cookie<'static> {
    removal(cookie_name(state), state)
}

/// Tells the browser to forget that it is between two steps.
pub(crate) fn forget_step(state: &State) -> Cookie<'static> {
    removal(step_cookie_name(state), state)
}

fn removal(name: &'static str, state: &State) -> Cookie<'static> {
    let mut cookie =
        Cookie::build(name, "").path("/").http_only(true).secure(state.is_https()).same_site(SameSite::Lax).finish();
    cookie.make_removal();
    cookie
}

/// `__Host-` binds a cookie to this very host; browsers take it over TLS only.
fn cookie_name(state: &State) -> &'static str {
    if state.is_https() { "__Host-smokex" } else { "smokex" }
}

fn step_cookie_name(state: &State) -> &'static str {
    if state.is_https() { "__Host-smokex-step" } else { "smokex-step" }
}

/// A member and since when.
type Remembered = (Arc<Member>, Instant);

/// Members remembered for a moment, by the hash of their token.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<[u8; 32], Remembered>>);

impl Sessions {
    fn recall(&self, hash: &[u8; 32]) -> Option<Arc<Member>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).filter(|(_, since)| since.elapsed() < BELIEVED).map(|(member, _)| Arc::clone(member))
    }

    fn remember(&self, hash: [u8; 32], member: &Arc<Member>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MANY {
            known.retain(|_, (_, since)| since.elapsed() < BELIEVED);
        }
        known.insert(hash, (Arc::clone(member), Instant::now()));
    }

    /// After something about the organization or its members has changed.
    pub(crate) fn forget_organization(&self, organization: OrganizationId) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (member, _)| member.tenant().organization() != organization);
    }

    /// After changes may have been missed.
    pub(crate) fn forget_everybody(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// After a session has ended.
    pub(crate) fn forget(&self, hash: &[u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(hash);
    }

    /// After something about a person has changed, or several of their sessions have ended.
    pub(crate) fn forget_user(&self, user: UserId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (member, _)| member.user_id != user);
    }
}

/// A member with a session that is alive. Handlers that take one are for members only.
#[derive(Clone)]
pub(crate) struct SignedIn {
    member: Arc<Member>,
    /// What the database knows the session by.
    pub(crate) hash: [u8; 32],
    /// Whether they run this server.
    pub(crate) is_operator: bool,
}

impl Deref for SignedIn {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl SignedIn {
    /// Lets only members go on whose role may do this.
    pub(crate) fn must(&self, action: Action) -> Result<(), WebError> {
        if self.role.may(action) { Ok(()) } else { Err(WebError::Forbidden(action.refusal())) }
    }

    /// None if nobody is signed in, or whoever is belongs to no organization.
    pub(crate) async fn of(request: &HttpRequest) -> Result<Option<Self>, WebError> {
        let state = request.app_data::<Data<State>>().expect("every application has a state");
        let Some(token) = Token::of(request, state) else { return Ok(None) };
        Self::by(token.hash(), state).await
    }

    /// None if the session is over.
    pub(crate) async fn by(hash: [u8; 32], state: &State) -> Result<Option<Self>, WebError> {
        let member = match state.sessions.recall(&hash) {
            Some(member) => member,
            None => {
                let Some(member) = state.store.member(hash).await? else { return Ok(None) };
                let member = Arc::new(member);
                state.sessions.remember(hash, &member);
                member
            }
        };
        let is_operator = state.is_operator(&member).await?;
        Ok(Some(Self { member, hash, is_operator }))
    }
}

impl FromRequest for SignedIn {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            if let Some(member) = Self::of(&request).await? {
                return Ok(member);
            }
            Somebody::from_request(&request, &mut Payload::None).await?;
            Err(WebError::NoOrganization)
        })
    }
}

/// Whoever is signed in, with or without an organization. Handlers that take one are for what is a person's own.
pub(crate) struct Somebody {
    pub(crate) person: Person,
    /// What the database knows the session by.
    pub(crate) hash: [u8; 32],
}

impl Somebody {
    /// None if nobody is signed in.
    pub(crate) async fn of(request: &HttpRequest) -> Result<Option<Self>, WebError> {
        let state = request.app_data::<Data<State>>().expect("every application has a state");
        let Some(token) = Token::of(request, state) else { return Ok(None) };
        let hash = token.hash();
        Ok(state.store.person(hash).await?.map(|person| Self { person, hash }))
    }
}

impl FromRequest for Somebody {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            Self::of(&request).await?.ok_or_else(|| {
                let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
                // What was sent with a POST is gone by then; the start is a better place to return to.
                let next = if request.method() == Method::GET { path } else { "/" };
                WebError::SignIn { next: next.to_owned() }
            })
        })
    }
}

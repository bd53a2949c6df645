//! The members of the organization and who is invited to be one: roles, removing, leaving, handing over.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use askama::Template;
use domain::{Action, Email, InvitationId, Role, UserId, role::may_change};
use serde::Deserialize;
use store::{InvitationRow, InviteError, MemberError, MemberRow, NewInvitation};

use crate::{
    body::Form,
    error::WebError,
    filter::Query,
    inviting,
    page::{Page, Section, go, html, html_with},
    session::SignedIn,
    state::State,
};

#[derive(Template)]
#[template(path = "members.html")]
struct MembersPage {
    page: Page,
    me: UserId,
    role: Role,
    members: Vec<MemberRow>,
    /// The query of the link to the next ones.
    more: Option<String>,
    is_first: bool,
    invitations: Vec<InvitationRow>,
    form: Invite,
    /// What is wrong with the address, and with the role.
    email_error: Option<String>,
    role_error: Option<String>,
    /// Why what was asked for was not done.
    problem: Option<String>,
}

impl MembersPage {
    fn is_me(&self, row: &MemberRow) -> bool {
        row.user == self.me
    }

    /// Whether whoever looks may change what this member is.
    fn may_manage(&self, row: &MemberRow) -> bool {
        self.role.may(Action::ManageMembers) && may_change(self.role, row.role, None).is_ok()
    }

    /// The roles that whoever looks may give.
    fn roles(&self) -> &'static [Role] {
        let first = Role::ALL.iter().position(|role| self.role.is_at_least(*role)).unwrap_or_default();
        &Role::ALL[first..]
    }

    fn is_chosen(&self, role: &Role) -> bool {
        self.form.role.parse().unwrap_or(Role::Viewer) == *role
    }
}

/// What a page about one member asks.
#[derive(Template)]
#[template(path = "members/remove.html")]
struct RemovePage {
    page: Page,
    row: MemberRow,
    leaves: bool,
}

#[derive(Template)]
#[template(path = "members/owner.html")]
struct OwnerPage {
    page: Page,
    row: MemberRow,
}

/// What is typed to invite somebody.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Invite {
    email: String,
    role: String,
}

/// The role that is chosen for a member.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chosen {
    role: String,
}

/// `GET /members?after=…`
pub(crate) async fn list(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    html(&read(&request, member, &state).await?)
}

async fn read(request: &HttpRequest, member: SignedIn, state: &State) -> Result<MembersPage, WebError> {
    let query = Query::of(request.query_string());
    let tenant = *member.tenant();
    let (list, invitations) =
        tokio::try_join!(state.store.members(&tenant, query.page()), state.store.invitations(&tenant))?;
    Ok(MembersPage {
        me: member.user_id,
        role: member.role,
        page: Page::of(request, Section::Organization, member),
        members: list.items,
        more: list.next.as_ref().map(|cursor| query.from(Some(cursor))),
        is_first: query.get("after").is_none(),
        invitations,
        form: Invite::default(),
        email_error: None,
        role_error: None,
        problem: None,
    })
}

/// After something was done to a member: their page of members, or why it was not done.
async fn done(
    request: &HttpRequest,
    member: SignedIn,
    state: &State,
    outcome: Result<(), MemberError>,
) -> Result<HttpResponse, WebError> {
    match outcome {
        Ok(()) => {
            state.sessions.forget_organization(member.tenant().organization());
            Ok(go("/members"))
        }
        Err(error @ MemberError::LastOwner) => {
            let page = read(request, member, state).await?;
            html_with(StatusCode::CONFLICT, &MembersPage { problem: Some(error.to_string()), ..page })
        }
        Err(error) => Err(error.into()),
    }
}

async fn find(member: &SignedIn, user: UserId, state: &State) -> Result<MemberRow, WebError> {
    state.store.member_row(member.tenant(), user).await?.ok_or(WebError::NotFound)
}

/// A member, for whoever may do this to them. Who is not there is not there for anybody.
async fn find_for(action: Action, member: &SignedIn, user: UserId, state: &State) -> Result<MemberRow, WebError> {
    let row = find(member, user, state).await?;
    member.must(action)?;
    Ok(row)
}

/// `POST /members/{member}/role`
pub(crate) async fn change_role(
    request: HttpRequest,
    user: Path<UserId>,
    member: SignedIn,
    state: Data<State>,
    Form(Chosen { role }): Form<Chosen>,
) -> Result<HttpResponse, WebError> {
    find_for(Action::ManageMembers, &member, *user, &state).await?;
    let role: Role = role.parse().map_err(|_| WebError::BadRequest("It does not say which role.".to_owned()))?;
    let outcome = state.store.change_role(member.tenant(), *user, role).await;
    done(&request, member, &state, outcome).await
}

/// `GET /members/{member}/remove`: of oneself, whether to leave.
pub(crate) async fn ask_to_remove(
    request: HttpRequest,
    user: Path<UserId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let row = find(&member, *user, &state).await?;
    let leaves = row.user == member.user_id;
    if !leaves {
        member.must(Action::ManageMembers)?;
    }
    html(&RemovePage { page: Page::of(&request, Section::Organization, member), row, leaves })
}

/// `POST /members/{member}/remove`
pub(crate) async fn remove(
    request: HttpRequest,
    user: Path<UserId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    find(&member, *user, &state).await?;
    if *user == member.user_id {
        return leave(request, member, state).await;
    }
    member.must(Action::ManageMembers)?;
    let outcome = state.store.remove_member(member.tenant(), *user).await;
    done(&request, member, &state, outcome).await
}

/// `POST /members/leave`
pub(crate) async fn leave(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    match state.store.remove_member(member.tenant(), member.user_id).await {
        Ok(()) => {
            state.sessions.forget_organization(member.tenant().organization());
            Ok(go("/organizations"))
        }
        outcome => done(&request, member, &state, outcome).await,
    }
}

/// `GET /members/{member}/owner`
pub(crate) async fn ask_to_hand_over(
    request: HttpRequest,
    user: Path<UserId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    let row = find_for(Action::TransferOwnership, &member, *user, &state).await?;
    html(&OwnerPage { page: Page::of(&request, Section::Organization, member), row })
}

/// `POST /members/{member}/owner`: hands the organization over.
pub(crate) async fn hand_over(
    request: HttpRequest,
    user: Path<UserId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    find_for(Action::TransferOwnership, &member, *user, &state).await?;
    let outcome = state.store.hand_over(member.tenant(), *user).await;
    done(&request, member, &state, outcome).await
}

/// `POST /members/invitations`
pub(crate) async fn invite(
    request: HttpRequest,
    member: SignedIn,
    state: Data<State>,
    Form(form): Form<Invite>,
) -> Result<HttpResponse, WebError> {
    member.must(Action::Invite)?;
    if !member.confirmation.may_invite() {
        return unconfirmed(&request, member, &state).await;
    }
    let (email, role) = (form.email.parse::<Email>(), form.role.parse::<Role>());
    let (email, role) = match (email, role) {
        (Ok(email), Ok(role)) => (email, role),
        (email, role) => {
            let page = read(&request, member, &state).await?;
            let page = MembersPage {
                email_error: email.err().map(|error| error.to_string()),
                role_error: role.err().map(|_| "Choose a role.".to_owned()),
                form,
                ..page
            };
            return html_with(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let new = NewInvitation { email, role, link: inviting::link(&state) };
    let outcome = state.store.invite(member.tenant(), new).await.map(drop);
    invited(&request, member, &state, form, outcome).await
}

/// `POST /members/invitations/{invitation}/again`
pub(crate) async fn invite_again(
    request: HttpRequest,
    invitation: Path<InvitationId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    must_be_theirs(&member, *invitation, &state).await?;
    if !member.confirmation.may_invite() {
        return unconfirmed(&request, member, &state).await;
    }
    let outcome = state.store.invite_again(member.tenant(), *invitation, inviting::link(&state)).await;
    invited(&request, member, &state, Invite::default(), outcome).await
}

/// `POST /members/invitations/{invitation}/revoke`
pub(crate) async fn revoke(
    request: HttpRequest,
    invitation: Path<InvitationId>,
    member: SignedIn,
    state: Data<State>,
) -> Result<HttpResponse, WebError> {
    must_be_theirs(&member, *invitation, &state).await?;
    let outcome = state.store.revoke_invitation(member.tenant(), *invitation).await;
    invited(&request, member, &state, Invite::default(), outcome).await
}

/// Refuses unless the invitation is there, and whoever asks may invite.
async fn must_be_theirs(member: &SignedIn, invitation: InvitationId, state: &State) -> Result<(), WebError> {
    inviting::find(state, member.tenant(), invitation).await?;
    member.must(Action::Invite)
}

async fn unconfirmed(request: &HttpRequest, member: SignedIn, state: &State) -> Result<HttpResponse, WebError> {
    let page = read(request, member, state).await?;
    html_with(StatusCode::FORBIDDEN, &MembersPage { problem: Some(inviting::UNCONFIRMED.to_owned()), ..page })
}

/// The members, or why nobody was invited: at the address what is about it, above what is not.
async fn invited(
    request: &HttpRequest,
    member: SignedIn,
    state: &State,
    form: Invite,
    outcome: Result<(), InviteError>,
) -> Result<HttpResponse, WebError> {
    let error = match outcome {
        Ok(()) => return Ok(go("/members")),
        Err(InviteError::Member(error)) => return Err(error.into()),
        Err(error) => error,
    };
    let page = MembersPage { form, ..read(request, member, state).await? };
    let told = Some(error.to_string());
    match error {
        InviteError::OverLimit(_) => html_with(StatusCode::PAYMENT_REQUIRED, &MembersPage { problem: told, ..page }),
        InviteError::AlreadyMember(_) | InviteError::AlreadyInvited(_) => {
            html_with(StatusCode::UNPROCESSABLE_ENTITY, &MembersPage { email_error: told, ..page })
        }
        _ => html_with(StatusCode::CONFLICT, &MembersPage { problem: told, ..page }),
    }
}

//! Makes what a test needs to exist already: members, plans, runs that have ended.

use std::{collections::BTreeMap, time::Duration};

use domain::{
    Cause, Elapsed, MailSubject, PlanId, Restriction, Role, RunId, RunState, ScheduleId, Scope, StepReport, StepState,
    UserId, WhenBusy, WorkerId,
    report::{BodyReport, ResponseReport},
    schedule::{CatchUp, CheckedSchedule, Interval, Overlap, Tags, Timetable, Timing, Zone},
};
use jiff::{Timestamp, ToSpan};
use store::{
    Bearer, Ending, InvitationLink, Member, NewAccount, NewInvitation, NewMail, NewPlan, NewRun, NewSession, NewTicket,
    NewToken, Presented, Recorder, Repeatable, Store,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Somebody new, signed in, with an organization of their own.
pub async fn member(store: &Store) -> Member {
    let user = store.sign_up(account()).await.expect("a new e-mail address is free");
    signed_in(store, user).await
}

async fn signed_in(store: &Store, user: UserId) -> Member {
    let token = token();
    let session =
        NewSession { token_hash: token, user_agent: "Tests".to_owned(), expires_at: Timestamp::now() + 24.hours() };
    store.create_session(user, session).await.expect("the user can sign in");
    store.member(token).await.expect("the database works").expect("the session has just begun")
}

/// A token that acts in the member's name and does not end.
pub async fn bearer(store: &Store, member: &Member, scope: Scope) -> Bearer {
    let token_hash = token();
    let name = format!("{scope} token").parse().expect("this is a name");
    let new = NewToken { name, scope, expires_at: None, token_hash };
    store.create_token(member.tenant(), new).await.expect("the member may make tokens");
    match store.bearer(token_hash).await.expect("the database works") {
        Presented::Good(bearer) => *bearer,
        other => panic!("a token that was just made is {other:?}"),
    }
}

/// The member signed in once more, as things are now.
pub async fn same_member(store: &Store, member: &Member) -> Member {
    signed_in(store, member.user_id).await
}

/// An invitation of somebody who gets no other, not yet sent; and the hash of its token.
#[must_use]
pub fn invitation(role: Role) -> (NewInvitation, [u8; 32]) {
    let link = invitation_link();
    let token_hash = link.token_hash;
    (NewInvitation { email: account().email, role, link }, token_hash)
}

/// A link that accepts an invitation.
#[must_use]
pub fn invitation_link() -> InvitationLink {
    InvitationLink { address: "http://localhost:8080/invitations?token=…".to_owned(), token_hash: token() }
}

/// Somebody new who accepted an invitation to a member's organization, and belongs to no other.
pub async fn colleague(store: &Store, member: &Member, role: Role) -> Member {
    let (new, token_hash) = invitation(role);
    let email = new.email.clone();
    store.invite(member.tenant(), new).await.expect("the member may invite");
    let joined = store.sign_up_invited(email, "$argon2id$none".to_owned(), token_hash, ticket()).await;
    let user = joined.expect("the invitation holds");
    signed_in(store, user).await
}

/// An account that nobody else has.
#[must_use]
pub fn account() -> NewAccount {
    let name = Uuid::new_v4().simple();
    NewAccount {
        email: format!("{name}@example.com").parse().expect("an address"),
        password_hash: "$argon2id$not-a-real-hash".to_owned(),
        organization_name: format!("Organization {name}").parse().expect("a name"),
        sample: None,
        confirmation: None,
    }
}

/// A ticket that no mail takes anywhere.
#[must_use]
pub fn ticket() -> NewTicket {
    NewTicket { token_hash: token(), mail: None }
}

/// 32 bytes that nobody else has.
#[must_use]
pub fn token() -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..16].copy_from_slice(Uuid::new_v4().as_bytes());
    bytes[16..].copy_from_slice(Uuid::new_v4().as_bytes());
    bytes
}

/// A mail to somebody who gets no other, not yet queued.
#[must_use]
pub fn mail() -> NewMail {
    NewMail {
        key: None,
        organization: None,
        recipient: format!("{}@example.com", Uuid::new_v4().simple()).parse().expect("an address"),
        subject: MailSubject::new("Grüße"),
        text: "Hello,\n\nZürich \u{0} 雨.\n".to_owned(),
    }
}

/// A plan of two steps, not yet saved.
#[must_use]
pub fn plan(name: &str) -> NewPlan {
    let step = |path: &str| {
        format!(
            r#"{{"path":"{path}","name":"GET http://127.0.0.1:9/{path}","action":"get","method":"GET","url":"http://127.0.0.1:9/{path}"}}"#
        )
    };
    NewPlan {
        name: name.parse().expect("a name"),
        text: "- get: {url: http://127.0.0.1:9/1}\n- get: {url: http://127.0.0.1:9/2}\n".to_owned(),
        outline: format!("[{},{}]", step("1"), step("2")),
        steps: 2,
        restriction: Restriction::None,
        when_busy: WhenBusy::Refuse,
        outside: Vec::new(),
    }
}

/// A saved plan of two steps.
pub async fn saved_plan(store: &Store, member: &Member, name: &str) -> PlanId {
    store.create_plan(member.tenant(), member.user_id, plan(name)).await.expect("the plan is saved")
}

/// Gives the organization a secret.
pub async fn secret(store: &Store, member: &Member, name: &str, value: &str) {
    let (name, value) = (name.parse().expect("a name"), value.parse().expect("a value"));
    store.add_secret(member.tenant(), member.user_id, name, value).await.expect("the secret is added");
}

/// A schedule that is due every hour from now on, not yet saved.
#[must_use]
pub fn hourly(name: &str) -> CheckedSchedule {
    every(name, 60 * 60)
}

/// A schedule that is due every so many seconds from now on, not yet saved.
#[must_use]
pub fn every(name: &str, seconds: u64) -> CheckedSchedule {
    let interval = Interval::from_secs(seconds).expect("some seconds are an interval");
    CheckedSchedule {
        name: name.to_owned(),
        timetable: Timetable {
            timing: Timing::Every { interval, jitter: Interval::ZERO, start: Timestamp::now() },
            zone: Zone::UTC,
            after: None,
            before: None,
            repeats: None,
        },
        catch_up: CatchUp::default(),
        overlap: Overlap::default(),
        tags: Tags::default(),
        variables: BTreeMap::new(),
    }
}

/// A saved schedule.
pub async fn scheduled(store: &Store, member: &Member, plan: PlanId, schedule: CheckedSchedule) -> ScheduleId {
    let saved = store.create_schedule(member.tenant(), member.user_id, plan, schedule).await;
    saved.expect("the database works").expect("the plan is there")
}

/// A run that waits to be claimed.
pub async fn queued_run(store: &Store, member: &Member, plan: PlanId) -> RunId {
    let new = NewRun { user: Some(member.user_id), ..NewRun::of(plan, Cause::Manual) };
    store.queue_run(member.tenant(), new).await.expect("the run is queued").id
}

/// A run that has ended in `state`, with both of its steps. No other run may wait in this database.
pub async fn ended_run(store: &Store, member: &Member, plan: PlanId, state: RunState) -> RunId {
    let run = queued_run(store, member, plan).await;
    let claims = store.claims(WorkerId::new(), Duration::from_secs(60));
    let claimed = claims.claim(1).await.expect("the database works").runs.pop().expect("the run waits");
    assert_eq!(claimed.lease.run, run, "another run waited in this database");
    let recorder = Recorder::start(store);
    let record = recorder.run(claimed.lease, CancellationToken::new());
    let last = match state {
        RunState::Passed => StepState::Passed,
        RunState::Errored => StepState::Errored,
        _ => StepState::Failed,
    };
    for (position, state) in [(0, StepState::Passed), (1, last)] {
        record.step_started(position, Timestamp::now(), Repeatable::Yes).await.expect("the lease is ours");
        record.step_finished(position, &report(position, state), None).await.expect("the lease is ours");
    }
    let passed = 1 + u32::from(last == StepState::Passed);
    let reason = (state != RunState::Passed).then(|| format!("The run {state}."));
    let ending = Ending { state, reason, slow: false, passed, failed: 2 - passed, skipped: 0 };
    record.finish(ending, ()).await.expect("the lease is ours");
    recorder.close().await;
    run
}

/// What a step might tell.
#[must_use]
pub fn report(position: u32, state: StepState) -> StepReport {
    StepReport {
        path: (position + 1).to_string(),
        name: format!("Step {}", position + 1),
        action: "get".into(),
        method: "GET".into(),
        url: format!("http://127.0.0.1:9/{}", position + 1),
        state,
        started_at: Some(Timestamp::now()),
        duration: Elapsed(1_234),
        status: Some(200),
        slow: false,
        expectations: Vec::new(),
        captures: Vec::new(),
        reason: (state != StepState::Passed).then(|| "The status is 500.".to_owned()),
        attempts: Vec::new(),
        request: None,
        response: Some(ResponseReport {
            status: 200,
            version: "HTTP/1.1".into(),
            headers: [("content-type", "text/plain")].into_iter().collect(),
            body: BodyReport { text: "Zürich \u{0} 雨".to_owned(), size: 14, cut: false, binary: false },
            remote_address: None,
            redirects: Vec::new(),
        }),
    }
}

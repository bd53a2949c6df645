//! Who may use which route: every route there is, tried by every role, by nobody, and by another organization.

use domain::{OrganizationId, Role};
use reqwest::Method;
use web::{Access, Route};

use crate::{
    app::{PLAN, Someone, TestApp, pages},
    tenancy::{Ids, address},
};

/// Whom a route lets in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    /// Whoever is signed in, with an organization or without.
    Persons,
    /// Members of this role and of those above.
    From(Role),
    /// Whoever runs the server.
    Operators,
}

use For::{Everybody, From, Operators, Persons};
use Role::{Admin, Editor, Operator, Owner, Viewer};

const TABLE: &[(&str, For)] = &[
    ("GET /", Everybody),
    ("GET /sign-up", Everybody),
    ("POST /sign-up", Everybody),
    ("GET /welcome", Everybody),
    ("GET /sign-in", Everybody),
    ("POST /sign-in", Everybody),
    ("POST /sign-out", Everybody),
    ("GET /sign-in/code", Everybody),
    ("POST /sign-in/code", Everybody),
    ("GET /forgot", Everybody),
    ("POST /forgot", Everybody),
    ("GET /forgot/sent", Everybody),
    ("GET /reset/{token}", Everybody),
    ("POST /reset/{token}", Everybody),
    ("GET /confirm/{token}", Everybody),
    ("POST /confirm/{token}", Everybody),
    ("GET /change-email/{token}", Everybody),
    ("POST /change-email/{token}", Everybody),
    ("GET /account", From(Viewer)),
    ("POST /account/confirmation", From(Viewer)),
    ("POST /account/password", From(Viewer)),
    ("POST /account/email", From(Viewer)),
    ("GET /account/second-factor", From(Viewer)),
    ("POST /account/second-factor", From(Viewer)),
    ("POST /account/second-factor/enable", From(Viewer)),
    ("POST /account/second-factor/disable", From(Viewer)),
    ("POST /account/sessions/end", From(Viewer)),
    ("POST /account/sessions/{session}/end", From(Viewer)),
    ("GET /account/export", From(Viewer)),
    ("GET /account/delete", From(Viewer)),
    ("POST /account/delete", From(Viewer)),
    ("GET /plans", From(Viewer)),
    ("POST /plans", From(Editor)),
    ("GET /plans/new", From(Editor)),
    ("POST /plans/check", From(Viewer)),
    ("GET /plans/{plan}", From(Viewer)),
    ("POST /plans/{plan}", From(Editor)),
    ("GET /plans/{plan}/edit", From(Editor)),
    ("GET /plans/{plan}/delete", From(Editor)),
    ("POST /plans/{plan}/delete", From(Editor)),
    ("POST /plans/{plan}/runs", From(Operator)),
    ("POST /plans/{plan}/operators", From(Editor)),
    ("POST /plans/{plan}/hook", From(Editor)),
    ("GET /plans/{plan}/hook/rotate", From(Editor)),
    ("GET /plans/{plan}/hook/delete", From(Editor)),
    ("POST /plans/{plan}/hook/delete", From(Editor)),
    ("GET /plans/{plan}/events", From(Viewer)),
    ("GET /plans/{plan}/versions", From(Viewer)),
    ("GET /plans/{plan}/versions/{version}", From(Viewer)),
    ("GET /plans/{plan}/schedules", From(Viewer)),
    ("POST /plans/{plan}/schedules", From(Editor)),
    ("GET /plans/{plan}/schedules/new", From(Editor)),
    ("POST /plans/{plan}/schedules/preview", From(Viewer)),
    ("GET /schedules", From(Viewer)),
    ("POST /schedules/pause", From(Operator)),
    ("POST /schedules/resume", From(Operator)),
    ("GET /schedules/clear", From(Editor)),
    ("POST /schedules/clear", From(Editor)),
    ("GET /schedules/{schedule}", From(Viewer)),
    ("POST /schedules/{schedule}", From(Editor)),
    ("GET /schedules/{schedule}/edit", From(Editor)),
    ("POST /schedules/{schedule}/pause", From(Operator)),
    ("POST /schedules/{schedule}/resume", From(Operator)),
    ("GET /schedules/{schedule}/delete", From(Editor)),
    ("POST /schedules/{schedule}/delete", From(Editor)),
    ("GET /runs", From(Viewer)),
    ("GET /runs/{run}", From(Viewer)),
    ("GET /runs/{run}/live", From(Viewer)),
    ("GET /runs/{run}/events", From(Viewer)),
    ("POST /runs/{run}/cancel", From(Operator)),
    ("POST /runs/{run}/again", From(Operator)),
    ("GET /events", From(Viewer)),
    ("GET /secrets", From(Viewer)),
    ("POST /secrets", From(Editor)),
    ("GET /secrets/{secret}", From(Editor)),
    ("POST /secrets/{secret}", From(Editor)),
    ("GET /secrets/{secret}/delete", From(Editor)),
    ("POST /secrets/{secret}/delete", From(Editor)),
    ("GET /billing", From(Admin)),
    ("POST /billing/checkout", From(Admin)),
    ("POST /billing/portal", From(Admin)),
    ("GET /billing/done", From(Admin)),
    ("GET /billing/cancel", From(Admin)),
    ("POST /billing/cancel", From(Admin)),
    ("POST /billing/resume", From(Admin)),
    ("POST /webhooks/stripe", Everybody),
    ("GET /organizations", Persons),
    ("POST /organizations", Persons),
    ("POST /organizations/{organization}/switch", Persons),
    ("GET /invitations", Everybody),
    ("POST /invitations", Persons),
    ("POST /invitations/sign-up", Everybody),
    ("GET /organization", From(Viewer)),
    ("POST /organization", From(Admin)),
    ("GET /organization/delete", From(Owner)),
    ("POST /organization/delete", From(Owner)),
    ("GET /members", From(Viewer)),
    ("POST /members/leave", From(Viewer)),
    ("POST /members/invitations", From(Admin)),
    ("POST /members/invitations/{invitation}/again", From(Admin)),
    ("POST /members/invitations/{invitation}/revoke", From(Admin)),
    ("POST /members/{member}/role", From(Admin)),
    ("GET /members/{member}/remove", From(Admin)),
    ("POST /members/{member}/remove", From(Admin)),
    ("GET /members/{member}/owner", From(Owner)),
    ("POST /members/{member}/owner", From(Owner)),
    ("GET /tokens", From(Admin)),
    ("POST /tokens", From(Admin)),
    ("GET /tokens/{token}/revoke", From(Admin)),
    ("POST /tokens/{token}/revoke", From(Admin)),
    ("GET /audit", From(Admin)),
    ("GET /audit.csv", From(Admin)),
    ("GET /audit.json", From(Admin)),
    ("GET /clock", Operators),
    ("POST /clock/pause", Operators),
    ("POST /clock/resume", Operators),
    ("GET /mail", Operators),
    ("GET /metrics", Everybody),
    ("GET /docs", Everybody),
    ("GET /docs/api", Everybody),
    ("GET /schema/plan.json", Everybody),
    ("GET /assets/{name:.*}", Everybody),
    ("GET /healthz", Everybody),
    ("GET /readyz", Everybody),
];

fn name(route: &Route) -> String {
    format!("{} {}", route.method, route.path)
}

fn whom(route: &Route) -> For {
    let row = TABLE.iter().find(|(known, _)| *known == name(route));
    row.unwrap_or_else(|| panic!("say in this table who may use {}", name(route))).1
}

/// The status and where it leads to.
async fn call(someone: &Someone, route: &Route, path: &str) -> (u16, String) {
    if route.method == "GET" {
        // Streams have no end: only the head is read.
        let answer = someone.browser.request(Method::GET, path).send().await.expect("the application answers");
        let location = answer.headers().get("location").map_or("", |value| value.to_str().unwrap());
        return (answer.status().as_u16(), location.to_owned());
    }
    let schedule = [("name", "Hourly"), ("kind", "every"), ("interval", "2h"), ("zone", "UTC"), ("tag", "eu")];
    let email = format!("{}@example.com", OrganizationId::new());
    let plan = [("name", "Changed"), ("text", PLAN), ("version", "1"), ("role", "viewer"), ("email", email.as_str())];
    let form = match path {
        "/organization/delete" => &[("name", "Not its name")],
        path if path.contains("schedules") => schedule.as_slice(),
        _ => plan.as_slice(),
    };
    let answer = someone.browser.post(path, form).await;
    (answer.status, answer.header("location").to_owned())
}

#[test]
fn the_table_names_every_route_and_no_other() {
    for route in pages() {
        let expected = match whom(route) {
            Everybody => Access::Public,
            Persons => Access::Person,
            From(_) => Access::Member,
            Operators => Access::Operator,
        };
        assert_eq!(route.access, expected, "{}", name(route));
    }
    let known: Vec<String> = pages().map(name).collect();
    let gone: Vec<&str> =
        TABLE.iter().map(|(name, _)| *name).filter(|name| !known.iter().any(|known| known == name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
}

#[tokio::test]
async fn every_route_lets_in_each_role_as_the_table_says() {
    let app = TestApp::start().await;
    // Runs the server, being the first: nobody below does.
    let _first = app.someone("first").await;
    for role in Role::ALL {
        // Somebody of this role, and something of each kind; made anew once somebody has changed something.
        let mut world = None;
        for (number, route) in pages().enumerate() {
            let (name, lowest) = (name(route), whom(route));
            if lowest == Everybody {
                continue;
            }
            let (someone, ids) = match world.take() {
                Some(world) => world,
                None => {
                    let owner = app.someone(&format!("{role}-{number}")).await;
                    (app.colleague(&owner, *role).await, Ids::of(&app, &owner).await)
                }
            };
            let path = match address(route, &ids) {
                path if path == "/schedules/clear" => format!("{path}?tag=eu"),
                path => path,
            };
            let (status, location) = call(&someone, route, &path).await;
            if route.method == "GET" || status == 403 || status == 404 {
                world = Some((someone, ids));
            }
            match lowest {
                Everybody => {}
                Persons => assert!(status != 403 && !location.starts_with("/sign-in"), "{role} at {name}: {status}"),
                From(lowest) if role.is_at_least(lowest) => {
                    let is_in = match route.path {
                        // Nothing is sold on this server.
                        path if path.starts_with("/billing/") => status == 404,
                        // Its name was not typed.
                        "/organization/delete" => matches!(status, 200 | 422),
                        // Somebody else's session.
                        path if path.contains("{session}") => status == 404,
                        // Nothing, or not enough, was typed.
                        path if ["/account", "/secrets", "/tokens"].iter().any(|part| path.starts_with(part)) => {
                            matches!(status, 200 | 303 | 409 | 422 | 429)
                        }
                        // It was sent just before.
                        path if path.ends_with("/again") && path.contains("invitations") => status == 409,
                        _ => matches!(status, 200 | 204 | 303),
                    };
                    assert!(is_in && !location.starts_with("/sign-in"), "{role} at {name}: {status} {location}");
                }
                From(_) => assert_eq!(status, 403, "{role} at {name}"),
                Operators => assert_eq!(status, 404, "{role} at {name}"),
            }
        }
    }
}

#[tokio::test]
async fn nobody_gets_past_the_door_and_what_is_another_organizations_does_not_exist() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let nobody = Someone { browser: app.browser(), member: ada.member.clone() };
    let ids = Ids::of(&app, &ada).await;
    for route in pages() {
        let (path, name) = (address(route, &ids), name(route));
        let (status, location) = call(&nobody, route, &path).await;
        if whom(route) == Everybody {
            assert!(status != 403 && !location.starts_with("/sign-in?next"), "nobody at {name}: {status}");
            continue;
        }
        assert!(status == 303 && location.starts_with("/sign-in?next="), "nobody at {name}: {status} {location}");
        // An owner, but of something else.
        if ids.lead_to(route) {
            assert_eq!(call(&eve, route, &path).await.0, 404, "eve at {name}");
        }
    }
}

//! Who may use which operation: every one there is, tried with every scope, with none, with another organization's
//! token, and with a token whose maker may no more.

use domain::{Role, Scope};
use reqwest::Method;
use serde_json::{Value, json};
use web::{Access, Route, routes};

use crate::{
    app::{PLAN, TestApp},
    conformance,
    program::Program,
    tenancy::{Ids, address},
};

use Scope::{Admin, Read, Run, Write};

/// The scope that each operation wants; none if it wants no token.
const TABLE: &[(&str, Option<Scope>)] = &[
    ("GET /openapi.json", None),
    ("GET /token", Some(Read)),
    ("GET /tokens", Some(Admin)),
    ("POST /tokens", Some(Admin)),
    ("DELETE /tokens/{token}", Some(Admin)),
    ("POST /check", Some(Read)),
    ("GET /plans", Some(Read)),
    ("POST /plans", Some(Write)),
    ("GET /plans/{plan}", Some(Read)),
    ("PUT /plans/{plan}", Some(Write)),
    ("DELETE /plans/{plan}", Some(Write)),
    ("GET /plans/{plan}/versions", Some(Read)),
    ("GET /plans/{plan}/versions/{version}", Some(Read)),
    ("GET /plans/{plan}/hook", Some(Write)),
    ("PUT /plans/{plan}/hook", Some(Write)),
    ("DELETE /plans/{plan}/hook", Some(Write)),
    ("POST /hooks/{token}", None),
    ("GET /runs", Some(Read)),
    ("POST /plans/{plan}/runs", Some(Run)),
    ("GET /runs/{run}", Some(Read)),
    ("GET /runs/{run}/steps/{position}", Some(Read)),
    ("POST /runs/{run}/cancel", Some(Run)),
    ("POST /runs/{run}/rerun", Some(Run)),
    ("GET /statistics", Some(Read)),
    ("GET /events", Some(Read)),
    ("GET /schedules", Some(Read)),
    ("POST /schedules/pause", Some(Run)),
    ("POST /schedules/resume", Some(Run)),
    ("DELETE /schedules", Some(Write)),
    ("POST /plans/{plan}/schedules", Some(Write)),
    ("GET /schedules/{schedule}", Some(Read)),
    ("PUT /schedules/{schedule}", Some(Write)),
    ("DELETE /schedules/{schedule}", Some(Write)),
    ("POST /schedules/{schedule}/pause", Some(Run)),
    ("POST /schedules/{schedule}/resume", Some(Run)),
    ("GET /schedules/{schedule}/occurrences", Some(Read)),
    ("GET /secrets", Some(Read)),
    ("GET /secrets/changes", Some(Read)),
    ("PUT /secrets/{secret}", Some(Write)),
    ("DELETE /secrets/{secret}", Some(Write)),
    ("GET /members", Some(Read)),
    ("PATCH /members/{member}", Some(Admin)),
    ("DELETE /members/{member}", Some(Admin)),
    ("GET /invitations", Some(Read)),
    ("POST /invitations", Some(Admin)),
    ("POST /invitations/{invitation}/again", Some(Admin)),
    ("DELETE /invitations/{invitation}", Some(Admin)),
    ("GET /organization", Some(Read)),
    ("PATCH /organization", Some(Admin)),
    ("GET /usage", Some(Read)),
    ("GET /plans/{plan}/operators", Some(Read)),
    ("PUT /plans/{plan}/operators", Some(Write)),
    ("GET /audit", Some(Admin)),
];

/// What is sent to an operation: something that it takes.
fn body(name: &str) -> Option<Value> {
    Some(match name {
        "POST /tokens" => json!({ "name": "another", "scope": "read" }),
        "POST /check" => json!({ "text": PLAN }),
        "POST /plans" => json!({ "name": "another", "text": PLAN }),
        "PUT /plans/{plan}" => json!({ "name": "another", "text": PLAN, "version": 1 }),
        "POST /plans/{plan}/schedules" | "PUT /schedules/{schedule}" => json!({ "timing": { "every": "2h" } }),
        "PUT /secrets/{secret}" => json!({ "value": "another value" }),
        "PATCH /members/{member}" => json!({ "role": "editor" }),
        "POST /invitations" => json!({ "email": "another@example.com", "role": "viewer" }),
        "PATCH /organization" => json!({ "name": "another" }),
        "PUT /plans/{plan}/operators" => json!({ "operators": [] }),
        _ => return None,
    })
}

/// What stands behind the address, where something must.
fn query(name: &str) -> &'static str {
    if name == "DELETE /schedules" { "?tag=another" } else { "" }
}

fn operations() -> impl Iterator<Item = (&'static Route, String, Option<Scope>)> {
    routes().iter().filter_map(|route| {
        let path = route.path.strip_prefix("/api/v1")?;
        let name = format!("{} {path}", route.method);
        let row = TABLE.iter().find(|(known, _)| *known == name);
        let scope = row.unwrap_or_else(|| panic!("say in this table which scope {name} wants")).1;
        Some((route, name, scope))
    })
}

/// The status. Streams have no end: only the head is read.
async fn call(program: &Program, route: &Route, name: &str, ids: &Ids) -> u16 {
    let address = address(route, ids);
    let path = address.strip_prefix("/api/v1").expect("the operation is of the API");
    let method: Method = route.method.parse().expect("this is a method");
    let mut request = program.request(method, &format!("{path}{}", query(name)));
    if let Some(body) = body(name) {
        request = request.header("content-type", "application/json").body(body.to_string());
    }
    request.send().await.expect("the application answers").status().as_u16()
}

#[test]
fn the_table_names_every_operation_and_no_other() {
    let known: Vec<String> = operations().map(|(_, name, _)| name).collect();
    let gone: Vec<_> = TABLE.iter().filter(|(name, _)| !known.iter().any(|known| known == name)).collect();
    assert!(gone.is_empty(), "{gone:?}");
    for (route, _, scope) in operations() {
        assert_eq!(route.access, if scope.is_some() { Access::Token } else { Access::Public }, "{route:?}");
        let told = &conformance::DOCUMENT["paths"][route.path][route.method.to_lowercase()]["security"];
        let expected = match scope {
            Some(scope) => json!([{ "token": [scope.as_str()] }]),
            None => json!([]),
        };
        assert_eq!(*told, expected, "{route:?} says which scope it wants");
    }
}

#[tokio::test]
async fn every_operation_lets_in_each_scope_as_the_table_says() {
    let app = TestApp::start().await;
    for scope in Scope::ALL {
        // Of tokens and invitations an organization has not that many.
        let ada = app.someone(&format!("ada-{scope}")).await;
        let program = app.program(&ada, *scope).await;
        let mut ids = Ids::of(&app, &ada).await;
        for (route, name, lowest) in operations() {
            let Some(lowest) = lowest else { continue };
            let status = call(&program, route, &name, &ids).await;
            if *scope < lowest {
                assert_eq!(status, 403, "{scope} at {name}");
                continue;
            }
            // An invitation that has just been sent is not sent again.
            let is_done = (200..300).contains(&status) || status == 409 && name.ends_with("/again");
            assert!(is_done, "{scope} at {name}: {status}");
            if route.method != "GET" {
                ids = Ids::of(&app, &ada).await;
            }
        }
    }
}

#[tokio::test]
async fn a_token_may_no_more_than_its_maker_and_nothing_where_its_maker_has_left() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let ben = app.colleague(&ada, Role::Admin).await;
    let program = app.program(&ben, Admin).await;
    app.store.change_role(ada.member.tenant(), ben.member.user_id, Role::Viewer).await.unwrap();
    let ids = Ids::of(&app, &ada).await;
    for (route, name, lowest) in operations() {
        if let Some(lowest) = lowest.filter(|lowest| *lowest > Read) {
            assert_eq!(call(&program, route, &name, &ids).await, 403, "{name}, which wants {lowest}");
        }
    }
    app.store.remove_member(ada.member.tenant(), ben.member.user_id).await.unwrap();
    assert!(program.get("/token").await.problem(401).contains("no such token"));
}

#[tokio::test]
async fn nothing_is_open_without_a_token_and_what_is_another_organizations_does_not_exist() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let (nobody, stranger) = (app.program_with("nothing"), app.program(&eve, Admin).await);
    let ids = Ids::of(&app, &ada).await;
    for (route, name, lowest) in operations() {
        if lowest.is_none() {
            continue;
        }
        assert_eq!(call(&nobody, route, &name, &ids).await, 401, "nobody at {name}");
        // Whoever names a secret names one of their own: it is made.
        if ids.lead_to(route) && name != "PUT /secrets/{secret}" {
            assert_eq!(call(&stranger, route, &name, &ids).await, 404, "eve at {name}");
        }
    }
}

//! Secrets in runs, end to end: from the sealed row through the request to what is stored of the answer.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use domain::RunState;
use store::{KeyRing, Options, RunDetail, SealingKey, Store};
use testkit::{database::TEST_KEY, factory, target::Reply};

use crate::world::World;

/// With all that needs another spelling somewhere: in JSON, in a URL, in base64, in HTML.
const SECRET: &str = "p@ss w\"rd/é+1 ?&<x>";

/// Everything that is stored of a run and shown on its page or told in mails.
fn everything(detail: &RunDetail) -> String {
    let steps = detail.steps.iter().filter_map(|step| step.report_json.clone());
    steps.chain(detail.row.reason.clone()).collect::<Vec<_>>().join("\n")
}

fn url_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn json_escaped(text: &str) -> String {
    serde_json::to_string(text).unwrap().trim_matches('"').to_owned()
}

/// No spelling of the secret stands in what is stored, which is JSON once more.
#[track_caller]
fn assert_hidden(detail: &RunDetail, secret: &str) {
    let stored = everything(detail);
    let html = secret.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    let spellings = [
        secret.to_owned(),
        url_encoded(secret),
        url_encoded(secret).to_lowercase(),
        json_escaped(secret),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        html,
    ];
    for spelling in spellings {
        for spelling in [json_escaped(&json_escaped(&spelling)), json_escaped(&spelling), spelling] {
            assert!(!stored.to_lowercase().contains(&spelling.to_lowercase()), "{spelling} in {stored}");
        }
    }
    // Nor any of its longer pieces, such as what is left of base64 between two others.
    assert!(!stored.contains("p@ss") && !stored.contains("cEBzcy"), "{stored}");
}

/// The run with its executor.
async fn run(world: &World, text: &str) -> RunDetail {
    let plan = world.plan(text).await;
    let run = world.queue(plan).await;
    let executor = world.executor().await;
    let detail = world.ended(run).await;
    executor.stop().await;
    detail
}

testkit::on_both! {
    async fn a_secret_reaches_the_target_and_is_hidden_wherever_it_comes_back(database: TestDatabase) {
        let world = World::new(database).await;
        factory::secret(&world.store, &world.member, "PASSWORD", SECRET).await;
        let headers = [
            ("x-base64", STANDARD.encode(SECRET)),
            ("x-basic", STANDARD.encode(format!("ada:{SECRET}"))),
            ("x-url", url_encoded(SECRET)),
            ("x-json", serde_json::to_string(SECRET).unwrap().replace('é', "\\u00e9")),
            ("location", format!("/next?key={}", url_encoded(SECRET).to_lowercase())),
            ("set-cookie", format!("key={}; Path=/", url_encoded(SECRET))),
        ];
        let html = SECRET.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
        let body = format!(
            "raw {SECRET}; base64 {}; url-safe {}; url {}; form {}; json {}; html {html}; tail {}",
            STANDARD.encode(SECRET), URL_SAFE_NO_PAD.encode(SECRET), url_encoded(SECRET),
            url_encoded(SECRET).replace("%20", "+"), json_escaped(SECRET), &SECRET,
        );
        let reply = headers.into_iter().fold(Reply::text(body), |reply, (name, value)| reply.header(name, value));
        world.target.on("POST /echo", reply);
        let json = serde_json::json!({ "echoed": SECRET, SECRET: 1, "inside": format!("<{SECRET}>"), "length": SECRET.len() });
        world.target.on("GET /json", Reply::json(json.to_string()));
        let text = "- post:\n    url: 'http://TARGET/echo?key=${PASSWORD | urlencode}'\n    body: { password: '${PASSWORD}' }\n    \
                      auth: { basic: { user: ada, password: '${PASSWORD}' } }\n    \
                      expect: { string: '${PASSWORD}' }\n    \
                      save_from_response: [ { variable_name: first, regex: 'raw (.*?);' }, { variable_name: form, header: x-url } ]\n\
                    - get:\n    url: 'http://TARGET/json'\n    \
                      headers: { x-again: '${PASSWORD | base64}', x-first: '${first | urlencode}' }\n    \
                      expect: { json_path: { $.echoed: '${PASSWORD}', $.length: 99, $.inside: nothing } }\n    \
                      save_from_response: { whole: $, echoed: $.echoed }\n";
        let detail = run(&world, text).await;
        let requests = world.target.requests();
        assert_eq!(requests.len(), 2, "{detail:?}");
        assert_eq!(requests[0].header("authorization").unwrap(), format!("Basic {}", STANDARD.encode(format!("ada:{SECRET}"))));
        assert_eq!(requests[1].header("x-again").unwrap(), STANDARD.encode(SECRET));
        assert_eq!(requests[1].header("x-first").unwrap(), url_encoded(SECRET), "what was captured is the value itself");
        assert_eq!(detail.row.state, RunState::Failed, "an expectation that quotes what came");
        let stored = everything(&detail);
        assert!(stored.contains("•••") && stored.contains("$.length") && stored.contains("raw •••; base64 •••"), "{stored}");
        assert_hidden(&detail, SECRET);
    }

    async fn a_secret_with_several_lines_is_hidden_too(database: TestDatabase) {
        let world = World::new(database).await;
        let key = "-----BEGIN KEY-----\nMIIB p@ss abc\nXYZ\n-----END KEY-----";
        factory::secret(&world.store, &world.member, "KEY", key).await;
        world.target.on("POST /echo", Reply::made(|request| Reply::json(request.body.clone())));
        let detail = run(&world, "- post: { url: 'http://TARGET/echo', body: { key: '${KEY}' }, expect: { json_path: { $.key: x } } }").await;
        assert!(String::from_utf8_lossy(&world.target.requests()[0].body).contains("MIIB p@ss abc\\nXYZ"));
        assert_hidden(&detail, key);
        assert!(!everything(&detail).contains("MIIB"), "{}", everything(&detail));
    }

    async fn captures_and_variables_come_before_a_secret_of_their_name(database: TestDatabase) {
        let world = World::new(database).await;
        for name in ["OWN", "GIVEN", "CAUGHT", "REST"] {
            factory::secret(&world.store, &world.member, name, &format!("secret of {name}")).await;
        }
        world.target.on("GET /a", Reply::json(r#"{"caught": "captured"}"#)).on("GET /b", Reply::ok());
        let text = "name: Plan\nvariables: { OWN: mine, GIVEN: mine }\nsteps:\n\
                    - get: { url: 'http://TARGET/a', headers: { x-caught: '${CAUGHT}' }, save_from_response: { CAUGHT: $.caught } }\n\
                    - get: { url: 'http://TARGET/b', headers: { x: '${OWN} ${GIVEN} ${CAUGHT} ${REST}' } }\n";
        let plan = world.plan(text).await;
        let variables = [("GIVEN".to_owned(), "given".to_owned())].into();
        let new = store::NewRun { variables, ..store::NewRun::of(plan, domain::Cause::Manual) };
        let run = world.store.queue_run(world.member.tenant(), new).await.unwrap().id;
        let executor = world.executor().await;
        let detail = world.ended(run).await;
        executor.stop().await;
        assert_eq!(detail.row.state, RunState::Passed, "{detail:?}");
        let requests = world.target.requests();
        assert_eq!(requests[0].header("x-caught"), Some("secret of CAUGHT"), "until it is captured");
        assert_eq!(requests[1].header("x"), Some("mine given captured secret of REST"));
    }

    async fn a_run_keeps_the_values_that_it_began_with(database: TestDatabase) {
        let world = World::new(database).await;
        factory::secret(&world.store, &world.member, "KEY", "the first value").await;
        let gate = testkit::target::Gate::new();
        world.target.on("GET /a", Reply::ok().after(&gate)).on("GET /b", Reply::ok());
        let plan = world.plan("- get: { url: 'http://TARGET/a', options: { timeout: 1m } }\n- get: { url: 'http://TARGET/b', headers: { x: '${KEY}' } }\n").await;
        let run = world.queue(plan).await;
        let executor = world.executor().await;
        world.target.received(1).await;
        let (name, value) = ("KEY".parse().unwrap(), "the second value".parse().unwrap());
        assert!(world.store.replace_secret(world.member.tenant(), world.member.user_id, name, value).await.unwrap());
        gate.open();
        world.ended(run).await;
        assert_eq!(world.target.requests()[1].header("x"), Some("the first value"));
        let again = world.queue(plan).await;
        world.ended(again).await;
        assert_eq!(world.target.requests()[3].header("x"), Some("the second value"));
        executor.stop().await;
    }

    async fn a_value_that_does_not_open_ends_the_run_and_names_the_secret(database: TestDatabase) {
        let world = World::new(database).await;
        let executor = world.executor().await;
        // A process with another key adds it, which this executor was never told of.
        let keys = KeyRing::new(SealingKey::new(&[2; 32]), vec![SealingKey::new(&TEST_KEY)]);
        let other = Store::open(&world.database.url().parse().unwrap(), keys, Options::default()).await.unwrap();
        factory::secret(&other, &world.member, "PASSWORD", SECRET).await;
        let ended = async |text: &str| world.ended(world.queue(world.plan(text).await).await).await;
        let detail = ended("- get: { url: 'http://TARGET/', headers: { x: '${PASSWORD}' } }").await;
        assert_eq!(detail.row.state, RunState::Errored);
        let reason = detail.row.reason.unwrap();
        assert!(reason.starts_with("The secret `PASSWORD` cannot be opened"), "{reason}");
        assert_eq!(world.target.counts().requests, 0);
        // Plans that do not name it are none the worse.
        world.target.on("GET /", Reply::ok());
        assert_eq!(ended("- get: { url: 'http://TARGET/' }").await.row.state, RunState::Passed);
        executor.stop().await;
    }

    async fn another_organizations_secret_is_no_variable(database: TestDatabase) {
        let world = World::new(database).await;
        let stranger = factory::member(&world.store).await;
        factory::secret(&world.store, &stranger, "PASSWORD", SECRET).await;
        let detail = run(&world, "- get: { url: 'http://TARGET/', headers: { x: '${PASSWORD}' } }").await;
        assert_eq!(detail.row.state, RunState::Failed);
        assert!(detail.row.reason.unwrap().contains("PASSWORD"));
        assert_eq!(world.target.counts().requests, 0);
    }
}

//! The API: who may ask, what is asked before, and which object answers.

use serde_json::Value;

use super::document::id;
use super::form::Form;
use super::state::State;
use super::{API_VERSION, Problem, checkout, customer, endpoint, event, expand, idempotency, invoice};
use super::{listing, portal, price, product, subscription};

/// A request to the API.
pub(crate) struct Call<'a> {
    pub method: &'a str,
    /// With `/v1`.
    pub path: &'a str,
    pub form: Form,
    pub authorization: Option<&'a str>,
    pub idempotency_key: Option<&'a str>,
    pub version: Option<&'a str>,
}

/// What is answered to one.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: u16,
    pub body: Value,
    /// The id of the request.
    pub request: String,
    /// Set if this is the answer that was given before.
    pub replays: Option<String>,
}

pub(crate) fn answer(state: &mut State, key: &str, call: &Call<'_>) -> Answer {
    let request = id("req_", 14);
    let refused = |problem: &Problem| Answer {
        status: problem.status,
        body: problem.body(),
        request: request.clone(),
        replays: None,
    };
    if let Err(problem) = admitted(key, call) {
        return refused(&problem);
    }
    let idempotency_key = call.idempotency_key.filter(|_| call.method == "POST");
    let pairs = call.form.pairs();
    if let Some(key) = idempotency_key {
        match idempotency::recall(state, key, call.path, &pairs) {
            Ok(None) => {}
            Ok(Some((before, status, body))) => return Answer { status, body, request, replays: Some(before) },
            Err(problem) => return refused(&problem),
        }
    }
    state.cause = Some((request.clone(), idempotency_key.map(str::to_owned)));
    let result = perform(state, call);
    state.cause = None;
    let (status, body) = match result {
        Ok(body) => (200, body),
        Err(problem) => (problem.status, problem.body()),
    };
    if let Some(key) = idempotency_key {
        idempotency::keep(state, key, call.path, pairs, (request.clone(), status, body.clone()));
    }
    Answer { status, body, request, replays: None }
}

/// Whether the key and the version are right.
fn admitted(key: &str, call: &Call<'_>) -> Result<(), Problem> {
    let Some(given) = call.authorization.and_then(|value| value.strip_prefix("Bearer ")) else {
        return Err(Problem::unauthorized(
            "You did not provide an API key. You need to provide your API key in the Authorization header, \
             using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        ));
    };
    if given != key {
        let end: String = given.chars().skip(given.chars().count().saturating_sub(4)).collect();
        return Err(Problem::unauthorized(format!("Invalid API Key provided: ****{end}")));
    }
    match call.version {
        None | Some(API_VERSION) => Ok(()),
        Some(version) => Err(Problem::invalid(format!(
            "Invalid Stripe API version: {version}. This fake speaks {API_VERSION} alone."
        ))),
    }
}

/// Does what is asked, whoever asks.
pub(crate) fn perform(state: &mut State, call: &Call<'_>) -> Result<Value, Problem> {
    let paths: Vec<String> = call.form.texts("expand").into_iter().map(str::to_owned).collect();
    let mut body = route(state, call)?;
    for path in paths {
        expand::expand(state, &mut body, &path)?;
    }
    Ok(body)
}

fn route(state: &mut State, call: &Call<'_>) -> Result<Value, Problem> {
    let form = &call.form;
    let path = call.path.trim_matches('/');
    let steps: Vec<&str> = path.split('/').skip(1).collect();
    let retrieve = |state: &State, kind: &str, id: &str| {
        state.at(kind, id)?;
        form.all_read()?;
        Ok(state.show(id))
    };
    match (call.method, steps.as_slice()) {
        ("POST", ["customers"]) => customer::create(state, form),
        ("GET", ["customers"]) => listed(customer::list(state, form), form),
        ("GET", ["customers", id]) => retrieve(state, "customer", id),
        ("POST", ["customers", id]) => customer::update(state, id, form),
        ("DELETE", ["customers", id]) => customer::delete(state, id, form),

        ("POST", ["products"]) => product::create(state, form),
        ("GET", ["products"]) => listed(product::list(state, form), form),
        ("GET", ["products", id]) => retrieve(state, "product", id),
        ("POST", ["products", id]) => product::update(state, id, form),

        ("POST", ["prices"]) => price::create(state, form),
        ("GET", ["prices"]) => listed(price::list(state, form), form),
        ("GET", ["prices", id]) => retrieve(state, "price", id),
        ("POST", ["prices", id]) => price::update(state, id, form),

        ("POST", ["checkout", "sessions"]) => checkout::create(state, form),
        ("GET", ["checkout", "sessions"]) => listed(checkout::list(state, form), form),
        ("GET", ["checkout", "sessions", id]) => retrieve(state, "checkout.session", id),
        ("GET", ["checkout", "sessions", id, "line_items"]) => {
            form.ignore(&["limit"]);
            retrieve(state, "checkout.session", id)?;
            Ok(checkout::line_items(state, id))
        }
        ("POST", ["checkout", "sessions", id, "expire"]) => {
            form.all_read()?;
            checkout::expire(state, id)
        }

        ("POST", ["billing_portal", "configurations"]) => portal::configure(state, form),
        ("GET", ["billing_portal", "configurations"]) => listed(portal::configurations(state, form), form),
        ("GET", ["billing_portal", "configurations", id]) => retrieve(state, "billing_portal.configuration", id),
        ("POST", ["billing_portal", "configurations", id]) => portal::reconfigure(state, id, form),
        ("POST", ["billing_portal", "sessions"]) => portal::open(state, form),

        ("POST", ["subscriptions"]) => subscription::create(state, form),
        ("GET", ["subscriptions"]) => listed(subscription::list(state, form), form),
        ("GET", ["subscriptions", id]) => retrieve(state, "subscription", id),
        ("POST", ["subscriptions", id]) => subscription::update(state, id, form),
        ("DELETE", ["subscriptions", id]) => subscription::cancel(state, id, form),
        ("POST", ["subscriptions", id, "resume"]) => {
            form.one_of("billing_cycle_anchor", &["now"])?;
            form.ignore(&["proration_behavior"]);
            form.all_read()?;
            subscription::resume(state, id)?;
            Ok(state.show(id))
        }

        ("GET", ["invoices"]) => listed(invoice::list(state, form), form),
        ("POST", ["invoices", "create_preview"]) => invoice::preview(state, form),
        ("GET", ["invoices", id]) => retrieve(state, "invoice", id),
        ("POST", ["invoices", id, "pay"]) => invoice::pay(state, id, form),

        ("GET", ["payment_methods", id]) => retrieve(state, "payment_method", id),
        ("GET", ["customers", customer, "payment_methods"]) => {
            state.alive("customer", customer)?;
            let methods = state.all("payment_method").filter(|method| method["customer"] == *customer);
            let url = format!("/v1/customers/{customer}/payment_methods");
            form.ignore(&["type"]);
            listed(listing::page(state, &url, methods, form), form)
        }

        ("GET", ["events"]) => listed(event::list(state, form), form),
        ("GET", ["events", id]) => retrieve(state, "event", id),

        ("POST", ["webhook_endpoints"]) => endpoint::create(state, form),
        ("GET", ["webhook_endpoints"]) => listed(endpoint::list(state, form), form),
        ("GET", ["webhook_endpoints", id]) => retrieve(state, "webhook_endpoint", id),
        ("POST", ["webhook_endpoints", id]) => endpoint::update(state, id, form),
        ("DELETE", ["webhook_endpoints", id]) => endpoint::delete(state, id, form),

        (method, _) => Err(Problem::no_such_route(method, call.path)),
    }
}

/// A list changes nothing, so that it may be made before it is known that all its parameters are.
fn listed(list: Result<Value, Problem>, form: &Form) -> Result<Value, Problem> {
    form.all_read()?;
    list
}

//! A plan somebody is writing: what the language says about it, and what is stored once it is right.

use domain::{PlanName, Restriction, SecretName, WhenBusy};
use plan::{Checked, Diagnostic, Known};
use store::{NewPlan, Tenant};
use tokio::sync::Semaphore;

use crate::{error::WebError, state::State};

/// So many names that a plan needs from outside are remembered.
const MOST_OUTSIDE: usize = 1_000;

/// What comes from outside of the plans of an organization: its secrets.
pub(crate) async fn known(state: &State, tenant: &Tenant) -> Result<Known, WebError> {
    Ok(Known { names: Some(state.store.secret_names(tenant).await?) })
}

/// The text of a plan, read.
pub(crate) struct Draft {
    name: String,
    text: String,
    checked: Checked,
}

/// What keeps a draft from being stored, beside what was typed.
pub(crate) struct Mistakes {
    pub(crate) name: String,
    pub(crate) text: String,
    pub(crate) name_error: Option<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Draft {
    /// Reads the text, on a thread that may take its time. The name is for a text that has
    /// none of its own. Line ends of forms (CR LF) become those of the language.
    pub(crate) async fn read(name: String, text: String, known: Known) -> Result<Self, WebError> {
        let text = text.replace("\r\n", "\n");
        let (text, checked) = aside(move || {
            let checked = plan::check(&text, &known);
            (text, checked)
        })
        .await?;
        Ok(Self { name, text, checked })
    }

    /// What can be stored.
    pub(crate) fn into_plan(self) -> Result<NewPlan, Box<Mistakes>> {
        let Self { name: typed, text, checked: Checked { plan, diagnostics, outside } } = self;
        let written = plan.as_ref().and_then(|plan| plan.name.as_ref());
        let name = written.unwrap_or(&typed).parse::<PlanName>();
        match (name, plan) {
            (Ok(name), Some(plan)) => {
                let steps = plan::outline(&plan);
                let outline = serde_json::to_string(&steps).expect("texts can be written as JSON");
                let steps = u32::try_from(steps.len()).expect("a plan has at most 500 steps");
                let (restriction, when_busy) = (restriction(plan.restriction), when_busy(plan.when_busy));
                Ok(NewPlan { name, text, outline, steps, restriction, when_busy, outside: names(outside) })
            }
            (name, _) => {
                let name_error = name.err().map(|error| error.to_string());
                Err(Box::new(Mistakes { name: typed, text, name_error, diagnostics }))
            }
        }
    }
}

/// What a plan needs from outside, by its text.
pub(crate) async fn outside(text: String) -> Result<Vec<String>, WebError> {
    aside(move || names(plan::check(&text, &Known::default()).outside)).await
}

/// Those that a secret can have.
fn names(outside: Vec<String>) -> Vec<String> {
    outside.into_iter().filter(|name| name.parse::<SecretName>().is_ok()).take(MOST_OUTSIDE).collect()
}

/// The language and the rest of the product each have these words, for the language depends on nothing.
fn restriction(written: plan::model::Restriction) -> Restriction {
    match written {
        plan::model::Restriction::None => Restriction::None,
        plan::model::Restriction::Itself => Restriction::Itself,
        plan::model::Restriction::Global => Restriction::Global,
    }
}

fn when_busy(written: plan::model::WhenBusy) -> WhenBusy {
    match written {
        plan::model::WhenBusy::Refuse => WhenBusy::Refuse,
        plan::model::WhenBusy::Queue => WhenBusy::Queue,
    }
}

/// The mistakes of a text as it came, which may not even be UTF-8.
pub(crate) async fn diagnose(bytes: Vec<u8>, known: Known) -> Result<Vec<Diagnostic>, WebError> {
    aside(move || plan::check_bytes(&bytes, &known).diagnostics).await
}

/// The names of the variables that a plan's text declares, in their order.
pub(crate) async fn variables(text: String) -> Result<Vec<String>, WebError> {
    aside(move || {
        let plan = plan::check(&text, &Known::default()).plan;
        plan.map(|plan| plan.variables.keys().cloned().collect()).unwrap_or_default()
    })
    .await
}

/// So many texts are read at once: a hostile one may take a tenth of a second.
static READING: Semaphore = Semaphore::const_new(4);

async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, WebError> {
    let slot = READING.acquire().await.expect("the semaphore is never closed");
    let done = tokio::task::spawn_blocking(move || {
        // Held by the work: whoever goes away before its end frees nothing early.
        let _slot = slot;
        work()
    })
    .await;
    done.map_err(|error| WebError::internal(format!("a plan was not read: {error}")))
}

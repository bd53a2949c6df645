//! The secrets of a run's organization that its plan names, read once when its execution begins: one run sees one
//! set of values, and every one of them is masked from the first step on.

use std::time::Duration;

use engine::{Abandoned, Variable};
use queue::Held;
use serde_json::Value;
use store::{Lease, RunSecretsError, Store};
use tokio::time::sleep;

/// The pause before the database is asked again.
const AGAIN: Duration = Duration::from_millis(500);

/// They as variables; or in one sentence, which names the secret and not its value, why the run cannot have them.
///
/// # Errors
/// If the run is to be stopped, or is not ours any more, before the database has answered.
pub(crate) async fn of_run(
    store: &Store,
    lease: &Lease,
    names: &[String],
    held: &Held,
) -> Result<Result<Vec<Variable>, String>, Abandoned> {
    if names.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    loop {
        match store.run_secrets(lease, names.to_vec()).await {
            Ok(secrets) => {
                let variable = |secret: store::RunSecret| Variable {
                    name: secret.name,
                    value: Value::String(secret.value.to_string()),
                    secret: true,
                };
                return Ok(Ok(secrets.into_iter().map(variable).collect()));
            }
            Err(problem @ RunSecretsError::Unopenable(_)) => return Ok(Err(problem.to_string())),
            Err(RunSecretsError::Store(error)) => {
                tracing::debug!(%error, "The secrets of a run are asked for again");
                let (stop, lost) = (held.stop(), held.lost());
                tokio::select! {
                    () = sleep(AGAIN) => {}
                    () = stop.cancelled() => return Err(Abandoned),
                    () = lost.cancelled() => return Err(Abandoned),
                }
            }
        }
    }
}

//! The plans of a server.

use std::collections::BTreeMap;

use domain::PlanId;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use super::{Call, Remote, RemoteError};

/// How many plans are asked for at once.
const PAGE: usize = 100;

/// A line of the list.
#[derive(Clone, Debug, Deserialize)]
pub struct RemotePlanRow {
    pub id: PlanId,
    pub name: String,
}

/// A plan in its current version.
#[derive(Clone, Debug, Deserialize)]
pub struct RemotePlan {
    pub id: PlanId,
    pub name: String,
    pub version: u32,
    pub text: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<RemotePlanRow>,
    next: Option<String>,
}

#[derive(Serialize)]
struct Written<'w> {
    name: &'w str,
    text: &'w str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
}

impl Remote {
    /// All of them.
    pub async fn plans(&self) -> Result<Vec<RemotePlanRow>, RemoteError> {
        let mut plans = Vec::new();
        let mut path = format!("plans?limit={PAGE}");
        loop {
            let Page { items, next } = self.ask(Call::get(path)).await?;
            plans.extend(items);
            let Some(next) = next else { return Ok(plans) };
            let after: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            path = format!("plans?limit={PAGE}&after={after}");
        }
    }

    /// One of them with its text.
    pub async fn plan(&self, id: PlanId) -> Result<RemotePlan, RemoteError> {
        self.ask(Call::get(format!("plans/{id}"))).await
    }

    /// Makes one; the name is for a text that has none of its own.
    pub async fn create_plan(&self, name: &str, text: &str) -> Result<RemotePlan, RemoteError> {
        self.ask(Call::make("plans", &Written { name, text, version: None })).await
    }

    /// Saves another version over the one that was seen.
    pub async fn save_plan(&self, seen: &RemotePlan, text: &str) -> Result<RemotePlan, RemoteError> {
        let written = Written { name: &seen.name, text, version: Some(seen.version) };
        let saved = self.ask(Call::with(Method::PUT, format!("plans/{}", seen.id), &written)).await;
        if let Err(RemoteError::Refused(problem)) = &saved
            && problem.status == StatusCode::CONFLICT
            && let Ok(now) = self.plan(seen.id).await
            && now.text == text
        {
            // A kept connection may break just as an answer comes, and then the same is sent over a new one: it was
            // oneself who saved it meanwhile.
            return Ok(now);
        }
        saved
    }

    /// Deletes one with its runs. One that is gone is as good.
    pub async fn delete_plan(&self, id: PlanId) -> Result<(), RemoteError> {
        let call = Call { method: Method::DELETE, ..Call::get(format!("plans/{id}")) };
        match self.send(call).await {
            Err(RemoteError::Refused(problem)) if problem.status == StatusCode::NOT_FOUND => Ok(()),
            done => done.map(drop),
        }
    }
}

/// # Errors
/// A sentence, if two of them have one name.
pub fn one_of_each_name(rows: &[RemotePlanRow]) -> Result<(), String> {
    let mut names: BTreeMap<&str, Vec<&RemotePlanRow>> = BTreeMap::new();
    for row in rows {
        names.entry(&row.name).or_default().push(row);
    }
    let several: Vec<String> =
        names.iter().filter(|(_, rows)| rows.len() > 1).map(|(name, rows)| ambiguous(name, rows)).collect();
    if several.is_empty() { Ok(()) } else { Err(several.join("\n")) }
}

/// Why nobody can tell which plan of this name is meant.
pub fn ambiguous(name: &str, rows: &[&RemotePlanRow]) -> String {
    let ids: Vec<String> = rows.iter().map(|row| row.id.to_string()).collect();
    format!("Several plans of the server are called `{name}`: {}. Rename or delete all but one.", ids.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_of_one_name_are_told_with_their_ids() {
        let row = |name: &str| RemotePlanRow { id: PlanId::new(), name: name.to_owned() };
        let rows = [row("a"), row("b"), row("a")];
        let error = one_of_each_name(&rows).unwrap_err();
        assert_eq!(error, ambiguous("a", &[&rows[0], &rows[2]]));
        assert!(error.contains(&rows[0].id.to_string()) && error.contains(&rows[2].id.to_string()), "{error}");
        assert_eq!(one_of_each_name(&rows[..2]), Ok(()));
    }
}

//! The variables that a run brings along: they take the place of the plan's own of the same name.

use std::{collections::BTreeMap, sync::Arc};

use engine::Variable;
use plan::Plan;
use serde_json::Value;

/// The plan without the variables that the run gives, and those.
pub(crate) fn given(plan: Arc<Plan>, variables: BTreeMap<String, String>) -> (Arc<Plan>, Vec<Variable>) {
    if variables.is_empty() {
        return (plan, Vec::new());
    }
    let mut plan = Arc::unwrap_or_clone(plan);
    let variables = variables
        .into_iter()
        .map(|(name, text)| {
            let own = plan.variables.shift_remove(&name).map(|tree| tree.as_written());
            Variable { value: typed(text, own.as_ref()), name, secret: false }
        })
        .collect();
    (Arc::new(plan), variables)
}

/// The text as the type of the plan's own value, if it reads as such: `8080` in place of a number is one.
fn typed(text: String, own: Option<&Value>) -> Value {
    let is_alike = |value: &Value| match own {
        Some(Value::Number(_)) => value.is_number(),
        Some(Value::Bool(_)) => value.is_boolean(),
        _ => false,
    };
    serde_json::from_str(&text).ok().filter(is_alike).unwrap_or(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_run_gives_takes_the_place_of_the_plans_own_and_keeps_its_type() {
        let text = "variables: {port: 80, fast: false, name: Ada, other: 1}\nsteps: [{get: {url: http://a.example/}}]";
        let plan = Arc::new(plan::check(text, &plan::Known::default()).plan.unwrap());
        let run = [("port", "8080"), ("fast", "true"), ("name", "7"), ("new", "8")];
        let run = run.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let (rest, variables) = given(Arc::clone(&plan), run);
        assert_eq!(rest.variables.keys().collect::<Vec<_>>(), ["other"]);
        let variables: Vec<_> = variables.into_iter().map(|variable| (variable.name, variable.value)).collect();
        let expected = [("fast", true.into()), ("name", "7".into()), ("new", "8".into()), ("port", 8080.into())];
        assert_eq!(variables, expected.map(|(name, value): (_, Value)| (name.to_owned(), value)));
        assert_eq!(typed("soon".to_owned(), Some(&80.into())), "soon");
        assert_eq!(given(Arc::clone(&plan), BTreeMap::new()).0, plan);
    }
}

//! Values of variables, as lines of text and as they are.

use std::collections::BTreeMap;

/// Which of the names are no variables of the plan, in a sentence each; of many the first ten.
#[must_use]
pub fn unknown_variables(variables: &BTreeMap<String, String>, known: &[String]) -> Vec<String> {
    let are_not = variables.keys().filter(|name| !known.contains(name));
    are_not.take(MOST_TOLD).map(|name| unknown_variable(name, known)).collect()
}

/// Whoever has made more mistakes has misunderstood something.
const MOST_TOLD: usize = 10;

/// Reads `name = value` on each line; empty lines and lines that begin with `#` are left out.
///
/// # Errors
/// A sentence for each line that is wrong.
pub(super) fn read(text: &str, known: &[String]) -> Result<BTreeMap<String, String>, Vec<String>> {
    let (mut variables, mut problems) = (BTreeMap::new(), Vec::new());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let Some((name, value)) = line.split_once('=') else {
            problems.push(format!("`{}` has no `=`. Write name = value on each line.", shown(line)));
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        if !known.iter().any(|known| known == name) {
            problems.push(unknown_variable(name, known));
        } else if variables.insert(name.to_owned(), value.to_owned()).is_some() {
            problems.push(format!("`{}` has two values. Keep one.", shown(name)));
        }
        if problems.len() >= MOST_TOLD {
            break;
        }
    }
    if problems.is_empty() { Ok(variables) } else { Err(problems) }
}

pub(super) fn write(variables: &BTreeMap<String, String>) -> String {
    variables.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join("\n")
}

/// Says that a plan has no variable of this name, and which it has.
fn unknown_variable(name: &str, known: &[String]) -> String {
    let name = shown(name);
    let like = known.iter().map(|known| (strsim::osa_distance(&name, known), known)).min();
    let hint = match like {
        Some((distance, like)) if distance <= name.len() / 3 + 1 => format!("Did you mean `{like}`?"),
        Some(_) => format!("It has {}.", known.iter().take(8).map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
        None => "It has none.".to_owned(),
    };
    format!("The plan has no variable `{name}`. {hint}")
}

fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

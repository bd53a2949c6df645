//! Regular expressions: linear in time by their engine, and bounded in size here.

use regex::{Regex, RegexBuilder};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::Budgets;
use super::Problem;
use super::budget::spend;

/// How long a regular expression may be, in bytes.
const LONGEST: usize = 2_000;

/// How much a compiled regular expression may take, in bytes.
const SIZE: usize = 2 * 1024 * 1024;

/// How much one regular expression may weigh: about the states it compiles to.
const HEAVIEST: usize = 50_000;

/// Compiles a regular expression.
///
/// # Errors
/// If it is not one, or is too big.
pub fn regex(pattern: &str) -> Result<Regex, Problem> {
    checked(pattern)?;
    compile(pattern)
}

/// As [`regex`], paid for from a text's budget.
pub(crate) fn weigh_regex(pattern: &str, budgets: &mut Budgets) -> Result<(), Problem> {
    if budgets.regexes.contains(pattern) {
        return Ok(());
    }
    let weight = checked(pattern)?;
    spend(&mut budgets.regex, weight + 20, "or too big regular expressions")?;
    compile(pattern)?;
    budgets.regexes.insert(pattern.to_owned());
    Ok(())
}

fn compile(pattern: &str) -> Result<Regex, Problem> {
    RegexBuilder::new(pattern).size_limit(SIZE).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => too_big(),
        error => Problem::new(format!("The regular expression is wrong: {}.", last_line(&error.to_string()))),
    })
}

/// Parses without compiling; gives the weight.
fn checked(pattern: &str) -> Result<usize, Problem> {
    if pattern.len() > LONGEST {
        return Err(too_big());
    }
    let hir = regex_syntax::ParserBuilder::new().nest_limit(50).build().parse(pattern).map_err(|error| {
        Problem::new(format!("The regular expression is wrong: {}.", last_line(&error.to_string())))
    })?;
    let weight = weight(&hir);
    if weight > HEAVIEST { Err(too_big()) } else { Ok(weight) }
}

fn too_big() -> Problem {
    Problem::new("The regular expression is too big.")
        .hint("Repeat less: `\\w{1000}` and the like become large. `[a-z]` is smaller than `\\w`.")
}

/// About how many states it compiles to.
fn weight(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => 1 + class.ranges().len(),
        HirKind::Class(Class::Bytes(class)) => 1 + class.ranges().len(),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min.saturating_add(1)).max(1) as usize;
            weight(&repetition.sub).saturating_mul(times)
        }
        HirKind::Capture(capture) => 2 + weight(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(1, |sum: usize, part| sum.saturating_add(weight(part)))
        }
    }
}

/// The parser's errors draw the pattern first and say what is wrong in the last line.
fn last_line(error: &str) -> String {
    let line = error.lines().last().unwrap_or_default();
    line.trim_start_matches("error: ").trim_end_matches('.').to_owned()
}

//! How much work one text can ask for: each of these is cheap alone and dear in thousands.

use std::collections::HashSet;

use super::Problem;

/// What is left for one text.
#[derive(Debug)]
pub(crate) struct Budgets {
    /// In units of [`super::weigh_regex`].
    pub(super) regex: usize,
    /// Regular expressions that were right; the same one again costs nothing.
    pub(super) regexes: HashSet<String>,
    /// Compiled JSON Schemas, in their bytes.
    pub(super) schema: usize,
    /// CSS selectors.
    pub(super) selectors: usize,
    /// JSONPaths that are more than names and indexes.
    pub(super) paths: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self { regex: 200_000, regexes: HashSet::new(), schema: 64 * 1024, selectors: 1_000, paths: 500 }
    }
}

impl Budgets {
    pub(crate) fn path(&mut self) -> Result<(), Problem> {
        spend(&mut self.paths, 1, "JSONPaths with filters, wildcards or `..`")
    }

    pub(crate) fn selector(&mut self) -> Result<(), Problem> {
        spend(&mut self.selectors, 1, "CSS selectors")
    }
}

pub(super) fn spend(left: &mut usize, cost: usize, what: &str) -> Result<(), Problem> {
    match left.checked_sub(cost) {
        Some(rest) => {
            *left = rest;
            Ok(())
        }
        None => {
            *left = 0;
            Err(Problem::new(format!("The plan holds too many {what} to check.")).hint("Split the plan."))
        }
    }
}

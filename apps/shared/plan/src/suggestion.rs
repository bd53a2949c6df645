//! "Did you mean …?": the closest of several names.

/// The name among `candidates` that is close enough to be what was meant.
pub(crate) fn closest<'c>(found: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    // The distance of long texts costs their product; nobody mistypes a name of this length.
    if found.len() > 64 {
        return None;
    }
    let allowed = match found.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    let lower = found.to_lowercase();
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 64)
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "Did you mean `x`?", or else what is allowed.
pub(crate) fn hint(found: &str, candidates: &[&str]) -> String {
    match closest(found, candidates.iter().copied()) {
        Some(close) => format!("Did you mean `{close}`?"),
        None => allowed(candidates),
    }
}

/// "Allowed here: `a`, `b`."
pub(crate) fn allowed(candidates: &[&str]) -> String {
    let names: Vec<_> = candidates.iter().map(|name| format!("`{name}`")).collect();
    format!("Allowed here: {}.", names.join(", "))
}

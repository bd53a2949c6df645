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
    let distance = |candidate: &str| {
        let candidate = candidate.to_lowercase();
        let distance = strsim::damerau_levenshtein(&lower, &candidate);
        if distance <= allowed && distance < candidate.chars().count() {
            return Some(distance);
        }
        // `status` for `status_code`: what was left out costs less than what was mistyped.
        let begins = lower.len() >= 4
            && candidate.len() >= 4
            && (candidate.starts_with(&lower) || lower.starts_with(&candidate));
        begins.then_some(allowed + 1)
    };
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= 64)
        .filter_map(|candidate| Some((distance(candidate)?, candidate)))
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

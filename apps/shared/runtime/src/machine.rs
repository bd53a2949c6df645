//! Which machine this process runs on.

/// The machine's name as it calls itself, for people who look for a process; a dash if it has none.
#[must_use]
pub fn name() -> String {
    let name = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if name.is_empty() { "-".to_owned() } else { name }
}

//! Texts that are plans, and texts that are not, with everything said about them.

use plan::{Diagnostic, Known, check_bytes, print};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{check, without_lines};

fn texts(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn name_of(file: &Path) -> &str {
    file.file_stem().unwrap().to_str().unwrap()
}

/// Every diagnostic below the line it is about.
fn render(text: &str, diagnostics: &[Diagnostic]) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = text.lines().collect();
    let mut out = String::new();
    for found in diagnostics {
        let line = lines.get(found.line as usize - 1).copied().unwrap_or_default();
        let shown: String = line.chars().take(150).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let width = if found.end_line == found.line { found.end_column - found.column } else { 1 };
        let caret = " ".repeat(found.column as usize - 1) + &"^".repeat(width.min(80) as usize);
        writeln!(out, "{:>4} | {shown}", found.line).unwrap();
        writeln!(out, "     | {caret} {:?}: {} [{}]", found.severity, found.message, found.code).unwrap();
        if let Some(hint) = &found.hint {
            writeln!(out, "     | {hint}").unwrap();
        }
    }
    out
}

fn snapshots() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

#[test]
fn every_mistake_is_told_at_its_place() {
    snapshots().bind(|| {
        for file in texts("err") {
            let bytes = fs::read(&file).unwrap();
            let checked = check_bytes(&bytes, &Known { names: Some(vec!["PASSWORD".to_owned()]) });
            assert!(checked.plan.is_none(), "{} was accepted", file.display());
            let rendered = render(&String::from_utf8_lossy(&bytes), &checked.diagnostics);
            insta::assert_snapshot!(format!("err-{}", name_of(&file)), rendered);
        }
    });
}

#[test]
fn plans_are_read_as_they_are_meant() {
    snapshots().bind(|| {
        for file in texts("ok") {
            let text = fs::read_to_string(&file).unwrap();
            let checked = check(&text);
            let diagnostics = render(&text, &checked.diagnostics);
            let plan = checked.plan.unwrap_or_else(|| panic!("{} was refused:\n{diagnostics}", file.display()));
            insta::assert_snapshot!(format!("ok-{}", name_of(&file)), format!("{}{diagnostics}", print(&plan)));
        }
    });
}

#[test]
fn what_is_printed_is_read_as_the_same_plan() {
    for file in texts("ok") {
        let plan = check(&fs::read_to_string(&file).unwrap()).plan.unwrap();
        let printed = print(&plan);
        let again = check(&printed);
        let again = again.plan.unwrap_or_else(|| panic!("{}: {:?}\n{printed}", file.display(), again.diagnostics));
        assert_eq!(without_lines(again), without_lines(plan), "{}", file.display());
    }
}

#[test]
fn no_beginning_of_a_text_makes_the_reader_panic() {
    for file in texts("ok").into_iter().chain(texts("err")) {
        let bytes = fs::read(&file).unwrap();
        if bytes.len() > 3000 {
            continue;
        }
        for end in 0..bytes.len() {
            let _ = check_bytes(&bytes[..end], &Known::default());
        }
    }
}

#[test]
fn diagnostics_come_in_the_order_of_the_text_and_lie_within_it() {
    for file in texts("err") {
        let bytes = fs::read(&file).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<_> = text.lines().collect();
        let mut last = (1, 1);
        for found in check_bytes(&bytes, &Known::default()).diagnostics {
            assert!((found.line, found.column) >= last, "{}: {found:?}", file.display());
            last = (found.line, found.column);
            let width = lines.get(found.line as usize - 1).map_or(0, |line| line.chars().count());
            assert!(found.column as usize <= width + 1, "{}: {found:?}", file.display());
            assert!((found.end_line, found.end_column) > last, "{}: {found:?}", file.display());
        }
    }
}

//! The name of a plan as the name of a file, and back. What no file system could take for something else stays as it
//! is, the rest is percent-encoded.

use percent_encoding::percent_decode_str;

/// How long it may be, in bytes: what is put behind it has to fit into 255.
const LONGEST: usize = 200;

/// Names that Windows keeps for devices, whatever stands behind a dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The stem of the file for a plan of this name. Reading it with [`name`] gives the name again, unless it had to be cut.
pub fn stem(name: &str) -> String {
    let mut stem = String::new();
    for (at, c) in name.char_indices() {
        let piece = piece(c, at == 0 || at + c.len_utf8() == name.len());
        if stem.len() + piece.len() > LONGEST {
            break;
        }
        stem.push_str(&piece);
    }
    if is_device(&stem) {
        // Its first character is a letter: encoded, it is no device any more.
        let first = stem.remove(0);
        stem.insert_str(0, &encoded(first));
    }
    stem
}

/// The name that a stem stands for.
pub fn name(stem: &str) -> String {
    percent_decode_str(stem).decode_utf8().map_or_else(|_| stem.to_owned(), Into::into)
}

/// By what two stems are told apart, wherever case does not count.
pub fn key(stem: &str) -> String {
    stem.to_lowercase()
}

/// One character; those at an end may be less, for what begins with a dot is hidden and what begins with a hyphen
/// looks like an option.
fn piece(c: char, at_an_end: bool) -> String {
    let plain = match c {
        c if c.is_ascii_alphanumeric() => true,
        '_' | '(' | ')' | '+' | ',' | '=' | '@' => true,
        ' ' | '-' | '.' => !at_an_end,
        c => !c.is_ascii() && c.is_alphanumeric(),
    };
    if plain { c.into() } else { encoded(c) }
}

fn encoded(c: char) -> String {
    c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")).collect()
}

fn is_device(stem: &str) -> bool {
    let base = stem.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let numbered = |device: &str| {
        let mut rest = base.strip_prefix(device).unwrap_or_default().chars();
        matches!((rest.next(), rest.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    };
    DEVICES.contains(&base.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 31] = [
        "..",
        ".",
        "../../etc/passwd",
        "/etc/passwd",
        "a/b",
        r"a\b",
        r"..\..\windows",
        "C:",
        "C:evil",
        "con",
        "NUL",
        "aux.txt",
        "COM1",
        "LPT9.old",
        "com¹",
        "nul .txt",
        ".hidden",
        "-rf",
        "trailing.",
        "a:b",
        "a*b?",
        "\"quoted\"",
        "<pipe|>",
        "100%",
        "%2e%2e%2f",
        "~root",
        "a\u{202e}lmy.exe",
        "zero\u{200b}width",
        "🔥",
        "$HOME",
        "`id`;id&",
    ];

    #[test]
    fn ordinary_names_stay_as_they_are() {
        for name in ["Players", "Log in, then out (v2)", "a.b-c_d", "Prüfung", "検査", "console", "com10", "auxiliary"]
        {
            assert_eq!(stem(name), name);
        }
    }

    #[test]
    fn every_name_is_one_harmless_part_of_a_path_and_reads_back() {
        for hostile in HOSTILE {
            let stem = stem(hostile);
            assert_eq!(name(&stem), hostile, "{stem}");
            assert!(!stem.is_empty() && !stem.starts_with(['.', '-', ' ', '~']), "{stem}");
            assert!(!stem.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|', '$', '`', ';', '&']), "{stem}");
            assert!(stem.chars().all(|c| c.is_ascii() || c.is_alphanumeric()), "{stem}");
            assert!(!is_device(&stem), "{stem}");
        }
    }

    #[test]
    fn names_that_differ_have_stems_that_differ() {
        let mut stems: Vec<String> = HOSTILE.iter().map(|name| stem(name)).collect();
        stems.sort();
        stems.dedup();
        assert_eq!(stems.len(), HOSTILE.len());
        assert_eq!(stem("%2e"), "%252e");
    }

    #[test]
    fn the_longest_name_still_fits_into_a_file_system() {
        for name in ["/".repeat(120), "検".repeat(120), "🔥".repeat(120)] {
            let stem = stem(&name);
            assert!(stem.len() <= LONGEST && stem.len() > LONGEST - 12, "{}", stem.len());
        }
    }

    #[test]
    fn a_stem_that_nobody_encoded_is_a_name_as_well() {
        for text in ["100%", "%zz", "%ff", "50% off"] {
            assert_eq!(name(text), text);
        }
    }
}

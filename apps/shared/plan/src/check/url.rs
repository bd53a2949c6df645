//! URLs, as far as they are written out.

use super::Problem;
use crate::document::cut;
use crate::template::Template;

pub(crate) fn url(template: &Template) -> Result<(), Problem> {
    if let Some(control) = template.literal_texts().flat_map(str::chars).find(|c| c.is_control()) {
        let problem = Problem::new("A URL cannot hold line breaks or other control characters.");
        return Err(match control {
            '\n' | '\r' if template.as_written().ends_with('\n') => {
                problem.hint("A text below `|` or `>` ends with a line break; `|-` and `>-` leave it out.")
            }
            _ => problem,
        });
    }
    let prefix = template.literal_prefix();
    if prefix.is_empty() && template.has_placeholders() {
        return Ok(());
    }
    let complete = !template.has_placeholders();
    let Some((scheme, rest)) = prefix.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
        let undecided =
            !complete && ["http://", "https://"].iter().any(|begin| begin.starts_with(&prefix.to_lowercase()));
        return if undecided { Ok(()) } else { Err(no_scheme(prefix, complete)) };
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        // `localhost:8080` and `example.com:443` look like a scheme.
        if scheme.contains('.') || rest.starts_with(|c: char| c.is_ascii_digit()) || scheme == "localhost" {
            return Err(no_scheme(prefix, complete));
        }
        return Err(Problem::new(format!("`{}:` is no scheme of a request.", cut(scheme)))
            .hint("Write `https://` or `http://`."));
    }
    if !rest.starts_with("//") {
        let undecided = !complete && "//".starts_with(rest);
        return if undecided {
            Ok(())
        } else {
            Err(Problem::new(format!("`{}` is not a URL.", cut(prefix)))
                .hint(format!("Write `{}://` before the host.", scheme.to_lowercase())))
        };
    }
    // Up to the path it is checked even if placeholders follow.
    let checked = match rest[2..].find(['/', '?', '#']) {
        Some(end) if !complete => &prefix[..scheme.len() + 3 + end],
        None if !complete => return Ok(()),
        _ => prefix,
    };
    match ::url::Url::parse(checked) {
        Ok(_) => Ok(()),
        Err(error) => Err(Problem::new(format!("`{}` is not a URL: {error}.", cut(checked)))),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

fn no_scheme(url: &str, complete: bool) -> Problem {
    let hint = match url {
        _ if url.is_empty() || !complete => "Begin with `https://` or `http://`.".to_owned(),
        _ if url.starts_with("//") => format!("Write `https:{}`.", cut(url)),
        _ if url.starts_with('/') => "Write the full URL: `https://example.com/…`.".to_owned(),
        _ if url.starts_with("localhost") => format!("Write `http://{}`.", cut(url)),
        _ => format!("Write `https://{}`.", cut(url)),
    };
    Problem::new("The URL has no scheme.").hint(hint)
}

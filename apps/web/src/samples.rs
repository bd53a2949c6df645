//! The plans of the docs page. Each is a file, shown there, offered as a start for a plan of one's
//! own, and run by a test against the demo API.

/// Where the files say the demo API is; replaced by where it really is.
const WRITTEN: &str = "http://127.0.0.1:8081";

/// One plan.
pub struct Sample {
    /// What addresses call it.
    pub slug: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Whether it is meant to pass. One fails, to show how a failure looks.
    pub passes: bool,
    text: &'static str,
}

impl Sample {
    /// The YAML, for a demo API at `demo_url` (no slash at its end).
    #[must_use]
    pub fn text(&self, demo_url: &str) -> String {
        self.text.replace(WRITTEN, demo_url)
    }

    /// The one of this name.
    #[must_use]
    pub fn find(slug: &str) -> Option<&'static Self> {
        SAMPLES.iter().find(|sample| sample.slug == slug)
    }
}

macro_rules! sample {
    ($slug:literal, $title:literal, $passes:literal) => {
        Sample {
            slug: $slug,
            title: $title,
            passes: $passes,
            text: include_str!(concat!("../templates/docs/examples/", $slug, ".yml")),
        }
    };
}

/// What the first sample calls itself.
pub(crate) const SAMPLE_NAME: &str = "Sample: players";

/// In the order of the page. The first is in every new organization.
pub static SAMPLES: [Sample; 9] = [
    sample!("players", "Log in, look, leave a message", true),
    sample!("list", "The list form", true),
    sample!("failure", "A failure explained", false),
    sample!("requests", "Requests", true),
    sample!("expectations", "Expectations", true),
    sample!("matchers", "Matchers", true),
    sample!("captures", "Captures", true),
    sample!("variables", "Variables", true),
    sample!("mapping", "The mapping form", true),
];

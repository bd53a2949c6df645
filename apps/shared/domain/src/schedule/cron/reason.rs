//! Why a text is no cron expression.

/// What is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCron {
    /// There is no text.
    #[error("Enter a cron expression such as `0 9 * * 1-5`: minute, hour, day of the month, month, day of the week.")]
    Empty,
    /// Longer than any that makes sense.
    #[error("A cron expression has at most 256 characters.")]
    TooLong,
    /// A field for seconds.
    #[error(
        "`{0}` has six fields. Cron expressions have five here: minute, hour, day of the month, month, \
         day of the week. For intervals of seconds choose a schedule of the kind “every”."
    )]
    Seconds(String),
    /// Neither five fields nor six.
    #[error(
        "A cron expression has five fields, this one has {0}: minute, hour, day of the month, month, day of the week."
    )]
    Fields(usize),
    /// `@` and a word that stands for nothing.
    #[error("`{0}` is unknown. There are @hourly, @daily, @weekly, @monthly and @yearly.")]
    Nickname(String),
    /// `@every 10s`.
    #[error("`@every` is no cron expression. Choose a schedule of the kind “every” instead.")]
    Every,
    /// `@reboot`.
    #[error("`@reboot` has no meaning here: there is no machine of yours that starts.")]
    Reboot,
    /// A part of a field.
    #[error("The {field} `{part}` {problem}.")]
    Field {
        /// Which field.
        field: &'static str,
        /// The part of it that is wrong.
        part: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A date that no year has.
    #[error("This never comes: no {month} has a day `{day}`{also}.")]
    Never {
        /// The day of the month.
        day: String,
        /// The month.
        month: String,
        /// What the day of the week adds.
        also: String,
    },
}

impl InvalidCron {
    pub(super) fn fields(text: &str) -> Self {
        match text.split(' ').filter(|field| !field.is_empty()).count() {
            0 => Self::Empty,
            6 => Self::Seconds(shown(text)),
            n => Self::Fields(n),
        }
    }

    pub(super) fn nickname(text: &str) -> Self {
        match text.split(' ').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "@every" => Self::Every,
            "@reboot" => Self::Reboot,
            _ => Self::Nickname(shown(text)),
        }
    }

    pub(super) fn field(field: &'static str, part: &str, problem: impl Into<String>) -> Self {
        Self::Field { field, part: shown(part), problem: problem.into() }
    }
}

/// At most 60 characters of what somebody wrote.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

//! The time zones schedules live in.

use std::{fmt, str::FromStr};

use jiff::tz::{self, TimeZone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// No time zone has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is no time zone.{}", hint(.like.as_deref()))]
pub struct UnknownZone {
    /// What was asked for, at most 60 characters of it.
    pub name: String,
    /// A zone that is spelled much like it.
    pub like: Option<String>,
}

fn hint(like: Option<&str>) -> String {
    match like {
        Some(like) => format!(" Did you mean {like}?"),
        None => " Use a name such as Europe/Berlin, America/New_York or UTC.".to_owned(),
    }
}

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Its name in the IANA database.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Its rules.
    #[must_use]
    pub fn time_zone(&self) -> &TimeZone {
        &self.0
    }

    /// The names of all zones, for a list to choose from.
    #[must_use]
    pub fn names() -> Vec<String> {
        tz::db().available().map(|name| name.to_string()).filter(|name| is_choice(name)).collect()
    }
}

/// Regions and UTC, without the abbreviations and files of old that the database also holds.
fn is_choice(name: &str) -> bool {
    name == "UTC" || name.contains('/') && !["posix/", "right/", "Etc/", "SystemV/"].iter().any(|p| name.starts_with(p))
}

impl FromStr for Zone {
    type Err = UnknownZone;

    fn from_str(text: &str) -> Result<Self, UnknownZone> {
        let text = text.trim();
        // A name is used to look up a file: nothing but letters and a few signs may reach it.
        let plain = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        let known = (!text.is_empty() && text.len() <= 60 && text.chars().all(plain))
            .then(|| TimeZone::get(text).ok().filter(|zone| zone.iana_name().is_some()))
            .flatten();
        known.map(Self).ok_or_else(|| UnknownZone { name: text.chars().take(60).collect(), like: like(text) })
    }
}

/// The zone whose name, or the part of it that names the place, is spelled most like the text.
fn like(text: &str) -> Option<String> {
    let wanted: String = text.chars().take(60).collect::<String>().to_lowercase().replace(' ', "_");
    let distance = |name: &str| {
        let name = name.to_lowercase();
        let place = name.rsplit('/').next().map_or(usize::MAX, |place| strsim::osa_distance(&wanted, place));
        place.min(strsim::osa_distance(&wanted, &name))
    };
    let nearest = Zone::names().into_iter().map(|name| (distance(&name), name)).min()?;
    (nearest.0 <= wanted.len().min(12) / 4).then_some(nearest.1)
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_known_by_its_name_whatever_the_case() {
        for (text, name) in
            [("Europe/Berlin", "Europe/Berlin"), ("utc", "UTC"), ("america/new_york", "America/New_York")]
        {
            assert_eq!(text.parse::<Zone>().unwrap().name(), name);
        }
    }

    #[test]
    fn an_unknown_zone_is_refused_with_a_guess() {
        for (text, like) in [
            ("Europe/Berln", Some("Europe/Berlin")),
            ("berlin", Some("Europe/Berlin")),
            ("New York", Some("America/New_York")),
            ("", None),
            ("../../etc/passwd", None),
            ("Mars/Olympus_Mons", None),
        ] {
            let wrong = text.parse::<Zone>().unwrap_err();
            assert_eq!(wrong.like.as_deref(), like, "{wrong}");
        }
    }

    #[test]
    fn the_list_to_choose_from_holds_zones_only() {
        let names = Zone::names();
        assert!(names.len() > 300, "{}", names.len());
        for name in names {
            assert!(name.parse::<Zone>().is_ok(), "{name}");
        }
    }
}

//! How many faults are made, and when: the short or the long form, and the seed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The form of one scenario, with its random numbers.
pub struct Form {
    long: bool,
    /// What `FAULTS_SEED` has to be for the same moments.
    pub seed: u64,
    random: fastrand::Rng,
}

impl Form {
    /// From `FAULTS` (`short` or `long`) and `FAULTS_SEED` (a number).
    pub fn from_env() -> Self {
        let long = match std::env::var("FAULTS").as_deref() {
            Ok("long") => true,
            Ok("short" | "") | Err(_) => false,
            Ok(other) => panic!("FAULTS is `{other}`. Write short or long."),
        };
        let seed = std::env::var("FAULTS_SEED").map_or_else(
            |_| {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
                u64::from(now.subsec_nanos())
            },
            |text| text.parse().expect("FAULTS_SEED is a whole number"),
        );
        // Told at once, as a scenario that hangs has no other way to tell it.
        eprintln!("FAULTS_SEED={seed}");
        Self { long, seed, random: fastrand::Rng::with_seed(seed) }
    }

    /// One figure for the short form and one for the long.
    pub fn of<T>(&self, short: T, long: T) -> T {
        if self.long { long } else { short }
    }

    /// A random time.
    pub fn moment(&mut self, milliseconds: std::ops::Range<u64>) -> Duration {
        Duration::from_millis(self.random.u64(milliseconds))
    }

    /// A random place in a list of this length.
    pub fn one_of(&mut self, length: usize) -> usize {
        self.random.usize(..length)
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.random.u32(..100) < percent
    }
}

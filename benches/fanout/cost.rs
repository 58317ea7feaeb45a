//! What one client may cost another: loads in which some clients take as much as their limits
//! allow, or more, and others are watched meanwhile.

pub(crate) mod big_buttons;
mod client;
mod crowd;
pub(crate) mod refusals;
pub(crate) mod rooms_flood;

use crate::figures::{Run, quantile};

/// How long clients do what they do before anything is measured, in seconds.
const WARM_UP: f64 = 1.0;
/// Pings a second of a client whose answers are timed; every set of limits allows as many.
const PINGS_A_SECOND: f64 = 50.0;
/// Answers that are still to come at the end have so many seconds.
const PATIENCE: f64 = 20.0;

/// The names of three figures: the maximum, the 99th percentile, the median.
type Names = [&'static str; 3];

/// Adds how long pings took.
fn add_pings(run: &mut Run, names: Names, micros: &mut [u32]) {
    run.add(names[0], quantile(micros, 1.0), 2);
    run.add(names[1], quantile(micros, 0.99), 2);
    run.add(names[2], quantile(micros, 0.50), 2);
}

//! The numbers of one run.

/// Bytes of a MiB.
pub(crate) const MIB: f64 = (1 << 20) as f64;

/// One measured number.
pub(crate) struct Figure {
    /// Its name in the tables, with the unit.
    pub(crate) name: &'static str,
    /// NaN if there is none.
    pub(crate) value: f64,
    /// Decimals that mean something.
    pub(crate) decimals: usize,
    /// Whether the largest value of all rounds is shown in place of the median.
    pub(crate) worst: bool,
}

/// All figures and notes of one run.
#[derive(Default)]
pub(crate) struct Run {
    pub(crate) figures: Vec<Figure>,
    pub(crate) notes: Vec<String>,
}

impl Run {
    pub(crate) fn add(&mut self, name: &'static str, value: f64, decimals: usize) {
        self.figures.push(Figure { name, value, decimals, worst: false });
    }

    /// Adds a count of what should not happen at all: once in many rounds is once too often.
    pub(crate) fn add_count(&mut self, name: &'static str, count: f64) {
        self.figures.push(Figure { name, value: count, decimals: 0, worst: true });
    }

    /// The value of a figure, if the run has it.
    pub(crate) fn value(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|figure| figure.name == name).map(|figure| figure.value)
    }
}

/// The `q` quantile of times in microseconds, in milliseconds; NaN without any.
pub(crate) fn quantile(micros: &mut [u32], q: f64) -> f64 {
    if micros.is_empty() {
        return f64::NAN;
    }
    let at = ((micros.len() - 1) as f64 * q).round() as usize;
    f64::from(*micros.select_nth_unstable(at).1) / 1000.0
}

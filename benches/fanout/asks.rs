//! What is asked of a figure, and whether it is met.

use crate::setup::Pinning;

/// The bound of one figure.
#[derive(Clone, Copy)]
pub(crate) enum Bound {
    /// At most this many times the floor's.
    Ratio(f64),
    /// At most the floor's and this much more.
    Above(f64),
    /// At most this.
    AtMost(f64),
    /// At least this.
    AtLeast(f64),
}

/// What is asked of one figure of ours.
#[derive(Clone, Copy)]
pub(crate) struct Ask {
    /// The figure's name.
    pub(crate) figure: &'static str,
    /// How the server runs when it is asked; `None` for however it runs.
    pub(crate) pinning: Option<Pinning>,
    pub(crate) bound: Bound,
}

/// Asked however the server runs.
pub(crate) const fn always(figure: &'static str, bound: Bound) -> Ask {
    Ask { figure, pinning: None, bound }
}

/// Asked of a server on one core.
pub(crate) const fn pinned(figure: &'static str, bound: Bound) -> Ask {
    Ask { figure, pinning: Some(Pinning::Cores), bound }
}

/// Asked of a server on all cores with its default of threads.
pub(crate) const fn installed(figure: &'static str, bound: Bound) -> Ask {
    Ask { figure, pinning: Some(Pinning::None), bound }
}

impl Ask {
    /// Whether it is asked of a server that runs like this.
    pub(crate) fn applies(&self, pinning: Pinning) -> bool {
        self.pinning.is_none_or(|wanted| wanted == pinning)
    }

    /// The ask in words.
    pub(crate) fn words(&self) -> String {
        match self.bound {
            Bound::Ratio(most) => format!("<= {most:.2} x floor"),
            Bound::Above(more) => format!("<= floor + {more}"),
            Bound::AtMost(most) => format!("<= {most}"),
            Bound::AtLeast(least) => format!(">= {least}"),
        }
    }

    /// Whether it is met; `None` if something it compares was not measured.
    pub(crate) fn is_met(&self, ours: f64, floor: f64, ratio: f64) -> Option<bool> {
        let (value, met) = match self.bound {
            Bound::Ratio(most) => (ratio, ratio <= most),
            Bound::Above(more) => (ours - floor, ours <= floor + more),
            Bound::AtMost(most) => (ours, ours <= most),
            Bound::AtLeast(least) => (ours, ours >= least),
        };
        (!value.is_nan()).then_some(met)
    }

    /// What `is_met` compares with the bound, in words.
    pub(crate) fn found(&self, ours: f64, floor: f64, ratio: f64) -> String {
        match self.bound {
            Bound::Ratio(_) => format!("{ratio:.3} x floor"),
            Bound::Above(_) => format!("floor + {:.2}", ours - floor),
            Bound::AtMost(_) | Bound::AtLeast(_) => format!("{ours:.2}"),
        }
    }
}

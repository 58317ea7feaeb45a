//! How fast the offset changes.

/// Two clocks are taken to drift apart by no more than this, in seconds a second: the most by which
/// the Network Time Protocol slews a clock (RFC 5905, MAXFREQ). Faster changes are steps.
pub(super) const MAX_DRIFT: f64 = 500e-6;

/// How much a rate may wander while it is taken for constant (RFC 5905, PHI).
const PHI: f64 = 15e-6;

/// The lowest and highest rate that are possible, in seconds a second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rate {
    pub(super) lo: f64,
    pub(super) hi: f64,
}

impl Rate {
    /// Nothing is known.
    pub(super) const ANY: Self = Self { lo: -MAX_DRIFT, hi: MAX_DRIFT };

    /// The rate of something that went from between `from.lo` and `from.hi` to between `to.lo` and
    /// `to.hi` in `seconds`. `None` if that is faster than any.
    pub(super) fn between(from: Range, to: Range, seconds: f64) -> Option<Self> {
        let lo = (to.lo - from.hi) / seconds - PHI;
        let hi = (to.hi - from.lo) / seconds + PHI;
        let rate = Self { lo: lo.max(Self::ANY.lo), hi: hi.min(Self::ANY.hi) };
        (rate.lo < rate.hi).then_some(rate)
    }

    pub(super) fn middle(self) -> f64 {
        self.lo + self.width() / 2.0
    }

    /// How uncertain it is.
    pub(super) fn width(self) -> f64 {
        self.hi - self.lo
    }
}

/// What an offset lies between, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    pub(super) lo: f64,
    pub(super) hi: f64,
}

impl Range {
    pub(super) fn width(self) -> f64 {
        self.hi - self.lo
    }

    /// The range `seconds` later.
    pub(super) fn after(self, seconds: f64, rate: Rate) -> Self {
        Self { lo: self.lo + rate.lo * seconds, hi: self.hi + rate.hi * seconds }
    }
}

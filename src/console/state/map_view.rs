//! Which part of a room's floor the map shows.

use crate::operator::PoseRow;

/// The smallest and largest half-widths that can be zoomed to, in metres.
const REACH: std::ops::RangeInclusive<f64> = 0.5..=1e9;

/// A head this many times farther from the middle than the median head is left out of the view.
const OUTLIER: f64 = 12.0;

/// The part of the floor that must be visible: a middle, and how far to each side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    /// Metres along x.
    pub(crate) x: f64,
    /// Metres along z.
    pub(crate) z: f64,
    /// Metres that must be visible from the middle to every side.
    pub(crate) reach: f64,
}

impl Default for View {
    fn default() -> Self {
        Self { x: 0.0, z: 0.0, reach: 3.0 }
    }
}

/// The map's state: the view, and whether it follows the heads.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct MapView {
    view: View,
    manual: bool,
    /// Fit the view again, even if it still shows everyone.
    refit: bool,
    pub(crate) hide_names: bool,
}

impl MapView {
    pub(crate) fn view(&self) -> View {
        self.view
    }

    pub(crate) fn is_manual(&self) -> bool {
        self.manual
    }

    /// Follows the heads, unless moved by hand. The view moves only when it must, so that the
    /// floor keeps still under people who walk about.
    pub(crate) fn follow<'a>(&mut self, heads: impl Iterator<Item = &'a PoseRow>) {
        if self.manual {
            return;
        }
        let points: Vec<(f64, f64)> = heads.map(|head| (head.pos[0], head.pos[2])).collect();
        let Some(wanted) = fit(&points) else { return };
        let View { x, z, reach } = self.view;
        let off = (wanted.x - x).abs().max((wanted.z - z).abs());
        if self.refit || off + wanted.reach > reach || wanted.reach < reach * 0.4 {
            self.refit = false;
            let reach = step_up(wanted.reach * 1.15);
            let snap = reach / 4.0;
            let to_snap = |value: f64| (value / snap).round() * snap;
            self.view = View { x: to_snap(wanted.x), z: to_snap(wanted.z), reach: reach * 1.125 };
        }
    }

    /// Follows the heads again.
    pub(crate) fn automatic(&mut self) {
        self.manual = false;
        self.refit = true;
    }

    /// Zooms; a factor below 1 zooms in.
    pub(crate) fn zoom(&mut self, factor: f64) {
        self.manual = true;
        self.view.reach = (self.view.reach * factor).clamp(*REACH.start(), *REACH.end());
    }

    /// Moves by a share of the view.
    pub(crate) fn pan(&mut self, x: f64, z: f64) {
        self.manual = true;
        self.view.x += x * self.view.reach;
        self.view.z += z * self.view.reach;
    }
}

fn fit(points: &[(f64, f64)]) -> Option<View> {
    let (x, z) = (median(points.iter().map(|p| p.0))?, median(points.iter().map(|p| p.1))?);
    let distance = |point: &(f64, f64)| (point.0 - x).abs().max((point.1 - z).abs());
    let usual = median(points.iter().map(distance))?.max(1.0);
    let near = || points.iter().filter(|point| distance(point) <= usual * OUTLIER);
    let range = |values: &mut dyn Iterator<Item = f64>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        })
    };
    let (left, right) = range(&mut near().map(|point| point.0));
    let (front, back) = range(&mut near().map(|point| point.1));
    let reach = ((right - left).max(back - front) / 2.0).max(1.0);
    Some(View { x: (left + right) / 2.0, z: (front + back) / 2.0, reach })
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    let middle = values.len() / 2;
    (!values.is_empty()).then(|| *values.select_nth_unstable_by(middle, f64::total_cmp).1)
}

/// The first of 1, 1.5, 2, 3, 5, 7, 10, … that is at least `value`.
fn step_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.max(1e-3).log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0];
    let step = steps.into_iter().find(|step| step * decade >= value * 0.999);
    step.unwrap_or(10.0) * decade
}

/// The spacing of grid lines: 1, 2 or 5 times a power of ten, at least `least` metres.
pub(crate) fn grid_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.max(1e-6).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * decade >= least * 0.999);
    step.unwrap_or(10.0) * decade
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(x: f64, z: f64) -> PoseRow {
        PoseRow { pos: [x, 1.7, z], ..PoseRow::default() }
    }

    fn sees(view: View, head: &PoseRow) -> bool {
        (head.pos[0] - view.x).abs() <= view.reach && (head.pos[2] - view.z).abs() <= view.reach
    }

    #[test]
    fn sees_everyone_and_stays_still_while_they_walk() {
        let mut map = MapView::default();
        let heads = [at(-4.0, 1.0), at(4.0, -2.0), at(0.0, 3.0)];
        map.follow(heads.iter());
        assert!(heads.iter().all(|head| sees(map.view(), head)), "{:?}", map.view());
        let before = map.view();
        let heads = [at(-4.1, 1.2), at(4.1, -2.2), at(0.2, 3.1)];
        map.follow(heads.iter());
        assert_eq!(map.view(), before);
    }

    #[test]
    fn one_far_head_does_not_hide_the_others() {
        let mut map = MapView::default();
        let heads = [at(-1.0, 1.0), at(1.0, -1.0), at(0.0, 1.0), at(1e9, -1e9)];
        map.follow(heads.iter());
        assert!(map.view().reach < 10.0, "{:?}", map.view());
    }

    #[test]
    fn zoomed_by_hand_it_follows_nobody_until_told() {
        let mut map = MapView::default();
        map.zoom(0.5);
        let before = map.view();
        map.follow([at(50.0, 50.0)].iter());
        assert_eq!(map.view(), before);
        map.automatic();
        map.follow([at(50.0, 50.0)].iter());
        assert!(sees(map.view(), &at(50.0, 50.0)));
    }

    #[test]
    fn an_empty_room_keeps_the_view_that_was() {
        let mut map = MapView::default();
        map.automatic();
        map.follow([].iter());
        assert_eq!(map.view(), View::default());
    }

    #[test]
    fn steps_are_round() {
        assert_eq!(
            [grid_step(0.7), grid_step(1.0), grid_step(3.0), grid_step(42.0)],
            [1.0, 1.0, 5.0, 50.0]
        );
        assert_eq!([step_up(1.2), step_up(6.0), step_up(80.0)], [1.5, 7.0, 100.0]);
    }
}

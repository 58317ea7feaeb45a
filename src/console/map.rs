//! Which part of a room the map shows.

use crate::operator::PoseRow;

/// The smallest and largest half-widths that the map can be zoomed to, in metres.
const REACH: std::ops::RangeInclusive<f64> = 0.5..=1e9;

/// A head this many times farther from the middle than the median head does not pull the map out.
const OUTLIER: f64 = 12.0;

/// The part of the floor that has to be seen: a middle, and how far to each side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    /// Metres along x.
    pub(super) x: f64,
    /// Metres along z.
    pub(super) z: f64,
    /// Metres from the middle that have to be seen to all sides.
    pub(super) reach: f64,
}

impl Default for View {
    fn default() -> Self {
        Self { x: 0.0, z: 0.0, reach: 3.0 }
    }
}

/// The map's state.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Map {
    view: View,
    manual: bool,
    /// Whether the view is to be fitted anew, however good it is.
    refit: bool,
    pub(super) hide_names: bool,
}

impl Map {
    pub(super) fn view(&self) -> View {
        self.view
    }

    pub(super) fn is_manual(&self) -> bool {
        self.manual
    }

    /// Follows the heads, unless zoomed by hand. The view moves only when it has to, so that the
    /// floor does not swim under people who walk about.
    pub(super) fn follow<'a>(&mut self, heads: impl Iterator<Item = &'a PoseRow>) {
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

    /// Lets the map follow again.
    pub(super) fn automatic(&mut self) {
        self.manual = false;
        self.refit = true;
    }

    /// Zooms; a factor below 1 comes closer.
    pub(super) fn zoom(&mut self, factor: f64) {
        self.manual = true;
        self.view.reach = (self.view.reach * factor).clamp(*REACH.start(), *REACH.end());
    }

    /// Moves by a share of what is seen.
    pub(super) fn pan(&mut self, x: f64, z: f64) {
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

/// The next of 1, 1.5, 2, 3, 5, 7, 10, … that is not below `value`.
fn step_up(value: f64) -> f64 {
    let decade = 10_f64.powf(value.max(1e-3).log10().floor());
    let steps = [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0];
    let step = steps.into_iter().find(|step| step * decade >= value * 0.999);
    step.unwrap_or(10.0) * decade
}

/// A spacing of grid lines, 1, 2 or 5 times a power of ten, of at least `least` metres.
pub(super) fn grid_step(least: f64) -> f64 {
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
        let mut map = Map::default();
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
        let mut map = Map::default();
        let heads = [at(-1.0, 1.0), at(1.0, -1.0), at(0.0, 1.0), at(1e9, -1e9)];
        map.follow(heads.iter());
        assert!(map.view().reach < 10.0, "{:?}", map.view());
    }

    #[test]
    fn zoomed_by_hand_it_follows_nobody_until_told() {
        let mut map = Map::default();
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
        let mut map = Map::default();
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

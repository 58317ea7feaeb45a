//! From metres on the floor to cells on the screen.

use ratatui::layout::Rect;

use crate::console::state::{App, grid_step};
use crate::operator::PoseRow;

/// How metres on the floor map to cells: a cell is two dots wide and four high, which makes dots
/// about square.
#[derive(Clone, Copy)]
pub(crate) struct Scale {
    pub(crate) area: Rect,
    x: f64,
    z: f64,
    /// Metres per dot.
    pub(crate) dot: f64,
}

impl Scale {
    pub(crate) fn new(area: Rect, app: &App) -> Self {
        let view = app.map.view();
        let dots = (f64::from(area.width) * 2.0).min(f64::from(area.height) * 4.0).max(1.0);
        Self { area, x: view.x, z: view.z, dot: view.reach * 2.0 / dots }
    }

    pub(crate) fn x_bounds(&self) -> [f64; 2] {
        let half = f64::from(self.area.width) * self.dot;
        [self.x - half, self.x + half]
    }

    pub(crate) fn z_bounds(&self) -> [f64; 2] {
        let half = f64::from(self.area.height) * 2.0 * self.dot;
        [self.z - half, self.z + half]
    }

    pub(crate) fn column(&self, x: f64) -> Option<u16> {
        let column = ((x - self.x_bounds()[0]) / (2.0 * self.dot)).floor();
        (column >= 0.0 && column < f64::from(self.area.width)).then(|| self.area.x + column as u16)
    }

    pub(crate) fn row(&self, z: f64) -> Option<u16> {
        let row = ((self.z_bounds()[1] - z) / (4.0 * self.dot)).floor();
        (row >= 0.0 && row < f64::from(self.area.height)).then(|| self.area.y + row as u16)
    }

    pub(crate) fn cell(&self, pose: &PoseRow) -> Option<(u16, u16)> {
        Some((self.column(pose.pos[0])?, self.row(pose.pos[2])?))
    }

    /// Metres between grid lines.
    pub(crate) fn grid(&self) -> f64 {
        grid_step(self.dot * 16.0)
    }
}

/// The multiples of a step that lie within bounds.
pub(crate) fn multiples(bounds: [f64; 2], step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((bounds[0] / step).ceil(), (bounds[1] / step).floor());
    let count = if first <= last { (last - first) as usize + 1 } else { 0 };
    (0..count.min(200)).map(move |at| (first + at as f64) * step)
}

//! A room from above: heads with their headings and names, and how high they are.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Circle, Line, Points};

use super::{Drawn, Hit};
use crate::console::app::{App, Pane};
use crate::console::map::grid_step;
use crate::console::quality::{Severity, worst};
use crate::console::text::{cells, cut, right, width};
use crate::operator::{Liveness, PoseRow, UserRow};

/// Cells for the height bar, where there is room for it.
const BAR: u16 = 8;

/// Names are cut to this many cells.
const NAME: usize = 12;

/// One head in the room.
struct Head<'a> {
    user: &'a UserRow,
    pose: PoseRow,
    selected: bool,
    style: Style,
}

/// How metres come to lie on cells: a cell is two dots wide and four high, so that dots are
/// about square.
#[derive(Clone, Copy)]
struct Scale {
    area: Rect,
    x: f64,
    z: f64,
    /// Metres a dot.
    dot: f64,
}

impl Scale {
    fn new(area: Rect, app: &App) -> Self {
        let view = app.map.view();
        let dots = (f64::from(area.width) * 2.0).min(f64::from(area.height) * 4.0).max(1.0);
        Self { area, x: view.x, z: view.z, dot: view.reach * 2.0 / dots }
    }

    fn x_bounds(&self) -> [f64; 2] {
        let half = f64::from(self.area.width) * self.dot;
        [self.x - half, self.x + half]
    }

    fn z_bounds(&self) -> [f64; 2] {
        let half = f64::from(self.area.height) * 2.0 * self.dot;
        [self.z - half, self.z + half]
    }

    fn column(&self, x: f64) -> Option<u16> {
        let column = ((x - self.x_bounds()[0]) / (2.0 * self.dot)).floor();
        (column >= 0.0 && column < f64::from(self.area.width)).then(|| self.area.x + column as u16)
    }

    fn row(&self, z: f64) -> Option<u16> {
        let row = ((self.z_bounds()[1] - z) / (4.0 * self.dot)).floor();
        (row >= 0.0 && row < f64::from(self.area.height)).then(|| self.area.y + row as u16)
    }

    fn cell(&self, pose: &PoseRow) -> Option<(u16, u16)> {
        Some((self.column(pose.pos[0])?, self.row(pose.pos[2])?))
    }

    /// Metres between grid lines.
    fn grid(&self) -> f64 {
        grid_step(self.dot * 16.0)
    }
}

pub(super) fn draw(area: Rect, buffer: &mut Buffer, app: &App, drawn: &mut Drawn) {
    if area.width < 12 || area.height < 4 {
        return;
    }
    let bar = if area.width >= 36 { BAR } else { 0 };
    let [floor, side] =
        area.layout(&Layout::horizontal([Constraint::Fill(1), Constraint::Length(bar)]));
    let heads = heads(app);
    let scale = Scale::new(floor, app);
    grid(&scale, buffer, app);
    paint(&scale, buffer, app, &heads);
    label(&scale, buffer, app, &heads, drawn);
    rule(&scale, buffer, app);
    if bar > 0 {
        heights(side, buffer, app, &heads);
    }
    if heads.is_empty() {
        let text = "no poses yet";
        let x = floor.x + floor.width.saturating_sub(text.len() as u16) / 2;
        buffer.set_string(x, floor.y + floor.height / 2, text, app.theme.dim());
    }
}

/// The heads of the selected room, the selected one last, so that it is on top.
fn heads(app: &App) -> Vec<Head<'_>> {
    let Some(room) = app.rooms.selected.as_deref() else { return Vec::new() };
    let mut heads: Vec<Head<'_>> = Vec::new();
    for user in &app.snapshot.users {
        let here = user.rooms.iter().find(|presence| &*presence.room == room);
        let Some(pose) = here.and_then(|presence| presence.pose) else { continue };
        let selected = app.users.selected == Some(user.session);
        let style = match (selected, worst(&app.concerns(user)), user.liveness) {
            (true, ..) => app.theme.warn(),
            (_, Severity::Bad, _) => app.theme.bad(),
            (_, _, Liveness::Active) => app.theme.accent(),
            _ => app.theme.dim(),
        };
        heads.push(Head { user, pose, selected, style });
    }
    heads.sort_by_key(|head| head.selected);
    heads
}

/// Where a head looks, as a step along x and z: a turn about y is to the right as seen from
/// above, from looking along z.
fn heading(pose: &PoseRow) -> (f64, f64) {
    pose.rot[1].to_radians().sin_cos()
}

/// Lines that lie within bounds, as multiples of a step.
fn multiples(bounds: [f64; 2], step: f64) -> impl Iterator<Item = f64> {
    let (first, last) = ((bounds[0] / step).ceil(), (bounds[1] / step).floor());
    let count = if first <= last { (last - first) as usize + 1 } else { 0 };
    (0..count.min(200)).map(move |at| (first + at as f64) * step)
}

fn grid(scale: &Scale, buffer: &mut Buffer, app: &App) {
    let step = scale.grid();
    let style = app.theme.faint();
    let columns: Vec<(f64, u16)> = multiples(scale.x_bounds(), step)
        .filter_map(|x| Some((x, scale.column(x + scale.dot)?)))
        .collect();
    let rows: Vec<(f64, u16)> = multiples(scale.z_bounds(), step)
        .filter_map(|z| Some((z, scale.row(z - scale.dot)?)))
        .collect();
    for (z, y) in &rows {
        for (x, column) in &columns {
            let origin = x.abs() < step / 2.0 && z.abs() < step / 2.0;
            buffer.set_string(*column, *y, if origin { "+" } else { "·" }, style);
        }
    }
    let decimals = usize::from(step < 1.0);
    for (z, y) in &rows {
        let text = format!("{z:.decimals$}");
        buffer.set_stringn(scale.area.x, *y, text, 6, style);
    }
    let bottom = scale.area.bottom() - 1;
    for (x, column) in &columns {
        let text = format!("{x:.decimals$}");
        let free = scale.area.right().saturating_sub(*column) as usize;
        if text.len() <= free {
            buffer.set_string(*column, bottom, text, style);
        }
    }
}

/// How long the distance between two lines is.
fn rule(scale: &Scale, buffer: &mut Buffer, app: &App) {
    let step = scale.grid();
    let wide = (step / (2.0 * scale.dot)).round().clamp(2.0, 200.0) as usize;
    let text = format!("├{}┤ {step} m", "─".repeat(wide.saturating_sub(1)));
    let length = width(&text) as u16;
    if length + 2 <= scale.area.width {
        let x = scale.area.right() - length - 1;
        buffer.set_string(x, scale.area.y, text, app.theme.dim());
    }
}

fn paint(scale: &Scale, buffer: &mut Buffer, app: &App, heads: &[Head<'_>]) {
    let dot = scale.dot;
    let canvas = Canvas::default()
        .marker(Marker::Braille)
        .x_bounds(scale.x_bounds())
        .y_bounds(scale.z_bounds())
        .paint(|context| {
            for head in heads {
                if head.selected {
                    // In a layer of its own, so that no other head colours it.
                    context.layer();
                }
                let color = head.style.fg.unwrap_or(Color::Reset);
                let [x, _, z] = head.pose.pos;
                let (east, north) = heading(&head.pose);
                let reach = dot * 7.0;
                let (x2, y2) = (x + east * reach, z + north * reach);
                context.draw(&Line { x1: x, y1: z, x2, y2, color });
                let mut blob = Vec::with_capacity(13);
                for right in -2..=2_i32 {
                    for up in -2..=2_i32 {
                        if right.abs() + up.abs() <= 2 {
                            blob.push((x + f64::from(right) * dot, z + f64::from(up) * dot));
                        }
                    }
                }
                context.draw(&Points { coords: &blob, color });
                if head.selected {
                    context.draw(&Circle { x, y: z, radius: dot * 6.0, color });
                }
            }
        });
    // The grid is there already: only what is painted may cover it.
    let mut layer = Buffer::empty(scale.area);
    canvas.render(scale.area, &mut layer);
    for position in scale.area.positions() {
        let cell = &layer[position];
        if !matches!(cell.symbol(), " " | "\u{2800}") {
            buffer[position] = cell.clone();
        }
    }
    if app.theme.is_plain() {
        for head in heads.iter().filter(|head| head.selected) {
            if let Some((x, y)) = scale.cell(&head.pose) {
                buffer.set_style(Rect::new(x, y, 1, 1), app.theme.selected());
            }
        }
    }
}

/// Puts names beside the heads, each where nothing else is; the selected one's always.
fn label(scale: &Scale, buffer: &mut Buffer, app: &App, heads: &[Head<'_>], drawn: &mut Drawn) {
    let mut taken: HashSet<(u16, u16)> = HashSet::new();
    for head in heads {
        if let Some((x, y)) = scale.cell(&head.pose) {
            taken.extend([(x.saturating_sub(1), y), (x, y), (x + 1, y)]);
            let (east, north) = heading(&head.pose);
            for dots in [4.0, 7.0] {
                let mut tip = head.pose;
                tip.pos[0] += east * scale.dot * dots;
                tip.pos[2] += north * scale.dot * dots;
                taken.extend(scale.cell(&tip));
            }
            let hit = Rect::new(x.saturating_sub(1), y, 3, 1).intersection(scale.area);
            drawn.hit(hit, Hit::Head(head.user.session));
        }
    }
    // Names that would cover everything are of no use.
    let crowded = heads.len() * 4 > scale.area.area() as usize / 6;
    for head in heads.iter().rev() {
        if app.map.hide_names && !head.selected {
            continue;
        }
        let Some((x, y)) = scale.cell(&head.pose) else { continue };
        if crowded && !head.selected {
            continue;
        }
        let name = cut(&cells(&head.user.name), NAME).into_owned();
        let wide = width(&name) as u16;
        // Beside the ring, if it has one.
        let gap = if head.selected { 5 } else { 3 };
        let places = [
            (Some(x + gap), y),
            (x.checked_sub(wide + gap - 1), y),
            (Some(x), y + 1),
            (Some(x), y.saturating_sub(1)),
        ];
        let fits = |(from, y): &(Option<u16>, u16)| {
            let Some(from) = *from else { return false };
            from >= scale.area.x
                && from + wide <= scale.area.right()
                && (scale.area.y..scale.area.bottom()).contains(y)
                && (head.selected || (from..from + wide).all(|x| !taken.contains(&(x, *y))))
        };
        let Some((Some(from), y)) = places.into_iter().find(fits) else { continue };
        taken.extend((from..from + wide).map(|x| (x, y)));
        let style = if head.selected && app.pane == Pane::Map {
            app.theme.selected()
        } else if head.selected {
            app.theme.selected_elsewhere()
        } else {
            head.style
        };
        buffer.set_string(from, y, name, style);
    }
}

/// The height bar: a dot for each head, the selected one as a diamond.
fn heights(area: Rect, buffer: &mut Buffer, app: &App, heads: &[Head<'_>]) {
    // Heads far above or below all others stand at the ends.
    const NEAR: f64 = 10.0;
    let mut sorted: Vec<f64> = heads.iter().map(|head| head.pose.pos[1]).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.get(sorted.len() / 2).copied().unwrap_or(1.0);
    let near = sorted.iter().copied().filter(|height| (height - middle).abs() <= NEAR);
    let (low, high) = near.fold((middle.min(0.0), middle.max(2.0)), |(low, high), height| {
        (low.min(height), high.max(height))
    });
    let (low, high) = (low.floor(), (high * 2.0).ceil() / 2.0);
    let rows = usize::from(area.height);
    let at = |height: f64| {
        let share = ((high - height) / (high - low)).clamp(0.0, 1.0);
        (share * (rows - 1) as f64).round() as usize
    };
    let mut counts = vec![(0, false, Style::new()); rows];
    for head in heads {
        let (count, selected, style) = &mut counts[at(head.pose.pos[1])];
        *count += 1;
        *selected |= head.selected;
        *style = head.style;
    }
    let step = grid_step((high - low) / (rows as f64 / 3.0).max(1.0));
    let labels: Vec<(usize, f64)> =
        multiples([low, high], step).map(|height| (at(height), height)).collect();
    for (row, (count, selected, style)) in counts.into_iter().enumerate() {
        let y = area.y + row as u16;
        let label = labels.iter().find(|(at, _)| *at == row);
        let text = label.map(|(_, height)| format!("{height:.1}")).unwrap_or_default();
        let line = if label.is_some() { "┤" } else { "│" };
        buffer.set_string(area.x, y, right(&text, 4) + line, app.theme.faint());
        let dots = match (count, selected) {
            (0, _) => continue,
            (1, true) => "◆".to_owned(),
            (1, false) => "●".to_owned(),
            (count, true) => format!("◆{count}"),
            (count, _) => format!("●{count}"),
        };
        buffer.set_stringn(area.x + 5, y, dots, 3, style);
    }
}

/// The room's title, and what is not to be seen.
pub(super) fn note(app: &App) -> Vec<Span<'static>> {
    let theme = app.theme;
    let mut spans = Vec::new();
    let heads = heads(app);
    let view = app.map.view();
    let outside = heads.iter().filter(|head| {
        (head.pose.pos[0] - view.x).abs() > view.reach * 2.0
            || (head.pose.pos[2] - view.z).abs() > view.reach * 2.0
    });
    let outside = outside.count();
    if app.map.is_manual() {
        spans.push(Span::styled("by hand, 0 fits", theme.warn()));
    }
    if outside > 0 {
        spans.push(Span::styled(format!(" ! {outside} outside"), theme.warn()));
    }
    if spans.is_empty()
        && let Some(room) = app.selected_room()
    {
        let title = if room.title.is_empty() { &*room.name } else { &*room.title };
        spans.push(Span::styled(cells(title).into_owned(), theme.dim()));
    }
    spans
}

//! Names beside heads.

use std::collections::HashSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::heads::{Head, heading};
use super::scale::Scale;
use crate::console::state::{App, Drawn, Hit, Pane};
use crate::console::text::{cells, cut, width};

/// Names are truncated to this many cells.
const NAME: usize = 12;

/// Puts names beside heads where there is free space; the selected one's in any case.
pub(crate) fn label(
    scale: &Scale,
    buffer: &mut Buffer,
    app: &App,
    heads: &[Head<'_>],
    drawn: &mut Drawn,
) {
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
    // So many names would cover everything.
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
        // Leaves space for the ring.
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

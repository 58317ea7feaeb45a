//! The form that is filled in before a recording starts.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Margin, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::table::offset;
use super::{form_hints, typed};
use crate::console::state::{App, Drawn, Field, FieldId, Hit, RecordForm, Value};
use crate::console::text::{cells, cut, left, width, wrap};

const WIDEST: u16 = 92;
/// Cells for the label of a row.
const LABEL: usize = 11;
/// Cells for a user's name, and for their subject.
const NAME: usize = 22;
const SUBJECT: usize = 18;
/// Rows for a hint, or for what is wrong.
const HINT: u16 = 2;

pub(crate) fn draw(
    body: Rect,
    buffer: &mut Buffer,
    app: &App,
    form: &RecordForm,
    drawn: &mut Drawn,
) {
    let mut rows = form.rows();
    let start = rows.pop().unwrap_or_default();
    let wide = (body.width - 4).min(WIDEST);
    let high = (rows.len() as u16 + 1 + HINT + 2).min(body.height);
    let area = body.centered(Constraint::Length(wide), Constraint::Length(high));
    Clear.render(area, buffer);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(app.theme.border(true))
        .title(Span::styled(" record ", app.theme.accent()));
    let inside = block.inner(area).inner(Margin { horizontal: 1, vertical: 0 });
    block.render(area, buffer);
    let [fields, button, hint] = inside.layout(&Layout::vertical([
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(HINT),
    ]));
    let focused = rows.iter().position(|row| row.contains(&form.focus())).unwrap_or(rows.len());
    let height = fields.height as usize;
    drawn.form_offset =
        offset(drawn.form_offset, focused.min(rows.len().saturating_sub(1)), rows.len(), height);
    let from = drawn.form_offset;
    let mut before = None;
    for (at, row) in rows.iter().enumerate() {
        let head = label(&form.field(row[0]).id);
        let is_first = before != Some(head) || at == from;
        before = Some(head);
        let Some(y) = at.checked_sub(from).filter(|y| *y < height) else { continue };
        let line = Rect { y: fields.y + y as u16, height: 1, ..fields };
        let head = left(if is_first { head } else { "" }, LABEL);
        buffer.set_string(line.x, line.y, head, app.theme.dim());
        draw_row(line, buffer, app, form, row, drawn);
    }
    if from + height < rows.len() {
        let more = format!(" ↓ {} more ", rows.len() - from - height);
        let x = area.right().saturating_sub(width(&more) as u16 + 2);
        buffer.set_string(x, button.y, more, app.theme.accent());
    }
    draw_start(button, buffer, app, form, start.first().copied(), drawn);
    draw_hint(hint, buffer, app, form);
}

fn draw_row(
    line: Rect,
    buffer: &mut Buffer,
    app: &App,
    form: &RecordForm,
    row: &[usize],
    drawn: &mut Drawn,
) {
    let mut x = line.x + LABEL as u16;
    for index in row {
        let field = form.field(*index);
        let prefix = prefix(app, &field.id);
        x = buffer.set_stringn(x, line.y, &prefix, free(line, x), app.theme.dim()).0;
        let wide = (field_width(field).min(free(line, x))) as u16;
        let place = Rect { x, width: wide, ..line };
        draw_field(place, buffer, app, field, *index == form.focus());
        if *index == form.focus() && form.is_replaced() {
            let text = width(field.entry()).min(place.width as usize) as u16;
            buffer.set_style(Rect { width: text, ..place }, app.theme.selected());
        }
        drawn.hit(place, Hit::Field(*index));
        x += wide + 2;
    }
}

fn free(line: Rect, x: u16) -> usize {
    line.right().saturating_sub(x) as usize
}

fn draw_field(place: Rect, buffer: &mut Buffer, app: &App, field: &Field, focused: bool) {
    let (theme, limit) = (app.theme, place.width as usize);
    let line = match &field.value {
        Value::Text(input) if focused => Line::from(typed::spans(input, limit, theme)),
        Value::Text(input) if input.text().trim().is_empty() => {
            Line::styled(cut(form_hints::when_empty(&field.id), limit), theme.dim())
        }
        Value::Text(input) => Line::raw(cut(&cells(input.text()), limit).into_owned()),
        _ if focused => Line::styled(format!("‹{}›", field.entry()), theme.selected()),
        _ => Line::from(vec![
            Span::styled("‹", theme.dim()),
            Span::raw(field.entry().to_owned()),
            Span::styled("›", theme.dim()),
        ]),
    };
    buffer.set_line(place.x, place.y, &line, place.width);
}

fn label(id: &FieldId) -> &'static str {
    use FieldId as F;
    match id {
        F::Study => "study",
        F::Session => "session",
        F::Condition => "condition",
        F::Other => "fields",
        F::File => "file",
        F::Length | F::Angle | F::Axes | F::Rotation => "numbers",
        F::Names | F::Chat | F::Consent => "people",
        F::Subject(_) | F::Kept(_) => "subjects",
        F::Start => "",
    }
}

/// What stands before a field in its row.
fn prefix(app: &App, id: &FieldId) -> String {
    match id {
        FieldId::Axes => "axes ".to_owned(),
        FieldId::Rotation => "rotation ".to_owned(),
        FieldId::Subject(user) => {
            let is_here = app.snapshot.users.iter().any(|row| row.name == *user);
            let name = cells(user);
            let name = if is_here { name.into_owned() } else { format!("{name} (left)") };
            format!("{} ", left(&name, NAME))
        }
        _ => String::new(),
    }
}

fn field_width(field: &Field) -> usize {
    match (&field.value, &field.id) {
        (Value::Choice { options, .. }, _) => {
            options.iter().map(|option| width(option)).max().unwrap_or(0) + 2
        }
        (_, FieldId::Axes) => 20,
        (_, FieldId::Rotation) => 7,
        (_, FieldId::Subject(_)) => SUBJECT,
        _ => usize::MAX,
    }
}

fn draw_start(
    line: Rect,
    buffer: &mut Buffer,
    app: &App,
    form: &RecordForm,
    index: Option<usize>,
    drawn: &mut Drawn,
) {
    let theme = app.theme;
    if form.starting.is_some() {
        let text = " starting… ";
        let (x, y) =
            buffer.set_stringn(line.x, line.y, text, free(line, line.x), theme.recording());
        let text = "  it runs once the first data is on disk";
        buffer.set_stringn(x, y, text, free(line, x), theme.text());
        return;
    }
    let style = if form.is_at_start() { theme.selected() } else { theme.accent() };
    let text = if form.is_at_start() { "‹ START ›" } else { "  START  " };
    let (x, y) = buffer.set_stringn(line.x, line.y, text, free(line, line.x), style);
    if let Some(index) = index {
        drawn.hit(Rect { width: x - line.x, ..line }, Hit::Field(index));
    }
    let (kept, users) = (form.kept().count(), form.subjects().count());
    let (text, style) = match users {
        0 => ("nobody is here yet".to_owned(), theme.dim()),
        _ if kept == users => (format!("keeps the data of all {users} users"), theme.dim()),
        _ => (format!("! keeps the data of {kept} of {users} users"), theme.warn()),
    };
    let x = line.x + LABEL as u16;
    buffer.set_stringn(x, y, text, free(line, x), style);
}

fn draw_hint(area: Rect, buffer: &mut Buffer, app: &App, form: &RecordForm) {
    let (text, style) = match &form.problem {
        Some(problem) => (format!("✗ {}", cells(&problem.text)), app.theme.bad()),
        None => (form_hints::about(form), app.theme.dim()),
    };
    let lines = wrap(&text, area.width as usize);
    for (row, line) in area.rows().zip(lines) {
        buffer.set_stringn(row.x, row.y, line, row.width as usize, style);
    }
}

//! The tables that hold everything but poses, for formats that have tables.

use super::clocks::Clocks;
use super::error::ExportError;
use super::source::Source;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Microseconds, since the recording's start if it is not a duration.
    Micros,
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Number,
}

/// A value, or `None` if there is none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cell<'a> {
    /// Microseconds.
    Micros(Option<i64>),
    /// Text.
    Text(Option<&'a str>),
    /// A whole number.
    Int(Option<i64>),
    /// A number.
    Number(Option<f64>),
}

/// A name and a kind for each column.
pub(super) type Columns = &'static [(&'static str, Kind)];

/// Makes tables.
pub(super) trait Tables {
    /// A table being written.
    type Table: Table;

    /// Begins the table `name`.
    fn begin(&mut self, name: &str, columns: Columns) -> Result<Self::Table, ExportError>;
}

/// A table being written.
pub(super) trait Table {
    /// Adds a row: a cell for each column, of its kind.
    fn row(&mut self, cells: &[Cell<'_>]) -> Result<(), ExportError>;

    /// Puts everything on disk.
    fn finish(self) -> Result<(), ExportError>;
}

/// Writes all of them.
pub(super) fn write(
    source: &Source,
    clocks: &Clocks,
    tables: &mut impl Tables,
) -> Result<(), ExportError> {
    session(source, tables)?;
    people(source, tables)?;
    stays(source, tables)?;
    events(source, tables)?;
    markers(source, tables)?;
    probes(source, tables)?;
    self::clocks(source, clocks, tables)?;
    round_trips(source, tables)?;
    late_ticks(source, tables)
}

fn session(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("session", &[("key", Kind::Text), ("value", Kind::Text)])?;
    for (key, value) in source.description()? {
        table.row(&[Cell::Text(Some(&key)), Cell::Text(Some(&value))])?;
    }
    table.finish()
}

fn people(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("people", &[("user", Kind::Text), ("name", Kind::Text)])?;
    for person in source.people() {
        let (subject, name) = (Some(&*person.subject), person.name.as_deref());
        table.row(&[Cell::Text(subject), Cell::Text(name)])?;
    }
    table.finish()
}

const STAYS: Columns = &[
    ("member", Kind::Int),
    ("user", Kind::Text),
    ("room", Kind::Text),
    ("joined", Kind::Micros),
    ("left", Kind::Micros),
];

fn stays(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("stays", STAYS)?;
    for stay in source.stays() {
        table.row(&[
            Cell::Int(Some(stay.id)),
            Cell::Text(Some(source.user(stay.person))),
            Cell::Text(Some(source.room(stay.room))),
            Cell::Micros(Some(stay.joined)),
            Cell::Micros(stay.left),
        ])?;
    }
    table.finish()
}

const EVENTS: Columns = &[
    ("time", Kind::Micros),
    ("kind", Kind::Text),
    ("user", Kind::Text),
    ("room", Kind::Text),
    ("type", Kind::Text),
    ("data", Kind::Text),
    ("code", Kind::Int),
    ("count", Kind::Int),
];

fn events(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("events", EVENTS)?;
    source.for_each_event(|event| {
        table.row(&[
            Cell::Micros(Some(event.time)),
            Cell::Text(Some(event.kind.name())),
            Cell::Text(event.person.map(|person| source.user(person))),
            Cell::Text(event.room.map(|room| source.room(room))),
            Cell::Text(event.type_.as_deref()),
            Cell::Text(event.data.as_deref()),
            Cell::Int(event.code),
            Cell::Int(event.count),
        ])
    })?;
    table.finish()
}

const MARKERS: Columns = &[
    ("time", Kind::Micros),
    ("end_time", Kind::Micros),
    ("is_interval", Kind::Int),
    ("label", Kind::Text),
    ("user", Kind::Text),
    ("room", Kind::Text),
];

fn markers(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("markers", MARKERS)?;
    for marker in source.markers()? {
        table.row(&[
            Cell::Micros(Some(marker.time)),
            Cell::Micros(marker.end),
            Cell::Int(Some(marker.is_interval.into())),
            Cell::Text(Some(&marker.label)),
            Cell::Text(marker.person.map(|person| source.user(person))),
            Cell::Text(marker.room.map(|room| source.room(room))),
        ])?;
    }
    table.finish()
}

const PROBES: Columns = &[
    ("user", Kind::Text),
    ("client_time", Kind::Number),
    ("received", Kind::Micros),
    ("sent", Kind::Micros),
];

fn probes(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("probes", PROBES)?;
    for probe in source.probes()? {
        table.row(&[
            Cell::Text(Some(source.user(probe.person))),
            Cell::Number(Some(probe.client)),
            Cell::Micros(Some(probe.received)),
            Cell::Micros(Some(probe.sent)),
        ])?;
    }
    table.finish()
}

/// `offset` is the client's clock minus Unix time at `from`, in seconds; `bound` is how far off it
/// may be at most, and `step` by how much the clock had jumped before.
const CLOCKS: Columns = &[
    ("user", Kind::Text),
    ("from", Kind::Micros),
    ("to", Kind::Micros),
    ("offset", Kind::Number),
    ("drift_ppm", Kind::Number),
    ("bound", Kind::Micros),
    ("probes", Kind::Int),
    ("step", Kind::Number),
];

fn clocks(source: &Source, clocks: &Clocks, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("clocks", CLOCKS)?;
    for person in source.people() {
        for segment in clocks.segments(person.id) {
            table.row(&[
                Cell::Text(Some(&person.subject)),
                Cell::Micros(Some(clocks.micros(segment.from))),
                Cell::Micros(Some(clocks.micros(segment.to))),
                Cell::Number(Some(segment.offset)),
                Cell::Number(Some(segment.drift * 1e6)),
                Cell::Micros(segment.bound.map(|bound| bound.as_micros() as i64)),
                Cell::Int(Some(segment.probes as i64)),
                Cell::Number(segment.step),
            ])?;
        }
    }
    table.finish()
}

const ROUND_TRIPS: Columns =
    &[("time", Kind::Micros), ("user", Kind::Text), ("round_trip", Kind::Micros)];

fn round_trips(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("round_trips", ROUND_TRIPS)?;
    for row in source.round_trips()? {
        table.row(&[
            Cell::Micros(Some(row.time)),
            Cell::Text(Some(source.user(row.person))),
            Cell::Micros(Some(row.micros)),
        ])?;
    }
    table.finish()
}

const LATE_TICKS: Columns = &[("time", Kind::Micros), ("room", Kind::Text), ("late", Kind::Micros)];

fn late_ticks(source: &Source, tables: &mut impl Tables) -> Result<(), ExportError> {
    let mut table = tables.begin("late_ticks", LATE_TICKS)?;
    for row in source.late_ticks()? {
        table.row(&[
            Cell::Micros(Some(row.time)),
            Cell::Text(Some(source.room(row.room))),
            Cell::Micros(Some(row.micros)),
        ])?;
    }
    table.finish()
}

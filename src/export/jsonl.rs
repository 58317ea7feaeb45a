//! JSON Lines: everything in the order of time, one object a line. The first line is about the
//! session, the last about how it ended.

use std::io::Write;

use super::clocks::Clocks;
use super::error::ExportError;
use super::meter::Meter;
use super::output::Output;
use super::source::Source;
use super::text::{drain, push_int, push_json, push_json_string, push_number, push_seconds};
use super::timeline::{self, Item};
use crate::archive::{EventKind, EventRow, MarkerRow, PoseRow};

/// Writes the file; returns the number of poses.
pub(super) fn write(
    source: &Source,
    output: &mut Output,
    meter: &mut Meter<'_>,
) -> Result<u64, ExportError> {
    let mut file = output.create("")?;
    let mut lines = Lines { source, clocks: Clocks::read(source)?, out: Vec::new() };
    lines.session()?;
    let mut events = 0u64;
    let poses = timeline::for_each(source, meter, |item| {
        lines.item(item);
        events += u64::from(matches!(item, Item::Event(_)));
        Ok(drain(&mut lines.out, &mut file)?)
    })?;
    lines.end(poses, events);
    file.write_all(&lines.out)?;
    file.finish()?;
    Ok(poses)
}

struct Lines<'a> {
    source: &'a Source,
    clocks: Clocks,
    out: Vec<u8>,
}

impl Lines<'_> {
    fn session(&mut self) -> Result<(), ExportError> {
        self.push("{\"kind\":\"session\",\"meta\":{");
        for (place, (key, value)) in self.source.description()?.iter().enumerate() {
            self.push(if place > 0 { "," } else { "" });
            push_json_string(&mut self.out, key);
            self.push(":");
            push_json_string(&mut self.out, value);
        }
        self.push("},\"people\":[");
        for (place, person) in self.source.people().enumerate() {
            self.push(if place > 0 { ",{\"user\":" } else { "{\"user\":" });
            push_json_string(&mut self.out, &person.subject);
            if let Some(name) = &person.name {
                self.text("name", name);
            }
            self.push("}");
        }
        self.push("],\"stays\":[");
        for (place, stay) in self.source.stays().iter().enumerate() {
            self.push(if place > 0 { ",{\"member\":" } else { "{\"member\":" });
            push_int(&mut self.out, stay.id);
            self.text("user", self.source.user(stay.person));
            self.text("room", self.source.room(stay.room));
            self.seconds("joined", stay.joined);
            if let Some(left) = stay.left {
                self.seconds("left", left);
            }
            self.push("}");
        }
        self.push("],\"clocks\":[");
        self.clocks();
        self.push("]}\n");
        Ok(())
    }

    /// The clocks of clients, as the table `clocks` of other formats has them.
    fn clocks(&mut self) {
        let (source, clocks) = (self.source, self.clocks.clone());
        let segments = source.people().flat_map(|person| {
            let segments = clocks.segments(person.id).iter();
            segments.map(|segment| (&*person.subject, segment))
        });
        for (place, (user, segment)) in segments.enumerate() {
            self.push(if place > 0 { ",{\"user\":" } else { "{\"user\":" });
            push_json_string(&mut self.out, user);
            self.seconds("from", clocks.micros(segment.from));
            self.seconds("to", clocks.micros(segment.to));
            self.number("offset", segment.offset);
            self.number("drift_ppm", segment.drift * 1e6);
            if let Some(bound) = segment.bound {
                self.seconds("bound", bound.as_micros() as i64);
            }
            self.int("probes", segment.probes as i64);
            if let Some(step) = segment.step {
                self.number("step", step);
            }
            self.push("}");
        }
    }

    fn item(&mut self, item: Item<'_>) {
        self.push("{\"time\":");
        push_seconds(&mut self.out, item.time());
        match item {
            Item::Pose(row) => self.pose(row),
            Item::Event(row) => self.event(row),
            Item::Marker(row) => self.marker(row),
            Item::MarkerEnd(row) => {
                self.push(",\"kind\":\"marker_end\"");
                self.text("label", &row.label);
                self.who_and_where(row.person, row.room);
                self.seconds("begin", row.time);
            }
            Item::Probe(row) => {
                self.push(",\"kind\":\"probe\"");
                self.who_and_where(Some(row.person), None);
                self.number("client_time", row.client);
                self.seconds("received", row.received);
                self.seconds("sent", row.sent);
            }
            Item::RoundTrip(row) => {
                self.push(",\"kind\":\"round_trip\"");
                self.who_and_where(Some(row.person), None);
                self.seconds("round_trip", row.micros);
            }
            Item::LateTick(row) => {
                self.push(",\"kind\":\"late_tick\"");
                self.who_and_where(None, Some(row.room));
                self.seconds("late", row.micros);
            }
        }
        self.push("}\n");
    }

    fn pose(&mut self, row: &PoseRow) {
        self.push(",\"kind\":\"pose\"");
        let stay = self.source.stay(row.member);
        self.who_and_where(stay.map(|stay| stay.person), stay.map(|stay| stay.room));
        self.int("member", row.member);
        if let Some(client_time) = row.client_time {
            self.number("client_time", client_time);
        }
        let person = stay.map(|stay| stay.person);
        if let Some(time) = person.and_then(|person| self.clocks.sample_time(person, row)) {
            self.seconds("sample_time", time);
        }
        let ([pos_x, pos_y, pos_z], [rot_x, rot_y, rot_z]) = (row.pose.pos, row.pose.rot);
        self.number("pos_x", pos_x);
        self.number("pos_y", pos_y);
        self.number("pos_z", pos_z);
        self.number("rot_x", rot_x);
        self.number("rot_y", rot_y);
        self.number("rot_z", rot_z);
    }

    fn event(&mut self, row: &EventRow) {
        self.text("kind", row.kind.name());
        self.who_and_where(row.person, row.room);
        if let Some(type_) = &row.type_ {
            self.text("type", type_);
        }
        match &row.data {
            Some(data) if row.kind == EventKind::Said => {
                self.push(",\"data\":");
                push_json(&mut self.out, data);
            }
            Some(data) => self.text("data", data),
            None => {}
        }
        if let Some(code) = row.code {
            self.int("code", code);
        }
        if let Some(count) = row.count {
            self.int("count", count);
        }
    }

    fn marker(&mut self, row: &MarkerRow) {
        self.push(",\"kind\":\"marker\"");
        self.text("label", &row.label);
        self.who_and_where(row.person, row.room);
        self.push(if row.is_interval { ",\"interval\":true" } else { ",\"interval\":false" });
        if let Some(end) = row.end {
            self.seconds("end", end);
        }
    }

    fn end(&mut self, poses: u64, events: u64) {
        let about = self.source.about();
        self.push("{\"time\":");
        push_seconds(&mut self.out, about.end);
        self.push(",\"kind\":\"end\"");
        self.text("ending", about.ending.name());
        self.push(&format!(",\"lost\":{},\"poses\":{poses},\"events\":{events}}}\n", about.lost));
    }

    fn who_and_where(&mut self, person: Option<i64>, room: Option<i64>) {
        if let Some(person) = person {
            self.text("user", self.source.user(person));
        }
        if let Some(room) = room {
            self.text("room", self.source.room(room));
        }
    }

    fn key(&mut self, key: &str) {
        self.push(",\"");
        self.push(key);
        self.push("\":");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key);
        push_json_string(&mut self.out, value);
    }

    fn seconds(&mut self, key: &str, micros: i64) {
        self.key(key);
        push_seconds(&mut self.out, micros);
    }

    fn number(&mut self, key: &str, value: f64) {
        self.key(key);
        push_number(&mut self.out, value);
    }

    fn int(&mut self, key: &str, value: i64) {
        self.key(key);
        push_int(&mut self.out, value);
    }

    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

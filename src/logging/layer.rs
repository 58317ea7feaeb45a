//! The layer that turns events into lines and sends them to the pane, a file or stderr.

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::line::{EventText, Line, stamped};
use super::writer::LineWriter;

/// Where lines go.
pub(super) enum Sink {
    Pane,
    Writer(LineWriter),
}

impl Sink {
    pub(super) fn writer(&self) -> Option<&LineWriter> {
        match self {
            Self::Pane => None,
            Self::Writer(writer) => Some(writer),
        }
    }
}

/// Formats each event once, for all sinks.
pub(super) struct LineLayer {
    sinks: Vec<Sink>,
}

/// A span's fields, formatted when it is created.
struct SpanFields(String);

impl LineLayer {
    pub(super) fn new(sinks: Vec<Sink>) -> Self {
        Self { sinks }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LineLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut text = EventText::default();
        attributes.record(&mut text);
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(SpanFields(text.into_fields().as_str().to_owned()));
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut text = EventText::default();
        values.record(&mut text);
        let mut extensions = span.extensions_mut();
        let before = extensions.remove::<SpanFields>().map(|fields| fields.0).unwrap_or_default();
        let mut fields = Line::default();
        fields.push_word(&before);
        fields.push_word(text.into_fields().as_str());
        extensions.replace(SpanFields(fields.as_str().to_owned()));
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut text = EventText::default();
        event.record(&mut text);
        let mut spans = Vec::new();
        for span in context.event_scope(event).into_iter().flatten() {
            spans.extend(span.extensions().get::<SpanFields>().map(|fields| fields.0.clone()));
        }
        // The innermost span tells most about the event, so it comes first.
        let line = text.into_line(spans.iter().map(String::as_str));
        let metadata = event.metadata();
        for sink in &self.sinks {
            match sink {
                Sink::Pane => to_pane(*metadata.level(), metadata.target(), line.as_str()),
                Sink::Writer(writer) => writer.write(stamped(*metadata.level(), line.as_str())),
            }
        }
    }
}

fn to_pane(level: Level, target: &str, text: &str) {
    let level = match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Info,
        Level::DEBUG => log::Level::Debug,
        Level::TRACE => log::Level::Trace,
    };
    tui_logger::Drain::new().log(
        &log::Record::builder().args(format_args!("{text}")).level(level).target(target).build(),
    );
}

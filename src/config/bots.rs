//! The flags of `vrlobby bots`: few and without other layers, so clap derives all of it.

use clap::Args;

use crate::model::{DEFAULT_PORT, FPS_RANGE};

/// How many simulated headsets visit which server, and what they do there.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct BotArgs {
    /// How many headsets, 1 to 5000
    #[arg(long, value_name = "N", default_value_t = 20,
          allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(1..=5_000))]
    pub users: u32,
    /// How many rooms they spread over, 1 to 1000
    #[arg(long, value_name = "N", default_value_t = 2,
          allow_negative_numbers = true,
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub rooms: u32,
    /// Poses a second from each, 0.1 to 240
    #[arg(long, value_name = "RATE", default_value_t = 30.0, value_parser = rate,
          allow_negative_numbers = true)]
    pub hz: f64,
    /// The server they visit
    #[arg(long, value_name = "URL", default_value_t = format!("ws://127.0.0.1:{DEFAULT_PORT}"),
          value_parser = url)]
    pub url: String,
    /// Make them chat too
    #[arg(long)]
    pub chat: bool,
    /// Leave after this many seconds, 0.1 to 86400 [default: when interrupted]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub seconds: Option<f64>,
}

fn rate(text: &str) -> Result<f64, String> {
    number(text, FPS_RANGE, "a rate is a number")
}

fn seconds(text: &str) -> Result<f64, String> {
    number(text, 0.1..=86_400.0, "a time is a number of seconds")
}

fn number(text: &str, range: std::ops::RangeInclusive<f64>, what: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value| range.contains(value));
    value.ok_or_else(|| format!("{what} from {} to {}", range.start(), range.end()))
}

fn url(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("ws://").filter(|rest| {
        !rest.is_empty()
            && !rest.starts_with(['/', ':'])
            && rest.bytes().all(|b| b.is_ascii_graphic())
    });
    rest.map(|_| text.to_owned())
        .ok_or_else(|| format!("a server's address looks like ws://127.0.0.1:{DEFAULT_PORT}"))
}

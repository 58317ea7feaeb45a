//! The command line: flags and help, made from the table of settings.

use std::ffi::OsString;
use std::fmt::Write;

use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, Args, Command, Error, FromArgMatches};

use super::bots::BotArgs;
use super::export::ExportArgs;
use super::inspect::InspectArgs;
use super::layers::{self, CONFIG};
use super::options::{ServeOptions, Settings};
use super::redact::RedactArgs;
use super::replay::ReplayArgs;
use super::slot::{READY_SETS, Slot};
use super::table::{SERVER, SETTINGS, Setting, variable};

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one, at the start")]
pub enum Invocation {
    /// Run the server.
    Serve(ServeOptions),
    /// Let simulated headsets visit a server.
    Bots(BotArgs),
    /// Write a recording in another format.
    Export(ExportArgs),
    /// Tell what is in a recording.
    Inspect(InspectArgs),
    /// Let the users of a recording come to a server as ghosts.
    Replay(ReplayArgs),
    /// Take a person out of a recording.
    Redact(RedactArgs),
}

/// Reads the command line, `args`, whose first item is the program's name, with `env` as the
/// environment: `parse(std::env::args_os(), |name| std::env::var_os(name))`.
///
/// A flag wins over the environment, that over the file, and that over the default. An empty
/// variable counts as not set.
///
/// # Errors
/// If a flag, a variable or the file is wrong, with exit code 2; and for help or the version,
/// with exit code 0. [`Error::exit`] prints it where it belongs.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Invocation, Error> {
    let matches = command().try_get_matches_from(args)?;
    if let Some((name, matches)) = matches.subcommand() {
        return Ok(match name {
            "export" => Invocation::Export(ExportArgs::from_arg_matches(matches)?),
            "inspect" => Invocation::Inspect(InspectArgs::from_arg_matches(matches)?),
            "replay" => Invocation::Replay(ReplayArgs::from_arg_matches(matches)?),
            "redact" => Invocation::Redact(RedactArgs::from_arg_matches(matches)?),
            _ => Invocation::Bots(BotArgs::from_arg_matches(matches)?),
        });
    }
    let options = layers::merge(&matches, env);
    let wrong = |error| Error::raw(ErrorKind::ValueValidation, format!("{error}\n"));
    options.map(Invocation::Serve).map_err(wrong)
}

fn command() -> Command {
    let config = Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .help_heading(SERVER)
        .help("TOML file with settings: the names below as keys [env: VRLOBBY_CONFIG]")
        .value_parser(ValueParser::os_string());
    let bots = BotArgs::augment_args(Command::new("bots"))
        .about("Let simulated headsets visit a server: they walk about, turn and chat");
    let export = ExportArgs::augment_args(Command::new("export"))
        .about("Write a recording in another format");
    let inspect =
        InspectArgs::augment_args(Command::new("inspect")).about("Tell what is in a recording");
    let replay = ReplayArgs::augment_args(Command::new("replay"))
        .about("Let the users of a recording come to a running server as ghosts");
    let redact = RedactArgs::augment_args(Command::new("redact"))
        .about("Take everything that a person did or said out of a recording");
    Command::new("vrlobby")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A chat and presence server for VR headsets, run from a terminal console.")
        .args_conflicts_with_subcommands(true)
        .max_term_width(100)
        .arg(config)
        .args(SETTINGS.iter().map(arg))
        .subcommands([bots, export, inspect, replay, redact])
        .after_help(after_help())
}

fn arg(setting: &Setting) -> Arg {
    let mut options = ServeOptions::default();
    let slot = (setting.slot)(&mut options);
    let (help, variable) = (setting.help, variable(setting.name));
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .value_name(setting.value)
        .help(format!("{help}\n{} [default: {}, env: {variable}]", slot.allowed(), slot.show()))
        .help_heading(setting.heading)
        .allow_negative_numbers(true)
        .value_parser(ValueParser::os_string());
    match slot {
        // A value after "=" lets a flag switch off what the environment or the file switches on.
        Slot::Switch(..) => arg
            .help(format!("{help} [env: {variable}]"))
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
        Slot::Origins(_) | Slot::Fields(_) | Slot::Subjects(_) | Slot::Consent(_) => {
            arg.action(ArgAction::Append)
        }
        _ => arg,
    }
}

fn after_help() -> String {
    let mut text = "Settings: a flag wins over its environment variable, that over the file, and \
                    that over the default.\n\n\
                    Ready sets of limits (--limits):\n  \
                    lab   generous, for a trusted network\n  \
                    open  for a server that strangers reach\n  \
                    none  counts and rates off; what bounds memory stays\n\n"
        .to_owned();
    // The first of them is --limits itself: its values head the columns.
    for setting in SETTINGS {
        let values = READY_SETS.iter().map(|(_, limits)| {
            let settings = Settings { limits: limits(), ..Settings::default() };
            (setting.slot)(&mut ServeOptions { settings, ..ServeOptions::default() }).show()
        });
        let values: Vec<_> = values.collect();
        if values.iter().any(|value| *value != values[0]) {
            let columns: String = values.iter().map(|value| format!("{value:>9}")).collect();
            let _ = writeln!(text, "  {:<30}{columns}", setting.name);
        }
    }
    text + "\nAll other limits are the same in each set."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_name_is_there_once() {
        let mut names: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
        names.extend([CONFIG, "help", "version"]);
        names.sort_unstable();
        let before = names.len();
        names.dedup();
        assert_eq!(names.len(), before);
    }

    #[test]
    fn help_tells_each_default_and_variable() {
        let help = command().term_width(400).render_long_help().to_string();
        for setting in SETTINGS {
            assert!(help.contains(&format!("--{}", setting.name)), "{}", setting.name);
            assert!(
                help.contains(&format!("env: {}]", variable(setting.name))),
                "{}",
                setting.name
            );
            let mut options = ServeOptions::default();
            let slot = (setting.slot)(&mut options);
            let (default, is_switch) = (slot.show(), matches!(slot, Slot::Switch(..)));
            if !is_switch {
                assert!(
                    help.contains(&format!(
                        "[default: {default}, env: {}]",
                        variable(setting.name)
                    ))
                );
            }
        }
        for heading in
            ["Server:", "Log:", "Console:", "Recording:", "Limits:", "lab ", "open ", "none "]
        {
            assert!(help.contains(heading), "{heading}");
        }
        assert!(help.contains("VRLOBBY_CONFIG") && help.contains("VRLOBBY_LIMITS"));
    }
}

//! The command line: flags and help, made from the table of settings.

use std::ffi::OsString;
use std::fmt::Write;

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, Args, Command, FromArgMatches};

use super::error::ParseError;
use super::layers::{self, CONFIG, LIMITS};
use super::table::{Group, SETTINGS, Setting};
use super::{BotArgs, Invocation, Limits, ServeOptions, Settings};

/// Reads the command line, `args`, whose first item is the program's name, with `env` as the
/// environment: `parse(std::env::args_os(), |name| std::env::var_os(name))`.
///
/// A flag is stronger than the environment, that is stronger than the file, and that than the
/// default. An empty variable counts as not set.
///
/// # Errors
/// If help or the version was asked for, and if a flag, a variable or the file is wrong.
pub fn parse(
    args: impl IntoIterator<Item = OsString>,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<Invocation, ParseError> {
    let matches = command().try_get_matches_from(args)?;
    if let Some((_, matches)) = matches.subcommand() {
        return Ok(Invocation::Bots(BotArgs::from_arg_matches(matches)?));
    }
    Ok(Invocation::Serve(layers::merge(&matches, &env)?))
}

fn command() -> Command {
    let bots = BotArgs::augment_args(Command::new("bots"))
        .about("Let simulated headsets visit a server: they walk about, turn and chat");
    Command::new("vrlobby")
        .version(env!("CARGO_PKG_VERSION"))
        .about("A chat and presence server for VR headsets, run from a terminal console.")
        .args_conflicts_with_subcommands(true)
        .max_term_width(100)
        .arg(
            Arg::new(CONFIG)
                .long(CONFIG)
                .value_name("FILE")
                .help_heading(heading(Group::Server))
                .help("TOML file with settings: the names below as keys [env: VRLOBBY_CONFIG]")
                .value_parser(ValueParser::os_string()),
        )
        .args(SETTINGS.iter().filter(|setting| setting.group != Group::Limits).map(arg))
        .arg(
            Arg::new(LIMITS)
                .long(LIMITS)
                .value_name("SET")
                .help_heading(heading(Group::Limits))
                .help(
                    "Ready set of limits: lab, open or none (see below); each flag below \
                     overrides it [default: lab, env: VRLOBBY_LIMITS]",
                )
                .value_parser(ValueParser::os_string()),
        )
        .args(SETTINGS.iter().filter(|setting| setting.group == Group::Limits).map(arg))
        .subcommand(bots)
        .after_help(after_help())
}

fn heading(group: Group) -> &'static str {
    match group {
        Group::Server => "Server",
        Group::Log => "Log",
        Group::Console => "Console",
        Group::Limits => "Limits",
    }
}

fn arg(setting: &Setting) -> Arg {
    let arg = Arg::new(setting.name)
        .long(setting.name)
        .help(help(setting))
        .help_heading(heading(setting.group))
        .allow_negative_numbers(true)
        .value_parser(ValueParser::os_string());
    if setting.is_switch() {
        // A value after "=" lets a flag switch off what the environment or the file switch on.
        arg.num_args(0..=1).require_equals(true).default_missing_value("true").value_name("BOOL")
    } else if setting.is_list() {
        arg.action(ArgAction::Append).value_name(setting.value)
    } else {
        arg.value_name(setting.value)
    }
}

fn help(setting: &Setting) -> String {
    let mut options = ServeOptions::default();
    let slot = (setting.slot)(&mut options);
    let (help, default, variable) = (setting.help, slot.show(), setting.variable());
    if setting.is_switch() {
        format!("{help} [env: {variable}]")
    } else {
        format!("{help}\n{} [default: {default}, env: {variable}]", slot.allowed())
    }
}

fn after_help() -> String {
    let sets = [Limits::lab(), Limits::open(), Limits::none()];
    let mut text = "Settings: a flag is stronger than its environment variable, that is stronger \
                    than the file, that than the default.\n\n\
                    Ready sets of limits (--limits):\n  \
                    lab   generous, for a trusted network\n  \
                    open  for a server that strangers reach\n  \
                    none  counts and rates off; what bounds memory stays\n\n"
        .to_owned();
    let _ = writeln!(text, "  {:<30}{:>9}{:>9}{:>9}", "", "lab", "open", "none");
    for setting in SETTINGS {
        let values = sets.clone().map(|limits| {
            let settings = Settings { limits, ..Settings::default() };
            (setting.slot)(&mut ServeOptions { settings, ..ServeOptions::default() }).show()
        });
        let [lab, open, none] = &values;
        if lab != open || lab != none {
            let _ = writeln!(text, "  {:<30}{lab:>9}{open:>9}{none:>9}", setting.name);
        }
    }
    let _ = write!(text, "\nAll other limits are the same in each set.");
    text
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
        names.extend([CONFIG, LIMITS, "help", "version"]);
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
            assert!(help.contains(&format!("env: {}]", setting.variable())), "{}", setting.name);
            let default = (setting.slot)(&mut ServeOptions::default()).show();
            if !setting.is_switch() {
                assert!(
                    help.contains(&format!("[default: {default}, env: {}]", setting.variable()))
                );
            }
        }
        for heading in ["Server:", "Log:", "Console:", "Limits:", "lab ", "open ", "none "] {
            assert!(help.contains(heading), "{heading}");
        }
        assert!(help.contains("VRLOBBY_CONFIG") && help.contains("VRLOBBY_LIMITS"));
    }
}

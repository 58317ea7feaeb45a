//! Where settings come from: a flag wins over the environment, that over the file, and that over
//! the default.
//!
//! The layering is our own because it is two calls of `extend`, and the crates for it make errors
//! worse. For a variable with a wrong value, `config` 0.15 says "in the environment" and `figment`
//! 0.10 "in `VRLOBBY_` environment variable(s)"; neither says what is allowed. For a number out of
//! range `config` names no source, and it reads `true` as port 1. Both show the file's path
//! relative to the working directory. `figment` also brings a second, older TOML parser.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;
use strsim::levenshtein;

use super::check::{ConfigError, check, wrong};
use super::options::ServeOptions;
use super::table::{READY_SET, SETTINGS, variable};

/// The setting that names the file.
pub(super) const CONFIG: &str = "config";

/// What one layer sets, by name: the texts of each setting, and where they come from.
type Layer = HashMap<&'static str, (Vec<OsString>, String)>;

/// Puts the layers together and checks the result as a whole.
pub(super) fn merge(
    flags: &ArgMatches,
    env: impl Fn(&str) -> Option<OsString>,
) -> Result<ServeOptions, ConfigError> {
    let mut above_file = environment(env);
    above_file.extend(command_line(flags));
    let mut layers = match above_file.remove(CONFIG) {
        Some((path, named_by)) => toml_file(&PathBuf::from_iter(path), &named_by)?,
        None => Layer::new(),
    };
    layers.extend(above_file);

    // Only what wins is read: a flag overrides even a variable that can't be read.
    let mut options = ServeOptions::default();
    for setting in SETTINGS {
        let Some((texts, source)) = layers.get(setting.name) else { continue };
        let texts = texts.iter().cloned().map(OsString::into_string).collect::<Result<Vec<_>, _>>();
        let texts = texts
            .map_err(|_| ConfigError(format!("{source} holds a value that is not UTF-8 text")))?;
        if (setting.slot)(&mut options).read(&texts).is_none() {
            return Err(wrong(setting, &texts.join(","), Some(source)));
        }
    }
    check(&options.settings, |name| {
        let (_, source) = layers.get(name).or(layers.get(READY_SET))?;
        Some(source)
    })?;
    Ok(options)
}

fn environment(env: impl Fn(&str) -> Option<OsString>) -> Layer {
    let layer = names().filter_map(|name| {
        let variable = variable(name);
        let text = env(&variable).filter(|text| !text.is_empty())?;
        Some((name, (vec![text], format!("the environment variable {variable}"))))
    });
    layer.collect()
}

fn command_line(flags: &ArgMatches) -> Layer {
    let layer = names().filter_map(|name| {
        let texts = flags.get_many::<OsString>(name)?.cloned().collect();
        Some((name, (texts, format!("the flag --{name}"))))
    });
    layer.collect()
}

fn toml_file(path: &Path, named_by: &str) -> Result<Layer, ConfigError> {
    let unusable = |reason: String| {
        ConfigError(format!(
            "the settings file {path:?}, named by {named_by}, can't be used: {reason}"
        ))
    };
    let content = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let table: toml::Table = content.parse().map_err(|error: toml::de::Error| {
        unusable(format!("it is not TOML:\n{}", error.to_string().trim_end()))
    })?;
    let layer = table.iter().map(|(key, value)| {
        let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
            let hint = match nearest(key) {
                Some(name) => format!("did you mean {name}?"),
                None => "vrlobby --help lists them all".to_owned(),
            };
            let error = format!("the file {path:?} sets {key:?}, which is no setting; {hint}");
            return Err(ConfigError(error));
        };
        Ok((setting.name, (texts_of(value), format!("the file {path:?}"))))
    });
    layer.collect()
}

fn texts_of(value: &toml::Value) -> Vec<OsString> {
    match value {
        toml::Value::String(text) => vec![text.into()],
        toml::Value::Array(values) => values.iter().flat_map(texts_of).collect(),
        other => vec![other.to_string().into()],
    }
}

/// The setting that was most likely meant by `key`.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('_', "-");
    let names = SETTINGS.iter().map(|setting| setting.name);
    let (distance, name) = names.map(|name| (levenshtein(&key, name), name)).min()?;
    // More than that is a guess, not a slip of the finger.
    (distance <= (name.len() / 3).max(2) && distance < name.len()).then_some(name)
}

fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(CONFIG).chain(SETTINGS.iter().map(|setting| setting.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (a, b, n) in [("", "", 0), ("", "ip", 2), ("kitten", "sitting", 3), ("port", "prt", 1)]
        {
            assert_eq!(levenshtein(a, b), n, "{a} {b}");
            assert_eq!(levenshtein(b, a), n, "{b} {a}");
        }
    }

    #[test]
    fn finds_what_was_meant() {
        assert_eq!(nearest("prot"), Some("port"));
        assert_eq!(nearest("x"), None);
        assert_eq!(nearest("ports"), Some("port"));
        assert_eq!(nearest("max_rooms"), Some("max-rooms"));
        assert_eq!(nearest("Max-Room"), Some("max-rooms"));
        assert_eq!(nearest("origins"), Some("origin"));
        assert_eq!(nearest("something-else"), None);
    }
}

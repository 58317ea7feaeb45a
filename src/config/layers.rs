//! Where values come from: flag before environment before file before default.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::ArgMatches;

use super::error::{ConfigError, Source};
use super::table::{self, SETTINGS};
use super::{Limits, ServeOptions};

/// The setting that names the file.
pub(super) const CONFIG: &str = "config";

/// The setting that chooses a ready set of limits.
pub(super) const LIMITS: &str = "limits";

/// What `limits` may be, in words that go on after "allowed is".
pub(super) const LIMITS_ALLOWED: &str = "lab, open or none";

/// All that was given from outside.
struct Layers<'a> {
    flags: &'a ArgMatches,
    env: &'a dyn Fn(&str) -> Option<OsString>,
    file: Option<(PathBuf, toml::Table)>,
}

/// Puts the layers together and checks the result as a whole.
pub(super) fn merge(
    flags: &ArgMatches,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<ServeOptions, ConfigError> {
    let mut layers = Layers { flags, env, file: None };
    layers.file = layers.read_file()?;

    let mut sources = HashMap::new();
    let mut options = ServeOptions::default();
    let limits_source = match layers.strongest(LIMITS)? {
        Some((texts, source)) => {
            options.settings.limits = ready_set(&texts, &source)?;
            Some(source)
        }
        None => None,
    };
    for setting in SETTINGS {
        if let Some((texts, source)) = layers.strongest(setting.name)? {
            if (setting.slot)(&mut options).read(&texts).is_err() {
                return Err(setting.wrong(texts.join(","), Some(source)));
            }
            sources.insert(setting.name, source);
        }
    }
    // Each value was checked as it was read, so what can be left is a contradiction.
    table::check_together(&options.settings.limits, |name| {
        sources.get(name).or(limits_source.as_ref()).cloned()
    })?;
    options.settings.check()?;
    Ok(options)
}

fn ready_set(texts: &[String], source: &Source) -> Result<Limits, ConfigError> {
    match texts {
        [name] if name == "lab" => Ok(Limits::lab()),
        [name] if name == "open" => Ok(Limits::open()),
        [name] if name == "none" => Ok(Limits::none()),
        _ => Err(ConfigError::Value {
            setting: LIMITS,
            value: texts.join(","),
            source_of_value: Some(source.clone()),
            allowed: LIMITS_ALLOWED.to_owned(),
        }),
    }
}

impl Layers<'_> {
    /// The value of the strongest layer that has one. What a stronger layer overrides is not
    /// looked at, so that a flag helps against a variable that something else has set.
    fn strongest(&self, name: &'static str) -> Result<Option<(Vec<String>, Source)>, ConfigError> {
        if let Some(values) = self.flags.get_many::<OsString>(name) {
            let source = Source::Flag(name);
            let texts = values.cloned().map(|value| text(value, &source)).collect::<Result<_, _>>();
            return Ok(Some((texts?, source)));
        }
        let variable = table::variable(name);
        if let Some(value) = (self.env)(&variable).filter(|value| !value.is_empty()) {
            let source = Source::Environment(variable);
            return Ok(Some((vec![text(value, &source)?], source)));
        }
        let in_file = self.file.as_ref().and_then(|(path, table)| Some((path, table.get(name)?)));
        Ok(in_file.map(|(path, value)| (texts_of(value), Source::File(path.clone()))))
    }

    fn read_file(&self) -> Result<Option<(PathBuf, toml::Table)>, ConfigError> {
        let Some((paths, named_by)) = self.strongest(CONFIG)? else { return Ok(None) };
        let path = PathBuf::from(paths.concat());
        let wrong = |reason: String| ConfigError::File {
            path: path.clone(),
            named_by: named_by.clone(),
            reason,
        };
        let content = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
        let table: toml::Table = content.parse().map_err(|error: toml::de::Error| {
            wrong(format!("it is not TOML:\n{}", error.to_string().trim_end()))
        })?;
        if let Some(key) = table.keys().find(|key| !names().any(|name| name == key.as_str())) {
            return Err(ConfigError::UnknownKey { path, key: key.clone(), nearest: nearest(key) });
        }
        Ok(Some((path, table)))
    }
}

fn text(value: OsString, source: &Source) -> Result<String, ConfigError> {
    value.into_string().map_err(|_| ConfigError::NotText(source.clone()))
}

fn texts_of(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(values) => values.iter().flat_map(texts_of).collect(),
        other => vec![other.to_string()],
    }
}

/// The names that a file may hold.
fn names() -> impl Iterator<Item = &'static str> {
    std::iter::once(LIMITS).chain(SETTINGS.iter().map(|setting| setting.name))
}

/// The setting that was most likely meant by `key`.
fn nearest(key: &str) -> Option<&'static str> {
    let key = key.to_lowercase().replace('_', "-");
    let (distance, name) = names().map(|name| (edits(&key, name), name)).min()?;
    // More than that is a guess, not a slip of the finger.
    (distance <= (name.len() / 3).max(2) && distance < name.len()).then_some(name)
}

/// The Levenshtein distance: how many characters to change, insert or leave out.
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let change = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        for (a, b, n) in [("", "", 0), ("", "ip", 2), ("kitten", "sitting", 3), ("port", "prt", 1)]
        {
            assert_eq!(edits(a, b), n, "{a} {b}");
            assert_eq!(edits(b, a), n, "{b} {a}");
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

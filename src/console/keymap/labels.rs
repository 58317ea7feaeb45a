//! Keys in writing: for the footer, the help and the README.

use ratatui::crossterm::event::KeyCode;

use super::binding::{Binding, Context as C};
use super::table::GROUPS;
use crate::console::input::Key;

/// A key's name, for the footer, the help and the README.
pub(crate) fn label(key: Key) -> String {
    let name = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(ch) => ch.to_string(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        KeyCode::Up => "↑".to_owned(),
        KeyCode::Down => "↓".to_owned(),
        KeyCode::Left => "←".to_owned(),
        KeyCode::Right => "→".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        other => format!("{other:?}"),
    };
    if key.ctrl { format!("Ctrl-{}", name.to_uppercase()) } else { name }
}

/// The names of all keys of a binding.
pub(crate) fn labels(binding: &Binding) -> String {
    binding.keys.iter().map(|key| label(*key)).collect::<Vec<_>>().join(" ")
}

/// Where a binding works, for the help; empty if that goes without saying.
pub(crate) fn place(binding: &Binding) -> &'static str {
    match binding.contexts {
        [C::Rooms] => "rooms",
        [C::Map] => "map",
        [C::Users, C::Map] => "users, map",
        [C::Rooms, C::Users] => "rooms, users",
        [C::Rooms, C::Users, C::Log] => "rooms, users, log",
        _ => "",
    }
}

/// All keys as a Markdown table, for the README.
pub fn markdown() -> String {
    let mut out = String::from("| key | where | what it does |\n|---|---|---|\n");
    for group in GROUPS {
        for binding in group.bindings {
            let keys: Vec<String> = binding
                .keys
                .iter()
                .map(|key| format!("`{}`", label(*key).replace('|', "\\|")))
                .collect();
            let place = match (group.name, place(binding)) {
                ("When asked" | "When typing" | "In the form" | "In the replay", _) => {
                    group.name.to_lowercase()
                }
                (_, place) => place.to_owned(),
            };
            out.push_str(&format!("| {} | {place} | {} |\n", keys.join(" "), binding.help));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::lookup::bindings;
    use super::*;

    #[test]
    fn the_table_for_the_readme_has_every_binding() {
        let table = markdown();
        assert_eq!(table.lines().count(), bindings().count() + 2);
        assert!(table.contains("| `Space` |  | freeze the screen; the server goes on |"));
        assert!(table.contains("| `y` | when asked | do it |"));
        let readme = include_str!("../../../README.md");
        assert!(readme.contains(&table), "put this into README.md, section Keys:\n\n{table}");
    }
}

//! The order of the console's rooms: each uses only rooms on floors below its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms, from the top floor down, as the console's own docs draw them.
const FLOORS: [&[&str]; 5] = [
    &["event_loop"],
    &["update", "view"],
    &["keymap", "verbs"],
    &["state"],
    &["input", "lifecycle", "terminal", "text", "theme"],
];

/// Files for tests, which may use any room.
const FOR_TESTS: [&str; 3] = ["fixtures.rs", "frames.rs", "tests.rs"];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The names that follow a prefix.
fn names_after<'a>(code: &'a str, prefix: &'a str) -> impl Iterator<Item = &'a str> {
    code.split(prefix).skip(1).map(|rest| {
        let end = rest.find(|ch: char| !ch.is_ascii_alphanumeric() && ch != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

#[test]
fn rooms_use_only_rooms_below() {
    let console = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
    let mut files = Vec::new();
    sources(&console, &mut files);
    let mut seen = BTreeSet::new();
    for file in files {
        let path = file.strip_prefix(&console).expect("a file of the console");
        if FOR_TESTS.iter().any(|name| path.ends_with(name)) {
            continue;
        }
        let shown = path.display();
        let first = path.components().next().expect("a name").as_os_str().to_string_lossy();
        let room = first.trim_end_matches(".rs");
        let own = floor(room).unwrap_or_else(|| panic!("{shown} is in no room of FLOORS"));
        let source = fs::read_to_string(&file).expect("a source file");
        let code = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        assert!(!code.contains("crate::console::{"), "{shown}: import each room on its own");
        let mut used: Vec<&str> = names_after(code, "crate::console::").collect();
        // Only directly in the console does `super` mean the console.
        if path.components().count() == 1 {
            used.extend(names_after(code, "super::").filter(|name| floor(name).is_some()));
        }
        for used in used.into_iter().filter(|used| *used != room) {
            let other =
                floor(used).unwrap_or_else(|| panic!("{shown} uses {used}, which is no room"));
            assert!(other > own, "{shown} uses {used}, which is not below {room}");
            seen.insert((room.to_owned(), used.to_owned()));
        }
    }
    // Guards against reading nothing.
    for (room, used) in [("event_loop", "update"), ("view", "keymap"), ("state", "theme")] {
        assert!(seen.contains(&(room.to_owned(), used.to_owned())), "{room} uses {used}: {seen:?}");
    }
}

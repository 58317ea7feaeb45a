//! The order of the rooms: which module of the crate may use which, and that there is no circle.

mod tree;
mod uses;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use tree::{Target, Tree};

/// Each top-level module with what it may use. A module comes after all that it may use, so that
/// the table itself has no circle.
const ROOMS: [(&str, &[&str]); 23] = [
    ("model", &[]),
    ("addresses", &[]),
    ("clock", &["model"]),
    ("clock_offset", &["model"]),
    ("protocol", &["model"]),
    ("config", &["model"]),
    ("logging", &["clock", "model"]),
    ("operator", &["model"]),
    ("archive", &["model"]),
    ("export", &["archive", "clock_offset", "model", "protocol"]),
    ("inspect", &["archive", "clock", "clock_offset", "model"]),
    ("client", &["model"]),
    ("bots", &["client", "clock", "model"]),
    ("replay", &["archive", "client", "clock", "model"]),
    ("connection", &["model", "protocol"]),
    ("lobby", &["clock_offset", "model", "protocol"]),
    (
        "hub",
        &[
            "clock",
            "clock_offset",
            "connection",
            "lobby",
            "logging",
            "model",
            "operator",
            "protocol",
        ],
    ),
    ("net", &["clock", "connection", "hub", "model", "protocol"]),
    ("recording", &["archive", "clock", "hub", "lobby", "model", "operator", "protocol"]),
    (
        "server",
        &[
            "addresses",
            "clock",
            "config",
            "connection",
            "hub",
            "lobby",
            "logging",
            "model",
            "net",
            "operator",
            "protocol",
            "recording",
            "replay",
        ],
    ),
    ("console", &["clock", "model", "operator"]),
    ("lib", &["config", "hub", "lobby", "model", "operator", "server"]),
    (
        "main",
        &[
            "archive", "bots", "clock", "config", "console", "export", "inspect", "logging",
            "replay", "server",
        ],
    ),
];

/// The same for the modules of the console, from its ground up.
const CONSOLE: [(&str, &[&str]); 11] = [
    ("input", &[]),
    ("lifecycle", &[]),
    ("terminal", &[]),
    ("text", &[]),
    ("theme", &[]),
    ("state", &["theme"]),
    ("keymap", &["input", "state"]),
    ("verbs", &["state"]),
    ("update", &["input", "keymap", "state", "text", "verbs"]),
    ("view", &["keymap", "state", "text", "theme", "verbs"]),
    ("event_loop", &["input", "lifecycle", "state", "terminal", "theme", "update", "view"]),
];

/// Lines that a file may have, its tests apart.
const LONGEST: usize = 400;

/// What only `clock` may call.
const MACHINE_TIME: [[&str; 2]; 3] =
    [["Instant", "now"], ["SystemTime", "now"], ["thread", "sleep"]];

fn read() -> Tree {
    Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

/// The room of a file: the first folder or file below `floor`.
fn room(file: &Path, floor: &str) -> Option<String> {
    let below = file.strip_prefix(floor).ok()?.components().next()?;
    Some(below.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned())
}

/// Which room uses which, with an example of each.
fn used_rooms(tree: &Tree, floor: &str) -> BTreeMap<(String, String), String> {
    let mut used = BTreeMap::new();
    for (id, module) in tree.modules.iter().enumerate() {
        let Some(from) = room(&module.file, floor) else { continue };
        let uses = uses::of(tree, id);
        for target in uses.targets.iter().chain(&uses.shown) {
            let (target, name) = match target {
                Target::Module(target) => (target, ""),
                Target::Item(target, name) => (target, name.as_str()),
                Target::Foreign(through, path) => (through, path[0].as_str()),
            };
            let file = &tree.modules[*target].file;
            if let Some(to) = room(file, floor).filter(|to| *to != from) {
                let example =
                    format!("{} uses {name} of {}", module.file.display(), file.display());
                used.insert((from.clone(), to), example);
            }
        }
    }
    used
}

/// Asserts that rooms use each other just as a table says.
fn check(tree: &Tree, floor: &str, table: &[(&str, &[&str])]) {
    for (place, (room, below)) in table.iter().enumerate() {
        for used in *below {
            let is_above = table[..place].iter().any(|(above, _)| above == used);
            assert!(is_above, "in the table, {used} has to come before {room}, which uses it");
        }
    }
    let used = used_rooms(tree, floor);
    let allowed = |from: &str, to: &str| {
        table.iter().any(|(room, below)| *room == from && below.contains(&to))
    };
    let wrong: Vec<String> = used
        .iter()
        .filter(|((from, to), _)| !allowed(from, to))
        .map(|((from, to), example)| format!("{from} may not use {to}: {example}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // Holds the table to what is true, and guards against reading nothing.
    for (room, below) in table {
        for listed in *below {
            let pair = (room.to_string(), listed.to_string());
            assert!(used.contains_key(&pair), "{room} does not use {listed}: strike it off");
        }
    }
}

#[test]
fn rooms_use_only_rooms_below() {
    check(&read(), "", &ROOMS);
}

#[test]
fn rooms_of_the_console_use_only_rooms_below() {
    check(&read(), "console", &CONSOLE);
}

/// The names that each file takes from which other.
type Files<'a> = BTreeMap<&'a Path, BTreeMap<&'a Path, BTreeSet<String>>>;

/// What each file takes from which other. Left out are names that a file only shows to others,
/// and the type of a parent that a child implements a part of.
fn used_files(tree: &Tree) -> Files<'_> {
    let mut files = Files::new();
    for (id, module) in tree.modules.iter().enumerate() {
        let uses = uses::of(tree, id);
        for target in uses.targets {
            let Target::Item(used, name) = &target else { continue };
            let (file, used_file) = (module.file.as_path(), tree.modules[*used].file.as_path());
            let extends = uses.implemented.contains(&target)
                && module.path.starts_with(&tree.modules[*used].path);
            if file != used_file && !extends {
                let names = files.entry(file).or_default().entry(used_file).or_default();
                names.insert(name.clone());
            }
        }
    }
    files
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let tree = read();
    let files = used_files(&tree);
    assert!(files.len() > 100, "only {} files use others", files.len());
    let circle: Vec<String> = files
        .iter()
        .flat_map(|(file, used)| used.iter().map(move |(used, names)| (*file, *used, names)))
        .filter(|(file, used, _)| reaches(&files, used, file))
        .map(|(file, used, names)| format!("{} -> {}: {names:?}", file.display(), used.display()))
        .collect();
    assert!(circle.is_empty(), "files that lead back to themselves:\n{}", circle.join("\n"));
}

fn reaches(files: &Files<'_>, from: &Path, to: &Path) -> bool {
    let (mut seen, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(file) = next.pop() {
        if file == to {
            return true;
        }
        if seen.insert(file) {
            next.extend(files.get(file).into_iter().flat_map(BTreeMap::keys));
        }
    }
    false
}

#[test]
fn only_the_clock_asks_the_machine_for_time() {
    let tree = read();
    for (id, module) in tree.modules.iter().enumerate() {
        for target in uses::of(&tree, id).targets {
            let Target::Foreign(_, path) = target else { continue };
            for call in MACHINE_TIME {
                let (file, is_clock) =
                    (module.file.display(), module.file == Path::new("clock.rs"));
                let calls =
                    path.iter().map(String::as_str).rev().take(2).eq(call.into_iter().rev());
                assert!(is_clock || !calls, "{file} calls {}", call.join("::"));
            }
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let tree = read();
    let files: BTreeSet<&Path> = tree.modules.iter().map(|module| module.file.as_path()).collect();
    for file in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file);
        let text = fs::read_to_string(path).expect("a source file");
        let lines =
            text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines, its tests apart", file.display());
    }
}

//! The modules of the crate as they stand in src, and what a path in one of them leads to.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use syn::{Attribute, Item, Meta, UseTree, Visibility};

/// A module by its number.
pub(crate) type ModuleId = usize;

/// A `use` of one name.
pub(crate) struct Import {
    pub path: Vec<String>,
    /// Whether others may use the name through this module.
    pub exported: bool,
}

/// One module.
pub(crate) struct Module {
    /// Where it is written, below src.
    pub file: PathBuf,
    /// Its name, from the crate's root on.
    pub path: Vec<String>,
    pub parent: Option<ModuleId>,
    pub children: BTreeMap<String, ModuleId>,
    pub imports: BTreeMap<String, Import>,
    pub defined: Vec<String>,
    /// Its own items, without those for tests.
    pub items: Vec<Item>,
}

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Module(ModuleId),
    Item(ModuleId, String),
    /// Another crate's, or a local name, as this module knows it.
    Foreign(ModuleId, Vec<String>),
}

/// All modules of src; the first is the library's root, the second `main.rs`.
pub(crate) struct Tree {
    pub modules: Vec<Module>,
}

const LIBRARY: ModuleId = 0;

impl Tree {
    /// Reads the crate in a folder.
    pub(crate) fn read(src: &Path) -> Self {
        let mut tree = Self { modules: Vec::new() };
        tree.read_file(src, Path::new("lib.rs"), Vec::new(), None);
        tree.read_file(src, Path::new("main.rs"), vec!["main".into()], None);
        tree
    }

    fn read_file(
        &mut self,
        src: &Path,
        file: &Path,
        path: Vec<String>,
        parent: Option<ModuleId>,
    ) -> ModuleId {
        let full = src.join(file);
        let text = fs::read_to_string(&full).unwrap_or_else(|e| panic!("{}: {e}", full.display()));
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", full.display()));
        self.add(src, file, path, parent, parsed.items)
    }

    fn add(
        &mut self,
        src: &Path,
        file: &Path,
        path: Vec<String>,
        parent: Option<ModuleId>,
        items: Vec<Item>,
    ) -> ModuleId {
        let id = self.modules.len();
        self.modules.push(Module {
            file: file.to_owned(),
            path: path.clone(),
            parent,
            children: BTreeMap::new(),
            imports: BTreeMap::new(),
            defined: Vec::new(),
            items: Vec::new(),
        });
        for item in items.into_iter().filter(|item| !is_for_tests(item)) {
            match item {
                Item::Mod(child) => {
                    let name = child.ident.to_string();
                    let path = [path.as_slice(), std::slice::from_ref(&name)].concat();
                    let child = match child.content {
                        Some((_, items)) => self.add(src, file, path, Some(id), items),
                        None => {
                            let file = path.iter().collect::<PathBuf>().with_extension("rs");
                            self.read_file(src, &file, path, Some(id))
                        }
                    };
                    self.modules[id].children.insert(name, child);
                }
                Item::Use(item) => {
                    let exported = !matches!(item.vis, Visibility::Inherited);
                    self.import(id, &item.tree, &mut Vec::new(), exported);
                }
                item => {
                    self.modules[id].defined.extend(name_of(&item));
                    self.modules[id].items.push(item);
                }
            }
        }
        id
    }

    fn import(&mut self, id: ModuleId, tree: &UseTree, path: &mut Vec<String>, exported: bool) {
        let (ident, name) = match tree {
            UseTree::Path(step) => {
                path.push(step.ident.to_string());
                self.import(id, &step.tree, path, exported);
                path.pop();
                return;
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(id, tree, path, exported);
                }
                return;
            }
            UseTree::Glob(_) => {
                let file = self.modules[id].file.display();
                let ours = ["crate", "self", "super"];
                let foreign = !path.first().is_some_and(|first| ours.contains(&first.as_str()));
                assert!(foreign, "{file} imports everything of {}", path.join("::"));
                return;
            }
            UseTree::Name(name) => (name.ident.to_string(), name.ident.to_string()),
            UseTree::Rename(name) => (name.ident.to_string(), name.rename.to_string()),
        };
        let (mut path, mut name) = (path.clone(), name);
        if ident != "self" {
            path.push(ident);
        } else if name == "self" {
            name = path.last().cloned().unwrap_or_default();
        }
        // `use Trait as _` has no name.
        let name = if name == "_" { path.join("::") } else { name };
        self.modules[id].imports.insert(name, Import { path, exported });
    }

    /// What a path that is written in a module leads to.
    pub(crate) fn resolve(&self, from: ModuleId, path: &[String]) -> Target {
        let Some((first, rest)) = path.split_first() else { return Target::Module(from) };
        let module = &self.modules[from];
        match first.as_str() {
            "crate" | "vrlobby" => self.walk(LIBRARY, rest),
            "self" => self.walk(from, rest),
            "super" => self.resolve_super(from, rest),
            _ if self.knows(module, first) => self.walk(from, path),
            _ => Target::Foreign(from, path.to_vec()),
        }
    }

    fn resolve_super(&self, from: ModuleId, rest: &[String]) -> Target {
        let parent = self.modules[from].parent.unwrap_or(LIBRARY);
        match rest.split_first() {
            Some((next, rest)) if next == "super" => self.resolve_super(parent, rest),
            _ => self.walk(parent, rest),
        }
    }

    fn knows(&self, module: &Module, name: &String) -> bool {
        module.children.contains_key(name)
            || module.imports.contains_key(name)
            || module.defined.contains(name)
    }

    fn walk(&self, id: ModuleId, path: &[String]) -> Target {
        let Some((first, rest)) = path.split_first() else { return Target::Module(id) };
        let module = &self.modules[id];
        if let Some(child) = module.children.get(first) {
            return self.walk(*child, rest);
        }
        match module.imports.get(first) {
            // A name of another crate that an import of the same name brings in.
            Some(import) if import.path.first() == Some(first) => {
                Target::Foreign(id, [import.path.as_slice(), rest].concat())
            }
            Some(import) => self.resolve(id, &[import.path.as_slice(), rest].concat()),
            None => Target::Item(id, first.clone()),
        }
    }
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        _ => return None,
    })
}

/// Whether attributes leave their item out of what ships.
pub(crate) fn are_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string();
            condition.contains("test") && !condition.contains("not")
        }
        meta => meta.path().is_ident("test"),
    })
}

fn is_for_tests(item: &Item) -> bool {
    are_for_tests(match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => return false,
    })
}

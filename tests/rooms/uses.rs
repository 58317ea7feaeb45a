//! What each module uses: every path in its code, outside comments and tests.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, ItemImpl, Macro, Path, Type, Visibility};

use super::tree::{ModuleId, Target, Tree, are_for_tests};

/// What one module uses.
pub(crate) struct Uses {
    /// What its imports and its code lead to.
    pub targets: BTreeSet<Target>,
    /// What it only shows to others under its own name.
    pub shown: BTreeSet<Target>,
    /// The types that it has an `impl` for.
    pub implemented: BTreeSet<Target>,
}

/// Gathers what one module uses.
pub(crate) fn of(tree: &Tree, id: ModuleId) -> Uses {
    let module = &tree.modules[id];
    let mut visitor = Visitor { tree, id, targets: BTreeSet::new(), implemented: BTreeSet::new() };
    let mut shown = BTreeSet::new();
    for import in module.imports.values() {
        let target = tree.resolve(id, &import.path);
        if import.exported {
            shown.insert(target)
        } else {
            visitor.targets.insert(target)
        };
    }
    for item in &module.items {
        visitor.visit_item(item);
    }
    let Visitor { targets, implemented, .. } = visitor;
    Uses { targets, shown, implemented }
}

struct Visitor<'a> {
    tree: &'a Tree,
    id: ModuleId,
    targets: BTreeSet<Target>,
    implemented: BTreeSet<Target>,
}

impl Visitor<'_> {
    fn add(&mut self, path: &[String]) {
        self.targets.insert(self.tree.resolve(self.id, path));
    }

    /// Paths in the arguments of a macro, which are tokens and no more.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                }
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.add_scanned(&mut path);
                    }
                    colons = 0;
                    path.push(ident.to_string());
                }
                token => {
                    colons = 0;
                    self.add_scanned(&mut path);
                    if let TokenTree::Group(group) = token {
                        self.scan(group.stream());
                    }
                }
            }
        }
        self.add_scanned(&mut path);
    }

    fn add_scanned(&mut self, path: &mut Vec<String>) {
        if !path.is_empty() {
            self.add(path);
            path.clear();
        }
    }
}

fn segments(path: &Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

impl<'ast> Visit<'ast> for Visitor<'_> {
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_path(&mut self, path: &'ast Path) {
        self.add(&segments(path));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        self.add(&segments(&called.path));
        self.scan(called.tokens.clone());
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if let Type::Path(of) = &*item.self_ty {
            self.implemented.insert(self.tree.resolve(self.id, &segments(&of.path)));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !matches!(item, ImplItem::Fn(function) if are_for_tests(&function.attrs)) {
            visit::visit_impl_item(self, item);
        }
    }
}

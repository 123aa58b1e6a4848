//! The objects that the lines of an `.npmrc` build (`ini` 6.0.0, `decode`): sections, arrays, and
//! what JavaScript makes of one that is named like the other.

use super::super::value::{ConfigValue, KeyOrder, integer_key, number_text};
use super::{Npmrc, NpmrcEntry, NpmrcError};

/// Longest hole that an index into an array may tear: beyond it the entry is dropped (npm makes a
/// sparse array that nothing reads).
const LONGEST_ARRAY: usize = 1 << 16;

/// A value while the file is read. Tables and lists are shared by reference in JavaScript, so they
/// are named by index here.
#[derive(Debug, Clone)]
enum Node {
    Leaf(ConfigValue),
    Table(usize),
    List(usize),
}

#[derive(Debug, Default)]
struct Table {
    members: KeyOrder<Member>,
    has_prototype: bool,
}

#[derive(Debug, Clone)]
struct Member {
    node: Node,
    line: u32,
}

/// What `key = value` lines are written to.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    Table(usize),
    List(usize),
    /// A section named like a key with a plain value: JavaScript drops what is set on it.
    Nowhere,
}

pub(super) struct Document {
    tables: Vec<Table>,
    lists: Vec<Vec<Node>>,
}

impl Document {
    /// The table that is no section.
    pub(super) const ROOT: usize = 0;

    pub(super) fn new() -> Self {
        Self {
            tables: vec![Table::default()],
            lists: Vec::new(),
        }
    }

    fn new_table(&mut self) -> usize {
        self.tables.push(Table::default());
        self.tables.len() - 1
    }

    fn node(&mut self, value: ConfigValue) -> Node {
        match value {
            ConfigValue::Array(items) => {
                let items = items.into_iter().map(|item| self.node(item)).collect();
                self.lists.push(items);
                Node::List(self.lists.len() - 1)
            }
            ConfigValue::Object {
                entries,
                has_prototype,
            } => {
                let table = self.new_table();
                for (key, value) in entries {
                    let node = self.node(value);
                    self.set(table, &key, node, 0);
                }
                if let Some(table) = self.tables.get_mut(table) {
                    table.has_prototype = has_prototype;
                }
                Node::Table(table)
            }
            leaf => Node::Leaf(leaf),
        }
    }

    fn member(&self, table: usize, key: &str) -> Option<&Member> {
        self.tables.get(table)?.members.get(key)
    }

    fn set(&mut self, table: usize, key: &str, node: Node, line: u32) {
        if let Some(table) = self.tables.get_mut(table) {
            table.members.insert(key, Member { node, line });
        }
    }

    pub(super) fn open_section(&mut self, name: &ConfigValue, line: u32) -> Target {
        let name = property_name(name);
        if name == "__proto__" {
            // Parsed on, kept nowhere.
            return Target::Nowhere;
        }
        match self.member(Self::ROOT, &name).map(|member| &member.node) {
            Some(Node::Table(table)) => Target::Table(*table),
            Some(Node::List(list)) => Target::List(*list),
            Some(Node::Leaf(value)) if value.is_truthy() => Target::Nowhere,
            Some(Node::Leaf(_)) | None => {
                let table = self.new_table();
                self.set(Self::ROOT, &name, Node::Table(table), line);
                Target::Table(table)
            }
        }
    }

    pub(super) fn assign(
        &mut self,
        target: Target,
        key: &ConfigValue,
        value: ConfigValue,
        line: u32,
    ) -> Result<(), NpmrcError> {
        let (name, is_array) = match key {
            ConfigValue::Null => return Err(NpmrcError::NullKey { line }),
            ConfigValue::String(text) => match text.strip_suffix("[]") {
                Some(stem) if !stem.is_empty() => (stem.to_owned(), true),
                _ => (text.clone(), false),
            },
            other => (property_name(other), false),
        };
        if name == "__proto__" {
            return Ok(());
        }
        let value = self.node(value);
        match target {
            Target::Nowhere => Ok(()),
            Target::List(list) => self.assign_to_list(list, &name, is_array, value, line),
            Target::Table(table) => {
                self.assign_to_table(table, &name, is_array, value, line);
                Ok(())
            }
        }
    }

    fn assign_to_table(
        &mut self,
        table: usize,
        name: &str,
        is_array: bool,
        value: Node,
        line: u32,
    ) {
        let existing = self.member(table, name).map(|member| member.node.clone());
        let list = match existing {
            Some(Node::List(list)) => Some(list),
            // `key[]` turns an earlier plain value into the first item.
            other if is_array => {
                self.lists.push(other.into_iter().collect());
                Some(self.lists.len() - 1)
            }
            _ => None,
        };
        let node = match list {
            Some(list) => {
                if let Some(items) = self.lists.get_mut(list) {
                    items.push(value);
                }
                Node::List(list)
            }
            None => value,
        };
        self.set(table, name, node, line);
    }

    /// A section named like an array: an index sets an item, anything else is lost on it.
    fn assign_to_list(
        &mut self,
        list: usize,
        name: &str,
        is_array: bool,
        value: Node,
        line: u32,
    ) -> Result<(), NpmrcError> {
        if name == "length" {
            // The length becomes an array holding the old one, or the value itself: both must be
            // a length.
            let wanted = match &value {
                Node::Leaf(leaf) if !is_array => leaf.to_number(),
                _ if is_array => return Ok(()),
                _ => f64::NAN,
            };
            let length = number_text(wanted);
            let Some(length) = integer_key(&length) else {
                return Err(NpmrcError::ArrayLength { line });
            };
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length <= LONGEST_ARRAY
                && let Some(items) = self.lists.get_mut(list)
            {
                items.resize(length, Node::Leaf(ConfigValue::Undefined));
            }
            return Ok(());
        }
        let Some(index) = integer_key(name).and_then(|index| usize::try_from(index).ok()) else {
            return Ok(());
        };
        if index >= LONGEST_ARRAY {
            return Ok(());
        }
        let existing = self.lists.get(list).and_then(|items| items.get(index));
        let node = match existing.cloned() {
            Some(Node::List(inner)) => {
                if let Some(items) = self.lists.get_mut(inner) {
                    items.push(value);
                }
                return Ok(());
            }
            other if is_array => {
                let mut items: Vec<Node> = other.into_iter().collect();
                items.push(value);
                self.lists.push(items);
                Node::List(self.lists.len() - 1)
            }
            _ => value,
        };
        if let Some(items) = self.lists.get_mut(list) {
            if items.len() <= index {
                items.resize(index + 1, Node::Leaf(ConfigValue::Undefined));
            }
            if let Some(place) = items.get_mut(index) {
                *place = node;
            }
        }
        Ok(())
    }

    /// `[a.b]` becomes a member of `a`. A dotted key that is `null` moves too: `null` is an object
    /// to `typeof`.
    pub(super) fn nest_dotted_sections(&mut self) -> Result<(), NpmrcError> {
        let Some(root) = self.tables.get(Self::ROOT) else {
            return Ok(());
        };
        let mut moved = Vec::new();
        for key in root.members.keys() {
            let Some(member) = self.member(Self::ROOT, &key).cloned() else {
                continue;
            };
            if !matches!(member.node, Node::Table(_) | Node::Leaf(ConfigValue::Null)) {
                continue;
            }
            let mut parts = split_section(&key);
            let last = parts.pop().unwrap_or_default();
            let name = last.replace("\\.", ".");
            let mut parent = Target::Table(Self::ROOT);
            for part in parts {
                if part != "__proto__" {
                    parent = self.descend(parent, part, &key, member.line)?;
                }
            }
            if matches!(parent, Target::Table(Self::ROOT)) && name == last {
                continue;
            }
            match parent {
                Target::Table(table) => self.set(table, &name, member.node, member.line),
                Target::List(items) => {
                    // `length` set to an object is not a length.
                    self.assign_to_list_raw(items, &name, member.node, member.line)?;
                }
                Target::Nowhere => {}
            }
            moved.push(key);
        }
        if let Some(root) = self.tables.get_mut(Self::ROOT) {
            for key in moved {
                root.members.remove(&key);
            }
        }
        Ok(())
    }

    fn assign_to_list_raw(
        &mut self,
        list: usize,
        name: &str,
        node: Node,
        line: u32,
    ) -> Result<(), NpmrcError> {
        if name == "length" && matches!(node, Node::Table(_)) {
            return Err(NpmrcError::ArrayLength { line });
        }
        let index = integer_key(name).and_then(|index| usize::try_from(index).ok());
        if let Some(index) = index.filter(|index| *index < LONGEST_ARRAY)
            && let Some(items) = self.lists.get_mut(list)
        {
            if items.len() <= index {
                items.resize(index + 1, Node::Leaf(ConfigValue::Undefined));
            }
            if let Some(place) = items.get_mut(index) {
                *place = node;
            }
        } else if name == "length"
            && let Some(items) = self.lists.get_mut(list)
        {
            items.clear();
        }
        Ok(())
    }

    /// The object below `parent`, made if there is none.
    fn descend(
        &mut self,
        parent: Target,
        part: &str,
        section: &str,
        line: u32,
    ) -> Result<Target, NpmrcError> {
        let existing = match parent {
            Target::Table(table) => self.member(table, part).map(|member| member.node.clone()),
            Target::List(list) => integer_key(part)
                .and_then(|index| usize::try_from(index).ok())
                .and_then(|index| self.lists.get(list)?.get(index).cloned()),
            Target::Nowhere => return Ok(Target::Nowhere),
        };
        match existing {
            Some(Node::Table(table)) => Ok(Target::Table(table)),
            Some(Node::List(list)) => Ok(Target::List(list)),
            Some(Node::Leaf(ConfigValue::Null)) => Err(NpmrcError::NullParent {
                section: section.to_owned(),
            }),
            _ => {
                let made = self.new_table();
                match parent {
                    Target::Table(table) => self.set(table, part, Node::Table(made), line),
                    Target::List(list) => {
                        self.assign_to_list_raw(list, part, Node::Table(made), line)?;
                    }
                    Target::Nowhere => {}
                }
                Ok(Target::Table(made))
            }
        }
    }

    pub(super) fn into_npmrc(self) -> Npmrc {
        let Some(root) = self.tables.first() else {
            return Npmrc::default();
        };
        let entries = root
            .members
            .clone()
            .into_entries()
            .into_iter()
            .map(|(key, member)| NpmrcEntry {
                value: self.freeze(&member.node),
                key,
                line: member.line,
            })
            .collect();
        Npmrc { entries }
    }

    fn freeze(&self, node: &Node) -> ConfigValue {
        match node {
            Node::Leaf(value) => value.clone(),
            Node::List(list) => ConfigValue::Array(
                self.lists
                    .get(*list)
                    .map(|items| items.iter().map(|item| self.freeze(item)).collect())
                    .unwrap_or_default(),
            ),
            Node::Table(table) => match self.tables.get(*table) {
                Some(table) => ConfigValue::Object {
                    entries: table
                        .members
                        .clone()
                        .into_entries()
                        .into_iter()
                        .map(|(key, member)| (key, self.freeze(&member.node)))
                        .collect(),
                    has_prototype: table.has_prototype,
                },
                None => ConfigValue::Undefined,
            },
        }
    }
}

/// The name under which JavaScript files a key that is not a string.
fn property_name(key: &ConfigValue) -> String {
    key.to_text().unwrap_or_default()
}

/// Splits a section name at its dots, except those after a backslash; the parts stay escaped.
fn split_section(name: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, _) in name.match_indices('.') {
        let escaped = name.get(..index).is_some_and(|head| head.ends_with('\\'));
        if !escaped {
            parts.push(name.get(start..index).unwrap_or_default());
            start = index + 1;
        }
    }
    parts.push(name.get(start..).unwrap_or_default());
    parts
}

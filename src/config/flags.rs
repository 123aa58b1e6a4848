//! npm's reading of its arguments (nopt 9.0.0 `parse` with npm's types and shorthands).
//!
//! Any configuration key is a flag, known or not: `--//host/:_authToken=...` and
//! `--@scope:registry=...` are in use. A parser with a fixed list of options cannot read that, so
//! arguments are read by npm's rules and what remains is handed on.

use super::definitions::{DEFINITIONS, Definition, Owner, SHORTHANDS, Type, definition};
use super::validate::clean;
use super::value::{ConfigValue, KeyOrder, parse_number};
use super::{ConfigError, Warning};
use crate::environment::Environment;

/// The arguments, split into configuration and the rest.
#[derive(Clone, Default)]
pub struct Flags {
    /// Keys with their values, in JavaScript's key order.
    pub values: Vec<(String, ConfigValue)>,
    /// What is not a flag: the command and its arguments, then all that follows `--`.
    pub positionals: Vec<String>,
    /// What npm says about these arguments.
    pub warnings: Vec<Warning>,
}

/// A credential given as `--key value` becomes a positional argument: only the count is shown.
impl std::fmt::Debug for Flags {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Flags")
            .field("values", &self.values)
            .field("positionals", &self.positionals.len())
            .field("warnings", &self.warnings)
            .finish()
    }
}

impl Flags {
    /// Reads the arguments that follow the program's name.
    pub fn parse<S: Into<String>>(
        arguments: impl IntoIterator<Item = S>,
        environment: &Environment,
    ) -> Result<Self, ConfigError> {
        let arguments: Vec<String> = arguments.into_iter().map(Into::into).collect();
        let mut parser = Parser::default();
        for (name, _) in SHORTHANDS {
            if name.len() > 1
                && arguments
                    .iter()
                    .any(|argument| argument.strip_prefix('-') == Some(name))
            {
                parser.warn(format!(
                    "-{name} is not a valid single-hyphen cli flag and will be removed in the future"
                ));
            }
        }
        parser.run(arguments);
        let mut flags = Self {
            values: Vec::new(),
            positionals: parser.positionals,
            warnings: parser.warnings,
        };
        for (key, value) in parser.values.into_entries() {
            let cleaned = clean(
                &key,
                &value,
                environment,
                "command line options",
                &mut flags.warnings,
            )
            .map_err(|problem| problem.at(&key, format!("flag --{key}")))?;
            if let Some(value) = cleaned {
                flags.values.push((key, value));
            }
        }
        flags.warnings.append(&mut parser.late_warnings);
        Ok(flags)
    }
}

#[derive(Default)]
struct Parser {
    values: KeyOrder<ConfigValue>,
    positionals: Vec<String>,
    warnings: Vec<Warning>,
    /// npm queues these until the configuration is loaded.
    late_warnings: Vec<Warning>,
}

impl Parser {
    fn warn(&mut self, text: String) {
        self.warnings.push(Warning::plain(text));
    }

    fn run(&mut self, arguments: Vec<String>) {
        // Shorthands are put back to be read again, so the rest is kept as a stack.
        let mut rest = arguments;
        rest.reverse();
        while let Some(argument) = rest.pop() {
            if argument.len() >= 2 && argument.bytes().all(|byte| byte == b'-') {
                rest.reverse();
                self.positionals.append(&mut rest);
                return;
            }
            if !argument.starts_with('-') || argument.len() < 2 {
                self.positionals.push(argument);
                continue;
            }
            let (mut name, has_value) = match argument.split_once('=') {
                Some((name, value)) => {
                    rest.push(value.to_owned());
                    (name.to_owned(), true)
                }
                None => (argument, false),
            };
            match self.shorthand(&name) {
                Some(expanded) if expanded.first() != Some(&name) => {
                    rest.extend(expanded.into_iter().rev());
                    continue;
                }
                Some(mut expanded) => {
                    // Expands to itself with more behind it: go on with the first word.
                    let tail = expanded.split_off(1);
                    rest.extend(tail.into_iter().rev());
                }
                None => {}
            }
            name = name.trim_start_matches('-').to_owned();
            let mut negated = None;
            while name
                .get(..3)
                .is_some_and(|start| start.eq_ignore_ascii_case("no-"))
            {
                negated = Some(!negated.unwrap_or(false));
                name.drain(..3);
            }
            if let Some(full) = abbreviation(&name)
                && full != name
            {
                self.warn(expanding(&name, full));
                full.clone_into(&mut name);
            }
            self.flag(&name, negated, has_value, &mut rest);
        }
    }

    /// What a shorthand stands for.
    fn shorthand(&mut self, argument: &str) -> Option<Vec<String>> {
        let name = argument.trim_start_matches('-');
        let expansion = |name: &str| {
            SHORTHANDS
                .iter()
                .find(|(short, _)| *short == name)
                .map(|(_, words)| words.iter().map(|word| (*word).to_owned()).collect())
        };
        if definition(name).is_some() {
            return None;
        }
        if let Some(words) = expansion(name) {
            return Some(words);
        }
        let mut joined: Vec<String> = Vec::new();
        let all_single = name.chars().all(|letter| {
            let words: Option<Vec<String>> = expansion(&letter.to_string());
            words.map(|mut words| joined.append(&mut words)).is_some()
        });
        // `-=x` has no letters at all and stands for nothing.
        if all_single {
            return Some(joined);
        }
        if abbreviation(name).is_some() {
            return None;
        }
        let full = unique_start(name, SHORTHANDS.iter().map(|(short, _)| *short))?;
        self.warn(expanding(name, full));
        expansion(full)
    }

    fn flag(&mut self, name: &str, negated: Option<bool>, has_value: bool, rest: &mut Vec<String>) {
        let definition = definition(name);
        let allows = |wanted| definition.is_some_and(|definition| definition.allows(wanted));
        let mut is_list = allows(Type::List);
        if definition.is_none()
            && let Some(value) = self.values.get_mut(name)
        {
            // A flag npm does not know becomes a list when it is repeated.
            if !matches!(value, ConfigValue::Array(_)) {
                *value = ConfigValue::Array(vec![value.clone()]);
            }
            is_list = true;
        }
        let next = rest.last().cloned();
        let next = next.as_deref();
        if definition.is_none()
            && !has_value
            && let Some(word) = next
            && !word.is_empty()
            && !word.starts_with('-')
            && !matches!(word, "true" | "false")
        {
            // npm shows the word whatever it is.
            let word = if may_hold_secret(name) { "***" } else { word };
            self.late_warnings.push(Warning::plain(format!(
                "\"{word}\" is being parsed as a normal command line argument."
            )));
        }
        let is_boolean = negated.is_some()
            || allows(Type::Boolean)
            || (definition.is_none() && !has_value)
            || (next == Some("false") && allows(Type::Null));
        let value = if is_boolean {
            let (value, used) = boolean_value(definition, negated.unwrap_or(false), next);
            if used {
                rest.pop();
            }
            value
        } else {
            plain_value(definition, rest)
        };
        match self.values.get_mut(name) {
            Some(ConfigValue::Array(items)) if is_list => items.push(value),
            _ if is_list => self.values.insert(name, ConfigValue::Array(vec![value])),
            _ => self.values.insert(name, value),
        }
    }
}

/// Whether what follows a flag that npm does not know may be a credential: a registry's key in any spelling, or a
/// name that sounds like one.
fn may_hold_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    name.starts_with("//")
        || name.starts_with('_')
        || ["auth", "token", "pass", "secret", "otp", "key"]
            .iter()
            .any(|word| lower.contains(word))
}

/// The value of a flag that needs none, and whether it used the next argument.
fn boolean_value(
    definition: Option<&Definition>,
    negated: bool,
    next: Option<&str>,
) -> (ConfigValue, bool) {
    let mut value = ConfigValue::Bool(!negated);
    let Some(next) = next else {
        return (value, false);
    };
    if matches!(next, "true" | "false") {
        value = ConfigValue::Bool((next == "true") != negated);
        return (value, true);
    }
    let Some(definition) = definition.filter(|definition| definition.types.len() > 1) else {
        return (value, false);
    };
    if next.is_empty() {
        return (value, false);
    }
    let dashes = next.len() - next.trim_start_matches('-').len();
    let is_word = definition
        .types
        .iter()
        .any(|wanted| matches!(wanted, Type::Word(word) if *word == next));
    let number = parse_number(next);
    let is_long_flag = dashes >= 2 && next.len() > dashes;
    if is_word {
        (next.into(), true)
    } else if next == "null" && definition.allows(Type::Null) {
        (ConfigValue::Null, true)
    } else if !is_long_flag && !number.is_nan() && definition.allows(Type::Number) {
        (ConfigValue::Number(number), true)
    } else if !(dashes == 1 && next.len() > 1) && definition.allows(Type::Text) {
        (next.into(), true)
    } else {
        (value, false)
    }
}

/// The value of a flag that takes the next argument.
fn plain_value(definition: Option<&Definition>, rest: &mut Vec<String>) -> ConfigValue {
    let is_only_text =
        definition.is_some_and(|definition| matches!(definition.types, [Type::Text]));
    match rest.last() {
        None if is_only_text => ConfigValue::String(String::new()),
        None => ConfigValue::Bool(true),
        Some(next) => {
            let dashes = next.len() - next.trim_start_matches('-').len();
            if is_only_text && (1..=2).contains(&dashes) && next.len() > dashes {
                return ConfigValue::String(String::new());
            }
            if dashes >= 2 && next.len() == dashes {
                return ConfigValue::Bool(true);
            }
            let value = next.as_str().into();
            rest.pop();
            value
        }
    }
}

fn expanding(short: &str, full: &str) -> String {
    format!(
        "Expanding --{short} to --{full}. This will stop working in the next major version of npm."
    )
}

/// The only key of npm's that starts with `name`, or `name` itself if it is a key. consign's own
/// keys are not abbreviated: `--regis` stays npm's `--registry`.
fn abbreviation(name: &str) -> Option<&'static str> {
    let own = definition(name).filter(|definition| definition.owner != Owner::Npm);
    if let Some(own) = own {
        return Some(own.key);
    }
    let npms = DEFINITIONS
        .iter()
        .filter(|definition| definition.owner == Owner::Npm);
    unique_start(name, npms.map(|definition| definition.key))
}

fn unique_start(name: &str, names: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    if name.is_empty() {
        return None;
    }
    let mut candidate = None;
    for full in names {
        if full == name {
            return Some(full);
        }
        if full.starts_with(name) {
            if candidate.is_some() {
                // Keep looking: a later one may be exact.
                candidate = Some("");
            } else {
                candidate = Some(full);
            }
        }
    }
    candidate.filter(|full| !full.is_empty())
}

//! One part of a pattern, in the cheapest form that matches what minimatch matches.
//!
//! Source: minimatch 10.2.5, `parse`, with its special cases for `*`, `*.ext`, `???` and the like,
//! which are not always what the regular expression would say (`*\.js` looks for a backslash).

use super::fold::{Name, canonical};
use super::regex::Regex;
use super::{PatternError, extglob};

/// A compiled path part.
#[derive(Debug)]
pub(crate) enum Part {
    /// `**`: any number of parts.
    Globstar,
    /// The empty part before a leading or after a final `/`.
    Empty,
    /// A name, compared in canonical form.
    Literal(Box<str>),
    /// A name without letters, compared as it is.
    Exact(Box<str>),
    /// `*`: any name.
    Star,
    /// `*.ext`: a name whose lower case ends with this (which has no wildcard of its own).
    Suffix(Box<str>),
    /// `??x`: a name of this many units whose lower case ends with this.
    Marks { units: usize, suffix: Box<str> },
    /// `*.*`: a name with a dot.
    Dotted,
    /// `.*`: a name that begins with a dot.
    Hidden,
    /// Literal runs with stars between them, in canonical form.
    Runs(Runs),
    /// Anything else.
    Regex(Regex),
}

/// `first*middle*last`: what stands before, between and after stars.
#[derive(Debug)]
pub(crate) struct Runs {
    pub(crate) first: Box<str>,
    pub(crate) middle: Vec<Box<str>>,
    pub(crate) last: Box<str>,
}

/// The units that end minimatch's special cases: `[^+@!?*[(]*`.
fn is_plain_suffix(suffix: &[u16]) -> bool {
    !suffix
        .iter()
        .any(|unit| u8::try_from(*unit).is_ok_and(|byte| b"+@!?*[(".contains(&byte)))
}

fn string(units: &[u16]) -> String {
    String::from_utf16_lossy(units)
}

fn lower(units: &[u16]) -> Box<str> {
    string(units).to_lowercase().into_boxed_str()
}

impl Part {
    pub(crate) fn new(glob: &[u16]) -> Result<Self, PatternError> {
        const STAR: u16 = 0x2A;
        const DOT: u16 = 0x2E;
        match glob {
            [] => return Ok(Self::Empty),
            [STAR, STAR] => return Ok(Self::Globstar),
            _ => {}
        }
        if let Some(special) = Self::special(glob) {
            return Ok(special);
        }
        if let [DOT, stars @ ..] = glob
            && !stars.is_empty()
            && stars.iter().all(|unit| *unit == STAR)
        {
            return Ok(Self::Hidden);
        }
        if let Some(plain) = Self::without_syntax(glob) {
            return Ok(plain);
        }
        let source = extglob::translate(glob)?;
        let text = string(&source.glob);
        if !source.magic && text.to_uppercase() == text.to_lowercase() {
            return Ok(Self::Exact(string(&source.literal).into_boxed_str()));
        }
        Ok(Self::Regex(Regex::new(&source.text, source.unicode)?))
    }

    /// minimatch's shapes beginning with `*` or `?`.
    fn special(glob: &[u16]) -> Option<Self> {
        let stars = glob.iter().take_while(|unit| **unit == 0x2A).count();
        if stars > 0 {
            let rest = glob.get(stars..)?;
            if rest.is_empty() {
                return Some(Self::Star);
            }
            if is_plain_suffix(rest) {
                return Some(Self::Suffix(lower(rest)));
            }
            if let [0x2E, more @ ..] = rest
                && more.iter().all(|unit| *unit == 0x2A)
            {
                return Some(Self::Dotted);
            }
            return None;
        }
        let marks = glob.iter().take_while(|unit| **unit == 0x3F).count();
        let rest = glob.get(marks..)?;
        (marks > 0 && is_plain_suffix(rest)).then(|| Self::Marks {
            units: glob.len(),
            suffix: lower(rest),
        })
    }

    /// A part made of plain text and stars only.
    fn without_syntax(glob: &[u16]) -> Option<Self> {
        let syntax = |unit: &u16| u8::try_from(*unit).is_ok_and(|byte| b"?[\\(".contains(&byte));
        // Isolated surrogates cannot come from a line of text.
        if glob.iter().any(syntax) {
            return None;
        }
        let text = string(glob);
        if !glob.contains(&0x2A) {
            return Some(if text.to_uppercase() == text.to_lowercase() {
                Self::Exact(text.into_boxed_str())
            } else {
                Self::Literal(canonical(&text).into())
            });
        }
        let folded = canonical(&text);
        let mut runs = folded.split('*').map(Box::<str>::from);
        let first = runs.next()?;
        let last = runs.next_back()?;
        let middle = runs.filter(|run| !run.is_empty()).collect();
        Some(Self::Runs(Runs {
            first,
            middle,
            last,
        }))
    }

    pub(crate) fn is_globstar(&self) -> bool {
        matches!(self, Self::Globstar)
    }

    /// Whether it matches a name, or (`None`) the empty part at a path's end.
    ///
    /// A `**` matches here only as minimatch's one-part patterns use it: any name.
    pub(crate) fn matches(&self, name: Option<&Name>) -> bool {
        let Some(name) = name else {
            return match self {
                Self::Empty => true,
                Self::Exact(text) => text.is_empty(),
                Self::Regex(regex) => regex.is_match(&Name::default()),
                _ => false,
            };
        };
        let dots = || matches!(name.text(), "." | "..");
        match self {
            Self::Empty => false,
            Self::Globstar | Self::Star => !dots(),
            Self::Literal(text) => name.canonical() == &**text,
            Self::Exact(text) => name.text() == &**text,
            Self::Suffix(suffix) => name.lower_ends_with(suffix),
            Self::Marks { units, suffix } => {
                name.unit_count() == *units && !dots() && name.lower_ends_with(suffix)
            }
            Self::Dotted => !dots() && name.text().contains('.'),
            Self::Hidden => !dots() && name.text().starts_with('.'),
            Self::Runs(runs) => runs.matches(name.canonical()) && !(dots() && runs.guards_dots()),
            Self::Regex(regex) => regex.is_match(name),
        }
    }
}

impl Runs {
    fn matches(&self, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(&*self.first) else {
            return false;
        };
        let Some(mut rest) = rest.strip_suffix(&*self.last) else {
            return false;
        };
        for run in &self.middle {
            match rest.find(&**run) {
                Some(at) => rest = rest.get(at + run.len()..).unwrap_or_default(),
                None => return false,
            }
        }
        true
    }

    /// Whether minimatch keeps the pattern from matching `.` and `..`: it begins with a star, or
    /// with one or two dots before it.
    fn guards_dots(&self) -> bool {
        matches!(&*self.first, "" | "." | "..")
    }
}

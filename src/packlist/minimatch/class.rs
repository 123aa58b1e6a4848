//! Bracket expressions: `[a-z]`, `[!x]`, `[[:alpha:]]` of a glob into the text of a regular
//! expression's class.
//!
//! The result is text on purpose: minimatch joins the pieces as text, and what JavaScript then
//! reads back is not always what the pieces meant (`[\^a]` becomes `[^a]`).
//!
//! Source: minimatch 10.2.5, `brace-expressions`.

/// A class that can match nothing poisons the whole part: this regular expression never matches.
const NEVER: &str = "$.";

/// The POSIX classes: name, translation, whether it needs the `u` flag, whether it is a complement.
const POSIX: [(&str, &str, bool, bool); 14] = [
    ("[:alnum:]", r"\p{L}\p{Nl}\p{Nd}", true, false),
    ("[:alpha:]", r"\p{L}\p{Nl}", true, false),
    ("[:ascii:]", r"\x00-\x7f", false, false),
    ("[:blank:]", r"\p{Zs}\t", true, false),
    ("[:cntrl:]", r"\p{Cc}", true, false),
    ("[:digit:]", r"\p{Nd}", true, false),
    ("[:graph:]", r"\p{Z}\p{C}", true, true),
    ("[:lower:]", r"\p{Ll}", true, false),
    ("[:print:]", r"\p{C}", true, true),
    ("[:punct:]", r"\p{P}", true, false),
    ("[:space:]", r"\p{Z}\t\r\n\v\f", true, false),
    ("[:upper:]", r"\p{Lu}", true, false),
    ("[:word:]", r"\p{L}\p{Nl}\p{Nd}\p{Pc}", true, false),
    ("[:xdigit:]", "A-Fa-f0-9", false, false),
];

/// A bracket expression as regular expression text.
pub(super) struct Class {
    pub(super) source: Vec<u16>,
    /// Whether the whole part needs the `u` flag.
    pub(super) unicode: bool,
    /// Units of the glob it took.
    pub(super) consumed: usize,
    pub(super) magic: bool,
}

fn text(source: &str) -> Vec<u16> {
    source.encode_utf16().collect()
}

fn starts_with(glob: &[u16], prefix: &str) -> bool {
    let mut units = glob.iter();
    prefix
        .encode_utf16()
        .all(|unit| units.next() == Some(&unit))
}

/// Appends a unit the way it is written inside a class.
fn push_class_unit(source: &mut Vec<u16>, unit: u16) {
    if matches!(unit, 0x5B | 0x5C | 0x5D | 0x2D) {
        source.push(0x5C);
    }
    source.push(unit);
}

/// Reads the bracket expression that begins at `start`; `None` when it is not closed.
#[expect(
    clippy::too_many_lines,
    reason = "one pass over one expression, case by case"
)]
pub(super) fn parse(glob: &[u16], start: usize) -> Option<Class> {
    let mut ranges: Vec<Vec<u16>> = Vec::new();
    let mut complements: Vec<&str> = Vec::new();
    let mut at = start + 1;
    let negate = matches!(glob.get(at), Some(0x21 | 0x5E));
    if negate {
        at += 1;
    }
    let mut saw_start = false;
    let mut escaping = false;
    let mut unicode = false;
    let mut range_start: Option<u16> = None;
    let never = || Class {
        source: text(NEVER),
        unicode: false,
        consumed: glob.len() - start,
        magic: true,
    };
    let mut end = None;
    'units: while let Some(&unit) = glob.get(at) {
        if unit == 0x5D && saw_start && !escaping {
            end = Some(at + 1);
            break;
        }
        saw_start = true;
        if unit == 0x5C && !escaping {
            escaping = true;
            at += 1;
            continue;
        }
        let rest = glob.get(at..).unwrap_or_default();
        if unit == 0x5B && !escaping {
            for (name, translation, needs_unicode, complement) in POSIX {
                if !starts_with(rest, name) {
                    continue;
                }
                if range_start.is_some() {
                    return Some(never());
                }
                at += name.len();
                if complement {
                    complements.push(translation);
                } else {
                    ranges.push(text(translation));
                }
                unicode |= needs_unicode;
                continue 'units;
            }
        }
        escaping = false;
        if let Some(first) = range_start.take() {
            let mut range = Vec::new();
            if unit > first {
                push_class_unit(&mut range, first);
                range.push(0x2D);
                push_class_unit(&mut range, unit);
                ranges.push(range);
            } else if unit == first {
                push_class_unit(&mut range, unit);
                ranges.push(range);
            }
            at += 1;
        } else if rest.get(1) == Some(&0x2D) && rest.get(2) == Some(&0x5D) {
            let mut range = Vec::new();
            push_class_unit(&mut range, unit);
            push_class_unit(&mut range, 0x2D);
            ranges.push(range);
            at += 2;
        } else if rest.get(1) == Some(&0x2D) {
            range_start = Some(unit);
            at += 2;
        } else {
            let mut range = Vec::new();
            push_class_unit(&mut range, unit);
            ranges.push(range);
            at += 1;
        }
    }
    let consumed = end? - start;
    if ranges.is_empty() && complements.is_empty() {
        return Some(never());
    }
    if let ([only], [], false) = (ranges.as_slice(), complements.as_slice(), negate)
        && let Some(unit) = single_unit(only)
    {
        let mut source = Vec::new();
        super::extglob::push_escaped(&mut source, unit);
        return Some(Class {
            source,
            unicode: false,
            consumed,
            magic: false,
        });
    }
    let positive = ranges.concat();
    let negative = text(&complements.concat());
    let source = match (ranges.is_empty(), complements.is_empty()) {
        (false, false) => [
            text("("),
            bracket(&positive, negate),
            text("|"),
            bracket(&negative, !negate),
            text(")"),
        ]
        .concat(),
        (false, true) => bracket(&positive, negate),
        (true, _) => bracket(&negative, !negate),
    };
    Some(Class {
        source,
        unicode,
        consumed,
        magic: true,
    })
}

fn bracket(content: &[u16], negate: bool) -> Vec<u16> {
    let open: &[u16] = if negate { &[0x5B, 0x5E] } else { &[0x5B] };
    [open, content, &[0x5D]].concat()
}

/// `/^\\?.$/` on one range: a single unit, escaped or not, that is no line terminator.
fn single_unit(range: &[u16]) -> Option<u16> {
    let unit = match range {
        [unit] | [0x5C, unit] => *unit,
        _ => return None,
    };
    (!matches!(unit, 0x0A | 0x0D | 0x2028 | 0x2029)).then_some(unit)
}

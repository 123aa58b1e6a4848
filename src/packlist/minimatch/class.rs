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
pub(super) fn parse(glob: &[u16], start: usize) -> Option<Class> {
    let negate = matches!(glob.get(start + 1), Some(0x21 | 0x5E));
    let mut reader = Reader {
        at: start + 1 + usize::from(negate),
        ..Reader::default()
    };
    let consumed = match reader.read(glob) {
        End::Open => return None,
        End::Never => None,
        End::Closed => {
            (!reader.ranges.is_empty() || !reader.complements.is_empty()).then(|| reader.at - start)
        }
    };
    let Some(consumed) = consumed else {
        return Some(Class {
            source: text(NEVER),
            unicode: false,
            consumed: glob.len() - start,
            magic: true,
        });
    };
    let (ranges, complements) = (&reader.ranges, &reader.complements);
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
    let positive = bracket(&ranges.concat(), negate);
    let negative = bracket(&text(&complements.concat()), !negate);
    let source = match (ranges.is_empty(), complements.is_empty()) {
        (false, false) => [&text("("), &positive, &text("|"), &negative, &text(")")]
            .into_iter()
            .flatten()
            .copied()
            .collect(),
        (false, true) => positive,
        (true, _) => negative,
    };
    Some(Class {
        source,
        unicode: reader.unicode,
        consumed,
        magic: true,
    })
}

/// How reading a class ended.
enum End {
    /// At its `]`.
    Closed,
    /// At the end of the glob: no class at all.
    Open,
    /// At a range to a POSIX class, which poisons the part.
    Never,
}

/// The members of a class as they are read.
#[derive(Default)]
struct Reader {
    at: usize,
    ranges: Vec<Vec<u16>>,
    /// POSIX classes that are written as what they exclude.
    complements: Vec<&'static str>,
    unicode: bool,
}

impl Reader {
    fn read(&mut self, glob: &[u16]) -> End {
        let mut first = true;
        let mut escaping = false;
        let mut range_start: Option<u16> = None;
        while let Some(&unit) = glob.get(self.at) {
            if unit == 0x5D && !first && !escaping {
                self.at += 1;
                return End::Closed;
            }
            first = false;
            if unit == 0x5C && !escaping {
                escaping = true;
                self.at += 1;
                continue;
            }
            let rest = glob.get(self.at..).unwrap_or_default();
            if unit == 0x5B
                && !escaping
                && let Some(class) = POSIX.iter().find(|(name, ..)| starts_with(rest, name))
            {
                if range_start.is_some() {
                    return End::Never;
                }
                self.posix(*class);
                continue;
            }
            escaping = false;
            if let Some(start) = range_start.take() {
                self.range(start, unit);
                self.at += 1;
            } else if rest.get(1) == Some(&0x2D) && rest.get(2) == Some(&0x5D) {
                self.units(&[unit, 0x2D]);
                self.at += 2;
            } else if rest.get(1) == Some(&0x2D) {
                range_start = Some(unit);
                self.at += 2;
            } else {
                self.units(&[unit]);
                self.at += 1;
            }
        }
        End::Open
    }

    fn posix(
        &mut self,
        (name, translation, unicode, complement): (&str, &'static str, bool, bool),
    ) {
        self.at += name.len();
        self.unicode |= unicode;
        if complement {
            self.complements.push(translation);
        } else {
            self.ranges.push(text(translation));
        }
    }

    /// A range; one that runs backwards is left out.
    fn range(&mut self, start: u16, end: u16) {
        match end.cmp(&start) {
            std::cmp::Ordering::Greater => {
                let mut range = Vec::new();
                push_class_unit(&mut range, start);
                range.push(0x2D);
                push_class_unit(&mut range, end);
                self.ranges.push(range);
            }
            std::cmp::Ordering::Equal => self.units(&[end]),
            std::cmp::Ordering::Less => {}
        }
    }

    fn units(&mut self, units: &[u16]) {
        let mut range = Vec::new();
        for unit in units {
            push_class_unit(&mut range, *unit);
        }
        self.ranges.push(range);
    }
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

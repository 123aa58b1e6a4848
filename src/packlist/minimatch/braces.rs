//! Brace expansion: `a{b,c}` and `a{1..3}` into the list of patterns they stand for.
//!
//! Source: brace-expansion 5.0.9 with balanced-match, as minimatch 10.2.5 calls it. Its limits
//! (100,000 results, 4,000,000 units in any intermediate list) are kept; nesting deeper than
//! [`MAX_NESTING`], on which Node runs out of stack, is refused.

mod sequence;

use super::PatternError;
use sequence::Sequence;

/// Results beyond this many are dropped, as brace-expansion's `EXPANSION_MAX`.
const MAX_RESULTS: usize = 100_000;
/// Units beyond this many are dropped, as brace-expansion's `EXPANSION_MAX_LENGTH`.
const MAX_UNITS: usize = 4_000_000;
/// Braces inside braces: more than Node's stack holds is refused rather than tried.
const MAX_NESTING: usize = 500;

/// One UTF-16 unit, or a unit that was escaped and so takes no part in the syntax.
type Symbol = u32;

const ESCAPED: Symbol = 0x1_0000;
const OPEN: Symbol = b'{' as Symbol;
const CLOSE: Symbol = b'}' as Symbol;
const COMMA: Symbol = b',' as Symbol;
const PERIOD: Symbol = b'.' as Symbol;
const BACKSLASH: Symbol = b'\\' as Symbol;
const DOLLAR: Symbol = b'$' as Symbol;

/// Whether the text holds a `{` with a `}` after it on the same line and no other `{` between:
/// minimatch's test for whether to expand at all. Without it escapes stay as they are.
pub(super) fn has_braces(pattern: &[u16]) -> bool {
    let mut open = false;
    for &unit in pattern {
        match unit {
            0x7B => open = true,
            0x7D if open => return true,
            0x0A | 0x0D | 0x2028 | 0x2029 => open = false,
            _ => {}
        }
    }
    false
}

/// The patterns that `pattern` stands for, in order, duplicates included.
pub(super) fn expand(pattern: &[u16]) -> Result<Vec<Vec<u16>>, PatternError> {
    let mut symbols = escape(pattern);
    if symbols.starts_with(&[OPEN, CLOSE]) {
        // A leading `{}` is kept as it is, as Bash does.
        symbols[0] |= ESCAPED;
        symbols[1] |= ESCAPED;
    }
    let expanded = expand_symbols(&symbols, true, 0)?;
    Ok(expanded
        .into_iter()
        .map(|symbols| {
            symbols
                .into_iter()
                .filter_map(|symbol| u16::try_from(symbol & !ESCAPED).ok())
                .collect()
        })
        .collect())
}

/// Replaces `\\`, `\{`, `\}`, `\,` and `\.` by one symbol each; other backslashes stay.
fn escape(pattern: &[u16]) -> Vec<Symbol> {
    let mut symbols = Vec::with_capacity(pattern.len());
    let mut rest = pattern.iter().copied().map(Symbol::from).peekable();
    while let Some(symbol) = rest.next() {
        if symbol == BACKSLASH
            && let Some(escaped) =
                rest.next_if(|next| matches!(*next, BACKSLASH | OPEN | CLOSE | COMMA | PERIOD))
        {
            symbols.push(escaped | ESCAPED);
        } else {
            symbols.push(symbol);
        }
    }
    symbols
}

/// The first balanced pair of braces: the positions of `{` and of its `}`.
///
/// With more `{` than `}` it is the pair that begins leftmost among those that close.
fn balanced(symbols: &[Symbol]) -> Option<(usize, usize)> {
    let mut begins: Vec<usize> = Vec::new();
    let mut leftmost: Option<(usize, usize)> = None;
    for (index, &symbol) in symbols.iter().enumerate() {
        if symbol == OPEN {
            begins.push(index);
        } else if symbol == CLOSE {
            match begins.len() {
                0 => {}
                1 => return begins.first().map(|&begin| (begin, index)),
                _ => {
                    if let Some(begin) = begins.pop()
                        && leftmost.is_none_or(|(left, _)| begin < left)
                    {
                        leftmost = Some((begin, index));
                    }
                }
            }
        }
    }
    if begins.is_empty() { None } else { leftmost }
}

/// The items of a brace body: split at the commas that are not inside inner braces.
fn comma_items(body: &[Symbol]) -> Vec<Vec<Symbol>> {
    let mut items: Vec<Vec<Symbol>> = vec![Vec::new()];
    let mut rest = body;
    loop {
        let pair = balanced(rest);
        let plain = pair.map_or(rest, |(open, _)| &rest[..open]);
        for (index, piece) in plain.split(|symbol| *symbol == COMMA).enumerate() {
            if index == 0 {
                if let Some(last) = items.last_mut() {
                    last.extend_from_slice(piece);
                }
            } else {
                items.push(piece.to_vec());
            }
        }
        let Some((open, close)) = pair else {
            return items;
        };
        if let Some(last) = items.last_mut() {
            last.extend_from_slice(&rest[open..=close]);
        }
        rest = &rest[close + 1..];
        if rest.is_empty() {
            return items;
        }
    }
}

/// A growing list of results under both limits.
#[derive(Default)]
struct Results {
    list: Vec<Vec<Symbol>>,
    units: usize,
}

impl Results {
    /// Adds one result; `false` when a limit is reached and nothing more may be added.
    fn push(&mut self, result: Vec<Symbol>) -> bool {
        if self.list.len() >= MAX_RESULTS || self.units + result.len() > MAX_UNITS {
            return false;
        }
        self.units += result.len();
        self.list.push(result);
        true
    }
}

/// Every prefix continued by `middle` and then by every value.
fn combine(
    prefixes: &[Vec<Symbol>],
    middle: &[Symbol],
    values: &[Vec<Symbol>],
    drop_empty: bool,
) -> Vec<Vec<Symbol>> {
    let mut results = Results::default();
    for prefix in prefixes {
        for value in values {
            if results.list.len() >= MAX_RESULTS {
                return results.list;
            }
            let result = [prefix.as_slice(), middle, value.as_slice()].concat();
            if drop_empty && result.is_empty() {
                continue;
            }
            if !results.push(result) {
                return results.list;
            }
        }
    }
    results.list
}

/// What the body of one brace group is.
enum Body {
    Sequence(Sequence),
    Items,
    Literal,
}

fn classify(body: &[Symbol]) -> Body {
    if let Some(sequence) = Sequence::parse(body) {
        Body::Sequence(sequence)
    } else if body.contains(&COMMA) {
        Body::Items
    } else {
        Body::Literal
    }
}

/// Whether a later comma with a later `}` makes an earlier `{x}` literal, as in `{a},b}`.
fn closes_after_comma(post: &[Symbol]) -> bool {
    // `/,(?!,).*\}/`: no line break between the comma and the brace.
    let is_break = |symbol: Symbol| matches!(symbol, 0x0A | 0x0D | 0x2028 | 0x2029);
    post.split(|symbol| is_break(*symbol)).any(|line| {
        let Some(last_close) = line.iter().rposition(|symbol| *symbol == CLOSE) else {
            return false;
        };
        line[..last_close]
            .iter()
            .enumerate()
            .any(|(index, symbol)| *symbol == COMMA && line.get(index + 1) != Some(&COMMA))
    })
}

fn expand_symbols(
    symbols: &[Symbol],
    mut top: bool,
    depth: usize,
) -> Result<Vec<Vec<Symbol>>, PatternError> {
    if depth > MAX_NESTING {
        return Err(PatternError::TooDeep);
    }
    let mut rest = symbols.to_vec();
    let mut results: Vec<Vec<Symbol>> = vec![Vec::new()];
    // Empty results vanish only at the top, and only when the first group is a comma list.
    let mut drop_empty = false;
    let mut first_group = true;
    loop {
        let Some((open, close)) = balanced(&rest) else {
            return Ok(combine(&results, &rest, &[Vec::new()], drop_empty));
        };
        let (pre, body, post) = (&rest[..open], &rest[open + 1..close], &rest[close + 1..]);
        let last = post.is_empty();
        if pre.last() == Some(&DOLLAR) {
            // `${` opens nothing.
            results = combine(&results, &rest[..=close], &[Vec::new()], drop_empty && last);
            first_group = false;
        } else {
            let kind = classify(body);
            if matches!(kind, Body::Literal) {
                if closes_after_comma(post) {
                    rest[close] |= ESCAPED;
                    top = true;
                    continue;
                }
                return Ok(combine(&results, &rest, &[Vec::new()], drop_empty));
            }
            if first_group {
                drop_empty = top && matches!(kind, Body::Items);
                first_group = false;
            }
            let values = if let Body::Sequence(sequence) = kind {
                sequence.values()
            } else {
                let skip_empty =
                    drop_empty && last && pre.is_empty() && results.iter().all(Vec::is_empty);
                item_values(body, skip_empty, depth)?
            };
            results = combine(&results, pre, &values, drop_empty && last);
        }
        if last {
            return Ok(results);
        }
        rest.drain(..=close);
    }
}

/// The values of a comma list, its inner braces expanded.
fn item_values(
    body: &[Symbol],
    skip_empty: bool,
    depth: usize,
) -> Result<Vec<Vec<Symbol>>, PatternError> {
    let mut items = comma_items(body);
    if let [only] = items.as_slice() {
        // `x{{a,b}}y` is `x{a}y` and `x{b}y`.
        items = expand_symbols(only, false, depth + 1)?
            .into_iter()
            .map(|inner| [&[OPEN], inner.as_slice(), &[CLOSE]].concat())
            .collect();
        if items.len() == 1 {
            return Ok(items);
        }
    }
    let mut values = Results::default();
    for item in &items {
        let expanded = if item.is_empty() {
            vec![Vec::new()]
        } else {
            expand_symbols(item, false, depth + 1)?
        };
        for value in expanded {
            if skip_empty && value.is_empty() {
                continue;
            }
            if !values.push(value) {
                return Ok(values.list);
            }
        }
    }
    Ok(values.list)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(pattern: &str) -> Vec<String> {
        let units: Vec<u16> = pattern.encode_utf16().collect();
        expand(&units)
            .unwrap_or_default()
            .iter()
            .map(|units| String::from_utf16_lossy(units))
            .collect()
    }

    #[test]
    fn lists_and_sequences_expand() {
        for (pattern, expected) in [
            ("a{b,c}d", vec!["abd", "acd"]),
            ("a{b,c{d,e}f}g", vec!["abg", "acdfg", "acefg"]),
            ("{1..3}", vec!["1", "2", "3"]),
            ("{01..3}", vec!["01", "02", "03"]),
            ("{3..1}", vec!["3", "2", "1"]),
            ("{a..e..2}", vec!["a", "c", "e"]),
            ("{-01..1}", vec!["-01", "000", "001"]),
            ("a{b}c", vec!["a{b}c"]),
            ("${a,b}", vec!["${a,b}"]),
            ("{}a,b}", vec!["{}a,b}"]),
            ("{a},b}", vec!["a}", "b"]),
            ("x{{a,b}}y", vec!["x{a}y", "x{b}y"]),
            (r"{a\,b,c}", vec!["a,b", "c"]),
            ("{a,}", vec!["a"]),
            ("{,a}b{,}", vec!["b", "b", "ab", "ab"]),
        ] {
            assert_eq!(expanded(pattern), expected, "{pattern}");
        }
    }

    #[test]
    fn limits_end_an_expansion() {
        assert_eq!(expanded("{1..2000000}").len(), MAX_RESULTS);
        assert!(expanded(&"{a,b}".repeat(40)).len() <= MAX_RESULTS);
    }

    #[test]
    fn nesting_beyond_the_limit_is_refused() {
        let pattern = format!("{}a,b{}", "{".repeat(5000), "}".repeat(5000));
        let units: Vec<u16> = pattern.encode_utf16().collect();
        assert!(matches!(expand(&units), Err(PatternError::TooDeep)));
    }
}

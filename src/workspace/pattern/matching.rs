//! Matching names and paths, in time bounded by pattern times name.

use super::{GroupKind, Part, Token};

/// A path at its slashes. Slashes in a row are one; the first and the last mean something.
pub(super) fn path_parts(path: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    let count = path.split('/').count();
    for (index, part) in path.split('/').enumerate() {
        if !part.is_empty() || index == 0 || index + 1 == count {
            parts.push(part);
        }
    }
    parts
}

/// Whether the parts match all names. Every pair of remaining parts and remaining names is looked
/// at once, so many `**` cost no more than their product.
pub(super) fn match_parts(parts: &[Part], names: &[&str], dot: bool, partial: bool) -> bool {
    let is_skipped = |name: &str| !matches!(name, "." | "..") && (dot || !name.starts_with('.'));
    // Whether the parts after the current one match the names from each place on.
    let mut after: Vec<bool> = names
        .iter()
        .enumerate()
        // A path that ends in a slash matches what does not ask for one.
        .map(|(place, name)| name.is_empty() && place + 1 == names.len())
        .collect();
    after.push(true);
    for (index, part) in parts.iter().enumerate().rev() {
        let is_last = index + 1 == parts.len();
        let mut here = vec![partial; names.len() + 1];
        for (place, name) in names.iter().enumerate().rev() {
            let next = after.get(place + 1) == Some(&true);
            let value = if *part == Part::Globstar {
                // With nothing behind it, it needs at least one name.
                let ends = if is_last {
                    place + 1 == names.len()
                } else {
                    here.get(place + 1) == Some(&true)
                };
                let over = is_skipped(name) && (ends || here.get(place + 1) == Some(&true));
                over || (!is_last && after.get(place) == Some(&true))
            } else {
                next && part.matches(name, dot)
            };
            if let Some(place) = here.get_mut(place) {
                *place = value;
            }
        }
        after = here;
    }
    after.first() == Some(&true)
}

/// Places in a name, marked where a match can stand.
type Places = Vec<bool>;

/// Whether the tokens match the whole name. Wild cards refuse a dot at its beginning.
pub(super) fn matches_tokens(tokens: &[Token], name: &[char], dot: bool) -> bool {
    let name = Name {
        characters: name,
        refuses_first: !dot && name.first() == Some(&'.'),
    };
    let end = name.characters.len();
    let is_not = |token: &Token| {
        matches!(
            token,
            Token::Group {
                kind: GroupKind::Not,
                ..
            }
        )
    };
    if !tokens.iter().any(is_not) {
        let ends = tokens
            .iter()
            .fold(name.only(0), |places, token| name.advance(token, &places));
        return ends.get(end) == Some(&true);
    }
    // What `!(...)` forbids depends on what follows it. So from the last token to the first: from
    // which places on the rest matches to the end.
    let mut after = name.only(end);
    for token in tokens.iter().rev() {
        after = (0..=end)
            .map(|place| {
                if let Token::Group {
                    kind: GroupKind::Not,
                    choices,
                } = token
                {
                    let forbidden = both(&name.any_choice(choices, place), &after);
                    !forbidden && both(&name.from(place), &after)
                } else {
                    both(&name.advance(token, &name.only(place)), &after)
                }
            })
            .collect();
    }
    after.first() == Some(&true)
}

fn both(left: &Places, right: &Places) -> bool {
    left.iter().zip(right).any(|(left, right)| *left && *right)
}

struct Name<'a> {
    characters: &'a [char],
    refuses_first: bool,
}

impl Name<'_> {
    fn none(&self) -> Places {
        vec![false; self.characters.len() + 1]
    }

    fn only(&self, place: usize) -> Places {
        let mut places = self.none();
        if let Some(place) = places.get_mut(place) {
            *place = true;
        }
        places
    }

    /// All places from one on, for a wild card; none where it refuses.
    fn from(&self, start: usize) -> Places {
        let refuses = start == 0 && self.refuses_first;
        (0..=self.characters.len())
            .map(|place| !refuses && place >= start)
            .collect()
    }

    /// Where one token can end when it begins at any of `starts`.
    fn advance(&self, token: &Token, starts: &Places) -> Places {
        let mut ends = self.none();
        let mut add = |more: &Places| {
            for (end, more) in ends.iter_mut().zip(more) {
                *end |= more;
            }
        };
        match token {
            Token::Character(_) | Token::One | Token::Class { .. } => {
                let marked = starts.iter().enumerate().filter(|(_, marked)| **marked);
                for (place, _) in marked {
                    if self.takes(token, place) {
                        add(&self.only(place + 1));
                    }
                }
            }
            Token::Any => {
                let marked = starts.iter().enumerate().filter(|(_, marked)| **marked);
                // The first start that does not refuse reaches all that later ones do.
                for (place, _) in marked.take(2) {
                    add(&self.from(place));
                }
            }
            Token::Group { kind, choices } => match kind {
                GroupKind::One => add(&self.any_of(choices, starts)),
                GroupKind::Optional => {
                    add(starts);
                    add(&self.any_of(choices, starts));
                }
                GroupKind::AtLeastOne | GroupKind::AnyNumber => {
                    if *kind == GroupKind::AnyNumber {
                        add(starts);
                    }
                    let mut reached = self.any_of(choices, starts);
                    let mut fresh = reached.clone();
                    while fresh.contains(&true) {
                        let further = self.any_of(choices, &fresh);
                        for ((fresh, further), reached) in
                            fresh.iter_mut().zip(&further).zip(&mut reached)
                        {
                            *fresh = *further && !*reached;
                            *reached |= further;
                        }
                    }
                    add(&reached);
                }
                GroupKind::Not => {
                    for (place, _) in starts.iter().enumerate().filter(|(_, marked)| **marked) {
                        let choices = self.any_choice(choices, place);
                        let mut allowed = self.from(place);
                        for (allowed, choice) in allowed.iter_mut().zip(&choices) {
                            *allowed &= !choice;
                        }
                        add(&allowed);
                    }
                }
            },
        }
        ends
    }

    /// Whether a token for one character takes the one at `place`.
    fn takes(&self, token: &Token, place: usize) -> bool {
        let Some(character) = self.characters.get(place) else {
            return false;
        };
        let refuses = place == 0 && self.refuses_first;
        match token {
            Token::Character(wanted) => character == wanted,
            Token::One => !refuses,
            Token::Class { negated, ranges } => {
                let inside = ranges
                    .iter()
                    .any(|(low, high)| (low..=high).contains(&character));
                !refuses && inside != *negated
            }
            Token::Any | Token::Group { .. } => false,
        }
    }

    fn any_choice(&self, choices: &[Vec<Token>], start: usize) -> Places {
        self.any_of(choices, &self.only(start))
    }

    /// Where any of the choices can end.
    fn any_of(&self, choices: &[Vec<Token>], starts: &Places) -> Places {
        let mut ends = self.none();
        for choice in choices {
            let mut places = starts.clone();
            for token in choice {
                places = self.advance(token, &places);
            }
            for (end, place) in ends.iter_mut().zip(&places) {
                *end |= place;
            }
        }
        ends
    }
}

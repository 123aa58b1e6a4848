//! Characters that a terminal would obey instead of showing them.
//!
//! A file's name, a registry's answer or a script's output may hold any. Source: npm 11.19.1, `lib/utils/format.js`,
//! which keeps tabs, ends of lines and colours and writes the rest as `^[`.

use std::borrow::Cow;

/// A text that can do no more to a terminal than be read, in whatever colours.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        if !is_obeyed(character) || (character == '\x1b' && sets_colors(rest.as_str())) {
            shown.push(character);
            continue;
        }
        // Both kinds of control characters, each beside the letters that it is typed with.
        let code = u32::from(character);
        let letter = if code < 32 { code + 64 } else { code - 64 };
        shown.push('^');
        shown.extend(char::from_u32(letter));
    }
    shown.into()
}

fn is_obeyed(character: char) -> bool {
    character.is_control() && !matches!(character, '\t' | '\n' | '\x0b' | '\r')
}

/// Whether what follows an escape character makes it one of the sequences that set colours: `[38;5;255m` is the longest.
fn sets_colors(rest: &str) -> bool {
    let numbers = rest.strip_prefix('[').map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';');
        rest.split_at(end.unwrap_or(rest.len()))
    });
    numbers.is_some_and(|(numbers, end)| numbers.len() <= 8 && end.starts_with('m'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_reach_the_terminal() {
        for (text, shown) in [
            ("plain\tübung\r\n", "plain\tübung\r\n"),
            ("\x1b[31mred\x1b[39m\x1b[m", "\x1b[31mred\x1b[39m\x1b[m"),
            ("\x1b[38;5;255mx", "\x1b[38;5;255mx"),
            ("\x1b[38;2;1;2;3mx", "^[[38;2;1;2;3mx"),
            ("\x1b[2K\x1b]0;title\x07\x1b", "^[[2K^[]0;title^G^["),
            ("\x00\x08\x0b\x0c\x7f", "^@^H\x0b^L^?"),
            ("\u{9b}31m\u{80}", "^[31m^@"),
        ] {
            assert_eq!(visible(text), shown, "{text:?}");
        }
    }
}

//! Control characters in texts from elsewhere, which a terminal would obey.
//!
//! Source of the rules: npm 11.19.1 `lib/utils/format.js`.

use std::borrow::Cow;

/// A text in which control characters show as `^@`, `^[` and so on; tabs, line ends and colours stay.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(is_control) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        let code = u32::from(character);
        if !is_control(character) || (code == 27 && is_colour(&text[at + 1..])) {
            shown.push(character);
            continue;
        }
        shown.push('^');
        // As npm: those below the space by the letter 64 above, all others by the character 64 below.
        let other = if code <= 31 { code + 64 } else { code - 64 };
        shown.extend(char::from_u32(other));
    }
    shown.into()
}

/// C0 but for tab, line feed, vertical tab and carriage return; DEL; C1.
fn is_control(character: char) -> bool {
    matches!(character, '\0'..='\x08' | '\x0c' | '\x0e'..='\x1f' | '\x7f'..='\u{9f}')
}

/// Whether what follows an escape makes it one that sets colours: `[`, at most eight digits and semicolons, `m`.
fn is_colour(rest: &str) -> bool {
    let Some(rest) = rest.strip_prefix('[') else {
        return false;
    };
    let parameters = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_digit() || *byte == b';');
    let length = parameters.count();
    length <= 8 && rest[length..].starts_with('m')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_show_as_npm_shows_them() {
        for (text, expected) in [
            ("a\tb\nc\rd\u{b}", "a\tb\nc\rd\u{b}"),
            ("\0\x1f\x7f\u{2028}", "^@^_^?\u{2028}"),
            ("\u{80}\u{9b}é", "^@^[é"),
            ("\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m"),
            ("\x1b[38;5;255m", "\x1b[38;5;255m"),
            ("\x1b[2J\x1b]0;title\x07", "^[[2J^[]0;title^G"),
            ("\x1b[123456789m", "^[[123456789m"),
            ("\x1b", "^["),
        ] {
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}

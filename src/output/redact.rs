//! Redaction of secrets in what npm prints as JSON.
//!
//! Our own secrets are types that cannot be printed; this is for texts that
//! come from elsewhere, such as a file's name or a registry's answer. Source
//! of the rules: npm's `@npmcli/redact` 4.

/// What stands where a secret stood.
const MASK: &str = "***";

/// Masks npm tokens, UUIDs and URL passwords in a text.
pub fn redact(text: &str) -> String {
    mask_uuids(&mask_npm_tokens(&mask_url_passwords(text)))
}

/// `npm_` and 36 to 48 letters and digits, as a whole word, is a token.
fn mask_npm_tokens(text: &str) -> String {
    replace_words(text, |rest| {
        let prefix = ["npm_", "npms_"].into_iter().find(|prefix| {
            rest.get(..prefix.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })?;
        let body = rest[prefix.len()..]
            .bytes()
            .take_while(u8::is_ascii_alphanumeric)
            .count();
        let end = prefix.len() + body;
        let whole = !rest[end..].starts_with(is_word);
        ((36..=48).contains(&body) && whole).then(|| (end, format!("npm_{MASK}")))
    })
}

/// Eight, four, four, four and twelve hex digits, as a whole word, are a UUID.
fn mask_uuids(text: &str) -> String {
    const SHAPE: [usize; 5] = [8, 4, 4, 4, 12];
    const LENGTH: usize = 36;
    replace_words(text, |rest| {
        let candidate = rest.get(..LENGTH)?;
        let mut groups = candidate.split('-');
        let shaped = SHAPE.iter().all(|&length| {
            groups.next().is_some_and(|group| {
                group.len() == length && group.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        });
        let whole = !rest[LENGTH..].starts_with(is_word);
        (shaped && groups.next().is_none() && whole).then(|| (LENGTH, MASK.to_owned()))
    })
}

/// A word character in the sense of a regular expression's `\w`.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// Replaces what `secret` recognises at the beginning of a word: it is given
/// the rest of the text and answers with a length and its replacement.
fn replace_words(text: &str, secret: impl Fn(&str) -> Option<(usize, String)>) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_word = false;
    while let Some(character) = rest.chars().next() {
        if !in_word
            && is_word(character)
            && let Some((length, replacement)) = secret(rest)
        {
            result.push_str(&replacement);
            rest = &rest[length..];
            continue;
        }
        in_word = is_word(character);
        result.push(character);
        rest = &rest[character.len_utf8()..];
    }
    result
}

/// The password of a URL: all between the first `:` of its userinfo and `@`.
pub(super) fn mask_url_passwords(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        result.push_str(before);
        let end = after.find(|c: char| matches!(c, '/' | '?' | '#' | '"') || c.is_whitespace());
        let authority = &after[..end.unwrap_or(after.len())];
        if let Some((userinfo, host)) = authority.rsplit_once('@')
            && let Some((user, _)) = userinfo.split_once(':')
        {
            for part in [user, ":", MASK, "@", host] {
                result.push_str(part);
            }
        } else {
            result.push_str(authority);
        }
        rest = &after[authority.len()..];
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_and_the_rest_is_kept() {
        let token = "a".repeat(36);
        for (text, redacted) in [
            ("lib/a.js".to_owned(), "lib/a.js".to_owned()),
            (
                "0a1b2c3d-1111-2222-3333-444455556666.js".into(),
                "***.js".into(),
            ),
            (
                "0a1b2c3d-1111-2222-3333-4444555566667".into(),
                "0a1b2c3d-1111-2222-3333-4444555566667".into(),
            ),
            (
                "x0a1b2c3d-1111-2222-3333-444455556666".into(),
                "x0a1b2c3d-1111-2222-3333-444455556666".into(),
            ),
            (format!("npm_{token}"), "npm_***".into()),
            (format!("(NPMS_{token})"), "(npm_***)".into()),
            (format!("npm_{token}{token}"), format!("npm_{token}{token}")),
            (
                "http://u:p@h/x u:p@h".into(),
                "http://u:***@h/x u:p@h".into(),
            ),
            (
                "é0a1b2c3d-1111-2222-3333-444455556666".into(),
                "é***".into(),
            ),
        ] {
            assert_eq!(redact(&text), redacted, "{text}");
        }
    }
}

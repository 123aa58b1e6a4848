//! What a registry says: in one readable line, and without the secrets that it
//! was shown, which some registries and proxies repeat in their errors.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

/// What stands where a secret stood.
const MASK: &str = "***";
/// What is shorter would be found in innocent words.
const SHORTEST: usize = 4;

/// The secrets that a request held.
pub(super) struct Shown(Vec<String>);

impl Shown {
    /// From the values of `authorization` and `npm-otp`.
    pub(super) fn of<'a>(
        authorization: Option<&HeaderValue>,
        one_time: impl IntoIterator<Item = &'a HeaderValue>,
    ) -> Self {
        let mut secrets = Vec::new();
        if let Some(value) = authorization.and_then(|value| value.to_str().ok()) {
            let credential = value
                .split_once(' ')
                .map_or(value, |(_, credential)| credential);
            secrets.push(credential.to_owned());
            let pair = STANDARD.decode(credential).ok();
            let pair = pair.and_then(|pair| String::from_utf8(pair).ok());
            if let Some((_, password)) = pair.as_deref().and_then(|pair| pair.split_once(':')) {
                secrets.push(password.to_owned());
                secrets.push(STANDARD.encode(password));
            }
        }
        let one_time = one_time.into_iter().filter_map(|value| value.to_str().ok());
        secrets.extend(one_time.map(str::to_owned));
        secrets.retain(|secret| secret.len() >= SHORTEST);
        // A longer one may hold a shorter one.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// A text without them.
    pub(super) fn mask(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, MASK))
    }

    /// What a body says, in one line: the field in which registries put their
    /// words, or else the beginning of the text, or that it is a page.
    pub(super) fn summary(&self, body: &[u8]) -> String {
        const LONGEST: usize = 300;
        let said = serde_json::from_slice::<serde_json::Value>(body)
            .ok()
            .and_then(|value| {
                ["error", "message", "Message", "reason"]
                    .iter()
                    .find_map(|key| value.get(key)?.as_str().map(str::to_owned))
            });
        let text = said.unwrap_or_else(|| String::from_utf8_lossy(body).into_owned());
        // Before it is cut, which could leave a part of a secret.
        let text = self.mask(&text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let start = text.to_ascii_lowercase();
        if start.starts_with("<!doctype") || start.starts_with("<html") {
            return "an HTML page, as proxies and login pages send".to_owned();
        }
        match text.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}...", &text[..end]),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_one_readable_line() {
        let nothing = Shown::of(None, []);
        for (body, expected) in [
            (r#"{"error":"no  such\nthing"}"#, "no such thing"),
            (r#"{"message":"m","reason":"r"}"#, "m"),
            (r#"{"other":1}"#, r#"{"other":1}"#),
            (
                "<!DOCTYPE html><title>x",
                "an HTML page, as proxies and login pages send",
            ),
            ("", ""),
        ] {
            assert_eq!(nothing.summary(body.as_bytes()), expected);
        }
        let long = "é".repeat(400);
        assert_eq!(nothing.summary(long.as_bytes()).chars().count(), 303);
    }

    #[test]
    fn what_was_shown_is_not_repeated() {
        let header = HeaderValue::from_static;
        for (authorization, otp, said, expected) in [
            ("Bearer tok-1", None, "bad token tok-1!", "bad token ***!"),
            // `user:pass-1`, and `pass-1` by itself.
            (
                "Basic dXNlcjpwYXNzLTE=",
                None,
                "Basic dXNlcjpwYXNzLTE=",
                "Basic ***",
            ),
            (
                "Basic dXNlcjpwYXNzLTE=",
                None,
                "user, pass-1, cGFzcy0x",
                "user, ***, ***",
            ),
            (
                "Bearer tok-1",
                Some("123456"),
                "123456 is not it",
                "*** is not it",
            ),
            ("Bearer a", None, "a bad one", "a bad one"),
        ] {
            let otp = otp.map(header);
            let shown = Shown::of(Some(&header(authorization)), otp.as_ref());
            assert_eq!(shown.summary(said.as_bytes()), expected, "{authorization}");
        }
    }
}

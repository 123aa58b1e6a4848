//! What a registry asks for beside the credentials it was shown.
//!
//! Source: npm-registry-fetch 19 `check-response.js`, npm 11.19.1 `lib/utils/error-message.js`; npm-behaviour §5.3.

use http::header::{self, HeaderMap};
use serde_json::Value;
use url::Url;

/// What a 401 asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A one-time password, which a page may hand out.
    OneTimePassword(Option<Box<WebLogin>>),
    /// A request from another address.
    Address,
    /// Credentials of these schemes, as `www-authenticate` names them.
    Schemes(String),
}

/// A page that hands out a one-time password to whoever signs in there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebLogin {
    /// Where to sign in.
    pub auth_url: Url,
    /// Where the password can be fetched afterwards.
    pub done_url: Url,
}

impl Challenge {
    /// Reads the headers and the body of a 401.
    pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Option<Self> {
        let schemes: Vec<_> = headers
            .get_all(header::WWW_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .filter(|value| !value.is_empty())
            .collect();
        let schemes = schemes.join(", ");
        let names = |wanted: &str| {
            let mut names = schemes.split(',').map(str::trim);
            names.any(|name| name.eq_ignore_ascii_case(wanted))
        };
        if names("ipaddress") {
            Some(Self::Address)
        } else if names("otp")
            || (schemes.is_empty() && memchr::memmem::find(body, b"one-time pass").is_some())
        {
            Some(Self::OneTimePassword(WebLogin::of(body).map(Box::new)))
        } else {
            (!schemes.is_empty()).then_some(Self::Schemes(schemes))
        }
    }

    /// npm's code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::OneTimePassword(_) => "EOTP",
            Self::Address => "EAUTHIP",
            Self::Schemes(_) => "E401",
        }
    }

    /// npm's sentence.
    pub fn summary(&self) -> String {
        match self {
            Self::OneTimePassword(Some(_)) => "This operation requires a one-time password.".into(),
            Self::OneTimePassword(None) => {
                "This operation requires a one-time password from your authenticator.".into()
            }
            Self::Address => "Login is not allowed from your IP address".into(),
            Self::Schemes(schemes) if has_word(schemes, "Bearer") => {
                "Unable to authenticate, your authentication token seems to be invalid.".into()
            }
            Self::Schemes(schemes) if has_word(schemes, "Basic") => {
                "Incorrect or missing password.".into()
            }
            Self::Schemes(schemes) => format!("Unable to authenticate, need: {schemes}"),
        }
    }

    /// What to do about it, where npm says it.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::OneTimePassword(Some(web)) => Some(format!(
                "Open this URL in your browser to authenticate:\n  {}\n\n\
                 After authenticating, your token can be retrieved from:\n  {}",
                web.auth_url, web.done_url
            )),
            Self::OneTimePassword(None) => Some(
                "You can provide a one-time password by passing --otp=<code> to the command you ran.\n\
                 If you already provided a one-time password then it is likely that you either typoed \
                 it, or it timed out. Please try again."
                    .into(),
            ),
            Self::Address | Self::Schemes(_) => None,
        }
    }
}

impl WebLogin {
    /// Only what a browser may be sent to.
    fn of(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let url = |key: &str| {
            let url = Url::parse(body.get(key)?.as_str()?).ok()?;
            matches!(url.scheme(), "http" | "https").then_some(url)
        };
        Some(Self {
            auth_url: url("authUrl")?,
            done_url: url("doneUrl")?,
        })
    }
}

fn has_word(schemes: &str, word: &str) -> bool {
    schemes
        .split(|character: char| character == ',' || character.is_whitespace())
        .any(|found| found == word)
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn challenges_are_told_apart_as_npm_does() {
        let web = r#"{"authUrl":"https://h/a","doneUrl":"https://h/d"}"#;
        let file = r#"{"authUrl":"file:///etc/passwd","doneUrl":"https://h/d"}"#;
        for (header, body, code, words) in [
            (Some("OTP"), "", Some("EOTP"), "from your authenticator"),
            (Some("Basic, otp"), web, Some("EOTP"), "one-time password."),
            (Some("OTP"), file, Some("EOTP"), "from your authenticator"),
            (
                None,
                "a one-time pass is needed",
                Some("EOTP"),
                "from your authenticator",
            ),
            (Some("ipaddress, OTP"), "", Some("EAUTHIP"), "IP address"),
            (
                Some("Bearer realm=x"),
                "one-time pass",
                Some("E401"),
                "token seems to be invalid",
            ),
            (Some("Basic realm=otp"), "", Some("E401"), "password"),
            (Some("Digest"), "", Some("E401"), "need: Digest"),
            (None, "{}", None, ""),
        ] {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                let value = HeaderValue::from_static(header);
                headers.insert(header::WWW_AUTHENTICATE, value);
            }
            let challenge = Challenge::of(&headers, body.as_bytes());
            assert_eq!(challenge.as_ref().map(Challenge::code), code, "{header:?}");
            let summary = challenge.map(|challenge| challenge.summary());
            assert!(summary.unwrap_or_default().contains(words), "{header:?}");
        }
        let challenge = Challenge::of(&HeaderMap::new(), b"one-time pass").expect("a challenge");
        assert!(
            challenge
                .detail()
                .expect("a detail")
                .contains("--otp=<code>")
        );
    }
}

//! How connections are made: retries, certificates and proxies (`@npmcli/agent`,
//! `make-fetch-happen`; npm-behaviour.md §5.3).

use std::fmt;
use std::time::Duration;

use url::Url;

use super::authorities::Authorities;
use super::definitions::{DefaultValue, definition};
use super::value::{ConfigValue, is_white_space};
use super::{ConfigError, Flat};
use crate::environment::Environment;
use crate::registry::Secret;
use crate::registry::url::host_with_port;

/// Retries and time limits. A value that is no number counts as npm's default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// `fetch-retries`: requests beside the first.
    pub retries: u32,
    /// `fetch-retry-factor`: how much longer each wait is than the one before.
    pub factor: f64,
    /// `fetch-retry-mintimeout`: the first wait.
    pub first_wait: Duration,
    /// `fetch-retry-maxtimeout`: the longest wait.
    pub longest_wait: Duration,
    /// `fetch-timeout`: how long a connection may be silent; zero for ever.
    pub timeout: Duration,
}

impl Retry {
    pub(super) fn read(flat: &Flat) -> Self {
        let number = |key: &str| {
            let own = flat.value(key).map_or(f64::NAN, ConfigValue::to_number);
            if own.is_finite() && own >= 0.0 {
                return own;
            }
            match definition(key).map(|definition| definition.default) {
                Some(DefaultValue::Number(default)) => f64::from(default),
                _ => 0.0,
            }
        };
        let milliseconds =
            |key: &str| Duration::try_from_secs_f64(number(key) / 1000.0).unwrap_or(Duration::MAX);
        Self {
            retries: u32_of(number("fetch-retries")),
            factor: number("fetch-retry-factor"),
            first_wait: milliseconds("fetch-retry-mintimeout"),
            longest_wait: milliseconds("fetch-retry-maxtimeout"),
            timeout: milliseconds("fetch-timeout"),
        }
    }
}

/// The integer part of a number that is not negative.
fn u32_of(number: f64) -> u32 {
    super::value::number_text(number.min(f64::from(u32::MAX)).trunc())
        .parse()
        .unwrap_or(u32::MAX)
}

/// Certificates.
#[derive(Clone)]
pub struct Tls {
    /// Whether the server's certificate is checked (`strict-ssl`).
    pub is_strict: bool,
    /// Whose certificates are believed (`ca`, `cafile`).
    pub authorities: Authorities,
    /// The deprecated `cert`, for every registry that has no `certfile` of its own.
    pub certificate: Option<String>,
    /// The deprecated `key`.
    pub key: Option<Secret>,
}

impl fmt::Debug for Tls {
    /// Without the certificate's text, as with [`Authorities`].
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Tls")
            .field("is_strict", &self.is_strict)
            .field("authorities", &self.authorities)
            .field("certificate", &self.certificate.is_some())
            .field("key", &self.key)
            .finish()
    }
}

impl Default for Tls {
    /// Strict, with the system's authorities.
    fn default() -> Self {
        Self {
            is_strict: true,
            authorities: Authorities::System,
            certificate: None,
            key: None,
        }
    }
}

impl Tls {
    pub(super) fn read(flat: &Flat, environment: &Environment) -> Self {
        let text = |key: &str| {
            flat.value(key)
                .filter(|value| value.is_truthy())
                .and_then(|value| value.to_text().ok())
        };
        Self {
            // Anything but false is strict; without a value Node's own variable decides.
            is_strict: match flat.value("strict-ssl") {
                None | Some(ConfigValue::Null | ConfigValue::Undefined) => {
                    environment
                        .variable("NODE_TLS_REJECT_UNAUTHORIZED")
                        .as_deref()
                        != Some("0")
                }
                Some(value) => *value != ConfigValue::Bool(false),
            },
            authorities: flat.authorities(),
            certificate: text("cert"),
            key: text("key").map(Secret::from),
        }
    }
}

/// A proxy's address. It may hold a password: only host and port are shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Url);

impl Proxy {
    /// The address with everything in it, for the connection.
    pub fn expose(&self) -> &Url {
        &self.0
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}://{}",
            self.0.scheme(),
            host_with_port(&self.0)
        )
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Proxy({self})")
    }
}

/// Which proxy a request goes through.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// `https-proxy`, else `proxy`: for every request.
    configured: Option<Proxy>,
    /// `https_proxy` of the environment, in any case.
    https: Option<Proxy>,
    /// `http_proxy`, else `proxy` of the environment, in any case.
    http: Option<Proxy>,
    /// Domains that are reached directly, their segments from the last to the first.
    direct: Vec<Vec<String>>,
}

impl Proxies {
    pub(super) fn read(flat: &Flat, environment: &Environment) -> Result<Self, ConfigError> {
        let mut configured = None;
        for key in ["https-proxy", "proxy"] {
            if let Some(entry) = flat.entry(key).filter(|entry| entry.value.is_truthy()) {
                let text = super::load::text_of(key, entry)?;
                let origin = entry.origin.to_string();
                configured = Some(parse(&text, key, origin)?);
                break;
            }
        }
        // The last of several spellings counts, as in npm.
        let variable = |wanted: &str| {
            environment
                .variables()
                .filter(|(name, _)| {
                    name.to_str()
                        .is_some_and(|n| n.eq_ignore_ascii_case(wanted))
                })
                .last()
                .map(|(name, value)| (name.to_string_lossy(), value.to_string_lossy()))
                .filter(|(_, value)| !value.is_empty())
        };
        let from_variable = |wanted: &str| match variable(wanted) {
            Some((name, value)) if configured.is_none() => {
                parse(&value, wanted, format!("environment variable {name}")).map(Some)
            }
            _ => Ok(None),
        };
        let https = from_variable("https_proxy")?;
        let http = match from_variable("http_proxy")? {
            None => from_variable("proxy")?,
            http => http,
        };
        let excluded = match flat.value("noproxy").map(ConfigValue::to_text) {
            Some(Ok(text))
                if !text.is_empty()
                    && flat.value("noproxy").is_some_and(ConfigValue::is_truthy) =>
            {
                text
            }
            _ => variable("no_proxy").map_or_else(String::new, |(_, value)| value.into_owned()),
        };
        let direct = excluded
            .split(',')
            .map(|domain| {
                domain
                    .trim_matches(is_white_space)
                    .split('.')
                    .filter(|segment| !segment.is_empty())
                    .rev()
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            })
            .filter(|segments| !segments.is_empty())
            .collect();
        Ok(Self {
            configured,
            https,
            http,
            direct,
        })
    }

    /// The proxy for a request, or `None` for a direct connection. Ports and wild cards in
    /// `noproxy` mean nothing to npm.
    pub fn for_url(&self, url: &Url) -> Option<&Proxy> {
        let proxy = self.configured.as_ref().or_else(|| {
            // npm prefers the proxy for https even where the request is none.
            let plain = || self.http.as_ref().filter(|_| url.scheme() != "https");
            self.https.as_ref().or_else(plain)
        })?;
        let host: Vec<&str> = url.host_str().unwrap_or_default().rsplit('.').collect();
        let is_direct = self.direct.iter().any(|segments| {
            segments.len() <= host.len()
                && segments.iter().zip(&host).all(|(own, host)| own == host)
        });
        (!is_direct).then_some(proxy)
    }
}

fn parse(text: &str, key: &str, origin: String) -> Result<Proxy, ConfigError> {
    let key = key.to_owned();
    match Url::parse(text) {
        Ok(url) => Ok(Proxy(url)),
        Err(_) => Err(ConfigError::InvalidUrl { key, origin }),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a failed setup fails the test")]
mod tests {
    use super::*;
    use crate::config::{Config, Flags, Installation};

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let environment = Environment::new(
            // No file of this machine's is to be read.
            variables
                .iter()
                .chain([&("PREFIX", "/none")])
                .map(|(name, value)| ((*name).into(), (*value).into())),
            "/",
            "/",
        );
        let config =
            Config::load_with(&environment, Flags::default(), Installation::default()).unwrap();
        Proxies::read(config.flat(), &environment).unwrap()
    }

    #[test]
    fn the_proxy_follows_npms_order() {
        type Row<'a> = (&'a [(&'a str, &'a str)], &'a str, Option<&'a str>);
        let rows: [Row<'_>; 9] = [
            (
                &[("HTTP_PROXY", "http://a:1")],
                "http://h/",
                Some("http://a:1"),
            ),
            (&[("HTTP_PROXY", "http://a:1")], "https://h/", None),
            (
                &[("https_proxy", "http://a:1"), ("http_proxy", "http://b:1")],
                "http://h/",
                Some("http://a:1"),
            ),
            (&[("proxy", "http://a:1")], "http://h/", Some("http://a:1")),
            (
                &[("npm_config_proxy", "http://a:1")],
                "https://h/",
                Some("http://a:1"),
            ),
            (
                &[
                    ("npm_config_proxy", "http://a:1"),
                    ("npm_config_https_proxy", "http://b:1"),
                ],
                "http://h/",
                Some("http://b:1"),
            ),
            (
                &[("https_proxy", "http://a:1"), ("no_proxy", "x,.h.test")],
                "https://a.h.test/",
                None,
            ),
            (
                &[("https_proxy", "http://a:1"), ("no_proxy", "h.test")],
                "https://ah.test/",
                Some("http://a:1"),
            ),
            (
                &[
                    ("https_proxy", "http://a:1"),
                    ("no_proxy", "h"),
                    ("npm_config_noproxy", "i"),
                ],
                "https://h/",
                Some("http://a:1"),
            ),
        ];
        for (variables, url, expected) in rows {
            let proxies = proxies(variables);
            let found = proxies.for_url(&Url::parse(url).unwrap());
            assert_eq!(
                found.map(ToString::to_string).as_deref(),
                expected,
                "{variables:?} {url}"
            );
        }
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let proxies = proxies(&[("https_proxy", "http://user:planted@a:1")]);
        assert!(!format!("{proxies:?}").contains("planted"));
    }
}

//! A registry's address, as written and as parsed, and the key its credentials are filed under
//! (`@npmcli/config` 10.12 `nerf-dart.js`, `npm-registry-fetch` 19.1.1 `index.js`).
//!
//! npm never normalises an address from a file: `https://host/npm` without its last slash is kept,
//! requests go to `https://host/npm/<name>`, but its credentials are looked for under `//host/`
//! and the tarball's address loses `npm`. So the text is kept beside the parsed form.

use std::fmt;

use url::{ParseError, Url};

/// The registry npm uses when none is configured.
pub const DEFAULT_REGISTRY: &str = "https://registry.npmjs.org/";

/// The address of a registry. `Display` and `Debug` leave user information out.
#[derive(Clone, PartialEq, Eq)]
pub struct RegistryUrl {
    text: String,
    url: Url,
    nerf_dart: String,
}

/// Text that is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Invalid URL")]
pub struct InvalidRegistryUrl {
    #[source]
    source: ParseError,
}

impl InvalidRegistryUrl {
    /// npm's error code.
    pub fn code(&self) -> &'static str {
        "ERR_INVALID_URL"
    }
}

impl RegistryUrl {
    /// Parses as the WHATWG's parser does; the text itself is kept.
    pub fn parse(text: &str) -> Result<Self, InvalidRegistryUrl> {
        let url = Url::parse(text).map_err(|source| InvalidRegistryUrl { source })?;
        let nerf_dart = nerf_dart(&url).map_err(|source| InvalidRegistryUrl { source })?;
        Ok(Self {
            text: text.to_owned(),
            url,
            nerf_dart,
        })
    }

    /// The parsed address. It may hold user information, which npm does not count as credentials.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// `//host[:port]/directory/`: what a key such as `:_authToken` is written behind. The
    /// directory ends at the last slash of the address.
    pub fn nerf_dart(&self) -> String {
        self.nerf_dart.clone()
    }

    /// Whether the address ends with a slash, as far as its path goes.
    pub fn ends_with_slash(&self) -> bool {
        self.url.path().ends_with('/')
    }

    /// The same registry with a slash at its end.
    #[must_use]
    pub fn with_slash(&self) -> Self {
        let mut url = self.url.clone();
        if !self.ends_with_slash() {
            url.set_path(&format!("{}/", self.url.path()));
        }
        Self::parse(url.as_str()).unwrap_or_else(|_| self.clone())
    }

    /// The address of a request below the registry, joined as npm joins it: by text, with one
    /// slash between.
    pub fn request(&self, path: &str) -> Result<Url, InvalidRegistryUrl> {
        let base = self.text.trim();
        let base = base.strip_suffix('/').unwrap_or(base);
        let path = path.trim();
        let path = path.strip_prefix('/').unwrap_or(path);
        Url::parse(&format!("{base}/{path}")).map_err(|source| InvalidRegistryUrl { source })
    }

    /// The address that `reference` has relative to the registry, resolved as a link is: without a
    /// last slash the registry's last segment is replaced.
    pub fn join(&self, reference: &str) -> Result<Url, InvalidRegistryUrl> {
        self.url
            .join(reference)
            .map_err(|source| InvalidRegistryUrl { source })
    }

    /// The text as it was written, for what npm sends or compares. May hold user information.
    pub fn as_written(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for RegistryUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.url.username().is_empty() && self.url.password().is_none() {
            return formatter.write_str(&self.text);
        }
        let mut shown = self.url.clone();
        // Both fail only for addresses that cannot have user information.
        let _ = shown.set_username("");
        let _ = shown.set_password(None);
        formatter.write_str(shown.as_str())
    }
}

impl fmt::Debug for RegistryUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "RegistryUrl({self})")
    }
}

/// `host[:port]` as a WHATWG `URL` shows it: without a default port.
pub fn host_with_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

fn nerf_dart(url: &Url) -> Result<String, ParseError> {
    let plain = format!("{}://{}{}", url.scheme(), host_with_port(url), url.path());
    let directory = Url::parse(&plain)?.join(".")?;
    Ok(format!(
        "//{}{}",
        host_with_port(&directory),
        directory.path()
    ))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "the addresses are valid")]
mod tests {
    use super::*;

    #[test]
    fn a_nerf_dart_is_the_directory_of_the_address() {
        for (address, expected) in [
            ("https://h/", "//h/"),
            ("https://h", "//h/"),
            ("https://h/npm/", "//h/npm/"),
            ("https://h/npm", "//h/"),
            ("https://h:443/npm/", "//h/npm/"),
            ("http://h:8080/a/b/?x#y", "//h:8080/a/b/"),
            ("https://u:p@H/npm/", "//h/npm/"),
        ] {
            assert_eq!(RegistryUrl::parse(address).unwrap().nerf_dart(), expected);
        }
    }

    #[test]
    fn requests_are_joined_by_text_and_links_by_rule() {
        let registry = RegistryUrl::parse("https://h/npm").unwrap();
        assert_eq!(registry.request("a").unwrap().as_str(), "https://h/npm/a");
        assert_eq!(registry.join("a").unwrap().as_str(), "https://h/a");
        assert_eq!(registry.with_slash().as_written(), "https://h/npm/");
    }

    #[test]
    fn user_information_is_not_shown() {
        let registry = RegistryUrl::parse("https://user:planted@h/").unwrap();
        assert!(!format!("{registry} {registry:?}").contains("planted"));
        assert!(!format!("{registry} {registry:?}").contains("user"));
    }
}

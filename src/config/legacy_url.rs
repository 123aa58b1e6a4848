//! Node's older URL parser, `url.parse`, which npm's validation still uses (nopt 9.0.0
//! `type-defs.js`; Node 20 `lib/url.js`).
//!
//! A URL given as a flag is replaced by this parser's `href`; it differs from the WHATWG parser
//! in what it accepts and in what it leaves alone (`HTTP://H:80/a b` becomes `http://h:80/a%20b`).

use url::Url;

/// The two parts of the result that validation looks at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LegacyUrl {
    /// Host with port; empty if there is none.
    pub(crate) host: String,
    /// The whole URL, put together again.
    pub(crate) href: String,
}

/// Text for which `url.parse` throws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LegacyUrlError {
    /// `ERR_INVALID_URL`: a character that no host may hold.
    #[error("Invalid URL")]
    Invalid,
    /// A broken percent escape before the `@`.
    #[error("URI malformed")]
    Malformed,
}

const LONGEST_HOSTNAME: usize = 255;
const SLASHED: [&str; 7] = ["http:", "https:", "ftp:", "gopher:", "file:", "ws:", "wss:"];

/// Parses `text` as `url.parse(text)` does.
pub(crate) fn parse(text: &str) -> Result<LegacyUrl, LegacyUrlError> {
    let rest = slashes_forward(text.trim_matches(is_trimmed));
    if !rest.contains(['#', '@']) && is_simple_path(&rest) {
        return Ok(LegacyUrl {
            host: String::new(),
            href: rest,
        });
    }
    let (protocol, rest) = split_protocol(&rest);
    let lower = protocol.to_ascii_lowercase();
    let hostless = lower == "javascript:";
    let mut rest = rest.to_owned();
    let mut slashes = false;
    if (!protocol.is_empty() || names_user_and_host(&rest)) && rest.starts_with("//") && !hostless {
        rest.drain(..2);
        slashes = true;
    }
    let mut authority = None;
    // The protocol is compared as written: `HTTP:host` has a host, `http:host` has none.
    if !hostless && (slashes || (!protocol.is_empty() && !SLASHED.contains(&protocol))) {
        let (parsed, after) = Authority::parse(&rest)?;
        authority = Some(parsed);
        rest = after;
    }
    if !hostless {
        rest = escape(&rest);
    }
    let is_slashed = SLASHED.contains(&lower.as_str());
    let (before_hash, hash) = match rest.find('#') {
        Some(index) => rest.split_at(index),
        None => (rest.as_str(), ""),
    };
    let (path, search) = match before_hash.find('?') {
        Some(index) => before_hash.split_at(index),
        None => (before_hash, ""),
    };
    let mut path = path.to_owned();
    let has_hostname = authority
        .as_ref()
        .is_some_and(|authority| !authority.hostname.is_empty());
    if is_slashed && has_hostname && path.is_empty() {
        path.push('/');
    }
    let host = authority.as_ref().map(Authority::host).unwrap_or_default();
    let mut shown = match &authority {
        Some(authority) if !host.is_empty() => format!("{}{host}", authority.encoded_auth()),
        _ => String::new(),
    };
    if slashes || is_slashed {
        if slashes || !shown.is_empty() {
            if !path.is_empty() && !path.starts_with('/') {
                path.insert(0, '/');
            }
            shown.insert_str(0, "//");
        } else if lower.starts_with("file") {
            shown.push_str("//");
        }
    }
    Ok(LegacyUrl {
        host,
        href: format!("{lower}{shown}{path}{search}{hash}"),
    })
}

fn is_trimmed(character: char) -> bool {
    u32::from(character) < 33 || matches!(character, '\u{a0}' | '\u{feff}')
}

/// Backslashes before the query or fragment become slashes.
fn slashes_forward(text: &str) -> String {
    let end = text.find(['#', '?']).unwrap_or(text.len());
    let (head, tail) = text.split_at(end);
    format!("{}{tail}", head.replace('\\', "/"))
}

/// `/path` or `//path` without white space, with at most one query.
fn is_simple_path(text: &str) -> bool {
    let Some(after) = text.strip_prefix('/') else {
        return false;
    };
    let after = after.strip_prefix('/').unwrap_or(after);
    !after.starts_with('/') && !after.contains(super::value::is_white_space)
}

fn split_protocol(text: &str) -> (&str, &str) {
    let length = text
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'))
        .count();
    if length > 0 && text.as_bytes().get(length) == Some(&b':') {
        text.split_at(length + 1)
    } else {
        ("", text)
    }
}

/// `//user@host` without a protocol.
fn names_user_and_host(text: &str) -> bool {
    text.strip_prefix("//").is_some_and(|text| {
        text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty()
                && !user.contains('/')
                && !host.is_empty()
                && !host.starts_with(['@', '/'])
        })
    })
}

#[derive(Default)]
struct Authority {
    auth: String,
    hostname: String,
    port: Option<String>,
}

impl Authority {
    /// Reads user, host and port at the start of `text`; the second part is what follows them.
    fn parse(text: &str) -> Result<(Self, String), LegacyUrlError> {
        let end = text.find(['#', '/', '?']).unwrap_or(text.len());
        let (head, tail) = text.split_at(end);
        let head: String = head
            .chars()
            .filter(|character| !matches!(character, '\t' | '\n' | '\r'))
            .collect();
        let (auth, host) = match head.rsplit_once('@') {
            Some((auth, host)) => (decode(auth)?, host),
            None => (String::new(), head.as_str()),
        };
        let host_end = host
            .find(|character| " \"%';<>\\^`{|}".contains(character))
            .unwrap_or(host.len());
        let (host, after_host) = host.split_at(host_end);
        let mut rest = format!("{after_host}{tail}");

        let digits = host.trim_end_matches(|character: char| character.is_ascii_digit());
        let (mut hostname, port) = match digits.strip_suffix(':') {
            Some(name) => (name, host.get(digits.len()..).unwrap_or_default()),
            None => (host, ""),
        };
        let is_ipv6 = hostname.starts_with('[') && hostname.ends_with(']');
        if !is_ipv6 && let Some(index) = hostname.find(['/', '\\', '#', '?', ':']) {
            let (name, after) = hostname.split_at(index);
            rest = format!("/{after}{rest}");
            hostname = name;
        }
        let mut hostname = if hostname.encode_utf16().count() > LONGEST_HOSTNAME {
            String::new()
        } else {
            hostname.to_lowercase()
        };
        if !hostname.is_empty() {
            if is_ipv6 {
                if hostname.contains(forbidden_in_ipv6) {
                    return Err(LegacyUrlError::Invalid);
                }
            } else {
                hostname = to_ascii(&hostname).ok_or(LegacyUrlError::Invalid)?;
                if hostname.is_empty() || hostname.contains(forbidden_in_host) {
                    return Err(LegacyUrlError::Invalid);
                }
            }
        }
        if is_ipv6 && !rest.starts_with('/') {
            rest.insert(0, '/');
        }
        let authority = Self {
            auth,
            hostname,
            port: (!port.is_empty()).then(|| port.to_owned()),
        };
        Ok((authority, rest))
    }

    fn host(&self) -> String {
        match &self.port {
            Some(port) => format!("{}:{port}", self.hostname),
            None => self.hostname.clone(),
        }
    }

    fn encoded_auth(&self) -> String {
        if self.auth.is_empty() {
            return String::new();
        }
        let mut encoded = String::new();
        for byte in self.auth.bytes() {
            if byte.is_ascii_alphanumeric() || b"!'()*-.:_~".contains(&byte) {
                encoded.push(char::from(byte));
            } else {
                use std::fmt::Write as _;
                // Writing to a string cannot fail.
                let _ = write!(encoded, "%{byte:02X}");
            }
        }
        encoded.push('@');
        encoded
    }
}

fn forbidden_in_host(character: char) -> bool {
    "\0\t\n\r #%/:<>?@[\\]^|".contains(character)
}

fn forbidden_in_ipv6(character: char) -> bool {
    "\0\t\n\r #%/<>?@\\^|".contains(character)
}

/// The host in its ASCII form; only names with other characters change.
fn to_ascii(hostname: &str) -> Option<String> {
    if hostname.is_ascii() {
        return Some(hostname.to_owned());
    }
    let url = Url::parse(&format!("http://{hostname}/")).ok()?;
    url.host_str().map(str::to_owned)
}

/// `decodeURIComponent`.
fn decode(text: &str) -> Result<String, LegacyUrlError> {
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        if *byte == b'%' {
            let digits = bytes.get(index + 1..index + 3);
            if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                return Err(LegacyUrlError::Malformed);
            }
        }
    }
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| LegacyUrlError::Malformed)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => escaped.push_str("%09"),
            '\n' => escaped.push_str("%0A"),
            '\r' => escaped.push_str("%0D"),
            ' ' => escaped.push_str("%20"),
            '"' => escaped.push_str("%22"),
            '\'' => escaped.push_str("%27"),
            '<' => escaped.push_str("%3C"),
            '>' => escaped.push_str("%3E"),
            '\\' => escaped.push_str("%5C"),
            '^' => escaped.push_str("%5E"),
            '`' => escaped.push_str("%60"),
            '{' => escaped.push_str("%7B"),
            '|' => escaped.push_str("%7C"),
            '}' => escaped.push_str("%7D"),
            other => escaped.push(other),
        }
    }
    escaped
}

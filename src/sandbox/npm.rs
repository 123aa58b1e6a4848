//! The npm data plane of a repository.
//!
//! Served: packuments (full, abbreviated, `?write=true`), tarballs, publish, deprecate, dist-tags,
//! ping. What the service lists as unsupported (user guide, npm-commands) is refused.

mod access;
mod dist_tags;
mod document;
mod metadata;
mod packument;
mod publish;
mod retain;
mod tarball;
mod view;

use axum::response::Response;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use super::names::PackageId;
use super::reply;
use super::route::NpmRoute;
use super::server::{Incoming, Shared};
use super::store::StoreError;
use access::Visit;

/// A refusal on the npm side.
#[derive(Debug)]
pub(crate) enum NpmError {
    /// 401, with the challenge for this realm.
    Unauthenticated { realm: String, message: String },
    /// Another status, with a text.
    Refused { status: u16, message: String },
    /// 429; come again in so many seconds.
    Throttled(u32),
}

impl NpmError {
    pub(crate) fn refused(status: u16, message: impl Into<String>) -> Self {
        Self::Refused {
            status,
            message: message.into(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::refused(400, message)
    }

    fn response(&self, shared: &Shared) -> Response {
        match self {
            Self::Refused { status, message } => error(shared, *status, message),
            Self::Throttled(seconds) => reply::with(
                error(shared, 429, "Rate exceeded"),
                RETRY_AFTER,
                &seconds.to_string(),
            ),
            Self::Unauthenticated { realm, message } => {
                let challenge = format!("Bearer realm=\"{realm}\", Basic realm=\"{realm}\"");
                reply::with(error(shared, 401, message), WWW_AUTHENTICATE, &challenge)
            }
        }
    }
}

impl From<StoreError> for NpmError {
    fn from(error: StoreError) -> Self {
        Self::refused(500, error.to_string())
    }
}

/// An npm-side error: its key is assumed, see `npm_error_key`.
pub(crate) fn error(shared: &Shared, status: u16, message: &str) -> Response {
    let mut body = Map::new();
    body.insert(
        shared.config.assumptions.npm_error_key.clone(),
        message.into(),
    );
    reply::json(status, &Value::Object(body))
}

/// What a request to an npm endpoint asks for.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    Ping,
    Packument(PackageId),
    Tarball { package: PackageId, file: String },
    DistTags(PackageId),
    DistTag(PackageId, String),
    Unsupported,
    NoPackage,
    Malformed,
}

impl Target {
    /// Reads what follows the repository in the path; a scope's slash may be `%2f` or `/`.
    fn parse(rest: &str) -> Self {
        let Ok(decoded) = percent_decode_str(rest).decode_utf8() else {
            return Self::Malformed;
        };
        let text = decoded.trim_end_matches('/');
        if text.is_empty() {
            return Self::NoPackage;
        }
        if let Some(rest) = text.strip_prefix("-/") {
            return Self::parse_command(rest);
        }
        let (name, file) = match text.split_once("/-/") {
            Some((name, file)) => (name, Some(file)),
            None => (text, None),
        };
        match (PackageId::parse_npm(name), file) {
            (Some(package), None) => Self::Packument(package),
            (Some(package), Some(file)) if !file.contains('/') => Self::Tarball {
                package,
                file: file.to_owned(),
            },
            // `/{package}/-rev/{revision}` and `/{package}/-/{file}/-rev/{revision}`: unpublish.
            _ if text.contains("/-rev/") => Self::Unsupported,
            _ => Self::Malformed,
        }
    }

    fn parse_command(command: &str) -> Self {
        if command == "ping" {
            return Self::Ping;
        }
        let Some(rest) = command.strip_prefix("package/") else {
            return Self::Unsupported;
        };
        let Some((name, tag)) = rest.split_once("/dist-tags") else {
            return Self::Unsupported;
        };
        match (PackageId::parse_npm(name), tag.strip_prefix('/')) {
            (Some(package), None) if tag.is_empty() => Self::DistTags(package),
            (Some(package), Some(tag)) if !tag.is_empty() => Self::DistTag(package, tag.to_owned()),
            _ => Self::Malformed,
        }
    }
}

pub(super) async fn handle(
    shared: &Shared,
    route: &NpmRoute<'_>,
    incoming: &mut Incoming,
) -> Response {
    match answer(shared, route, incoming).await {
        Ok(response) => response,
        Err(error) => {
            if let NpmError::Refused { message, .. } | NpmError::Unauthenticated { message, .. } =
                &error
            {
                incoming.entry.error = Some(message.clone());
            }
            error.response(shared)
        }
    }
}

async fn answer(
    shared: &Shared,
    route: &NpmRoute<'_>,
    incoming: &mut Incoming,
) -> Result<Response, NpmError> {
    let writes = !matches!(incoming.method.as_str(), "GET" | "HEAD");
    shared
        .throttles
        .admit_npm(writes, shared.clock.now())
        .map_err(NpmError::Throttled)?;
    let visit = Visit::open(shared, route, incoming)?;
    match (incoming.method.as_str(), Target::parse(route.rest)) {
        ("GET" | "HEAD", Target::Ping) => {
            visit.may_read(incoming)?;
            Ok(reply::json(200, &json!({})))
        }
        ("GET" | "HEAD", Target::Packument(package)) => {
            visit.may_read(incoming)?;
            packument::get(&visit, &package, incoming).await
        }
        ("PUT", Target::Packument(package)) => publish::put(&visit, &package, incoming).await,
        ("GET" | "HEAD", Target::Tarball { package, file }) => {
            visit.may_read(incoming)?;
            tarball::get(&visit, &package, &file, incoming).await
        }
        ("GET" | "HEAD", Target::DistTags(package)) => {
            visit.may_read(incoming)?;
            dist_tags::list(&visit, &package).await
        }
        ("PUT" | "POST", Target::DistTag(package, tag)) => {
            dist_tags::set(&visit, &package, &tag, incoming).await
        }
        ("DELETE", Target::DistTag(package, tag)) => {
            dist_tags::remove(&visit, &package, &tag, incoming).await
        }
        (_, Target::NoPackage) => Err(NpmError::refused(404, "no package is named")),
        (_, Target::Malformed) => Err(NpmError::bad_request("not the name of an npm package")),
        _ => Err(NpmError::refused(
            shared.config.assumptions.unsupported_status,
            "this npm command is not supported by the service",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_with_the_scope_escaped_or_not() {
        for (rest, expected) in [
            ("left-pad", "left-pad"),
            ("@s%2fp", "@s/p"),
            ("@s%2Fp", "@s/p"),
            ("@s/p", "@s/p"),
            ("%40s%2fp", "@s/p"),
            ("p/-/p-1.0.0.tgz", "p p-1.0.0.tgz"),
            ("@s/p/-/p-1.0.0.tgz", "@s/p p-1.0.0.tgz"),
            ("@s%2fp/-/p-1.0.0.tgz", "@s/p p-1.0.0.tgz"),
            ("-/package/@s%2fp/dist-tags", "@s/p tags"),
            ("-/package/p/dist-tags/next", "p tag next"),
            ("-/ping", "ping"),
            ("-/whoami", "unsupported"),
            ("-/v1/search", "unsupported"),
            ("-/npm/v1/security/audits/quick", "unsupported"),
            ("p/-rev/1-a", "unsupported"),
            ("p/-/p-1.0.0.tgz/-rev/1-a", "unsupported"),
            ("", "nothing"),
            ("a/b", "malformed"),
        ] {
            let shown = match Target::parse(rest) {
                Target::Ping => "ping".to_owned(),
                Target::Packument(package) => package.npm_name(),
                Target::Tarball { package, file } => format!("{} {file}", package.npm_name()),
                Target::DistTags(package) => format!("{} tags", package.npm_name()),
                Target::DistTag(package, tag) => format!("{} tag {tag}", package.npm_name()),
                Target::Unsupported => "unsupported".to_owned(),
                Target::NoPackage => "nothing".to_owned(),
                Target::Malformed => "malformed".to_owned(),
            };
            assert_eq!(shown, expected, "{rest}");
        }
    }
}

//! An external connection served from another npm registry, asked without credentials.

use std::sync::{Arc, OnceLock};

use http_body_util::BodyExt as _;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Map, Value};
use url::Url;

use super::{ExternalError, ExternalPackage};
use crate::registry::resolver::http_client;
use crate::sandbox::clock::parse_iso8601;
use crate::sandbox::names::PackageId;
use crate::sandbox::state::{Origin, Status, VersionRecord};
use crate::sandbox::store::{Blobs, Spooled};

#[derive(Debug)]
pub(super) struct Registry {
    url: Url,
    client: OnceLock<reqwest::Client>,
}

impl Registry {
    pub(super) fn new(mut url: Url) -> Self {
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Self {
            url,
            client: OnceLock::new(),
        }
    }

    pub(super) async fn package(
        &self,
        connection: &str,
        package: &PackageId,
    ) -> Result<Option<ExternalPackage>, ExternalError> {
        let name = package.npm_name();
        let escaped = match name.strip_prefix('@') {
            Some(scoped) => format!("@{}", utf8_percent_encode(scoped, NON_ALPHANUMERIC)),
            None => utf8_percent_encode(&name, NON_ALPHANUMERIC).to_string(),
        };
        let url = self.url.join(&escaped).map_err(registry_error)?;
        let Some(response) = self.get(url).await? else {
            return Ok(None);
        };
        let body = response.bytes().await.map_err(registry_error)?;
        let document: Value = serde_json::from_slice(&body).map_err(registry_error)?;
        Ok(read(connection, document))
    }

    pub(super) async fn tarball(
        &self,
        version: &VersionRecord,
        blobs: &Blobs,
    ) -> Result<Option<Spooled>, ExternalError> {
        let Some(url) = version
            .manifest
            .get("dist")
            .and_then(|dist| dist.get("tarball"))
            .and_then(Value::as_str)
            .and_then(|url| Url::parse(url).ok())
        else {
            return Ok(None);
        };
        let Some(response) = self.get(url).await? else {
            return Ok(None);
        };
        let mut spool = blobs.spool();
        let mut body = reqwest::Body::from(response);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(registry_error)?;
            if let Some(data) = frame.data_ref() {
                spool.write(data)?;
            }
        }
        Ok(Some(spool.finish()?))
    }

    /// `None` is 404; anything else that is no success is an error.
    async fn get(&self, url: Url) -> Result<Option<reqwest::Response>, ExternalError> {
        let response = self
            .client()?
            .get(url)
            .send()
            .await
            .map_err(registry_error)?;
        if response.status() == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        response
            .error_for_status()
            .map(Some)
            .map_err(registry_error)
    }

    fn client(&self) -> Result<&reqwest::Client, ExternalError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(registry_error)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let client = http_client()
            .tls_backend_preconfigured(tls)
            .no_proxy()
            .build()
            .map_err(registry_error)?;
        Ok(self.client.get_or_init(|| client))
    }
}

fn registry_error(error: impl std::error::Error) -> ExternalError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    ExternalError::Registry(text)
}

fn read(connection: &str, document: Value) -> Option<ExternalPackage> {
    let Value::Object(mut document) = document else {
        return None;
    };
    let time = document.get("time").cloned().unwrap_or(Value::Null);
    let moment = |name: &str| {
        time.get(name)
            .and_then(Value::as_str)
            .and_then(parse_iso8601)
            .unwrap_or_default()
    };
    let Some(Value::Object(versions)) = document.remove("versions") else {
        return None;
    };
    let tags = match document.remove("dist-tags") {
        Some(Value::Object(tags)) => tags,
        _ => Map::new(),
    };
    Some(ExternalPackage {
        tags,
        created: moment("created"),
        modified: moment("modified"),
        versions: versions
            .into_iter()
            .zip(1..)
            .map(|((version, manifest), sequence)| {
                let published = moment(&version);
                Arc::new(VersionRecord {
                    version,
                    sequence,
                    published,
                    visible: 0,
                    revision: format!("{published:x}"),
                    status: Status::Published,
                    origin: Origin::External(connection.to_owned()),
                    manifest,
                    assets: Vec::new(),
                })
            })
            .collect(),
    })
}

//! The AWS SDK's requests over the HTTP client that registries are asked with.
//!
//! One client for both is one TLS, one resolver that needs nothing of the system's, and half the
//! code. Requests and replies of the services asked here are a few kilobytes and held whole.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use crate::config::Authorities;
use crate::registry::resolver::http_client;
use crate::registry::tls::{Trust, client_config};

/// How long the SDK's own default waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(3_100);

/// The client, for the SDK.
#[derive(Debug, Clone, Default)]
pub(super) struct AwsHttp {
    connections: Arc<Connections>,
}

/// One client without TLS, so that a look-alike on the loopback and the metadata services cost no
/// reading of root certificates, and one with.
#[derive(Debug, Default)]
struct Connections {
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

/// The client with the SDK's limits.
#[derive(Debug)]
struct Connector {
    connections: Arc<Connections>,
    connect_timeout: Duration,
    read_timeout: Option<Duration>,
}

impl HttpClient for AwsHttp {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            connections: Arc::clone(&self.connections),
            connect_timeout: settings.connect_timeout().unwrap_or(CONNECT_TIMEOUT),
            read_timeout: settings.read_timeout(),
        })
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let is_secure = request.uri().starts_with("https:");
        let client = self.connections.client(is_secure, self.connect_timeout);
        let timeout = self.read_timeout;
        HttpConnectorFuture::new(async move { send(client?, request, timeout).await })
    }
}

impl AwsHttp {
    /// The client itself, for what is asked without the SDK.
    pub(super) fn client(&self, is_secure: bool) -> Result<reqwest::Client, ConnectorError> {
        self.connections.client(is_secure, CONNECT_TIMEOUT)
    }
}

impl Connections {
    fn client(
        &self,
        is_secure: bool,
        connect_timeout: Duration,
    ) -> Result<reqwest::Client, ConnectorError> {
        let (slot, trust) = if is_secure {
            (&self.secure, Trust::Authorities(Authorities::System))
        } else {
            (&self.plain, Trust::Nobody)
        };
        if let Some(client) = slot.get() {
            return Ok(client.clone());
        }
        let tls =
            client_config(&trust, None).map_err(|error| ConnectorError::user(error.into()))?;
        let client = http_client()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(connect_timeout)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| ConnectorError::user(error.into()))?;
        Ok(slot.get_or_init(|| client).clone())
    }
}

async fn send(
    client: reqwest::Client,
    request: HttpRequest,
    timeout: Option<Duration>,
) -> Result<HttpResponse, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let (parts, body) = request.into_parts();
    let Some(body) = body.bytes() else {
        return Err(ConnectorError::user("a streamed request body".into()));
    };
    let mut builder = client
        .request(parts.method, parts.uri.to_string())
        .headers(parts.headers)
        .body(body.to_vec());
    if let Some(timeout) = timeout {
        builder = builder.timeout(timeout);
    }
    let response = builder.send().await.map_err(connector_error)?;
    let mut reply = http::Response::new(());
    *reply.status_mut() = response.status();
    *reply.headers_mut() = response.headers().clone();
    let body = response.bytes().await.map_err(connector_error)?;
    HttpResponse::try_from(reply.map(|()| SdkBody::from(body)))
        .map_err(|error| ConnectorError::other(error.into(), None))
}

/// Which kind of failure it was decides whether the SDK tries again.
fn connector_error(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

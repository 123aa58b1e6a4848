//! The npm registry protocol, as far as a publish needs it.

mod error;

use std::error::Error as _;
use std::io::Write;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use reqwest::redirect::Policy;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use super::body::DocumentBody;
use super::challenge::Challenge;
use super::credentials::ClientCertificate;
use super::packument::Packument;
use super::resolver::http_client;
use super::said::Shown;
use super::tls::{Trust, client_config};
use super::url::{RegistryUrl, host_with_port};
use crate::config::{Proxies, Tls};
use crate::document::Document;
use crate::output::progress::{Meter, Work};
use crate::output::{Level, Log};

pub use error::{Refusal, RequestError, TransportError};

/// What npm asks a packument for: the abbreviated form, or anything.
const ABBREVIATED: &str =
    "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// npm follows as many redirects.
const MOST_REDIRECTS: usize = 20;

/// An error's body is read up to this many bytes.
const ERROR_BODY: usize = 64 * 1024;

/// Says which `Authorization` a request to a URL gets.
pub trait Authorize {
    /// The header's value, marked as sensitive; `None` for none.
    fn authorization(&self, url: &Url) -> Option<HeaderValue>;

    /// Gets other credentials for a URL, because those that were sent were not believed (401);
    /// says whether there are any.
    fn renew<'s>(&'s self, url: &'s Url) -> Renewal<'s> {
        let _ = url;
        Box::pin(std::future::ready(false))
    }
}

/// Whether there are other credentials now.
pub type Renewal<'s> = Pin<Box<dyn Future<Output = bool> + 's>>;

/// How a registry is spoken to.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `user-agent`.
    pub user_agent: String,
    /// `npm-command`: the npm command this stands for.
    pub command: &'static str,
    /// `npm-auth-type`: `web` or `legacy`.
    pub auth_type: String,
    /// `npm-scope`: the configured scope, if there is one.
    pub scope: Option<String>,
    /// A one-time password.
    pub otp: Option<OneTimePassword>,
    /// No answer, and no progress of one, for this long ends a request.
    pub timeout: Duration,
    /// How connections are made.
    pub connection: ConnectionOptions,
}

/// How connections to a registry are made.
#[derive(Debug, Clone, Default)]
pub struct ConnectionOptions {
    /// Whom to trust.
    pub tls: Tls,
    /// What to go through.
    pub proxies: Proxies,
    /// What to show a server that asks who is there.
    pub certificate: Option<ClientCertificate>,
    /// The address to connect from (`local-address`).
    pub local_address: Option<IpAddr>,
}

/// A one-time password: sent, never shown.
#[derive(Clone)]
pub struct OneTimePassword(HeaderValue);

impl OneTimePassword {
    /// `None` where the text cannot stand in a header.
    pub fn new(text: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("****")
    }
}

/// Speaks to one registry.
pub struct Client<'a> {
    registry: RegistryUrl,
    options: ClientOptions,
    authorize: &'a dyn Authorize,
    log: &'a dyn Log,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

impl<'a> Client<'a> {
    /// A client for the registry at that URL. Nothing is opened or read until
    /// the first request.
    pub fn new(
        registry: RegistryUrl,
        options: ClientOptions,
        authorize: &'a dyn Authorize,
        log: &'a dyn Log,
    ) -> Self {
        Self {
            registry,
            options,
            authorize,
            log,
            plain: OnceLock::new(),
            secure: OnceLock::new(),
        }
    }

    /// The registry's address.
    pub fn registry(&self) -> &RegistryUrl {
        &self.registry
    }

    /// Asks for a package's packument; `None` if the registry does not know
    /// the package.
    ///
    /// # Errors
    /// [`RequestError`] for any other answer, and for none.
    pub async fn packument(&self, name: &str) -> Result<Option<Packument>, RequestError> {
        let url = self.package_url(name)?;
        let mut headers = self.headers(ABBREVIATED, None);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        let response = self.send(Method::GET, &url, headers, None).await?;
        if response.status() == StatusCode::NOT_FOUND {
            drain(response).await;
            return Ok(None);
        }
        let response = self.accepted(response, "GET", &url, None).await?;
        let body = whole_body(response, &url).await?;
        match Packument::parse(&body) {
            Some(packument) => Ok(Some(packument)),
            None => Err(RequestError::Malformed {
                url: shown(&url),
                expected: "packument",
                found: self.shown_to(&url, None).summary(&body),
            }),
        }
    }

    /// Asks for something else below the registry.
    ///
    /// # Errors
    /// [`RequestError`] for any answer but a good one.
    pub async fn get(&self, path: &str) -> Result<Bytes, RequestError> {
        let url = self.url_of(path)?;
        let headers = self.headers("*/*", None);
        let response = self.send(Method::GET, &url, headers, None).await?;
        whole_body(self.accepted(response, "GET", &url, None).await?, &url).await
    }

    /// What time the registry has, by the `Date` of whatever it answers; `None` where it does not
    /// say.
    ///
    /// # Errors
    /// [`RequestError`] where no answer came.
    pub async fn server_time(&self) -> Result<Option<SystemTime>, RequestError> {
        let url = self.url_of("-/ping")?;
        let headers = self.headers("*/*", None);
        let response = self.send(Method::GET, &url, headers, None).await?;
        let date = response.headers().get(header::DATE);
        let date = date.and_then(|date| OffsetDateTime::parse(date.to_str().ok()?, &Rfc2822).ok());
        Ok(date.map(SystemTime::from))
    }

    /// Sends a publish document; `otp` is a one-time password that was got since the client was made.
    ///
    /// # Errors
    /// [`RequestError::Refused`] for every status from 400 on; whether a
    /// [`TransportError`] leaves doubt, its variants say.
    pub async fn put_document(
        &self,
        name: &str,
        document: &Document,
        otp: Option<&OneTimePassword>,
    ) -> Result<(), RequestError> {
        let url = self.package_url(name)?;
        let mut headers = self.headers("*/*", otp);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let response = self
            .send(Method::PUT, &url, headers, Some(document))
            .await?;
        let response = self.accepted(response, "PUT", &url, otp).await?;
        drain(response).await;
        Ok(())
    }

    /// Asks for the one-time password that a page hands out once somebody has signed in; before that, how long to wait.
    ///
    /// # Errors
    /// [`RequestError`], also for a good answer without a password.
    pub async fn web_token(
        &self,
        done: &Url,
    ) -> Result<Result<OneTimePassword, Option<Duration>>, RequestError> {
        let headers = self.headers("*/*", None);
        let response = self.send(Method::GET, done, headers, None).await?;
        let response = self.accepted(response, "GET", done, None).await?;
        if response.status() == StatusCode::ACCEPTED {
            let wait = retry_after(response.headers());
            drain(response).await;
            return Ok(Err(wait));
        }
        let body = whole_body(response, done).await?;
        let token = serde_json::from_slice::<serde_json::Value>(&body)
            .ok()
            .and_then(|body| OneTimePassword::new(body.get("token")?.as_str()?));
        // What came may hold the password in another form, so it is not shown.
        token.map(Ok).ok_or_else(|| RequestError::Malformed {
            url: shown(done),
            expected: "one-time password",
            found: format!("{} bytes", body.len()),
        })
    }

    /// Fetches a tarball into a writer, following the registry to wherever it
    /// keeps it.
    ///
    /// # Errors
    /// [`RequestError`]; a write error counts as an interruption.
    pub async fn tarball(&self, url: &Url, mut writer: impl Write) -> Result<(), RequestError> {
        let response = self
            .send(Method::GET, url, self.headers("*/*", None), None)
            .await?;
        let mut response = self.accepted(response, "GET", url, None).await?;
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| interrupted(url, error))?
        {
            writer
                .write_all(&chunk)
                .map_err(|error| TransportError::Interrupted {
                    host: host_with_port(url),
                    reason: error.to_string(),
                })?;
        }
        Ok(())
    }

    /// `<registry>/<name>`, a scope's slash escaped as npm does: `@scope%2fname`.
    fn package_url(&self, name: &str) -> Result<Url, RequestError> {
        self.url_of(&name.replacen('/', "%2f", 1))
    }

    fn url_of(&self, path: &str) -> Result<Url, RequestError> {
        self.registry
            .request(path)
            .map_err(|error| RequestError::Address {
                registry: self.registry.to_string(),
                reason: error.to_string(),
            })
    }

    fn headers(&self, accept: &'static str, otp: Option<&OneTimePassword>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let configured = [
            ("npm-auth-type", Some(&self.options.auth_type)),
            ("npm-scope", self.options.scope.as_ref()),
        ];
        for (name, value) in configured {
            // npm fails on a value that cannot stand in a header; nothing depends on these.
            let value = value.filter(|value| !value.is_empty());
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                headers.insert(name, value);
            }
        }
        headers.insert(
            "npm-command",
            HeaderValue::from_static(self.options.command),
        );
        if let Some(otp) = otp.or(self.options.otp.as_ref()) {
            headers.insert("npm-otp", otp.0.clone());
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        headers
    }

    /// Sends a request and follows redirects: 303 turns into a GET, all others
    /// keep method and body. Credentials do not go on to another host; those that are not
    /// believed are renewed once.
    async fn send(
        &self,
        mut method: Method,
        url: &Url,
        mut headers: HeaderMap,
        mut document: Option<&Document>,
    ) -> Result<reqwest::Response, RequestError> {
        let mut url = url.clone();
        let mut authorization = self.authorize.authorization(&url);
        let mut may_renew = authorization.is_some();
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.http(&url)?.request(method.clone(), url.clone());
            request = request.headers(headers.clone());
            if let Some(authorization) = &authorization {
                request = request.header(header::AUTHORIZATION, authorization.clone());
            }
            let meter = document.map_or_else(Meter::default, |document| {
                self.log.begin(Work {
                    doing: "uploading",
                    bytes: Some(document.content_length()),
                    files: None,
                    then: "waiting for the registry's answer",
                })
            });
            if let Some(document) = document {
                let body = DocumentBody::new(document, meter.counter());
                request = request.body(reqwest::Body::wrap(body));
            }
            let started = Instant::now();
            let response = request
                .send()
                .await
                .map_err(|error| no_answer(&url, error))?;
            drop(meter);
            let status = response.status();
            self.log.log(
                Level::Http,
                "fetch",
                &format!(
                    "{method} {} {} {}ms",
                    status.as_u16(),
                    shown(&url),
                    started.elapsed().as_millis()
                ),
            );
            if status == StatusCode::UNAUTHORIZED && may_renew && self.authorize.renew(&url).await {
                may_renew = false;
                authorization = self.authorize.authorization(&url);
                continue;
            }
            let Some(next) = redirect(&url, &response) else {
                let notice = response.headers().get("npm-notice");
                if let Some(notice) = notice.and_then(|notice| notice.to_str().ok()) {
                    let shown = Shown::of(authorization.as_ref(), headers.get("npm-otp"));
                    self.log.log(Level::Notice, "", &shown.mask(notice));
                }
                return Ok(response);
            };
            if status == StatusCode::SEE_OTHER {
                (method, document) = (Method::GET, None);
                headers.remove(header::CONTENT_TYPE);
            }
            if next.host_str() != url.host_str() {
                (authorization, may_renew) = (None, false);
                headers.remove("npm-otp");
            }
            url = next;
        }
        let (host, reason) = (host_with_port(&url), "too many redirects".to_owned());
        Err(TransportError::Interrupted { host, reason }.into())
    }

    /// The HTTP client for a URL's scheme. Without TLS no roots are read.
    fn http(&self, url: &Url) -> Result<&reqwest::Client, TransportError> {
        let connection = &self.options.connection;
        // A proxy may itself be spoken to by TLS.
        let by_tls = url.scheme() == "https"
            || connection
                .proxies
                .for_url(url)
                .is_some_and(|proxy| proxy.expose().scheme() == "https");
        let (slot, trust) = match (by_tls, &connection.tls) {
            (false, _) => (&self.plain, Trust::Nobody),
            (true, tls) if !tls.is_strict => (&self.secure, Trust::Everybody),
            (true, tls) => (&self.secure, Trust::Authorities(tls.authorities.clone())),
        };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let not_sent = |reason: String| TransportError::NotSent {
            host: host_with_port(url),
            reason,
        };
        let certificate = connection.certificate.as_ref().filter(|_| by_tls);
        let tls =
            client_config(&trust, certificate).map_err(|error| not_sent(error.to_string()))?;
        let proxies = connection.proxies.clone();
        let client = http_client()
            .user_agent(&self.options.user_agent)
            .redirect(Policy::none())
            .referer(false)
            .read_timeout(self.options.timeout)
            .connect_timeout(self.options.timeout)
            .local_address(connection.local_address)
            // What npm takes from the environment is in the options already.
            .no_proxy()
            .proxy(reqwest::Proxy::custom(move |url| {
                proxies.for_url(url).map(|proxy| proxy.expose().clone())
            }))
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| not_sent(chain(&error)))?;
        Ok(slot.get_or_init(|| client))
    }

    /// The secrets that a request to a URL holds.
    fn shown_to(&self, url: &Url, otp: Option<&OneTimePassword>) -> Shown {
        let authorization = self.authorize.authorization(url);
        let one_time = otp.into_iter().chain(&self.options.otp);
        Shown::of(authorization.as_ref(), one_time.map(|otp| &otp.0))
    }

    /// Turns every status from 400 on into a [`Refusal`].
    async fn accepted(
        &self,
        response: reqwest::Response,
        method: &str,
        url: &Url,
        otp: Option<&OneTimePassword>,
    ) -> Result<reqwest::Response, RequestError> {
        let status = response.status().as_u16();
        if status < 400 {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let mut body = Vec::new();
        let mut response = response;
        // An error whose explanation breaks off is still that error.
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > ERROR_BODY {
                break;
            }
        }
        let challenge = (status == 401)
            .then(|| Challenge::of(&headers, &body))
            .flatten();
        Err(RequestError::Refused(Refusal {
            status,
            request: format!("{method} {}", shown(url)),
            message: self.shown_to(url, otp).summary(&body),
            challenge,
            retry_after: retry_after(&headers),
        }))
    }
}

/// Where a response sends its reader next.
fn redirect(url: &Url, response: &reqwest::Response) -> Option<Url> {
    matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308)
        .then(|| response.headers().get(header::LOCATION)?.to_str().ok())
        .flatten()
        .and_then(|location| url.join(location).ok())
}

/// Reads what is left of an answer that said all with its status: a connection whose answer was read to its end serves
/// the next request too.
async fn drain(mut response: reqwest::Response) {
    let mut left = ERROR_BODY;
    while let Ok(Some(chunk)) = response.chunk().await {
        let Some(rest) = left.checked_sub(chunk.len()) else {
            return;
        };
        left = rest;
    }
}

/// `Retry-After` in seconds; its date form asks for a clock and is not used by
/// registries.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

async fn whole_body(response: reqwest::Response, url: &Url) -> Result<Bytes, RequestError> {
    response
        .bytes()
        .await
        .map_err(|error| interrupted(url, error).into())
}

/// A URL without credentials and without a query, which may hold a signature.
pub(crate) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that cannot hold credentials.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    if url.query().is_some() {
        url.set_query(Some("..."));
    }
    url.to_string()
}

fn no_answer(url: &Url, error: reqwest::Error) -> TransportError {
    if error.is_connect() {
        TransportError::NotSent {
            host: host_with_port(url),
            reason: chain(&error.without_url()),
        }
    } else {
        interrupted(url, error)
    }
}

fn interrupted(url: &Url, error: reqwest::Error) -> TransportError {
    TransportError::Interrupted {
        host: host_with_port(url),
        reason: chain(&error.without_url()),
    }
}

/// The innermost words of an error: the outer ones only say that a request
/// failed.
fn chain(error: &reqwest::Error) -> String {
    let mut innermost = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        innermost = error.to_string();
        source = error.source();
    }
    innermost
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "a test that cannot go on stops")]
mod tests {
    use super::*;
    use crate::output::Quiet;

    struct Anonymous;

    impl Authorize for Anonymous {
        fn authorization(&self, _: &Url) -> Option<HeaderValue> {
            None
        }
    }

    #[test]
    fn names_are_escaped_as_npm_escapes_them() {
        for (registry, name, expected) in [
            ("http://h/", "a", "http://h/a"),
            ("http://h/npm/", "@sc/a", "http://h/npm/@sc%2fa"),
            ("http://h/npm", "@sc/a", "http://h/npm/@sc%2fa"),
            ("http://h:1/a/b/", "x.y_z~", "http://h:1/a/b/x.y_z~"),
        ] {
            let options = ClientOptions {
                user_agent: "test".into(),
                command: "publish",
                auth_type: "web".into(),
                scope: None,
                otp: None,
                timeout: Duration::from_secs(1),
                connection: ConnectionOptions::default(),
            };
            let registry = RegistryUrl::parse(registry).expect("a URL");
            let client = Client::new(registry, options, &Anonymous, &Quiet);
            assert_eq!(client.package_url(name).expect("a URL").as_str(), expected);
        }
    }

    #[test]
    fn urls_are_shown_without_secrets() {
        let url = Url::parse("https://u:p@h/x?X-Amz-Signature=s").expect("a URL");
        assert_eq!(shown(&url), "https://h/x?...");
    }
}

//! The npm registry protocol, as far as a publish needs it.

mod answer;
mod connection;
mod error;
mod options;

use std::io::Write;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;
use url::Url;

use super::body::DocumentBody;
use super::challenge::Challenge;
use super::packument::Packument;
use super::said::Shown;
use super::url::{RegistryUrl, host_with_port};
use crate::document::Document;
use crate::output::progress::{Meter, Work};
use crate::output::{Level, Log};

use answer::{MOST_READ, drain, interrupted, no_answer, redirect, retry_after, whole_body};

pub(crate) use answer::shown;
pub use error::{Refusal, RequestError, TransportError};
pub use options::{Announced, ClientOptions, ConnectionOptions, OneTimePassword};

/// What npm asks a packument for: the abbreviated form, or anything.
const ABBREVIATED: &str =
    "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// npm follows as many redirects.
const MOST_REDIRECTS: usize = 20;

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
        let mut headers = self.headers(ABBREVIATED);
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
        let headers = self.headers("*/*");
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
        let headers = self.headers("*/*");
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
        let mut headers = self.headers_of("*/*", &self.options.announced_in_uploads);
        if let Some(otp) = otp {
            headers.insert("npm-otp", otp.0.clone());
        }
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
        let headers = self.headers("*/*");
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
            .send(Method::GET, url, self.headers("*/*"), None)
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

    /// The headers of a request that is no upload.
    fn headers(&self, accept: &'static str) -> HeaderMap {
        self.headers_of(accept, &self.options.announced)
    }

    fn headers_of(&self, accept: &'static str, announced: &Announced) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let configured = [
            ("npm-auth-type", Some(&announced.auth_type)),
            ("npm-scope", announced.scope.as_ref()),
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
        if let Some(otp) = &announced.otp {
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

    /// The secrets that a request to a URL holds.
    fn shown_to(&self, url: &Url, otp: Option<&OneTimePassword>) -> Shown {
        let authorization = self.authorize.authorization(url);
        let announced = [&self.options.announced, &self.options.announced_in_uploads];
        let configured = announced.into_iter().filter_map(|all| all.otp.as_ref());
        let one_time = otp.into_iter().chain(configured);
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
            if body.len() > MOST_READ {
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
            let announced = Announced {
                auth_type: "web".into(),
                scope: None,
                otp: None,
            };
            let options = ClientOptions {
                user_agent: "test".into(),
                command: "publish",
                announced: announced.clone(),
                announced_in_uploads: announced,
                timeout: Duration::from_secs(1),
                connection: ConnectionOptions::default(),
            };
            let registry = RegistryUrl::parse(registry).expect("a URL");
            let client = Client::new(registry, options, &Anonymous, &Quiet);
            assert_eq!(client.package_url(name).expect("a URL").as_str(), expected);
        }
    }
}

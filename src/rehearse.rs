//! A whole publish against the embedded look-alike: token, upload, read back
//! as a consumer, verify. No account, no network, nothing left behind.

use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::oneshot;
use url::Url;

use crate::codeartifact::{Aws, AwsOptions, StaticCredentials, Tokens, endpoint};
use crate::document::{Document, Publication};
use crate::output::Log;
use crate::pack::Release;
use crate::publish::{Authority, PUBLISH_TOKEN, PublishOptions, Upload, publish};
use crate::registry::url::RegistryUrl;
use crate::registry::{Announced, Client, ClientOptions, ConnectionOptions, Outcome, RetryPolicy};
use crate::sandbox::{Config, Sandbox, SandboxError};
use crate::tarball::{DigestWriter, Digests};

/// One step of a rehearsal, done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// `pack`, `sandbox`, `token`, `publish`, `packument` or `tarball`.
    pub name: &'static str,
    /// What was seen.
    pub result: String,
    /// Whether it is what it has to be.
    pub ok: bool,
    /// How long it took.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub time: Duration,
}

fn milliseconds<S: serde::Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((time.as_secs_f64() * 1e5).round() / 1e2)
}

/// Publishes a release to a sandbox of its own and reads it back. Every step is
/// given to `on_step` as it ends; the first that fails is the last.
///
/// Returns whether all of them held.
///
/// # Errors
/// [`SandboxError`] where the sandbox cannot be started.
pub async fn rehearse(
    release: &Release,
    tag: &str,
    log: &dyn Log,
    on_step: &mut dyn FnMut(Step),
) -> Result<bool, SandboxError> {
    let started = Instant::now();
    let sandbox = Sandbox::bind(Config::default()).await?;
    let environment = sandbox.environment();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = sandbox.serve(async {
        // An error means that the rehearsal is gone, which ends the service too.
        let _ = stopped.await;
    });
    let rehearsal = async {
        let mut rehearsal = Rehearsal {
            release,
            tag,
            log,
            on_step,
            started,
        };
        let held = rehearsal.run(&environment).await.is_some();
        let _ = stop.send(());
        held
    };
    let (served, held) = tokio::join!(served, rehearsal);
    served.map(|()| held)
}

struct Rehearsal<'a> {
    release: &'a Release,
    tag: &'a str,
    log: &'a dyn Log,
    on_step: &'a mut dyn FnMut(Step),
    started: Instant,
}

impl Rehearsal<'_> {
    /// `None` as soon as a step fails.
    async fn run(&mut self, environment: &[(&'static str, String)]) -> Option<()> {
        let value = |name: &str| {
            let found = environment.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let registry = Url::parse(&value("CONSIGN_REGISTRY"));
        let service = Url::parse(&value("AWS_ENDPOINT_URL"));
        let registry = self.step(
            "sandbox",
            registry.map(|url| (format!("listening as {url}"), url)),
        )?;

        // The same way a real publish goes, from the URL alone.
        let options = AwsOptions {
            region: Some(value("AWS_REGION")),
            service: service.ok(),
            credentials: Some(StaticCredentials::new(
                value("AWS_ACCESS_KEY_ID"),
                value("AWS_SECRET_ACCESS_KEY"),
            )),
            duration: Some(PUBLISH_TOKEN),
            ..AwsOptions::default()
        };
        let endpoint = match endpoint::parse(&registry, options.service.as_ref()) {
            Ok(Some(endpoint)) => endpoint,
            Ok(None) => return self.fail("token", format!("{registry} is not an endpoint")),
            Err(error) => return self.fail("token", error.to_string()),
        };
        let domain = format!("domain {} of account {}", endpoint.domain, endpoint.owner);
        let registry = RegistryUrl::parse(endpoint.url.as_str());
        let log = self.log;
        let tokens = Tokens::new(Aws::new(options));
        let obtained = Authority::CodeArtifact(endpoint).obtain(&tokens, log).await;
        let authorize = self.step("token", obtained.map(|authorize| (domain, authorize)))?;
        let registry = match registry {
            Ok(registry) => registry,
            Err(error) => return self.fail("publish", error.to_string()),
        };

        let announced = Announced {
            auth_type: "web".to_owned(),
            scope: None,
            otp: None,
        };
        let client_options = ClientOptions {
            user_agent: concat!("consign/", env!("CARGO_PKG_VERSION"), " rehearse").to_owned(),
            command: "publish",
            announced: announced.clone(),
            announced_in_uploads: announced,
            timeout: Duration::from_mins(1),
            connection: ConnectionOptions::default(),
        };
        let client = Client::new(registry, client_options, authorize.as_ref(), self.log);
        self.publish(&client).await?;
        let url = self.read_packument(&client).await?;
        self.read_tarball(&client, &url).await
    }

    async fn publish(&mut self, client: &Client<'_>) -> Option<()> {
        let Release {
            packed, tarball, ..
        } = self.release;
        let manifest = match self.release.version_object() {
            Ok(manifest) => manifest,
            Err(error) => return self.fail("publish", error.to_string()),
        };
        let document = match Document::new(
            &Publication {
                manifest: &manifest,
                name: &packed.name,
                version: &packed.version,
                tag: self.tag,
                access: serde_json::Value::Null,
                registry: client.registry(),
                digests: packed.digests,
            },
            tarball.clone(),
        ) {
            Ok(document) => document,
            Err(error) => return self.fail("publish", error.to_string()),
        };
        let upload = Upload {
            name: &packed.name,
            version: &packed.version,
            document: &document,
            tarball,
            digests: packed.digests,
        };
        let options = PublishOptions {
            retry: RetryPolicy {
                retries: 0,
                ..RetryPolicy::default()
            },
            wait: Duration::from_secs(10),
            implicit_tag: false,
            force: false,
            dry_run: false,
            second_factor: None,
            largest_request: None,
        };
        let sent = document.content_length();
        match publish(client, &upload, &options, self.log).await {
            Ok(Some(outcome @ Outcome::Published { .. })) => {
                let result = format!(
                    "{}: PUT of {sent} bytes, tag {}",
                    outcome.name(),
                    document.tag()
                );
                self.step("publish", Ok::<_, String>((result, ())))
            }
            Ok(Some(outcome)) => self.fail("publish", format!("{}: {outcome:?}", outcome.name())),
            Ok(None) => self.fail("publish", "nothing was sent".to_owned()),
            Err(error) => self.fail("publish", error.to_string()),
        }
    }

    async fn read_packument(&mut self, client: &Client<'_>) -> Option<Url> {
        let packed = &self.release.packed;
        let packument = match client.packument(&packed.name).await {
            Ok(packument) => packument.unwrap_or_default(),
            Err(error) => return self.fail("packument", error.to_string()),
        };
        let Some(version) = packument.versions.get(&packed.version) else {
            return self.fail("packument", format!("does not list {}", packed.version));
        };
        if version.integrity() != Some(packed.digests.integrity) {
            return self.fail("packument", format!("says {:?}", version.dist.integrity));
        }
        let url = version.dist.tarball.as_deref().unwrap_or_default();
        match Url::parse(url) {
            Ok(url) => {
                let result = format!("lists {} with our integrity", packed.version);
                self.step("packument", Ok::<_, String>((result, url)))
            }
            Err(error) => self.fail("packument", format!("dist.tarball {url}: {error}")),
        }
    }

    async fn read_tarball(&mut self, client: &Client<'_>, url: &Url) -> Option<()> {
        let mut digester = DigestWriter::new(std::io::sink());
        if let Err(error) = client.tarball(url, &mut digester).await {
            return self.fail("tarball", error.to_string());
        }
        let (
            _,
            Digests {
                integrity, size, ..
            },
        ) = digester.finish();
        if integrity != self.release.packed.digests.integrity {
            return self.fail("tarball", format!("{size} bytes with {integrity}"));
        }
        self.step(
            "tarball",
            Ok::<_, String>((format!("{size} bytes with our integrity"), ())),
        )
    }

    /// Reports a step; its value if it held.
    fn step<T>(
        &mut self,
        name: &'static str,
        done: Result<(String, T), impl ToString>,
    ) -> Option<T> {
        let (result, value) = match done {
            Ok((result, value)) => (result, Some(value)),
            Err(error) => (error.to_string(), None),
        };
        let now = Instant::now();
        (self.on_step)(Step {
            name,
            result,
            ok: value.is_some(),
            time: now - self.started,
        });
        self.started = now;
        value
    }

    fn fail<T>(&mut self, name: &'static str, reason: String) -> Option<T> {
        self.step(name, Err::<(String, T), _>(reason))
    }
}

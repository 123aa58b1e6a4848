//! A sandbox inside the test's process, and clients that are pointed at it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, mpsc};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use consign::sandbox::{Config, Sandbox};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::support::{Home, Peer, Peers, run};

/// A running sandbox, with a home for its clients. It ends with the test.
pub(super) struct Stage {
    pub(super) home: Home,
    pub(super) peers: Peers,
    pub(super) environment: BTreeMap<String, String>,
    /// What GitHub, a container or an instance would have set.
    pub(super) machine: BTreeMap<String, String>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl Stage {
    /// The default sandbox; `None` after the rule for missing peers.
    #[track_caller]
    pub(super) fn start() -> Option<Self> {
        Self::with(Config::default())
    }

    /// A sandbox with this configuration.
    #[track_caller]
    pub(super) fn with(config: Config) -> Option<Self> {
        let peers = Peers::installed()?;
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let server = thread::spawn(move || {
            block_on(async {
                let sandbox = Sandbox::bind(config).await.unwrap();
                ready
                    .send((sandbox.environment(), sandbox.identity_environment()))
                    .unwrap();
                sandbox
                    .serve(async {
                        let _ = stopped.await;
                    })
                    .await
                    .unwrap();
            });
        });
        let (environment, machine) = is_ready.recv().unwrap();
        let owned = |pairs: Vec<(&str, String)>| {
            pairs
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect::<BTreeMap<_, _>>()
        };
        let mut environment = owned(environment);
        // Version 1 of the AWS CLI reads only this one.
        let region = environment["AWS_REGION"].clone();
        environment.insert("AWS_DEFAULT_REGION".to_owned(), region);
        Some(Self {
            home: Home::new(),
            peers,
            environment,
            machine: owned(machine),
            stop: Some(stop),
            server: Some(server),
        })
    }

    pub(super) fn endpoint(&self) -> &str {
        &self.environment["AWS_ENDPOINT_URL"]
    }

    /// The npm endpoint, with its closing slash.
    pub(super) fn registry(&self) -> &str {
        &self.environment["CONSIGN_REGISTRY"]
    }

    /// The npm endpoint of another repository of the domain.
    pub(super) fn registry_of(&self, repository: &str) -> String {
        let own = format!("{}/", self.environment["CONSIGN_REPOSITORY"]);
        let domain = self.registry().strip_suffix(&own).unwrap();
        format!("{domain}{repository}/")
    }

    pub(super) fn domain(&self) -> &str {
        &self.environment["CONSIGN_DOMAIN"]
    }

    /// The AWS CLI, words separated by spaces, with the sandbox's own keys.
    pub(super) fn aws_command(&self, words: &str) -> Command {
        let mut command = self.peers.command(Peer::Aws, &self.home);
        command
            .envs(&self.environment)
            .args(["codeartifact"])
            .args(words.split(' '));
        command
    }

    /// What the AWS CLI answered.
    #[track_caller]
    pub(super) fn aws(&self, words: &str) -> Value {
        let ran = run(&mut self.aws_command(words)).success();
        serde_json::from_str(&ran.stdout).unwrap_or(Value::Null)
    }

    /// What the AWS CLI complained of.
    #[track_caller]
    pub(super) fn aws_refused(&self, words: &str) -> String {
        let ran = run(&mut self.aws_command(words));
        assert_ne!(ran.code, Some(0), "{words} was not refused");
        ran.stderr
    }

    /// A token, its call signed by the SDK's own signer.
    #[track_caller]
    pub(super) fn token(&self) -> String {
        let path = format!("/v1/authorization-token?domain={}", self.domain());
        let answer = self.signed("POST", &path, "");
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["authorizationToken"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A call of the API with the sandbox's own keys.
    pub(super) fn signed(&self, method: &str, path: &str, body: &str) -> Answer {
        let keys = (
            self.environment["AWS_ACCESS_KEY_ID"].as_str(),
            self.environment["AWS_SECRET_ACCESS_KEY"].as_str(),
        );
        self.signed_by(keys, SystemTime::now(), method, path, body)
    }

    /// A call of the API that succeeds: path and query without `/v1`, and the body.
    #[track_caller]
    pub(super) fn api(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let answer = self.signed(method, &format!("/v1{path}"), &body);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// A call of the API with these keys, signed at this time by `aws-sigv4`.
    pub(super) fn signed_by(
        &self,
        keys: (&str, &str),
        time: SystemTime,
        method: &str,
        path: &str,
        body: &str,
    ) -> Answer {
        let url = format!("{}{path}", self.endpoint());
        let identity = Credentials::new(keys.0, keys.1, None, None, "test").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.environment["AWS_REGION"])
            .name("codeartifact")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signable = SignableRequest::new(
            method,
            &url,
            std::iter::empty(),
            SignableBody::Bytes(body.as_bytes()),
        )
        .unwrap();
        let (instructions, _) = sign(signable, &parameters).unwrap().into_parts();
        let mut request = Request::new(method, &url).body(body.to_owned());
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
        request.send()
    }

    /// Logs npm, pnpm and yarn 1 in at `registry`, in the home's `.npmrc`.
    pub(super) fn log_in(&self, registry: &str, token: &str) {
        let key = registry.strip_prefix("http:").unwrap();
        self.home.npmrc(&format!(
            "registry={registry}\n{key}:_authToken={token}\naudit=false\nfund=false\nfetch-retries=0\n"
        ));
    }

    /// A client in `folder`: npm, pnpm, yarn, yarn1 or bun, words separated by spaces. It knows of no registry but
    /// this one.
    pub(super) fn client(&self, name: &str, folder: &Path, words: &str) -> Command {
        let program = self.peers.script(&format!(".installed/bin/{name}"));
        let mut command = self.home.command(program);
        command
            .env("npm_config_registry", self.registry())
            .env("CI", "true")
            .current_dir(folder)
            .args(words.split(' '));
        command
    }

    #[track_caller]
    pub(super) fn npm(&self, folder: &Path, words: &str) -> String {
        let ran = run(&mut self.client("npm", folder, words)).success();
        ran.stdout
    }

    /// A package directory that exports `value`.
    pub(super) fn package(&self, name: &str, version: &str, value: &str) -> PathBuf {
        let folder = format!(
            "packages/{}-{version}-{value}",
            name.replace(['@', '/'], "_")
        );
        let manifest = json!({"name": name, "version": version, "main": "index.js"});
        self.home
            .file(format!("{folder}/package.json"), manifest.to_string());
        self.home.file(
            format!("{folder}/index.js"),
            format!("module.exports = {value};\n"),
        );
        self.home.path(folder)
    }

    /// An empty project.
    pub(super) fn project(&self, name: &str) -> PathBuf {
        self.home.file(
            format!("{name}/package.json"),
            r#"{"name": "project", "version": "0.0.0"}"#,
        );
        self.home.path(name)
    }

    /// What `require(name)` is in `folder`.
    #[track_caller]
    pub(super) fn required(&self, folder: &Path, name: &str) -> String {
        let script = format!("console.log(require({}))", json!(name));
        let ran = run(self
            .home
            .command("node")
            .args(["--eval", &script])
            .current_dir(folder))
        .success();
        ran.stdout.trim().to_owned()
    }

    /// Calls the sandbox's own API.
    #[track_caller]
    pub(super) fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}/_sandbox/{path}", self.endpoint());
        let answer = Request::new(method, &url).body(body.to_string()).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Arms a fault.
    #[track_caller]
    pub(super) fn fault(&self, fault: &Value) {
        self.admin("POST", "faults", fault);
    }

    /// The log, each entry as `METHOD status action`.
    pub(super) fn log(&self) -> Vec<Value> {
        let log = self.admin("GET", "log", &Value::Null);
        log["entries"].as_array().unwrap().clone()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(server) = self.server.take() {
            let ended = server.join();
            if !thread::panicking() {
                ended.unwrap();
            }
        }
    }
}

/// Runs a future to its end on this thread.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// Connections end with the runtime they were made on, so none is kept.
static CLIENT: LazyLock<reqwest::Client> = LazyLock::new(|| {
    // An error says that somebody else in the process was first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .pool_max_idle_per_host(0)
        .build()
        .unwrap()
});

/// A plain HTTP request.
pub(super) struct Request {
    builder: reqwest::RequestBuilder,
}

impl Request {
    pub(super) fn new(method: &str, url: &str) -> Self {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        Self {
            builder: CLIENT.request(method, url),
        }
    }

    /// A request whose redirects are answers.
    pub(super) fn unfollowed(method: &str, url: &str) -> Self {
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        Self {
            builder: client.request(method, url),
        }
    }

    pub(super) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(super) fn header(self, name: &str, value: &str) -> Self {
        Self {
            builder: self.builder.header(name, value),
        }
    }

    pub(super) fn body(self, body: impl Into<reqwest::Body>) -> Self {
        Self {
            builder: self.builder.body(body),
        }
    }

    /// The answer, or that there was none.
    pub(super) async fn try_send(self) -> Result<Answer, reqwest::Error> {
        let response = self.builder.send().await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        })
    }

    /// How many bytes a good answer has; none of them is kept.
    pub(super) async fn size(self) -> usize {
        let mut response = self.builder.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let mut size = 0;
        while let Some(chunk) = response.chunk().await.unwrap() {
            size += chunk.len();
        }
        size
    }

    #[track_caller]
    pub(super) fn send(self) -> Answer {
        block_on(self.try_send()).unwrap()
    }
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: http::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Answer {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// A publish document for one file of `contents`, which need not be a tarball.
pub(super) fn document(name: &str, version: &str, contents: &[u8]) -> Value {
    use base64::Engine as _;
    use sha2::Digest as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let integrity = format!("sha512-{}", encode(&sha2::Sha512::digest(contents)));
    let file = format!("{name}-{version}.tgz");
    json!({
        "_id": name, "name": name, "dist-tags": {"latest": version},
        "versions": {version: {"name": name, "version": version, "dist": {"integrity": integrity}}},
        "_attachments": {file: {
            "content_type": "application/octet-stream", "data": encode(contents), "length": contents.len(),
        }},
    })
}

/// Publishes one file under `name`; the status.
pub(super) fn put(
    registry: &str,
    token: &str,
    (name, version): (&str, &str),
    contents: &str,
) -> u16 {
    let url = format!("{registry}{}", name.replace('/', "%2f"));
    let body = document(name, version, contents.as_bytes()).to_string();
    Request::new("PUT", &url)
        .bearer(token)
        .body(body)
        .send()
        .status
}

/// Reads something below an npm endpoint.
pub(super) fn read(registry: &str, token: &str, path: &str) -> Answer {
    Request::new("GET", &format!("{registry}{path}"))
        .bearer(token)
        .send()
}

/// A folder of tarballs, as `public:npmjs` is served from.
pub(super) fn pack(stage_home: &Home, peers: &Peers, package: &Path, into: &Path) {
    fs::create_dir_all(into).unwrap();
    run(peers
        .command(Peer::Npm, stage_home)
        // npm would find what it packed in its cache, and never ask for the tarball.
        .env("npm_config_cache", stage_home.path("packing-cache"))
        .args(["pack", "--silent", "--pack-destination"])
        .arg(into)
        .current_dir(package))
    .success();
}
